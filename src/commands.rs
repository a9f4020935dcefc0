//! The commands, one function each.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{ReplayArgs, ServeArgs};
use crate::replay::{self, Plan};

/// Judges recorded posts against recorded candles.
///
/// # Errors
///
/// When a file cannot be read or the report cannot be written.
pub fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        candles: args.candles.clone(),
        posts: args.posts.clone(),
        symbols: args.symbols.clone(),
    };
    let replayed = actix::System::new().block_on(replay::run(&plan))?;
    let json = serde_json::to_vec_pretty(&replayed.report)?;
    std::fs::write(&args.report, json)
        .with_context(|| format!("could not write {}", args.report.display()))?;
    let mut out = std::io::stdout().lock();
    for channel in &replayed.report.channels {
        writeln!(
            out,
            "{}: {} posts, {} signals, {} filled, {} judged, {} without candles, mean {} R of {}",
            channel.channel,
            channel.posts,
            channel.signals,
            channel.filled,
            channel.judged,
            channel.unlisted,
            channel
                .in_r
                .mean
                .map_or_else(|| "–".to_owned(), |mean| mean.to_string()),
            channel.in_r.n,
        )?;
    }
    writeln!(
        out,
        "{} posts and {} candles in {:.1} s; the report is {}",
        replayed.posts,
        replayed.candles,
        replayed.seconds,
        args.report.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Serves.
///
/// # Errors
///
/// When it cannot start, or had to give up.
pub fn serve(_config: Option<&Path>, _args: ServeArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}
