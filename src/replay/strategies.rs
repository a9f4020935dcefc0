//! Strategies over recorded candles: what they would have called, as posts of channels of their own.

use std::collections::BTreeMap;

use domain::ids::ChannelId;
use domain::market::{Coarser, Instrument, Interval, Tick};
use domain::post::{Action, Origin, Post};
use domain::strategy::{Call, Strategy};

use super::candles::Known;

/// Which strategies call, and from candles of which lengths: a channel for each of both.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The strategies.
    pub strategies: Vec<Strategy>,
    /// How long their candles are.
    pub intervals: Vec<Interval>,
}

impl Wanted {
    /// Whether none is wanted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.strategies.is_empty() || self.intervals.is_empty()
    }
}

/// The posts of each channel, `breakout.15m`, in order of time: received as their candle was over.
///
/// # Errors
///
/// When a strategy's name cannot be a channel's.
pub fn posts(
    wanted: &Wanted,
    known: &BTreeMap<Instrument, Known>,
) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    let mut posts: BTreeMap<ChannelId, Vec<Post>> = BTreeMap::new();
    for (strategy, interval) in wanted
        .strategies
        .iter()
        .flat_map(|strategy| wanted.intervals.iter().map(move |each| (strategy, *each)))
    {
        let channel = ChannelId::parse(&format!("{}.{}", strategy.name(), interval.label()))?;
        let mut told: Vec<Post> = Vec::new();
        for (on, known) in known {
            let calls = calls(strategy, interval, known);
            told.extend(calls.map(|call| post(&channel, strategy, on, interval, &call)));
        }
        // Stable: what is called in one instant stays in the order of the instruments.
        told.sort_by_key(|post| post.received);
        posts.insert(channel, told);
    }
    Ok(posts)
}

fn calls(strategy: &Strategy, interval: Interval, known: &Known) -> impl Iterator<Item = Call> {
    let mut coarser = Coarser::new(interval);
    let mut state = strategy.state();
    known
        .path
        .clone()
        .ticks()
        .filter_map(move |tick| match tick {
            Tick::Candle(candle) => strategy.step(&mut state, &coarser.step(&candle)?),
            // A gap is noticed by the candle after it.
            Tick::Hole { .. } | Tick::Trade(_) | Tick::Time(_) => None,
        })
}

fn post(
    channel: &ChannelId,
    strategy: &Strategy,
    on: &Instrument,
    interval: Interval,
    call: &Call,
) -> Post {
    Post {
        channel: channel.clone(),
        key: call.key(strategy, on, interval),
        action: Action::Original,
        author: None,
        text: call.words(strategy, on, interval),
        media: Vec::new(),
        reply_to: None,
        forwarded_from: None,
        posted: call.at,
        received: call.at,
        origin: Origin::Import,
    }
}
