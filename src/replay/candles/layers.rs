//! Candles of several intervals laid over each other: the finest rules, and gaps become holes.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::market::{Candle, Tick};
use domain::time::Timestamp;

use super::name;

/// A candle up to this long stands whole where finer ones tell only a part of its time, so that
/// nothing that is known is lost; a longer one would blur too much, and the rest stays a gap.
const LONGEST_FILLER: Duration = Duration::from_secs(3_600);

/// What is known of an instrument, and which interval decided how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The first instant of which anything is known.
    pub from: Timestamp,
    /// The first instant after all that is known.
    pub to: Timestamp,
    /// Each interval, finest first.
    pub layers: Vec<Layer>,
    /// In how many places nothing is known.
    pub gaps: usize,
    /// How many candles are missing there, of the finer of the two that stand beside each gap.
    pub missing: u64,
}

/// The candles of one interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `5m`.
    pub interval: String,
    /// When the first one begins.
    pub from: Timestamp,
    /// When the last one ends.
    pub to: Timestamp,
    /// How many were read, those that two files tell once.
    pub read: usize,
    /// How many of them stand in the path.
    pub used: usize,
}

/// Makes one path of candles by their intervals.
pub(super) fn merge(layers: BTreeMap<Duration, Vec<Candle>>) -> (Vec<Tick>, Coverage) {
    let mut path: Vec<Candle> = Vec::new();
    let mut told = Vec::new();
    for (span, candles) in layers {
        let layer = in_order(candles);
        if let (Some(first), Some(last)) = (layer.first(), layer.last()) {
            let (from, to, read) = (first.open_time, last.end(), layer.len());
            told.push((span, from, to, read));
            path = under(&path, layer);
        }
    }
    let layers = told
        .into_iter()
        .map(|(span, from, to, read)| Layer {
            interval: name::interval(span),
            from,
            to,
            read,
            used: path.iter().filter(|candle| candle.span == span).count(),
        })
        .collect();
    let mut coverage = Coverage {
        from: path.first().map_or(Timestamp::MAX, |first| first.open_time),
        to: path.last().map_or(Timestamp::MIN, Candle::end),
        layers,
        gaps: 0,
        missing: 0,
    };
    (with_holes(path, &mut coverage), coverage)
}

/// By time; of candles that overlap, which only two files can tell, the first file's stays.
fn in_order(mut candles: Vec<Candle>) -> Vec<Candle> {
    candles.sort_by_key(|candle| candle.open_time);
    let mut until = Timestamp::MIN;
    candles.retain(|candle| {
        let after = candle.open_time >= until;
        if after {
            until = candle.end();
        }
        after
    });
    candles
}

/// Lays coarser candles under a path: they stand where it tells nothing, or not all of their time.
fn under(path: &[Candle], coarser: Vec<Candle>) -> Vec<Candle> {
    let mut merged = Vec::with_capacity(path.len() + coarser.len());
    let mut rest = path;
    for coarse in coarser {
        let before = rest.partition_point(|fine| fine.end() <= coarse.open_time);
        merged.extend_from_slice(&rest[..before]);
        rest = &rest[before..];
        let within = rest.partition_point(|fine| fine.open_time < coarse.end());
        let (inside, after) = rest.split_at(within);
        if stands(&coarse, inside) {
            merged.push(coarse);
        } else {
            merged.extend_from_slice(inside);
        }
        rest = after;
    }
    merged.extend_from_slice(rest);
    merged
}

/// Whether a candle stands in the place of the finer ones that share its time.
fn stands(coarse: &Candle, finer: &[Candle]) -> bool {
    let (Some(first), Some(last)) = (finer.first(), finer.last()) else {
        return true;
    };
    let whole: Duration = finer.iter().map(|fine| fine.span).sum();
    let inside = coarse.open_time <= first.open_time && last.end() <= coarse.end();
    inside && whole < coarse.span && coarse.span <= LONGEST_FILLER
}

fn with_holes(path: Vec<Candle>, coverage: &mut Coverage) -> Vec<Tick> {
    let mut ticks = Vec::with_capacity(path.len());
    let mut before: Option<Candle> = None;
    for candle in path {
        if let Some(before) = before.filter(|before| before.end() < candle.open_time) {
            let hole = candle.open_time.since(before.end());
            let span = before.span.min(candle.span);
            let missing = hole.as_secs().div_ceil(span.as_secs().max(1));
            coverage.gaps += 1;
            coverage.missing += missing;
            ticks.push(Tick::Hole {
                from: before.end(),
                to: candle.open_time,
            });
        }
        before = Some(candle);
        ticks.push(Tick::Candle(candle));
    }
    ticks
}

#[cfg(test)]
mod tests {
    use domain::market::Price;
    use rust_decimal::Decimal;

    use super::*;

    fn at(minute: i64, minutes: u64) -> Candle {
        let price = Price::parse("1").unwrap();
        Candle {
            open_time: Timestamp::from_millis(minute * 60_000),
            span: Duration::from_secs(60 * minutes),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ONE,
        }
    }

    /// The path as minutes: begin and length of each candle, and a length of 0 for a hole.
    fn merged(candles: Vec<Candle>) -> (Vec<(i64, u64)>, Coverage) {
        let mut layers: BTreeMap<Duration, Vec<Candle>> = BTreeMap::new();
        for candle in candles {
            layers.entry(candle.span).or_default().push(candle);
        }
        let (path, coverage) = merge(layers);
        let told = path.iter().map(|tick| match tick {
            Tick::Candle(candle) => (
                candle.open_time.as_millis() / 60_000,
                candle.span.as_secs() / 60,
            ),
            Tick::Hole { from, .. } => (from.as_millis() / 60_000, 0),
            Tick::Trade(_) | Tick::Time(_) => panic!("no such tick"),
        });
        (told.collect(), coverage)
    }

    #[test]
    fn the_finest_interval_rules_from_its_first_instant_to_its_last() {
        let fine = (5..15).map(|minute| at(minute, 1));
        let coarse = [0, 5, 10, 15].map(|minute| at(minute, 5));
        let (path, coverage) = merged(coarse.into_iter().chain(fine).collect());
        assert_eq!((path[0], path[1], path[11]), ((0, 5), (5, 1), (15, 5)));
        assert_eq!(path.len(), 12);
        let used: Vec<_> = coverage
            .layers
            .iter()
            .map(|layer| (layer.interval.as_str(), layer.read, layer.used))
            .collect();
        assert_eq!(used, [("1m", 10, 10), ("5m", 4, 2)]);
        assert_eq!((coverage.gaps, coverage.missing), (0, 0));
    }

    #[test]
    fn a_coarse_candle_stands_whole_where_finer_ones_tell_a_part_of_it() {
        let (path, _) = merged(vec![at(0, 15), at(3, 1), at(4, 1), at(15, 1)]);
        assert_eq!(path, [(0, 15), (15, 1)]);
    }

    #[test]
    fn a_day_does_not_stand_for_a_missing_minute() {
        let minutes = (0..1_440).filter(|minute| *minute != 700);
        let candles = minutes.map(|minute| at(minute, 1)).chain([at(0, 1_440)]);
        let (path, coverage) = merged(candles.collect());
        assert_eq!(path.len(), 1_440, "1439 minutes and a hole");
        assert_eq!((coverage.gaps, coverage.missing), (1, 1));
        assert_eq!(coverage.layers[1].used, 0);
    }

    #[test]
    fn gaps_are_holes_and_missing_candles_are_counted() {
        let (path, coverage) = merged(vec![at(0, 5), at(5, 5), at(20, 5), at(20, 5)]);
        assert_eq!(path, [(0, 5), (5, 5), (10, 0), (20, 5)]);
        assert_eq!((coverage.gaps, coverage.missing), (1, 2));
        assert_eq!(coverage.layers[0].read, 3, "one of them is told twice");
    }
}
