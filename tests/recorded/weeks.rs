//! A platform that has run for weeks, in a minute: it goes by a clock in the hand, candles are played to it,
//! posts are brought at their times, and then it stays.
//!
//! FOLDER holds `candles/COINUSDT.csv` (of a minute), `posts.jsonl` (lines of a folder's file, each with its
//! `ts`, in order), and `models/`, of which `real` speaks. Prints where it tells how it is, once it has lived
//! through the last post, and stays until its input ends.

#![expect(clippy::print_stdout, reason = "it is a tool of the command line")]
#![expect(clippy::unwrap_used, reason = "whoever runs it reads the panic")]

mod played;

use std::collections::BTreeMap;
use std::path::Path;

use domain::time::Timestamp;
use serde_json::Value;
use touchstone::telemetry;

use played::{Post, Row, Stage};

#[actix::main]
async fn main() {
    let folder = std::env::args().nth(1).expect("name the folder");
    let folder = Path::new(&folder);
    let coins = ["BTC", "ETH"].map(|coin| {
        let text = std::fs::read_to_string(folder.join(format!("candles/{coin}USDT.csv")));
        (coin, Row::all(&text.unwrap()))
    });
    let coins = BTreeMap::from(coins);
    let posts = std::fs::read_to_string(folder.join("posts.jsonl")).unwrap();
    let posts: Vec<Post> = posts.lines().map(post).collect();
    let more = format!(
        "[monitoring]\nlisten = \"127.0.0.1:0\"\n[scoring]\nmodels = {:?}\ntrained = {:?}\nround_s = 1\n",
        folder.join("models"),
        folder.join("trained"),
    );
    let begin = posts.first().unwrap().at;
    let counted = telemetry::count().unwrap();
    let mut stage = Stage::start(folder, &coins, &posts, begin, &more, Some(counted)).await;
    for post in &posts {
        stage.bring(post).await;
    }
    println!("{}", stage.running.monitoring.unwrap());
    let stays = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    let _ = stays.await.unwrap();
    stage.running.stop().await;
}

fn post(line: &str) -> Post {
    let said: Value = serde_json::from_str(line).unwrap();
    let at: jiff::Timestamp = said["ts"].as_str().unwrap().parse().unwrap();
    Post {
        at: Timestamp::from_micros(at.as_microsecond()),
        channel: said["channel"].as_str().unwrap().to_owned(),
        line: line.to_owned(),
    }
}
