//! Satoshi: prices of bitcoin pairs as whole numbers, `ADA/BTC buy 1250`.

use rust_decimal::Decimal;

use crate::market::{Pair, Price};
use crate::parse::fields::Fields;
use crate::reading::{Draft, Entry};

/// One of them, in bitcoin.
pub(super) const SATOSHI: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

/// Scales a trade whose prices are satoshi: where the text says so, or where a pair with bitcoin has
/// whole numbers only, as nothing costs more than one bitcoin. What is mixed stays as it is written,
/// and is found strange.
pub(super) fn scale(fields: &Fields, draft: &mut Draft) {
    let whole = |price: &Price| price.get().is_integer();
    let told = fields.satoshi && draft.quote_implied;
    let bitcoins = draft.pair.quote() == "BTC";
    if !(told || bitcoins) || !prices(draft).iter().all(whole) {
        return;
    }
    if told {
        let Ok(pair) = Pair::new(draft.pair.base(), "BTC") else {
            return;
        };
        draft.pair = pair;
    }
    let scaled = |price: Price| Price::new(price.get() * SATOSHI).unwrap_or(price);
    draft.entry = match draft.entry {
        Entry::Market(price) => Entry::Market(price.map(scaled)),
        Entry::Limit(price) => Entry::Limit(scaled(price)),
        Entry::Breakout(price) => Entry::Breakout(scaled(price)),
        Entry::Zone { low, high } => Entry::Zone {
            low: scaled(low),
            high: scaled(high),
        },
        Entry::Scaled { low, high } => Entry::Scaled {
            low: scaled(low),
            high: scaled(high),
        },
        Entry::Ladder(ladder) => ladder.map(scaled).map_or(draft.entry, Entry::Ladder),
    };
    draft.stop = draft.stop.map(scaled);
    for target in &mut draft.targets {
        target.price = scaled(target.price);
    }
}

/// Says what is wrong with a price of a bitcoin pair that is not below one bitcoin.
pub(super) fn strange(draft: &Draft) -> Option<String> {
    let dear = prices(draft)
        .into_iter()
        .find(|price| draft.pair.quote() == "BTC" && price.get() >= Decimal::ONE)?;
    Some(format!(
        "{} at {dear}: nothing costs so many bitcoins, and not all prices are whole satoshi",
        draft.pair
    ))
}

fn prices(draft: &Draft) -> Vec<Price> {
    let (low, high) = draft.entry.bounds().unzip();
    let levels = draft.targets.iter().map(|target| target.price);
    low.into_iter()
        .chain(high)
        .chain(draft.stop)
        .chain(levels)
        .collect()
}
