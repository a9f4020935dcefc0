//! `touchstone admin`: the first of those who run the platform.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use domain::ports::Clock;
use secrecy::SecretString;

use crate::cli::AdminCreateArgs;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::serve::accounts::Accounts;

/// Makes an account that runs the platform, or lets one that is there run it with another password.
///
/// # Errors
///
/// When the address or the password is not taken, or the store cannot be opened: while the platform runs
/// on a file, that file is its own.
pub fn create_admin(config: Option<&Path>, args: &AdminCreateArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let password = password()?;
    let place = settings.database();
    let id = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open the database {place}"))?;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let made = async {
            let accounts = Accounts::open(&settings, &opened, &clock, None, (false, None)).await?;
            let language = args.language.as_deref();
            let made = accounts.desk.make_admin(&args.email, &password, language);
            anyhow::Ok(made.await?)
        }
        .await;
        opened.close().await;
        made
    })?;
    writeln!(
        std::io::stdout(),
        "{} runs the platform now; its id is {id}",
        args.email
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The password: asked for without showing it, or the first line of standard input.
fn password() -> anyhow::Result<SecretString> {
    if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("Password: ")?;
        let again = rpassword::prompt_password("Once more: ")?;
        ensure!(typed == again, "the two differ; nothing was done");
        return Ok(SecretString::from(typed));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(
        !line.is_empty(),
        "write the password as the first line of standard input"
    );
    Ok(SecretString::from(line))
}
