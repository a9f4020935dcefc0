//! Trades: the fields of a text put together to drafts, or held where they contradict each other.

mod away;
mod doubt;
mod draft;
mod eliminate;
mod groups;
mod satoshi;
mod spans;

pub(super) use doubt::suspect;
pub(super) use groups::regroup;
pub(super) use spans::restore;

use super::check;
use super::fields::{self, Fields};
use super::lexicon::Concept;
use super::number::Unit;
use super::phrase::{Lexeme, What};
use super::symbol::{Mention, Sureness};
use super::universe::Universe;
use crate::market::{Price, Side};
use crate::reading::{Draft, Entry, Meaning};

/// Reads a text as trades; none where it opens none.
pub(super) fn read(lexemes: &[Lexeme], universe: &dyn Universe) -> Option<Meaning> {
    if let Some(reason) = disclaimed(lexemes) {
        return Some(Meaning::Noise(reason));
    }
    if let Some(strike) = option(lexemes) {
        let fields = fields::read(lexemes);
        let priced = fields.labelled() > 0 || !fields.soft.is_empty() || fields.trigger.is_some();
        let sided = fields.long || fields.short || fields.trigger.is_some();
        return (priced || sided).then(|| Meaning::Quarantined {
            drafts: Vec::new(),
            reason: format!(
                "an option is traded ({strike}): its price is a premium that no market here shows"
            ),
        });
    }
    let heads = heads(lexemes);
    match heads.as_slice() {
        [] => one(lexemes, None, universe).into_meaning(),
        [head] => one(lexemes, Some(&head.mention), universe).into_meaning(),
        _ => many(lexemes, &heads, universe),
    }
}

/// The strike and the kind of an option that is named: `22900 CE`, `PUT 95000`.
fn option(lexemes: &[Lexeme]) -> Option<String> {
    let strike = |lexeme: &Lexeme| match &lexeme.what {
        What::Number(number) => {
            let whole = number.value.is_some_and(|value| value.is_integer());
            (whole && number.written.len() >= 2).then(|| number.written.to_string())
        }
        What::Word | What::Pair(_) => {
            let digits = lexeme
                .text
                .trim_start_matches(|c: char| !c.is_ascii_digit());
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
            (whole && digits.len() >= 3).then(|| digits.to_owned())
        }
        What::Is(_)
        | What::Part
        | What::Index(_)
        | What::Sign(_)
        | What::Tick
        | What::Link
        | What::Break => None,
    };
    let put = lexemes.windows(3).find_map(|three| {
        let [what, put, price] = three else {
            return None;
        };
        // `SL WE PUT 3308` puts a stop.
        let on = matches!(&what.what, What::Pair(_) | What::Is(Concept::Asset(_)));
        let row = what.line == put.line && put.line == price.line;
        (put.text == "PUT" && on && row).then(|| Some(format!("PUT {}", strike(price)?)))?
    });
    put.or_else(|| {
        lexemes.windows(2).find_map(|two| {
            let named = matches!(two[1].text.as_str(), "CE" | "PE");
            (named && two[0].line == two[1].line)
                .then(|| Some(format!("{} {}", strike(&two[0])?, two[1].text)))?
        })
    })
}

/// A text that says itself that it is an example, or whose head says that it reports the past.
fn disclaimed(lexemes: &[Lexeme]) -> Option<&'static str> {
    let opens = |lexeme: &Lexeme| matches!(&lexeme.what, What::Is(concept) if concept.is_level() || lexeme.side().is_some());
    let head = lexemes.iter().position(opens).unwrap_or(lexemes.len());
    if lexemes.iter().any(|lexeme| lexeme.is(&Concept::Mock)) {
        Some("example")
    } else if lexemes[..head]
        .iter()
        .any(|lexeme| lexeme.is(&Concept::Recap))
    {
        Some("recap")
    } else {
        None
    }
}

/// What a text or a section of it is, seen as a trade.
enum Seen {
    /// A trade that agrees with itself.
    Trade(Box<Draft>),
    /// It looks like one, and is not to be trusted.
    Held(Option<Box<Draft>>, String),
    /// It would open one, but for a negation or a condition.
    Refused(&'static str),
    /// It opens nothing.
    Nothing,
}

impl Seen {
    fn into_meaning(self) -> Option<Meaning> {
        match self {
            Self::Trade(draft) => Some(Meaning::Signals(vec![*draft])),
            Self::Held(draft, reason) => Some(Meaning::Quarantined {
                drafts: draft.into_iter().map(|draft| *draft).collect(),
                reason,
            }),
            Self::Refused(reason) => Some(Meaning::Noise(reason)),
            Self::Nothing => None,
        }
    }
}

/// The first mention of each pair that is named as surely as any.
struct Head {
    mention: Mention,
    line: u32,
}

fn heads(lexemes: &[Lexeme]) -> Vec<Head> {
    let mentions = || {
        lexemes
            .iter()
            .filter_map(|lexeme| Some((lexeme.mention()?, lexeme.line)))
    };
    let Some(sure) = mentions().map(|(mention, _)| mention.sure).max() else {
        return Vec::new();
    };
    // `Gold Signals` above a trade in a coin is a name.
    let coin = mentions().any(|(mention, _)| mention.sure == sure && !mention.foreign);
    let meant = |mention: &Mention| {
        mention.sure == sure && !(mention.foreign && coin && sure <= Sureness::Bare)
    };
    let mut heads: Vec<Head> = Vec::new();
    for (mention, line) in mentions().filter(|(mention, _)| meant(mention)) {
        // A text of more pairs than a post can trade is a list of something else.
        if heads.len() > crate::reading::MAX_TARGETS {
            break;
        }
        if !heads.iter().any(|head| head.mention.base == mention.base) {
            heads.push(Head {
                mention: mention.clone(),
                line,
            });
        }
    }
    heads
}

/// Several trades in one text: each runs from the line of its pair to the next one's.
fn many(lexemes: &[Lexeme], heads: &[Head], universe: &dyn Universe) -> Option<Meaning> {
    let whole = fields::read(lexemes);
    if whole.labelled() == 0 && !whole.market && !whole.limit {
        return None;
    }
    let mut drafts = Vec::new();
    let mut faults = Vec::new();
    for (at, head) in heads.iter().enumerate() {
        let end = heads.get(at + 1).map_or(u32::MAX, |next| next.line);
        let first = lexemes.partition_point(|lexeme| lexeme.line < head.line);
        let last = lexemes.partition_point(|lexeme| lexeme.line < end);
        match one(lexemes.get(first..last)?, Some(&head.mention), universe) {
            Seen::Trade(draft) => drafts.push(*draft),
            Seen::Held(draft, reason) => {
                drafts.extend(draft.map(|draft| *draft));
                faults.push(format!("{}: {reason}", head.mention.base));
            }
            Seen::Refused(_) | Seen::Nothing => {
                faults.push(format!("{}: no trade", head.mention.base))
            }
        }
    }
    if drafts.is_empty() {
        None
    } else if faults.is_empty() {
        Some(Meaning::Signals(drafts))
    } else {
        Some(Meaning::Quarantined {
            drafts,
            reason: format!(
                "several pairs are named, and not each is a trade: {}",
                faults.join("; ")
            ),
        })
    }
}

/// Reads one section with one pair.
fn one(lexemes: &[Lexeme], mention: Option<&Mention>, universe: &dyn Universe) -> Seen {
    let Some(mention) = mention else {
        return Seen::Nothing;
    };
    let Some(pair) = mention.pair() else {
        return Seen::Nothing;
    };
    let mut fields = fields::read(lexemes);
    if !is_prose(lexemes) {
        eliminate::complete(&mut fields);
    }
    if fields.long
        && fields.short
        && let Some(side) = fields.declared()
        && draft::of_all_levels(&fields) == Some(side)
    {
        fields.long = side == Side::Long;
        fields.short = side == Side::Short;
    }
    let fields = fields;
    let looks = looks_like_a_trade(&fields) || is_shorthand(lexemes, &fields);
    if !looks || fields.reached || is_report(lexemes, &fields) {
        return Seen::Nothing;
    }
    let firm = fields.labelled() >= 2 && !(fields.refused.is_some() && is_prose(lexemes));
    // A later word about an open trade names its side, too.
    let entered = !fields.entry.is_empty() || !fields.soft.is_empty() && !fields.targets.is_empty();
    let laid_out = entered && !fields.stops.is_empty();
    // `SL set at 1299` under an entry is a part of the card.
    let sided = fields.long || fields.short;
    let set = sided && !fields.shifted && (laid_out || !fields.soft.is_empty());
    if fields.moving && fields.entry.is_empty() && !set || fields.later && !laid_out {
        return Seen::Nothing;
    }
    // `BUY RAFF … buy TON to pay for it`: the known asset is not the one that is traded.
    if let Some(other) = sided_before(lexemes, mention) {
        return held_if(
            firm || fields.market,
            format!("whether {other} or {} is meant", mention.base),
        );
    }
    // `buy low, sell high` is no trade; with a stop it is.
    let unstopped = fields.stops.is_empty() && fields.stop_away.is_none();
    if fields.long && fields.short || fields.sold && unstopped {
        return held_if(firm, "it names both sides".into());
    }
    let year = doubt::past_year(&fields);
    // For two reasons it is no trade, so nobody need look.
    let reasons = [
        year.is_some(),
        fields.idle,
        fields.refused.is_some(),
        fields.refused_twice,
    ];
    if reasons.into_iter().filter(|reason| *reason).count() >= 2 {
        return Seen::Refused(
            fields
                .refused
                .map_or("nothing-traded", |refusal| refusal.label()),
        );
    }
    if let Some(year) = year {
        return held_if(firm, format!("it is told of the year {year}"));
    }
    if fields.idle {
        return held_if(firm, "it says that nothing is traded".into());
    }
    if doubt::withdrawn(lexemes, &fields) {
        return Seen::Nothing;
    }
    if let Some(refusal) = fields.refused {
        // Its levels are no later word about another trade.
        if !(firm || fields.stops.is_empty() && fields.targets.is_empty()) {
            return Seen::Refused(refusal.label());
        }
        return held_if(firm, format!("its entry is {}", refusal.label()));
    }
    if fields.ending {
        return held_if(firm, "it speaks of an entry and of an end".into());
    }
    let Some(side) = draft::side(&fields) else {
        return held_if(firm, "it names no side, and its levels imply none".into());
    };
    let (entry, entry_fault) = match draft::entry(&fields, side) {
        Ok(entry) => (entry, None),
        Err(fault) => (Entry::Market(None), Some(fault)),
    };
    let draft = Draft {
        pair,
        quote_implied: mention.quote.is_none(),
        venue: draft::venue(&fields),
        kind: draft::kind(&fields, mention),
        side,
        entry,
        targets: draft::targets(&fields),
        stop: fields.stops.first().and_then(|stop| Price::new(*stop).ok()),
        stop_percent: fields.percent_stop.filter(|_| fields.stops.is_empty()),
        target_percents: Vec::new(),
        leverage: fields.leverage.iter().min().copied(),
        breakeven_after: fields.breakeven_after,
        valid_for: draft::valid_for(&fields),
        manner: draft::manner(&fields),
        spans: Vec::new(),
    };
    let mut draft = draft;
    satoshi::scale(&fields, &mut draft);
    let far_fault = away::resolve(&fields, mention, &mut draft).err();
    let spans = spans::of(lexemes, &fields, mention, &draft);
    let draft = Draft { spans, ..draft };
    let fault = entry_fault
        .or(far_fault)
        .or_else(|| draft::unclear(&fields, &draft.entry))
        .or_else(|| draft::strange(&draft, mention, universe))
        .or_else(|| check::fault(&draft));
    match fault {
        None => Seen::Trade(Box::new(draft)),
        // Without a single label it was talk that happened to look like a trade.
        Some(_) if fields.labelled() == 0 && !fields.near => Seen::Nothing,
        Some(reason) => Seen::Held(Some(Box::new(draft)), reason),
    }
}

/// `Entry 0.4368 → exit 0.4462, result -2.15 %`: no target, no stop, and what it brought.
fn is_report(lexemes: &[Lexeme], fields: &Fields) -> bool {
    let percent = |lexeme: &Lexeme| matches!(&lexeme.what, What::Number(number) if number.unit == Unit::Percent);
    fields.targets.is_empty()
        && fields.stops.is_empty()
        && lexemes.iter().any(|lexeme| lexeme.is(&Concept::Result))
        && lexemes.iter().any(percent)
}

/// An unknown symbol beside a side, before the pair is named.
fn sided_before<'a>(lexemes: &'a [Lexeme], mention: &Mention) -> Option<&'a str> {
    // A pair with its quote is meant whatever word shouts before it.
    if mention.sure == Sureness::Quoted {
        return None;
    }
    lexemes
        .iter()
        .filter_map(Lexeme::mention)
        .take_while(|other| other.base != mention.base)
        .find(|other| other.sure == Sureness::Sided)
        .map(|other| other.base.as_str())
}

fn held_if(firm: bool, reason: String) -> Seen {
    if firm {
        Seen::Held(None, reason)
    } else {
        Seen::Nothing
    }
}

/// The most lexemes of a trade in short hand.
const LONGEST_SHORTHAND: usize = 14;

/// `SOL 142 stop 138`: pair, entry and stop on one line, and not a word beside them.
fn is_shorthand(lexemes: &[Lexeme], fields: &Fields) -> bool {
    let little = |lexeme: &Lexeme| {
        matches!(
            lexeme.what,
            What::Pair(_)
                | What::Number(_)
                | What::Sign('-' | '/' | ',' | ':' | '.' | '$')
                | What::Is(
                    Concept::Stop
                        | Concept::Limit
                        | Concept::Spot
                        | Concept::Perpetual
                        | Concept::Filler
                        | Concept::Hazard
                        | Concept::Currency
                )
        )
    };
    let text = match lexemes {
        [text @ .., end] if end.what == What::Break => text,
        whole => whole,
    };
    let first = text.first().is_some_and(|first| first.mention().is_some());
    first
        && text.len() <= LONGEST_SHORTHAND
        && text.iter().all(little)
        && !fields.soft.is_empty()
        && fields.stops.len() == 1
}

/// Are there so many words that it is talk about the market?
fn is_prose(lexemes: &[Lexeme]) -> bool {
    words(lexemes) > 60
}

/// How many unknown words there are.
fn words(lexemes: &[Lexeme]) -> usize {
    let word = |lexeme: &&Lexeme| lexeme.what == What::Word;
    lexemes.iter().filter(word).count()
}

/// Are there enough fields that a trade may be meant?
fn looks_like_a_trade(fields: &Fields) -> bool {
    let sided = fields.long || fields.short || fields.takes;
    let far = !fields.targets_away.is_empty() || fields.stop_away.is_some();
    let levels = !fields.targets.is_empty() || !fields.stops.is_empty() || far;
    if !fields.entry.is_empty() {
        sided || levels
    } else if fields.market {
        let told = fields.entry_label || fields.labelled() == 2 || !fields.leverage.is_empty();
        sided || told && levels
    } else if !fields.soft.is_empty() {
        sided && (levels || fields.near || fields.limit) || fields.labelled() == 2
    } else {
        // Targets and a stop without an entry: held, as the entry is what R is counted from.
        sided && !fields.targets.is_empty() && !fields.stops.is_empty()
    }
}
