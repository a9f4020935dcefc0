//! Posts as Telegram Desktop exports a chat: `result.json`.
//!
//! An export may be large, so its messages become posts one by one while it is read, and what is
//! not needed of them is never kept.

use std::fmt;
use std::io::{BufReader, Read};

use anyhow::{Context as _, bail};
use domain::ids::{ChannelId, PostKey};
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A message of an export. Further members are ignored.
#[derive(Deserialize)]
struct Message {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
    date_unixtime: Option<String>,
    edited_unixtime: Option<String>,
    from: Option<String>,
    reply_to_message_id: Option<i64>,
    /// The message that it answers stands in another chat.
    reply_to_peer_id: Option<String>,
    #[serde(default, deserialize_with = "there")]
    forwarded_from: Option<Option<String>>,
    #[serde(default)]
    text: Text,
    photo: Option<String>,
    file: Option<String>,
    media_type: Option<String>,
}

/// A member that is there, be it null: accounts that are gone have no name.
fn there<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// A text, or a text in pieces of which some are links, tags, bold, …
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Pieces(Vec<Piece>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Piece {
    Plain(String),
    Marked { text: String },
}

impl Default for Text {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl Text {
    fn joined(self) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Pieces(pieces) => pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Plain(text) | Piece::Marked { text } => text,
                })
                .collect(),
        }
    }
}

/// Reads the posts of an export. Without a `channel` they belong to one named after the chat.
///
/// # Errors
///
/// When it is no export of one chat, or a message has no time; the error names the message.
pub(super) fn read(
    file: impl Read,
    channel: Option<&ChannelId>,
    take: &mut dyn FnMut(Post),
) -> anyhow::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(file));
    let mut posts = Vec::new();
    let chat = Export(&mut posts)
        .deserialize(&mut json)
        .and_then(|chat| json.end().map(|()| chat))?;
    if chat.whole_account {
        bail!(
            "this is the export of a whole account; export the one chat (its menu ⋮, Export chat history, JSON)"
        );
    }
    if !chat.has_messages {
        bail!("there is no `messages`: it is no export of a chat by Telegram Desktop");
    }
    let channel = match channel {
        Some(channel) => channel.clone(),
        None => chat.channel()?,
    };
    for post in posts {
        take(Post {
            channel: channel.clone(),
            ..post
        });
    }
    Ok(())
}

/// What an export says of its chat.
#[derive(Default)]
struct Chat {
    name: Option<String>,
    id: Option<i64>,
    has_messages: bool,
    whole_account: bool,
}

impl Chat {
    /// The chat's name in the letters that a channel's name has, else its number.
    fn channel(&self) -> anyhow::Result<ChannelId> {
        let name = self.name.as_deref().unwrap_or_default().to_lowercase();
        let words: Vec<_> = name
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut plain = words.join("-");
        plain.truncate(64);
        // A name of other letters leaves nothing, or no more than a stray digit.
        let told = name.chars().filter(|letter| letter.is_alphabetic()).count();
        let kept = plain
            .chars()
            .filter(|letter| letter.is_alphabetic())
            .count();
        if kept * 2 < told || plain.is_empty() {
            let id = self
                .id
                .context("the chat has neither a name nor an id; name it: CHANNEL=FILE")?;
            plain = format!("telegram-{}", id.unsigned_abs());
        }
        Ok(ChannelId::parse(&plain)?)
    }
}

/// Reads an export member by member.
struct Export<'a>(&'a mut Vec<Post>);

impl<'de> DeserializeSeed<'de> for Export<'_> {
    type Value = Chat;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Chat, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Export<'_> {
    type Value = Chat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export of a chat by Telegram Desktop")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Chat, A::Error> {
        let mut chat = Chat::default();
        while let Some(member) = members.next_key::<String>()? {
            match member.as_str() {
                "name" => chat.name = members.next_value()?,
                "id" => chat.id = members.next_value()?,
                "messages" => {
                    members.next_value_seed(Messages(self.0))?;
                    chat.has_messages = true;
                }
                "chats" => {
                    members.next_value::<IgnoredAny>()?;
                    chat.whole_account = true;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(chat)
    }
}

/// Makes posts of messages, one by one.
struct Messages<'a>(&'a mut Vec<Post>);

impl<'de> DeserializeSeed<'de> for Messages<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        let mut before: Option<i64> = None;
        loop {
            let next = messages.next_element::<Message>().map_err(|error| {
                let place = before.map_or_else(
                    || "the first message".to_owned(),
                    |id| format!("the message after number {id}"),
                );
                A::Error::custom(format!("{place}: {error}"))
            })?;
            let Some(message) = next else { return Ok(()) };
            let id = message.id;
            before = Some(id);
            // Who joined and what was pinned is no post.
            if message.kind == "message" {
                let post = post(message)
                    .map_err(|error| A::Error::custom(format!("message {id}: {error:#}")))?;
                self.0.push(post);
            }
        }
    }
}

fn post(message: Message) -> anyhow::Result<Post> {
    let posted = message.date_unixtime.as_deref().context(
        "it has no `date_unixtime`, and `date` does not say of which place it is; export the chat again with a newer Telegram Desktop",
    )?;
    let posted = instant(posted).context("date_unixtime")?;
    let edited = message.edited_unixtime.as_deref().map(instant);
    let edited = edited.transpose().context("edited_unixtime")?;
    let action = if message.forwarded_from.is_some() {
        Action::Forwarded
    } else {
        Action::Original
    };
    let file = message.file.or(message.media_type);
    let reply_to = message
        .reply_to_message_id
        .filter(|_| message.reply_to_peer_id.is_none());
    Ok(Post {
        // The chat's name may stand behind its messages; whoever reads on sets it.
        channel: ChannelId::parse("telegram")?,
        key: PostKey::new(message.id.to_string()),
        action,
        author: message.from,
        text: message.text.joined(),
        media: message.photo.into_iter().chain(file).collect(),
        reply_to: reply_to.map(|id| PostKey::new(id.to_string())),
        forwarded_from: message.forwarded_from.flatten(),
        posted,
        received: edited.unwrap_or(posted),
        origin: Origin::Import,
    })
}

/// Whole seconds since 1970, as text.
fn instant(text: &str) -> anyhow::Result<Timestamp> {
    let seconds: i64 = text
        .parse()
        .with_context(|| format!("`{text}` is no number of seconds"))?;
    Ok(Timestamp::from_millis(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(json: &str) -> anyhow::Result<Vec<Post>> {
        let mut posts = Vec::new();
        read(json.as_bytes(), None, &mut |post| posts.push(post))?;
        Ok(posts)
    }

    const EXPORT: &str = r##"{
     "name": "Steady Hand ⚡ VIP", "type": "public_channel", "id": 1465718203,
     "messages": [
      {"id": 1, "type": "service", "date": "2025-01-01T00:00:00", "date_unixtime": "1735689600",
       "actor": "Steady Hand", "actor_id": "channel1465718203", "action": "create_channel", "text": "", "text_entities": []},
      {"id": 7, "type": "message", "date": "2025-01-01T01:00:00", "date_unixtime": "1735693200",
       "edited": "2025-01-01T02:00:00", "edited_unixtime": "1735696800", "from": "Steady Hand",
       "from_id": "channel1465718203", "photo": "photos/photo_1.jpg", "width": 800, "height": 600,
       "text": [{"type": "hashtag", "text": "#BTC"}, " LONG\nEntry ", {"type": "bold", "text": "94000"}],
       "text_entities": []},
      {"id": 8, "type": "message", "date": "2025-01-01T01:00:00", "date_unixtime": "1735693201",
       "from": null, "reply_to_message_id": 7, "forwarded_from": null, "text": "closed"}
     ]}"##;

    #[test]
    fn messages_become_posts_and_what_is_no_message_does_not() {
        let posts = posts(EXPORT).unwrap();
        assert_eq!(posts.len(), 2);
        let [first, second] = &posts[..] else {
            panic!()
        };
        assert_eq!(first.channel.as_str(), "steady-hand-vip");
        assert_eq!(first.text, "#BTC LONG\nEntry 94000");
        assert_eq!(first.media, ["photos/photo_1.jpg"]);
        assert_eq!(first.received.since(first.posted).as_secs(), 3600);
        assert_eq!(second.reply_to, Some(PostKey::new("7")));
        assert_eq!(second.author, None);
    }

    #[test]
    fn a_chat_whose_name_has_other_letters_is_named_by_its_number() {
        let export = EXPORT.replace("Steady Hand ⚡ VIP", "合约实盘 1");
        let posts = posts(&export).unwrap();
        assert_eq!(posts[0].channel.as_str(), "telegram-1465718203");
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place_and_a_remedy() {
        for (export, words) in [
            (
                EXPORT.replace(r#""date_unixtime": "1735693201","#, ""),
                "message 8: it has no `date_unixtime`",
            ),
            (
                EXPORT.replace("\"1735696800\"", "\"yesterday\""),
                "message 7: edited_unixtime: `yesterday`",
            ),
            (
                EXPORT.replace("\"id\": 8", "\"id\": {}"),
                "the message after number 7",
            ),
            (
                "{\"about\":\"x\",\"chats\":{\"list\":[]}}".to_owned(),
                "export the one chat",
            ),
            ("{\"name\":\"x\"}".to_owned(), "no `messages`"),
        ] {
            let said = format!("{:#}", posts(&export).unwrap_err());
            assert!(said.contains(words), "{said}");
        }
    }
}
