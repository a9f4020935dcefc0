//! Writing: a trained model becomes a folder, whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::card::{CARD, Card, DataSet, FORM, TrainedOn};
use super::reference::{self, Reference};
use super::{digest, page, weights};
use crate::dataset::{EMBARGO, HOLDOUT, Row, holdout};
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

/// Writes a model into a folder: first everything beside it, then by one rename. A folder that is
/// there already gives way.
///
/// # Errors
///
/// When something cannot be written.
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
        walk: trained.walk.clone(),
        tried: trained.tried.clone(),
        shuffled: trained.shuffled.clone(),
        files: files
            .iter()
            .map(|(file, bytes)| ((*file).to_owned(), digest(bytes)))
            .collect(),
    };
    files.insert("CARD.md", page::of(&card).into_bytes());
    let text = serde_json::to_vec_pretty(&card).map_err(io::Error::other)?;
    files.insert(CARD, text);
    put(folder, &files)?;
    Ok(card)
}

fn put(folder: &Path, files: &BTreeMap<&str, Vec<u8>>) -> io::Result<()> {
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
        holdout_hash: trained.holdout_hash.clone(),
        holdout_share: HOLDOUT,
        embargo_hours: EMBARGO.as_secs_f64() / 3600.0,
        channels,
        from_ms: received().min().unwrap_or_default(),
        to_ms: received().max().unwrap_or_default(),
    }
}
