//! Days that end while the house stands, while nobody is there, and while things go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix::Arbiter;
use actors::guardian::{Household, Vigil};
use actors::hub::Hub;
use actors::ledger::Ledger;
use actors::sealer::{Rooms, Sealer};
use actors::supervise::{Child, Door, Manners, Place};
use domain::chain::Day;
use domain::ids::{PostKey, Seq};
use domain::ports::chain::{Chain as _, SealRecord};
use domain::ports::store::{ChannelCard, Entry, PostEntry, Store as _};
use domain::ports::{Clock, Nobody};
use domain::post::{Action, Origin, Post};
use domain::reading::{Meaning, Reading};
use domain::time::Timestamp;
use touchstone::store::SqliteStore;
use touchstone::wire::Encoder;

use super::faults::{Fault, Faulty, Plan};
use super::scene::{channel, memory};

const DAY: Duration = Duration::from_secs(86_400);

/// Noon of some day.
const NOON: Timestamp = Timestamp::from_micros(1_700_049_600_000_000);

/// A clock that stands still until it is set.
struct Standing(AtomicI64);

impl Standing {
    fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct Scene {
    store: Arc<SqliteStore>,
    clock: Arc<Standing>,
    household: Household,
}

/// A ledger over a faulty store, and two sealers before it.
async fn raise(commits: Plan, answers: Plan) -> Scene {
    let store = memory().await;
    let clock = Arc::new(Standing(AtomicI64::new(NOON.as_micros())));
    let household = Household::found(Arc::clone(&clock) as _, Arc::new(|_| {}), Vigil::default());
    let faulty = Arc::new(Faulty {
        store: Arc::clone(&store),
        commits,
        answers,
        reads: Plan::none(),
        reads_of: channel("a"),
    });
    let at = Place::Shared(Arbiter::new().handle());
    let (hub, child) = Child::new("hub", "hub", at.clone(), Manners::default(), || {
        Hub::new(Arc::new(Encoder))
    });
    household.raise(child).await;
    let time = Arc::clone(&clock);
    let (ledger, child) = Child::new(
        "ledger",
        "ledger",
        at.clone(),
        Manners::default(),
        move || {
            let store = Arc::clone(&faulty) as _;
            let time = Arc::clone(&time) as _;
            Ledger::new(store, time, hub.clone(), Arc::new(Nobody))
        },
    );
    household.raise(child).await;
    let rooms = Rooms {
        chain: Arc::clone(&store) as _,
        clock: Arc::clone(&clock) as _,
        ledger,
        every: Duration::from_millis(10),
    };
    for name in ["one sealer", "another sealer"] {
        let rooms = rooms.clone();
        let (_, child): (Door<Sealer>, _) =
            Child::new("sealer", name, at.clone(), Manners::default(), move || {
                Sealer::new(rooms.clone())
            });
        household.raise(child).await;
    }
    Scene {
        store,
        clock,
        household,
    }
}

impl Scene {
    /// Stores a post that is a signal of its own word, so that the stream goes on.
    async fn post(&self, key: &str) {
        let now = self.clock.now();
        let card = ChannelCard {
            id: channel("a"),
            platform: "test".to_owned(),
            title: "a".to_owned(),
            origin: Origin::Live,
        };
        self.store.register(&card, now).await.unwrap();
        let signal = super::scene::idea(&card.id, key, now);
        let entry = PostEntry {
            post: Post {
                channel: card.id,
                key: PostKey::new(key),
                action: Action::Original,
                author: None,
                text: key.to_owned(),
                media: Vec::new(),
                reply_to: None,
                forwarded_from: None,
                posted: now,
                received: now,
                origin: Origin::Live,
            },
            reading: Reading {
                parser: "rules/1",
                meaning: Meaning::Signals(Vec::new()),
            },
            note: None,
            happenings: vec![signal],
            assessments: Vec::new(),
            cursor: None,
        };
        self.store
            .commit(&[Entry::Post(Box::new(entry))], now)
            .await
            .unwrap();
    }

    /// Waits until there are so many seals, newest first.
    async fn seals(&self, many: usize) -> Vec<SealRecord> {
        for _ in 0..3_000 {
            let seals = self.store.seals(None, 99).await.unwrap();
            assert!(seals.len() <= many, "{seals:?}");
            if seals.len() == many {
                return seals;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain for {many} seals");
    }

    async fn told(&self) -> usize {
        let events = self.store.events(Seq::ZERO, 999).await.unwrap();
        events
            .iter()
            .filter(|event| event.label() == "seal")
            .count()
    }
}

#[actix::test]
async fn each_day_is_sealed_once_also_after_three_days_in_which_nobody_was_there() {
    let scene = raise(Plan::none(), Plan::none()).await;
    scene.post("1").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(scene.seals(0).await, [], "the day is not over");

    scene.clock.set(NOON + DAY);
    let first = scene.seals(1).await;
    assert_eq!(first[0].seal.sealed.day, Day::of(NOON));
    scene.post("2").await;
    scene.clock.set(NOON + DAY * 5);
    let seals = scene.seals(5).await;
    let mut days = Day::of(NOON);
    for (older, newer) in seals.iter().rev().zip(seals.iter().rev().skip(1)) {
        assert_eq!(older.seal.sealed.day, days);
        days = days.next();
        assert_eq!(newer.seal.sealed.previous, older.seal.hash);
        assert_eq!(newer.seal.sealed.after, older.seal.sealed.through);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((scene.seals(5).await, scene.told().await), (seals, 5));
    scene.household.stop().await;
}

#[actix::test]
async fn a_seal_that_fails_or_whose_answer_is_lost_is_stored_once() {
    let (commits, answers) = (Plan::new(Fault::Fail, 3), Plan::new(Fault::Fail, 2));
    let scene = raise(commits.clone(), answers.clone()).await;
    scene.post("1").await;
    scene.clock.set(NOON + DAY);
    let seals = scene.seals(1).await;
    for _ in 0..3_000 {
        if commits.left() + answers.left() == 0 {
            break;
        }
        // Each new day is a chance to fail.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = scene.clock.now();
        scene.clock.set(now + DAY);
    }
    assert_eq!((commits.left(), answers.left()), (0, 0));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let all = scene.store.seals(None, 999).await.unwrap();
    assert_eq!(all.last(), seals.last());
    assert_eq!(all.len(), scene.told().await);
    scene.household.stop().await;
}
