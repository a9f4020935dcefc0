//! What a candle file's name and folders say: `binance_spot/BTCUSDT-15m-2024.csv.xz`.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::market::{Instrument, MarketKind, Pair, Venue};

use crate::replay::files;

/// How a folder's name ends that says a market, after the venue.
const FOLDERS: [(&str, MarketKind); 3] = [
    ("_spot", MarketKind::Spot),
    ("_usdm", MarketKind::Perpetual),
    ("_perpetual", MarketKind::Perpetual),
];

/// Venues that had one market only, whose folders need not say it.
const SPOT_ONLY: [&str; 1] = ["bittrex"];

/// The quotes in which a symbol without a separator may end, longest first.
const QUOTES: [&str; 8] = ["FDUSD", "USDT", "USDC", "BUSD", "USD", "BTC", "ETH", "EUR"];

/// A venue's market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Where.
    pub venue: Venue,
    /// In which kind of market.
    pub kind: MarketKind,
}

impl FromStr for Market {
    type Err = String;

    /// Reads `VENUE:spot` or `VENUE:perpetual`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let market = || {
            let (venue, kind) = text.split_once(':')?;
            let kind = MarketKind::from_label(kind)?;
            is_venue(venue).then(|| Self {
                venue: Venue::new(venue),
                kind,
            })
        };
        market().ok_or_else(|| {
            "write VENUE:spot or VENUE:perpetual, for example binance:perpetual".to_owned()
        })
    }
}

fn is_venue(name: &str) -> bool {
    let letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    !name.is_empty() && name.bytes().all(letter)
}

/// What the file holds. `market` is for files whose folders do not say it.
///
/// # Errors
///
/// When the name or the folders do not say it; the error says how to name them.
pub(super) fn read(file: &Path, market: Option<&Market>) -> anyhow::Result<(Instrument, Duration)> {
    let Some(market) = file
        .ancestors()
        .skip(1)
        .find_map(folder)
        .or_else(|| market.cloned())
    else {
        bail!(
            "{}: no folder of it says venue and market; name one VENUE_spot, VENUE_usdm or VENUE_perpetual, or give --market VENUE:spot or VENUE:perpetual",
            file.display()
        );
    };
    let mut parts = files::name(file).split(['-', '.']);
    let (symbol, interval) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let span = span(interval).with_context(|| {
        format!(
            "{}: name it SYMBOL-INTERVAL-…, for example BTCUSDT-15m-2024.csv",
            file.display()
        )
    })?;
    let pair = QUOTES
        .iter()
        .find_map(|quote| Pair::new(symbol.strip_suffix(quote)?, quote).ok())
        .with_context(|| {
            format!(
                "{}: `{symbol}` is no known pair; it must end in one of {}",
                file.display(),
                QUOTES.join(", ")
            )
        })?;
    let instrument = Instrument {
        venue: market.venue,
        kind: market.kind,
        pair,
    };
    Ok((instrument, span))
}

/// The market that a folder's name says.
fn folder(folder: &Path) -> Option<Market> {
    let name = folder.file_name()?.to_str()?;
    let (venue, kind) = if SPOT_ONLY.contains(&name) {
        (name, MarketKind::Spot)
    } else {
        FOLDERS
            .iter()
            .find_map(|(ending, kind)| Some((name.strip_suffix(ending)?, *kind)))?
    };
    is_venue(venue).then(|| Market {
        venue: Venue::new(venue),
        kind,
    })
}

/// Reads an interval: `1m`, `4h`, `1d`.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = number
        .parse()
        .ok()
        .filter(|number| (1..=1_440).contains(number))?;
    Some(Duration::from_secs(number * seconds))
}

/// Writes an interval as it is read.
pub(super) fn interval(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    units
        .into_iter()
        .find(|(length, _)| seconds.is_multiple_of(*length))
        .map_or_else(
            || format!("{seconds}s"),
            |(length, unit)| format!("{}{unit}", seconds / length),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_folders_say_what_a_file_holds() {
        let said = |path: &str| read(Path::new(path), None).unwrap();
        let (instrument, span) = said("x/binance_usdm/1000PEPEUSDT-5m-2025.csv.xz");
        assert_eq!(instrument.to_string(), "binance:perpetual:1000PEPE/USDT");
        assert_eq!(span, Duration::from_secs(300));
        let (instrument, span) = said("bittrex/old/XLMBTC-1h.csv");
        assert_eq!(instrument.to_string(), "bittrex:spot:XLM/BTC");
        assert_eq!(interval(span), "1h");
    }

    #[test]
    fn a_market_is_for_files_whose_folders_do_not_say_it() {
        let market = Market::from_str("kraken:spot").unwrap();
        let said = |path: &str| read(Path::new(path), Some(&market)).unwrap().0.to_string();
        assert_eq!(said("here/BTCUSD-1m.csv"), "kraken:spot:BTC/USD");
        assert_eq!(
            said("binance_usdm/BTCUSDT-1m.csv"),
            "binance:perpetual:BTC/USDT"
        );
        let refused = read(Path::new("somewhere/BTCUSDT-5m.csv"), None)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("--market"), "{refused}");
        assert!(Market::from_str("kraken:futures").is_err());
    }
}
