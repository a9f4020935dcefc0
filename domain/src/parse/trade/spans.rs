//! Spans: where in the text the fields of a trade stand.

use rust_decimal::Decimal;

use crate::parse::fields::{Fields, Found};
use crate::parse::normalise;
use crate::parse::phrase::Lexeme;
use crate::parse::symbol::{Mention, Sureness};
use crate::reading::{Confidence, Draft, Field, Meaning, Span};

/// Where the fields of a draft stand in the normalised text, in its order.
pub(super) fn of(
    lexemes: &[Lexeme],
    fields: &Fields,
    mention: &Mention,
    draft: &Draft,
) -> Vec<Span> {
    let symbol = lexemes
        .iter()
        .find(|lexeme| lexeme.mention() == Some(mention))
        .map(|lexeme| Found {
            field: Field::Symbol,
            place: lexeme.place,
            value: None,
            confidence: if mention.sure >= Sureness::Tagged {
                Confidence::Named
            } else {
                Confidence::Placed
            },
        });
    let kept = fields.found.iter().filter(|found| is_kept(found, draft));
    let mut spans: Vec<Span> = symbol
        .iter()
        .chain(kept)
        .filter_map(|found| {
            Some(Span {
                field: found.field,
                from: u32::try_from(found.place.from).ok()?,
                to: u32::try_from(found.place.to).ok()?,
                confidence: found.confidence,
            })
        })
        .collect();
    spans.sort_by_key(|span| span.from);
    spans.dedup();
    spans
}

/// Is what was found a part of the trade in the end?
fn is_kept(found: &Found, draft: &Draft) -> bool {
    let scaled = |value: &Decimal, price: Decimal| {
        *value == price
            || *value * Decimal::ONE_THOUSAND == price
            || *value * super::satoshi::SATOSHI == price
    };
    match (found.field, &found.value) {
        (
            Field::Symbol
            | Field::Side
            | Field::Leverage
            | Field::Margin
            | Field::Size
            | Field::Risk
            | Field::Timeframe
            | Field::Trailing,
            _,
        ) => true,
        (Field::Entry, None) => matches!(
            draft.entry,
            crate::reading::Entry::Market(_) | crate::reading::Entry::Scaled { .. }
        ),
        (Field::Entry, Some(value)) if let crate::reading::Entry::Ladder(ladder) = draft.entry => {
            ladder.rungs().any(|rung| scaled(value, rung.price.get()))
        }
        (Field::Entry, Some(value)) => draft
            .entry
            .bounds()
            .is_some_and(|(low, high)| scaled(value, low.get()) || scaled(value, high.get())),
        (Field::Target, Some(value)) => draft
            .targets
            .iter()
            .any(|target| scaled(value, target.price.get())),
        (Field::Stop, Some(value)) => draft.stop.is_some_and(|stop| scaled(value, stop.get())),
        (Field::Stop, None) => draft.stop_percent.is_some(),
        (Field::Target, None) => false,
    }
}

/// Puts the spans of a meaning from the normalised text back into the text as it was written;
/// where that cannot be told there are none.
pub(in crate::parse) fn restore(meaning: &mut Meaning, text: &str) {
    let (Meaning::Signals(drafts) | Meaning::Quarantined { drafts, .. }) = meaning else {
        return;
    };
    if drafts.iter().all(|draft| draft.spans.is_empty()) {
        return;
    }
    let origins = normalise::origins(text);
    let back = |at: u32| {
        let origins = origins.as_ref()?;
        origins.get(usize::try_from(at).ok()?).copied()
    };
    for draft in drafts {
        let spans = std::mem::take(&mut draft.spans);
        draft.spans = spans
            .into_iter()
            .filter_map(|span| {
                Some(Span {
                    from: back(span.from)?,
                    to: back(span.to)?,
                    ..span
                })
            })
            .collect();
    }
}
