//! The window: the way the price came, in the trade's own measure.
//!
//! Every price is told as its distance from the entry in risks, for the trade: −1 is the stop. So a
//! network sees the same picture of a long and of its mirror, on a coin of any price.

use super::Known;
use super::coin::sign;
use crate::bars::{Bar, Length, Series};
use crate::geometry::Odds;

/// So many bars of the finest length that is known.
pub const FINE: usize = 32;

/// So many bars of an hour.
pub const COARSE: usize = 48;

/// What is told of each bar: its close, its best and its worst price for the trade, and its volume
/// against the window's mean.
pub const TRACKS: usize = 4;

/// The recent bars of a signal's instrument, oldest first, ending at receipt; bars that are not
/// known are nought in every track. One track lies behind the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// `TRACKS × FINE` numbers.
    pub fine: Vec<f32>,
    /// `TRACKS × COARSE` numbers.
    pub coarse: Vec<f32>,
}

/// The window of a signal.
pub(super) fn window(known: &Known<'_>, odds: &Odds) -> Window {
    let tell = |length, n| {
        known
            .coin
            .map_or_else(Vec::new, |series| last(series, length, n, known))
    };
    let fine = [Length::Minute, Length::Five, Length::Quarter]
        .into_iter()
        .map(|length| tell(length, FINE))
        .find(|bars| bars.len() >= FINE / 2)
        .unwrap_or_default();
    let sign = sign(known);
    Window {
        fine: tracks(&fine, FINE, odds, sign),
        coarse: tracks(&tell(Length::Hour, COARSE), COARSE, odds, sign),
    }
}

fn last(series: &Series, length: Length, n: usize, known: &Known<'_>) -> Vec<Bar> {
    let newest_first = series.until(length, known.seen()).rev().take(n);
    let mut bars: Vec<Bar> = newest_first.copied().collect();
    bars.reverse();
    bars
}

fn tracks(bars: &[Bar], room: usize, odds: &Odds, sign: f64) -> Vec<f32> {
    let mut tracks = vec![0.0_f32; TRACKS * room];
    let traded: f64 = bars.iter().map(|bar| bar.volume).sum();
    let usual = traded / domain::statistics::count(bars.len().max(1));
    let begin = room - bars.len();
    for (nth, bar) in bars.iter().enumerate() {
        let place = |price: f64| sign * (price - odds.entry) / odds.risk;
        let (one, other) = (place(bar.high), place(bar.low));
        let volume = if usual > 0.0 {
            bar.volume / usual - 1.0
        } else {
            0.0
        };
        let told = [place(bar.close), one.max(other), one.min(other), volume];
        for (track, value) in told.into_iter().enumerate() {
            // Far away all is alike, so the measure bends: ±1 stays near ±0.9, ±10 comes to ±3.
            let bent = value.asinh();
            #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
            let bent = if bent.is_finite() { bent as f32 } else { 0.0 };
            tracks[track * room + begin + nth] = bent;
        }
    }
    tracks
}
