//! `touchstone admin` and `touchstone keys`: the first of those who run the platform, and what only a shell on
//! the machine can do.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use domain::ports::Clock;
use secrecy::SecretString;

use crate::accounts::desk::Refusal;
use crate::accounts::tokens::LINGERS;
use crate::accounts::{Caller, Desk};
use crate::cli::{AdminCreateArgs, KeysRotateArgs, ResetArgs};
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
    let language = args.language.as_deref();
    let id = at_the_desk(&settings, async |desk| {
        desk.make_admin(&args.email, &password, language).await
    })?;
    let told = format!("{} runs the platform now; its id is {id}", args.email);
    writeln!(std::io::stdout(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the second factor of an account away whose owner has lost it. The mail that tells him waits until
/// the platform runs.
///
/// # Errors
///
/// When there is no such account or no second factor, or the store cannot be opened.
pub fn reset_second_factor(config: Option<&Path>, args: &ResetArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let id = at_the_desk(&settings, async |desk| {
        desk.reset_second_of(&args.email).await
    })?;
    let told = format!(
        "{} is opened by its password alone now; its id is {id}",
        args.email
    );
    writeln!(std::io::stdout(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}

/// Lets a new key sign tokens. On a server a platform that runs hears of it within a second.
///
/// # Errors
///
/// When the store cannot be opened, or what is in it was sealed with another secret.
pub fn rotate_keys(config: Option<&Path>, args: &KeysRotateArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let kid = at_the_desk(&settings, async |desk| {
        desk.rotate_keys(&Caller::operator(), args.revoke).await
    })?;
    let former = if args.revoke {
        "what others signed is believed no more".to_owned()
    } else {
        let minutes = LINGERS.as_secs() / 60;
        format!("what the one before signed is believed for {minutes} minutes at most")
    };
    writeln!(
        std::io::stdout(),
        "{kid} signs tokens from now on; {former}"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Does something with accounts while nobody serves from here.
fn at_the_desk<T>(
    settings: &Settings,
    deed: impl AsyncFnOnce(&Desk) -> Result<T, Refusal>,
) -> anyhow::Result<T> {
    let place = settings.database();
    actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open the database {place}"))?;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let done = async {
            let accounts = Accounts::open(settings, &opened, &clock, None, (false, None)).await?;
            anyhow::Ok(deed(&accounts.desk).await?)
        }
        .await;
        opened.close().await;
        done
    })
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
