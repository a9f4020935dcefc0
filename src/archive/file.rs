//! One file of the archive: a month of candles in Parquet, exact, whole, and known when damaged.
//!
//! The columns are `open_time` (milliseconds UTC) and `open`, `high`, `low`, `close`, `volume` as
//! decimals with 18 places, compressed with zstd. The file also says of which stretch of time it
//! holds every candle that the venue has, so that what is absent there was never traded.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::market::{Candle, Price};
use domain::time::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    AsBytes as _, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::plan::Stretch;

/// The decimal places of a column: more than any venue writes.
const PLACES: u32 = 18;

/// What the columns are.
const SCHEMA: &str = "message candles {
    REQUIRED INT64 open_time (TIMESTAMP(MILLIS, true));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) open (DECIMAL(38, 18));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) high (DECIMAL(38, 18));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) low (DECIMAL(38, 18));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) close (DECIMAL(38, 18));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) volume (DECIMAL(38, 18));
}";

/// The file's notes on itself.
const SPAN: &str = "touchstone.span_ms";
const FROM: &str = "touchstone.from_ms";
const UNTIL: &str = "touchstone.until_ms";
const DIGEST: &str = "touchstone.sha256";

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How long a candle lasts.
    pub span: Duration,
    /// Of this time it holds every candle that the venue has.
    pub known: Stretch,
    /// The candles, in order of time.
    pub candles: Vec<Candle>,
}

/// Reads a file.
///
/// # Errors
///
/// When it cannot be read, is no file of an archive, or was damaged; the error names it.
pub fn read(path: &Path) -> anyhow::Result<Kept> {
    let kept = || -> anyhow::Result<Kept> {
        let file = File::open(path).context("it cannot be opened")?;
        let file = SerializedFileReader::new(file)?;
        rows(&file)
    };
    kept().with_context(|| {
        format!(
            "{} is no whole file of a candle archive; delete it and fetch its month again",
            path.display()
        )
    })
}

/// Writes a file whole or not at all: readers see the one before, or this one.
///
/// # Errors
///
/// When it cannot be written, or a number has more than 18 decimal places.
pub fn write(path: &Path, kept: &Kept) -> anyhow::Result<()> {
    let folder = path.parent().context("a file needs a folder")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder {}", folder.display()))?;
    let beside = path.with_extension("unfinished");
    let written = || -> anyhow::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(&encode(kept)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        // The name is the folder's to keep.
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    written().with_context(|| format!("could not write {}", path.display()))
}

fn schema() -> anyhow::Result<Arc<Type>> {
    Ok(Arc::new(parse_message_type(SCHEMA)?))
}

fn encode(kept: &Kept) -> anyhow::Result<Vec<u8>> {
    let times: Vec<i64> = kept
        .candles
        .iter()
        .map(|candle| candle.open_time.as_millis())
        .collect();
    let columns = kept
        .candles
        .iter()
        .map(|candle| {
            let prices = [candle.open, candle.high, candle.low, candle.close].map(Price::get);
            let [open, high, low, close] = prices.map(unscaled);
            Ok([open?, high?, low?, close?, unscaled(candle.volume)?])
        })
        .collect::<anyhow::Result<Vec<[i128; 5]>>>()?;
    let note = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let notes = vec![
        note(SPAN, kept.span.as_millis().to_string()),
        note(FROM, kept.known.from.as_millis().to_string()),
        note(UNTIL, kept.known.until.as_millis().to_string()),
        note(DIGEST, digest(kept.span, kept.known, &times, &columns)),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(crate::outbound::USER_AGENT.to_owned())
        .set_key_value_metadata(Some(notes))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    put::<Int64Type>(&mut group, &times)?;
    for nth in 0..5 {
        let column: Vec<FixedLenByteArray> = columns
            .iter()
            .map(|row| row[nth].to_be_bytes().to_vec().into())
            .collect();
        put::<FixedLenByteArrayType>(&mut group, &column)?;
    }
    group.close()?;
    Ok(writer.into_inner()?)
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> anyhow::Result<()> {
    let mut column = group.next_column()?.context("the schema has six columns")?;
    column.typed::<T>().write_batch(values, None, None)?;
    Ok(column.close()?)
}

fn rows(file: &SerializedFileReader<File>) -> anyhow::Result<Kept> {
    let about = file.metadata().file_metadata();
    ensure!(
        *about.schema() == *schema()?,
        "its columns are not those of an archive"
    );
    let note = |key: &str| {
        about
            .key_value_metadata()
            .into_iter()
            .flatten()
            .find(|note| note.key == key)
            .and_then(|note| note.value.as_deref())
            .with_context(|| format!("it does not say `{key}`"))
    };
    let millis = |key: &str| Ok::<i64, anyhow::Error>(note(key)?.parse()?);
    let span = Duration::from_millis(note(SPAN)?.parse()?);
    let known = Stretch {
        from: Timestamp::from_millis(millis(FROM)?),
        until: Timestamp::from_millis(millis(UNTIL)?),
    };
    let mut times = Vec::new();
    let mut columns: Vec<[i128; 5]> = Vec::new();
    for nth in 0..file.num_row_groups() {
        let group = file.get_row_group(nth)?;
        times.extend(take::<Int64Type>(&*group, 0)?);
        columns.resize(times.len(), [0; 5]);
        for column in 0..5 {
            let values = take::<FixedLenByteArrayType>(&*group, column + 1)?;
            let begin = times.len() - values.len();
            for (row, value) in columns[begin..].iter_mut().zip(values) {
                row[column] = i128::from_be_bytes(value.as_bytes().try_into()?);
            }
        }
    }
    if note(DIGEST)? != digest(span, known, &times, &columns) {
        bail!("it was damaged: its rows are not those that were written");
    }
    let candles = times
        .iter()
        .zip(&columns)
        .map(|(time, row)| candle(*time, span, row))
        .collect::<anyhow::Result<_>>()?;
    Ok(Kept {
        span,
        known,
        candles,
    })
}

/// A column of a row group, of exactly as many values as the group has rows.
fn take<T: DataType>(group: &dyn RowGroupReader, column: usize) -> anyhow::Result<Vec<T::T>> {
    let rows = usize::try_from(group.metadata().num_rows())?;
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let mut values = Vec::new();
    while values.len() < rows {
        let (_, read, _) = reader.read_records(rows - values.len(), None, None, &mut values)?;
        ensure!(read > 0, "a column ends before its time");
    }
    Ok(values)
}

fn candle(time: i64, span: Duration, row: &[i128; 5]) -> anyhow::Result<Candle> {
    let price = |nth: usize| Ok::<_, anyhow::Error>(Price::new(decimal(row[nth])?)?);
    let candle = Candle {
        open_time: Timestamp::from_millis(time),
        span,
        open: price(0)?,
        high: price(1)?,
        low: price(2)?,
        close: price(3)?,
        volume: decimal(row[4])?,
    };
    Ok(candle.checked()?)
}

/// A number in units of its last kept place.
fn unscaled(value: Decimal) -> anyhow::Result<i128> {
    let value = value.normalize();
    let missing = PLACES
        .checked_sub(value.scale())
        .with_context(|| format!("{value} has more than {PLACES} decimal places"))?;
    value
        .mantissa()
        .checked_mul(10_i128.pow(missing))
        .with_context(|| format!("{value} is too large"))
}

fn decimal(mut unscaled: i128) -> anyhow::Result<Decimal> {
    let mut scale = PLACES;
    while scale > 0 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    Ok(Decimal::try_from_i128_with_scale(unscaled, scale)?)
}

fn digest(span: Duration, known: Stretch, times: &[i64], columns: &[[i128; 5]]) -> String {
    let mut sha = Sha256::new();
    sha.update(span.as_millis().to_be_bytes());
    sha.update(known.from.as_millis().to_be_bytes());
    sha.update(known.until.as_millis().to_be_bytes());
    for (time, row) in times.iter().zip(columns) {
        sha.update(time.to_be_bytes());
        row.iter().for_each(|value| sha.update(value.to_be_bytes()));
    }
    sha.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
