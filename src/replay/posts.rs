//! Post files: from the files that were given to each channel's posts in order of time.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use domain::ids::{ChannelId, PostKey};
use domain::post::{Action, Post};
use domain::time::Timestamp;

mod calls;
mod canonical;
mod lines;
mod telegram;

pub use calls::Columns;

use super::files;

/// Which posts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Post files.
    pub files: Vec<PostFile>,
    /// What the columns of CSV files are.
    pub columns: Option<PathBuf>,
}

/// A file of posts, and whose they are where the file does not say it as it should be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostFile {
    /// The channel.
    pub channel: Option<ChannelId>,
    /// The file.
    pub path: PathBuf,
}

impl From<PathBuf> for PostFile {
    fn from(path: PathBuf) -> Self {
        Self {
            channel: None,
            path,
        }
    }
}

impl FromStr for PostFile {
    type Err = String;

    /// Reads `FILE` or `CHANNEL=FILE`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split_once('=');
        let Some((channel, path)) = named.filter(|_| !Path::new(text).exists()) else {
            return Ok(PathBuf::from(text).into());
        };
        Ok(Self {
            channel: Some(ChannelId::parse(channel).map_err(|error| error.to_string())?),
            path: path.into(),
        })
    }
}

/// A form in which posts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One JSON object a line.
    Lines,
    /// An export of Telegram Desktop.
    Telegram,
    /// Calls in columns.
    Csv,
}

impl Form {
    fn of(file: &Path) -> Option<Self> {
        match files::name(file).rsplit_once('.')?.1 {
            "jsonl" | "ndjson" => Some(Self::Lines),
            "json" => Some(Self::Telegram),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// Reads post files into each channel's posts, in order of time.
///
/// A history does not tell when it was received, so a post counts from when it says that it was
/// posted, or last edited: `origin: import`.
///
/// # Errors
///
/// When a file cannot be read or something in it is no post; the error names the file and the
/// place in it.
pub fn read(wanted: &Wanted) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    gather(wanted, false)
}

/// Reads post files for who judges nothing: a post without a time is taken, too, before all others.
///
/// # Errors
///
/// As [`read`].
pub fn read_timeless(wanted: &Wanted) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    gather(wanted, true)
}

fn gather(wanted: &Wanted, timeless: bool) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    let columns = wanted.columns.as_deref().map(Columns::load).transpose()?;
    let mut posts: BTreeMap<ChannelId, Vec<Post>> = BTreeMap::new();
    for file in &wanted.files {
        let mut take = |post: Post| posts.entry(post.channel.clone()).or_default().push(post);
        read_file(file, columns.as_ref(), timeless, &mut take)
            .with_context(|| format!("in {}", file.path.display()))?;
    }
    ensure!(!posts.is_empty(), "there is no post in the given files");
    for posts in posts.values_mut() {
        // Stable: what was posted in one instant keeps its order.
        posts.sort_by_key(|post| post.received);
        name_edits(posts);
    }
    Ok(posts)
}

/// A later version of a post that a file tells more than once is an edit.
fn name_edits(posts: &mut [Post]) {
    let mut seen: HashSet<PostKey> = HashSet::new();
    for post in posts {
        if !seen.insert(post.key.clone()) && post.action != Action::Deleted {
            post.action = Action::Edited;
        }
    }
}

fn read_file(
    file: &PostFile,
    columns: Option<&Columns>,
    timeless: bool,
    take: &mut dyn FnMut(Post),
) -> anyhow::Result<()> {
    let channel = file.channel.as_ref();
    match Form::of(&file.path) {
        Some(Form::Lines) => {
            ensure!(
                channel.is_none(),
                "its lines name their channels; leave `CHANNEL=` out"
            );
            lines::read(files::open(&file.path)?, timeless, take)
        }
        Some(Form::Telegram) => telegram::read(files::open(&file.path)?, channel, take),
        Some(Form::Csv) => {
            let columns = columns.context(
                "what its columns are must be said: give --columns FILE.toml (docs/guide/replay.md has one)",
            )?;
            calls::read(files::open(&file.path)?, columns, channel, take)
        }
        None => bail!(
            "a post file ends in .jsonl (one object a line), .json (an export of Telegram Desktop) or .csv (calls in columns), plain or with .gz or .xz"
        ),
    }
}

/// An instant as the platform counts it.
fn micros(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_that_is_told_again_is_an_edit_from_its_own_time_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts.jsonl");
        let line = |edit: &str, text: &str| {
            format!(
                "{{\"channel\":\"a\",\"msg_id\":1,\"ts\":\"2025-01-01T00:00:00Z\",\"edit_ts\":{edit},\"text\":\"{text}\"}}\n"
            )
        };
        let both = line("\"2025-01-01T01:00:00Z\"", "later") + &line("null", "first");
        std::fs::write(&path, both).unwrap();
        let wanted = Wanted {
            files: vec![path.into()],
            columns: None,
        };
        let posts = read(&wanted).unwrap().into_values().next().unwrap();
        let told: Vec<_> = posts
            .iter()
            .map(|post| (post.text.as_str(), post.action))
            .collect();
        assert_eq!(
            told,
            [("first", Action::Original), ("later", Action::Edited)]
        );
    }

    #[test]
    fn a_file_may_be_given_to_a_channel() {
        let file: PostFile = "room.one=result.json".parse().unwrap();
        assert_eq!(file.channel.unwrap().as_str(), "room.one");
        assert_eq!(file.path, Path::new("result.json"));
        assert!("Room One=result.json".parse::<PostFile>().is_err());
    }
}
