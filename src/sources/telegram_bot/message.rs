//! What an update says: a post, as far as it matters here.

use serde::Deserialize;
use serde_json::Value;

use domain::time::Timestamp;

/// An update that is of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub id: i64,
    /// None for what nobody asked for.
    pub news: Option<News>,
}

/// A post or a new version of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub chat: ChatCard,
    pub edited: bool,
    /// None for a message about the channel itself: a new title, a pinned post.
    pub message: Option<Message>,
}

/// The chat that it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ChatCard {
    pub id: i64,
    pub username: Option<String>,
    pub title: Option<String>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub id: i64,
    pub posted: Timestamp,
    pub author: Option<String>,
    pub text: String,
    /// Images and files, named so that the name stays the same, and what links lead to.
    pub media: Vec<String>,
    pub reply_to: Option<i64>,
    pub forwarded_from: Option<String>,
}

#[derive(Deserialize)]
struct RawUpdate {
    channel_post: Option<RawMessage>,
    edited_channel_post: Option<RawMessage>,
}

#[derive(Deserialize)]
struct RawMessage {
    message_id: i64,
    date: i64,
    chat: ChatCard,
    author_signature: Option<String>,
    text: Option<String>,
    caption: Option<String>,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    caption_entities: Vec<Entity>,
    reply_to_message: Option<Replied>,
    forward_origin: Option<Forwarded>,
    #[serde(default)]
    photo: Vec<Photo>,
    document: Option<Document>,
    poll: Option<Poll>,
    animation: Option<Value>,
    audio: Option<Value>,
    sticker: Option<Value>,
    video: Option<Value>,
    video_note: Option<Value>,
    voice: Option<Value>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Replied {
    message_id: i64,
    chat: ChatCard,
}

#[derive(Deserialize)]
struct Forwarded {
    chat: Option<ChatCard>,
    sender_chat: Option<ChatCard>,
    sender_user: Option<User>,
    sender_user_name: Option<String>,
}

#[derive(Deserialize)]
struct User {
    first_name: String,
}

#[derive(Deserialize)]
struct Photo {
    file_unique_id: String,
}

#[derive(Deserialize)]
struct Document {
    file_name: Option<String>,
}

#[derive(Deserialize)]
struct Poll {
    question: String,
}

/// Reads an update. None without a number, which Telegram never sends.
///
/// # Errors
///
/// The number of an update that cannot be read, and why.
pub(super) fn read(update: Value) -> Option<Result<Update, (i64, String)>> {
    let id = update.get("update_id")?.as_i64()?;
    let raw: RawUpdate = match serde_path_to_error::deserialize(update) {
        Ok(raw) => raw,
        Err(error) => return Some(Err((id, error.to_string()))),
    };
    let edited = raw.edited_channel_post.is_some();
    let news = raw
        .channel_post
        .or(raw.edited_channel_post)
        .map(|raw| News {
            chat: raw.chat.clone(),
            edited,
            message: message(raw),
        });
    Some(Ok(Update { id, news }))
}

fn message(raw: RawMessage) -> Option<Message> {
    let media = media(&raw);
    let text = raw.text.or(raw.caption).unwrap_or_default();
    if text.is_empty() && media.is_empty() {
        return None;
    }
    let here = raw.chat.id;
    let replied = raw
        .reply_to_message
        .filter(|replied| replied.chat.id == here);
    Some(Message {
        id: raw.message_id,
        posted: Timestamp::from_millis(raw.date.saturating_mul(1_000)),
        author: raw.author_signature,
        text,
        media,
        reply_to: replied.map(|replied| replied.message_id),
        forwarded_from: raw.forward_origin.map(whose),
    })
}

fn whose(from: Forwarded) -> String {
    let chat = from.chat.or(from.sender_chat).and_then(|chat| chat.title);
    let user = || from.sender_user.map(|user| user.first_name);
    chat.or(from.sender_user_name)
        .or_else(user)
        .unwrap_or_else(|| "somebody".to_owned())
}

fn media(raw: &RawMessage) -> Vec<String> {
    let mut named = Vec::new();
    // A photo comes in several sizes, the largest last.
    named.extend(
        raw.photo
            .last()
            .map(|photo| format!("photo:{}", photo.file_unique_id)),
    );
    let moving = raw.animation.is_some() || raw.video.is_some() || raw.video_note.is_some();
    if moving {
        named.push("video".to_owned());
    }
    // An animation comes as a document, too, for programs that know no animations.
    if let (Some(document), None) = (&raw.document, &raw.animation) {
        let name = document.file_name.as_deref().unwrap_or("unnamed");
        named.push(format!("file:{name}"));
    }
    named.extend(raw.audio.iter().map(|_| "audio".to_owned()));
    named.extend(raw.voice.iter().map(|_| "voice".to_owned()));
    named.extend(raw.sticker.iter().map(|_| "sticker".to_owned()));
    named.extend(
        raw.poll
            .iter()
            .map(|poll| format!("poll:{}", poll.question)),
    );
    // Where a word is a link, the address stands nowhere in the text.
    let links = raw.entities.iter().chain(&raw.caption_entities);
    named.extend(
        links
            .filter(|entity| entity.kind == "text_link")
            .filter_map(|entity| Some(format!("link:{}", entity.url.as_ref()?))),
    );
    named
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn post(mut parts: Value) -> Option<Message> {
        let whole = json!({"message_id": 7, "date": 1_753_099_445, "chat": {"id": -100, "type": "channel", "title": "Whales", "username": "Whales"}});
        for (key, value) in whole.as_object().unwrap() {
            parts[key] = value.clone();
        }
        let update = read(json!({"update_id": 1, "channel_post": parts}));
        update.unwrap().unwrap().news.unwrap().message
    }

    #[test]
    fn a_caption_is_the_text_and_a_photo_is_its_largest_size() {
        let message = post(json!({"caption": "LONG BTC", "photo": [{"file_unique_id": "a"}, {"file_unique_id": "b"}]})).unwrap();
        assert_eq!(message.text, "LONG BTC");
        assert_eq!(message.media, ["photo:b"]);
        assert_eq!(message.posted.as_millis(), 1_753_099_445_000);
    }

    #[test]
    fn the_address_behind_a_word_is_kept() {
        let message = post(json!({"text": "see chart", "entities": [
            {"type": "bold", "offset": 0, "length": 3},
            {"type": "text_link", "offset": 4, "length": 5, "url": "https://a.example/x"}]}));
        assert_eq!(message.unwrap().media, ["link:https://a.example/x"]);
    }

    #[test]
    fn replies_and_forwards_are_told() {
        let message = post(json!({"text": "x",
            "reply_to_message": {"message_id": 5, "date": 1, "chat": {"id": -100}},
            "forward_origin": {"type": "channel", "date": 1, "message_id": 3, "chat": {"id": -7, "title": "Others"}}}))
        .unwrap();
        assert_eq!(message.reply_to, Some(5));
        assert_eq!(message.forwarded_from.as_deref(), Some("Others"));
        let elsewhere = post(
            json!({"text": "x", "reply_to_message": {"message_id": 5, "date": 1, "chat": {"id": -8}}}),
        );
        assert_eq!(elsewhere.unwrap().reply_to, None);
    }

    #[test]
    fn a_message_about_the_channel_itself_is_no_post() {
        assert_eq!(post(json!({"new_chat_title": "Sharks"})), None);
    }

    #[test]
    fn an_update_that_cannot_be_read_is_named_by_its_number() {
        let bad = read(json!({"update_id": 9, "channel_post": {"message_id": "seven"}}));
        let (id, why) = bad.unwrap().unwrap_err();
        assert_eq!(id, 9);
        assert!(why.contains("channel_post.message_id"), "{why}");
    }
}
