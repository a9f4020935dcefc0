//! Events as the stream and the REST API show them.

use domain::event::{Body, Event, Told};
use domain::lifecycle::{BoundResult, Change, Evidence, Outcome, State, What};
use domain::market::Price;
use domain::ports::View;
use domain::post::Action;
use domain::reading::{Entry, Order, Rung, Target};
use domain::score::{Moved, Score};
use domain::signal::Signal;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::chain::SealOut;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOut {
    /// Its place in the stream.
    pub seq: u64,
    /// `signal`, `instruction`, `revision`, `progress`, `outcome` or `seal`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The event's own id: acting once per id makes the effect exactly-once.
    pub id: String,
    /// The signal that it is about; a seal is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Whose signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What is traded: `BTC/USDT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// `live`, `import` or `simulator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'static str>,
    /// Until when the entry is valid; a `signal` event is never delivered as fresh after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it passed each room.
    pub at: StampsOut,
    /// What it says.
    pub data: DataOut,
}

/// When an event passed each room (µs UTC).
#[derive(Debug, Serialize, ToSchema)]
pub struct StampsOut {
    /// When the author says that he posted.
    pub posted: Option<i64>,
    /// When what caused it was received.
    pub received: i64,
    /// When the scorer answered.
    pub scored: Option<i64>,
    /// When it was stored.
    pub stored: i64,
}

/// What an event says, by its type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DataOut {
    /// Of a `signal`.
    Signal(Box<IdeaOut>),
    /// Of an `instruction`.
    Instruction(InstructionOut),
    /// Of a `revision`.
    Revision(PostRevisedOut),
    /// Of a `progress`.
    Progress(ProgressOut),
    /// Of an `outcome`.
    Outcome(Box<OutcomeOut>),
    /// Of a `seal`.
    Seal(Box<SealOut>),
}

/// A trade idea.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdeaOut {
    /// The post that it stands in.
    pub post: String,
    /// Which market judges it: `binance:spot:BTC/USDT`.
    pub judged_on: String,
    /// `spot`, `perpetual` or `cfd`.
    pub market: &'static str,
    /// The words spoke of another kind of market than the one that judges.
    pub substituted: bool,
    /// `long` or `short`.
    pub side: &'static str,
    /// How it is entered.
    pub entry: EntryOut,
    /// In the order in which they are reached.
    pub targets: Vec<TargetOut>,
    /// Where the author is wrong.
    pub stop: Option<String>,
    /// Claimed leverage.
    pub leverage: Option<String>,
    /// The stop moves to the entry after this many targets.
    pub breakeven_after: Option<u8>,
    /// The longest time in the position, in seconds.
    pub held_at_most_s: u64,
    /// The market's last price when it was received.
    pub price_at_receipt: Option<String>,
    /// How much it deserves belief; none when the scorer was away or cannot speak of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreOut>,
}

/// How a trade is entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryOut {
    /// `market`, `limit`, `zone` (equal orders from `low` to `high`), `ladder` (its orders are in
    /// `rungs`), `breakout` or `market_and_limit` (half at once, half there).
    pub kind: &'static str,
    /// The lowest published price.
    pub low: Option<String>,
    /// The highest published price.
    pub high: Option<String>,
    /// The orders of a ladder, the lowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<RungOut>,
}

/// An order of a ladder.
#[derive(Debug, Serialize, ToSchema)]
pub struct RungOut {
    /// The limit.
    pub price: String,
    /// The share of the position; those of a ladder make up 1.
    pub share: String,
}

/// Where profit is taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetOut {
    /// The price.
    pub price: String,
    /// The share of the position that the author gives it; equal shares where it is none.
    pub weight: Option<String>,
}

/// What a model says of a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreOut {
    /// Which model: `geometry/2` is the levels' geometry alone, without any learning.
    pub model: String,
    /// P(target k before stop before expiry), for each target.
    pub targets: Vec<f64>,
    /// `E[R]` after costs.
    pub expected_r: Option<f64>,
    /// How much likelier the first target is than by the levels alone; absent where the model is
    /// the levels' geometry itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill: Option<f64>,
    /// What moved it most away from the levels alone, the strongest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<MovedOut>,
}

/// What one feature did to a score.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedOut {
    /// Which feature.
    pub feature: String,
    /// By how much the log-odds of the first target are higher than with a usual value.
    pub by: f64,
}

/// What a later word of the author orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderOut {
    /// `move_stop`, `breakeven`, `close_share`, `close`, `cancel`, `retarget`, `move_target`,
    /// `move_entry`, `withdraw_stop` or `reenter`.
    pub order: &'static str,
    /// The new stop, the share to close, the number of the target that is moved, where it goes in once
    /// more, or the lower end of the new entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The upper end of the new entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<String>,
    /// The new targets; of a `retarget` none where they are withdrawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

/// A later word of the author, and where he said it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstructionOut {
    /// What he orders.
    #[serde(flatten)]
    pub order: OrderOut,
    /// In which post.
    pub post: String,
}

/// An edit or a deletion of a signal's post.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostRevisedOut {
    /// `edited` or `deleted`.
    pub action: &'static str,
    /// The post.
    pub post: String,
}

/// Something happened to a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressOut {
    /// `filled`, `target`, `stop_moved`, `retargeted`, `entry_moved`, `reduced`, `ignored` or `ended`.
    pub what: &'static str,
    /// Where the signal stands after it.
    pub state: &'static str,
    /// How many targets are reached.
    pub targets_hit: u8,
    /// When it happened (µs UTC; of a candle, its end).
    pub happened: i64,
    /// At which price, slippage included; of a moved stop, where it stands.
    pub price: Option<String>,
    /// Which share of the intended position.
    pub share: Option<String>,
    /// Why nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// What decided it.
    pub decided_by: EvidenceOut,
}

/// What decided a change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EvidenceOut {
    /// A trade.
    Trade {
        /// The venue's number of it.
        id: u64,
        /// When (µs UTC).
        at: i64,
        /// Its price.
        price: String,
    },
    /// A candle.
    Candle {
        /// Its first instant (µs UTC).
        open_time: i64,
        /// How long it lasted, in seconds.
        span_s: u64,
        /// First price.
        open: String,
        /// Highest price.
        high: String,
        /// Lowest price.
        low: String,
        /// Last price.
        close: String,
    },
    /// The clock.
    Time {
        /// When (µs UTC).
        at: i64,
    },
    /// A word of the author.
    Author {
        /// When it was received (µs UTC).
        at: i64,
    },
}

/// What came of a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeOut {
    /// Under which execution model.
    pub model: &'static str,
    /// The version of the rules whose costs it pays; none of what was judged before outcomes told it, which
    /// was by rules 1 or 2.
    pub policy: Option<u32>,
    /// The bound that counts.
    pub pessimistic: BoundOut,
    /// The other bound.
    pub optimistic: BoundOut,
    /// The price path allows both.
    pub ambiguous: bool,
    /// Nothing was known of the market for a part of its life.
    pub incomplete: bool,
    /// Whether funding is in R: no feed gives it yet.
    pub funding: &'static str,
}

/// What came of a signal in one bound.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoundOut {
    /// How it ended.
    pub state: &'static str,
    /// R net of costs; none without a stop or where nothing was entered.
    pub r: Option<String>,
    /// The share of the intended position that was entered.
    pub filled: String,
    /// How many targets were reached.
    pub targets_hit: u8,
    /// When the first part was entered (µs UTC).
    pub entered_at: Option<i64>,
    /// When the last part was closed (µs UTC).
    pub ended_at: i64,
    /// How long there was a position, in seconds; none where nothing was entered.
    pub held_s: Option<u64>,
    /// The best price move in R while it was open.
    pub mfe: Option<String>,
    /// The worst price move in R while it was open.
    pub mae: Option<String>,
}

impl EventOut {
    /// The event as those see it who have this view.
    #[must_use]
    pub fn of(event: &Event, view: View) -> Self {
        let about = event.happening();
        let stamps = event.stamps();
        let expires_at = about.and_then(|about| match &about.body {
            Body::Signal { signal, .. } => Some(signal.expires_at.as_micros()),
            Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_) => None,
        });
        Self {
            seq: event.seq.get(),
            kind: event.label(),
            id: format!("{}-{}", event.epoch, event.seq),
            signal: about.map(|about| about.signal.to_string()),
            channel: about.map(|about| about.channel.to_string()),
            symbol: about.map(|about| about.instrument.pair.to_string()),
            origin: about.map(|about| about.origin.label()),
            expires_at,
            at: StampsOut {
                posted: stamps.posted.map(domain::time::Timestamp::as_micros),
                received: stamps.received.as_micros(),
                scored: stamps.scored.map(domain::time::Timestamp::as_micros),
                stored: stamps.stored.as_micros(),
            },
            data: match &event.told {
                Told::Happening(about) => data(&about.body, view),
                Told::Seal(seal) => DataOut::Seal(Box::new(SealOut::from(seal))),
            },
        }
    }
}

fn data(body: &Body, view: View) -> DataOut {
    match body {
        Body::Signal { signal, score } => {
            let score = match view {
                View::Scored => score.as_ref(),
                View::Plain => None,
            };
            DataOut::Signal(Box::new(IdeaOut::of(signal, score)))
        }
        Body::Instruction { order, post } => DataOut::Instruction(InstructionOut {
            order: OrderOut::of(order),
            post: post.to_string(),
        }),
        Body::Revision { action, post } => DataOut::Revision(PostRevisedOut {
            action: match action {
                Action::Deleted => "deleted",
                Action::Original | Action::Edited | Action::Forwarded => "edited",
            },
            post: post.to_string(),
        }),
        Body::Progress(change) => match &change.what {
            What::Judged(outcome) => DataOut::Outcome(Box::new(OutcomeOut::of(outcome))),
            What::Filled { .. }
            | What::Target { .. }
            | What::StopMoved { .. }
            | What::Retargeted
            | What::EntryMoved { .. }
            | What::Reduced { .. }
            | What::Ignored { .. }
            | What::Ended { .. } => DataOut::Progress(ProgressOut::of(change)),
        },
    }
}

impl IdeaOut {
    pub(super) fn of(signal: &Signal, score: Option<&Score>) -> Self {
        Self {
            post: signal.post.to_string(),
            judged_on: signal.instrument.to_string(),
            market: signal.instrument.kind.label(),
            substituted: signal.substituted,
            side: signal.side.label(),
            entry: EntryOut::of(&signal.entry),
            targets: signal.targets.iter().map(TargetOut::of).collect(),
            stop: signal.stop.map(text),
            leverage: signal.leverage.map(number),
            breakeven_after: signal.breakeven_after,
            held_at_most_s: signal.held_at_most.as_secs(),
            price_at_receipt: signal.price_at_receipt.map(text),
            score: score.map(ScoreOut::of),
        }
    }
}

impl EntryOut {
    pub(super) fn of(entry: &Entry) -> Self {
        let bounds = entry.bounds();
        let rungs = if let Entry::Ladder(ladder) = entry {
            let out = |rung: Rung| RungOut {
                price: text(rung.price),
                share: number(rung.share),
            };
            ladder.rungs().map(out).collect()
        } else {
            Vec::new()
        };
        Self {
            kind: entry.label(),
            low: bounds.map(|(low, _)| text(low)),
            high: bounds.map(|(_, high)| text(high)),
            rungs,
        }
    }
}

impl TargetOut {
    fn of(target: &Target) -> Self {
        Self {
            price: text(target.price),
            weight: target.weight.map(number),
        }
    }
}

impl ScoreOut {
    pub(crate) fn of(score: &Score) -> Self {
        Self {
            model: score.model.to_string(),
            targets: score.targets.clone(),
            expected_r: score.expected_r,
            skill: score.skill,
            moved: score.moved.iter().map(MovedOut::of).collect(),
        }
    }
}

impl MovedOut {
    fn of(moved: &Moved) -> Self {
        Self {
            feature: moved.feature.to_string(),
            by: moved.by,
        }
    }
}

impl OrderOut {
    /// An order as it was read.
    pub(super) fn of(order: &Order) -> Self {
        let (name, value, targets) = match order {
            Order::MoveStop(to) => ("move_stop", Some(text(*to)), Vec::new()),
            Order::Breakeven => ("breakeven", None, Vec::new()),
            Order::CloseShare(share) => ("close_share", Some(number(*share)), Vec::new()),
            Order::Close => ("close", None, Vec::new()),
            Order::Cancel => ("cancel", None, Vec::new()),
            Order::Retarget(targets) => (
                "retarget",
                None,
                targets.iter().copied().map(text).collect(),
            ),
            Order::MoveEntry { low, .. } => ("move_entry", Some(text(*low)), Vec::new()),
            Order::WithdrawStop => ("withdraw_stop", None, Vec::new()),
            Order::MoveTarget { k, price } => {
                ("move_target", Some(k.to_string()), vec![text(*price)])
            }
            Order::Reenter(price) => ("reenter", price.map(text), Vec::new()),
        };
        let high = if let Order::MoveEntry { high, .. } = order {
            Some(text(*high))
        } else {
            None
        };
        Self {
            order: name,
            value,
            high,
            targets,
        }
    }
}

impl ProgressOut {
    fn of(change: &Change) -> Self {
        let (what, price, share, why) = match &change.what {
            What::Filled { share, price } => ("filled", Some(*price), Some(*share), None),
            What::Target { share, price, .. } => ("target", Some(*price), Some(*share), None),
            What::StopMoved { to } => ("stop_moved", Some(*to), None, None),
            What::Retargeted => ("retargeted", None, None, None),
            What::EntryMoved { to } => ("entry_moved", Some(*to), None, None),
            What::Reduced { share, price } => ("reduced", Some(*price), Some(*share), None),
            What::Ignored { why } => ("ignored", None, None, Some(*why)),
            What::Ended { price } => ("ended", *price, None, None),
            What::Judged(_) => ("judged", None, None, None),
        };
        Self {
            what,
            state: change.state.label(),
            targets_hit: targets_hit(change),
            happened: change.at.as_micros(),
            price: price.map(text),
            share: share.map(number),
            why,
            decided_by: EvidenceOut::of(&change.evidence),
        }
    }
}

fn targets_hit(change: &Change) -> u8 {
    match (&change.what, change.state) {
        (What::Target { k, .. }, _) => *k,
        (_, State::Partial(k) | State::Ended(domain::lifecycle::Ending::StoppedAfterTarget(k))) => {
            k
        }
        (_, State::Pending | State::Active | State::Ended(_)) => 0,
    }
}

impl EvidenceOut {
    fn of(evidence: &Evidence) -> Self {
        match evidence {
            Evidence::Trade(trade) => Self::Trade {
                id: trade.id,
                at: trade.at.as_micros(),
                price: text(trade.price),
            },
            Evidence::Candle(candle) => Self::Candle {
                open_time: candle.open_time.as_micros(),
                span_s: candle.span.as_secs(),
                open: text(candle.open),
                high: text(candle.high),
                low: text(candle.low),
                close: text(candle.close),
            },
            Evidence::Time(at) => Self::Time { at: at.as_micros() },
            Evidence::Author(at) => Self::Author { at: at.as_micros() },
        }
    }
}

impl OutcomeOut {
    /// What came of a signal.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        Self {
            model: outcome.model,
            policy: outcome.policy,
            pessimistic: BoundOut::of(&outcome.pessimistic),
            optimistic: BoundOut::of(&outcome.optimistic),
            ambiguous: outcome.ambiguous,
            incomplete: outcome.incomplete,
            funding: "not counted",
        }
    }
}

impl BoundOut {
    fn of(result: &BoundResult) -> Self {
        Self {
            state: result.ending.label(),
            r: result.r.map(number),
            filled: number(result.filled),
            targets_hit: result.targets,
            entered_at: result.entered_at.map(domain::time::Timestamp::as_micros),
            ended_at: result.ended_at.as_micros(),
            held_s: result.held().map(|held| held.as_secs()),
            mfe: result.mfe.map(number),
            mae: result.mae.map(number),
        }
    }
}

pub(super) fn text(price: Price) -> String {
    price.to_string()
}

pub(super) fn number(number: Decimal) -> String {
    number.normalize().to_string()
}
