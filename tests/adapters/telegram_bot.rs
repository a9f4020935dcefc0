//! The Bot API: a stand-in that keeps updates until they are confirmed, as Telegram does.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::ChannelId;
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::ports::{Advice, Clock as _};
use domain::post::{Action, Origin, Post};
use secrecy::SecretString;
use serde_json::{Value, json};
use touchstone::outbound::{Outbound, Reach};
use touchstone::sources::telegram_bot::{Bot, BotChannel, Chat, LIMITS, Options};

use crate::server::{Reply, Request, Server, Wall, until, within};

const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

/// What Telegram keeps for one bot.
#[derive(Default)]
struct Telegram {
    updates: BTreeMap<i64, Value>,
    /// Answers this instead, once.
    instead: Vec<Reply>,
    /// The highest number that was ever confirmed.
    confirmed: i64,
}

impl Telegram {
    fn answer(&mut self, request: &Request) -> Reply {
        if !self.instead.is_empty() {
            return self.instead.remove(0);
        }
        assert_eq!(request.path, format!("/bot{TOKEN}/getUpdates"));
        assert_eq!(
            request.query["allowed_updates"],
            r#"["channel_post","edited_channel_post"]"#
        );
        if let Some(offset) = request.query.get("offset") {
            let offset: i64 = offset.parse().unwrap();
            self.confirmed = self.confirmed.max(offset - 1);
            self.updates = self.updates.split_off(&offset);
        }
        let limit = request.query["limit"].parse().unwrap();
        let result: Vec<&Value> = self.updates.values().take(limit).collect();
        Reply::ok(json!({"ok": true, "result": result}).to_string())
    }

    fn post(&mut self, update: i64, chat: i64, id: i64, text: &str) {
        self.update(update, "channel_post", chat, id, text);
    }

    fn update(&mut self, update: i64, kind: &str, chat: i64, id: i64, text: &str) {
        let now = crate::server::Wall.now().as_millis() / 1000;
        let name = if chat == -1 { "Whales" } else { "Sharks" };
        let message = json!({
            "message_id": id, "date": now, "text": text, "sender_chat": {"id": chat},
            "chat": {"id": chat, "type": "channel", "title": name, "username": name},
        });
        self.updates
            .insert(update, json!({"update_id": update, kind: message}));
    }
}

struct Stage {
    telegram: Arc<Mutex<Telegram>>,
    server: Server,
}

impl Stage {
    async fn new() -> Self {
        let telegram = Arc::new(Mutex::new(Telegram::default()));
        let served = Arc::clone(&telegram);
        let server = Server::start(move |request| served.lock().unwrap().answer(request)).await;
        Self { telegram, server }
    }

    fn change(&self, change: impl FnOnce(&mut Telegram)) {
        change(&mut self.telegram.lock().unwrap());
    }

    fn confirmed(&self) -> i64 {
        self.telegram.lock().unwrap().confirmed
    }

    fn bot(&self) -> Bot {
        let options = Options {
            base: self.server.base.clone(),
            rest: Duration::from_millis(5),
            ..Options::live(SecretString::from(TOKEN), Arc::new(Wall))
        };
        Bot::new(&options, Outbound::new(Reach::Anywhere, LIMITS).unwrap())
    }

    fn polls(&self) -> usize {
        self.server.count("/getUpdates")
    }
}

fn channel(bot: &Bot, name: &str, chat: &str) -> BotChannel {
    let chat = Chat::parse(chat).unwrap();
    bot.channel(ChannelId::parse(name).unwrap(), chat, Origin::Live)
}

async fn next(source: &mut dyn Source) -> Batch {
    within("a batch", source.next()).await.unwrap().unwrap()
}

async fn refusal(source: &mut dyn Source) -> SourceError {
    within("a refusal", source.next()).await.unwrap_err()
}

fn in_full(error: &SourceError) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        said += &format!(": {why}");
        cause = why.source();
    }
    said
}

fn told(batch: &Batch) -> Vec<(&str, Action, &str)> {
    let one = |post| {
        let post: &Post = post;
        (post.key.as_str(), post.action, post.text.as_str())
    };
    batch.posts.iter().map(one).collect()
}

/// Reads on for so many polls; nothing may come. It is one long wait: a poll that is given up and begun
/// anew may never be answered where the machine is slow.
async fn quiet(stage: &Stage, source: &mut dyn Source) {
    let enough = stage.polls() + 3;
    tokio::select! {
        batch = source.next() => panic!("handed out {batch:?}"),
        () = until("more polls", || stage.polls() >= enough) => {}
    }
}

#[tokio::test]
async fn posts_and_edits_come_in_order_and_nothing_is_confirmed_before_it_is_settled() {
    let stage = Stage::new().await;
    stage.change(|telegram| {
        telegram.post(11, -1, 7, "LONG BTC");
        telegram.update(12, "edited_channel_post", -1, 7, "LONG BTC 50000");
        telegram.post(13, -9, 1, "of a chat that nobody reads");
    });
    let bot = stage.bot();
    let mut source = channel(&bot, "whales", "@whales").open(Resume::default());
    let batch = next(&mut *source).await;
    assert_eq!(
        told(&batch),
        [
            ("7", Action::Original, "LONG BTC"),
            ("7", Action::Edited, "LONG BTC 50000")
        ]
    );
    assert!(batch.posts.iter().all(|post| post.origin == Origin::Live));
    assert_eq!(stage.confirmed(), 0, "it is not stored yet");
    quiet(&stage, &mut *source).await;
    assert_eq!(stage.confirmed(), 13, "asking again says that it is stored");
    stage.change(|telegram| telegram.post(14, -1, 8, "next"));
    assert_eq!(told(&next(&mut *source).await).len(), 1);
}

#[tokio::test]
async fn after_a_crash_what_was_not_settled_comes_again_and_what_was_does_not() {
    let stage = Stage::new().await;
    stage.change(|telegram| {
        telegram.post(11, -1, 7, "one");
        telegram.update(12, "edited_channel_post", -1, 7, "two");
    });
    // The first process stores nothing.
    let bot = stage.bot();
    next(&mut *channel(&bot, "whales", "-1").open(Resume::default())).await;
    // The second stores everything and ends before it says so to Telegram.
    let bot = stage.bot();
    let batch = next(&mut *channel(&bot, "whales", "-1").open(Resume::default())).await;
    assert_eq!(batch.posts.len(), 2);
    assert_eq!(stage.confirmed(), 0);
    // The third knows by its cursor what is stored.
    let stored = Resume {
        cursor: Some(batch.cursor.clone()),
        recent: Vec::new(),
    };
    let bot = stage.bot();
    let mut source = channel(&bot, "whales", "-1").open(stored);
    quiet(&stage, &mut *source).await;
    assert_eq!(stage.confirmed(), 12);
    // Its last poll, given up on the way, asks for what comes after 12: heard later, it would take the next
    // post away.
    drop((source, bot));
    stage.server.settled().await;
    // After a quiet week Telegram numbers anew, perhaps from lower numbers.
    stage.change(|telegram| telegram.post(3, -1, 8, "a week later"));
    let stored_long_ago = format!("{}/{}", 12 + 200_000, 1);
    let bot = stage.bot();
    let mut source = channel(&bot, "whales", "-1").open(Resume {
        cursor: Some(domain::ids::Cursor::new(stored_long_ago)),
        recent: Vec::new(),
    });
    assert_eq!(
        told(&next(&mut *source).await),
        [("8", Action::Original, "a week later")]
    );
}

#[tokio::test]
async fn a_reader_that_died_is_given_again_what_it_had_not_settled() {
    let stage = Stage::new().await;
    stage.change(|telegram| telegram.post(11, -1, 7, "one"));
    let bot = stage.bot();
    let whales = channel(&bot, "whales", "@whales");
    let first = next(&mut *whales.open(Resume::default())).await;
    let second = next(&mut *whales.open(Resume::default())).await;
    assert_eq!(first, second, "with the same time of receipt");
}

#[tokio::test]
async fn channels_of_one_bot_share_its_poller_and_the_slower_keeps_its_posts() {
    let stage = Stage::new().await;
    stage.change(|telegram| {
        telegram.post(11, -1, 7, "of the whales");
        telegram.post(12, -2, 7, "of the sharks");
    });
    let bot = stage.bot();
    let mut whales = channel(&bot, "whales", "@whales").open(Resume::default());
    let mut sharks = channel(&bot, "sharks", "@sharks").open(Resume::default());
    let (first, second) = tokio::join!(next(&mut *whales), next(&mut *sharks));
    assert_eq!(told(&first), [("7", Action::Original, "of the whales")]);
    assert_eq!(told(&second), [("7", Action::Original, "of the sharks")]);
    // The whales' post is not settled while the sharks read on.
    stage.change(|telegram| telegram.post(13, -2, 8, "more sharks"));
    let third = next(&mut *sharks).await;
    assert_eq!(told(&third), [("8", Action::Original, "more sharks")]);
    quiet(&stage, &mut *sharks).await;
    assert_eq!(
        stage.confirmed(),
        0,
        "nothing beyond the unsettled post is confirmed"
    );
    let both = async {
        tokio::select! {
            batch = whales.next() => panic!("{batch:?}"),
            batch = sharks.next() => panic!("{batch:?}"),
            () = until("all is confirmed", || stage.confirmed() == 13) => {}
        }
    };
    both.await;
}

#[tokio::test]
async fn refusals_say_what_to_do_and_never_the_token() {
    let stage = Stage::new().await;
    let says = |code: u16, text: &str| {
        let body = json!({"ok": false, "error_code": code, "description": text});
        Reply {
            status: code,
            ..Reply::ok(body.to_string())
        }
    };
    let cases: [(Reply, Advice, &str); 7] = [
        (says(401, "Unauthorized"), Advice::Stop, "@BotFather"),
        (
            says(404, &format!("Not Found: {TOKEN}")),
            Advice::Stop,
            "@BotFather",
        ),
        (
            says(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            ),
            Advice::Retry,
            "another program",
        ),
        (
            says(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ),
            Advice::Retry,
            "remove it with",
        ),
        (says(500, "Internal Server Error"), Advice::Retry, "500"),
        (
            Reply {
                status: 502,
                ..Reply::ok("<html>")
            },
            Advice::Retry,
            "502",
        ),
        (Reply::ok("<html>"), Advice::Skip, "none of the Bot API"),
    ];
    for (reply, advice, part) in cases {
        let bot = stage.bot();
        let mut source = channel(&bot, "whales", "@whales").open(Resume::default());
        stage.change(|telegram| telegram.instead = vec![reply]);
        let error = refusal(&mut *source).await;
        let said = in_full(&error);
        assert_eq!(error.advice(), advice, "{said}");
        assert!(said.contains(part), "{said}");
        assert!(
            !said.contains("AAHdq") && !format!("{error:?}").contains("AAHdq"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn an_unreachable_server_is_told_without_the_token() {
    let stage = Stage::new().await;
    let bot = stage.bot();
    let mut source = channel(&bot, "whales", "@whales").open(Resume::default());
    drop(stage);
    let error = refusal(&mut *source).await;
    assert_eq!(error.advice(), Advice::Retry);
    let said = format!("{} {error:?}", in_full(&error));
    assert!(
        !said.contains("AAHdq") && !said.contains("getUpdates"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wish_to_be_left_alone_is_heard_by_all_channels() {
    let stage = Stage::new().await;
    let body = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}});
    stage.change(|telegram| {
        telegram.instead = vec![Reply {
            status: 429,
            ..Reply::ok(body.to_string())
        }];
        telegram.post(11, -2, 7, "of the sharks");
    });
    let bot = stage.bot();
    let mut whales = channel(&bot, "whales", "@whales").open(Resume::default());
    let mut sharks = channel(&bot, "sharks", "@sharks").open(Resume::default());
    refusal(&mut *whales).await;
    let begin = tokio::time::Instant::now();
    next(&mut *sharks).await;
    assert!(begin.elapsed() >= Duration::from_millis(990));
}

#[tokio::test]
async fn an_update_that_cannot_be_read_does_not_stop_the_rest() {
    let stage = Stage::new().await;
    stage.change(|telegram| {
        let odd = json!({"update_id": 11, "channel_post": {"message_id": "seven"}});
        telegram.updates.insert(11, odd);
        telegram.post(12, -1, 7, "one");
    });
    let bot = stage.bot();
    let mut source = channel(&bot, "whales", "@whales").open(Resume::default());
    assert_eq!(
        told(&next(&mut *source).await),
        [("7", Action::Original, "one")]
    );
    quiet(&stage, &mut *source).await;
    assert_eq!(stage.confirmed(), 12);
}

#[test]
fn a_chat_is_a_name_or_a_number() {
    let chats: HashMap<&str, bool> = HashMap::from([
        ("@Whales", true),
        ("-1001234567890", true),
        ("Whales", false),
        ("@a b c d", false),
        ("https://t.me/whales", false),
    ]);
    for (text, good) in chats {
        assert_eq!(Chat::parse(text).is_ok(), good, "{text}");
    }
}
