//! JSON: an array with one object a line, exact numbers as texts like everywhere in the API.
//!
//! An array, and not lines alone, because a file that was cut off does not parse.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Failed, Sheet};
use crate::wire::rows::{Kind, Value, written};

/// A file with an array of objects.
pub(super) struct Objects<W: Write> {
    header: Vec<(&'static str, Kind)>,
    out: io::BufWriter<W>,
    first: bool,
}

impl<W: Write> Objects<W> {
    pub(super) fn begin(header: Vec<(&'static str, Kind)>, out: W) -> Result<Self, Failed> {
        let mut out = io::BufWriter::new(out);
        out.write_all(b"[")?;
        Ok(Self {
            header,
            out,
            first: true,
        })
    }
}

impl<W: Write + Send> Sheet for Objects<W> {
    fn rows(&mut self, rows: &[Vec<Value>]) -> Result<(), Failed> {
        for row in rows {
            let comma: &[u8] = if self.first { b"\n" } else { b",\n" };
            self.first = false;
            self.out.write_all(comma)?;
            let object = Object(&self.header, row);
            serde_json::to_writer(&mut self.out, &object).map_err(io::Error::from)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failed> {
        self.out.write_all(b"\n]\n")?;
        Ok(self.out.flush()?)
    }
}

struct Object<'a>(&'a [(&'static str, Kind)], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for ((name, _), value) in self.0.iter().zip(self.1) {
            match value {
                Value::Absent => map.serialize_entry(name, &())?,
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Instant(at) => map.serialize_entry(name, &written(*at))?,
                Value::Exact(exact) => map.serialize_entry(name, &exact.to_string())?,
                Value::Whole(whole) => map.serialize_entry(name, whole)?,
                Value::Real(real) => map.serialize_entry(name, real)?,
                Value::Flag(flag) => map.serialize_entry(name, flag)?,
            }
        }
        map.end()
    }
}
