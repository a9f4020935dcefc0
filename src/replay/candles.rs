//! Candle files: from the files and folders that were given to one price path for each instrument.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::market::{Candle, Instrument};

mod csv;
mod layers;
mod name;
mod packed;

pub use layers::{Coverage, Layer};
pub use name::Market;
pub use packed::Path as PricePath;

use super::files;
use crate::archive;

/// Which candles are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Files, and folders that are walked.
    pub paths: Vec<PathBuf>,
    /// The market of the files whose folders do not say it.
    pub market: Option<Market>,
    /// Only these symbols (`BTCUSDT`); empty for all.
    pub symbols: Vec<String>,
}

/// What is known of one instrument's prices.
#[derive(Clone, Debug)]
pub struct Known {
    /// The candles, and the holes between them.
    pub path: PricePath,
    /// Which interval decided how much of it.
    pub coverage: Coverage,
}

/// Reads files, and every candle file in folders, into one price path for each instrument.
///
/// The files of one instrument are read together and packed before the next one's, so the memory
/// that this takes is the packed paths (some 15 bytes a candle) and one instrument's candles.
/// `progress` is told of every file that was read, and of how many there are.
///
/// # Errors
///
/// When a path cannot be read, its name does not say what it holds, or a row is no candle; the
/// error names the file and the line.
pub fn read(
    wanted: &Wanted,
    mut progress: impl FnMut(u64, u64),
) -> anyhow::Result<BTreeMap<Instrument, Known>> {
    let mut of: BTreeMap<Instrument, Vec<(Duration, PathBuf)>> = BTreeMap::new();
    for file in files(&wanted.paths)? {
        let (instrument, span) = name::read(&file, wanted.market.as_ref())?;
        if wanted.takes(&instrument) {
            of.entry(instrument).or_default().push((span, file));
        }
    }
    ensure!(
        !of.is_empty(),
        "none of the candle files is of the wanted symbols: {}",
        wanted.symbols.join(", ")
    );
    let total = of.values().map(|files| files.len() as u64).sum();
    let mut done = 0;
    let mut known = BTreeMap::new();
    for (instrument, files) in of {
        let mut layers: BTreeMap<Duration, Vec<Candle>> = BTreeMap::new();
        for (span, file) in files {
            let candles =
                read_file(&file, span).with_context(|| format!("in {}", file.display()))?;
            layers.entry(span).or_default().extend(candles);
            done += 1;
            progress(done, total);
        }
        known.insert(instrument, Known::of(layers));
    }
    Ok(known)
}

impl Known {
    /// What is known where these are all the candles, each interval by itself.
    #[must_use]
    pub fn of(layers: BTreeMap<Duration, Vec<Candle>>) -> Self {
        let (ticks, coverage) = layers::merge(layers);
        Self {
            path: PricePath::pack(ticks),
            coverage,
        }
    }
}

impl Wanted {
    fn takes(&self, instrument: &Instrument) -> bool {
        let symbol = format!("{}{}", instrument.pair.base(), instrument.pair.quote());
        self.symbols.is_empty()
            || self
                .symbols
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(&symbol))
    }
}

/// A form in which candles are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Parquet,
}

impl Form {
    fn of(file: &Path) -> Option<Self> {
        let name = files::name(file);
        if name.ends_with(".csv") {
            Some(Self::Csv)
        } else {
            name.ends_with(".parquet").then_some(Self::Parquet)
        }
    }
}

/// The candles of one file, in the order of time.
fn read_file(file: &Path, span: Duration) -> anyhow::Result<Vec<Candle>> {
    match Form::of(file) {
        Some(Form::Csv) => csv::read(files::open(file)?, span),
        Some(Form::Parquet) => {
            let kept = archive::file::read(file)?;
            ensure!(
                kept.span == span,
                "its candles are not as long as its name says"
            );
            Ok(kept.candles)
        }
        None => bail!("a candle file ends in .csv, .csv.gz, .csv.xz or .parquet"),
    }
}

/// The candle files at these paths, by name: the order of a folder is the file system's.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else {
            ensure!(
                path.exists(),
                "{}: there is no such file or folder",
                path.display()
            );
            ensure!(
                Form::of(path).is_some(),
                "{}: a candle file ends in .csv, .csv.gz, .csv.xz or .parquet",
                path.display()
            );
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    ensure!(
        !files.is_empty(),
        "there is no candle file (.csv, .csv.gz, .csv.xz or .parquet) at the given paths"
    );
    Ok(files)
}

/// Finds the candle files in a folder and its folders. Links to folders are not followed, so a
/// walk always ends.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let unreadable = || format!("could not read {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let path = entry.path();
        if entry.file_type().with_context(unreadable)?.is_dir() {
            walk(&path, files)?;
        } else if Form::of(&path).is_some() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn folders_are_walked_and_files_of_other_symbols_not_even_read() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("binance_spot/2025");
        std::fs::create_dir_all(&deep).unwrap();
        let rows = "open_time,open,high,low,close,volume\n1735700400000,1,2,1,1,5\n";
        let packed = std::fs::File::create(deep.join("BTCUSDT-1m-2025.csv.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        packed.write_all(rows.as_bytes()).unwrap();
        packed.finish().unwrap();
        std::fs::write(deep.join("ETHUSDT-1m-2025.csv"), "nothing of the kind").unwrap();
        std::fs::write(deep.join("notes.txt"), "not candles").unwrap();
        let wanted = Wanted {
            paths: vec![root.path().to_owned()],
            symbols: vec!["btcusdt".to_owned()],
            ..Wanted::default()
        };
        let mut told = Vec::new();
        let known = read(&wanted, |done, total| told.push((done, total))).unwrap();
        let names: Vec<_> = known.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["binance:spot:BTC/USDT"]);
        assert_eq!(told, [(1, 1)]);
        assert!(known.values().all(|known| known.path.len() == 1));

        let all = Wanted {
            symbols: Vec::new(),
            ..wanted
        };
        let said = format!("{:#}", read(&all, |_, _| {}).unwrap_err());
        assert!(
            said.contains("ETHUSDT-1m-2025.csv") && said.contains("line 1"),
            "{said}"
        );
    }
}
