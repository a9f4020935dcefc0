//! The commands of a channel's past: taking it in, and reading it again from the store.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use domain::ids::ChannelId;
use domain::post::Post;

use crate::cli::ImportArgs;
use crate::config::Settings;
use crate::import;
use crate::replay::posts::{self, PostFile, Wanted};
use crate::store::Opened;

/// Stores the posts of a file.
///
/// # Errors
///
/// When something in the file is no post (then nothing is stored), or the store cannot be opened.
pub fn import(config: Option<&Path>, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let posts = read(args)?;
    actix::System::new().block_on(async {
        let store = open(&settings).await?;
        let imported = import::run(&store, posts).await?;
        let mut out = std::io::stdout().lock();
        for (channel, fates) in imported {
            let of: Vec<_> = fates
                .iter()
                .map(|(fate, count)| format!("{count} {fate}"))
                .collect();
            let all: usize = fates.values().sum();
            writeln!(out, "{channel}: {all} posts: {}", of.join(", "))?;
        }
        writeln!(out, "{} holds them", settings.database())?;
        Ok(ExitCode::SUCCESS)
    })
}

/// A channel's posts as they are stored.
///
/// # Errors
///
/// When the store cannot be opened, or holds none.
pub(super) async fn stored(
    config: Option<&Path>,
    channel: &ChannelId,
) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    let settings = Settings::load(config)?;
    let store = open(&settings).await?;
    let posts = store.history(channel).await?;
    store.close().await;
    ensure!(
        !posts.is_empty(),
        "--channel: {} holds no post of {channel}; `touchstone import` stores them",
        settings.database()
    );
    Ok(BTreeMap::from([(channel.clone(), posts)]))
}

/// The posts of the file, under the name that was given.
fn read(args: &ImportArgs) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    // Lines name their channels; of other files the name is told to the reader.
    let name = args.file.to_string_lossy();
    let lines = [".jsonl", ".ndjson"].iter().any(|end| name.contains(end));
    let wanted = Wanted {
        files: vec![PostFile {
            channel: args.channel.clone().filter(|_| !lines),
            path: args.file.clone(),
        }],
        columns: args.columns.clone(),
    };
    let posts = posts::read(&wanted)?;
    let Some(channel) = args.channel.as_ref().filter(|_| lines) else {
        return Ok(posts);
    };
    ensure!(
        posts.len() == 1,
        "--channel: the file has posts of {} channels, which must not become one",
        posts.len()
    );
    let renamed = posts.into_values().flatten().map(|post| Post {
        channel: channel.clone(),
        ..post
    });
    Ok(BTreeMap::from([(channel.clone(), renamed.collect())]))
}

/// The store of real records.
async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    ensure!(
        !settings.simulator.enabled,
        "real posts must never lie beside simulated ones: set `enabled = false` under [simulator], \
         or TOUCHSTONE__SIMULATOR__ENABLED=false"
    );
    let place = settings.database();
    let opened = place.open().await;
    opened.with_context(|| format!("could not open the database {place}"))
}
