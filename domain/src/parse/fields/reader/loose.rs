//! Loose prices: what is kept of a number that stands under no role that the lexicon knows, so that
//! the other levels of the trade may tell what it is.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::Reader;
use super::open::{Name, Open};
use crate::parse::fields::{Hint, Loose};
use crate::parse::lexicon::Concept;
use crate::parse::number::{Number, Unit};
use crate::parse::phrase::{Lexeme, What};

/// What the clause so far says of a price that follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    /// Its unknown words.
    words: usize,
    /// The last of them.
    label: SmolStr,
    hint: Hint,
    /// It speaks of what is no level of this trade: a support, a share, the past.
    barred: bool,
    /// Nothing but signs stands behind its last price.
    pub(super) listing: bool,
    /// How many unknown words stand behind its last price, where little else does.
    pub(super) since: Option<usize>,
    /// Its last price stands under no role.
    pub(super) kept: bool,
    /// Its last price is one of the entry.
    pub(super) soft: bool,
    /// A comma stands behind its last price, which goes on with a number and ends with anything else.
    comma: bool,
    /// A comma stands right before its last price.
    pub(super) begun: bool,
}

impl Clause {
    /// A price is read, whatever it turns out to be.
    pub(super) const fn taken(&mut self) {
        self.since = Some(0);
        self.kept = false;
        self.soft = false;
    }
}

impl Reader {
    /// Hears what a lexeme says of the prices behind it.
    pub(super) fn hear(&mut self, lexeme: &Lexeme, next: Option<&Lexeme>) {
        let ends = match &lexeme.what {
            What::Break | What::Tick | What::Sign('!' | '?' | '。') => true,
            What::Sign('.') => next.is_none_or(|next| !next.glued),
            What::Number(_) | What::Index(_) => {
                self.clause.begun = std::mem::take(&mut self.clause.comma);
                false
            }
            What::Sign(',' | '，' | ';' | '|') => {
                self.clause.comma = true;
                false
            }
            What::Sign(_) | What::Part => false,
            What::Is(_) | What::Pair(_) | What::Word | What::Link => self.clause.comma,
        };
        // `stop 4512. 4390 - 4330 - 4240.`: the list is no stop's.
        let stopped = self.in_stop() && self.open.is_some_and(|open| open.numbers > 0);
        if ends && stopped && lexeme.what == What::Sign('.') {
            self.open = None;
        }
        if ends {
            self.clause = Clause::default();
            if lexeme.what == What::Break
                || matches!(lexeme.what, What::Sign('!' | '?' | '。' | '.'))
            {
                self.behind_target = None;
            }
        }
        let clause = &mut self.clause;
        match &lexeme.what {
            What::Word => {
                clause.words += 1;
                clause.since = clause.since.map(|words| words + 1);
                clause.label = letters(&lexeme.text);
                clause.listing = false;
                if let Some(words) = &mut self.behind_target {
                    *words += 1;
                }
            }
            What::Is(concept) => self.said(concept),
            What::Pair(_) => {
                clause.listing = false;
                clause.since = None;
                clause.words = 0;
            }
            What::Number(number) if number.unit == Unit::Percent => {
                if clause.listing
                    && self.sign != Some('+')
                    && let Some(last) = self.fields.loose.last_mut()
                {
                    last.share = last.share.or(number.value);
                }
            }
            What::Number(_)
            | What::Index(_)
            | What::Sign(_)
            | What::Tick
            | What::Link
            | What::Part
            | What::Break => {}
        }
    }

    fn said(&mut self, concept: &Concept) {
        use Concept as C;
        if matches!(
            concept,
            C::Joint | C::UpTo | C::Near | C::Filler | C::Currency
        ) {
            return;
        }
        let role = matches!(concept, C::Entry | C::Target | C::Stop);
        let acts = matches!(
            concept,
            C::Long | C::Short | C::Takes | C::Market | C::Limit
        );
        let bars = is_no_level(concept);
        if role || acts || bars {
            self.behind_target = None;
        }
        if role {
            self.clause = Clause::default();
            return;
        }
        // `24500 support`: some say behind a price what it is.
        if *concept == C::Other && self.clause.listing {
            self.fields.bar_last();
        }
        let clause = &mut self.clause;
        clause.barred |= bars;
        clause.listing = false;
        // `4640 above: stop`.
        if !matches!(concept, C::Above | C::Below) {
            clause.since = None;
        }
        if acts {
            clause.words = 0;
        } else if *concept == C::Price {
            clause.hint = Hint::Price;
        } else if matches!(
            concept,
            C::Aim | C::Result | C::Take | C::Half | C::Share(_) | C::Hold | C::Out
        ) {
            clause.hint = Hint::Gain;
        } else if clause.hint == Hint::None
            && matches!(
                concept,
                C::Above | C::Below | C::If | C::Quit | C::Close | C::Hazard
            )
        {
            clause.hint = Hint::Beyond;
        }
    }

    /// Keeps a price that stands under no role.
    pub(super) fn keep(&mut self, number: &Number) {
        let Some(price) = number.value.filter(|price| *price > Decimal::ZERO) else {
            return;
        };
        if is_year(number) {
            self.sentence.year = Some(price);
        }
        // `Fill: at market (ref 0.9124)`.
        if self.remark && self.line.market && self.fields.price.is_none() {
            self.fields.price = Some(price.normalize());
            self.sentence.seen = true;
            self.line.loose.pop();
            return;
        }
        let last = self.fields.loose.last().map_or(0, |loose| loose.group);
        let coloured = self.coloured();
        let clause = &mut self.clause;
        let group = if clause.listing { last } else { last + 1 };
        clause.listing = true;
        clause.kept = true;
        clause.since = Some(0);
        self.fields.loose.push(Loose {
            price: price.normalize(),
            place: self.here,
            group,
            hint: coloured.unwrap_or(clause.hint),
            label: clause.label.clone(),
            words: clause.words,
            barred: clause.barred || number.doubtful || number.glued_to_word || self.remark,
            counts: !number.written.contains(['.', ',']) && !number.scaled && price <= MOST_COUNTED,
            year: is_year(number),
            share: None,
            behind_target: self.behind_target.is_some_and(|words| words <= MOST_BEHIND),
            line: self.lines,
        });
    }

    /// `🔴 1.0543` and `🔵 1.0663`: a dot in the colour of losing or gaining right before a price.
    fn coloured(&self) -> Option<Hint> {
        let mark = self.bullet.filter(|_| self.clause.hint == Hint::None)?;
        if RED.contains(&mark) {
            Some(Hint::Beyond)
        } else {
            GREEN.contains(&mark).then_some(Hint::Gain)
        }
    }

    /// A number that its measure takes back.
    pub(super) fn unkeep(&mut self, many: usize) {
        let kept = self.fields.loose.len().saturating_sub(many);
        self.fields.loose.truncate(kept);
    }

    /// Does a price under the open label belong to no role, so that it is kept as a loose one?
    pub(super) fn is_loose_under(&self, open: Open) -> bool {
        match open.name {
            Name::Price | Name::Risk => !self.remark,
            Name::Other => self.clause.hint == Hint::Gain && !self.clause.barred,
            Name::Entry
            | Name::Soft
            | Name::Target
            | Name::Stop
            | Name::Leverage
            | Name::Timeframe
            | Name::Validity
            | Name::Size => false,
        }
    }
}

/// Pictures in the colour of losing, and in those of gaining.
const RED: [char; 4] = ['🔴', '🟥', '❌', '🔻'];
const GREEN: [char; 5] = ['🟢', '🟩', '🔵', '🟦', '🔺'];

/// Whole numbers up to here count hours, days, coins and percent as often as they are prices.
const MOST_COUNTED: Decimal = Decimal::from_parts(60, 0, 0, false, 0);

/// So many unknown words stand between a target and the next one: `tp 1.10, danach 1.15`.
pub(super) const MOST_BEHIND: usize = 2;

/// The letters of a word: `E1` and `E2` are one label.
fn letters(word: &str) -> SmolStr {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
        .to_lowercase()
        .into()
}

/// Does its clause speak of what is no level of a trade that begins?
const fn is_no_level(concept: &Concept) -> bool {
    use Concept as C;
    matches!(
        concept,
        C::Other
            | C::Not
            | C::Nay
            | C::Hit
            | C::Talk
            | C::Again
            | C::Move
            | C::Breakeven
            | C::Cost
            | C::Cancel
            | C::Drop
            | C::Size
            | C::Leverage
            | C::Timeframe
            | C::Validity
            | C::Trail
            | C::Trigger
            | C::Span(_)
            | C::Unit
            | C::Mock
            | C::Recap
            | C::Theirs
            | C::Idle
    )
}

/// Is it written as a year is?
fn is_year(number: &Number) -> bool {
    let year: Option<u16> = number.written.parse().ok();
    !number.scaled && year.is_some_and(|year| (1990..2040).contains(&year))
}
