//! Layout: columns and rows of dots that say what a colon says elsewhere.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::lexicon::Concept;
use super::number::{Number, Unit};
use super::phrase::{Lexeme, What};

/// The fewest columns of a table.
const FEWEST_CELLS: usize = 3;

/// The fewest dots that lead from a label to its value, where no space stands around them.
const FEWEST_DOTS: usize = 3;

/// The highest number that counts the exits of a trade.
const MOST_EXITS: u8 = 20;

/// So many times its lower end the upper end of a zone never is.
const FARTHEST_ENDS: Decimal = Decimal::from_parts(2, 0, 0, false, 0);

/// The most that stands between a price and the label behind it.
const MOST_BETWEEN: usize = 3;

/// Writes every cell of a table and every value behind dots as a label, a colon and the value.
pub(super) fn plain(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    let mut plain = unfold(without_leaders(lexemes));
    number_exits(&mut plain);
    number_entries(&mut plain);
    labels_first(&mut plain);
    label_at(&mut plain);
    without_denied(plain)
}

/// `Exit 1 ....... 3.540` and `Garde .. 3,44` are `Exit 1: 3.540`; dots at the end of a word are speech.
fn without_leaders(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    let dots = |from: usize| {
        let dot = |lexeme: &&Lexeme| matches!(lexeme.what, What::Sign('.'));
        let rest = lexemes.get(from..).unwrap_or_default();
        rest.iter().take_while(dot).count()
    };
    let apart = |end: usize| {
        let next = lexemes.get(end);
        next.is_some_and(|next| !next.glued && matches!(next.what, What::Number(_)))
    };
    let leads = |at: usize| {
        let length = if at == 0 || lexemes[at].glued {
            0
        } else {
            dots(at)
        };
        length >= FEWEST_DOTS || length == 2 && apart(at + length)
    };
    if !(0..lexemes.len()).any(leads) {
        return lexemes;
    }
    let mut plain = Vec::with_capacity(lexemes.len());
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if leads(at) {
            plain.push(sign(':', lexeme));
            at += dots(at);
        } else {
            plain.push(lexeme.clone());
            at += 1;
        }
    }
    plain
}

/// A table of a head, a rule and rows as so many lines of labels and values; a text without one stays
/// as it is.
fn unfold(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    if !lexemes
        .iter()
        .any(|lexeme| matches!(lexeme.what, What::Sign('|')))
    {
        return lexemes;
    }
    let lines: Vec<&[Lexeme]> = lexemes
        .split_inclusive(|lexeme| lexeme.what == What::Break)
        .collect();
    let Some(rule) = lines.iter().position(|line| is_rule(line)) else {
        return lexemes;
    };
    let Some(head) = rule.checked_sub(1).map(|head| cells(lines[head])) else {
        return lexemes;
    };
    let rows = lines[rule + 1..]
        .iter()
        .map(|line| cells(line))
        .take_while(|row| row.len() == head.len())
        .count();
    if head.len() < FEWEST_CELLS || rows == 0 {
        return lexemes;
    }
    let mut plain: Vec<Lexeme> = lines[..rule - 1].concat();
    for line in &lines[rule + 1..=rule + rows] {
        for (label, value) in head.iter().zip(cells(line)) {
            let Some(first) = value.first() else { continue };
            let label = label.iter().map(|lexeme| Lexeme {
                line: first.line,
                ..lexeme.clone()
            });
            plain.extend(label);
            plain.push(sign(':', first));
            plain.extend_from_slice(value);
            plain.push(Lexeme {
                what: What::Break,
                ..sign(':', first)
            });
        }
    }
    plain.extend(lines[rule + rows + 1..].concat());
    plain
}

/// `|---|---|`: the rule under the head of a table.
fn is_rule(line: &[Lexeme]) -> bool {
    let bars = line
        .iter()
        .filter(|lexeme| lexeme.what == What::Sign('|'))
        .count();
    let drawn = line
        .iter()
        .all(|lexeme| matches!(lexeme.what, What::Sign('|' | '-' | ':') | What::Break));
    bars > FEWEST_CELLS && drawn
}

/// The cells of a row, between its bars.
fn cells(line: &[Lexeme]) -> Vec<&[Lexeme]> {
    let inner = match line {
        [inner @ .., end] if end.what == What::Break => inner,
        whole => whole,
    };
    let [first, inner @ .., last] = inner else {
        return Vec::new();
    };
    if first.what != What::Sign('|') || last.what != What::Sign('|') {
        return Vec::new();
    }
    inner
        .split(|lexeme| lexeme.what == What::Sign('|'))
        .collect()
}

/// `Exit 1: 3.540`: an exit that is counted and has its price is a target.
fn number_exits(lexemes: &mut [Lexeme]) {
    for at in 0..lexemes.len() {
        let [exit, count, rest @ ..] = &mut lexemes[at..] else {
            return;
        };
        if !exit.is(&Concept::Quit) {
            continue;
        }
        let counts = match &count.what {
            What::Index(_) => true,
            What::Number(number) => is_bare(number) && is_count(number),
            What::Is(_)
            | What::Pair(_)
            | What::Part
            | What::Word
            | What::Sign(_)
            | What::Tick
            | What::Link
            | What::Break => false,
        };
        let price = rest
            .iter()
            .find(|lexeme| !matches!(lexeme.what, What::Sign(':' | '.' | '-' | '=')));
        let priced = rest
            .first()
            .is_some_and(|next| next.what == What::Sign(':'))
            && price.is_some_and(
                |price| matches!(&price.what, What::Number(number) if is_bare(number)),
            );
        if counts && priced {
            exit.what = What::Is(Concept::Target);
        }
    }
}

/// `Entry 1 - 159.80`, `Entry 2 at 153`: no zone has ends so far from each other, so the first number
/// counts the entries.
fn number_entries(lexemes: &mut [Lexeme]) {
    for at in 0..lexemes.len() {
        let Some([entry, count, between, price]) = lexemes.get_mut(at..at + 4) else {
            return;
        };
        let divides = between.what == What::Sign('-') && !between.glued
            || between.is(&Concept::Filler)
            || between.what == What::Sign('@');
        let (What::Number(index), What::Number(first)) = (&count.what, &price.what) else {
            continue;
        };
        let counts = is_bare(index) && is_count(index) && is_bare(first);
        let far = first.value.zip(index.value).is_some_and(|(first, index)| {
            first > index * FARTHEST_ENDS || first * FARTHEST_ENDS < index
        });
        if entry.is(&Concept::Entry) && divides && counts && far {
            count.what = index.written.parse().map_or(What::Part, What::Index);
        }
    }
}

/// `58000 can be the stop` is `stop 58000`, where the line says no more and the next one does not go on
/// with a number.
fn labels_first(lexemes: &mut [Lexeme]) {
    let mut from = 0;
    while from < lexemes.len() {
        let length = lexemes[from..]
            .iter()
            .position(|lexeme| lexeme.what == What::Break)
            .unwrap_or(lexemes.len() - from);
        let (line, rest) = lexemes[from..].split_at_mut(length);
        let goes_on = rest.get(1).is_some_and(|next| {
            matches!(
                next.what,
                What::Number(_) | What::Index(_) | What::Sign(_) | What::Tick
            )
        });
        if !goes_on && names_what_stands_before(line) {
            line.rotate_right(1);
        }
        from += length + 1;
    }
}

/// `At: 0.9541` on a line of its own is where one enters, where no other label says so.
fn label_at(lexemes: &mut [Lexeme]) {
    let labelled = lexemes.iter().any(|lexeme| lexeme.is(&Concept::Entry));
    let sided = lexemes.iter().any(|lexeme| lexeme.side().is_some());
    if labelled || !sided {
        return;
    }
    let little = |lexeme: &&Lexeme| !matches!(lexeme.what, What::Sign(_) | What::Tick);
    let at = (0..lexemes.len()).find(|at| {
        let lexeme = &lexemes[*at];
        let before = lexemes[..*at].iter().rev().find(little);
        let next = lexemes[*at + 1..].iter().find(little);
        let label = lexeme.is(&Concept::Filler) && lexeme.text.eq_ignore_ascii_case("at");
        label
            && before.is_none_or(|before| before.what == What::Break)
            && next
                .is_some_and(|next| matches!(&next.what, What::Number(number) if is_bare(number)))
    });
    if let Some(at) = at {
        lexemes[at].what = What::Is(Concept::Entry);
    }
}

/// Is it a price, a word or two, and the label of a stop?
fn names_what_stands_before(line: &[Lexeme]) -> bool {
    let [price, between @ .., label] = line else {
        return false;
    };
    let priced = matches!(&price.what, What::Number(number) if is_bare(number));
    let little = |lexeme: &Lexeme| {
        matches!(
            lexeme.what,
            What::Word | What::Sign('-' | '=') | What::Is(Concept::Filler | Concept::Currency)
        )
    };
    priced
        && label.is(&Concept::Stop)
        && (1..=MOST_BETWEEN).contains(&between.len())
        && between.iter().all(little)
}

/// `Position closed: no` on a card says that nothing of the kind happened.
fn without_denied(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    let denied = |at: usize| {
        let happens = [Concept::Close, Concept::Quit, Concept::Hit, Concept::Cancel];
        matches!(lexemes.get(at..at + 3), Some([what, colon, no])
            if colon.what == What::Sign(':')
                && no.text.eq_ignore_ascii_case("no")
                && happens.iter().any(|concept| what.is(concept)))
    };
    if !(0..lexemes.len()).any(denied) {
        return lexemes;
    }
    let mut plain = Vec::with_capacity(lexemes.len());
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if denied(at) {
            at += 3;
        } else {
            plain.push(lexeme.clone());
            at += 1;
        }
    }
    plain
}

fn is_bare(number: &Number) -> bool {
    number.unit == Unit::None
}

fn is_count(number: &Number) -> bool {
    let count: Option<u8> = number.written.parse().ok();
    count.is_some_and(|count| (1..=MOST_EXITS).contains(&count))
}

/// A sign in the place of what stands there.
fn sign(sign: char, model: &Lexeme) -> Lexeme {
    Lexeme {
        what: What::Sign(sign),
        text: SmolStr::default(),
        glued: false,
        mark: None,
        ..model.clone()
    }
}
