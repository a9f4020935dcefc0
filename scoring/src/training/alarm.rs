//! The alarm: features that know too much.
//!
//! Honest features move the chance of a target a little. One that tells winners from losers among
//! signals of like levels as well as nothing honest does has seen what came after receipt. So is one
//! judged among signals of like levels and of one channel: what differs between channels tells honestly
//! who called, and of one whose author always closes by hand no signal reaches its target.

use std::collections::BTreeMap;

use domain::ids::ChannelId;
use domain::statistics::count;
use serde::{Deserialize, Serialize};

use super::BadTraining;
use crate::dataset::Row;
use crate::steps::Asked;
use crate::steps::columns::{Columns, name, raw_width};

/// Beyond this no honest feature goes: the best models come to 0.62.
pub const TOO_GOOD: f64 = 0.70;

/// Signals are compared with those whose levels are alike: in so many parts.
const PARTS: usize = 10;

/// A channel's signals are parted by their levels into parts of at least so many.
const LEAST_PART: usize = 20;

/// With fewer winners or losers than this nothing is said.
const ENOUGH: usize = 100;

/// How telling a feature is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspect {
    /// Which.
    pub feature: String,
    /// How well it alone tells winners from losers of like levels, whichever way round; a half is not at
    /// all.
    pub auc: f64,
}

/// What the alarm came to, for the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Were there winners and losers enough to say anything?
    pub checked: bool,
    /// How many winners there were to learn from.
    pub winners: usize,
    /// How many losers.
    pub losers: usize,
    /// How many of each are needed.
    pub needed: usize,
    /// From here on a feature is refused.
    pub too_good: f64,
    /// The most telling feature; none where nothing was checked.
    pub most_telling: Option<Suspect>,
    /// Features that are too telling and were accepted by whoever trained.
    pub accepted: Vec<Suspect>,
}

/// Judges the features of these rows.
///
/// # Errors
///
/// [`BadTraining::Leak`] where one knows too much and is not accepted, [`BadTraining::NoFeature`] where
/// what is accepted is none.
pub fn judge(rows: &[&Row], accept: &[String]) -> Result<Alarm, BadTraining> {
    let known = |wanted: &&String| (0..raw_width()).any(|nth| name(nth) == wanted.as_str());
    if let Some(unknown) = accept.iter().find(|wanted| !known(wanted)) {
        return Err(BadTraining::NoFeature(unknown.clone()));
    }
    let winners = rows.iter().filter(|row| row.won()).count();
    let losers = rows.len() - winners;
    let checked = winners.min(losers) >= ENOUGH;
    let told = if checked { telling(rows) } else { Vec::new() };
    let most_telling = told.first().cloned();
    let (accepted, refused): (Vec<_>, Vec<_>) = told
        .into_iter()
        .filter(|suspect| suspect.auc >= TOO_GOOD)
        .partition(|suspect| accept.contains(&suspect.feature));
    if !refused.is_empty() {
        let named = refused
            .iter()
            .map(|suspect| format!("{} (AUC {:.2})", suspect.feature, suspect.auc));
        return Err(BadTraining::Leak(named.collect::<Vec<_>>().join(", ")));
    }
    Ok(Alarm {
        checked,
        winners,
        losers,
        needed: ENOUGH,
        too_good: TOO_GOOD,
        most_telling,
        accepted,
    })
}

/// One signal: what is known of it, and whether it won.
type Told = (Vec<f32>, bool);

/// How telling every feature is, the most telling first.
fn telling(rows: &[&Row]) -> Vec<Suspect> {
    let mut by_levels: Vec<&Row> = rows.to_vec();
    by_levels.sort_by(|one, other| {
        let levels = |row: &Row| row.features.odds.first();
        levels(one).total_cmp(&levels(other))
    });
    let tell = |row: &&Row| {
        let mut raw = Vec::with_capacity(raw_width());
        let asked = Asked {
            features: &row.features,
            nth: 0,
        };
        Columns::raw(&asked, &mut raw);
        (raw, row.won())
    };
    let told: Vec<Told> = by_levels.iter().map(tell).collect();
    let all: Vec<&Told> = told.iter().collect();
    let among_all = parts(&all, PARTS);
    let mut channels: BTreeMap<&ChannelId, Vec<&Told>> = BTreeMap::new();
    for (row, told) in by_levels.iter().zip(&told) {
        channels.entry(&row.channel).or_default().push(told);
    }
    let among_own: Vec<&[&Told]> = channels
        .values()
        .flat_map(|own| parts(own, (own.len() / LEAST_PART).clamp(1, PARTS)))
        .collect();
    let mut telling: Vec<Suspect> = (0..raw_width())
        .map(|nth| {
            let among_all = within(&among_all, nth).unwrap_or(0.5);
            // Where channels are too small to say anything, all are compared.
            let among_own = within(&among_own, nth).unwrap_or(among_all);
            Suspect {
                feature: name(nth).to_owned(),
                auc: among_all.min(among_own),
            }
        })
        .collect();
    telling.sort_by(|one, other| other.auc.total_cmp(&one.auc));
    telling
}

/// So many equal parts.
fn parts<'a>(sorted: &'a [&'a Told], wanted: usize) -> Vec<&'a [&'a Told]> {
    let size = sorted.len().div_ceil(wanted).max(1);
    sorted.chunks(size).collect()
}

/// How well a feature tells winners from losers within parts, whichever way round; none where too few
/// of either that know it have somebody to be compared with, because among a handful anything may look
/// telling.
fn within(parts: &[&[&Told]], nth: usize) -> Option<f64> {
    let (mut right, mut pairs) = (0.0, 0.0);
    let mut compared = [0_usize; 2];
    for part in parts {
        let mut known: Vec<(f32, bool)> = part
            .iter()
            .map(|(raw, won)| (raw[nth], *won))
            .filter(|(value, _)| !value.is_nan())
            .collect();
        known.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut losers = 0.0;
        for alike in known.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
            let won = count(alike.iter().filter(|(_, won)| *won).count());
            let lost = count(alike.len()) - won;
            right += won * (losers + lost / 2.0);
            losers += lost;
        }
        let won = known.iter().filter(|(_, won)| *won).count();
        let lost = known.len() - won;
        pairs += count(won) * losers;
        if won > 0 && lost > 0 {
            compared[0] += won;
            compared[1] += lost;
        }
    }
    let enough = compared.iter().all(|compared| *compared >= ENOUGH);
    enough.then(|| {
        let auc = right / pairs;
        auc.max(1.0 - auc)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Fate, made};

    fn place(wanted: &str) -> usize {
        (0..raw_width()).find(|nth| name(*nth) == wanted).unwrap()
    }

    fn judged(rows: &[Row], accept: &[&str]) -> Result<Alarm, BadTraining> {
        let rows: Vec<&Row> = rows.iter().collect();
        let accept: Vec<String> = accept.iter().map(|name| (*name).to_owned()).collect();
        judge(&rows, &accept)
    }

    /// Three channels of like levels; the author of one closes nearly everything by hand, and its record
    /// says so.
    fn closes_by_hand() -> Vec<Row> {
        let mut rows = made::rows(1_500, 0.0, 7);
        let win_rate = place("channel.win_rate");
        for (nth, row) in rows.iter_mut().enumerate() {
            let closes = row.channel.as_str() == "one";
            if closes && nth % 30 != 0 {
                row.fates.fill(Fate::Neither);
            }
            row.features.signal[win_rate] =
                if closes { 0.05 } else { 0.5 } + 0.001 * (nth % 7) as f32;
        }
        rows
    }

    #[test]
    fn what_only_differs_between_channels_is_no_leak() {
        let rows = closes_by_hand();
        let alarm = judged(&rows, &[]).unwrap();
        assert!(alarm.checked && alarm.accepted.is_empty(), "{alarm:?}");
        let most = alarm.most_telling.unwrap();
        assert!(most.auc < 0.60, "{most:?}");
    }

    #[test]
    fn what_has_seen_the_outcome_is_heard_among_such_channels_too_and_may_be_accepted() {
        let mut rows = closes_by_hand();
        let volume = place("coin.volume_1d");
        for row in &mut rows {
            row.features.signal[volume] =
                0.5 * row.features.signal[volume] + if row.won() { 1.0 } else { -1.0 };
        }
        let refused = judged(&rows, &[]).unwrap_err().to_string();
        assert!(refused.contains("coin.volume_1d (AUC"), "{refused}");
        assert!(!refused.contains("channel.win_rate"), "{refused}");
        let alarm = judged(&rows, &["coin.volume_1d"]).unwrap();
        assert_eq!(alarm.accepted.len(), 1);
        assert_eq!(Some(&alarm.accepted[0]), alarm.most_telling.as_ref());
        let none = judged(&rows, &["coin.volume_1w"]).unwrap_err().to_string();
        assert!(none.contains("coin.volume_1w"), "{none}");
    }

    #[test]
    fn where_channels_are_too_small_all_are_compared() {
        let mut rows = made::rows(1_500, 0.0, 8);
        let volume = place("coin.volume_1d");
        for (nth, row) in rows.iter_mut().enumerate() {
            row.channel = ChannelId::parse(&format!("channel-{nth}")).unwrap();
            row.features.signal[volume] = if row.won() { 1.0 } else { 0.0 };
        }
        let refused = judged(&rows, &[]).unwrap_err().to_string();
        assert!(refused.contains("coin.volume_1d (AUC 1.00)"), "{refused}");
    }

    #[test]
    fn with_too_few_winners_it_is_said_that_nothing_was_checked() {
        let mut rows = made::rows(400, 0.0, 9);
        for row in rows.iter_mut().skip(150) {
            row.fates.fill(Fate::Stop);
        }
        let alarm = judged(&rows, &[]).unwrap();
        assert!(!alarm.checked && alarm.winners < ENOUGH);
        assert_eq!(
            (alarm.winners + alarm.losers, alarm.most_telling),
            (400, None)
        );
    }
}
