//! The walk: goes through the past once, in the order of time, and makes of each signal a row of
//! what was known when it was received.
//!
//! It is the live path with the ending known: the same [`Markets`], the same [`SoFar`], the same
//! features. Nothing that happened after an instant can be in what was told before it.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{ChannelId, SignalId};
use domain::lifecycle::Outcome;
use domain::market::{Instrument, Tick};
use domain::signal::Signal;
use domain::time::Timestamp;

use super::Row;
use crate::bars::Bar;
use crate::features::{Features, Known, SEEN_AFTER, vector};
use crate::markets::Markets;
use crate::so_far::{Ended, Revised, SoFar};

/// What is on record of a signal.
#[derive(Clone, Debug)]
pub struct Told {
    /// The signal.
    pub signal: Arc<Signal>,
    /// What came of it; none while it is open.
    pub outcome: Option<Outcome>,
    /// The text of its post.
    pub text: Option<String>,
    /// How surely the text was read.
    pub confidence: Option<f64>,
    /// What became of its post, and when that was received.
    pub revised: Vec<(Timestamp, Revised)>,
}

/// One instrument's candles, oldest first; other ticks say nothing here.
pub type Path<'a> = Box<dyn Iterator<Item = Tick> + 'a>;

/// Something that came to be known.
enum News {
    Ended(Ended),
    Revised(SignalId, ChannelId, Revised),
}

/// The rows of what is on record, in the order of receipt.
#[must_use]
pub fn rows(told: &[Told], paths: BTreeMap<Instrument, Path<'_>>) -> Vec<Row> {
    let mut rows = Vec::new();
    features(told, paths, |told, features| {
        let outcome = told.outcome.as_ref();
        rows.extend(
            outcome
                .zip(features)
                .and_then(|(outcome, features)| Row::of(&told.signal, outcome, features)),
        );
    });
    super::sort(&mut rows);
    rows
}

/// Goes through the past, and says of each signal what was known at its receipt.
pub fn features(
    told: &[Told],
    paths: BTreeMap<Instrument, Path<'_>>,
    mut each: impl FnMut(&Told, Option<Features>),
) {
    let mut in_order: Vec<&Told> = told.iter().collect();
    // Stable: what was received in one instant keeps the order in which it was stored.
    in_order.sort_by_key(|told| told.signal.received);
    let mut news: Vec<(Timestamp, News)> = told.iter().flat_map(news_of).collect();
    news.sort_by_key(|(at, _)| *at);
    let mut news = news.into_iter().peekable();
    let mut players: Vec<Player<'_>> = paths
        .into_iter()
        .map(|(on, path)| Player {
            on,
            path: path.peekable(),
            span: None,
        })
        .collect();
    let (mut markets, mut so_far) = (Markets::default(), SoFar::default());
    // Signals of one instant, of one post above all, are scored before any of them is stored.
    for together in in_order.chunk_by(|one, other| one.signal.received == other.signal.received) {
        let at = together[0].signal.received;
        for player in &mut players {
            player.play(at, &mut markets);
        }
        while let Some((_, news)) = news.next_if(|(known, _)| *known <= at) {
            match news {
                News::Ended(ended) => so_far.ended(ended),
                News::Revised(signal, channel, how) => so_far.revised(signal, &channel, how),
            }
        }
        for told in together {
            let player = players
                .iter()
                .find(|player| player.on == told.signal.instrument);
            let known = Known {
                coin: markets.series(&told.signal.instrument),
                bitcoin: markets.bitcoin(at - SEEN_AFTER),
                resolution: player.and_then(|player| player.span),
                channel: Some(so_far.channel(&told.signal.channel, at)),
                crowd: Some(so_far.crowd(&told.signal)),
                breadth: markets.breadth(at - SEEN_AFTER),
                text: told.text.as_deref(),
                confidence: told.confidence,
                ..Known::of(&told.signal)
            };
            each(told, vector(&known));
        }
        for told in together {
            so_far.heard(&told.signal);
        }
    }
}

/// What comes to be known of a signal later.
fn news_of(told: &Told) -> Vec<(Timestamp, News)> {
    let ended = told.outcome.as_ref().map(|outcome| {
        let ended = Ended::of(&told.signal, outcome);
        (ended.ended, News::Ended(ended))
    });
    let revised = told.revised.iter().map(|(at, how)| {
        let channel = told.signal.channel.clone();
        (*at, News::Revised(told.signal.id, channel, *how))
    });
    ended.into_iter().chain(revised).collect()
}

/// Plays one instrument's candles.
struct Player<'a> {
    on: Instrument,
    path: Peekable<Path<'a>>,
    /// How long its last candle was.
    span: Option<Duration>,
}

impl Player<'_> {
    fn play(&mut self, until: Timestamp, markets: &mut Markets) {
        while let Some(tick) = self.path.next_if(|tick| tick.at() <= until) {
            if let Tick::Candle(candle) = tick {
                self.span = Some(candle.span);
                markets.push(&self.on, &Bar::of(&candle));
            }
        }
    }
}
