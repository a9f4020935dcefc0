//! `touchstone backup` and `touchstone restore`: the database file, copied while it is written to, and put
//! back.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::ids::Epoch;
use domain::ports::Clock as _;
use domain::post::Origin;
use secrecy::ExposeSecret as _;

use crate::cli::{BackupArgs, RestoreArgs};
use crate::clock::WallClock;
use crate::config::Settings;
use crate::serve::accounts;
use crate::store::{self, Cause, Kept, Opened, Staged};

/// Copies the database into a file, and says what the copy holds.
///
/// # Errors
///
/// When the record is on a server, there is no database, or the copy cannot be made.
pub fn backup(config: Option<&Path>, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let place = file(&settings, "pg_dump -Fc makes the backup")?;
    let bar = Bar::new("copied");
    let held = store::backup(&place, &args.file, &mut |done, of| bar.show(done, of));
    drop(bar);
    let held = held.with_context(|| format!("{} is not backed up", place.display()))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} holds {} up to {}:{} ({:.1} MB), and was checked",
        args.file.display(),
        place.display(),
        held.epoch,
        held.head,
        held.bytes as f64 / 1e6
    )?;
    if settings.accounts.secret.expose_secret().is_empty() {
        writeln!(
            out,
            "{} opens the secrets in it: keep a copy of it, too, and not beside this one",
            settings.secret_file().display()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in the place of the database, begins a new epoch, and says so.
///
/// # Errors
///
/// When the record is on a server, a platform runs, or the file is not to be believed; then nothing has
/// changed.
pub fn restore(config: Option<&Path>, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let place = file(
        &settings,
        "pg_restore into an empty database, then `touchstone epoch new`, puts one back",
    )?;
    let unchanged = || format!("nothing was restored; {} is as it was", place.display());
    let bar = Bar::new("read");
    let staged = Staged::take(&args.file, &place, &mut |done, of| bar.show(done, of));
    drop(bar);
    let staged = staged.with_context(unchanged)?;
    let epoch = actix::System::new()
        .block_on(ready(&settings, &staged, &args.file))
        .with_context(unchanged)?;
    let held = staged.held.clone();
    let replaced = staged.put_in_place().with_context(|| {
        format!(
            "{} was not put in the place of {}",
            args.file.display(),
            place.display()
        )
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} holds {} up to {}:{} again; epoch {epoch} begins there, and whoever resumes by a position of another is told",
        place.display(),
        args.file.display(),
        held.epoch,
        held.head
    )?;
    if let Some(replaced) = replaced {
        writeln!(out, "What was there is kept: {}", replaced.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings the copy up to date, holds it against this configuration, and begins its epoch.
async fn ready(settings: &Settings, staged: &Staged, file: &Path) -> anyhow::Result<Epoch> {
    let unopened = || format!("{} cannot be used", file.display());
    let opened = Opened::Sqlite(Arc::new(staged.open().await.with_context(unopened)?));
    let made = async {
        is_of_this_world(settings, &opened).await?;
        accounts::opens(settings, &*opened.accounts()).await?;
        let why = format!("restored from {}", file.display());
        let cause = Cause {
            actor: "operator",
            at: WallClock.now(),
            why: &why,
        };
        anyhow::Ok(opened.begin_epoch(&cause).await?)
    }
    .await;
    opened.close().await;
    made.with_context(unopened)
}

/// What the simulator made never lies beside what is real.
async fn is_of_this_world(settings: &Settings, opened: &Opened) -> anyhow::Result<()> {
    let channels = opened.port().channels().await?;
    let simulated = |origin| origin == Origin::Simulator;
    let stranger = channels.iter().find(|channel| {
        let origin = channel.card.origin;
        simulated(origin) != settings.simulator.enabled && origin != Origin::Import
    });
    if let Some(stranger) = stranger {
        let (is, wanted) = if settings.simulator.enabled {
            ("real", "simulated")
        } else {
            ("simulated", "real")
        };
        bail!(
            "its channel {} is {is}, and this configuration keeps what is {wanted}",
            stranger.card.id
        );
    }
    Ok(())
}

fn file(settings: &Settings, otherwise: &str) -> anyhow::Result<PathBuf> {
    let place = settings.database();
    let path = match &place {
        Kept::File(path, _) => Some(path.clone()),
        Kept::Server(..) => None,
    };
    path.with_context(|| format!("the record is in {place}, not in a file: {otherwise}"))
}

/// Shown on a terminal alone.
struct Bar(indicatif::ProgressBar, &'static str);

impl Bar {
    fn new(word: &'static str) -> Self {
        Self(indicatif::ProgressBar::new_spinner(), word)
    }

    fn show(&self, done: u64, of: u64) {
        self.0
            .set_message(format!("{} {done} of {of} pages", self.1));
        self.0.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
