//! `touchstone export signals|outcomes|figures`: the files that `GET /v1/exports/…` sends, by the
//! same code.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr as _;

use anyhow::Context as _;
use domain::ports::{Clock as _, View};

use crate::cli::{FiguresArgs, FileArgs, OutcomesArgs, SignalsArgs};
use crate::clock::WallClock;
use crate::config::Settings;
use crate::export::{self, Format, Pages, Wanted};

/// Writes signals.
///
/// # Errors
///
/// When a filter cannot be read, the store cannot be read, or the file cannot be written.
pub fn signals(config: Option<&Path>, args: &SignalsArgs) -> anyhow::Result<ExitCode> {
    write(config, Wanted::signals(&args.filter)?, &args.file)
}

/// Writes outcomes.
///
/// # Errors
///
/// As [`signals`].
pub fn outcomes(config: Option<&Path>, args: &OutcomesArgs) -> anyhow::Result<ExitCode> {
    let wanted = Wanted::outcomes(&args.filter, &args.followed)?;
    write(config, wanted, &args.file)
}

/// Writes figures.
///
/// # Errors
///
/// As [`signals`].
pub fn figures(config: Option<&Path>, args: &FiguresArgs) -> anyhow::Result<ExitCode> {
    let wanted = Wanted::figures(&args.filter, &args.followed, WallClock.now())?;
    write(config, wanted, &args.file)
}

fn write(config: Option<&Path>, wanted: Wanted, to: &FileArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let (name, format) = (wanted.name(), format(to));
    let written = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let pages = Pages::begin(opened.shelves(), wanted, View::Scored).await?;
        let written = match &to.out {
            Some(path) => whole(pages, format, path).await?,
            None => export::write(pages, format, std::io::stdout()).await?,
        };
        opened.close().await;
        anyhow::Ok(written)
    })?;
    if let Some(path) = &to.out {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{written} rows of {name} are in {}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is said, else what the file's name says.
fn format(to: &FileArgs) -> Format {
    let ending = to.out.as_deref().and_then(Path::extension);
    let named = ending.and_then(|ending| Format::from_str(&ending.to_string_lossy()).ok());
    to.format.or(named).unwrap_or_default()
}

/// Writes beside the file and takes its place at the end: a file of that name is always whole.
async fn whole(pages: Pages, format: Format, path: &Path) -> anyhow::Result<u64> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".unfinished");
    let beside = Path::new(&beside);
    let failed = || format!("could not write {}", path.display());
    let file = File::create(beside).with_context(failed)?;
    let kept = file.try_clone().with_context(failed)?;
    let written = export::write(pages, format, BufWriter::new(file)).await;
    let placed = written.map_err(anyhow::Error::from).and_then(|written| {
        kept.sync_all()?;
        fs::rename(beside, path)?;
        Ok(written)
    });
    if placed.is_err() {
        // Nothing is to be taken for an export; that it cannot be removed is the smaller trouble.
        fs::remove_file(beside).ok();
    }
    placed.with_context(failed)
}
