//! Layout: columns and rows of dots that say what a colon says elsewhere.

use smol_str::SmolStr;

use super::lexicon::Concept;
use super::number::{Number, Unit};
use super::phrase::{Lexeme, What};

/// The fewest columns of a table.
const FEWEST_CELLS: usize = 3;

/// The fewest dots that lead from a label to its value.
const FEWEST_DOTS: usize = 3;

/// The highest number that counts the exits of a trade.
const MOST_EXITS: u8 = 20;

/// Writes every cell of a table and every value behind dots as a label, a colon and the value.
pub(super) fn plain(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    let mut plain = unfold(without_leaders(lexemes));
    number_exits(&mut plain);
    plain
}

/// `Exit 1 ....... 3.540` is `Exit 1: 3.540`; dots at the end of a word are speech.
fn without_leaders(lexemes: Vec<Lexeme>) -> Vec<Lexeme> {
    let dots = |from: usize| {
        let dot = |lexeme: &&Lexeme| matches!(lexeme.what, What::Sign('.'));
        let rest = lexemes.get(from..).unwrap_or_default();
        rest.iter().take_while(dot).count()
    };
    let leads = |at: usize| at > 0 && !lexemes[at].glued && dots(at) >= FEWEST_DOTS;
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
