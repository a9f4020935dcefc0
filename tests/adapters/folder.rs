//! A folder that somebody writes to: lines that grow, files that rotate, posts in files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::post::{Action, Origin, Post};
use serde_json::json;
use tempfile::TempDir;
use touchstone::sources::folder::{Folder, Options};

use crate::recorded::shared;
use crate::server::{Wall, within};

/// So rarely is a folder looked at without being told of a change.
const NEVER: Duration = Duration::from_secs(3_600);

const OFTEN: Duration = Duration::from_millis(5);

struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, rescan: Duration, resume: Resume) -> Box<dyn Source> {
        let options = Options {
            channel: ChannelId::parse("inbox").unwrap(),
            path: self.folder.path().to_owned(),
            rescan,
            origin: Origin::Live,
            clock: Arc::new(Wall),
        };
        Folder::new(options).open(resume)
    }

    fn append(&self, name: &str, text: &str) {
        let file = File::options()
            .create(true)
            .append(true)
            .open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Puts a whole file into the folder, as a careful program does.
    fn put(&self, name: &str, text: &str) {
        let aside = self.path(".aside");
        fs::write(&aside, text).unwrap();
        let old = std::time::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
        let file = File::options().append(true).open(&aside).unwrap();
        file.set_modified(old).unwrap();
        fs::rename(aside, self.path(name)).unwrap();
    }
}

fn line(id: u32, text: &str) -> String {
    format!(
        "{}\n",
        json!({"channel": "x", "msg_id": id, "ts": null, "text": text})
    )
}

/// The next batch that has posts, and what the store would know then.
async fn next(source: &mut dyn Source) -> Batch {
    within("posts", async {
        loop {
            let batch = source.next().await.unwrap().unwrap();
            if !batch.posts.is_empty() {
                return batch;
            }
        }
    })
    .await
}

fn told(batch: &Batch) -> Vec<(&str, Action, &str)> {
    let one = |post| {
        let post: &Post = post;
        (post.key.as_str(), post.action, post.text.as_str())
    };
    batch.posts.iter().map(one).collect()
}

fn after(batches: &[&Batch]) -> Resume {
    let posts = batches.iter().flat_map(|batch| &batch.posts);
    Resume {
        cursor: batches.last().map(|batch| batch.cursor.clone()),
        recent: posts
            .map(|post| (post.key.clone(), post.digest()))
            .collect(),
    }
}

#[tokio::test]
async fn lines_that_are_appended_are_noticed_at_once_and_half_a_line_waits() {
    let stage = Stage::new();
    let mut source = stage.open(NEVER, Resume::default());
    let empty = within("the first look", source.next())
        .await
        .unwrap()
        .unwrap();
    assert!(
        empty.posts.is_empty(),
        "the place is kept from the first look on"
    );

    stage.append("posts.jsonl", &line(1, "LONG BTC"));
    let first = next(&mut *source).await;
    assert_eq!(told(&first), [("1", Action::Original, "LONG BTC")]);
    assert_eq!(first.posts[0].origin, Origin::Live);
    assert_eq!(first.posts[0].posted, first.posts[0].received);

    let second = line(2, "SHORT ETH");
    let (begin, end) = second.split_at(20);
    stage.append("posts.jsonl", begin);
    stage.append("z.jsonl", &line(9, "of another file"));
    let other = next(&mut *source).await;
    assert_eq!(
        told(&other),
        [("9", Action::Original, "of another file")],
        "half a line is no post"
    );
    stage.append("posts.jsonl", end);
    assert_eq!(
        told(&next(&mut *source).await),
        [("2", Action::Original, "SHORT ETH")]
    );

    stage.append("posts.jsonl", &line(1, "LONG BTC 50000"));
    assert_eq!(
        told(&next(&mut *source).await),
        [("1", Action::Edited, "LONG BTC 50000")]
    );
}

#[tokio::test]
async fn after_a_kill_the_reading_goes_on_behind_what_was_stored() {
    let stage = Stage::new();
    stage.append(
        "posts.jsonl",
        &format!("{}{}", line(1, "one"), line(2, "two")),
    );
    let first = next(&mut *stage.open(OFTEN, Resume::default())).await;
    assert_eq!(first.posts.len(), 2);
    stage.append("posts.jsonl", &line(3, "three"));
    // This batch is never stored: the process is killed.
    let lost = next(&mut *stage.open(OFTEN, after(&[&first]))).await;
    let again = next(&mut *stage.open(OFTEN, after(&[&first]))).await;
    assert_eq!(told(&lost), told(&again));
    assert_eq!(told(&again), [("3", Action::Original, "three")]);

    let mut source = stage.open(OFTEN, after(&[&first, &again]));
    stage.append("posts.jsonl", &line(4, "four"));
    let more = next(&mut *source).await;
    assert_eq!(
        told(&more),
        [("4", Action::Original, "four")],
        "nothing is told twice"
    );
}

#[tokio::test]
async fn a_file_that_rotates_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let stage = Stage::new();
    stage.append("posts.jsonl", &line(1, "one"));
    let first = next(&mut *stage.open(OFTEN, Resume::default())).await;
    stage.append("posts.jsonl", &line(2, "the last of the old file"));
    fs::rename(stage.path("posts.jsonl"), stage.path("posts.jsonl.1")).unwrap();
    stage.append("posts.jsonl", &line(3, "the first of the new file"));
    let second = next(&mut *stage.open(OFTEN, after(&[&first]))).await;
    let texts: Vec<&str> = second.posts.iter().map(|post| post.text.as_str()).collect();
    assert_eq!(
        texts,
        ["the last of the old file", "the first of the new file"]
    );
    // Written anew in place, and already longer than before.
    let anew = format!("{}{}", line(4, "four"), line(5, &"x".repeat(500)));
    fs::write(stage.path("posts.jsonl"), anew).unwrap();
    let third = next(&mut *stage.open(OFTEN, after(&[&first, &second]))).await;
    assert_eq!(third.posts.len(), 2, "{:?}", told(&third));
}

#[tokio::test]
async fn a_bad_line_is_left_out_and_does_not_stop_the_rest() {
    let stage = Stage::new();
    let bad = format!(
        "{}not json\n{{\"text\":\"no id\"}}\n{}",
        line(1, "one"),
        line(2, "two")
    );
    stage.append("posts.jsonl", &bad);
    let mut source = stage.open(OFTEN, Resume::default());
    let first = next(&mut *source).await;
    assert_eq!(told(&first).len(), 2);
    stage.append("posts.jsonl", "bad again\n");
    let moved = within("the place", source.next()).await.unwrap().unwrap();
    assert!(moved.posts.is_empty() && moved.cursor != first.cursor);
}

#[tokio::test]
async fn a_text_file_is_a_post_and_its_change_an_edit() {
    let stage = Stage::new();
    stage.put("btc.txt", "LONG BTC\nEntry 50000\n");
    stage.put("notes.md", "not read");
    let mut source = stage.open(OFTEN, Resume::default());
    let first = next(&mut *source).await;
    assert_eq!(
        told(&first),
        [("btc.txt", Action::Original, "LONG BTC\nEntry 50000")]
    );
    assert_eq!(
        first.posts[0].origin,
        Origin::Import,
        "it is older than the first look"
    );
    assert_eq!(first.posts[0].posted.as_millis(), 1_750_000_000_000);
    stage.put("btc.txt", "LONG BTC\nEntry 51000, no, 52000\n");
    let second = next(&mut *source).await;
    assert_eq!(told(&second)[0].1, Action::Edited);
    fs::remove_file(stage.path("btc.txt")).unwrap();
    stage.put("eth.txt", "SHORT ETH");
    let mut again = stage.open(OFTEN, after(&[&first, &second]));
    for source in [&mut source, &mut again] {
        let more = next(&mut **source).await;
        let only = [("eth.txt", Action::Original, "SHORT ETH")];
        assert_eq!(told(&more), only, "a file that goes deletes no post");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told_and_read_when_it_comes() {
    let stage = Stage::new();
    let options = Options {
        channel: ChannelId::parse("inbox").unwrap(),
        path: stage.path("later"),
        rescan: OFTEN,
        origin: Origin::Live,
        clock: Arc::new(Wall),
    };
    let mut source = Folder::new(options).open(Resume::default());
    let error = within("a refusal", source.next()).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)), "{error}");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("later"), "{why}");
    fs::create_dir(stage.path("later")).unwrap();
    stage.append("later/a.jsonl", &line(1, "one"));
    let read = async {
        loop {
            if let Ok(Some(batch)) = source.next().await {
                return batch;
            }
        }
    };
    assert_eq!(told(&within("the folder", read).await).len(), 1);
}

#[tokio::test]
async fn a_recorded_channel_is_read_whole_in_pieces() {
    let Some(posts) = shared("signals/zh_discord_chen_to20250831.jsonl") else {
        return;
    };
    let stage = Stage::new();
    fs::write(stage.path("chen.jsonl"), &posts).unwrap();
    let mut source = stage.open(NEVER, Resume::default());
    let (mut read, mut batches) = (0, 0);
    while read < 3_867 {
        let batch = next(&mut *source).await;
        assert!(batch.posts.iter().all(|post| post.origin == Origin::Import));
        read += batch.posts.len();
        batches += 1;
    }
    assert_eq!(read, 3_867, "every post of the file once");
    assert!(batches > 1);
}
