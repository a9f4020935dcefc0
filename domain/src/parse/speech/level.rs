//! Levels: words that move a stop, a target or an entry, and those that go in once more.

use super::{MOST_CLAUSE, Speech, words};
use crate::market::Price;
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::reading::{MAX_TARGETS, Meaning, Order};
use rust_decimal::Decimal;

/// The most unknown words of a text that moves a level: `the next target is …` in a sentence about
/// the market moves none.
const MOST_LEVEL_WORDS: usize = 12;

/// How far from the stop the place stands to which it is moved, in lexemes.
const PLACE_NEAR: usize = 6;

/// What leads from an old price to a new one.
const ARROWS: [char; 6] = ['→', '➜', '➡', '⇒', '➔', '⟶'];

impl Speech<'_> {
    /// `re-enter BTC`, `back in at the same levels`. With a price of its own nobody knows which of the
    /// published levels still hold.
    pub(super) fn reentry(&self) -> Option<Meaning> {
        let at = self.meant(&Concept::Reenter)?;
        let clause = &self.lexemes[self.clause(at)];
        if words(clause) > MOST_CLAUSE {
            return None;
        }
        // `+30 pips ✅ since the re-entry` reports.
        let reports = self.all.iter().any(|lexeme| {
            lexeme.what == What::Tick
                || matches!(&lexeme.what, What::Number(number) if number.unit != Unit::None)
        });
        if reports {
            return None;
        }
        let priced = !(self.fields.stops.is_empty() && self.fields.targets.is_empty());
        let mut prices = clause.iter().filter_map(Lexeme::number);
        let price = match (prices.next(), prices.next()) {
            (None, _) => None,
            (Some(number), None) if number.unit == Unit::None && !priced => {
                Some(Price::new(number.value?).ok()?)
            }
            _ => {
                return Some(Meaning::Quarantined {
                    drafts: Vec::new(),
                    reason: "it goes in once more at other levels, and not all of them are said"
                        .into(),
                });
            }
        };
        Some(Meaning::Updates(self.told(at, vec![Order::Reenter(price)])))
    }

    /// `move the entry to 459-468`, `limit moved to 1.2`: where it says so, and what it orders.
    pub(super) fn entry(&self) -> Option<(usize, Order)> {
        let fields = &self.fields;
        let prices = match (fields.entry.as_slice(), fields.soft.as_slice()) {
            ([], soft @ [_]) if fields.limit => soft,
            (entry @ ([_] | [_, _]), _) => entry,
            _ => return None,
        };
        let clear = fields.moving && fields.unreadable.is_none() && !fields.reached;
        let at =
            (self.meant(&Concept::Move)).filter(|_| clear && self.words() <= MOST_LEVEL_WORDS)?;
        // `set up entry 1` counts.
        let counts = |price: &Decimal| price.is_integer() && *price < Decimal::from(MAX_TARGETS);
        let alone = fields.stops.is_empty() && fields.targets.is_empty();
        if alone && prices.iter().all(counts) {
            return None;
        }
        let low = Price::new(*prices.iter().min()?).ok()?;
        let high = Price::new(*prices.iter().max()?).ok()?;
        Some((at, Order::MoveEntry { low, high }))
    }

    /// Where a part is taken, the word for it is none that ends the trade.
    pub(super) fn breakeven(&self, part: bool) -> Option<usize> {
        let named = self.meant(&Concept::Breakeven).filter(|at| {
            let ends = !part && self.line_has(*at, &[Concept::Close]) || self.planned(*at);
            !self.reached(*at) && !ends && !self.line_has(*at, &[Concept::Talk])
        });
        let cost = || {
            self.meant(&Concept::Cost).filter(|at| {
                self.line_has(*at, &[Concept::Stop]) && self.line_has(*at, &[Concept::Move])
            })
        };
        named.or_else(cost).or_else(|| self.stop_to_entry())
    }

    /// `SL -> BE`, `den Stop auf Einstieg ziehen`: a stop, and behind it the place where one is in.
    fn stop_to_entry(&self) -> Option<usize> {
        self.all_meant(&Concept::Stop).find(|at| {
            let clause = self.clause(*at);
            let all = &self.lexemes[clause.clone()];
            let moves = all.iter().any(|lexeme| lexeme.is(&Concept::Move));
            let behind = &self.lexemes[at + 1..clause.end.max(at + 1)];
            let Some(far) = behind.iter().take(PLACE_NEAR).position(is_place) else {
                return false;
            };
            let between = &behind[..far];
            let clear = !between.iter().any(|lexeme| {
                matches!(
                    lexeme.what,
                    What::Number(_) | What::Index(_) | What::Sign(':')
                ) || lexeme.is(&Concept::Target)
                    || lexeme.is(&Concept::Hit)
            });
            let priced = !moves
                && (behind.get(far + 1)).is_some_and(|next| matches!(next.what, What::Number(_)));
            clear
                && !priced
                && (moves || !between.is_empty() || !behind[far].is(&Concept::Entry))
                && !self.reached(*at)
                && words(all) <= MOST_CLAUSE
        })
    }

    pub(super) fn stop(&self) -> Option<(usize, Price)> {
        let stop = match self.fields.stops.as_slice() {
            [stop] => *stop,
            [_, _] => self.led_to()?,
            _ => return None,
        };
        let at = self.meant(&Concept::Stop)?;
        // `short stopped (103900), loss 1.6 %` reports where the stop was.
        let report = !self.fields.moving
            && self.all.iter().any(|lexeme| lexeme.is(&Concept::Result))
            && self.percent().or_else(|| self.percent_of_all()).is_some();
        let told = !self.line_has(at, &[Concept::Close])
            && !report
            && !self.reached(at)
            && self.words() <= MOST_LEVEL_WORDS;
        Price::new(stop)
            .ok()
            .filter(|_| told)
            .map(|stop| (at, stop))
    }

    /// `stop 1.842 → 1.781`: where an arrow leads from one price of the stop to the other.
    pub(super) fn led_to(&self) -> Option<Decimal> {
        let [old, new] = self.fields.stops.as_slice() else {
            return None;
        };
        let price = |lexeme: &Lexeme| lexeme.number()?.value;
        let drawn = |two: &[Lexeme]| {
            let arrow = two[1].mark.is_some_and(|mark| ARROWS.contains(&mark));
            arrow && price(&two[0]) == Some(*old) && price(&two[1]) == Some(*new)
        };
        let typed = |four: &[Lexeme]| {
            let shaft = matches!(four[1].what, What::Sign('-' | '='));
            let arrow = shaft && four[2].what == What::Sign('>');
            arrow && price(&four[0]) == Some(*old) && price(&four[3]) == Some(*new)
        };
        let led = self.lexemes.windows(2).any(drawn) || self.lexemes.windows(4).any(typed);
        led.then_some(*new)
    }

    /// New targets, or one of them by its number: `move TP3 to 2417`.
    pub(super) fn targets(&self) -> Option<(usize, Order)> {
        let at = self.meant(&Concept::Target)?;
        // `目标` is where a market goes in talk about it, `止盈` only where a trade does; and whole
        // numbers like the 2 of `full target 2` may count the targets.
        let talk = self.lexemes[at].text.contains('目') && !self.fields.moving;
        let counts = self
            .fields
            .targets
            .iter()
            .all(|goal| goal.price.is_integer() && goal.price < Decimal::from(MAX_TARGETS));
        if talk || counts {
            return None;
        }
        let told = !self.line_has(at, &[Concept::Hit, Concept::Close])
            && !self.fields.reached
            && self.words() <= MOST_LEVEL_WORDS
            && !self.fields.targets.is_empty()
            && self.fields.unreadable.is_none();
        let prices: Vec<Price> = self
            .fields
            .targets
            .iter()
            .filter_map(|goal| Price::new(goal.price).ok())
            .collect();
        let number = self.lexemes.get(at + 1).map(|next| &next.what);
        let targets = match (prices.as_slice(), number) {
            // Without a verb it may be a list that goes on elsewhere.
            ([price], Some(What::Index(k))) if self.fields.moving => Order::MoveTarget {
                k: *k,
                price: *price,
            },
            ([_], Some(What::Index(_))) => return None,
            _ => Order::Retarget(prices),
        };
        told.then_some((at, targets))
    }

    /// Does it speak of a trade that begins, though it gives no entry?
    pub(super) fn opens(&self) -> bool {
        let pair = !self.pairs().is_empty();
        let bought = self.lexemes.iter().any(|lexeme| {
            (lexeme.is(&Concept::Long) || lexeme.is(&Concept::Short)) && lexeme.text.is_ascii()
        });
        self.fields.entry_label
            || pair && (bought || self.fields.near && !self.fields.soft.is_empty())
    }
}

/// Is it the price at which one is in? `BE` is a word of English in small letters.
fn is_place(lexeme: &Lexeme) -> bool {
    let place = [Concept::Entry, Concept::Cost, Concept::Breakeven];
    place.iter().any(|concept| lexeme.is(concept))
        || lexeme.what == What::Word && matches!(lexeme.text.as_str(), "BE" | "Be")
}
