//! `touchstone forget`: drops the old part of the stream.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::ForgetArgs;
use crate::config::Settings;

/// Drops the old part of the stream, and says what is left.
///
/// # Errors
///
/// When the configuration is refused or the store cannot be opened.
pub fn forget(config: Option<&Path>, args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let forgotten = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let forgotten = opened.forget(args.before).await;
        opened.close().await;
        forgotten.with_context(|| format!("could not forget all of it in {place}"))
    })?;
    let mut out = std::io::stdout().lock();
    write!(
        out,
        "The stream in {place} begins with {}",
        forgotten.first.get()
    )?;
    if forgotten.first < forgotten.wanted {
        write!(
            out,
            " (everything before {} may go: it goes with its whole range)",
            forgotten.wanted.get()
        )?;
    }
    writeln!(out, "; posts, signals and outcomes are all there")?;
    Ok(ExitCode::SUCCESS)
}
