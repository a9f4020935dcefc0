//! `touchstone epoch`: the name of the history that the database holds.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use domain::ports::Clock as _;

use crate::cli::EpochNewArgs;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::store::Cause;

/// Begins a new epoch, and says which one was before.
///
/// # Errors
///
/// When a platform runs on the database, or it cannot be opened.
pub fn begin(config: Option<&Path>, args: &EpochNewArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let why = args.why.trim();
    ensure!(
        !why.is_empty(),
        "--why: say why, so that it can be read later"
    );
    let (before, epoch, head) = actix::System::new().block_on(async {
        let unopened = || format!("could not open {place}");
        ensure!(
            !place.is_in_use().await.with_context(unopened)?,
            "a platform runs on {place}, and whoever listens to it has been told the old epoch: stop it first"
        );
        let opened = place.open().await.with_context(unopened)?;
        let begun = async {
            let span = opened.port().span().await?;
            let cause = Cause {
                actor: "operator",
                at: WallClock.now(),
                why,
            };
            let epoch = opened.begin_epoch(&cause).await?;
            anyhow::Ok((span.epoch, epoch, span.head))
        }
        .await;
        opened.close().await;
        begun.with_context(|| format!("could not begin a new epoch in {place}"))
    })?;
    writeln!(
        std::io::stdout(),
        "{place}: epoch {before} is over, {epoch} begins after {head}; whoever resumes by a position of the old one is told"
    )?;
    Ok(ExitCode::SUCCESS)
}
