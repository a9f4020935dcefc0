//! A retrial: what would have come of a signal had it been followed otherwise.
//!
//! The signal, what its author said later as it was recorded, and a price path go through the very
//! machine that judges the live market, once for each execution model. Pure, so a worker, a
//! what-if and a recomputation of years come to the same.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{Body, Event};
use crate::execution::ExecutionModel;
use crate::ids::Seq;
use crate::lifecycle::{Change, Outcome, Track, What, Word};
use crate::market::Tick;
use crate::signal::Signal;
use crate::time::Timestamp;

/// A later word about a signal, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its place in the stream.
    pub seq: Seq,
    /// When it was received.
    pub at: Timestamp,
    /// The word.
    pub word: Word,
}

/// The stream was cut since the signal was judged: what its author said later is not known any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the events of the signal were forgotten, and with them what its author said later")]
pub struct Forgotten;

/// What the author said of `signal` later: his orders, of all its `events`, and his calls to the
/// other side on the same market, of all his signals that are given (`others`, each with its place).
///
/// # Errors
///
/// [`Forgotten`] when its own event is not among the events.
pub fn said(
    signal: &Signal,
    events: &[Arc<Event>],
    others: &[(Seq, Arc<Signal>)],
) -> Result<Vec<Said>, Forgotten> {
    let own = events.iter().find(|event| {
        event.happening().is_some_and(
            |about| matches!(&about.body, Body::Signal { signal: of, .. } if of.id == signal.id),
        )
    });
    let own = own.ok_or(Forgotten)?.seq;
    let orders = events.iter().filter_map(|event| {
        let about = event.happening()?;
        let Body::Instruction { order, post } = &about.body else {
            return None;
        };
        (about.signal == signal.id).then(|| Said {
            seq: event.seq,
            at: about.received,
            word: Word::Order(order.clone(), post.clone()),
        })
    });
    let turned = |other: &Signal| {
        other.channel == signal.channel
            && other.instrument == signal.instrument
            && other.side == signal.side.opposite()
    };
    let turns = others
        .iter()
        .filter(|(seq, other)| *seq > own && turned(other))
        .map(|(seq, other)| Said {
            seq: *seq,
            at: other.received,
            word: Word::Opposite(other.id),
        });
    let mut said: Vec<Said> = orders.chain(turns).collect();
    said.sort_by_key(|said| said.seq);
    Ok(said)
}

/// What was seen of a path until something was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it begins.
    pub from: Timestamp,
    /// How far it was followed.
    pub to: Timestamp,
    /// The longest candle in it; zero where it was made of trades alone.
    pub span: Duration,
    /// How many candles and trades.
    pub ticks: u64,
    /// In how many places nothing is known.
    pub gaps: u64,
    /// How long these are together.
    pub missing: Duration,
}

/// What came of a signal under one model, and what was seen until then.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What came of it.
    pub outcome: Outcome,
    /// What was seen until it was known.
    pub seen: Seen,
}

/// One signal followed by several models at once.
#[derive(Clone, Debug)]
pub struct Retrial {
    said: std::vec::IntoIter<Said>,
    next: Option<Said>,
    seen: Seen,
    followers: Vec<Follower>,
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
struct Follower {
    track: Track,
    verdict: Option<Verdict>,
}

impl Retrial {
    /// Begins one.
    #[must_use]
    pub fn new(signal: &Signal, models: &[ExecutionModel], said: Vec<Said>) -> Self {
        let follow = |model: &ExecutionModel| Follower {
            track: Track::open(signal, model),
            verdict: None,
        };
        let mut said = said.into_iter();
        Self {
            next: said.next(),
            said,
            seen: Seen {
                from: signal.received,
                to: signal.received,
                span: Duration::ZERO,
                ticks: 0,
                gaps: 0,
                missing: Duration::ZERO,
            },
            followers: models.iter().map(follow).collect(),
            changes: Vec::new(),
        }
    }

    /// By then everything is over, whatever the market does: the last entry is no longer valid, and
    /// what it brought has been held for the longest time.
    #[must_use]
    pub fn ends_by(signal: &Signal, models: &[ExecutionModel]) -> Timestamp {
        let delay = models.iter().map(|model| model.delay).max();
        let valid = signal.expires_at.max(signal.received);
        valid + delay.unwrap_or_default() + signal.held_at_most + Duration::from_micros(1)
    }

    /// Lets the market go on by one tick; whatever was said before its end is heard first. A candle
    /// that was over when a word came is seen before it, as it is live.
    pub fn step(&mut self, tick: &Tick) {
        while let Some(said) = self.next.take_if(|said| said.at < tick.at()) {
            self.next = self.said.next();
            for follower in &mut self.followers {
                let track = &mut follower.track;
                track.hear(&said.word, said.at, &mut self.changes);
                follower.note(&mut self.changes, self.seen);
            }
        }
        self.seen.take(tick);
        for follower in &mut self.followers {
            follower.track.step(tick, &mut self.changes);
            follower.note(&mut self.changes, self.seen);
        }
    }

    /// Every model knows what came of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.followers
            .iter()
            .all(|follower| follower.verdict.is_some())
    }

    /// What came of it so far, in the order of the models; none where it is not over.
    pub fn verdicts(&self) -> impl Iterator<Item = Option<&Verdict>> {
        self.followers
            .iter()
            .map(|follower| follower.verdict.as_ref())
    }
}

impl Follower {
    fn note(&mut self, changes: &mut Vec<Change>, seen: Seen) {
        for change in changes.drain(..) {
            if let What::Judged(outcome) = change.what {
                self.verdict = Some(Verdict {
                    outcome: *outcome,
                    seen,
                });
            }
        }
    }
}

impl Seen {
    fn take(&mut self, tick: &Tick) {
        match tick {
            Tick::Candle(candle) => {
                self.ticks += 1;
                self.span = self.span.max(candle.span);
            }
            Tick::Trade(_) => self.ticks += 1,
            Tick::Hole { from, to } => {
                let unknown = to.since((*from).max(self.from));
                if !unknown.is_zero() {
                    self.gaps += 1;
                    self.missing += unknown;
                }
            }
            Tick::Time(_) => {}
        }
        self.to = self.to.max(tick.at());
    }
}
