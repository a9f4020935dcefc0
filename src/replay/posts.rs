//! Post files: one JSON object a line, plain or xz.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::ids::ChannelId;
use domain::post::{Action, Origin, Post};

use crate::post_line;

/// Reads post files into each channel's posts, in order of time.
///
/// A history does not tell when it was received, so a post counts from when it says that it was
/// posted, or last edited: `origin: import`.
///
/// # Errors
///
/// When a file cannot be read or a line is no post; the error names the file and the line.
pub fn read(files: &[PathBuf]) -> anyhow::Result<BTreeMap<ChannelId, Vec<Post>>> {
    let mut posts: BTreeMap<ChannelId, Vec<Post>> = BTreeMap::new();
    for file in files {
        let mut read = |post: Post| posts.entry(post.channel.clone()).or_default().push(post);
        read_file(file, &mut read).with_context(|| format!("in {}", file.display()))?;
    }
    for posts in posts.values_mut() {
        // Stable: what was posted in one instant keeps its order.
        posts.sort_by_key(|post| post.received);
    }
    if posts.is_empty() {
        bail!("there is no post in the given files");
    }
    Ok(posts)
}

fn read_file(file: &Path, take: &mut impl FnMut(Post)) -> anyhow::Result<()> {
    let open = File::open(file)?;
    let text: Box<dyn Read> = if file.extension().is_some_and(|end| end == "xz") {
        Box::new(lzma_rust2::XzReader::new(BufReader::new(open), true))
    } else {
        Box::new(open)
    };
    for (nth, line) in BufReader::new(text).lines().enumerate() {
        let line = line?;
        if !line.trim().is_empty() {
            take(post(&line).with_context(|| format!("line {}", nth + 1))?);
        }
    }
    Ok(())
}

fn post(line: &str) -> anyhow::Result<Post> {
    let line = post_line::read(line)?;
    let Some(channel) = line.channel else {
        bail!("`channel` is missing: say whose post it is");
    };
    let Some(posted) = line.posted else {
        bail!("`ts` is null: a post without a time cannot be judged; give it one or leave it out");
    };
    Ok(Post {
        channel: ChannelId::parse(&channel.to_lowercase())?,
        key: line.key,
        action: Action::Original,
        author: line.author,
        text: line.text,
        media: line.media,
        reply_to: line.reply_to,
        forwarded_from: None,
        posted,
        received: line.edited.unwrap_or(posted),
        origin: Origin::Import,
    })
}

#[cfg(test)]
mod tests {
    use domain::ids::PostKey;

    use super::*;

    #[test]
    fn a_post_counts_from_its_last_edit() {
        let post = post(
            r#"{"channel":"A","msg_id":7,"ts":"2025-01-01T00:00:00Z","edit_ts":"2025-01-01T01:00:00Z","reply_to":6,"text":"x"}"#,
        )
        .unwrap();
        assert_eq!(post.received.since(post.posted).as_secs(), 3600);
        assert_eq!(post.reply_to, Some(PostKey::new("6")));
        assert_eq!(post.channel.as_str(), "a");
    }

    #[test]
    fn a_post_without_a_time_is_refused_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("posts.jsonl");
        std::fs::write(
            &file,
            "\n{\"channel\":\"a\",\"msg_id\":1,\"ts\":null,\"text\":\"x\"}\n",
        )
        .unwrap();
        let said = format!("{:#}", read(&[file]).unwrap_err());
        assert!(
            said.contains("line 2") && said.contains("`ts` is null"),
            "{said}"
        );
    }
}
