//! Telegram channels that a bot is a member of, read by the Bot API (`getUpdates`).
//!
//! Posts and edits are told as they happen, private channels included; deletions are not told by
//! the Bot API. All channels of one token share one poller: Telegram ends the older of two.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use domain::ids::{ChannelId, Cursor, PostKey};
use domain::ports::Clock;
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;

use crate::outbound::{Limits, Outbound};
use crate::sources::seen::Seen;
use api::Api;
use lanes::Arrived;
use poller::Poller;

mod api;
mod lanes;
mod message;
mod poller;

/// How long Telegram may keep a question for updates open when there are none.
const LONG_POLL: Duration = Duration::from_secs(50);

/// How large and slow an answer may be; longer than Telegram keeps a question open.
pub const LIMITS: Limits = Limits {
    time: Duration::from_secs(70),
    connect: Duration::from_secs(5),
    body: 8 << 20,
    redirects: 0,
};

/// Where Telegram serves bots.
///
/// # Panics
///
/// Never: the address is one.
#[must_use]
pub fn address() -> Url {
    Url::parse("https://api.telegram.org").expect("an address")
}

/// A chat as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Chat {
    /// `@name`, without the `@` and in lower case.
    Name(String),
    /// `-1001234567890`.
    Id(i64),
}

/// A text that names no chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no chat: give `@name`, or the number of a private channel like -1001234567890"
)]
pub struct BadChat(pub String);

impl Chat {
    /// Reads `@name` or a number.
    ///
    /// # Errors
    ///
    /// [`BadChat`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, BadChat> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let name = text.strip_prefix('@').unwrap_or_default();
        let letters = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if (4..=32).contains(&name.len()) && letters {
            Ok(Self::Name(name.to_ascii_lowercase()))
        } else {
            Err(BadChat(text.to_owned()))
        }
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "@{name}"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// How a bot is read.
pub struct Options {
    /// What Telegram knows it by.
    pub token: SecretString,
    /// Where bots are served, usually [`address`].
    pub base: Url,
    /// How long to rest after an empty answer that came at once, and while posts are unsettled.
    pub rest: Duration,
    /// Where the time of receipt comes from.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A bot at Telegram.
    #[must_use]
    pub fn live(token: SecretString, clock: Arc<dyn Clock>) -> Self {
        Self {
            token,
            base: address(),
            rest: Duration::from_secs(1),
            clock,
        }
    }
}

/// A bot: what its channels share.
pub struct Bot {
    poller: Arc<Poller>,
}

impl Bot {
    /// Reads the bot of `options` by `outbound`. There must be only one of a token.
    #[must_use]
    pub fn new(options: &Options, outbound: Outbound) -> Self {
        let api = Api::new(outbound, &options.base, &options.token);
        let poller = Poller::new(api, options.rest, Arc::clone(&options.clock));
        Self {
            poller: Arc::new(poller),
        }
    }

    /// Reads one of its chats into a channel.
    #[must_use]
    pub fn channel(&self, channel: ChannelId, chat: Chat, origin: Origin) -> BotChannel {
        self.poller.expect(chat.clone());
        BotChannel {
            poller: Arc::clone(&self.poller),
            channel,
            chat,
            origin,
        }
    }
}

/// Opens one channel of a bot, as often as needed.
pub struct BotChannel {
    poller: Arc<Poller>,
    channel: ChannelId,
    chat: Chat,
    origin: Origin,
}

impl OpenSource for BotChannel {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        let (settled, first_look) = place(resume.cursor.as_ref());
        // What the one before was given and did not settle is handed out again.
        self.poller.reopen(&self.chat, settled);
        Box::new(Reading {
            poller: Arc::clone(&self.poller),
            channel: self.channel.clone(),
            chat: self.chat.clone(),
            origin: self.origin,
            seen: Seen::resume(&resume, first_look),
        })
    }
}

/// A channel while it is read.
struct Reading {
    poller: Arc<Poller>,
    channel: ChannelId,
    chat: Chat,
    origin: Origin,
    seen: Seen,
}

#[async_trait]
impl Source for Reading {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        let arrived = self.poller.next(&self.chat).await?;
        Ok(self.batch(arrived))
    }
}

impl Reading {
    fn batch(&mut self, arrived: Vec<Arrived>) -> Option<Batch> {
        let last = arrived.last()?;
        let first_look = self.seen.look(last.received);
        let cursor = Cursor::new(format!("{}/{}", last.update, first_look.as_micros()));
        let posts = arrived
            .into_iter()
            .map(|arrived| self.post(arrived))
            .collect();
        Some(Batch { posts, cursor })
    }

    fn post(&self, arrived: Arrived) -> Post {
        let Arrived {
            message,
            edited,
            received,
            ..
        } = arrived;
        let action = match &message.forwarded_from {
            _ if edited => Action::Edited,
            Some(_) => Action::Forwarded,
            None => Action::Original,
        };
        Post {
            channel: self.channel.clone(),
            key: PostKey::new(message.id.to_string()),
            action,
            author: message.author,
            text: message.text,
            media: message.media,
            reply_to: message.reply_to.map(|id| PostKey::new(id.to_string())),
            forwarded_from: message.forwarded_from,
            posted: message.posted,
            received,
            origin: self.seen.origin(self.origin, message.posted),
        }
    }
}

/// `875/1765558648000000`: settled up to update 875, first read at that instant (µs).
fn place(cursor: Option<&Cursor>) -> (Option<i64>, Option<Timestamp>) {
    let Some((update, first_look)) = cursor.and_then(|cursor| cursor.as_str().split_once('/'))
    else {
        return (None, None);
    };
    let first_look = first_look.parse().ok().map(Timestamp::from_micros);
    (update.parse().ok(), first_look)
}
