//! Endings: words that close a trade, take a part of it, or withdraw what waits.

use rust_decimal::Decimal;

use super::{MOST_CLAUSE, Speech, words};
use crate::parse::lexicon::Concept;
use crate::parse::number::Unit;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token;
use crate::reading::{Meaning, Order};

/// How far from its verb a share stands, in lexemes.
const SHARE_NEAR: usize = 3;

/// Who takes a part takes at least so many percent of it; 0.2 % is what something else rose.
const LEAST_SHARE: Decimal = Decimal::ONE;

/// The most unknown words, counted as words are, between a verb that ends and what it ends.
const MOST_BETWEEN: usize = 4;

impl Speech<'_> {
    pub(super) fn cancel(&self) -> Option<Meaning> {
        let dropped = || self.all_meant(&Concept::Drop).find(|at| self.drops(*at));
        // `the idea is invalid below 3000` withdraws nothing yet.
        let now = |at: &usize| !self.clause_has(*at, &[Concept::Below, Concept::Above]);
        let cancelled = self.all_meant(&Concept::Cancel).find(now);
        let at = cancelled.or_else(dropped)?;
        if self.has(&Concept::Close) {
            return None;
        }
        let level = self.lexemes[self.clause(at)].iter().any(is_price);
        // `I cancel the 8.20 trim and let the position run`: the trade goes on.
        if level && self.has(&Concept::Hold) {
            return None;
        }
        // A target or a stop that is withdrawn leaves the trade as it is.
        let waiting =
            self.clause_has(at, &[Concept::Ticket, Concept::Limit]) || self.names_trade(at);
        if !waiting && self.clause_has(at, &[Concept::Target]) {
            // `remove the old TP 3358`: the others stand.
            if level || self.has(&Concept::Move) {
                return None;
            }
            return Some(Meaning::Updates(
                self.told(at, vec![Order::Retarget(Vec::new())]),
            ));
        }
        if !waiting && self.clause_has(at, &[Concept::Stop]) {
            return Some(Meaning::Updates(self.told(at, vec![Order::WithdrawStop])));
        }
        Some(Meaning::Cancels(self.told(at, vec![Order::Cancel])))
    }

    /// Does the clause of `at` name a trade, and no level before it? `Cancel the target, the trade goes on`.
    fn names_trade(&self, at: usize) -> bool {
        let clause = &self.lexemes[self.clause(at)];
        let levels = [Concept::Target, Concept::Stop];
        clause
            .iter()
            .take_while(|lexeme| !levels.iter().any(|level| lexeme.is(level)))
            .any(|lexeme| lexeme.is(&Concept::Trade))
    }

    /// Does the verb at `at` remove something that can be withdrawn?
    fn drops(&self, at: usize) -> bool {
        let clause = &self.lexemes[self.clause(at)];
        let thing = [
            Concept::Ticket,
            Concept::Limit,
            Concept::Entry,
            Concept::Target,
            Concept::Stop,
            Concept::Breakout,
            Concept::Trade,
        ];
        words(clause) <= MOST_CLAUSE
            && clause
                .iter()
                .any(|lexeme| thing.iter().any(|concept| lexeme.is(concept)))
    }

    pub(super) fn close(&self) -> Option<usize> {
        self.taken_whole()
            .or_else(|| self.close_word())
            .or_else(|| self.quit())
    }

    /// `多止盈` with no price near it: the profit of the long is taken.
    fn taken_whole(&self) -> Option<usize> {
        let fields = &self.fields;
        let levels = fields.targets.len() + fields.stops.len() + fields.entry.len();
        let pair = |two: &[Lexeme]| {
            two[0].side().is_some()
                && two[0].text.chars().count() == 1
                && two[1].glued
                && two[1].is(&Concept::Target)
                && two[1].text.chars().all(token::is_han)
        };
        let at = self.lexemes.windows(2).position(pair)? + 1;
        (levels == 0 && !self.refused(at) && !self.line_has(at, &[Concept::Hit, Concept::Half]))
            .then_some(at)
    }

    /// `close SOL long now`, `ETH pozisyonunu kapatın`: a verb, what it ends beside it, and little else.
    fn quit(&self) -> Option<usize> {
        self.all_meant(&Concept::Quit).find(|at| {
            let clause = self.clause(*at);
            let (before, after) = (
                &self.lexemes[clause.start..*at],
                &self.lexemes[at + 1..clause.end.max(at + 1)],
            );
            let level = [
                Concept::Talk,
                Concept::Below,
                Concept::Above,
                Concept::Hit,
                Concept::Half,
                Concept::Stop,
                Concept::Target,
                Concept::Ticket,
                Concept::Limit,
            ];
            let closes_itself = self.is_market(*at, before, after);
            !self.clause_has(*at, &level)
                && !closes_itself
                && !self.planned(*at)
                && self.ends_thing(before, after)
        })
    }

    /// `BTC closed the day green`, `BTC closed at 61200`: a market closes, too.
    fn is_market(&self, at: usize, before: &[Lexeme], after: &[Lexeme]) -> bool {
        let word = self.lexemes[at].text.to_ascii_lowercase();
        let clause = &self.lexemes[self.clause(at)];
        let own = |lexeme: &Lexeme| {
            lexeme.side().is_some()
                || [Concept::Trade, Concept::Breakeven, Concept::Cost]
                    .iter()
                    .any(|is| lexeme.is(is))
        };
        let time = |lexeme: &Lexeme| {
            matches!(&lexeme.what, What::Is(Concept::Span(_)) | What::Word)
                && matches!(
                    lexeme.text.to_ascii_lowercase().as_str(),
                    "day" | "week" | "month" | "candle"
                )
        };
        let closes = word.starts_with("clos");
        let priced = closes && clause.iter().any(is_price) && !clause.iter().any(own);
        // `BTC exits the channel`: what stands before the verb may be what does it.
        let subject = before.iter().any(|lexeme| lexeme.mention().is_some())
            && !clause.iter().any(own)
            && words(after) > MOST_BETWEEN / 2;
        let may_be = ["close", "closed", "closing", "exit", "exiting"];
        may_be.contains(&word.as_str()) && (priced || subject || clause.iter().any(time))
    }

    fn close_word(&self) -> Option<usize> {
        self.meant(&Concept::Close).filter(|at| {
            let line = self.lexemes[*at].line;
            let waits = self.lexemes[..*at]
                .iter()
                .rev()
                .take_while(|lexeme| lexeme.line == line)
                .any(|lexeme| lexeme.is(&Concept::Below) || lexeme.is(&Concept::Above));
            !waits && !self.planned(*at) && !self.line_has(*at, &[Concept::Hit, Concept::Half])
        })
    }

    /// `second target 85400, all out there` is a plan: a target's price or number stands before the
    /// word, and nothing says that it was reached.
    pub(super) fn planned(&self, at: usize) -> bool {
        let line = self.lexemes[at].line;
        let mut numbered = false;
        for lexeme in self.lexemes[..at].iter().rev() {
            if lexeme.line != line || lexeme.what == What::Tick || lexeme.is(&Concept::Hit) {
                return false;
            }
            numbered |= matches!(lexeme.what, What::Index(_)) || is_price(lexeme);
            if numbered && lexeme.is(&Concept::Target) {
                return true;
            }
        }
        false
    }

    /// `close 50 %`, `止盈一半`, `%30 kâr alın`: where, and which share.
    pub(super) fn share(&self) -> Option<(usize, Decimal)> {
        self.lexemes.iter().enumerate().find_map(|(at, lexeme)| {
            let chinese = lexeme.text.chars().all(token::is_han);
            let label = lexeme.is(&Concept::Target) && (chinese || self.secured());
            let ends = lexeme.is(&Concept::Close) || lexeme.is(&Concept::Quit);
            // `sell 30 %` of what was bought.
            let acts = lexeme.is(&Concept::Take) || lexeme.is(&Concept::Out) || ends || label;
            if !acts || self.refused(at) || self.planned(at) || self.reached(at) {
                return None;
            }
            let line = lexeme.line;
            let behind = self.lexemes[at + 1..]
                .iter()
                .enumerate()
                .take(SHARE_NEAR)
                // What stands behind a price happens there.
                .take_while(|(_, next)| next.line == line && !is_price(next))
                .find_map(|(far, next)| Some((at + 1 + far, share_of(next)?)));
            let clause = self.clause(at);
            // Where the verb comes last, the share stands before it.
            let before = self.lexemes[clause.start..at]
                .iter()
                .enumerate()
                .rev()
                .take(SHARE_NEAR)
                .find_map(|(far, next)| Some((clause.start + far, share_of(next)?)));
            let (place, share) = behind.or(before)?;
            let took = lexeme.is(&Concept::Take) && !ends;
            let beside = place == at + 1;
            (beside || !self.earned(place, ends, took)).then_some((at, share))
        })
    }

    /// Does it move the stop to the entry and name no price, so that `TP 50 %` is the other half of it?
    fn secured(&self) -> bool {
        let fields = &self.fields;
        let priced = fields.targets.len() + fields.stops.len() + fields.soft.len() > 0;
        !priced && self.breakeven(true).is_some()
    }

    /// Does a verb end what stands around it in its clause, and is little else said?
    fn ends_thing(&self, before: &[Lexeme], after: &[Lexeme]) -> bool {
        let thing = |lexeme: &Lexeme| {
            let named = lexeme.side().is_some() || lexeme.mention().is_some();
            let noun = [Concept::Trade, Concept::All, Concept::Market];
            named || noun.iter().any(|is| lexeme.is(is)) || self.is_shouted(lexeme)
        };
        let quiet = |lexemes: &[Lexeme]| words(lexemes) <= MOST_BETWEEN;
        if let Some(first) = after.iter().position(thing) {
            return words(&after[..first]) <= MOST_BETWEEN / 2
                && quiet(before)
                && words(after) <= MOST_CLAUSE;
        }
        if let Some(last) = before.iter().rposition(thing) {
            return quiet(&before[last + 1..])
                && quiet(&before[..last])
                && words(after) <= MOST_CLAUSE;
        }
        words(before) + words(after) == 0
    }

    /// Is the percentage at `at` what was earned: `closed with +30 %`, `closed, 30 % profit`?
    fn earned(&self, at: usize, ends: bool, took: bool) -> bool {
        let percent = matches!(self.lexemes[at].what, What::Number(_));
        let near = |at: usize, sign: &[char]| {
            self.lexemes
                .get(at)
                .is_some_and(|lexeme| matches!(lexeme.what, What::Sign(c) if sign.contains(&c)))
        };
        let signed = at
            .checked_sub(1)
            .is_some_and(|before| near(before, &['+', '-', '=']) && !self.dashed(before));
        let result =
            |lexeme: Option<&Lexeme>| lexeme.is_some_and(|lexeme| lexeme.is(&Concept::Result));
        let before = at.checked_sub(1).and_then(|at| self.lexemes.get(at));
        percent && (signed || !took && result(before) || ends && result(self.lexemes.get(at + 1)))
    }

    /// Does the dash at `at` stand between words: `TP1 - 50 %`?
    fn dashed(&self, at: usize) -> bool {
        self.lexemes[at].what == What::Sign('-')
            && self.lexemes.get(at + 1).is_some_and(|next| !next.glued)
    }
}

/// A number that may be a price.
pub(super) fn is_price(lexeme: &Lexeme) -> bool {
    matches!(&lexeme.what, What::Number(number) if number.unit == Unit::None)
}

/// `1/3`, as a part of a whole.
fn fraction(written: &str) -> Option<Decimal> {
    let (some, parts) = written.split_once('/')?;
    let (some, parts): (u8, u8) = (some.trim().parse().ok()?, parts.trim().parse().ok()?);
    (some > 0 && some < parts && parts <= 10).then(|| {
        (Decimal::from(some) / Decimal::from(parts))
            .round_dp(4)
            .normalize()
    })
}

/// The share that a lexeme names.
fn share_of(lexeme: &Lexeme) -> Option<Decimal> {
    if lexeme.is(&Concept::Half) {
        return Some(Decimal::new(5, 1));
    }
    if lexeme.is(&Concept::All) {
        return Some(Decimal::ONE);
    }
    if let What::Is(Concept::Share(percent)) = &lexeme.what {
        return Some(Decimal::from(*percent) / Decimal::ONE_HUNDRED);
    }
    let number = lexeme.number()?;
    if number.unit == Unit::Percent {
        number
            .value
            .filter(|value| *value >= LEAST_SHARE && *value <= Decimal::ONE_HUNDRED)
            .map(|value| (value / Decimal::ONE_HUNDRED).normalize())
    } else {
        fraction(&number.written)
    }
}
