//! `touchstone reread`: what today's parser makes of what is stored.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::parse::{self, Assets};
use domain::ports::Clock as _;

use crate::cli::RereadArgs;
use crate::clock::WallClock;
use crate::config::Settings;

/// How many versions are read between two commits.
const PAGE: usize = 500;

/// Reads every stored version again, keeps the readings beside the old ones, and says what changed.
///
/// # Errors
///
/// When the store cannot be read or written.
pub fn reread(config: Option<&Path>, args: &RereadArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let mut changes: BTreeMap<(String, &'static str), u64> = BTreeMap::new();
    let (mut read, mut kept) = (0, 0);
    actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let context = parse::Context {
            assets: Assets::bundled(),
        };
        let mut after = 0;
        loop {
            let page = opened.read_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.place;
            let wanted = args.channel.as_ref();
            let page = page
                .into_iter()
                .filter(|version| wanted.is_none_or(|channel| version.channel == *channel));
            let readings: Vec<_> = page
                .map(|version| {
                    let reading = parse::read(&version.text, version.has_media, context);
                    (version, reading)
                })
                .collect();
            for (version, reading) in &readings {
                let class = reading.meaning.label();
                read += 1;
                if version.class != class {
                    *changes.entry((version.class.clone(), class)).or_default() += 1;
                }
            }
            kept += opened.keep_rereadings(&readings, WallClock.now()).await?;
        }
        opened.close().await;
        anyhow::Ok(())
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{read} versions read by {}; {kept} of these readings are new and stand beside the old ones",
        parse::PARSER
    )?;
    for ((before, now), versions) in changes {
        writeln!(out, "{versions:>8}  {before} -> {now}")?;
    }
    Ok(ExitCode::SUCCESS)
}
