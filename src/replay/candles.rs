//! Candle files: `SYMBOL-INTERVAL-….csv`, plain or xz, in a folder that names venue and market.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::market::{Candle, Instrument, MarketKind, Pair, Price, Tick, Venue};
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// The folder names that say venue and market.
const FOLDERS: [(&str, &str, MarketKind); 3] = [
    ("binance_spot", "binance", MarketKind::Spot),
    ("binance_usdm", "binance", MarketKind::Perpetual),
    ("bittrex", "bittrex", MarketKind::Spot),
];

/// The quotes in which a symbol without a separator may end, longest first.
const QUOTES: [&str; 8] = ["FDUSD", "USDT", "USDC", "BUSD", "USD", "BTC", "ETH", "EUR"];

/// Reads files, and every candle file in folders, into one price path for each instrument.
///
/// Where intervals overlap the finest rules, instant by instant. Where nothing is known the path
/// says so with a [`Tick::Hole`].
///
/// # Errors
///
/// When a path cannot be read, its name does not say what it holds, or a line is no candle; the
/// error names the file and the line.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<Instrument, Vec<Tick>>> {
    let mut candles: BTreeMap<Instrument, Vec<Candle>> = BTreeMap::new();
    for file in files(paths)? {
        let (instrument, span) = named(&file)?;
        let read = read_file(&file, span).with_context(|| format!("in {}", file.display()))?;
        candles.entry(instrument).or_default().extend(read);
    }
    Ok(candles
        .into_iter()
        .map(|(instrument, candles)| (instrument, path(candles)))
        .collect())
}

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path)
                .with_context(|| format!("could not read {}", path.display()))?;
            for entry in entries {
                let file = entry?.path();
                if is_candles(&file) {
                    files.push(file);
                }
            }
        } else {
            ensure!(
                is_candles(path),
                "{}: a candle file ends in .csv or .csv.xz",
                path.display()
            );
            files.push(path.clone());
        }
    }
    // The order of a directory is the file system's; ours is by name.
    files.sort();
    ensure!(
        !files.is_empty(),
        "there is no candle file (.csv or .csv.xz) at the given paths"
    );
    Ok(files)
}

fn is_candles(file: &Path) -> bool {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.ends_with(".csv") || name.ends_with(".csv.xz")
}

/// What a file's name and folder say: `binance_spot/BTCUSDT-15m-2024.csv.xz`.
fn named(file: &Path) -> anyhow::Result<(Instrument, Duration)> {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let folder = file
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let Some((_, venue, kind)) = FOLDERS.iter().find(|(known, _, _)| *known == folder) else {
        let known: Vec<_> = FOLDERS.iter().map(|(known, _, _)| *known).collect();
        bail!(
            "{}: the folder must say venue and market, one of {}",
            file.display(),
            known.join(", ")
        );
    };
    let mut parts = name.split(['-', '.']);
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
        .with_context(|| format!("{}: `{symbol}` is no known pair", file.display()))?;
    let instrument = Instrument {
        venue: Venue::new(*venue),
        kind: *kind,
        pair,
    };
    Ok((instrument, span))
}

/// Reads an interval: `1m`, `4h`, `1d`.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u64 = number
        .parse()
        .ok()
        .filter(|number| (1..=1_440).contains(number))?;
    Some(Duration::from_secs(number * seconds))
}

fn read_file(file: &Path, span: Duration) -> anyhow::Result<Vec<Candle>> {
    let open = File::open(file)?;
    let text: Box<dyn Read> = if file.extension().is_some_and(|end| end == "xz") {
        Box::new(lzma_rust2::XzReader::new(BufReader::new(open), true))
    } else {
        Box::new(open)
    };
    let mut lines = BufReader::new(text).lines();
    let header = lines.next().context("the file is empty")??;
    let wanted = ["open_time", "open", "high", "low", "close", "volume"];
    let columns: Vec<_> = header.split(',').map(str::trim).collect();
    let place = |name: &str| {
        columns
            .iter()
            .position(|column| *column == name)
            .with_context(|| {
                format!(
                    "line 1: there is no column `{name}`; the header must name {}",
                    wanted.join(", ")
                )
            })
    };
    let mut places = [0; 6];
    for (slot, name) in places.iter_mut().zip(wanted) {
        *slot = place(name)?;
    }
    let mut candles = Vec::new();
    for (nth, line) in lines.enumerate() {
        let line = line?;
        if !line.is_empty() {
            let candle =
                candle(&line, places, span).with_context(|| format!("line {}", nth + 2))?;
            candles.push(candle);
        }
    }
    Ok(candles)
}

fn candle(line: &str, places: [usize; 6], span: Duration) -> anyhow::Result<Candle> {
    let fields: Vec<_> = line.split(',').map(str::trim).collect();
    let field = |nth: usize| -> anyhow::Result<&str> {
        fields
            .get(places[nth])
            .copied()
            .context("a column is missing")
    };
    let candle = Candle {
        open_time: Timestamp::from_millis(
            field(0)?
                .parse()
                .context("open_time is no number of milliseconds")?,
        ),
        span,
        open: Price::parse(field(1)?)?,
        high: Price::parse(field(2)?)?,
        low: Price::parse(field(3)?)?,
        close: Price::parse(field(4)?)?,
        volume: Decimal::from_scientific(field(5)?)
            .or_else(|_| field(5).and_then(|text| Ok(text.parse()?)))?,
    };
    Ok(candle.checked()?)
}

/// Makes candles of several intervals one path: the finest rules, and gaps are holes.
fn path(mut candles: Vec<Candle>) -> Vec<Tick> {
    candles.sort_by_key(|candle| (candle.open_time, candle.span));
    let mut path = Vec::with_capacity(candles.len());
    let mut known_until: Option<Timestamp> = None;
    for candle in candles {
        if let Some(until) = known_until {
            if candle.open_time < until {
                continue;
            }
            if candle.open_time > until {
                path.push(Tick::Hole {
                    from: until,
                    to: candle.open_time,
                });
            }
        }
        known_until = Some(candle.end());
        path.push(Tick::Candle(candle));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle_at(minute: i64, minutes: u64) -> Candle {
        let price = Price::parse("1").unwrap();
        Candle {
            open_time: Timestamp::from_millis(minute * 60_000),
            span: Duration::from_secs(60 * minutes),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ONE,
        }
    }

    #[test]
    fn the_finest_interval_rules_and_gaps_are_holes() {
        let path = path(vec![
            candle_at(0, 5),
            candle_at(5, 5),
            candle_at(5, 1),
            candle_at(6, 1),
            candle_at(20, 5),
        ]);
        let spans: Vec<_> = path
            .iter()
            .map(|tick| match tick {
                Tick::Candle(candle) => candle.span.as_secs() / 60,
                Tick::Hole { .. } => 0,
                Tick::Trade(_) | Tick::Time(_) => panic!("no such tick"),
            })
            .collect();
        assert_eq!(spans, [5, 1, 1, 0, 5]);
    }

    #[test]
    fn name_and_folder_say_what_a_file_holds() {
        let (instrument, span) =
            named(Path::new("x/binance_usdm/1000PEPEUSDT-5m-2025.csv.xz")).unwrap();
        assert_eq!(instrument.to_string(), "binance:perpetual:1000PEPE/USDT");
        assert_eq!(span, Duration::from_secs(300));
        let refused = named(Path::new("somewhere/BTCUSDT-5m.csv"))
            .unwrap_err()
            .to_string();
        assert!(refused.contains("binance_spot"), "{refused}");
    }

    #[test]
    fn a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("BTCUSDT-1m.csv");
        std::fs::write(
            &file,
            "open_time,open,high,low,close,volume\n0,1,2,1,1,5\n60000,1,2,3,1,5\n",
        )
        .unwrap();
        let said = format!(
            "{:#}",
            read_file(&file, Duration::from_secs(60)).unwrap_err()
        );
        assert!(said.contains("line 3") && said.contains("low"), "{said}");
    }
}
