//! The commands, one function each.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::execution::Fees;
use domain::parse::{self, Assets};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{CopyArgs, ReplayArgs, ServeArgs};
use crate::config::{Channel, LogFormat, Settings};
use crate::replay::{self, Plan, posts, table};
use crate::store::{self, Kept};
use crate::wire::ReadingOut;
use crate::{serve, telemetry};

mod admin;
mod assets;
mod backup;
mod candles;
mod classes;
mod epoch;
mod export;
mod forget;
mod history;
mod records;
mod rejudge;
mod reread;
mod stripe;
mod train;
mod verify;

pub use admin::{create_admin, reset_second_factor, rotate_keys};
pub use assets::assets;
pub use backup::{backup, restore};
pub use candles::fetch as fetch_candles;
pub use classes::classes;
pub use epoch::begin as begin_epoch;
pub use export::labels;
pub use forget::forget;
pub use history::import;
pub use records::{
    figures as export_figures, outcomes as export_outcomes, signals as export_signals,
};
pub use rejudge::rejudge;
pub use reread::reread;
pub use stripe::stripe;
pub use train::{evaluate, train};
pub use verify::verify;

/// The exit code of a process that gave up: EX_SOFTWARE of sysexits.h.
const GAVE_UP: u8 = 70;

/// Judges recorded posts against recorded candles.
///
/// # Errors
///
/// When a file cannot be read or the report cannot be written.
pub fn replay(config: Option<&Path>, args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        events: false,
        lessons: false,
        model: args.model.clone(),
        candles: replay::candles::Wanted {
            paths: args.candles.clone(),
            market: args.market.clone(),
            symbols: args.symbols.clone(),
        },
        posts: posts::Wanted {
            files: args.posts.clone(),
            columns: args.columns.clone(),
        },
        strategies: replay::strategies::Wanted {
            strategies: args.strategies.concat(),
            intervals: args.intervals.clone(),
        },
        quiet: args.quiet,
    };
    let replayed = actix::System::new().block_on(async {
        match &args.channel {
            Some(channel) => replay::judge(&plan, history::stored(config, channel).await?).await,
            None => replay::run(&plan).await,
        }
    })?;
    let json = serde_json::to_vec_pretty(&replayed.report)?;
    std::fs::write(&args.report, json)
        .with_context(|| format!("could not write {}", args.report.display()))?;
    if args.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", table::of(&replayed.report))?;
    writeln!(
        out,
        "{} posts and {} candles ({:.1} MB) in {:.1} s; the report is {}",
        replayed.posts,
        replayed.candles,
        replayed.candle_bytes as f64 / 1e6,
        replayed.seconds,
        args.report.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// A line that `parse` reads.
#[derive(Deserialize)]
struct Line {
    id: serde_json::Value,
    text: String,
}

/// Reads posts, and prints what is read in each.
///
/// # Errors
///
/// When a line is no `{"id","text"}`, or standard output is closed.
pub fn parse() -> anyhow::Result<ExitCode> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (nth, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("could not read standard input")?;
        if line.trim().is_empty() {
            continue;
        }
        let Line { id, text } = serde_json::from_str(&line).with_context(|| {
            format!(
                "line {}: one JSON object {{\"id\",\"text\"}} a line is needed",
                nth + 1
            )
        })?;
        let context = parse::Context {
            assets: Assets::bundled(),
        };
        let reading = parse::read(&text, false, context);
        serde_json::to_writer(&mut out, &ReadingOut::of(id, &reading))?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Checks the configuration, and says what would start.
///
/// # Errors
///
/// When the configuration is refused.
pub fn check(config: Option<&Path>, args: ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "The configuration holds. `touchstone serve` would start:"
    )?;
    writeln!(out, "  http      {}", settings.http.listen)?;
    let (local, here) = (
        settings.http.listen.ip().is_loopback(),
        settings.accounts.open_on_this_machine,
    );
    let door = match (args.open_access, here) {
        (true, _) => "open to everybody (--open-access)",
        (false, true) if local => "open: whoever sits at this machine may do everything",
        (false, true) => "accounts; whoever sits at this machine may do everything",
        (false, false) => "accounts",
    };
    writeln!(out, "  door      {door}")?;
    let monitoring = &settings.monitoring;
    if let Some(listen) = monitoring.listen {
        writeln!(
            out,
            "  monitored {listen}, by whoever comes: /metrics, /healthz, /readyz"
        )?;
    }
    if let Some(url) = monitoring.traces() {
        let share = monitoring.traces_ratio * 100.0;
        writeln!(out, "  traces    {share} % of posts, to {url}")?;
    }
    let place = settings.database();
    let what = match &place {
        Kept::File(_, store::Durability::Full) => ("SQLite", "; a commit survives a power cut"),
        Kept::File(_, store::Durability::Normal) => {
            ("SQLite", "; a commit survives the end of the process")
        }
        Kept::Server(..) => ("PostgreSQL", ""),
    };
    writeln!(out, "  store     {}, {place}{}", what.0, what.1)?;
    if settings.simulator.enabled {
        writeln!(
            out,
            "  simulator seed {}, pace {}; its market is the venue `sim`, its channels post to it",
            settings.simulator.seed, settings.simulator.pace
        )?;
    }
    if let Ok(redis) = crate::bus::redis::read_url(&settings.redis.url) {
        let servers = redis.server.hosts();
        let server = servers.first().map(ToString::to_string).unwrap_or_default();
        writeln!(
            out,
            "  redis     {server}, where events stay for {} s",
            settings.redis.keep_s
        )?;
    }
    for (name, venue) in &settings.venues {
        writeln!(
            out,
            "  venue     {name}: {}; {}",
            venue.stream(),
            Fees::at(name, venue.kind.market())
        )?;
    }
    for (name, channel) in &settings.channels {
        match channel {
            Channel::Telegram {
                name: there,
                interval_s,
                base_url,
            } => {
                writeln!(
                    out,
                    "  channel   {name}: {base_url}s/{there}, every {interval_s} s"
                )?;
            }
            Channel::Strategy(watch) => writeln!(
                out,
                "  channel   {name}: {} over candles of {} of {}",
                watch.strategy,
                watch.interval,
                watch.symbols.join(", ")
            )?,
            Channel::Webhook { .. } => writeln!(out, "  channel   {name}: POST /v1/ingest/{name}")?,
            Channel::Folder { path, .. } => {
                let there = if path.is_dir() {
                    ""
                } else {
                    " (which is not there yet)"
                };
                writeln!(
                    out,
                    "  channel   {name}: *.jsonl and *.txt in {}{there}",
                    path.display()
                )?;
            }
            Channel::TelegramBot { chat, base_url, .. } => {
                writeln!(
                    out,
                    "  channel   {name}: {chat} by a bot of {base_url}, as it posts"
                )?;
            }
            Channel::Rss {
                url, interval_s, ..
            } => writeln!(
                out,
                "  channel   {name}: the feed {url}, every {interval_s} s"
            )?,
        }
    }
    if !settings.simulator.enabled && settings.channels.is_empty() {
        writeln!(out, "  (no channel: add one under [channels])")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings the database up to date.
///
/// # Errors
///
/// When the configuration is refused, or the database cannot be opened or is newer than this
/// program.
pub fn migrate(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let place = settings.database();
    let migrated = actix::System::new().block_on(place.migrate());
    let applied = migrated.with_context(|| format!("could not migrate {place}"))?;
    let mut out = std::io::stdout().lock();
    for migration in &applied {
        writeln!(
            out,
            "applied {} {}",
            migration.version, migration.description
        )?;
    }
    writeln!(out, "{place} is up to date")?;
    Ok(ExitCode::SUCCESS)
}

/// Copies a record, and says what arrived.
///
/// # Errors
///
/// When an address is none, a database does not answer, or the target is not empty.
pub fn copy(args: &CopyArgs) -> anyhow::Result<ExitCode> {
    let place = |flag: &str, address: &str| {
        Kept::parse(address).with_context(|| {
            format!("--{flag}: neither sqlite:PATH nor postgres://user:password@host:5432/database")
        })
    };
    let (from, to) = (place("from", &args.from)?, place("to", &args.to)?);
    if let Kept::File(path, _) = &from
        && !path.exists()
    {
        anyhow::bail!("--from: there is no {}", path.display());
    }
    let copied = actix::System::new().block_on(async {
        let open = async |place: &Kept| {
            let opened = place.open().await;
            opened.with_context(|| format!("could not open {place}"))
        };
        let (source, target) = (open(&from).await?, open(&to).await?);
        // Shown on a terminal alone.
        let bar = indicatif::ProgressBar::new_spinner();
        let copied = store::copy::copy(&source, &target, |table, rows| {
            bar.set_message(format!("{table}: {rows} rows"));
            bar.tick();
        })
        .await;
        bar.finish_and_clear();
        source.close().await;
        target.close().await;
        copied.with_context(|| format!("nothing was copied to {to}"))
    })?;
    let mut out = std::io::stdout().lock();
    for table in &copied {
        writeln!(
            out,
            "{:<10} {:>9} rows  {}",
            table.table, table.rows, table.digest
        )?;
    }
    writeln!(
        out,
        "{to} holds what {from} holds: every digest was computed on both sides"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Serves until it is told to stop, or has to give up.
///
/// # Errors
///
/// When it cannot start.
pub fn serve(config: Option<&Path>, args: ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let traces = telemetry::start(&settings.log, &settings.monitoring)?;
    let metrics = telemetry::count()?;
    let served = actix::System::new().block_on(async move {
        let running = serve::start(&settings, args.open_access, Some(metrics)).await?;
        if let Err(error) = announce(&settings, &running) {
            tracing::debug!(%error, "nobody reads standard output");
        }
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let code = tokio::select! {
            _ = terminate.recv() => ExitCode::SUCCESS,
            _ = interrupt.recv() => ExitCode::SUCCESS,
            why = running.gave_up() => {
                tracing::error!("giving up: {why}; whoever runs this process should start it again");
                ExitCode::from(GAVE_UP)
            }
        };
        tracing::info!("stopping: what was taken is stored, sessions are told when to come back");
        running.stop().await;
        tracing::info!("stopped");
        Ok(code)
    });
    if let Some(traces) = traces {
        traces.finish();
    }
    served
}

/// Tells where it is and how to connect: a person, or the log where that is for machines, so that nothing
/// else stands between its lines where both are read as one.
fn announce(settings: &Settings, running: &serve::Running) -> anyhow::Result<()> {
    let (address, version) = (running.address, env!("CARGO_PKG_VERSION"));
    if settings.log.format == LogFormat::Json {
        tracing::info!(
            http.address = %address,
            monitoring.address = running.monitoring.map(tracing::field::display),
            simulator.enabled = settings.simulator.enabled,
            "Touchstone {version} is at http://{address}",
        );
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "Touchstone {version} is at http://{address}")?;
    if settings.simulator.enabled {
        writeln!(
            out,
            "The market and the channels are simulated; nothing here is real."
        )?;
    }
    if let Some(monitoring) = running.monitoring {
        writeln!(out, "Monitoring is at http://{monitoring}")?;
    }
    writeln!(
        out,
        "Connect with: websocat 'ws://{address}/v1/stream?channels=*'"
    )?;
    out.flush()?;
    Ok(())
}
