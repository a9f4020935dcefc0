//! XLSX: a workbook whose rows go to a temporary file as they come, so that its memory is bounded.
//!
//! A number of Excel has fifteen digits. An exact number that needs more stands there as text, so
//! none is ever changed; instants are dates, to the millisecond, which is all that Excel keeps. A
//! text is always a text: no formula is ever made.

use std::io::Write;

use domain::time::Timestamp;
use rust_decimal::Decimal;
use rust_xlsxwriter::{ColNum, Format, RowNum, Workbook, Worksheet, XlsxError};

use super::{Failed, Sheet};
use crate::wire::rows::{Kind, Value, written};

/// So many rows a sheet holds, its header included; then the next one begins.
const SHEET_ROWS: RowNum = 1_048_576;

/// The first number with more than fifteen digits.
const SIXTEEN_DIGITS: u128 = 1_000_000_000_000_000;

/// 1970-01-01 in days since Excel's beginning.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MICROS: f64 = 86_400e6;

/// Excel knows no date before 1900-03-01 rightly, and none after 9999.
const FIRST_DATE: i64 = -2_203_891_200_000_000;
const AFTER_LAST_DATE: i64 = 253_402_300_800_000_000;

/// A workbook.
pub(super) struct Excel<W> {
    book: Workbook,
    name: &'static str,
    header: Vec<(&'static str, Kind)>,
    sheets: usize,
    /// Where the next row of the newest sheet goes.
    row: RowNum,
    /// So many rows a sheet takes.
    room: RowNum,
    date: Format,
    bold: Format,
    out: W,
}

impl<W: Write> Excel<W> {
    pub(super) fn begin(
        name: &'static str,
        header: Vec<(&'static str, Kind)>,
        out: W,
    ) -> Result<Self, Failed> {
        Self::with_room(name, header, out, SHEET_ROWS)
    }

    fn with_room(
        name: &'static str,
        header: Vec<(&'static str, Kind)>,
        out: W,
        room: RowNum,
    ) -> Result<Self, Failed> {
        let mut excel = Self {
            book: Workbook::new(),
            name,
            header,
            sheets: 0,
            row: 0,
            room,
            date: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            bold: Format::new().set_bold(),
            out,
        };
        excel.next_sheet()?;
        Ok(excel)
    }

    fn next_sheet(&mut self) -> Result<(), Failed> {
        self.sheets += 1;
        let name = match self.sheets {
            1 => self.name.to_owned(),
            nth => format!("{} {nth}", self.name),
        };
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (column, (name, kind)) in (0..).zip(&self.header) {
            let width = match kind {
                Kind::Instant => 24.0,
                Kind::Text | Kind::Exact => 16.0,
                Kind::Whole | Kind::Real | Kind::Flag => 12.0,
            };
            sheet.set_column_width(column, width)?;
            sheet.write_string_with_format(0, column, *name, &self.bold)?;
        }
        self.row = 1;
        Ok(())
    }
}

impl<W: Write + Send> Sheet for Excel<W> {
    fn rows(&mut self, rows: &[Vec<Value>]) -> Result<(), Failed> {
        for row in rows {
            if self.row >= self.room {
                self.next_sheet()?;
            }
            let sheet = self.book.worksheet_from_index(self.sheets - 1)?;
            for (column, value) in (0..).zip(row) {
                cell(sheet, self.row, column, value, &self.date)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failed> {
        self.book.save_to_writer(&mut self.out)?;
        Ok(self.out.flush()?)
    }
}

fn cell(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    value: &Value,
    date: &Format,
) -> Result<(), XlsxError> {
    match value {
        Value::Absent => return Ok(()),
        Value::Text(text) => sheet.write_string(row, column, text)?,
        Value::Instant(at) => match serial(*at) {
            Some(days) => sheet.write_number_with_format(row, column, days, date)?,
            None => sheet.write_string(row, column, written(*at))?,
        },
        Value::Exact(exact) => match as_shown(*exact) {
            Some(number) => sheet.write_number(row, column, number)?,
            None => sheet.write_string(row, column, exact.to_string())?,
        },
        Value::Whole(whole) => match as_shown(Decimal::from(*whole)) {
            Some(number) => sheet.write_number(row, column, number)?,
            None => sheet.write_string(row, column, whole.to_string())?,
        },
        Value::Real(real) => sheet.write_number(row, column, *real)?,
        Value::Flag(flag) => sheet.write_boolean(row, column, *flag)?,
    };
    Ok(())
}

/// The number that Excel shows with the very same digits, where there is one.
fn as_shown(exact: Decimal) -> Option<f64> {
    let few = exact.normalize().mantissa().unsigned_abs() < SIXTEEN_DIGITS;
    few.then(|| exact.to_string().parse().ok()).flatten()
}

/// An instant as Excel counts it, in days.
fn serial(at: Timestamp) -> Option<f64> {
    let micros = at.as_micros();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double keeps whole milliseconds of these dates, and Excel no more"
    )]
    (FIRST_DATE..AFTER_LAST_DATE)
        .contains(&micros)
        .then(|| (micros / 1_000 * 1_000) as f64 / DAY_MICROS + EPOCH_DAYS)
}

impl From<XlsxError> for Failed {
    fn from(error: XlsxError) -> Self {
        if let XlsxError::IoError(error) | XlsxError::TempFileError(_, error) = error {
            Self::Unwritten(error)
        } else {
            Self::Broken(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_more_than_fifteen_digits_is_none_for_excel() {
        let shown = |text: &str| as_shown(Decimal::from_str_exact(text).unwrap());
        assert_eq!(shown("0.00000001234"), Some(0.000_000_012_34));
        assert_eq!(shown("-123456789.012345"), Some(-123_456_789.012_345));
        assert_eq!(shown("123456789.0123456"), None);
        assert_eq!(shown("0.3333333333333333333333333333"), None);
    }

    #[test]
    fn days_are_counted_as_excel_counts_them() {
        let new_year = Timestamp::from_micros(1_767_225_600_000_000);
        assert_eq!(serial(new_year), Some(46_023.0));
        assert_eq!(serial(Timestamp::from_micros(i64::MAX)), None);
    }

    #[test]
    fn a_full_sheet_is_followed_by_another() {
        let header = vec![("n", Kind::Whole)];
        let mut excel = Excel::with_room("rows", header, Vec::new(), 3).unwrap();
        let rows: Vec<Vec<Value>> = (0..5).map(|n| vec![Value::Whole(n)]).collect();
        excel.rows(&rows).unwrap();
        assert_eq!((excel.sheets, excel.row), (3, 2));
    }
}
