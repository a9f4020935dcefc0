//! Writing: a trained model becomes a folder, whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use domain::post::Origin;

use super::card::{CARD, Card, DataSet, FORM, TrainedOn};
use super::reference::{self, Reference};
use super::{Loaded, digest, page, weights};
use crate::dataset::{EMBARGO, HOLDOUT, Row, holdout};
use crate::measure::Said;
use crate::steps::fitted::Fitted;
use crate::training::Trained;

/// What a model is to be called, and what it was made of.
#[derive(Clone, Debug)]
pub struct Name {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// On whose signals it was trained.
    pub trained_on: TrainedOn,
    /// Where they are from, in words.
    pub source: String,
    /// The dice.
    pub seed: u64,
}

/// Writes a model into a folder: first everything beside it, then, once it was loaded from there and says
/// what it said when it was trained, by one rename. A folder that is there already gives way.
///
/// # Errors
///
/// When something cannot be written, or what was written is not what was trained.
pub fn save(folder: &Path, name: &Name, trained: &Trained, rows: &[Row]) -> io::Result<Card> {
    let learned: Vec<&Row> = holdout(rows).train.iter().map(|nth| &rows[*nth]).collect();
    let mut files: BTreeMap<&str, Vec<u8>> =
        weights::write(&trained.ladder).map_err(io::Error::other)?;
    files.insert(
        reference::FILE,
        serde_json::to_vec(&Reference::of(&learned)).map_err(io::Error::other)?,
    );
    files.insert("reliability.svg", trained.picture.clone().into_bytes());
    let card = Card {
        form: FORM,
        name: name.name.clone(),
        version: name.version,
        trained_on: name.trained_on,
        champion: trained.champion.to_owned(),
        schema: crate::features::schema().hash.clone(),
        seed: name.seed,
        data: data(name, trained, rows),
        ladder: trained.holdout.steps.clone(),
        holdout: trained.holdout.clone(),
        holdout_after: trained.holdout_after.clone(),
        walk: trained.walk.clone(),
        tried: trained.tried.clone(),
        shuffled: trained.shuffled.clone(),
        alarm: trained.alarm.clone(),
        files: files
            .iter()
            .map(|(file, bytes)| ((*file).to_owned(), digest(bytes)))
            .collect(),
    };
    files.insert("CARD.md", page::of(&card).into_bytes());
    let text = serde_json::to_vec_pretty(&card).map_err(io::Error::other)?;
    files.insert(CARD, text);
    put(folder, &files, |beside| {
        is_what_was_trained(beside, trained, &learned)
    })?;
    Ok(card)
}

/// Loads what was written, as a start would, and asks every step what it was asked before.
fn is_what_was_trained(folder: &Path, trained: &Trained, learned: &[&Row]) -> io::Result<()> {
    /// Of so many signals, the newest.
    const ASKED: usize = 64;
    /// Text keeps every digit; what is left is the order of sums.
    const NEAR: f64 = 1e-6;
    let loaded = Loaded::read(folder, Origin::Simulator).map_err(|why| {
        io::Error::other(format!(
            "what was written would be refused at a start: {why}"
        ))
    })?;
    let asked = &learned[learned.len().saturating_sub(ASKED)..];
    let said = |ladder: &[Fitted]| -> Vec<Said> {
        ladder.iter().map(|fitted| fitted.said(asked)).collect()
    };
    let (before, after) = (said(&trained.ladder), said(&loaded.ladder));
    let is_same = |(one, other): (&Said, &Said)| {
        let one_all = one.chances.iter().chain(&one.expected_r);
        let other_all = other.chances.iter().chain(&other.expected_r);
        one.step == other.step
            && one_all
                .zip(other_all)
                .all(|(one, other)| (one - other).abs() <= NEAR)
    };
    if before.len() != after.len() || !before.iter().zip(&after).all(is_same) {
        return Err(io::Error::other(
            "what was written says something else than what was trained",
        ));
    }
    Ok(())
}

fn put(
    folder: &Path,
    files: &BTreeMap<&str, Vec<u8>>,
    check: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let name = folder
        .file_name()
        .ok_or_else(|| io::Error::other("a model's folder needs a name"))?
        .to_string_lossy();
    let beside = folder.with_file_name(format!(".{name}.new"));
    let before = folder.with_file_name(format!(".{name}.old"));
    for left in [&beside, &before] {
        if left.exists() {
            fs::remove_dir_all(left)?;
        }
    }
    fs::create_dir_all(&beside)?;
    for (file, bytes) in files {
        fs::write(beside.join(file), bytes)?;
    }
    if let Err(error) = check(&beside) {
        fs::remove_dir_all(&beside)?;
        return Err(error);
    }
    if folder.exists() {
        fs::rename(folder, &before)?;
    }
    fs::rename(&beside, folder)?;
    if before.exists() {
        fs::remove_dir_all(before)?;
    }
    Ok(())
}

fn data(name: &Name, trained: &Trained, rows: &[Row]) -> DataSet {
    let mut channels = BTreeMap::new();
    for row in rows {
        *channels.entry(row.channel.to_string()).or_default() += 1;
    }
    let received = || rows.iter().map(|row| row.received.as_millis());
    DataSet {
        source: name.source.clone(),
        hash: trained.data_hash.clone(),
        rows: rows.len(),
        learned_from: trained.learned_from,
        purged: trained.purged,
        held_out: trained.holdout.rows,
        held_before_lessons: trained.held_before_lessons,
        holdout_hash: trained.holdout_hash.clone(),
        holdout_share: HOLDOUT,
        embargo_hours: EMBARGO.as_secs_f64() / 3600.0,
        channels,
        from_ms: received().min().unwrap_or_default(),
        to_ms: received().max().unwrap_or_default(),
    }
}
