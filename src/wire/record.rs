//! Records as the REST API shows them.

use std::collections::BTreeMap;

use domain::ports::View;
use domain::ports::roster::{Made, Way, Words};
use domain::ports::store::{ChannelRecord, SignalRecord, VersionRecord};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::event::{IdeaOut, OutcomeOut};

/// A channel and what is counted of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelOut {
    /// Its name here.
    pub id: String,
    /// Where it posts: `telegram`, `webhook`, `file`.
    pub platform: String,
    /// Its name there.
    pub title: String,
    /// `live`, `import` or `simulator`.
    pub origin: &'static str,
    /// Since when it is known (µs UTC).
    pub since: i64,
    /// How many posts.
    pub posts: u64,
    /// How many posts of each class.
    pub classes: BTreeMap<String, u64>,
    /// How many posts were changed later.
    pub edited: u64,
    /// How many posts were deleted.
    pub deleted: u64,
    /// How many signals.
    pub signals: u64,
    /// How many of them are judged.
    pub judged: u64,
    /// When its last post was received (µs UTC).
    pub last_post: Option<i64>,
    /// How it was made over this API, and what can be changed. `null`: it stands in the configuration,
    /// or comes of an import or of the simulator.
    pub made: Option<MadeOut>,
    /// What its owner says of it: the record is apart from it.
    pub words: Option<WordsOut>,
}

/// What an owner says of his channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct WordsOut {
    /// What the channel is about.
    pub description: Option<String>,
    /// What he answers to its record.
    pub statement: Option<String>,
    /// When he said it (µs UTC).
    pub at: i64,
}

impl From<Words> for WordsOut {
    fn from(words: Words) -> Self {
        Self {
            description: words.description,
            statement: words.statement,
            at: words.at.as_micros(),
        }
    }
}

/// How a channel was made over the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeOut {
    /// How its posts arrive: `telegram`, `rss` or `webhook`.
    pub source: &'static str,
    /// Its name at Telegram.
    pub name: Option<String>,
    /// The feed's address.
    pub url: Option<String>,
    /// How often to look, in seconds; none where posts are brought.
    pub interval_s: Option<u64>,
    /// Since when it takes no more posts (µs UTC).
    pub archived_at: Option<i64>,
    /// How often it was written: 1 when it was made.
    pub revision: u32,
}

impl From<Made> for MadeOut {
    fn from(made: Made) -> Self {
        let source = made.way.label();
        let (name, url, every) = match made.way {
            Way::Telegram { name, every } => (Some(name), None, Some(every)),
            Way::Feed { url, every } => (None, Some(url), Some(every)),
            Way::Webhook { .. } => (None, None, None),
        };
        Self {
            source,
            name,
            url,
            interval_s: every.map(|every| every.as_secs()),
            archived_at: made.archived.map(Timestamp::as_micros),
            revision: made.revision,
        }
    }
}

/// A signal at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalOut {
    /// Its id.
    pub id: String,
    /// Its place in the stream.
    pub seq: u64,
    /// Whose.
    pub channel: String,
    /// What is traded.
    pub symbol: String,
    /// `live`, `import` or `simulator`.
    pub origin: &'static str,
    /// When the author says that he posted it (µs UTC).
    pub posted: i64,
    /// When it was received (µs UTC).
    pub received: i64,
    /// Until when its entry is valid (µs UTC).
    pub expires_at: i64,
    /// Where it stands.
    pub state: &'static str,
    /// Its post was changed later.
    pub edited: bool,
    /// Its post was deleted.
    pub deleted: bool,
    /// The idea.
    pub idea: IdeaOut,
    /// What came of it, once that is known.
    pub outcome: Option<OutcomeOut>,
}

/// One version of a post, with what was made of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionOut {
    /// Counted from 1.
    pub version: u32,
    /// `original`, `edited`, `deleted` or `forwarded`.
    pub action: &'static str,
    /// The text.
    pub text: String,
    /// When it was received (µs UTC).
    pub received: i64,
    /// `signal`, `claim`, `quarantined`, …
    pub class: String,
    /// Why, where the class needs a reason.
    pub reason: Option<String>,
    /// Which parser said so.
    pub parser: String,
}

impl From<ChannelRecord> for ChannelOut {
    fn from(record: ChannelRecord) -> Self {
        Self {
            id: record.card.id.to_string(),
            platform: record.card.platform,
            title: record.card.title,
            origin: record.card.origin.label(),
            since: record.since.as_micros(),
            posts: record.posts,
            classes: record.classes,
            edited: record.edited,
            deleted: record.deleted,
            signals: record.signals,
            judged: record.judged,
            last_post: record.last_post.map(Timestamp::as_micros),
            made: record.made.map(MadeOut::from),
            words: record.words.map(WordsOut::from),
        }
    }
}

impl From<&SignalRecord> for SignalOut {
    fn from(record: &SignalRecord) -> Self {
        let signal = &record.signal;
        Self {
            id: signal.id.to_string(),
            seq: record.seq.get(),
            channel: signal.channel.to_string(),
            symbol: signal.instrument.pair.to_string(),
            origin: signal.origin.label(),
            posted: signal.posted.as_micros(),
            received: signal.received.as_micros(),
            expires_at: signal.expires_at.as_micros(),
            state: record.state.label(),
            edited: record.edited,
            deleted: record.deleted,
            idea: IdeaOut::of(signal, record.score.as_ref()),
            outcome: record.outcome.as_ref().map(OutcomeOut::of),
        }
    }
}

impl SignalOut {
    /// As somebody sees it who is told no scores, or who is.
    pub fn of(record: &SignalRecord, view: View) -> Self {
        let mut shown = Self::from(record);
        if view == View::Plain {
            shown.idea.score = None;
        }
        shown
    }
}

impl From<VersionRecord> for VersionOut {
    fn from(record: VersionRecord) -> Self {
        Self {
            version: record.version,
            action: record.post.action.label(),
            text: record.post.text,
            received: record.post.received.as_micros(),
            class: record.class,
            reason: record.reason,
            parser: record.parser,
        }
    }
}
