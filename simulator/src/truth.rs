//! The truth about every post, written where the platform cannot read it.
//!
//! One line of JSON for each post, in the order of their times. What the author will do to a signal
//! later is known already when it is written, for everything follows from the seed.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::ops::Not;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::channels::{CHANNELS, Class, Kind, Press, Story};
use crate::idea::Idea;
use crate::webhook::delivery_id;

/// How far back the truth of a first start begins: the posts that preview pages still show.
const BACKLOG: i64 = 60 * 60 * 1_000_000;

/// What a post really was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The channel's name.
    pub channel: &'static str,
    /// The post's number.
    pub id: i64,
    /// When it appeared, in microseconds since 1970.
    pub posted_at: i64,
    /// What it really is.
    pub class: Class,
    /// Its words.
    pub text: String,
    /// Whether a picture comes with it.
    #[serde(skip_serializing_if = "Not::not")]
    pub photo: bool,
    /// Whether it is passed on from another channel.
    #[serde(skip_serializing_if = "Not::not")]
    pub forwarded: bool,
    /// The post that it answers visibly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// The signal that it is about, visibly or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<i64>,
    /// What makes its request known, where it comes by webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// The trade, where it is a signal.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub idea: Option<Idea>,
    /// What its author does later, in the order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// Something that an author does to his signal later.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What an author does to his signal later.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Deed {
    /// He rewrites it.
    Edit {
        /// The new words.
        text: String,
        /// The trade that they say.
        idea: Option<Idea>,
    },
    /// He deletes it.
    Delete,
    /// He says another word about it, in a post of its own.
    Word {
        /// What kind of word.
        class: Class,
        /// The number of that post.
        post: i64,
    },
}

/// The truth about a story.
pub(crate) fn tell(press: &Press, story: &Story) -> Truth {
    let post = &story.post;
    Truth {
        channel: post.channel.name,
        id: post.id,
        posted_at: post.at,
        class: post.class,
        text: post.text.clone(),
        photo: post.photo,
        forwarded: post.forwarded,
        reply_to: post.reply_to,
        about: post.about,
        delivery: (post.channel.kind == Kind::Webhook).then(|| delivery_id(post)),
        idea: post.idea.clone(),
        actions: actions(press, story),
    }
}

fn actions(press: &Press, story: &Story) -> Vec<Action> {
    let post = &story.post;
    if post.class != Class::Signal {
        return Vec::new();
    }
    let schedule = press.schedule(post.channel);
    let later = schedule
        .manage_of(post.id)
        .into_iter()
        .chain([schedule.wrap_of(post.id)]);
    let words = later.filter_map(|id| {
        let word = press.story(post.channel, id);
        let (class, post_id) = (word.post.class, word.post.id);
        (word.post.about == Some(post.id)).then_some(Action {
            at: word.post.at,
            deed: Deed::Word {
                class,
                post: post_id,
            },
        })
    });
    let edit = story.edit.iter().map(|edit| Action {
        at: edit.at,
        deed: Deed::Edit {
            text: edit.text.clone(),
            idea: edit.idea.clone(),
        },
    });
    let delete = story.deleted.iter().map(|at| Action {
        at: *at,
        deed: Deed::Delete,
    });
    let mut actions: Vec<_> = words.chain(edit).chain(delete).collect();
    actions.sort_by_key(|action| action.at);
    actions
}

/// The truth about all posts after one instant and not after another, in the order of time.
pub(crate) fn between(press: &Press, after: i64, until: i64) -> Vec<Truth> {
    let stories = CHANNELS
        .iter()
        .flat_map(|channel| press.between(channel, after, until));
    let mut truths: Vec<_> = stories.map(|story| tell(press, &story)).collect();
    truths.sort_by_key(|truth| truth.posted_at);
    truths
}

/// The file of the truth, which goes on where it ended.
pub(crate) struct Scribe {
    file: File,
    written: i64,
}

impl Scribe {
    /// Opens `truth.jsonl` in a directory, which is made if it is not there.
    pub(crate) fn open(dir: &Path, now: i64) -> std::io::Result<Self> {
        fs::create_dir_all(dir)?;
        let path = dir.join("truth.jsonl");
        let written = last_written(&path)?
            .unwrap_or(now - BACKLOG)
            .max(now - BACKLOG);
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        // A line that a crash cut off must not spoil the next one.
        if fs::read(&path)?.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self { file, written })
    }

    /// Writes what appeared since the last time.
    pub(crate) fn write(&mut self, press: &Press, now: i64) -> std::io::Result<()> {
        let mut lines = Vec::new();
        for truth in between(press, self.written, now) {
            serde_json::to_writer(&mut lines, &truth)?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines)?;
        self.written = now.max(self.written);
        Ok(())
    }
}

fn last_written(path: &Path) -> std::io::Result<Option<i64>> {
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    let mut last = None;
    for line in BufReader::new(file).lines() {
        let line: Option<Value> = serde_json::from_str(&line?).ok();
        last = line.and_then(|line| line["posted_at"].as_i64()).max(last);
    }
    Ok(last)
}
