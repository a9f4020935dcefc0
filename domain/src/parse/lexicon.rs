//! The words of the trade: phrases in many languages, and the concepts that they name.
//!
//! The phrases are data, one file per language in `data/lexicon`; each line reads
//! `concept: phrase | phrase`. Adding a language is adding a file and its name to [`LANGUAGES`].

use std::collections::HashMap;
use std::sync::LazyLock;

use smol_str::SmolStr;

use super::token::{self, Kind};

/// What a phrase says, whatever its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concept {
    Long,
    Short,
    /// The label of an entry.
    Entry,
    /// In at once.
    Market,
    /// A resting order.
    Limit,
    /// About this price.
    Near,
    Above,
    Below,
    /// In when the price breaks through.
    Breakout,
    /// The label of a target.
    Target,
    /// The label of a stop.
    Stop,
    Leverage,
    /// Cross or isolated margin, futures, contracts.
    Perpetual,
    Spot,
    /// The label of the price at this moment.
    Price,
    /// The label of something whose numbers are no levels: a risk, an amount, a signal's number.
    Other,
    /// How long the plan is for. It is here so that `short term` is not short.
    Horizon,
    /// Words that change nothing between a label and its number.
    Filler,
    /// `to`, `and`: joins two numbers to a range.
    Joint,
    /// Move the stop to the entry.
    Breakeven,
    /// The price at which one is in, as a place for the stop.
    Cost,
    /// Move, set, change.
    Move,
    /// End the trade.
    Close,
    /// Take a part of it; it needs a share beside it.
    Take,
    Half,
    All,
    Cancel,
    /// Reached, triggered, done.
    Hit,
    /// Gained or lost, as a report.
    Result,
    Not,
    If,
    /// To be decided.
    Open,
    /// A unit that makes a number no price: hours, pips, points.
    Unit,
    /// A currency that leaves a number a price.
    Currency,
    /// `Trigger:` of a machine's trailing configuration.
    Trigger,
    /// Speech about the past or to the members, which orders nothing.
    Talk,
    Asset(SmolStr),
    Venue(SmolStr),
}

impl Concept {
    fn read(name: &str) -> Option<Self> {
        if let Some(asset) = name.strip_prefix("asset ") {
            return Some(Self::Asset(asset.trim().into()));
        }
        if let Some(venue) = name.strip_prefix("venue ") {
            return Some(Self::Venue(venue.trim().into()));
        }
        Some(match name {
            "long" => Self::Long,
            "short" => Self::Short,
            "entry" => Self::Entry,
            "market" => Self::Market,
            "limit" => Self::Limit,
            "near" => Self::Near,
            "above" => Self::Above,
            "below" => Self::Below,
            "breakout" => Self::Breakout,
            "target" => Self::Target,
            "stop" => Self::Stop,
            "leverage" => Self::Leverage,
            "perpetual" => Self::Perpetual,
            "spot" => Self::Spot,
            "price" => Self::Price,
            "other" => Self::Other,
            "horizon" => Self::Horizon,
            "filler" => Self::Filler,
            "joint" => Self::Joint,
            "breakeven" => Self::Breakeven,
            "cost" => Self::Cost,
            "move" => Self::Move,
            "close" => Self::Close,
            "take" => Self::Take,
            "half" => Self::Half,
            "all" => Self::All,
            "cancel" => Self::Cancel,
            "hit" => Self::Hit,
            "result" => Self::Result,
            "not" => Self::Not,
            "if" => Self::If,
            "open" => Self::Open,
            "unit" => Self::Unit,
            "currency" => Self::Currency,
            "trigger" => Self::Trigger,
            "talk" => Self::Talk,
            _ => return None,
        })
    }

    /// Opens a field: the numbers after it are this.
    pub(super) const fn is_label(&self) -> bool {
        matches!(
            self,
            Self::Entry | Self::Target | Self::Stop | Self::Leverage | Self::Price | Self::Other
        )
    }
}

/// The languages, and what is said in each.
const LANGUAGES: [(&str, &str); 7] = [
    ("common", include_str!("../../data/lexicon/common.txt")),
    ("en", include_str!("../../data/lexicon/en.txt")),
    ("es", include_str!("../../data/lexicon/es.txt")),
    ("pt", include_str!("../../data/lexicon/pt.txt")),
    ("ru", include_str!("../../data/lexicon/ru.txt")),
    ("tr", include_str!("../../data/lexicon/tr.txt")),
    ("zh", include_str!("../../data/lexicon/zh.txt")),
];

/// A phrase after its first word, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    pub(super) rest: Vec<SmolStr>,
    pub(super) concept: Concept,
}

/// All phrases, by their first word; the longest first.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: HashMap<SmolStr, Vec<Phrase>>,
}

static BUNDLED: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    for (language, text) in LANGUAGES {
        lexicon
            .extend(text)
            .unwrap_or_else(|line| panic!("the bundled lexicon {language} has a bad line: {line}"));
    }
    lexicon
});

impl Lexicon {
    pub(super) fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// Adds the lines of one language.
    fn extend(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = || line.to_owned();
            let (name, phrases) = line.split_once(':').ok_or_else(bad)?;
            let concept = Concept::read(name.trim()).ok_or_else(bad)?;
            for phrase in phrases.split('|') {
                let mut words = words(phrase).into_iter();
                let first = words.next().ok_or_else(bad)?;
                let known = self.phrases.entry(first).or_default();
                let rest: Vec<SmolStr> = words.collect();
                if known
                    .iter()
                    .any(|other| other.rest == rest && other.concept != concept)
                {
                    return Err(format!("{phrase} is said twice: {line}"));
                }
                known.push(Phrase {
                    rest,
                    concept: concept.clone(),
                });
                known.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
            }
        }
        Ok(())
    }

    /// The phrases that begin with a word, the longest first.
    pub(super) fn beginning_with(&self, word: &str) -> &[Phrase] {
        self.phrases.get(word).map_or(&[], Vec::as_slice)
    }

    /// Is a phrase begun by this word?
    pub(super) fn begins(&self, word: &str) -> bool {
        self.phrases.contains_key(word)
    }

    /// Is the word a whole phrase, and which?
    pub(super) fn word(&self, word: &str) -> Option<&Concept> {
        self.beginning_with(word)
            .last()
            .filter(|phrase| phrase.rest.is_empty())
            .map(|phrase| &phrase.concept)
    }
}

/// A phrase's words, cut as a text's are.
fn words(phrase: &str) -> Vec<SmolStr> {
    let plain = super::normalise::plain(phrase.trim());
    token::cut(&plain, &Lexicon::default())
        .into_iter()
        .filter_map(|token| match token.kind {
            Kind::Word { low, .. } => Some(low),
            Kind::Sign('-') => None,
            Kind::Sign(sign) => Some(SmolStr::new(sign.to_string())),
            Kind::Number(number) => Some(SmolStr::new(number.written)),
            Kind::Index(_) | Kind::Tick | Kind::Link | Kind::Break => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_line_names_a_concept() {
        for (language, text) in LANGUAGES {
            assert_eq!(Lexicon::default().extend(text), Ok(()), "{language}");
        }
    }

    #[test]
    fn no_two_languages_give_one_phrase_two_meanings() {
        let mut all = Lexicon::default();
        for (language, text) in LANGUAGES {
            assert_eq!(all.extend(text), Ok(()), "{language}");
        }
    }

    #[test]
    fn the_longest_phrase_comes_first() {
        let mut lexicon = Lexicon::default();
        lexicon.extend("target: take profit\ntake: take\n").unwrap();
        assert_eq!(lexicon.beginning_with("take")[0].concept, Concept::Target);
        assert_eq!(lexicon.word("take"), Some(&Concept::Take));
    }
}
