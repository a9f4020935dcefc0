//! `touchstone stripe`: prices that follow the plans, and a comparison with what is kept.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use domain::ports::Clock;

use crate::cli::StripeCommand;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::serve::accounts::Accounts;

/// Does what is asked, and says what was done, a line each; nothing when all was so.
///
/// # Errors
///
/// When no payments are configured, Stripe refuses, or the store cannot be opened.
pub fn stripe(config: Option<&Path>, command: &StripeCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    ensure!(
        settings.payments.are_taken(),
        "payments.secret_key: no payments are configured; set TOUCHSTONE__PAYMENTS__SECRET_KEY"
    );
    let place = settings.database();
    let done = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open the database {place}"))?;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let done = async {
            let accounts = Accounts::open(&settings, &opened, &clock, None, (false, None)).await?;
            let done = match command {
                StripeCommand::Sync => accounts.billing.sync().await,
                StripeCommand::Reconcile => accounts.billing.reconcile().await,
            };
            anyhow::Ok(done?)
        }
        .await;
        opened.close().await;
        done
    })?;
    let mut out = std::io::stdout().lock();
    for what in &done {
        writeln!(out, "{what}")?;
    }
    let all = match command {
        StripeCommand::Sync => "the prices are what the plans say",
        StripeCommand::Reconcile => "what is kept is what Stripe says",
    };
    writeln!(out, "{all}")?;
    Ok(ExitCode::SUCCESS)
}
