//! Input files: what a name says of a file's form, and its bytes, unpacked on the way.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context as _;

/// The endings of packed files.
const PACKED: [&str; 2] = [".xz", ".gz"];

/// A file's name, without the ending of a packed file.
pub(super) fn name(file: &Path) -> &str {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    PACKED
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// Opens a file; one that ends in `.xz` or `.gz` is unpacked while it is read.
///
/// # Errors
///
/// When it cannot be opened. What is no such archive is told by the first read.
pub(super) fn open(file: &Path) -> anyhow::Result<Box<dyn Read>> {
    let plain = File::open(file).context("could not open it")?;
    let ending = file.extension().and_then(|ending| ending.to_str());
    Ok(match ending {
        Some("xz") => Box::new(lzma_rust2::XzReader::new(BufReader::new(plain), true)),
        Some("gz") => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(plain))),
        Some(_) | None => Box::new(plain),
    })
}
