//! The export of a channel as Telegram Desktop writes it: `result.json`.

use std::io::{Error, ErrorKind, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use crate::channels::{Channel, Kind, Press, Story};
use crate::dice;

/// A chat, whole.
#[derive(Serialize)]
struct Export<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    id: u64,
    messages: Vec<Message<'a>>,
}

/// A message, or a note of what happened in the chat. Members that do not apply are left out.
#[derive(Default, Serialize)]
struct Message<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    date: String,
    date_unixtime: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_unixtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    text: Text,
    text_entities: Vec<Entity>,
}

/// A text; in pieces where some of it is marked.
#[derive(Serialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Pieces(Vec<Piece>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Piece {
    Plain(String),
    Marked(Entity),
}

#[derive(Clone, Serialize)]
struct Entity {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

/// Writes what a channel posted after one instant and not after another (in microseconds since
/// 1970), as it is to be seen at the latter: rewritten as it was, without what was deleted.
pub(crate) fn write(
    press: &Press,
    channel: &'static Channel,
    after: i64,
    until: i64,
    out: impl Write,
) -> std::io::Result<()> {
    if channel.kind != Kind::Preview {
        let why = format!(
            "{} posts by requests; there is no chat to export",
            channel.name
        );
        return Err(Error::new(ErrorKind::InvalidInput, why));
    }
    let id = dice::named(4, channel.name) % 10_000_000_000;
    let stories: Vec<_> = press.between(channel, after, until).collect();
    let pinned = stories.first().map(|first| Message {
        // What is no post has a number of its own, and here none is free.
        id: -first.post.id,
        kind: "service",
        actor: Some(channel.title),
        actor_id: Some(format!("channel{id}")),
        action: Some("pin_message"),
        ..dated(first.post.at)
    });
    let told = stories.iter().filter_map(|story| message(story, id, until));
    let export = Export {
        name: channel.title,
        kind: "public_channel",
        id,
        messages: pinned.into_iter().chain(told).collect(),
    };
    let mut json = serde_json::Serializer::with_formatter(out, PrettyFormatter::with_indent(b" "));
    Ok(export.serialize(&mut json)?)
}

fn message(story: &Story, channel: u64, now: i64) -> Option<Message<'static>> {
    let post = &story.post;
    let (text, edited) = story.seen_at(now)?;
    let edit = story.edit.as_ref().filter(|_| edited);
    let entities = entities(text);
    Some(Message {
        id: post.id,
        kind: "message",
        edited: edit.map(|edit| date(edit.at)),
        edited_unixtime: edit.map(|edit| seconds(edit.at)),
        from: Some(post.channel.title),
        from_id: Some(format!("channel{channel}")),
        forwarded_from: post.forwarded.then_some("Partner (simulated)"),
        reply_to_message_id: post.reply_to,
        photo: post.photo.then(|| format!("photos/photo_{}.jpg", post.id)),
        width: post.photo.then_some(800),
        height: post.photo.then_some(450),
        text: pieces(&entities),
        text_entities: entities,
        ..dated(post.at)
    })
}

fn dated(at: i64) -> Message<'static> {
    Message {
        date: date(at),
        date_unixtime: seconds(at),
        ..Message::default()
    }
}

/// A text in pieces: hashtags are marked, and what lies between them is plain.
fn entities(text: &str) -> Vec<Entity> {
    let mut entities: Vec<Entity> = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let tag = word.trim_end();
        let is_tag = tag.strip_prefix('#').is_some_and(|tag| {
            !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        if is_tag {
            entities.push(Entity {
                kind: "hashtag",
                text: tag.to_owned(),
            });
        }
        let rest = if is_tag { &word[tag.len()..] } else { word };
        match entities.last_mut().filter(|last| last.kind == "plain") {
            Some(last) => last.text.push_str(rest),
            None if rest.is_empty() => {}
            None => entities.push(Entity {
                kind: "plain",
                text: rest.to_owned(),
            }),
        }
    }
    entities
}

/// The same as the other member tells it: one text where nothing is marked.
fn pieces(entities: &[Entity]) -> Text {
    match entities {
        [] => Text::default(),
        [one] if one.kind == "plain" => Text::Plain(one.text.clone()),
        several => {
            let piece = |entity: &Entity| match entity.kind {
                "plain" => Piece::Plain(entity.text.clone()),
                _ => Piece::Marked(entity.clone()),
            };
            Text::Pieces(several.iter().map(piece).collect())
        }
    }
}

/// Whole seconds: an export does not tell less.
fn seconds(at: i64) -> String {
    at.div_euclid(1_000_000).to_string()
}

fn date(at: i64) -> String {
    let time = Timestamp::from_second(at.div_euclid(1_000_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = time.to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags_are_marked_and_the_text_stays_the_same() {
        let text = "#QBT LONG 🚀\nEntry # 1 #\n#vip_room #a-b\n\n#end";
        let entities = entities(text);
        let whole: String = entities.iter().map(|entity| entity.text.as_str()).collect();
        assert_eq!(whole, text);
        let tags: Vec<_> = entities
            .iter()
            .filter(|entity| entity.kind == "hashtag")
            .map(|entity| entity.text.as_str())
            .collect();
        assert_eq!(tags, ["#QBT", "#vip_room", "#end"]);
    }
}
