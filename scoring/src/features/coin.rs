//! The coin: how its price has moved lately, for or against the trade, measured in its risk.

use domain::market::Side;
use domain::statistics::count;

use super::Known;
use crate::bars::{Bar, Length, Series};
use crate::geometry::Odds;

pub(super) const NAMES: [&str; 30] = [
    "coin.resolution_log",
    "coin.risk_in_resolution",
    "coin.risk_in_minutes",
    "coin.risk_in_fives",
    "coin.risk_in_quarters",
    "coin.risk_in_hours",
    "coin.moved_5m",
    "coin.moved_15m",
    "coin.moved_1h",
    "coin.moved_4h",
    "coin.moved_1d",
    "coin.moved_7d",
    "coin.trend_1h",
    "coin.trend_6h",
    "coin.trend_1d",
    "coin.trend_7d",
    "coin.heat_minutes",
    "coin.heat_fives",
    "coin.heat_quarters",
    "coin.heat_hours",
    "coin.strength_minutes",
    "coin.strength_quarters",
    "coin.place_1d",
    "coin.place_7d",
    "coin.volume_15m",
    "coin.volume_1h",
    "coin.volume_1d",
    "coin.spread_in_risk",
    "coin.funding",
    "coin.hour_volatility_log",
];

/// What the bars say at a signal's receipt, reckoned once.
pub(super) struct View {
    bars: [Vec<Bar>; 4],
    /// The usual range of a bar of each length, as a price.
    pub(super) ranges: [Option<f64>; 4],
    resolution: Option<f64>,
}

/// With fewer bars than this nothing is said of what is usual.
const ENOUGH: usize = 8;

impl View {
    pub(super) fn of(known: &Known<'_>, odds: &Odds) -> Self {
        let bars = Length::ALL.map(|length| bars(known.coin, length, known));
        let ranges = [0, 1, 2, 3].map(|nth: usize| usual_range(&bars[nth]));
        let resolution = minutes(known);
        // The usual range of the candles by which it is judged, from the nearest length.
        let resolution = resolution.and_then(|minutes| {
            let nearest = Length::ALL
                .into_iter()
                .zip([1.0_f64, 5.0, 15.0, 60.0])
                .filter(|(length, _)| ranges[*length as usize].is_some())
                .min_by(|(_, one), (_, other)| {
                    let far = |length: f64| (length / minutes).ln().abs();
                    far(*one).total_cmp(&far(*other))
                });
            let (length, span) = nearest?;
            let range = ranges[length as usize]?;
            Some(odds.risk / (range * (minutes / span).sqrt()))
        });
        Self {
            bars,
            ranges,
            resolution,
        }
    }

    fn of_length(&self, length: Length) -> &[Bar] {
        &self.bars[length as usize]
    }

    /// The usual range of a bar of this length, as a price.
    pub(super) const fn range(&self, length: Length) -> Option<f64> {
        self.ranges[length as usize]
    }
}

/// The bars of a length that were over at receipt.
fn bars(series: Option<&Series>, length: Length, known: &Known<'_>) -> Vec<Bar> {
    series.map_or_else(Vec::new, |series| {
        series.until(length, known.seen()).copied().collect()
    })
}

/// The mean range of the last bars; none of too few, or where nothing moved.
fn usual_range(bars: &[Bar]) -> Option<f64> {
    let recent = &bars[bars.len().saturating_sub(24)..];
    let sum: f64 = recent.iter().map(|bar| bar.high - bar.low).sum();
    (recent.len() >= ENOUGH && sum > 0.0).then(|| sum / count(recent.len()))
}

/// The usual range of a bar of each length, as a price, by what was told of the risk in them.
pub(super) fn ranges(told: impl Fn(&str) -> Option<f64>, odds: &Odds) -> [Option<f64>; 4] {
    let places = ["minutes", "fives", "quarters", "hours"];
    places.map(|name| Some(odds.risk / told(&format!("coin.risk_in_{name}"))?.exp()))
}

/// The features of the coin.
pub(super) fn coin(known: &Known<'_>, odds: &Odds, view: &View) -> [Option<f64>; 30] {
    let sign = sign(known);
    let in_ranges = |length| view.range(length).map(|range| (odds.risk / range).ln());
    // How far it went for the trade over the last `n` bars, in risks.
    let moved = |length, n: usize| {
        let bars = view.of_length(length);
        let now = bars.last()?.close;
        let then = bars.get(bars.len().checked_sub(n + 1)?)?.close;
        Some(sign * (now - then) / odds.risk)
    };
    let trend = |length, n| Some(sign * trend(view.of_length(length), n)?);
    let heat = |length| heat(view.of_length(length));
    let strength = |length| Some(sign * (strength(view.of_length(length))? - 0.5));
    let place = |length, n| Some(sign * (place(view.of_length(length), n)? - 0.5));
    [
        minutes(known).map(f64::ln_1p),
        view.resolution.map(f64::ln),
        in_ranges(Length::Minute),
        in_ranges(Length::Five),
        in_ranges(Length::Quarter),
        in_ranges(Length::Hour),
        moved(Length::Minute, 5).or_else(|| moved(Length::Five, 1)),
        moved(Length::Five, 3).or_else(|| moved(Length::Quarter, 1)),
        moved(Length::Quarter, 4).or_else(|| moved(Length::Hour, 1)),
        moved(Length::Quarter, 16).or_else(|| moved(Length::Hour, 4)),
        moved(Length::Hour, 24),
        moved(Length::Hour, 168),
        trend(Length::Minute, 60).or_else(|| trend(Length::Five, 12)),
        trend(Length::Five, 72).or_else(|| trend(Length::Quarter, 24)),
        trend(Length::Quarter, 96).or_else(|| trend(Length::Hour, 24)),
        trend(Length::Hour, 168),
        heat(Length::Minute),
        heat(Length::Five),
        heat(Length::Quarter),
        heat(Length::Hour),
        strength(Length::Minute).or_else(|| strength(Length::Five)),
        strength(Length::Quarter).or_else(|| strength(Length::Hour)),
        place(Length::Hour, 24),
        place(Length::Hour, 168),
        volume(view.of_length(Length::Five), 3)
            .or_else(|| volume(view.of_length(Length::Quarter), 1)),
        volume(view.of_length(Length::Quarter), 4)
            .or_else(|| volume(view.of_length(Length::Hour), 1)),
        volume(view.of_length(Length::Hour), 24),
        known.spread.map(|spread| spread * odds.entry / odds.risk),
        known.funding.map(|funding| sign * funding * 1e4),
        view.range(Length::Hour)
            .map(|range| (range / odds.entry).ln()),
    ]
}

/// How finely it is judged, in minutes; at least one.
fn minutes(known: &Known<'_>) -> Option<f64> {
    known
        .resolution
        .map(|span| (span.as_secs_f64() / 60.0).max(1.0))
}

/// +1 for a trade that gains by a rise, −1 for one that gains by a fall.
pub(super) fn sign(known: &Known<'_>) -> f64 {
    match known.signal.side {
        Side::Long => 1.0,
        Side::Short => -1.0,
    }
}

/// How straight the way was: the whole move over the sum of all moves, −1 to 1.
fn trend(bars: &[Bar], n: usize) -> Option<f64> {
    let recent = &bars[bars.len().checked_sub(n.min(bars.len()))?..];
    if recent.len() < n.min(ENOUGH * 2) {
        return None;
    }
    let all: f64 = recent
        .windows(2)
        .map(|pair| (pair[1].close - pair[0].close).abs())
        .sum();
    let whole = recent.last()?.close - recent.first()?.close;
    (all > 0.0).then(|| whole / all)
}

/// How wide the last few bars were against the usual one, as a logarithm.
fn heat(bars: &[Bar]) -> Option<f64> {
    let width = |bars: &[Bar]| {
        bars.iter().map(|bar| bar.high - bar.low).sum::<f64>() / count(bars.len().max(1))
    };
    let recent = &bars[bars.len().checked_sub(4)?..];
    let (recent, usual) = (width(recent), width(bars));
    (bars.len() >= ENOUGH * 2 && recent > 0.0).then(|| (recent / usual).ln())
}

/// The share of the last 14 bars' moves that went up (Wilder's RSI over 100, with plain means).
fn strength(bars: &[Bar]) -> Option<f64> {
    let recent = &bars[bars.len().checked_sub(15)?..];
    let moves = recent.windows(2).map(|pair| pair[1].close - pair[0].close);
    let (up, all) = moves.fold((0.0, 0.0), |(up, all), step: f64| {
        (up + step.max(0.0), all + step.abs())
    });
    (all > 0.0).then(|| up / all)
}

/// Where the last price stands between the lowest and the highest, 0 to 1.
fn place(bars: &[Bar], n: usize) -> Option<f64> {
    let recent = &bars[bars.len().checked_sub(n)?..];
    let high = recent.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
    let low = recent.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
    (high > low).then_some(())?;
    Some((recent.last()?.close - low) / (high - low))
}

/// What was traded in the last `n` bars against the usual, as a logarithm.
fn volume(bars: &[Bar], n: usize) -> Option<f64> {
    let mean =
        |bars: &[Bar]| bars.iter().map(|bar| bar.volume).sum::<f64>() / count(bars.len().max(1));
    let recent = mean(&bars[bars.len().checked_sub(n)?..]);
    let usual = mean(bars);
    (bars.len() >= n + ENOUGH && recent > 0.0 && usual > 0.0).then(|| (recent / usual).ln())
}
