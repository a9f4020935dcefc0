//! Distances: levels that are written as how far they are from the entry.
//!
//! What a point is depends on the market, and where it is not sure the trade is held: a stop at ten
//! times its distance is a wrong trade.

use rust_decimal::Decimal;

use crate::market::{Price, Side};
use crate::parse::fields::{Away, Fields, Measure};
use crate::parse::symbol::Mention;
use crate::reading::{Draft, MAX_TARGETS, Target};

/// From which price on a point of a coin is one unit of its quote, as rooms that trade bitcoin and
/// ether use the word.
const POINTED: Decimal = Decimal::ONE_HUNDRED;

/// Gives a draft the levels that are written as distances.
///
/// # Errors
///
/// Why a distance is no level; then the draft stays as it was.
pub(super) fn resolve(fields: &Fields, mention: &Mention, draft: &mut Draft) -> Result<(), String> {
    let entry = draft.entry.published();
    if draft.stop.is_none()
        && draft.stop_percent.is_none()
        && let Some(away) = fields.stop_away
    {
        let far = length(away, mention, draft)?;
        let entry = entry.ok_or("its stop is so far from an entry whose price is not written")?;
        draft.stop = Some(moved(entry, -draft.side.sign() * far)?);
    }
    if !draft.targets.is_empty() || fields.targets_away.is_empty() {
        return Ok(());
    }
    if fields.targets_away.len() > MAX_TARGETS {
        return Err(format!("more than {MAX_TARGETS} targets are written"));
    }
    let mut percents = Vec::new();
    let mut targets = Vec::new();
    for away in &fields.targets_away {
        match (away.unit, draft.stop_percent, entry) {
            (Measure::Percent, _, _) => percents.push(away.far),
            // Of a distance in percent the multiple is one, too.
            (Measure::Risk, Some(percent), _) => percents.push(percent * away.far),
            (Measure::Risk | Measure::Points | Measure::Pips, _, Some(entry)) => {
                let far = length(*away, mention, draft)?;
                targets.push(moved(entry, draft.side.sign() * far)?);
            }
            (Measure::Risk | Measure::Points | Measure::Pips, _, None) => {
                return Err(
                    "its targets are so far from an entry whose price is not written".to_owned(),
                );
            }
        }
    }
    if !percents.is_empty() && !targets.is_empty() {
        return Err("its targets are written in percent and otherwise".to_owned());
    }
    let lent = fields
        .leverage
        .iter()
        .any(|leverage| *leverage > Decimal::ONE);
    if let (Some(percent), true, None) = (percents.first(), lent, draft.stop_percent) {
        return Err(format!(
            "the first target is written as {percent} %, and whether of the price or of the margin is not said"
        ));
    }
    draft.target_percents = percents;
    targets.sort_by(|one, other| match draft.side {
        Side::Long => one.cmp(other),
        Side::Short => other.cmp(one),
    });
    draft.targets = targets
        .into_iter()
        .map(|price| Target {
            price,
            weight: None,
        })
        .collect();
    Ok(())
}

/// A distance in units of the quote.
fn length(away: Away, mention: &Mention, draft: &Draft) -> Result<Decimal, String> {
    let Away { far, unit } = away;
    let one = match unit {
        Measure::Risk => {
            let risk = draft.entry.published().zip(draft.stop);
            risk.map(|(entry, stop)| (entry.get() - stop.get()).abs())
        }
        Measure::Pips => pip(draft),
        Measure::Points => {
            let entry = draft.entry.published();
            let dear = entry.is_some_and(|entry| entry.get() >= POINTED);
            (dear && !mention.foreign).then_some(Decimal::ONE)
        }
        Measure::Percent => None,
    };
    let what = match unit {
        Measure::Risk => "times a risk that is not known",
        Measure::Pips => "pips",
        Measure::Points => "points",
        Measure::Percent => "percent",
    };
    one.map(|one| one * far).ok_or_else(|| {
        format!(
            "a level is {far} {what} away, and how far that is on {} is not sure",
            draft.pair
        )
    })
}

/// A pip: of gold ten cents, of a pair with the yen a hundredth, of other currencies a ten-thousandth.
fn pip(draft: &Draft) -> Option<Decimal> {
    const CURRENCIES: [&str; 8] = ["USD", "EUR", "GBP", "CHF", "AUD", "CAD", "NZD", "JPY"];
    let (base, quote) = (draft.pair.base(), draft.pair.quote());
    if base == "XAU" && quote == "USD" {
        return Some(Decimal::new(1, 1));
    }
    let currency = |name: &str| CURRENCIES.contains(&name);
    (currency(base) && currency(quote)).then(|| {
        if quote == "JPY" {
            Decimal::new(1, 2)
        } else {
            Decimal::new(1, 4)
        }
    })
}

fn moved(entry: Price, by: Decimal) -> Result<Price, String> {
    let level = (entry.get() + by).normalize();
    Price::new(level).map_err(|_| format!("a level {by} from {entry} is no price"))
}
