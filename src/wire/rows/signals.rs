//! The table of signals: what was read, and where it stands.

use domain::market::Price;
use domain::ports::store::SignalRecord;
use domain::reading::Entry;
use rust_decimal::Decimal;

use super::{Column, Get, SEPARATOR, whole};
use crate::wire::event::{number, text};

type Of = SignalRecord;

/// The columns.
pub static SIGNALS: &[Column<Of>] = &[
    Column::new("id", Get::Text(|of| Some(of.signal.id.to_string()))),
    Column::new("seq", Get::Whole(|of| whole(of.seq.get()))),
    Column::new(
        "channel",
        Get::Text(|of| Some(of.signal.channel.to_string())),
    ),
    Column::new("post", Get::Text(|of| Some(of.signal.post.to_string()))),
    Column::new("origin", Get::Text(|of| Some(of.signal.origin.to_string()))),
    Column::new(
        "symbol",
        Get::Text(|of| Some(of.signal.instrument.pair.to_string())),
    ),
    Column::new(
        "judged_on",
        Get::Text(|of| Some(of.signal.instrument.to_string())),
    ),
    Column::new(
        "market",
        Get::Text(|of| Some(of.signal.instrument.kind.to_string())),
    ),
    Column::new("substituted", Get::Flag(|of| Some(of.signal.substituted))),
    Column::new("side", Get::Text(|of| Some(of.signal.side.to_string()))),
    Column::new(
        "entry",
        Get::Text(|of| Some(of.signal.entry.label().to_owned())),
    ),
    Column::new(
        "entry_low",
        Get::Exact(|of| Some(of.signal.entry.bounds()?.0.get())),
    ),
    Column::new(
        "entry_high",
        Get::Exact(|of| Some(of.signal.entry.bounds()?.1.get())),
    ),
    Column::new("entry_rungs", Get::Text(rungs)),
    Column::new("targets", Get::Text(targets)),
    Column::new("target_weights", Get::Text(weights)),
    Column::new("stop", Get::Exact(|of| of.signal.stop.map(Price::get))),
    Column::new("leverage", Get::Exact(|of| of.signal.leverage)),
    Column::new(
        "breakeven_after",
        Get::Whole(|of| of.signal.breakeven_after.map(i64::from)),
    ),
    Column::new("posted", Get::Instant(|of| Some(of.signal.posted))),
    Column::new("received", Get::Instant(|of| Some(of.signal.received))),
    Column::new("expires_at", Get::Instant(|of| Some(of.signal.expires_at))),
    Column::new(
        "held_at_most_s",
        Get::Whole(|of| whole(of.signal.held_at_most.as_secs())),
    ),
    Column::new(
        "price_at_receipt",
        Get::Exact(|of| of.signal.price_at_receipt.map(Price::get)),
    ),
    Column::new(
        "score_model",
        Get::Text(|of| Some(of.score.as_ref()?.model.to_string())),
    ),
    Column::new(
        "score_first_target",
        Get::Real(|of| of.score.as_ref()?.first_target()),
    ),
    Column::new(
        "score_expected_r",
        Get::Real(|of| of.score.as_ref()?.expected_r),
    ),
    Column::new("score_skill", Get::Real(|of| of.score.as_ref()?.skill)),
    Column::new("ambiguous", Get::Flag(|of| Some(of.signal.ambiguous))),
    Column::new("state", Get::Text(|of| Some(of.state.label().to_owned()))),
    Column::new("edited", Get::Flag(|of| Some(of.edited))),
    Column::new("deleted", Get::Flag(|of| Some(of.deleted))),
    Column::new(
        "model",
        Get::Text(|of| Some(of.outcome.as_ref()?.model.to_owned())),
    ),
    Column::new("r", Get::Exact(|of| of.outcome.as_ref()?.pessimistic.r)),
    Column::new(
        "r_optimistic",
        Get::Exact(|of| of.outcome.as_ref()?.optimistic.r),
    ),
];

fn joined<T>(values: impl Iterator<Item = T>, written: impl Fn(T) -> String) -> Option<String> {
    let written: Vec<String> = values.map(written).collect();
    (!written.is_empty()).then(|| written.join(SEPARATOR))
}

/// `price@share` of each order of a ladder.
fn rungs(of: &Of) -> Option<String> {
    let Entry::Ladder(ladder) = &of.signal.entry else {
        return None;
    };
    joined(ladder.rungs(), |rung| {
        format!("{}@{}", text(rung.price), number(rung.share))
    })
}

fn targets(of: &Of) -> Option<String> {
    joined(of.signal.targets.iter(), |target| text(target.price))
}

/// The author's shares, where he gives any; one that he does not give is empty.
fn weights(of: &Of) -> Option<String> {
    let given = |weight: Option<Decimal>| weight.map(number).unwrap_or_default();
    let targets = of.signal.targets.iter();
    let some = targets.clone().any(|target| target.weight.is_some());
    let weights = joined(targets, |target| given(target.weight));
    weights.filter(|_| some)
}
