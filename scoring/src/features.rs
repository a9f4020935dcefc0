//! Features: everything that was known of a signal at its receipt, as numbers.
//!
//! One pure function, [`vector`], makes them for training and for the live path, so the two cannot
//! differ. It looks at nothing that was not over at the signal's receipt, whatever it is handed.
//! What is unknown is NaN, and each model says for itself what it makes of that.

use std::sync::LazyLock;
use std::time::Duration;

use domain::signal::Signal;
use domain::statistics::count;
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::bars::Series;
use crate::geometry::{self, Odds};
use crate::so_far::{ChannelSoFar, Crowd};

mod channel;
mod coin;
mod levels;
mod market;
mod text;
mod window;

pub use levels::logit;
pub use text::confidence;
pub use window::{COARSE, FINE, TRACKS, Window};

/// The version of the schema: it changes whenever a number changes its meaning.
pub const VERSION: u32 = 3;

/// Bars are seen so long after they were over: a venue tells them a moment late, and whoever posts
/// just then must not be scored by more in training than live.
pub const SEEN_AFTER: Duration = Duration::from_secs(5);

/// Everything that is known of a signal at its receipt. What a path cannot know it leaves out; the
/// features of it are then unknown, not nothing.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The signal, with the price at its receipt.
    pub signal: &'a Signal,
    /// The recent bars of its instrument.
    pub coin: Option<&'a Series>,
    /// The recent bars of bitcoin against a dollar, on whichever market is followed.
    pub bitcoin: Option<&'a Series>,
    /// How finely the market is told that judges it: zero for trades, else the length of the
    /// candles. Trades count as the finest candles, of a minute: what is learned from is hardly ever
    /// judged by trades, and a model must not be shown live what it has never seen.
    pub resolution: Option<Duration>,
    /// Between the best bid and offer, as a fraction of the price.
    pub spread: Option<f64>,
    /// The funding rate of a perpetual, as a fraction for eight hours.
    pub funding: Option<f64>,
    /// The channel's record.
    pub channel: Option<ChannelSoFar>,
    /// What others said.
    pub crowd: Option<Crowd>,
    /// The share of followed instruments that stand above their price of a day ago.
    pub breadth: Option<f64>,
    /// The text of the post; none where a program made the signal.
    pub text: Option<&'a str>,
    /// How surely the text was read, 0 to 1.
    pub confidence: Option<f64>,
}

impl<'a> Known<'a> {
    /// Of a signal of which nothing else is known.
    #[must_use]
    pub const fn of(signal: &'a Signal) -> Self {
        Self {
            signal,
            coin: None,
            bitcoin: None,
            resolution: None,
            spread: None,
            funding: None,
            channel: None,
            crowd: None,
            breadth: None,
            text: None,
            confidence: None,
        }
    }

    /// The instant up to which bars are seen.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        self.signal.received - SEEN_AFTER
    }
}

/// What a model sees of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// What holds for the whole signal, in the order of [`Schema::signal`]; NaN is unknown.
    pub signal: Vec<f32>,
    /// What holds for each target, in the order of [`Schema::target`].
    pub targets: Vec<Vec<f32>>,
    /// The way the price came, for models that read sequences.
    pub window: Window,
    /// What the levels alone say.
    pub odds: Odds,
    /// The share of the position that is taken at each target; together one.
    pub weights: Vec<f64>,
}

/// What the numbers mean, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The version.
    pub version: u32,
    /// The names of what holds for the whole signal.
    pub signal: Vec<&'static str>,
    /// The names of what holds for one target.
    pub target: Vec<&'static str>,
    /// SHA-256 of all names, of the shape of the window and of the version, in hexadecimal.
    pub hash: String,
}

/// The schema of this program.
#[must_use]
pub fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let signal: Vec<&'static str> = [
            &levels::NAMES[..],
            &coin::NAMES[..],
            &market::NAMES[..],
            &channel::NAMES[..],
            &text::NAMES[..],
        ]
        .concat();
        let target = levels::TARGET_NAMES.to_vec();
        let mut hash = Sha256::new();
        hash.update(format!("{VERSION};{TRACKS}x{FINE}+{COARSE}"));
        for name in signal.iter().chain(&target) {
            hash.update([b'\n']);
            hash.update(name.as_bytes());
        }
        Schema {
            version: VERSION,
            signal,
            target,
            hash: hash
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    });
    &SCHEMA
}

/// The features of a signal; none where its levels say nothing (no entry, stop or target).
#[must_use]
pub fn vector(known: &Known<'_>) -> Option<Features> {
    let odds = geometry::odds(known.signal)?;
    let view = coin::View::of(known, &odds);
    let signal = levels::signal(known, &odds)
        .into_iter()
        .chain(coin::coin(known, &odds, &view))
        .chain(market::market(known))
        .chain(channel::channel(known))
        .chain(text::text(known));
    let targets = (0..odds.targets.len())
        .map(|nth| narrow(levels::target(&odds, &view.ranges, nth)))
        .collect();
    Some(Features {
        signal: narrow(signal),
        targets,
        window: window::window(known, &odds),
        weights: weights(known.signal),
        odds,
    })
}

/// The features of a signal by what is kept of what was seen of it: its numbers in the order of
/// [`Schema::signal`]. Those of its targets follow from these and the levels; the window is not kept
/// and so unknown. None where its levels say nothing, or these are not the numbers of this program.
#[must_use]
pub fn remembered(signal: &Signal, kept: &[f32]) -> Option<Features> {
    let names = &schema().signal;
    let odds = geometry::odds(signal).filter(|_| kept.len() == names.len())?;
    let told = |name: &str| {
        let place = names.iter().position(|named| *named == name)?;
        Some(f64::from(kept[place])).filter(|value| !value.is_nan())
    };
    let ranges = coin::ranges(told, &odds);
    let targets = (0..odds.targets.len())
        .map(|nth| narrow(levels::target(&odds, &ranges, nth)))
        .collect();
    Some(Features {
        signal: kept.to_vec(),
        targets,
        window: window::window(&Known::of(signal), &odds),
        weights: weights(signal),
        odds,
    })
}

/// The share that is taken at each target: the author's, or equal ones.
fn weights(signal: &Signal) -> Vec<f64> {
    use rust_decimal::prelude::ToPrimitive as _;
    let told: Option<Vec<f64>> = signal
        .targets
        .iter()
        .map(|target| target.weight.and_then(|weight| weight.to_f64()))
        .collect();
    let sum: f64 = told.iter().flatten().sum();
    match told {
        Some(told) if sum > 0.0 => told.iter().map(|weight| weight / sum).collect(),
        _ => vec![1.0 / count(signal.targets.len().max(1)); signal.targets.len()],
    }
}

/// The numbers as models take them: bounded, so that one freak of a market cannot outweigh all
/// else, and NaN where unknown.
fn narrow(values: impl IntoIterator<Item = Option<f64>>) -> Vec<f32> {
    let narrow = |value: Option<f64>| {
        let value = value.unwrap_or(f64::NAN).clamp(-50.0, 50.0);
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        let value = value as f32;
        value
    };
    values.into_iter().map(narrow).collect()
}

/// One where it holds, nothing where it does not.
fn flag(holds: bool) -> Option<f64> {
    Some(f64::from(u8::from(holds)))
}

#[cfg(test)]
mod tests;
