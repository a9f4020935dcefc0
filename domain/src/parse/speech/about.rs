//! About: which trades a later word means.

use super::Speech;
use super::order::is_level;
use crate::market::{Pair, Side};
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::symbol::Sureness;
use crate::reading::{About, Instruction, Order};

impl Speech<'_> {
    /// The orders, for each trade that they may be about.
    pub(super) fn told(&self, at: usize, orders: Vec<Order>) -> Vec<Instruction> {
        let mut pairs = self.pairs_for(at);
        let levels = orders.iter().any(is_level);
        // A price fits one pair only.
        if levels && pairs.len() > 1 {
            pairs.clear();
        }
        let pair_named = !pairs.is_empty();
        let about = |pair: Option<(Pair, bool)>| About {
            quote_implied: pair.as_ref().is_some_and(|(_, implied)| *implied),
            pair: pair.map(|(pair, _)| pair),
            side: self.side(at),
            // A price beside it is the price of one of them, and nobody says of which.
            all: self.all.iter().any(|lexeme| lexeme.is(&Concept::All))
                && (pair_named || !self.all.iter().any(|lexeme| lexeme.is(&Concept::Price))),
        };
        let abouts: Vec<About> = if pairs.is_empty() {
            vec![about(None)]
        } else {
            pairs.into_iter().map(|pair| about(Some(pair))).collect()
        };
        abouts
            .into_iter()
            .flat_map(|about| {
                orders.iter().map(move |order| Instruction {
                    about: about.clone(),
                    order: order.clone(),
                })
            })
            .collect()
    }

    /// The pairs that an order means: those of its clause or sentence, else those that were named
    /// last before it, else those that are named behind it.
    fn pairs_for(&self, at: usize) -> Vec<(Pair, bool)> {
        let mut clause = self.clause(at);
        // `ETH, BTC: close`: a list of pairs leads the clause of its last.
        while let Some(comma) = clause.start.checked_sub(1)
            && let Some(before) = comma.checked_sub(1)
            && matches!(self.lexemes[comma].what, What::Sign(',' | '，'))
            && matches!(self.lexemes[before].what, What::Pair(_))
        {
            let listed = |lexeme: &Lexeme| {
                matches!(
                    lexeme.what,
                    What::Pair(_) | What::Sign('#' | '$') | What::Is(Concept::Joint)
                )
            };
            clause.start = self.lexemes[..before]
                .iter()
                .rposition(|lexeme| !listed(lexeme))
                .map_or(0, |end| end + 1);
        }
        let named = self.pairs_in(&self.lexemes[clause]);
        if !named.is_empty() {
            return named;
        }
        let own = self.pairs_in(self.lexemes);
        if !own.is_empty() {
            return own;
        }
        let before = self.all[..self.from]
            .chunk_by(|a, b| a.line == b.line)
            .rev()
            .map(|line| self.pairs_in(line))
            .find(|pairs| !pairs.is_empty());
        before.unwrap_or_else(|| self.pairs())
    }

    /// The pairs that the whole text names, each once, and whether their quote is implied.
    pub(super) fn pairs(&self) -> Vec<(Pair, bool)> {
        self.pairs_in(self.all)
    }

    fn pairs_in(&self, lexemes: &[Lexeme]) -> Vec<(Pair, bool)> {
        let mut pairs: Vec<(Pair, bool)> = Vec::new();
        let mentions = lexemes.iter().filter_map(Lexeme::mention);
        for mention in mentions.filter(|mention| mention.sure > Sureness::Sided) {
            if let Some(pair) = mention.pair()
                && !pairs.iter().any(|(known, _)| known.base() == pair.base())
                && pairs.len() < usize::from(u8::MAX)
            {
                pairs.push((pair, mention.quote.is_none()));
            }
        }
        if pairs.is_empty() {
            pairs.extend(self.shouted(lexemes));
        }
        pairs
    }

    /// An asset that is also a word, written as a symbol among words that are not: `cancel the LINK
    /// order`. Where it is none after all, the word fits no open trade and moves nothing.
    fn shouted(&self, lexemes: &[Lexeme]) -> Option<(Pair, bool)> {
        let quiet = self.all.iter().any(|lexeme| {
            lexeme
                .text
                .chars()
                .any(|c| c.is_alphabetic() && !c.is_uppercase())
        });
        let named = lexemes.iter().find(|lexeme| self.is_shouted(lexeme))?;
        let pair = Pair::new(&named.text, "USDT").ok()?;
        quiet.then_some((pair, true))
    }

    pub(super) fn is_shouted(&self, lexeme: &Lexeme) -> bool {
        let text = lexeme.text.as_str();
        lexeme.what == What::Word
            && text.len() >= 3
            && text.bytes().all(|byte| byte.is_ascii_uppercase())
            && self.universe.is_base(text)
    }

    /// The side of the trade that an order names. `sell 30 %` is no short.
    fn side(&self, at: usize) -> Option<Side> {
        if self.lexemes[at].is(&Concept::Out) {
            return None;
        }
        self.side_before(at).or_else(|| self.side_after(at))
    }

    /// The side that an order names right behind it: `close all long positions`.
    fn side_after(&self, at: usize) -> Option<Side> {
        let line = self.lexemes[at].line;
        self.lexemes[at + 1..]
            .iter()
            .take(4)
            .take_while(|next| {
                next.line == line && !matches!(next.what, What::Word | What::Sign(_))
            })
            .find_map(Lexeme::side)
    }

    /// The side that is named before an order: what follows may be the next trade
    /// (`close, then go short`).
    fn side_before(&self, at: usize) -> Option<Side> {
        let before = &self.all[..self.from + at];
        let sides = |concept| before.iter().any(|lexeme| lexeme.is(&concept));
        match (sides(Concept::Long), sides(Concept::Short)) {
            (true, false) => Some(Side::Long),
            (false, true) => Some(Side::Short),
            _ => None,
        }
    }
}
