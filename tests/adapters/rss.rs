//! Feeds: the recorded ones, and one that edits, loses entries and misbehaves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::post::{Action, Origin};
use touchstone::outbound::{Limits, Outbound, Reach};
use touchstone::sources::rss::{FeedSource, LIMITS, Options};
use url::Url;

use crate::recorded::shared;
use crate::server::{Reply, Request, Server, Wall, within};

fn opener(url: Url, reach: Reach, limits: Limits) -> FeedSource {
    let options = Options {
        channel: ChannelId::parse("feed").unwrap(),
        url,
        interval: Duration::from_millis(5),
        origin: Origin::Live,
        clock: Arc::new(Wall),
    };
    FeedSource::new(options, Outbound::new(reach, limits).unwrap())
}

fn open(server: &Server, resume: Resume) -> Box<dyn Source> {
    let url = server.base.join("/feed").unwrap();
    opener(url, Reach::Anywhere, LIMITS).open(resume)
}

async fn look(source: &mut dyn Source) -> Result<Batch, SourceError> {
    Ok(within("a look", source.next()).await?.unwrap())
}

/// Serves one document and reads it once.
async fn read(body: impl Into<Vec<u8>>, content_type: &str) -> Result<Batch, SourceError> {
    let (body, content_type) = (body.into(), content_type.to_owned());
    let server =
        Server::start(move |_| Reply::ok(body.clone()).with("Content-Type", content_type.clone()))
            .await;
    look(&mut *open(&server, Resume::default())).await
}

async fn recorded(file: &str) -> Option<Result<Batch, SourceError>> {
    let body = shared(&format!("feeds/{file}"))?;
    Some(read(body, "text/xml").await)
}

fn resume(batch: &Batch) -> Resume {
    let standing = |post: &domain::post::Post| (post.key.clone(), post.digest());
    Resume {
        cursor: Some(batch.cursor.clone()),
        recent: batch.posts.iter().map(standing).collect(),
    }
}

/// A feed whose entries a test writes.
#[derive(Default)]
struct Feed {
    items: Vec<(String, String)>,
    instead: Vec<Reply>,
}

impl Feed {
    fn answer(&mut self, request: &Request) -> Reply {
        if !self.instead.is_empty() {
            return self.instead.remove(0);
        }
        let items: String = self
            .items
            .iter()
            .rev()
            .map(|(id, text)| format!("<item><guid>{id}</guid><title>{text}</title></item>"))
            .collect();
        let tag = format!("\"{items}\"").replace(['<', '>'], "");
        if request.headers.get("if-none-match") == Some(&tag) {
            return Reply::status(304);
        }
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>"
        ))
        .with("ETag", tag)
    }
}

struct Stage {
    feed: Arc<Mutex<Feed>>,
    server: Server,
}

impl Stage {
    async fn with(items: &[(&str, &str)]) -> Self {
        let feed = Arc::new(Mutex::new(Feed::default()));
        let served = Arc::clone(&feed);
        let server = Server::start(move |request| served.lock().unwrap().answer(request)).await;
        let stage = Self { feed, server };
        stage.set(items);
        stage
    }

    fn set(&self, items: &[(&str, &str)]) {
        let own = |(id, text): &(&str, &str)| ((*id).to_owned(), (*text).to_owned());
        self.feed.lock().unwrap().items = items.iter().map(own).collect();
    }

    fn instead(&self, reply: Reply) {
        self.feed.lock().unwrap().instead.push(reply);
    }

    /// Waits until the feed was looked at so many times more and nothing was handed out.
    async fn quiet(&self, source: &mut dyn Source, looks: usize) {
        let enough = self.server.count("/feed") + looks;
        within("more looks", async {
            while self.server.count("/feed") < enough {
                tokio::select! {
                    batch = source.next() => panic!("handed out {batch:?}"),
                    () = tokio::time::sleep(Duration::from_millis(2)) => {}
                }
            }
        })
        .await;
    }
}

fn told(batch: &Batch) -> Vec<(&str, Action, &str)> {
    let one = |post| {
        let post: &domain::post::Post = post;
        (post.key.as_str(), post.action, post.text.as_str())
    };
    batch.posts.iter().map(one).collect()
}

#[tokio::test]
async fn every_recorded_feed_is_read_whole_or_refused_with_the_reason() {
    // The number of entries, as the manifest of the recordings says or a look into the file.
    for (file, entries) in [
        ("cointelegraph-all.rss.xml", 30),
        ("theblock.rss.xml", 19),
        ("prnewswire.rss.xml", 20),
        ("generic/atom_example_reddit.xml", 1),
        ("generic/atom_mediarss_reddit_1.xml", 25),
        ("generic/rss_0.91_encoding_1.xml", 1),
        ("generic/rss_2.0_cloudflare.xml", 1),
        ("generic/rss_2.0_ghost_2.xml", 1),
        ("generic/jsonfeed_example_1.json", 2),
        ("generic/reddit.rss", 24),
        ("generic/encoding.rss", 40),
        ("generic/incomplete-fields.atom", 0),
    ] {
        let Some(read) = recorded(file).await else {
            return;
        };
        let batch = read.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(batch.posts.len(), entries, "{file}");
        for post in &batch.posts {
            assert_eq!(post.origin, Origin::Import, "{file}: {post:?}");
            assert!(!post.text.is_empty(), "{file}: {post:?}");
            for mark in ["<p", "<div", "<br", "&lt;", "&#", "[comments]"] {
                assert!(!post.text.contains(mark), "{file}: {mark} in {}", post.text);
            }
        }
        let ordered = batch.posts.is_sorted_by_key(|post| post.posted);
        assert!(ordered, "{file} is not in order of time");
    }
    for (file, reason) in [
        ("generic/rss_2.0_invalid_1.xml", "no feed"),
        ("generic/unrecognized.rss", "`<head><title>Document Moved"),
        ("reddit/listing_new.json", "no feed"),
        ("reddit/listing_comments.json", "no feed"),
        ("tradingview/sample_long_5m.json", "no feed"),
        ("tradingview/sample_short_squeeze_3m.json", "no feed"),
        (
            "tradingview/v11_sample_payloads__long_v73_pass.json",
            "no feed",
        ),
        ("telegram_s_CryptoCapoTG_20250823.html", "no feed"),
    ] {
        let Some(read) = recorded(file).await else {
            return;
        };
        let error = read.map(|batch| batch.posts.len()).unwrap_err();
        let said = error.to_string();
        assert!(
            matches!(error, SourceError::Unreadable(_)),
            "{file}: {said}"
        );
        assert!(said.contains(reason), "{file}: {said}");
    }
}

#[tokio::test]
async fn a_recorded_subreddit_is_read_as_people_see_it() {
    let Some(read) = recorded("generic/atom_example_reddit.xml").await else {
        return;
    };
    let post = read.unwrap().posts.remove(0);
    assert_eq!(post.author.as_deref(), Some("/u/llogiq"));
    assert!(
        post.text
            .contains("Mystified about strings? Borrow checker have you in a headlock?"),
        "{}",
        post.text
    );
    assert!(post.text.lines().count() > 4, "{}", post.text);
    assert!(post.key.as_str().starts_with("t3_"), "{}", post.key);
}

#[tokio::test]
async fn a_recorded_feed_in_latin_letters_keeps_its_accents() {
    let Some(read) = recorded("generic/encoding.rss").await else {
        return;
    };
    let text: String = read
        .unwrap()
        .posts
        .iter()
        .map(|post| post.text.as_str())
        .collect();
    assert!(text.contains("ção") && !text.contains('\u{fffd}'), "{text}");
}

#[tokio::test]
async fn new_entries_come_oldest_first_edits_are_versions_and_what_leaves_the_window_stands() {
    let stage = Stage::with(&[("1", "one"), ("2", "two")]).await;
    let mut source = open(&stage.server, Resume::default());
    let first = look(&mut *source).await.unwrap();
    let original = Action::Original;
    assert_eq!(
        told(&first),
        [("1", original, "one"), ("2", original, "two")]
    );

    stage.set(&[("2", "two, edited"), ("3", "three"), ("4", "four")]);
    let second = look(&mut *source).await.unwrap();
    assert_eq!(
        told(&second),
        [
            ("2", Action::Edited, "two, edited"),
            ("3", original, "three"),
            ("4", original, "four")
        ]
    );
    assert!(
        second
            .posts
            .iter()
            .skip(1)
            .all(|post| post.origin == Origin::Live)
    );
    stage.set(&[("4", "four")]);
    stage.quiet(&mut *source, 5).await;
}

#[tokio::test]
async fn after_a_restart_nothing_is_told_twice_and_nothing_is_missed() {
    let stage = Stage::with(&[("1", "one"), ("2", "two")]).await;
    let first = look(&mut *open(&stage.server, Resume::default()))
        .await
        .unwrap();
    stage
        .quiet(&mut *open(&stage.server, resume(&first)), 3)
        .await;
    stage.set(&[("1", "one"), ("2", "other"), ("3", "three")]);
    let mut source = open(&stage.server, resume(&first));
    let second = look(&mut *source).await.unwrap();
    assert_eq!(
        told(&second),
        [
            ("2", Action::Edited, "other"),
            ("3", Action::Original, "three")
        ]
    );
    assert_eq!(
        second.cursor, first.cursor,
        "when it was first read is kept"
    );
}

#[tokio::test]
async fn an_unchanged_feed_is_asked_for_by_its_marks_and_not_sent_again() {
    let stage = Stage::with(&[("1", "one")]).await;
    let mut source = open(&stage.server, Resume::default());
    look(&mut *source).await.unwrap();
    stage.quiet(&mut *source, 3).await;
    let seen = stage.server.seen();
    assert!(!seen[0].headers.contains_key("if-none-match"));
    let conditional = |request: &Request| request.headers.contains_key("if-none-match");
    assert!(seen[1..].iter().all(conditional));
    assert!(seen[0].headers["user-agent"].starts_with("touchstone/"));
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_left_alone_for_so_long() {
    let stage = Stage::with(&[("1", "one")]).await;
    stage.instead(Reply::status(429).with("Retry-After", "1"));
    let mut source = open(&stage.server, Resume::default());
    let error = look(&mut *source).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)), "{error}");
    let begin = tokio::time::Instant::now();
    look(&mut *source).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_feed_that_is_gone_for_good_stops_its_reader_and_a_missing_one_does_not() {
    let stage = Stage::with(&[("1", "one")]).await;
    stage.instead(Reply::status(404));
    stage.instead(Reply::status(410));
    let mut source = open(&stage.server, Resume::default());
    let missing = look(&mut *source).await.unwrap_err();
    assert!(matches!(missing, SourceError::Unreachable(_)), "{missing}");
    let gone = look(&mut *source).await.unwrap_err();
    assert!(matches!(gone, SourceError::Absent(_)), "{gone}");
}

#[tokio::test]
async fn a_time_that_is_missing_or_to_come_is_the_time_of_receipt() {
    let stage = Stage::with(&[]).await;
    let mut source = open(&stage.server, Resume::default());
    look(&mut *source).await.unwrap();
    stage.instead(Reply::ok(
        "<rss version=\"2.0\"><channel><title>t</title>\
         <item><guid>1</guid><title>none</title></item>\
         <item><guid>2</guid><title>odd</title><pubDate>soon</pubDate></item>\
         <item><guid>3</guid><title>to come</title><pubDate>Fri, 12 Dec 2099 16:57:28 +0000</pubDate></item>\
         <item><guid>4</guid><title>said</title><pubDate>Fri, 12 Dec 2025 16:57:28 +0000</pubDate></item>\
         </channel></rss>",
    ));
    let batch = look(&mut *source).await.unwrap();
    for post in &batch.posts {
        if post.text == "said" {
            assert_eq!(post.posted.as_millis(), 1_765_558_648_000);
            assert_eq!(post.origin, Origin::Import);
        } else {
            assert_eq!(post.posted, post.received, "{post:?}");
            assert_eq!(post.origin, Origin::Live, "{post:?}");
        }
    }
    assert_eq!(batch.posts.len(), 4);
}

#[tokio::test]
async fn entity_bombs_deep_nests_and_endless_feeds_are_refused_or_read_without_harm() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;\">]>\
                <rss version=\"2.0\"><channel><title>&b;</title></channel></rss>";
    let refused = read(bomb, "application/rss+xml").await.unwrap_err();
    assert!(refused.to_string().contains("entities"), "{refused}");

    let nest = format!(
        "<rss version=\"2.0\"><channel><item><guid>1</guid><description>{}LONG{}</description></item></channel></rss>",
        "&lt;div&gt;".repeat(20_000),
        "&lt;/div&gt;".repeat(20_000),
    );
    let begin = tokio::time::Instant::now();
    let batch = read(nest, "application/rss+xml").await.unwrap();
    assert_eq!(batch.posts, [], "what lies so deep is left out");
    assert!(begin.elapsed() < Duration::from_secs(5));
    let elements = format!(
        "<rss version=\"2.0\"><channel>{}{}</channel></rss>",
        "<x>".repeat(200_000),
        "</x>".repeat(200_000),
    );
    let refused = read(elements, "text/xml").await.unwrap_err();
    assert!(refused.to_string().contains("deeper"), "{refused}");

    let endless = vec![b' '; LIMITS.body + 1];
    let refused = read(endless, "text/xml").await.unwrap_err();
    assert!(matches!(refused, SourceError::Unreachable(_)), "{refused}");
}

#[tokio::test]
async fn a_redirect_is_followed_in_public_and_never_into_the_own_network() {
    let stage = Stage::with(&[("1", "one")]).await;
    let target = stage.server.base.join("/feed").unwrap().to_string();
    let moved = Server::start(move |_| Reply::status(301).with("Location", target.clone())).await;
    let url = moved.base.join("/old").unwrap();
    let mut source = opener(url.clone(), Reach::Anywhere, LIMITS).open(Resume::default());
    assert_eq!(look(&mut *source).await.unwrap().posts.len(), 1);

    let stay = Limits {
        redirects: 0,
        ..LIMITS
    };
    let mut source = opener(url.clone(), Reach::Anywhere, stay).open(Resume::default());
    look(&mut *source).await.unwrap_err();
    assert_eq!(stage.server.count("/feed"), 1, "it was not followed");

    let mut source = opener(url, Reach::Public, LIMITS).open(Resume::default());
    let error = look(&mut *source).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)), "{error}");
    assert_eq!(moved.count("/old"), 2, "the own network was not called");
}
