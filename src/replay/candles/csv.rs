//! Candles as CSV: a header that names the columns, in any order, and one candle a row.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use csv::{ReaderBuilder, StringRecord, Trim};
use domain::market::{Candle, Price};
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// The columns that are read; any others are not looked at.
const COLUMNS: [&str; 6] = ["open_time", "open", "high", "low", "close", "volume"];

/// 2009-01-01 and 2100-01-01: what lies outside is no time in milliseconds.
const TIMES: std::ops::Range<i64> = 1_230_768_000_000..4_102_444_800_000;

/// Reads the candles of a file, in the order of time.
///
/// # Errors
///
/// When the header lacks a column, or a row is no candle or not after the one before it; the
/// error names the line.
pub(super) fn read(file: impl Read, span: Duration) -> anyhow::Result<Vec<Candle>> {
    let mut rows = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let places = places(rows.headers().context("line 1")?).context("line 1")?;
    let mut candles: Vec<Candle> = Vec::new();
    let mut row = StringRecord::new();
    while rows.read_record(&mut row)? {
        let line = row.position().map_or(0, csv::Position::line);
        let candle = candle(&row, places, span).with_context(|| format!("line {line}"))?;
        if let Some(before) = candles.last() {
            ensure!(
                before.end() <= candle.open_time,
                "line {line}: its open_time is before the end of the candle above it; sort the rows by time, each once, and check that the name says the right interval"
            );
        }
        candles.push(candle);
    }
    Ok(candles)
}

/// Where the columns stand.
fn places(header: &StringRecord) -> anyhow::Result<[usize; 6]> {
    let mut places = [0; 6];
    for (slot, name) in places.iter_mut().zip(COLUMNS) {
        // Files that passed through a spreadsheet begin with a byte order mark.
        *slot = header
            .iter()
            .position(|column| column.trim_start_matches('\u{feff}') == name)
            .with_context(|| {
                format!(
                    "there is no column `{name}`; the header must name {}",
                    COLUMNS.join(", ")
                )
            })?;
    }
    Ok(places)
}

fn candle(row: &StringRecord, places: [usize; 6], span: Duration) -> anyhow::Result<Candle> {
    let field = |nth: usize| row.get(places[nth]).unwrap_or_default();
    let price = |nth: usize| Price::parse(field(nth)).with_context(|| COLUMNS[nth]);
    let open_time = field(0)
        .parse()
        .ok()
        .filter(|millis| TIMES.contains(millis))
        .with_context(|| {
            format!(
                "open_time `{}` is no time in milliseconds since 1970",
                field(0)
            )
        })?;
    let volume: Decimal = field(5)
        .parse()
        .or_else(|_| Decimal::from_scientific(field(5)))
        .ok()
        .filter(|volume: &Decimal| !volume.is_sign_negative() || volume.is_zero())
        .with_context(|| format!("volume `{}` is no amount", field(5)))?;
    let candle = Candle {
        open_time: Timestamp::from_millis(open_time),
        span,
        open: price(1)?,
        high: price(2)?,
        low: price(3)?,
        close: price(4)?,
        volume,
    };
    Ok(candle.checked()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str) -> anyhow::Result<Vec<Candle>> {
        read(text.as_bytes(), Duration::from_secs(60))
    }

    fn refused(text: &str) -> String {
        format!("{:#}", minutes(text).unwrap_err())
    }

    #[test]
    fn columns_stand_in_any_order_and_others_are_not_looked_at() {
        let candles = minutes(
            "trades,close,volume,open_time,low,high,open\nx,1.5,2e3,1735700400000,1,2,1.2\n",
        )
        .unwrap();
        assert_eq!(candles.len(), 1);
        assert_eq!(candles[0].open_time.as_millis(), 1_735_700_400_000);
        assert_eq!(candles[0].open, Price::parse("1.2").unwrap());
        assert_eq!(candles[0].volume, Decimal::from(2_000));
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let head = "open_time,open,high,low,close,volume\n1735700400000,1,2,1,1,5\n";
        for (row, words) in [
            ("1735700460000,1,2,3,1,5", "low"),
            ("1735700460000,1,2,1,1", "line"),
            ("1735700460000,1,2,1,0,5", "close"),
            ("1735700460000,1,2,1,1,-5", "volume"),
            ("1735700460000000,1,2,1,1,5", "milliseconds"),
            ("1735700400000,1,2,1,1,5", "sort the rows"),
        ] {
            let said = refused(&format!("{head}{row}\n"));
            assert!(said.contains("line") && said.contains('3'), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_header_without_a_column_says_which() {
        let said = refused("open_time,open,high,low,close\n");
        assert!(
            said.contains("line 1") && said.contains("`volume`"),
            "{said}"
        );
    }
}
