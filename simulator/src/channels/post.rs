//! Posts: what a channel said, what it made of it later, and what it really was.

use serde::Serialize;

use crate::idea::Idea;

use super::Channel;

/// What a post really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A trade to follow.
    Signal,
    /// The stop of an open trade goes to its entry.
    MoveStop,
    /// An open trade is closed now.
    Close,
    /// A trade that was not entered is withdrawn.
    Cancel,
    /// A result is claimed.
    Claim,
    /// A greeting.
    Greeting,
    /// An advertisement.
    Advert,
    /// A musing about the market.
    Musing,
    /// A picture without a word.
    Image,
}

/// One post as it appeared first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Post {
    /// Who said it.
    pub(crate) channel: &'static Channel,
    /// Its number within the channel; later posts have higher ones.
    pub(crate) id: i64,
    /// When it appeared, in microseconds since 1970.
    pub(crate) at: i64,
    /// What it really is.
    pub(crate) class: Class,
    /// Its words.
    pub(crate) text: String,
    /// Whether a picture comes with it.
    pub(crate) photo: bool,
    /// The post it answers visibly.
    pub(crate) reply_to: Option<i64>,
    /// The signal it is about, visibly or not.
    pub(crate) about: Option<i64>,
    /// Whether it is passed on from another channel.
    pub(crate) forwarded: bool,
    /// The trade, where it is a signal.
    pub(crate) idea: Option<Idea>,
}

/// A later version of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Edit {
    /// When it was edited, in microseconds since 1970.
    pub(crate) at: i64,
    /// Its new words.
    pub(crate) text: String,
    /// The trade that they say now.
    pub(crate) idea: Option<Idea>,
}

/// A post with all that its author does to it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    /// As it appeared.
    pub(crate) post: Post,
    /// The rewriting, if there is one.
    pub(crate) edit: Option<Edit>,
    /// When it vanishes, in microseconds since 1970.
    pub(crate) deleted: Option<i64>,
}

impl Story {
    /// Its words at an instant, and whether they are an edit; nothing where it is not to be seen.
    #[must_use]
    pub(crate) fn seen_at(&self, now: i64) -> Option<(&str, bool)> {
        let gone = self.deleted.is_some_and(|deleted| deleted <= now);
        if gone || self.post.at > now {
            return None;
        }
        match &self.edit {
            Some(edit) if edit.at <= now => Some((&edit.text, true)),
            Some(_) | None => Some((&self.post.text, false)),
        }
    }
}
