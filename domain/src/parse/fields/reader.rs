//! The reader: which label each word and number stands under.
//!
//! It goes through the lexemes once. Each one opens a field, stands in the one that is open or says
//! something of its line and sentence; what those have said is weighed where they end.

mod behind;
mod entry;
mod exit;
mod index;
mod label;
mod line;
mod loose;
mod measure;
mod open;
mod remark;
mod values;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use self::exit::number_follows;
use self::line::{Line, Sentence};
use self::loose::Clause;
use self::open::{Name, Open, goes_on};
use self::remark::{share_in_words, shares};
use super::{Fields, Found, Refusal};
use crate::parse::lexicon::Concept;
use crate::parse::phrase::{Lexeme, What};
use crate::parse::token::Place;
use crate::reading::{Confidence, Field};

/// The most unknown words of a label that nobody knows, where a Chinese character counts one and a
/// word of letters seven.
const MOST_LABEL_WORDS: usize = 21;

struct Reader {
    fields: Fields,
    open: Option<Open>,
    /// Numbers joined by dashes to the next one, which may say what they all are.
    chain: Vec<Decimal>,
    last_index: u8,
    line: Line,
    sentence: Sentence,
    /// After `Trigger:`: the next list number says when to move to the entry.
    trailing: bool,
    /// A side was short before the last one was named.
    shorted: bool,
    /// The sign right before the lexeme that is being taken.
    sign: Option<char>,
    /// A sign or a word joins the number before to the next one.
    linked: bool,
    /// That sign stands right behind the lexeme before it.
    tight: bool,
    /// The number that is being taken stands right behind what is before it.
    glued: bool,
    /// The last number under a label, as it is written.
    spelt: SmolStr,
    /// Where the lexeme stands that is being taken.
    here: Place,
    /// Inside parentheses.
    remark: bool,
    /// The picture before the lexeme that is being taken.
    bullet: Option<char>,
    /// The prices of the entry that follow are where is added.
    adding: bool,
    /// No number follows on the line.
    last: bool,
    /// The lexeme before says that it is entered at once.
    now: bool,
    clause: Clause,
    /// How many unknown words stand behind the last target, where nothing else does.
    behind_target: Option<usize>,
    /// How many lines have ended.
    lines: usize,
}

/// Reads the fields of one trade.
pub(in crate::parse) fn read(lexemes: &[Lexeme]) -> Fields {
    let mut reader = Reader {
        fields: Fields::default(),
        open: None,
        chain: Vec::new(),
        last_index: 0,
        line: Line::default(),
        sentence: Sentence::default(),
        trailing: false,
        shorted: false,
        sign: None,
        linked: false,
        tight: false,
        glued: false,
        spelt: SmolStr::default(),
        remark: false,
        bullet: None,
        adding: false,
        last: false,
        now: false,
        here: Place::default(),
        clause: Clause::default(),
        behind_target: None,
        lines: 0,
    };
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if lexeme.is(&Concept::Again) {
            reader.last = !number_follows(&lexemes[at + 1..]);
        }
        let rest = &lexemes[at + 1..];
        let behind = reader.label_behind(lexeme, rest);
        if !behind {
            reader.take(lexeme, lexemes.get(at + 1));
        }
        at += 1;
        if lexeme.what != What::Sign('(') {
            continue;
        }
        if let Some((number, length)) = share_in_words(&lexemes[at..]) {
            reader.take(number, None);
            at += length;
        } else if let Some((shares, length)) = shares(&lexemes[at..]) {
            reader.divide(&shares);
            at += length;
        }
    }
    reader.end_line();
    reader.fields.take_triggered();
    reader.fields.take_listed();
    reader.fields.take_sold();
    reader.fields
}

impl Reader {
    fn take(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
        self.here = lexeme.place;
        self.bullet = lexeme.mark;
        self.glued = lexeme.glued;
        self.plan(lexeme);
        let starts = self.line.bullet.is_none() && self.line.words == 0 && !self.line.number;
        if starts && !self.line.label {
            self.line.bullet = lexeme.mark;
        }
        if let Some(open) = &mut self.open
            && open.broken
            && lexeme.what != What::Break
        {
            if goes_on(*open, lexeme) {
                open.broken = matches!(lexeme.what, What::Sign(_) | What::Tick);
                open.bullet = open.bullet.or(lexeme.mark);
            } else {
                self.open = None;
            }
        }
        if let (Some(mark), What::Number(_) | What::Index(_)) = (lexeme.mark, &lexeme.what) {
            self.picture(mark);
        }
        self.hear(lexeme, next);
        match &lexeme.what {
            What::Break => self.end_line(),
            What::Is(concept) => self.concept(concept, next),
            What::Pair(mention) => {
                self.sentence.pair = true;
                self.sentence.named = true;
                if self.sentence.not {
                    self.sentence.doubted.get_or_insert(Refusal::Negated);
                } else if self.sentence.conditional {
                    self.sentence.doubted.get_or_insert(Refusal::Conditional);
                }
                self.fields.perpetual |= mention.perpetual;
                self.open_softly();
            }
            What::Number(number) => {
                self.condition_on(number);
                if !self.remark {
                    let short = self.line.words <= MOST_LABEL_WORDS;
                    let first = !self.line.number && self.line.words == 0;
                    self.line.field |= short && (self.line.colon || first);
                }
                self.number(number, next);
            }
            // `3er Hebel`: no list goes on with a leverage.
            What::Index(index) if next.is_some_and(|next| next.is(&Concept::Leverage)) => {
                self.lent((*index).into());
            }
            What::Index(index) => self.index(*index),
            What::Word => self.word(&lexeme.text),
            What::Tick => {
                self.line.hit |= (self.line.label || self.line.acts) && self.line.number;
                // `2) 2409 ✅`: a tick before its price is a bullet, and one behind it a report.
                let goal = self
                    .open
                    .is_some_and(|open| open.name == Name::Target && open.indexed);
                self.line.ticked |= goal && self.line.number;
            }
            What::Sign('?') => {
                self.asked();
                self.close_label();
                self.end_sentence();
            }
            // `Target 6 - to the moon!: 263`.
            What::Sign('!') if next.is_some_and(|next| next.what == What::Sign(':')) => {}
            What::Sign('!' | '。') => {
                self.close_label();
                self.end_sentence();
            }
            What::Sign('.' | ';') if next.is_none_or(|next| !next.glued) => self.end_sentence(),
            What::Sign(',' | '，') => {
                self.line.beyond = None;
                self.sentence.clause = false;
                self.sentence.named = false;
                self.sentence.aside = false;
            }
            What::Sign('+') if self.line.market && self.in_entry() => self.add(),
            What::Sign(':') => {
                self.line.colon = true;
                self.sentence.opens = next.is_none_or(|next| next.what == What::Break);
            }
            What::Sign('(') => self.remark = true,
            What::Sign(')') => self.remark = false,
            What::Sign(sign @ ('-' | '~' | '/')) => {
                self.now = false;
                self.linked = true;
                self.sign = Some(*sign);
                self.tight = lexeme.glued;
                return;
            }
            What::Sign(_) | What::Link | What::Part => {}
        }
        self.tight = lexeme.glued;
        self.sign = if let What::Sign(sign) = lexeme.what {
            Some(sign)
        } else {
            None
        };
        self.now = lexeme.is(&Concept::Market);
        self.line.past_it = lexeme.is(&Concept::Below) || lexeme.is(&Concept::Above);
        self.linked = lexeme.is(&Concept::Joint) || lexeme.is(&Concept::UpTo);
        if !matches!(
            lexeme.what,
            What::Number(_) | What::Is(Concept::Joint | Concept::UpTo)
        ) {
            self.chain.clear();
        }
    }

    fn found(&mut self, field: Field, value: Option<Decimal>, confidence: Confidence) {
        self.fields.found.push(Found {
            field,
            place: self.here,
            value,
            confidence,
        });
    }
}
