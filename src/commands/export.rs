//! `touchstone export`: what the platform holds, written into files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::ports::review::{ReviewQuery, Reviews};

use crate::cli::LabelsArgs;
use crate::config::Settings;
use crate::wire::review::ReviewableOut;

/// How many readings are held in memory at once.
const PAGE: usize = 500;

/// Writes every reading that a person reviewed, one JSON object a line, the newest posts first.
///
/// # Errors
///
/// When the store cannot be read, or the file cannot be written.
pub fn labels(config: Option<&Path>, args: &LabelsArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let written = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let reviews = opened.reviews();
        let written = match &args.out {
            Some(path) => {
                let failed = || format!("could not write {}", path.display());
                let mut out = BufWriter::new(File::create(path).with_context(failed)?);
                let written = write(&*reviews, &mut out).await?;
                out.into_inner()
                    .map_err(std::io::IntoInnerError::into_error)
                    .and_then(|file| file.sync_all())
                    .with_context(failed)?;
                written
            }
            None => write(&*reviews, &mut std::io::stdout()).await?,
        };
        opened.close().await;
        anyhow::Ok(written)
    })?;
    if let Some(path) = &args.out {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{written} labelled readings are in {}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn write(reviews: &dyn Reviews, out: &mut impl Write) -> anyhow::Result<usize> {
    let mut query = ReviewQuery {
        reviewed: Some(true),
        limit: PAGE,
        ..ReviewQuery::default()
    };
    let mut written = 0;
    loop {
        let page = reviews.readings(&query).await?;
        let Some(last) = page.last() else {
            out.flush()?;
            return Ok(written);
        };
        query.before = Some(last.id);
        for reading in page {
            serde_json::to_writer(&mut *out, &ReviewableOut::from(reading))?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
}
