//! What is written is read back exactly, and damage is noticed.

use super::*;

fn month(rows: i64) -> Kept {
    let minute = Duration::from_secs(60);
    let price = |text: String| Price::parse(&text).unwrap();
    let candles: Vec<_> = (0..rows)
        // Every tenth minute was not traded.
        .filter(|nth| nth % 10 != 3)
        .map(|nth| Candle {
            open_time: Timestamp::from_millis(1_740_787_200_000 + nth * 60_000),
            span: minute,
            open: price(format!("0.0000{}1", 1000 + nth)),
            high: price(format!("999999999999.00000000{}", 1 + nth)),
            low: price("0.000000000000000001".to_owned()),
            close: price(format!("{}", 60_000 + nth)),
            volume: Decimal::new(nth, 8),
        })
        .collect();
    Kept {
        span: minute,
        known: Stretch {
            from: Timestamp::from_millis(1_740_787_200_000),
            until: Timestamp::from_millis(1_740_787_200_000 + rows * 60_000),
        },
        candles,
    }
}

#[test]
fn what_is_written_is_read_back_exactly_also_over_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/BTCUSDT-1m-2025-03.parquet");
    for rows in [0, 1, 44_640] {
        let kept = month(rows);
        write(&path, &kept).unwrap();
        assert_eq!(read(&path).unwrap(), kept);
    }
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["BTCUSDT-1m-2025-03.parquet"]);
}

#[test]
fn a_damaged_file_is_refused_by_its_name_or_holds_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BTCUSDT-1m-2025-03.parquet");
    let kept = month(300);
    write(&path, &kept).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, damaged).unwrap();
        match read(&path) {
            // Not every byte matters: statistics, the name of the writer.
            Ok(read) => assert_eq!(read, kept, "byte {at}"),
            Err(error) => {
                let said = format!("{error:#}");
                assert!(said.contains("BTCUSDT-1m-2025-03.parquet"), "{said}");
                refused += 1;
            }
        }
    }
    assert!(
        refused * 7 * 2 > whole.len(),
        "{refused} of {}",
        whole.len()
    );
    for end in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(read(&path).is_err(), "cut at {end}");
    }
}

#[test]
fn a_number_that_cannot_be_kept_exactly_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = month(1);
    kept.candles[0].volume = Decimal::new(1, 19);
    let path = folder.path().join("x.parquet");
    let said = format!("{:#}", write(&path, &kept).unwrap_err());
    assert!(said.contains("18 decimal places"), "{said}");
    assert!(!path.exists());
}
