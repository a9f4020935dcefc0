//! Stories of several posts: halves that complete each other, cards that are edited in place, many
//! trades in one post, and words that find their trade.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use actors::guardian::{Household, Vigil};
use async_trait::async_trait;
use domain::event::Body;
use domain::execution::ExecutionModel;
use domain::ids::{Cursor, PostKey, Seq};
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::ports::store::{ChannelCard, Store};
use domain::ports::{Clock, Nobody};
use domain::post::{Action, Origin, Post};
use domain::reading::{Entry, Order};
use domain::time::Timestamp;
use scoring::geometry::Geometry;
use touchstone::clock::WallClock;
use touchstone::platform::{self, Adapters, Posting, Terms};
use touchstone::store::SqliteStore;
use touchstone::wire::Encoder;

use super::scene::{channel, memory};

/// What a channel says, a minute after the other.
#[derive(Clone, Copy)]
struct Says {
    key: &'static str,
    to: Option<&'static str>,
    edits: bool,
    text: &'static str,
}

const fn says(key: &'static str, text: &'static str) -> Says {
    Says {
        key,
        to: None,
        edits: false,
        text,
    }
}

const fn replies(key: &'static str, to: &'static str, text: &'static str) -> Says {
    Says {
        key,
        to: Some(to),
        edits: false,
        text,
    }
}

const fn edits(key: &'static str, text: &'static str) -> Says {
    Says {
        key,
        to: None,
        edits: true,
        text,
    }
}

struct Script(Vec<Post>);

struct Reading(std::vec::IntoIter<Post>);

impl OpenSource for Script {
    fn open(&self, _: Resume) -> Box<dyn Source> {
        Box::new(Reading(self.0.clone().into_iter()))
    }
}

#[async_trait]
impl Source for Reading {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        let Some(post) = self.0.next() else {
            std::future::pending::<()>().await;
            return Ok(None);
        };
        let cursor = Cursor::new(format!("{}/{}", post.key, post.received.as_micros()));
        Ok(Some(Batch {
            posts: vec![post],
            cursor,
        }))
    }
}

fn post(said: &Says, at: Timestamp) -> Post {
    Post {
        channel: channel("desk"),
        key: PostKey::new(said.key),
        action: if said.edits {
            Action::Edited
        } else {
            Action::Original
        },
        author: None,
        text: said.text.to_owned(),
        media: Vec::new(),
        reply_to: said.to.map(PostKey::new),
        forwarded_from: None,
        posted: at,
        received: at,
        origin: Origin::Live,
    }
}

/// Tells a story to a house without a venue, so that only words end trades.
async fn told(story: &[Says]) -> Arc<SqliteStore> {
    let store = memory().await;
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let minute = Duration::from_secs(60);
    let mut at = clock.now() - minute * 600;
    let mut posts = Vec::new();
    for said in story {
        at = at + minute;
        posts.push(post(said, at));
    }
    // The last one says that all before it are stored.
    posts.push(post(&says("end", "good night"), at + minute));
    let adapters = Adapters {
        store: Arc::clone(&store) as Arc<dyn Store>,
        clock: Arc::clone(&clock),
        feeds: Vec::new(),
        channels: vec![Posting {
            card: ChannelCard {
                id: channel("desk"),
                platform: "test".to_owned(),
                title: "desk".to_owned(),
                origin: Origin::Live,
            },
            source: Some(Arc::new(Script(posts))),
        }],
        models: Arc::new(|| Box::new(Geometry)),
        witness: Arc::new(Nobody),
        chain: None,
        retrials: None,
        encode: Arc::new(Encoder),
        bus: None,
    };
    let terms = Terms {
        channels: Arbiter::new().handle(),
        markets: Arbiter::new().handle(),
        records: Arbiter::new().handle(),
        patient: false,
        model: ExecutionModel::DEFAULT,
    };
    let household = Household::found(clock, Arc::new(|_| {}), Vigil::default());
    let house = platform::raise(adapters, household, terms).await.unwrap();
    let end = PostKey::new("end");
    for _ in 0..2_000 {
        if !store
            .versions(&channel("desk"), &end)
            .await
            .unwrap()
            .is_empty()
        {
            drop(house);
            return store;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the story was never told to its end");
}

/// What became of it: `2 signal SOL long`, `4 breakeven SOL`, by post.
async fn became(store: &SqliteStore) -> Vec<String> {
    let events = store.events(Seq::ZERO, 1_000).await.unwrap();
    events
        .iter()
        .filter_map(|event| {
            let about = event.happening()?;
            let base = about.instrument.pair.base();
            match &about.body {
                Body::Signal { signal, .. } => {
                    Some(format!("{} signal {base} {}", signal.post, signal.side))
                }
                Body::Instruction { order, post } => {
                    let order = match order {
                        Order::MoveStop(price) => format!("stop {price}"),
                        Order::Breakeven => "breakeven".to_owned(),
                        Order::CloseShare(share) => format!("take {share}"),
                        Order::Close => "close".to_owned(),
                        Order::Cancel => "cancel".to_owned(),
                        Order::Retarget(_) => "targets".to_owned(),
                        Order::MoveTarget { k, price } => format!("target {k} {price}"),
                        Order::MoveEntry { .. } => "entry".to_owned(),
                        Order::WithdrawStop => "no stop".to_owned(),
                        Order::Reenter(_) => "reenter".to_owned(),
                    };
                    Some(format!("{post} {order} {base}"))
                }
                Body::Revision { .. } | Body::Progress(_) => None,
            }
        })
        .collect()
}

async fn note(store: &SqliteStore, key: &str) -> String {
    let versions = store.versions(&channel("desk"), &PostKey::new(key)).await;
    let last = versions.unwrap().pop().unwrap();
    format!("{} {}", last.class, last.reason.unwrap_or_default())
}

const SOL: &str = "#SOL/USDT LONG\nEntry: 142\nTarget 1: 150\nTarget 2: 158\nStop: 136";

#[actix::test]
async fn two_halves_are_a_trade_that_is_received_with_the_second() {
    let store = told(&[
        says("1", "Long SOL here, levels in a moment"),
        replies("2", "1", "Entry 142, SL 136, TP 150 / 158"),
    ])
    .await;
    assert_eq!(became(&store).await, ["2 signal SOL long"]);
}

#[actix::test]
async fn a_half_that_is_not_a_reply_completes_nothing() {
    let store = told(&[
        says("1", "Long SOL here, levels in a moment"),
        says("2", "Entry 142, SL 136, TP 150 / 158"),
    ])
    .await;
    assert_eq!(became(&store).await, Vec::<String>::new());
}

#[actix::test]
async fn many_trades_in_a_post_are_many_and_a_word_finds_its_own() {
    let store = told(&[
        says(
            "1",
            "#SOL/USDT LONG\nEntry: 142\nTarget: 150\nStop: 136\n\n#ETH/USDT SHORT\nEntry: 3200\nTarget: 3000\nStop: 3300\n\n#XRP/USDT LONG\nEntry: 0.52\nTarget: 0.6\nStop: 0.48",
        ),
        says("2", "ETH: stop to entry"),
        replies("3", "1", "Close half of XRP"),
        says("4", "Move your stop to breakeven"),
        says("5", "SOL cancel\nETH close half"),
    ])
    .await;
    assert_eq!(
        became(&store).await,
        [
            "1 signal SOL long",
            "1 signal ETH short",
            "1 signal XRP long",
            "2 breakeven ETH",
            "3 take 0.5 XRP",
            "5 cancel SOL",
            "5 take 0.5 ETH",
        ]
    );
    assert!(note(&store, "4").await.starts_with("update"));
}

#[actix::test]
async fn a_card_that_is_edited_in_place_speaks_of_its_own_trade() {
    let closed = "#SOL/USDT LONG\nEntry: 142\nTarget 1: 150 ✅\nTarget 2: 158\nStop: 136\nStop moved to entry";
    let ended = "#SOL/USDT LONG\nEntry: 142\nTarget 1: 150 ✅\nTarget 2: 158\nStop: 136\nStop moved to entry\nSTATUS: CLOSED";
    let store = told(&[
        says("1", SOL),
        says(
            "2",
            "#ETH/USDT SHORT\nEntry: 3200\nTarget: 3000\nStop: 3300",
        ),
        edits("1", closed),
        edits("1", ended),
    ])
    .await;
    assert_eq!(
        became(&store).await,
        [
            "1 signal SOL long",
            "2 signal ETH short",
            "1 breakeven SOL",
            "1 close SOL",
        ]
    );
}

#[actix::test]
async fn an_ambiguous_word_and_a_report_move_nothing() {
    let store = told(&[
        says("1", SOL),
        says(
            "2",
            "#ETH/USDT SHORT\nEntry: 3200\nTarget: 3000\nStop: 3300",
        ),
        says("3", "Close half and stop to entry"),
        says("4", "SOL TP1 hit ✅ +5.6%"),
        replies("5", "1", "+103% profit (10x) 🔥"),
    ])
    .await;
    assert_eq!(
        became(&store).await,
        ["1 signal SOL long", "2 signal ETH short"]
    );
    assert_eq!(note(&store, "4").await, "claim ");
    assert_eq!(note(&store, "5").await, "claim ");
}

#[actix::test]
async fn a_re_entry_after_the_end_is_a_trade_of_its_own_with_the_same_levels() {
    let store = told(&[
        says("1", SOL),
        says("2", "Re-enter SOL"),
        says("3", "Close SOL"),
        says("4", "SOL: re-enter at 140, same stop and targets"),
        replies("5", "1", "Close it now"),
        says("6", "re-entry XRP"),
    ])
    .await;
    let became = became(&store).await;
    assert_eq!(
        became[..4],
        [
            "1 signal SOL long",
            "2 reenter SOL",
            "3 close SOL",
            "4 signal SOL long"
        ]
    );
    let signals = store.signals_in(&channel("desk"), &PostKey::new("4")).await;
    let again = &signals.unwrap()[0].signal;
    assert!(matches!(again.entry, Entry::Limit(price) if price.to_string() == "140"));
    assert_eq!(again.stop.unwrap().to_string(), "136");
    assert_eq!(again.targets.len(), 2);
}

#[actix::test]
async fn a_re_entry_beyond_its_stop_is_held() {
    let store = told(&[
        says("1", SOL),
        says("2", "Close SOL"),
        says("3", "SOL: re-enter at 130"),
    ])
    .await;
    assert_eq!(became(&store).await, ["1 signal SOL long", "2 close SOL"]);
    assert!(
        note(&store, "3")
            .await
            .starts_with("quarantined the stop 136")
    );
}
