//! Exports: rows of records, written as files of several formats with bounded memory.
//!
//! One loop serves the REST API and the command line: a page of records becomes rows, the rows
//! become bytes beside the threads that answer, and no page is asked for before the one before is
//! written.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use domain::ports::store::StoreError;

mod comma;
mod excel;
mod json;
mod pages;
mod parquet;

pub use self::pages::{FiguresFilter, Pages, Shelves, Wanted};
use crate::wire::rows::{Kind, Value};

/// A file's format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180).
    #[default]
    Csv,
    /// A workbook of Excel.
    Xlsx,
    /// Apache Parquet.
    Parquet,
    /// An array of objects.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Parquet, Self::Json];

    /// `csv`, `xlsx`, `parquet` or `json`: also what files of it end with.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::Json => "json",
        }
    }

    /// What it is called in HTTP.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Json => "application/json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(label: &str) -> Result<Self, String> {
        let mut known = Self::ALL.into_iter();
        known
            .find(|format| format.label() == label)
            .ok_or_else(|| format!("`{label}` is none; use csv, xlsx, parquet or json"))
    }
}

/// Why an export ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The records could not be read.
    #[error("the records could not be read")]
    Unread(#[from] StoreError),
    /// The file could not be written, or whoever took it went away.
    #[error("it could not be written")]
    Unwritten(#[from] io::Error),
    /// Something that nobody foresaw.
    #[error("it could not be made: {0}")]
    Broken(String),
}

/// A file that is being written. It is whole only after [`Sheet::finish`].
pub trait Sheet: Send {
    /// Writes rows below those before.
    ///
    /// # Errors
    ///
    /// When they cannot be written; the file is worth nothing then.
    fn rows(&mut self, rows: &[Vec<Value>]) -> Result<(), Failed>;

    /// Writes what stands at the end.
    ///
    /// # Errors
    ///
    /// As [`Sheet::rows`].
    fn finish(self: Box<Self>) -> Result<(), Failed>;
}

/// Begins a file.
fn begin(
    format: Format,
    name: &'static str,
    header: Vec<(&'static str, Kind)>,
    out: impl Write + Send + 'static,
) -> Result<Box<dyn Sheet>, Failed> {
    Ok(match format {
        Format::Csv => Box::new(comma::Comma::begin(&header, out)?),
        Format::Xlsx => Box::new(excel::Excel::begin(name, header, out)?),
        Format::Parquet => Box::new(parquet::Columns::begin(name, header, out)?),
        Format::Json => Box::new(json::Objects::begin(header, out)?),
    })
}

/// Writes a whole file, and says how many rows it has.
///
/// # Errors
///
/// [`Failed`]; what was written until then is no whole file.
pub async fn write(
    mut pages: Pages,
    format: Format,
    out: impl Write + Send + 'static,
) -> Result<u64, Failed> {
    let (name, header) = (pages.name(), pages.header());
    let mut sheet = beside(move || begin(format, name, header, out)).await?;
    let mut written = 0;
    while let Some(rows) = pages.next().await? {
        written += rows.len() as u64;
        sheet = beside(move || sheet.rows(&rows).map(|()| sheet)).await?;
    }
    beside(move || sheet.finish()).await?;
    Ok(written)
}

/// Works where waiting for a slow reader holds nobody up.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
) -> Result<T, Failed> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failed::Broken(error.to_string())))
}
