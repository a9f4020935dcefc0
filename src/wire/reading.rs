//! Readings as `touchstone parse` prints them.

use domain::reading::{Draft, Instruction, Meaning, Reading, Span};
use serde::Serialize;
use utoipa::ToSchema;

use super::event::{EntryOut, OrderOut, number, text};

/// What the parser made of a text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingOut {
    /// The id that came with the text.
    pub id: serde_json::Value,
    /// The parser's name and version.
    pub parser: &'static str,
    /// `signal`, `update`, `close`, `cancel`, `claim`, `noise` or `quarantined`.
    pub kind: &'static str,
    /// The trades that were read; of a quarantined text, literally.
    pub signals: Vec<DraftOut>,
    /// It orders something, and does not say about which trade.
    pub ambiguous: bool,
    /// Why it is noise or held.
    pub reason: Option<String>,
    /// What a later word orders; none where it orders nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<WordOut>,
}

/// One order of a later word, and which open trades it means as far as the text says.
#[derive(Debug, Serialize, ToSchema)]
pub struct WordOut {
    /// What is ordered.
    #[serde(flatten)]
    pub order: OrderOut,
    /// The pair that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The side that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// It says that it means every open trade.
    pub all: bool,
}

/// One trade that was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftOut {
    /// `BTC/USDT`.
    pub symbol: String,
    /// `spot`, `perpetual` or `cfd`, where the words say so.
    pub market: Option<&'static str>,
    /// `long` or `short`.
    pub side: &'static str,
    /// How it is entered.
    pub entry: EntryOut,
    /// In the order in which they are reached.
    pub targets: Vec<String>,
    /// Where the author is wrong.
    pub stop: Option<String>,
    /// How far from the entry that is, in percent, where no price is written.
    pub stop_percent: Option<String>,
    /// How far from the entry the targets are, in percent, where no prices are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_percents: Vec<String>,
    /// Claimed leverage.
    pub leverage: Option<String>,
    /// When he says to move the stop to the entry: after so many targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakeven_after: Option<u8>,
    /// `cross` or `isolated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<&'static str>,
    /// How much of the account he puts in, in percent; of a range the lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_percent: Option<String>,
    /// How much of the account he risks, in percent; of a range the lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_percent: Option<String>,
    /// The timeframe that the idea was seen on, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeframe_s: Option<u64>,
    /// How long the entry is valid, as he says or as the timeframe implies, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_for_s: Option<u64>,
    /// Behind the last target he stays in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open_target: bool,
    /// He says to trail the stop, and does not say in numbers how.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trailing: bool,
    /// Where in the text the fields stand; one that stands nowhere was implied.
    pub spans: Vec<SpanOut>,
}

/// Where in the text a field was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpanOut {
    /// `symbol`, `side`, `entry`, `target`, `stop`, `leverage`, `margin`, `size`, `risk`, `timeframe` or
    /// `trailing`.
    pub field: &'static str,
    /// The first byte, in UTF-8.
    pub from: u32,
    /// The byte after the last one.
    pub to: u32,
    /// `named` where the field's own name stands with it, `placed` where only its place says so,
    /// `inferred` where the other levels leave it no other role.
    pub confidence: &'static str,
}

impl ReadingOut {
    /// The reading of the text with this id.
    #[must_use]
    pub fn of(id: serde_json::Value, reading: &Reading) -> Self {
        let unclear = |words: &[Instruction]| {
            words.iter().any(|word| {
                word.about.pair.is_none() && word.about.side.is_none() && !word.about.all
            })
        };
        let orders = match &reading.meaning {
            Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words) => {
                words.iter().map(WordOut::of).collect()
            }
            Meaning::Signals(_)
            | Meaning::Claim { .. }
            | Meaning::Noise(_)
            | Meaning::Quarantined { .. } => Vec::new(),
        };
        let (signals, ambiguous, reason) = match &reading.meaning {
            Meaning::Signals(drafts) => (drafts.as_slice(), false, None),
            Meaning::Quarantined { drafts, reason } => {
                (drafts.as_slice(), false, Some(reason.clone()))
            }
            Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words) => {
                ([].as_slice(), unclear(words), None)
            }
            Meaning::Noise(reason) => ([].as_slice(), false, Some((*reason).to_owned())),
            Meaning::Claim { .. } => ([].as_slice(), false, None),
        };
        Self {
            id,
            parser: reading.parser,
            kind: reading.meaning.label(),
            signals: signals.iter().map(DraftOut::of).collect(),
            ambiguous,
            reason,
            orders,
        }
    }
}

impl WordOut {
    fn of(word: &Instruction) -> Self {
        let about = &word.about;
        Self {
            order: OrderOut::of(&word.order),
            symbol: about.pair.as_ref().map(ToString::to_string),
            side: about.side.map(domain::market::Side::label),
            all: about.all,
        }
    }
}

impl SpanOut {
    const fn of(span: &Span) -> Self {
        Self {
            field: span.field.label(),
            from: span.from,
            to: span.to,
            confidence: span.confidence.label(),
        }
    }
}

impl DraftOut {
    /// A trade as it was read.
    pub(super) fn of(draft: &Draft) -> Self {
        Self {
            symbol: draft.pair.to_string(),
            market: draft.kind.map(domain::market::MarketKind::label),
            side: draft.side.label(),
            entry: EntryOut::of(&draft.entry),
            targets: draft
                .targets
                .iter()
                .map(|target| text(target.price))
                .collect(),
            stop: draft.stop.map(text),
            stop_percent: draft.stop_percent.map(number),
            target_percents: draft.target_percents.iter().copied().map(number).collect(),
            leverage: draft.leverage.map(number),
            breakeven_after: draft.breakeven_after,
            margin: draft.manner.margin.map(domain::reading::Margin::label),
            size_percent: draft.manner.size.map(number),
            risk_percent: draft.manner.risk.map(number),
            timeframe_s: draft.manner.timeframe.map(|span| span.as_secs()),
            valid_for_s: draft.valid_for.map(|span| span.as_secs()),
            open_target: draft.manner.open_target,
            trailing: draft.manner.trailing,
            spans: draft.spans.iter().map(SpanOut::of).collect(),
        }
    }
}
