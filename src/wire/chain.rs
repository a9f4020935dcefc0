//! Seals and what they close in, as the stream and the REST API show them.

use domain::chain::{Day, Hash, Published, Seal, Sealed};
use domain::ids::{Epoch, Seq};
use domain::ports::chain::SealRecord;
use domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A day's seal. Its `hash` is the SHA-256 of a text of ten lines: see the chapter on proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealOut {
    /// The day, in UTC: `2026-11-23`.
    pub day: String,
    /// The history that it was made in.
    pub epoch: String,
    /// It covers the records whose places lie after this one…
    pub after: u64,
    /// … up to this one.
    pub through: u64,
    /// How many they are.
    pub records: u64,
    /// The root of the Merkle tree over them (SHA-256, hexadecimal).
    pub root: String,
    /// The hash of what was published of every channel when the day was over.
    pub figures: String,
    /// The hash of the seal before it; zeros before the first.
    pub previous: String,
    /// The hash of all of this.
    pub hash: String,
}

impl From<&Seal> for SealOut {
    fn from(seal: &Seal) -> Self {
        let sealed = &seal.sealed;
        Self {
            day: written(sealed.day),
            epoch: sealed.epoch.to_string(),
            after: sealed.after.get(),
            through: sealed.through.get(),
            records: sealed.records,
            root: sealed.root.to_string(),
            figures: sealed.figures.to_string(),
            previous: sealed.previous.to_string(),
            hash: seal.hash.to_string(),
        }
    }
}

impl SealOut {
    /// The seal that was shown so; none where a member of it cannot be read.
    #[must_use]
    pub fn read(&self) -> Option<Seal> {
        Some(Seal {
            sealed: Sealed {
                epoch: Epoch::new(self.epoch.as_str()),
                day: day(&self.day)?,
                after: Seq::new(self.after),
                through: Seq::new(self.through),
                records: self.records,
                root: Hash::parse(&self.root)?,
                figures: Hash::parse(&self.figures)?,
                previous: Hash::parse(&self.previous)?,
            },
            hash: Hash::parse(&self.hash)?,
        })
    }
}

/// A seal in the list of days.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkOut {
    /// Its place in the stream.
    pub seq: u64,
    /// The seal.
    #[serde(flatten)]
    pub seal: SealOut,
}

impl From<&SealRecord> for LinkOut {
    fn from(record: &SealRecord) -> Self {
        Self {
            seq: record.seq.get(),
            seal: SealOut::from(&record.seal),
        }
    }
}

/// What was published of a channel when a day was over.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedOut {
    /// Whose figures.
    pub channel: String,
    /// Of signals of this origin.
    pub origin: &'static str,
    /// Under this execution model.
    pub model: String,
    /// By which rules they were computed.
    pub rules: String,
    /// The figures, byte for byte as they were hashed.
    #[schema(value_type = crate::figures::Figures)]
    pub figures: Box<RawValue>,
}

impl PublishedOut {
    /// As it is shown; none where it was changed into what is no JSON.
    #[must_use]
    pub fn of(published: &Published) -> Option<Self> {
        Some(Self {
            channel: published.channel.to_string(),
            origin: published.origin.label(),
            model: published.model.clone(),
            rules: published.rules.clone(),
            figures: RawValue::from_string(published.body.clone()).ok()?,
        })
    }
}

/// A day as a person writes it: `2026-11-23`; its number where no calendar knows it.
#[must_use]
pub fn written(day: Day) -> String {
    let begin = jiff::Timestamp::from_microsecond(day.begin().as_micros());
    begin.map_or_else(
        |_| day.number().to_string(),
        |begin| begin.to_zoned(TimeZone::UTC).date().to_string(),
    )
}

/// Reads a day as [`written`].
#[must_use]
pub fn day(text: &str) -> Option<Day> {
    let plain = text.len() == 10;
    let date = text.parse::<Date>().ok().filter(|_| plain)?;
    if !(1900..2100).contains(&date.year()) {
        return None;
    }
    let begin = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Day::of(Timestamp::from_micros(begin.as_microsecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_as_it_is_written() {
        for text in ["2026-11-23", "1970-01-01", "1969-12-31", "2024-02-29"] {
            assert_eq!(written(day(text).unwrap()), text);
        }
        for wrong in [
            "",
            "2026-11",
            "2025-02-29",
            "20261123",
            "2026-11-23T00:00:00Z",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
