//! Posts as lines: one JSON object a line.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, bail};
use domain::ids::ChannelId;
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;

use crate::post_line;

/// Reads the posts of a file.
///
/// # Errors
///
/// When a line is no post; the error names it.
pub(super) fn read(
    file: impl Read,
    timeless: bool,
    take: &mut dyn FnMut(Post),
) -> anyhow::Result<()> {
    for (nth, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("line {}", nth + 1))?;
        if !line.trim().is_empty() {
            take(post(&line, timeless).with_context(|| format!("line {}", nth + 1))?);
        }
    }
    Ok(())
}

fn post(line: &str, timeless: bool) -> anyhow::Result<Post> {
    let line = post_line::read(line)?;
    let Some(channel) = line.channel else {
        bail!("`channel` is missing: say whose post it is");
    };
    let never = timeless.then(|| Timestamp::from_micros(0));
    let Some(posted) = line.posted.or(never) else {
        bail!("`ts` is null: a post without a time cannot be judged; give it one or leave it out");
    };
    let action = if line.forwarded_from.is_some() {
        Action::Forwarded
    } else {
        Action::Original
    };
    Ok(Post {
        channel: ChannelId::parse(&channel.to_lowercase())?,
        key: line.key,
        action,
        author: line.author,
        text: line.text,
        media: line.media,
        reply_to: line.reply_to,
        forwarded_from: line.forwarded_from,
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
            false,
        )
        .unwrap();
        assert_eq!(post.received.since(post.posted).as_secs(), 3600);
        assert_eq!(post.reply_to, Some(PostKey::new("6")));
        assert_eq!(post.channel.as_str(), "a");
    }

    #[test]
    fn a_post_without_a_time_is_refused_by_its_line() {
        let text = "\n{\"channel\":\"a\",\"msg_id\":1,\"ts\":null,\"text\":\"x\"}\n";
        let said = format!(
            "{:#}",
            read(text.as_bytes(), false, &mut |_| {}).unwrap_err()
        );
        assert!(
            said.contains("line 2") && said.contains("`ts` is null"),
            "{said}"
        );
    }
}
