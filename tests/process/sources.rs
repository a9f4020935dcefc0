//! Channels that are read, by the whole program: a folder over kills, a bot that keeps its secret.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

use crate::home::Home;
use crate::wait::until;

const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

const KILLS: u64 = 4;

const LINES: u64 = 300;

/// An installation that reads `channels`, beside an exchange of its own.
fn home(channels: &str) -> (Home, simulator::Simulator) {
    let exchange = simulator::start(simulator::Options::default()).unwrap();
    let at = exchange.address();
    let config = format!(
        "[http]\ndrain_ms = 100\n[simulator]\nenabled = false\n\
         [venues.exchange]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
         {}",
        channels.replace("EXCHANGE", &format!("http://{at}"))
    );
    (Home::new().configured(&config), exchange)
}

async fn count(database: &Path, table: &'static str) -> u64 {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true);
    let Ok(mut database) = options.connect().await else {
        return 0;
    };
    let query = match table {
        "posts" => sqlx::query("SELECT count(*) AS n FROM posts"),
        _ => sqlx::query("SELECT count(*) AS n FROM versions"),
    };
    let row = query.fetch_one(&mut database).await;
    row.map_or(0, |row| row.get::<i64, _>("n").try_into().unwrap())
}

#[tokio::test]
async fn every_line_of_a_folder_is_stored_once_however_often_its_reader_is_killed() {
    let (home, _exchange) =
        home("[channels.inbox]\nsource = \"folder\"\npath = \"inbox\"\nrescan_s = 1\n");
    std::fs::create_dir(home.path("inbox")).unwrap();
    let mut file = File::create(home.path("inbox/posts.jsonl")).unwrap();
    let database = home.path("data/touchstone.db");
    for kill in 1..=KILLS {
        for line in 0..LINES {
            let id = kill * 1_000 + line;
            let ts = jiff::Timestamp::now();
            writeln!(
                file,
                r#"{{"channel":"x","msg_id":{id},"ts":"{ts}","text":"hello {id}"}}"#
            )
            .unwrap();
        }
        let running = home.start(&[]).await;
        // In the middle of these lines; the last reader finishes them.
        let enough = if kill < KILLS {
            (kill - 1) * LINES + LINES / 3
        } else {
            KILLS * LINES
        };
        until("they are stored", async || {
            (count(&database, "posts").await >= enough).then_some(())
        })
        .await;
        running.kill();
    }
    let stored = (
        count(&database, "posts").await,
        count(&database, "versions").await,
    );
    assert_eq!(stored, (KILLS * LINES, KILLS * LINES));
    println!("{KILLS} kills: {} lines, each stored once", stored.0);
}

#[tokio::test]
async fn a_bots_token_stands_in_no_log_however_much_is_logged() {
    let (home, _exchange) = home(
        "[channels.bot]\nsource = \"telegram_bot\"\nchat = \"@whales\"\nbase_url = \"EXCHANGE\"\n",
    );
    let home = home
        .with("CHANNELS__BOT__TOKEN", TOKEN)
        .with("LOG__FILTER", "trace");
    let checked = home.run(&["check"], "");
    assert!(checked.out.contains("@whales by a bot"), "{checked:?}");
    assert!(!format!("{checked:?}").contains("AAHdq"), "{checked:?}");
    let running = home.start(&[]).await;
    until("it has asked", async || {
        running
            .logged()
            .contains("could not read bot")
            .then_some(())
    })
    .await;
    assert!(
        running.logged().contains("TRACE"),
        "not everything is logged"
    );
    assert!(!running.logged().contains("AAHdq"), "the log has the token");
    running.stop().await;
}

#[tokio::test]
async fn how_posts_and_prices_arrive_is_told_and_what_is_wrong_with_it() {
    // A feed that nobody serves, a folder that is read, and a webhook to which posts are brought.
    let (home, exchange) = home(
        "[channels.broken]\nsource = \"rss\"\nurl = \"EXCHANGE/nothing\"\ninterval_s = 60\n\
         [channels.inbox]\nsource = \"folder\"\npath = \"inbox\"\n\
         [channels.hook]\nsource = \"webhook\"\nkey = \"0123456789abcdef0123456789abcdef\"\n",
    );
    std::fs::create_dir(home.path("inbox")).unwrap();
    std::fs::write(home.path("inbox/one.txt"), "hello").unwrap();
    let running = home.start(&[]).await;
    let sources = until(
        "the folder's post is counted and the feed has failed",
        async || {
            let sources = running.api.json("/v1/sources").await;
            let of = |name: &str| {
                let all = sources.as_array().unwrap().iter();
                all.clone()
                    .find(|source| source["channel"] == name)
                    .cloned()
            };
            let (broken, inbox) = (of("broken")?, of("inbox")?);
            let stored = !inbox["last_post"].is_null();
            let seen = stored && inbox["posts"] == 1 && !broken["last_error"].is_null();
            seen.then(|| (broken, inbox, of("hook")))
        },
    )
    .await;
    let (broken, inbox, hook) = sources;
    assert!(
        !broken["last_error"]["why"].as_str().unwrap().is_empty(),
        "{broken}"
    );
    assert!(broken["last_error"]["at"].as_i64().unwrap() > 0);
    assert_eq!(inbox["state"], "reading", "{inbox}");
    assert!(
        inbox["last_success"].as_i64() >= inbox["since"].as_i64(),
        "{inbox}"
    );
    assert_eq!(hook.unwrap()["state"], "brought");

    let feeds = running.api.json("/v1/feeds").await;
    assert_eq!(feeds[0]["venue"], "exchange", "{feeds}");
    assert_eq!(
        (&feeds[0]["state"], &feeds[0]["followed"]),
        (&"idle".into(), &0.into())
    );
    drop(exchange);
    running.stop().await;
}
