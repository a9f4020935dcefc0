//! The traps that other records fell into, through the whole house: what an author does to his post
//! afterwards moves nothing that was. The traps of one candle are in `domain/tests/lifecycle`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::channel::{Arrive, Fate};
use async_trait::async_trait;
use domain::event::Body;
use domain::ids::{PostKey, SignalId};
use domain::lifecycle::{Ending, What, words};
use domain::market::{Instrument, Price, Tick, Trade, Venue};
use domain::ports::store::{SignalQuery, SignalRecord, Store as _};
use domain::ports::{Clock as _, Feed, FeedError, Listed, Tape};
use domain::post::{Action, Origin, Post};
use domain::reading::Entry;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use tokio::sync::mpsc;
use touchstone::clock::WallClock;

use super::scene::{Scene, Wrong, channel, memory, raise_on};

const CALL: &str = "#BTC/USDT\nLONG\nEntry: 50000\nTarget 1: 53000\nStop loss: 48000";

/// A venue that lists one pair, and on which a test trades.
struct Stage {
    venue: Venue,
    trades: Mutex<Option<mpsc::Receiver<Vec<Tick>>>>,
}

struct Played(Option<mpsc::Receiver<Vec<Tick>>>);

#[async_trait]
impl Feed for Stage {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        Ok(vec![Listed {
            instrument: Instrument::parse("stage:spot:BTC/USDT").unwrap(),
            symbol: "BTCUSDT".into(),
            price: None,
        }])
    }

    fn follow(&self, _: &Instrument, _: Option<Timestamp>) -> Box<dyn Tape> {
        Box::new(Played(self.trades.lock().unwrap().take()))
    }
}

#[async_trait]
impl Tape for Played {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        match &mut self.0 {
            Some(trades) => match trades.recv().await {
                Some(ticks) => Ok(Some(ticks)),
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

/// A house with one market on which a test trades, and a channel to which it posts.
struct Play {
    scene: Scene,
    trades: mpsc::Sender<Vec<Tick>>,
    traded: u64,
    begun: Timestamp,
}

impl Play {
    async fn begin() -> Self {
        let (trades, played) = mpsc::channel(16);
        let stage = Arc::new(Stage {
            venue: Venue::new("stage"),
            trades: Mutex::new(Some(played)),
        });
        let scene = raise_on(stage, |_| None, memory().await, Wrong::nothing()).await;
        let begun = WallClock.now();
        Self {
            scene,
            trades,
            traded: 0,
            begun,
        }
    }

    /// Brings a version of the one post.
    async fn post(&self, action: Action, text: &str) -> Fate {
        let now = WallClock.now();
        let post = Post {
            channel: channel("a"),
            key: PostKey::new("1"),
            action,
            author: None,
            text: text.to_owned(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: now,
            received: now,
            origin: Origin::Live,
        };
        let door = self.scene.house.crew.door(&post.channel).unwrap();
        loop {
            // The venue is asked what it lists while the house is raised.
            match door.ask(Arrive::post(post.clone(), None)).await.unwrap() {
                Ok(fate) => return fate,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Trades at these prices, one after the other, after everything that was posted.
    fn trade(&mut self, prices: &[i64]) {
        let ticks = prices.iter().map(|price| {
            self.traded += 1;
            Tick::Trade(Trade {
                id: self.traded,
                at: self.begun + Duration::from_secs(60 * self.traded),
                price: Price::new(Decimal::from(*price)).unwrap(),
            })
        });
        self.trades.try_send(ticks.collect()).unwrap();
    }

    /// Waits until the record of the signal is as a test expects it.
    async fn until(&self, holds: impl Fn(&SignalRecord) -> bool) -> SignalRecord {
        let id = SignalId::of(&channel("a"), &PostKey::new("1"), 0);
        let waiting = async {
            loop {
                let record = self.scene.store.signal(id).await.unwrap();
                if let Some(record) = record.filter(|record| holds(record)) {
                    return record;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("the record never became that")
    }

    /// What was told of the signal, in order.
    async fn told(&self) -> Vec<Body> {
        let id = SignalId::of(&channel("a"), &PostKey::new("1"), 0);
        let events = self.scene.store.events_of(id).await.unwrap();
        events
            .iter()
            .map(|event| event.happening().unwrap().body.clone())
            .collect()
    }
}

fn entered(record: &SignalRecord) -> bool {
    record.state == domain::lifecycle::State::Active
}

#[actix::test]
async fn a_retroactive_edit_changes_nothing() {
    let mut play = Play::begin().await;
    assert_eq!(play.post(Action::Original, CALL).await, Fate::Signal);
    play.trade(&[50_010, 49_990, 51_000]);
    play.until(entered).await;
    // The price stands at 51000: now the target was 50500 all along, and the entry 49990.
    let edited = "#BTC/USDT\nLONG\nEntry: 49990\nTarget 1: 50500\nStop loss: 48000";
    play.post(Action::Edited, edited).await;
    let ignored = |body: &Body| {
        matches!(body, Body::Progress(change)
            if change.what == What::Ignored { why: words::RETROACTIVE })
    };
    for _ in 0..2_000 {
        if play.told().await.iter().any(ignored) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let told = play.told().await;
    assert!(told.iter().any(ignored), "{told:#?}");
    play.trade(&[47_900]);
    let record = play.until(|record| record.outcome.is_some()).await;
    let outcome = record.outcome.unwrap();
    assert_eq!(outcome.pessimistic.ending, Ending::StoppedOut);
    assert_eq!(outcome.optimistic.ending, Ending::StoppedOut);
    assert!(outcome.pessimistic.r.unwrap() < Decimal::NEGATIVE_ONE);
    assert!(record.edited);
    let published = Price::new(Decimal::from(50_000)).unwrap();
    assert_eq!(record.signal.entry, Entry::Limit(published));
}

#[actix::test]
async fn a_deleted_loser_still_loses() {
    let mut play = Play::begin().await;
    assert_eq!(play.post(Action::Original, CALL).await, Fate::Signal);
    play.trade(&[50_010, 49_990]);
    play.until(entered).await;
    assert_eq!(play.post(Action::Deleted, "").await, Fate::Deleted);
    play.trade(&[48_500, 47_900]);
    let record = play.until(|record| record.outcome.is_some()).await;
    assert!(record.deleted);
    let outcome = record.outcome.unwrap();
    assert_eq!(outcome.pessimistic.ending, Ending::StoppedOut);
    assert!(outcome.pessimistic.r.unwrap() < Decimal::NEGATIVE_ONE);
}

#[actix::test]
async fn two_sides_in_one_post_are_no_trade() {
    let play = Play::begin().await;
    let text = "#BTC/USDT\nLONG or SHORT\nEntry: 50000\nTarget 1: 53000\nStop loss: 48000";
    assert_ne!(play.post(Action::Original, text).await, Fate::Signal);
    let all = SignalQuery {
        limit: 10,
        ..SignalQuery::default()
    };
    let signals = play.scene.store.signals(&all).await;
    assert_eq!(signals.unwrap(), Vec::new());
}
