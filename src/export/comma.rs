//! CSV: commas, quotes where they are needed, CRLF (RFC 4180), UTF-8, a header.
//!
//! Spreadsheets compute what begins like a formula, and posts are written by strangers. So a text
//! that begins like one gets an apostrophe before it (OWASP, "CSV Injection"), and one that begins
//! with an apostrophe gets one more: whoever reads it takes one away, and has the very text. What
//! is a number keeps its sign.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};

use super::{Failed, Sheet};
use crate::wire::rows::{Kind, Value, written};

/// What a text may not begin with: what begins a formula in a spreadsheet, also in full width,
/// what it skips before one, and the guard itself.
const RISKY: [char; 12] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', GUARD,
];

/// What is put before it.
const GUARD: char = '\'';

/// A file of comma-separated values.
pub(super) struct Comma<W: Write> {
    out: Writer<W>,
}

impl<W: Write> Comma<W> {
    pub(super) fn begin(header: &[(&'static str, Kind)], out: W) -> Result<Self, Failed> {
        let mut out = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        out.write_record(header.iter().map(|(name, _)| name))
            .map_err(io::Error::from)?;
        Ok(Self { out })
    }
}

impl<W: Write + Send> Sheet for Comma<W> {
    fn rows(&mut self, rows: &[Vec<Value>]) -> Result<(), Failed> {
        for row in rows {
            let cells = row.iter().map(|value| cell(value).into_owned());
            self.out.write_record(cells).map_err(io::Error::from)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failed> {
        Ok(self.out.flush()?)
    }
}

fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Absent => Cow::Borrowed(""),
        Value::Text(text) => guarded(text),
        Value::Instant(at) => Cow::Owned(written(*at)),
        Value::Exact(exact) => Cow::Owned(exact.to_string()),
        Value::Whole(whole) => Cow::Owned(whole.to_string()),
        Value::Real(real) => Cow::Owned(real.to_string()),
        Value::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
    }
}

fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(RISKY) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn no_text_begins_a_formula_and_each_can_be_had_back() {
        for text in [
            "=1+1", "+1", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'a", "a=1", "",
        ] {
            let guarded = guarded(text);
            assert!(!guarded.starts_with(&RISKY[..11]), "{text}");
            let back = guarded.strip_prefix(GUARD).unwrap_or(&guarded);
            assert_eq!(back, text);
        }
    }

    #[test]
    fn a_number_keeps_its_sign() {
        assert_eq!(cell(&Value::Exact(Decimal::new(-105, 2))), "-1.05");
        assert_eq!(cell(&Value::Real(-0.25)), "-0.25");
    }
}
