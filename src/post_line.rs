//! A line of a post file: the shape that a replay and a watched folder share.

use domain::ids::PostKey;
use domain::time::Timestamp;
use serde::Deserialize;

/// A post as one JSON object. Further members are ignored.
#[derive(Debug, Deserialize)]
struct Raw {
    channel: Option<String>,
    msg_id: Id,
    ts: Option<jiff::Timestamp>,
    edit_ts: Option<jiff::Timestamp>,
    reply_to: Option<Id>,
    author: Option<String>,
    forwarded_from: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    media: Media,
}

/// Platforms number their posts, or name them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn key(self) -> PostKey {
        match self {
            Self::Number(number) => PostKey::new(number.to_string()),
            Self::Text(text) => PostKey::new(text),
        }
    }
}

/// Whether there was an image, or which.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Media {
    There(bool),
    Named(String),
    Nothing(()),
}

impl Default for Media {
    fn default() -> Self {
        Self::Nothing(())
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) channel: Option<String>,
    pub(crate) key: PostKey,
    /// None where the line says `null`.
    pub(crate) posted: Option<Timestamp>,
    pub(crate) edited: Option<Timestamp>,
    pub(crate) reply_to: Option<PostKey>,
    pub(crate) author: Option<String>,
    pub(crate) forwarded_from: Option<String>,
    pub(crate) text: String,
    pub(crate) media: Vec<String>,
}

/// Reads a line.
///
/// # Errors
///
/// When it is no JSON object of that shape; the error names the member.
pub(crate) fn read(line: &str) -> Result<Line, serde_json::Error> {
    let raw: Raw = serde_json::from_str(line)?;
    let instant = |at: jiff::Timestamp| Timestamp::from_micros(at.as_microsecond());
    Ok(Line {
        channel: raw.channel,
        key: raw.msg_id.key(),
        posted: raw.ts.map(instant),
        edited: raw.edit_ts.map(instant),
        reply_to: raw.reply_to.map(Id::key),
        author: raw.author,
        forwarded_from: raw.forwarded_from,
        text: raw.text.unwrap_or_default(),
        media: match raw.media {
            Media::There(true) => vec!["attached".to_owned()],
            Media::Named(name) => vec![name],
            Media::There(false) | Media::Nothing(()) => Vec::new(),
        },
    })
}
