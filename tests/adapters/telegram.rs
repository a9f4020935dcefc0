//! Telegram's preview pages: the real one, and a channel that edits, deletes and misbehaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::{ChannelId, Cursor};
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::post::{Action, Origin, Post};
use touchstone::outbound::{Limits, Outbound, Reach};
use touchstone::sources::telegram::{Options, TelegramPreview};

use crate::recorded::shared;
use crate::server::{Reply, Request, Server, Wall, within};

/// Posts on a page, as on the real ones.
const PAGE: usize = 20;

/// What stands in the channel, and what its server does about it.
#[derive(Default)]
struct Channel {
    posts: BTreeMap<u64, String>,
    /// Answers this instead, once.
    instead: Vec<Reply>,
    /// Serves the newest page as it was.
    frozen: Option<String>,
}

impl Channel {
    fn page(&self, before: Option<u64>) -> String {
        let upto = before.unwrap_or(u64::MAX);
        let shown: Vec<_> = self.posts.range(..upto).rev().take(PAGE).collect();
        let lowest = shown.last().map_or(0, |(id, _)| **id);
        let more = if self.posts.range(..lowest).next().is_some() {
            format!(r#"<a class="tme_messages_more" data-before="{lowest}"></a>"#)
        } else {
            String::new()
        };
        let messages: String = shown
            .iter()
            .rev()
            .map(|(id, text)| message(**id, text))
            .collect();
        format!(
            r#"<html><body><section class="tgme_channel_history js-message_history">{more}{messages}</section></body></html>"#
        )
    }

    fn answer(&mut self, request: &Request) -> Reply {
        if !self.instead.is_empty() {
            return self.instead.remove(0);
        }
        let before = request.query.get("before").map(|id| id.parse().unwrap());
        let page = match &self.frozen {
            Some(page) if before.is_none() => page.clone(),
            Some(_) | None => self.page(before),
        };
        let tag = format!("\"{}\"", page.len() + page.matches("edited").count());
        if request.headers.get("if-none-match") == Some(&tag) {
            return Reply::status(304);
        }
        Reply::ok(page).with("ETag", tag)
    }
}

fn message(id: u64, text: &str) -> String {
    format!(
        r#"<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="Whales/{id}">
        <div class="tgme_widget_message_text js-message_text">{text}</div>
        <a class="tgme_widget_message_date"><time datetime="2025-07-21T12:04:05+00:00"></time></a></div></div>"#
    )
}

struct Stage {
    channel: Arc<Mutex<Channel>>,
    server: Server,
}

impl Stage {
    async fn with(ids: impl IntoIterator<Item = u64>) -> Self {
        let channel = Arc::new(Mutex::new(Channel::default()));
        channel.lock().unwrap().posts = ids
            .into_iter()
            .map(|id| (id, format!("post {id}")))
            .collect();
        let served = Arc::clone(&channel);
        let server = Server::start(move |request| served.lock().unwrap().answer(request)).await;
        Self { channel, server }
    }

    fn change(&self, change: impl FnOnce(&mut Channel)) {
        change(&mut self.channel.lock().unwrap());
    }

    fn opener(&self, origin: Origin) -> TelegramPreview {
        TelegramPreview::new(
            Options {
                base: self.server.base.clone(),
                interval: Duration::from_millis(5),
                origin,
                ..Options::live(
                    ChannelId::parse("whales").unwrap(),
                    "whales",
                    Arc::new(Wall),
                )
            },
            Outbound::new(Reach::Anywhere, Limits::default()).unwrap(),
        )
    }

    fn open(&self, resume: Resume) -> Box<dyn Source> {
        self.opener(Origin::Live).open(resume)
    }

    /// Waits until the channel was looked at so many times more.
    async fn looks(&self, source: &mut dyn Source, more: usize) {
        let enough = self.server.count("/whales") + more;
        let looks = async {
            while self.server.count("/whales") < enough {
                tokio::select! {
                    batch = source.next() => panic!("handed out {batch:?}"),
                    () = tokio::time::sleep(Duration::from_millis(2)) => {}
                }
            }
        };
        within("more looks", looks).await;
    }
}

async fn next(source: &mut dyn Source) -> Batch {
    within("a batch", source.next()).await.unwrap().unwrap()
}

fn told(batch: &Batch) -> Vec<(u64, Action)> {
    let id = |post: &Post| post.key.as_str().parse().unwrap();
    batch
        .posts
        .iter()
        .map(|post| (id(post), post.action))
        .collect()
}

/// What the store would know after these batches.
fn resume(batches: &[&Batch]) -> Resume {
    let mut standing = BTreeMap::new();
    for post in batches.iter().flat_map(|batch| &batch.posts) {
        let id: u64 = post.key.as_str().parse().unwrap();
        if post.action == Action::Deleted {
            standing.remove(&id);
        } else {
            standing.insert(id, (post.key.clone(), post.digest()));
        }
    }
    Resume {
        cursor: batches.last().map(|batch| batch.cursor.clone()),
        recent: standing.into_values().collect(),
    }
}

#[tokio::test]
async fn the_real_page_is_read_whole_and_quotes_are_not_taken_for_posts() {
    let Some(page) = shared("feeds/telegram_s_CryptoCapoTG_20250823.html") else {
        return;
    };
    let page = String::from_utf8(page).unwrap();
    let server = Server::start(move |_| Reply::ok(page.clone())).await;
    let options = Options {
        base: server.base.clone(),
        ..Options::live(
            ChannelId::parse("capo").unwrap(),
            "CryptoCapoTG",
            Arc::new(Wall),
        )
    };
    let outbound = Outbound::new(Reach::Anywhere, Limits::default()).unwrap();
    let mut source = TelegramPreview::new(options, outbound).open(Resume::default());
    let batch = next(&mut *source).await;

    assert_eq!(server.seen()[0].path, "/s/CryptoCapoTG");
    let ids: Vec<u64> = told(&batch).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (1294..=1313).collect::<Vec<_>>());
    assert_eq!(batch.cursor, Cursor::new("1313/1313/1"));
    let post = |id: usize| &batch.posts[id - 1294];

    assert_eq!(
        post(1294).text,
        "$BTC gives the first bearish confirmation below $115k."
    );
    assert_eq!(post(1294).posted.as_millis(), 1_753_099_445_000);
    assert_eq!(post(1313).posted.as_millis(), 1_755_939_344_000);
    assert!(
        post(1295)
            .text
            .starts_with("$ENA update\n\nOne of the few altcoins I didn't sell")
    );
    assert!(
        post(1295)
            .text
            .ends_with("I’ll be buying more. Same plan as before.")
    );
    assert_eq!(post(1295).reply_to.as_ref().unwrap().as_str(), "1206");
    assert_eq!(post(1295).media, ["photo:6048356431981301195"]);
    assert_eq!(
        post(1305).text,
        "$SOL update\n\nStill stuck at the same $170-200 resistance, despite the ETH run.\n\nThis is a sign of weakness IMO."
    );
    assert_eq!(post(1305).reply_to.as_ref().unwrap().as_str(), "1240");
    assert!(post(1299).reply_to.is_some());
    assert_eq!(post(1310).action, Action::Forwarded);
    assert!(post(1310).forwarded_from.is_some());
    let photos = batch.posts.iter().filter(|post| !post.media.is_empty());
    assert_eq!(photos.count(), 8);
    assert!(
        batch
            .posts
            .iter()
            .all(|post| !post.text.is_empty() && post.text.lines().count() > 0)
    );
    assert!(
        batch.posts.iter().all(|post| post.origin == Origin::Import),
        "what stood there before the first look is history"
    );
}

#[tokio::test]
async fn new_posts_come_in_the_channels_order_also_when_pages_were_missed() {
    let stage = Stage::with(1..=5).await;
    let mut source = stage.open(Resume::default());
    let first = next(&mut *source).await;
    assert_eq!(told(&first).len(), 5);

    stage.change(|channel| {
        channel
            .posts
            .extend((6..=70).map(|id| (id, format!("post {id}"))))
    });
    let second = next(&mut *source).await;
    let expected: Vec<_> = (6..=70).map(|id| (id, Action::Original)).collect();
    assert_eq!(told(&second), expected);
    assert!(second.posts.iter().all(|post| post.origin == Origin::Live));
    assert!(
        second
            .posts
            .iter()
            .all(|post| post.received > first.posts[0].received)
    );
}

#[tokio::test]
async fn what_the_simulator_posts_stays_marked_as_its_own() {
    let stage = Stage::with(1..=5).await;
    let mut source = stage.opener(Origin::Simulator).open(Resume::default());
    let batch = next(&mut *source).await;
    assert!(
        batch
            .posts
            .iter()
            .all(|post| post.origin == Origin::Simulator)
    );
}

#[tokio::test]
async fn an_edit_is_a_version_and_is_told_once() {
    let stage = Stage::with(1..=5).await;
    let mut source = stage.open(Resume::default());
    next(&mut *source).await;
    stage.change(|channel| {
        channel
            .posts
            .insert(3, "edited".into())
            .map(drop)
            .unwrap_or_default()
    });
    let batch = next(&mut *source).await;
    assert_eq!(told(&batch), [(3, Action::Edited)]);
    assert_eq!(batch.posts[0].text, "edited");
    stage.looks(&mut *source, 15).await;
}

#[tokio::test]
async fn the_newest_and_an_old_post_are_missed_when_they_are_deleted() {
    let stage = Stage::with(1..=60).await;
    let all = Resume::default();
    let mut source = stage.open(all);
    let first = next(&mut *source).await;
    stage.change(|channel| {
        channel.posts.remove(&60);
        channel.posts.remove(&45);
    });
    let mut gone = Vec::new();
    while gone.len() < 2 {
        gone.extend(told(&next(&mut *source).await));
    }
    gone.sort_by_key(|(id, _)| *id);
    assert_eq!(gone, [(45, Action::Deleted), (60, Action::Deleted)]);
    assert_eq!(first.posts.len(), PAGE);
    stage.looks(&mut *source, 15).await;
}

#[tokio::test]
async fn what_changed_while_nobody_read_is_told_at_the_next_opening() {
    let stage = Stage::with(1..=20).await;
    let first = next(&mut *stage.open(Resume::default())).await;
    stage.change(|channel| {
        channel.posts.insert(5, "edited".into());
        channel.posts.remove(&7);
        channel
            .posts
            .extend((21..=50).map(|id| (id, format!("post {id}"))));
    });
    let mut source = stage.open(resume(&[&first]));
    let second = next(&mut *source).await;
    assert_eq!(told(&second)[0], (5, Action::Edited));
    assert_eq!(told(&second).len(), 31);
    let third = next(&mut *source).await;
    assert_eq!(told(&third), [(7, Action::Deleted)]);
    assert_eq!(third.posts[0].origin, Origin::Import);
    assert_eq!(second.posts[30].origin, Origin::Live);
}

#[tokio::test]
async fn a_stale_copy_of_the_page_makes_no_deletion() {
    let stage = Stage::with(1..=20).await;
    let old = stage.channel.lock().unwrap().page(None);
    let mut source = stage.open(Resume::default());
    next(&mut *source).await;
    stage.change(|channel| drop(channel.posts.insert(21, "post 21".into())));
    assert_eq!(told(&next(&mut *source).await), [(21, Action::Original)]);
    stage.change(|channel| channel.frozen = Some(old));
    stage.looks(&mut *source, 12).await;
}

#[tokio::test]
async fn a_broken_or_empty_page_makes_no_deletion() {
    let stage = Stage::with(1..=20).await;
    let mut source = stage.open(Resume::default());
    next(&mut *source).await;
    let whole = stage.channel.lock().unwrap().page(None);
    let cut = whole[..whole.len() * 2 / 3].to_owned();
    let empty = Channel::default().page(None);
    for page in [cut, empty] {
        stage.change(|channel| channel.instead = vec![Reply::ok(page); 5]);
        stage.looks(&mut *source, 8).await;
    }
    stage.change(|channel| channel.instead = vec![Reply::ok("<html>Oops</html>")]);
    let error = within("an error", source.next()).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreadable(_)), "{error}");
    stage.looks(&mut *source, 3).await;
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let stage = Stage::with(1..=20).await;
    let mut source = stage.open(Resume::default());
    next(&mut *source).await;
    stage.looks(&mut *source, 5).await;
    let conditional = stage.server.seen();
    let conditional = conditional
        .iter()
        .filter(|seen| seen.headers.contains_key("if-none-match"));
    assert!(conditional.count() >= 4);
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_left_alone_as_long_as_it_asks() {
    let stage = Stage::with(1..=3).await;
    stage.change(|channel| {
        channel.instead = vec![
            Reply::status(429).with("Retry-After", "1"),
            Reply::status(502),
        ];
    });
    let mut source = stage.open(Resume::default());
    let error = within("an error", source.next()).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)), "{error}");
    let asked = tokio::time::Instant::now();
    let error = within("an error", source.next()).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)), "{error}");
    assert!(
        asked.elapsed() >= Duration::from_secs(1),
        "asked again too soon"
    );
    assert_eq!(told(&next(&mut *source).await).len(), 3);
}

#[tokio::test]
async fn a_channel_without_a_preview_is_absent() {
    let server = Server::start(|_| Reply::status(302).with("Location", "/whales")).await;
    let stage = Stage {
        channel: Arc::default(),
        server,
    };
    let error = within("an error", stage.open(Resume::default()).next())
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Absent(_)), "{error}");
}
