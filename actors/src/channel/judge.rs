//! What becomes of a draft, decided without touching the world.

use std::sync::Arc;

use domain::ids::SignalId;
use domain::market::Price;
use domain::post::Post;
use domain::reading::{Draft, Instruction, Order};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use rust_decimal::Decimal;

use crate::floor::Found;

/// An entry so many times away from the market is a decimal slip.
const DECIMAL_SLIP: Decimal = Decimal::TEN;

/// Makes a draft a signal on the market that judges it, or says why it is held.
pub(crate) fn judge(
    post: &Post,
    nth: usize,
    draft: &Draft,
    found: &Found,
    ambiguous: bool,
) -> Result<Arc<Signal>, String> {
    if let (Some(entry), Some(last)) = (draft.entry.middle(), found.last) {
        let (high, low) = (entry.max(last).get(), entry.min(last).get());
        if high / low >= DECIMAL_SLIP {
            return Err(format!(
                "the entry {entry} is far from the market, which trades {} at {last}",
                found.instrument.pair
            ));
        }
    }
    Ok(Arc::new(Signal {
        id: SignalId::of(&post.channel, &post.key, nth),
        channel: post.channel.clone(),
        post: post.key.clone(),
        origin: post.origin,
        instrument: found.instrument.clone(),
        substituted: found.substituted,
        side: draft.side,
        entry: draft.entry,
        targets: draft.targets.clone(),
        stop: draft.stop,
        leverage: draft.leverage,
        breakeven_after: draft.breakeven_after,
        posted: post.posted,
        received: post.received,
        expires_at: post.received + draft.valid_for.unwrap_or(ENTRY_VALID_FOR),
        held_at_most: HELD_AT_MOST,
        price_at_receipt: found.last,
        ambiguous,
    }))
}

/// What an edit of a post orders about the signal that was read from it: new levels hold from the
/// edit's receipt forward. The entry stays as it was published.
pub(crate) fn amend(before: &Signal, after: &Draft) -> Vec<Order> {
    let mut orders = Vec::new();
    if let Some(stop) = after.stop
        && before.stop != Some(stop)
    {
        orders.push(Order::MoveStop(stop));
    }
    let prices = |targets: &[domain::reading::Target]| -> Vec<Price> {
        targets.iter().map(|target| target.price).collect()
    };
    let targets = prices(&after.targets);
    if !targets.is_empty() && targets != prices(&before.targets) {
        orders.push(Order::Retarget(targets));
    }
    orders
}

/// Which open trades an author's word means, or how many it could mean.
///
/// A reply names them; else pair and side; else it is the one that is open, if just one is.
pub(crate) fn meant<'a>(
    instruction: &Instruction,
    replied_to: &'a [Arc<Signal>],
    open: &'a [Arc<Signal>],
) -> Result<Vec<&'a Arc<Signal>>, usize> {
    let about = &instruction.about;
    let fits = |signal: &&Arc<Signal>| {
        let pair = about.pair.as_ref().is_none_or(|pair| {
            let on = &signal.instrument.pair;
            if about.quote_implied {
                pair.base() == on.base()
            } else {
                pair == on
            }
        });
        pair && about.side.is_none_or(|side| side == signal.side)
    };
    let named: Vec<_> = replied_to.iter().filter(fits).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let candidates: Vec<_> = open.iter().filter(fits).collect();
    match candidates.len() {
        1 => Ok(candidates),
        many if many > 1 && about.all => Ok(candidates),
        many => Err(many),
    }
}
