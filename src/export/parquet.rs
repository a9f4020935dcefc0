//! Parquet: typed columns in groups of rows, compressed with zstd.
//!
//! Exact numbers are decimals with 18 places, as in the archive of candles. What has more of them
//! (a third of a position) is rounded to the even neighbour there.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{
    Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel,
};
use ::parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, Int64Type,
};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::Type;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Failed, Sheet};
use crate::wire::rows::{Kind, Value};

/// So many rows are held until they are written as a group.
const GROUP: usize = 10_000;

/// The decimal places of an exact number, and the digits of it in all.
const PLACES: u32 = 18;
const DIGITS: i32 = 38;
const DECIMAL_BYTES: i32 = 16;

/// The first number with more digits.
const LIMIT: u128 = 10_u128.pow(38);

/// A file of columns.
pub(super) struct Columns<W: Write + Send> {
    header: Vec<(&'static str, Kind)>,
    waiting: Vec<Vec<Value>>,
    out: SerializedFileWriter<W>,
}

impl<W: Write + Send> Columns<W> {
    pub(super) fn begin(
        name: &str,
        header: Vec<(&'static str, Kind)>,
        out: W,
    ) -> Result<Self, Failed> {
        let fields = header.iter().map(|(name, kind)| field(name, *kind));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder(name).with_fields(fields).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        Ok(Self {
            header,
            waiting: Vec::new(),
            out: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
        })
    }

    fn write_group(&mut self) -> Result<(), Failed> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.waiting);
        let mut group = self.out.next_row_group()?;
        for (nth, (_, kind)) in self.header.iter().enumerate() {
            let cells = rows
                .iter()
                .map(|row| row.get(nth).unwrap_or(&Value::Absent));
            match kind {
                Kind::Text => column::<ByteArrayType>(&mut group, cells, text)?,
                Kind::Instant | Kind::Whole => column::<Int64Type>(&mut group, cells, whole)?,
                Kind::Exact => column::<FixedLenByteArrayType>(&mut group, cells, exact)?,
                Kind::Real => column::<DoubleType>(&mut group, cells, real)?,
                Kind::Flag => column::<BoolType>(&mut group, cells, flag)?,
            }
        }
        group.close()?;
        Ok(())
    }
}

impl<W: Write + Send> Sheet for Columns<W> {
    fn rows(&mut self, rows: &[Vec<Value>]) -> Result<(), Failed> {
        for (value, (name, _)) in rows.iter().flat_map(|row| row.iter().zip(&self.header)) {
            if let Value::Exact(exact) = value
                && unscaled(*exact).is_none()
            {
                return Err(Failed::Broken(format!(
                    "{name}: {exact} is beyond any price"
                )));
            }
        }
        self.waiting.extend_from_slice(rows);
        if self.waiting.len() >= GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failed> {
        self.write_group()?;
        let mut out = self.out.into_inner()?;
        Ok(out.flush()?)
    }
}

fn field(name: &str, kind: Kind) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Instant => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
        Kind::Exact => (
            Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::decimal(PLACES.cast_signed(), DIGITS)),
        ),
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Flag => (Physical::BOOLEAN, None),
    };
    let mut field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if kind == Kind::Exact {
        field = field
            .with_length(DECIMAL_BYTES)
            .with_precision(DIGITS)
            .with_scale(PLACES.cast_signed());
    }
    Ok(Arc::new(field.build()?))
}

/// Writes the column whose turn it is. Where there is no value the level is 0.
fn column<'a, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    cells: impl Iterator<Item = &'a Value>,
    read: fn(&Value) -> Option<T::T>,
) -> Result<(), Failed> {
    let cells: Vec<Option<T::T>> = cells.map(read).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| Failed::Broken("a column is missing".to_owned()))?;
    column
        .typed::<T>()
        .write_batch(&values, Some(&levels), None)?;
    column.close()?;
    Ok(())
}

fn text(value: &Value) -> Option<ByteArray> {
    let Value::Text(text) = value else {
        return None;
    };
    Some(text.as_str().into())
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Whole(whole) => Some(*whole),
        Value::Instant(at) => Some(at.as_micros()),
        Value::Absent | Value::Text(_) | Value::Exact(_) | Value::Real(_) | Value::Flag(_) => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    let Value::Real(real) = value else {
        return None;
    };
    Some(*real)
}

fn flag(value: &Value) -> Option<bool> {
    let Value::Flag(flag) = value else {
        return None;
    };
    Some(*flag)
}

fn exact(value: &Value) -> Option<FixedLenByteArray> {
    let Value::Exact(exact) = value else {
        return None;
    };
    let bytes = unscaled(*exact)?.to_be_bytes().to_vec();
    Some(ByteArray::from(bytes).into())
}

/// A number in units of its last kept place; none from 10^20 on, which is beyond any price.
fn unscaled(exact: Decimal) -> Option<i128> {
    let kept = exact.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointNearestEven);
    let missing = PLACES - kept.scale();
    let units = kept.mantissa().checked_mul(10_i128.pow(missing))?;
    (units.unsigned_abs() < LIMIT).then_some(units)
}

impl From<ParquetError> for Failed {
    fn from(error: ParquetError) -> Self {
        let ParquetError::External(error) = error else {
            return Self::Broken(error.to_string());
        };
        match error.downcast::<std::io::Error>() {
            Ok(error) => Self::Unwritten(*error),
            Err(other) => Self::Broken(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_number_keeps_eighteen_places() {
        let of = |text: &str| unscaled(Decimal::from_str_exact(text).unwrap());
        assert_eq!(of("-0.000000000000000001"), Some(-1));
        assert_eq!(
            of("0.3333333333333333333333333333"),
            Some(333_333_333_333_333_333)
        );
        assert_eq!(of("1000000000000"), Some(10_i128.pow(30)));
    }
}
