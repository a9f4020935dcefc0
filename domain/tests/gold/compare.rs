//! Comparing a reading with a label of the gold form: what is wrong with it, and what became of a post.

use domain::reading::{Draft, Meaning};
use rust_decimal::Decimal;
use serde_json::Value;

/// What became of a labelled post.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// A signal that was accepted with each number right.
    Found,
    /// A signal that is held for a person, with the reason.
    Held(String),
    /// A signal that was taken for something else.
    Missed(String),
    /// A signal that was accepted with something wrong.
    Wrong(String),
    /// A post that is no signal, and became a trade.
    FalseTrade(String),
    /// No signal, and told as its label says; a report of a result may be a claim.
    Told,
    /// No signal, and told otherwise.
    ToldWrong(String),
}

/// What became of a post with this label.
pub(crate) fn fate(label: &Value, meaning: &Meaning) -> Fate {
    let kind = label["kind"].as_str().unwrap_or("noise");
    match (meaning, kind) {
        (Meaning::Signals(drafts), "signal") => {
            let labels: Vec<&Value> = match label["signals"].as_array() {
                Some(several) => several.iter().collect(),
                None => vec![label],
            };
            if labels.len() != drafts.len() {
                return Fate::Wrong(format!("{} drafts of {}", drafts.len(), labels.len()));
            }
            let faults: Vec<String> = labels
                .iter()
                .zip(drafts)
                .filter_map(|(label, draft)| wrong(label, draft))
                .collect();
            if faults.is_empty() {
                Fate::Found
            } else {
                Fate::Wrong(faults.join("; "))
            }
        }
        (Meaning::Signals(drafts), _) => Fate::FalseTrade(format!("{kind}: {drafts:?}")),
        (Meaning::Quarantined { reason, .. }, "signal") => Fate::Held(reason.clone()),
        (other, "signal") => Fate::Missed(format!("{other:?}")),
        (Meaning::Claim { .. }, "update" | "close") => Fate::Told,
        (other, _) if other.label() == kind => Fate::Told,
        (other, _) => Fate::ToldWrong(format!("{kind} as {other:?}")),
    }
}

fn decimal(value: &Value) -> Decimal {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    Decimal::from_str_exact(&text)
        .or_else(|_| Decimal::from_scientific(&text))
        .unwrap_or_else(|error| panic!("{text} in a label is no number: {error}"))
        .normalize()
}

/// Equal but for the last digits of a binary floating point number.
fn near(gold: Decimal, read: Decimal) -> bool {
    (gold - read).abs() <= gold * Decimal::new(1, 14)
}

fn decimals(value: &Value) -> Vec<Decimal> {
    value
        .as_array()
        .map(|values| values.iter().map(decimal).collect())
        .unwrap_or_default()
}

/// The first field of a draft that is not as the label says, nor as one of its other right answers.
pub(crate) fn wrong(gold: &Value, draft: &Draft) -> Option<String> {
    let alternatives =
        |key: &str| -> Vec<Value> { gold["alts"][key].as_array().cloned().unwrap_or_default() };
    let written = format!("{}{}", draft.pair.base(), draft.pair.quote());
    let mut symbols = alternatives("symbol");
    symbols.push(gold["symbol"].clone());
    let bare = draft.quote_implied && symbols.iter().any(|symbol| symbol == draft.pair.base());
    if !bare && !symbols.iter().any(|symbol| *symbol == written) {
        return Some(format!("symbol {written}"));
    }
    let mut sides = alternatives("side");
    sides.push(gold["side"].clone());
    if !sides.iter().any(|side| side == draft.side.label()) {
        return Some(format!("side {}", draft.side));
    }
    let mut entries = alternatives("entry");
    entries.push(gold["entry"].clone());
    let entry_fits = entries.iter().any(|entry| match draft.entry.bounds() {
        None => entry == "market" || entry.is_null(),
        Some((low, high)) => match decimals(entry).as_slice() {
            [first, last] => near(*first, low.get()) && near(*last, high.get()),
            _ => false,
        },
    });
    if !entry_fits {
        return Some(format!("entry {:?}", draft.entry));
    }
    let mut targets: Vec<Vec<Decimal>> = alternatives("targets").iter().map(decimals).collect();
    targets.push(decimals(&gold["targets"]));
    let read: Vec<Decimal> = draft
        .targets
        .iter()
        .map(|target| target.price.get().normalize())
        .collect();
    let same = |gold: &Vec<Decimal>| {
        gold.len() == read.len()
            && gold
                .iter()
                .zip(&read)
                .all(|(gold, read)| near(*gold, *read))
    };
    if !targets.iter().any(same) {
        return Some(format!("targets {read:?}"));
    }
    let mut stops = alternatives("stop");
    stops.push(gold["stop"].clone());
    let stop_fits = stops.iter().any(|stop| match (stop.is_null(), draft.stop) {
        (true, None) => true,
        (false, Some(read)) => near(decimal(stop), read.get()),
        _ => false,
    });
    if !stop_fits {
        return Some(format!("stop {:?}", draft.stop));
    }
    let leverage = |label: &Value| {
        let one = label.as_array().map_or(Some(label), |range| range.first());
        one.filter(|one| !one.is_null()).map(decimal)
    };
    let mut leverages = alternatives("leverage");
    leverages.push(gold["leverage"].clone());
    if !leverages
        .iter()
        .any(|label| leverage(label) == draft.leverage)
    {
        return Some(format!("leverage {:?}", draft.leverage));
    }
    None
}
