//! Open fields: the label that the numbers behind it stand under, and where it ends.

use super::Reader;
use super::label::GOALS;
use super::measure::charted;
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token;
use crate::reading::{Confidence, Field};

/// What a label says that its numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Entry,
    Soft,
    Target,
    Stop,
    Leverage,
    Price,
    Timeframe,
    Validity,
    Size,
    Risk,
    Other,
}

/// The field that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) name: Name,
    pub(super) numbers: usize,
    /// Its items carry list numbers, so a number without one is none of them.
    pub(super) indexed: bool,
    /// A line ended since; the next lexeme decides whether the field goes on.
    pub(super) broken: bool,
    /// Unknown words since the label.
    pub(super) words: usize,
    /// The list number of the target that is being read.
    pub(super) item: Option<u8>,
    /// The picture at the beginning of the lines on which it goes on.
    pub(super) bullet: Option<char>,
    /// `3560 and then the high at 3720`: a word says that another number follows.
    pub(super) joined: bool,
}

impl Open {
    pub(super) const fn new(name: Name) -> Self {
        Self {
            name,
            numbers: 0,
            indexed: false,
            broken: false,
            words: 0,
            item: None,
            bullet: None,
            joined: false,
        }
    }
}

/// The most unknown words between a label and its number: a label in a sentence is none.
const MOST_WORDS: usize = 12;

impl Reader {
    /// A pair or a side may be followed by its price without a label.
    pub(super) fn open_softly(&mut self) {
        match self.open {
            None => self.open = Some(Open::new(Name::Soft)),
            Some(open)
                if matches!(
                    open.name,
                    Name::Leverage
                        | Name::Price
                        | Name::Timeframe
                        | Name::Validity
                        | Name::Size
                        | Name::Risk
                        | Name::Other
                ) =>
            {
                self.open = Some(Open::new(Name::Soft));
            }
            Some(_) => {}
        }
    }

    /// Does the lexeme stand right behind a label, as in `TP set 1.29`?
    pub(super) fn lacks_its_number(&self) -> bool {
        self.open.is_some_and(|open| {
            let label = matches!(open.name, Name::Entry | Name::Target | Name::Stop);
            label && open.numbers == 0 && open.words == 0 && !open.broken
        })
    }

    /// A label's number does not stand behind a shout or a question.
    pub(super) fn close_label(&mut self) {
        if self.open.is_some_and(|open| open.numbers == 0) {
            self.open = None;
        }
    }

    pub(super) fn word(&mut self, text: &str) {
        // `SL → 0.1984 (BE)`.
        self.fields.later |= self.remark && text == "BE" && self.in_stop();
        if self.open.is_some_and(|open| open.name == Name::Timeframe)
            && let Some(span) = charted(text)
        {
            self.fields.timeframe = Some(span);
            self.found(Field::Timeframe, None, Confidence::Named);
            return;
        }
        // A Chinese character is a part of a word.
        let weight = if text.chars().all(token::is_han) {
            1
        } else {
            7
        };
        self.line.words += weight;
        self.sentence.words += weight;
        if let Some(open) = &mut self.open {
            open.words += 1;
            let prose = open.numbers > 0 && !(open.indexed && open.item.is_some() || open.joined);
            if prose || open.name == Name::Soft || open.words > MOST_WORDS {
                self.open = None;
            }
        }
    }
}

/// Does a field go on with the first lexeme of a later line?
pub(super) fn goes_on(open: Open, lexeme: &Lexeme) -> bool {
    // `Entry: 104-105` and under it `🎯 103`: a picture that did not head its other lines ends it.
    let other = lexeme.mark.is_some() && open.bullet != lexeme.mark;
    let goals = open.bullet.is_some_and(|mark| GOALS.contains(&mark));
    if other && open.numbers > 0 && (open.name != Name::Target || goals) {
        return false;
    }
    match &lexeme.what {
        // A list that begins under prices without list numbers is another field's.
        What::Index(1) if open.numbers > 0 && !open.indexed => open.name == Name::Target,
        What::Index(_) => open.name != Name::Soft,
        What::Number(_) => !(open.indexed && open.numbers > 0) || open.item.is_some(),
        What::Sign('-' | '*' | '.') => open.name != Name::Soft,
        // `Buy limit` and under it `@ 1.2470`.
        What::Sign('@') => open.numbers == 0,
        What::Is(Concept::Horizon) => open.name == Name::Target,
        // A tick before its price is the bullet of a list.
        What::Tick => open.name == Name::Target && !open.indexed,
        What::Is(concept) => {
            let leads = matches!(
                concept,
                Concept::Near
                    | Concept::Market
                    | Concept::Filler
                    | Concept::Trade
                    | Concept::Ticket
                    | Concept::Above
                    | Concept::Below
                    | Concept::Breakout
                    | Concept::Limit
            );
            leads && open.numbers == 0 && open.name != Name::Target
        }
        What::Pair(_) | What::Part | What::Word | What::Sign(_) | What::Link | What::Break => false,
    }
}
