//! An audit: what a signal earned, reckoned anew from what was told of it and from nothing else.
//!
//! Each part that was entered or left is told with its share, its price and the trade or candle that
//! decided it. Share times price, less fees, over the published risk is R: whoever has the events can
//! check the outcome without a market. Only the pessimistic bound is told step by step, so only it can
//! be reckoned.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Change, Evidence, Outcome, State, What};
use crate::execution::{Costs, ExecutionModel, GettingIn};
use crate::market::{Price, Side};
use crate::reading::Entry;
use crate::signal::Signal;
use crate::time::Timestamp;

/// How far two reckonings of R may lie apart: the last place of each is rounded.
const ROUNDING: Decimal = Decimal::from_parts(2, 0, 0, false, 6);

/// What was told does not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: reckoned {reckoned}, told {told}")]
pub struct Doubt {
    /// What of it.
    pub what: &'static str,
    /// What the events give.
    pub reckoned: String,
    /// What was told.
    pub told: String,
}

fn doubt(what: &'static str, reckoned: impl fmt::Debug, told: impl fmt::Debug) -> Doubt {
    Doubt {
        what,
        reckoned: format!("{reckoned:?}"),
        told: format!("{told:?}"),
    }
}

/// A part that was entered.
struct Fill {
    at: Timestamp,
    share: Decimal,
    price: Price,
    first_price: Option<Price>,
}

/// The rules by which an outcome may have come about that does not tell: the newest of them last.
const UNTOLD: [u32; 2] = [1, 2];

/// Why an outcome cannot be reckoned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// What was told does not add up.
    #[error(transparent)]
    Doubt(#[from] Doubt),
    /// Nothing is wrong with it that could be told here.
    #[error("this program does not know rules {0}")]
    Rules(u32),
}

/// Reckons what the changes of a signal come to, in their order and by the rules that the outcome
/// tells, and compares it with the outcome.
///
/// # Errors
///
/// [`Unsound`]: the first thing that does not add up, or rules that are not known.
pub fn audit(
    signal: &Signal,
    model: &ExecutionModel,
    changes: &[Change],
    outcome: &Outcome,
) -> Result<(), Unsound> {
    let instrument = &signal.instrument;
    let untold = outcome.policy.is_none().then_some(UNTOLD);
    let rules = untold.into_iter().flatten().chain(outcome.policy);
    let mut doubt = None;
    for rules in rules {
        let costs = Costs::by(rules, instrument).ok_or(Unsound::Rules(rules))?;
        let costs = model.own.unwrap_or(costs);
        match reckon(signal, model, costs, changes, outcome) {
            Ok(()) => return Ok(()),
            Err(this) => doubt = Some(this),
        }
    }
    doubt.map_or(Ok(()), |doubt| Err(doubt.into()))
}

fn reckon(
    signal: &Signal,
    model: &ExecutionModel,
    costs: Costs,
    changes: &[Change],
    outcome: &Outcome,
) -> Result<(), Doubt> {
    let mut books = Books {
        side: signal.side,
        costs,
        fills: Vec::new(),
        open: Decimal::ZERO,
        received: Decimal::ZERO,
        targets: 0,
        ended: None,
    };
    for change in changes {
        books.enter(change)?;
    }
    let told = &outcome.pessimistic;
    let Some((State::Ended(ending), ended_at)) = books.ended else {
        return Err(doubt("its end", books.ended, told.ending));
    };
    let filled: Decimal = books.fills.iter().map(|fill| fill.share).sum();
    let entered_at = books.fills.first().map(|fill| fill.at);
    same("its ending", ending, told.ending)?;
    same("when it ended", ended_at, told.ended_at)?;
    same("when it was entered", entered_at, told.entered_at)?;
    same("the share that was entered", filled, told.filled)?;
    same("its targets", books.targets, told.targets)?;
    let reckoned = books.in_r(signal, model);
    let near = reckoned.iter().any(|r| match (r, told.r) {
        (Some(r), Some(told)) => (r - told).abs() <= ROUNDING,
        (r, told) => *r == told,
    });
    if near {
        Ok(())
    } else {
        let said = |r: Option<Decimal>| r.map_or_else(|| "none".to_owned(), |r| r.to_string());
        Err(Doubt {
            what: "R",
            reckoned: said(reckoned.first().copied().flatten()),
            told: said(told.r),
        })
    }
}

fn same<T: PartialEq + fmt::Debug>(what: &'static str, reckoned: T, told: T) -> Result<(), Doubt> {
    if reckoned == told {
        Ok(())
    } else {
        Err(doubt(what, reckoned, told))
    }
}

/// What was paid and received so far.
struct Books {
    side: Side,
    costs: Costs,
    fills: Vec<Fill>,
    /// The share that is open.
    open: Decimal,
    /// Money from exits, fees paid.
    received: Decimal,
    targets: u8,
    /// How and when it ended.
    ended: Option<(State, Timestamp)>,
}

impl Books {
    fn enter(&mut self, change: &Change) -> Result<(), Doubt> {
        if let Some(ended) = self.ended
            && !matches!(change.what, What::Judged(_) | What::Ignored { .. })
        {
            return Err(doubt("something after its end", ended, &change.what));
        }
        match &change.what {
            What::Filled { share, price } => {
                self.supported(change, *price, true)?;
                self.open += share;
                self.fills.push(Fill {
                    at: change.at,
                    share: *share,
                    price: *price,
                    first_price: first_price(&change.evidence),
                });
            }
            What::Target { share, price, .. } => {
                self.targets = self.targets.saturating_add(1);
                self.leave(change, *share, *price, self.costs.maker)?;
            }
            What::Reduced { share, price } => {
                self.leave(change, *share, *price, self.costs.taker)?;
            }
            What::Ended { price } => {
                if let Some(price) = price {
                    self.leave(change, self.open, *price, self.costs.taker)?;
                }
                self.ended = Some((change.state, change.at));
            }
            What::StopMoved { .. }
            | What::Retargeted
            | What::EntryMoved { .. }
            | What::Ignored { .. }
            | What::Judged(_) => {}
        }
        Ok(())
    }

    fn leave(
        &mut self,
        change: &Change,
        share: Decimal,
        price: Price,
        fee: Decimal,
    ) -> Result<(), Doubt> {
        self.supported(change, price, false)?;
        if share > self.open {
            return Err(doubt("a share that was not open", self.open, share));
        }
        self.open -= share;
        self.received += share * price.get() * (self.side.sign() - fee);
        Ok(())
    }

    /// Nobody gets a better price than what decided it.
    fn supported(&self, change: &Change, price: Price, getting_in: bool) -> Result<(), Doubt> {
        let (low, high) = match &change.evidence {
            Evidence::Trade(trade) => (trade.price, trade.price),
            Evidence::Candle(candle) => (candle.low, candle.high),
            // The last price before has to do, and it is not told.
            Evidence::Time(_) | Evidence::Author(_) => return Ok(()),
        };
        let cheap_is_good = getting_in == (self.side == Side::Long);
        let fair = if cheap_is_good {
            price >= low
        } else {
            price <= high
        };
        if fair {
            Ok(())
        } else {
            Err(doubt(
                "a price better than what decided it",
                (low, high),
                price,
            ))
        }
    }

    /// R by each way of reading the fees that the events leave open: a limit order that was better than
    /// the market when it was placed took what was there, and paid for that.
    fn in_r(&self, signal: &Signal, model: &ExecutionModel) -> Vec<Option<Decimal>> {
        let Some(first) = self.fills.first() else {
            return vec![None];
        };
        let published = signal.entry.published().or_else(|| {
            let market = first.first_price?;
            Some(match model.getting_in {
                GettingIn::AtMarket => market,
                GettingIn::AsPublished | GettingIn::FirstTouch => signal.entry.published_at(market),
            })
        });
        let risk = published
            .zip(signal.stop)
            .map(|(published, stop)| (published.get() - stop.get()).abs());
        let Some(risk) = risk else {
            return vec![None];
        };
        let resting = match (model.getting_in, &signal.entry) {
            (GettingIn::AtMarket, _) | (_, Entry::Market(_) | Entry::Breakout(_)) => 0,
            (_, Entry::Scaled { .. }) => self.fills.len() - 1,
            (_, Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_)) => self.fills.len(),
        };
        let at_market = self.fills.len() - resting;
        // The nearest limits come first, so those that took are the first of those that may have.
        let may = |fill: &&Fill| fill.at == first.at && self.took(fill);
        let most = self.fills[at_market..].iter().take_while(may).count();
        let paid = |takers: usize| -> Decimal {
            let parts = self.fills.iter().enumerate().map(|(nth, fill)| {
                let fee = if nth < at_market + takers {
                    self.costs.taker
                } else {
                    self.costs.maker
                };
                fill.share * fill.price.get() * (self.side.sign() + fee)
            });
            parts.sum()
        };
        let r = |takers| {
            let money = self.received - paid(takers);
            let r = money.checked_div(risk)?;
            Some(r.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven))
        };
        (0..=most).map(r).collect()
    }

    /// A limit that was beyond the first price: whether it was placed then is not told.
    fn took(&self, fill: &Fill) -> bool {
        fill.first_price.is_some_and(|first| match self.side {
            Side::Long => fill.price >= first,
            Side::Short => fill.price <= first,
        })
    }
}

fn first_price(evidence: &Evidence) -> Option<Price> {
    match evidence {
        Evidence::Trade(trade) => Some(trade.price),
        Evidence::Candle(candle) => Some(candle.open),
        Evidence::Time(_) | Evidence::Author(_) => None,
    }
}
