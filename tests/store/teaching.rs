//! What a store teaches: of what was seen live and what came of it a challenger is trained, tried, and let
//! speak when it has won, by this platform and by the next that starts on the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::event::Body;
use domain::ids::{PostKey, SignalId};
use domain::lifecycle::{BoundResult, Change, Ending, Evidence, Outcome, State, Track, What};
use domain::market::Side;
use domain::ports::predictions::Predictions;
use domain::ports::store::{ChannelCard, Entry, MarketEntry, PostEntry, Store, TrackRecord};
use domain::ports::{Asked, Clock, Scorer as _, Witness as _};
use domain::post::{Action, Origin};
use domain::reading::{self, Target};
use domain::score::Assessment;
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use scoring::training::Order;
use touchstone::belief::jury::{Jury, Refused};
use touchstone::belief::rounds::round;
use touchstone::belief::rule::Stays;
use touchstone::belief::school::{Looked, School, Terms};
use touchstone::belief::scorer::Believer;
use touchstone::belief::{Knowledge, Lineup, past};
use touchstone::clock::WallClock;
use touchstone::store::{Durability, Options, SqliteStore};

use crate::make::{call, channel, events, happening, opening, post, price};

const HOUR: i64 = 3_600_000_000;

/// The files of one installation, and a platform on them without its markets.
struct Platform {
    store: Arc<SqliteStore>,
    lineup: Arc<Lineup>,
    school: School,
    jury: Jury,
    knowledge: Arc<Knowledge>,
    believer: Believer,
}

/// A clock that is set.
struct SetTo(AtomicI64);

impl SetTo {
    fn hour(hour: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(time(hour).as_micros())))
    }

    fn set(&self, hour: i64) {
        self.0.store(time(hour).as_micros(), Ordering::SeqCst);
    }

    /// The first moment at which nothing that was received before this hour could be open any longer: an
    /// entry is valid for a day, and may be held for fourteen.
    fn settle(&self, hour: i64) {
        self.set(hour - 1 + 15 * 24);
    }
}

impl Clock for SetTo {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Platform {
    /// One that starts long after everything was over.
    async fn start(house: &Path) -> Self {
        Self::start_by(house, Arc::new(WallClock)).await
    }

    async fn start_by(house: &Path, clock: Arc<dyn Clock>) -> Self {
        let options = Options {
            durability: Durability::Normal,
            ..Options::file(house.join("record.db"))
        };
        let store = Arc::new(SqliteStore::open(options).await.unwrap());
        let promoted = store.promotion(Origin::Simulator).await.unwrap();
        let wanted: Vec<String> = promoted
            .into_iter()
            .map(|promoted| promoted.model)
            .collect();
        let folders: [PathBuf; 2] = [house.join("shipped"), house.join("trained")];
        let lineup = Arc::new(Lineup::load(&folders, Origin::Simulator, &wanted));
        let terms = Terms {
            folder: house.join("trained"),
            after: 100,
            order: Order {
                networks: Vec::new(),
                trees: Vec::new(),
                ..Order::quick(1)
            },
        };
        let jury = Jury {
            lineup: Arc::clone(&lineup),
            predictions: Arc::clone(&store) as _,
            clock,
        };
        let school = School::new(jury.clone(), Arc::clone(&store) as _, terms);
        let knowledge = Arc::new(Knowledge::new(BTreeMap::new()));
        knowledge.remember(&past::signals(&*store).await.unwrap());
        let believer = Believer::new(Arc::clone(&knowledge), Arc::clone(&lineup), Arc::default());
        Self {
            store,
            lineup,
            school,
            jury,
            knowledge,
            believer,
        }
    }

    /// Posts, scores and judges the signals of these hours, as the house does.
    async fn live_through(&mut self, hours: std::ops::Range<i64>) {
        let card = ChannelCard {
            id: channel("alpha"),
            platform: "file".to_owned(),
            title: "Alpha".to_owned(),
            origin: Origin::Simulator,
        };
        self.store.register(&card, time(0)).await.unwrap();
        for hour in hours {
            let signal = signal(hour);
            let told = Arc::new(signal.clone());
            let assessed = self
                .believer
                .score(&[Asked::of(Arc::clone(&told))])
                .remove(0)
                .unwrap();
            let said = domain::post::Post {
                origin: Origin::Simulator,
                posted: signal.posted,
                received: signal.received,
                ..post(&signal.channel, signal.post.as_str(), "BTC")
            };
            let entry = PostEntry {
                happenings: vec![opening(&signal, Some(assessed.score.clone()))],
                assessments: vec![Assessment {
                    signal: signal.id,
                    at: signal.received,
                    assessed,
                }],
                ..call(said, &[])
            };
            self.keep(
                &[Entry::Post(Box::new(entry)), over(&signal, hour)],
                signal.received,
            )
            .await;
        }
    }

    /// Stores, and lets the knowledge hear of it, as the ledger does.
    async fn keep(&self, entries: &[Entry], now: Timestamp) {
        let receipts = self.store.commit(entries, now).await.unwrap();
        for receipt in receipts {
            self.knowledge.heard(&events(receipt));
        }
    }

    /// The author changes or deletes the post of a signal.
    async fn revise(&self, signal: &Signal, action: Action) {
        let said = domain::post::Post {
            action,
            origin: Origin::Simulator,
            posted: signal.posted,
            received: signal.received + Duration::from_secs(60),
            ..post(&signal.channel, signal.post.as_str(), "BTC, later")
        };
        let (now, key) = (said.received, said.key.clone());
        let body = Body::Revision { action, post: key };
        let entry = PostEntry {
            happenings: vec![happening(signal, body)],
            ..call(said, &[])
        };
        self.keep(&[Entry::Post(Box::new(entry))], now).await;
    }

    /// Everything that would be known of a signal, bit for bit.
    fn known(&self, signal: Signal) -> Vec<u32> {
        let features = self
            .knowledge
            .features(&Asked::of(Arc::new(signal)))
            .unwrap();
        let numbers = features
            .signal
            .iter()
            .chain(features.targets.iter().flatten());
        numbers.map(|number| number.to_bits()).collect()
    }

    fn tried(&self) -> Vec<String> {
        let models = self.lineup.all().0.into_iter();
        models.map(|entrant| entrant.id).collect()
    }

    fn speaks(&self) -> Option<String> {
        self.lineup.all().1
    }

    /// A round on a day on which nobody has looked.
    async fn round(&self) {
        round(&self.jury, &mut None).await.unwrap();
    }
}

fn time(hour: i64) -> Timestamp {
    Timestamp::from_micros(1_600_000_000_000_000 + hour * HOUR)
}

/// One signal an hour, long or short.
fn signal(hour: i64) -> Signal {
    let key = PostKey::new(hour.to_string());
    let long = hour * 7_919 % 11 < 6;
    let (target, stop) = if long { ("110", "90") } else { ("90", "110") };
    Signal {
        id: SignalId::of(&channel("alpha"), &key, 0),
        post: key,
        origin: Origin::Simulator,
        side: if long { Side::Long } else { Side::Short },
        entry: reading::Entry::Limit(price("100")),
        targets: vec![Target {
            price: price(target),
            weight: None,
        }],
        stop: Some(price(stop)),
        posted: time(hour),
        received: time(hour),
        expires_at: time(hour + 24),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: Some(price("100")),
        ..crate::make::signal(&channel("alpha"), "0", 0, "QBT/USDT")
    }
}

/// What came of it within the hour: two longs of three win and one short of three, which nothing but a
/// model that has learned it can know.
fn over(signal: &Signal, hour: i64) -> Entry {
    let lucky = hour * 104_729 % 100 < 67;
    let won = (signal.side == Side::Long) == lucky;
    let ending = if won {
        Ending::AllTargets
    } else {
        Ending::StoppedOut
    };
    let ended = signal.received + Duration::from_secs(1_800);
    let bound = BoundResult {
        ending,
        r: Some(Decimal::new(if won { 98 } else { -102 }, 2)),
        filled: Decimal::ONE,
        targets: u8::from(won),
        entered_at: Some(signal.received),
        ended_at: ended,
        mfe: None,
        mae: None,
    };
    let outcome = Outcome {
        model: "default/1",
        policy: None,
        pessimistic: bound.clone(),
        optimistic: bound,
        ambiguous: false,
        incomplete: false,
    };
    let change = Change {
        at: ended,
        what: What::Judged(Box::new(outcome)),
        state: State::Ended(ending),
        evidence: Evidence::Time(ended),
    };
    let record = TrackRecord {
        signal: signal.id,
        step: 1,
        heard: domain::ids::Seq::new(1),
        track: Track::open(signal, &domain::execution::ExecutionModel::DEFAULT),
    };
    Entry::Market(MarketEntry {
        happenings: vec![happening(signal, Body::Progress(Box::new(change)))],
        tracks: vec![record],
    })
}

#[tokio::test]
async fn a_challenger_is_trained_on_what_is_new_tried_and_speaks_after_a_restart_when_it_has_won() {
    let house = tempfile::tempdir().unwrap();
    let clock = SetTo::hour(0);
    let mut platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 0 }
    );

    // Enough is new, and too little of it to learn from: that is said once, and not tried again.
    platform.live_through(0..120).await;
    clock.settle(120);
    let looked = platform.school.look().await.unwrap();
    let Looked::InVain { why } = looked else {
        panic!("{looked:?}");
    };
    assert!(why.contains("200 are needed"), "{why}");
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 0 }
    );

    platform.live_through(120..500).await;
    clock.settle(500);
    let trained = Looked::Trained {
        id: "retrained-simulator.1".to_owned(),
    };
    assert_eq!(platform.school.look().await.unwrap(), trained);
    assert_eq!(platform.tried(), ["retrained-simulator.1"]);
    assert_eq!(platform.speaks(), None, "it has to win first");
    let card = platform.lineup.all().0[0]
        .model
        .as_ref()
        .unwrap()
        .card()
        .clone();
    assert_eq!(card.data.rows, 500, "every signal that was seen live");
    assert_eq!(card.champion, "logistic");

    // Whoever measures it on the same record hears whose it is, and that it learned from all of it.
    platform.store.close().await;
    let measured = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .current_dir(house.path())
        .env(
            "TOUCHSTONE__SIMULATOR__PATH",
            house.path().join("record.db"),
        )
        .args(["evaluate", "--models", "trained", "--json", "--quiet"])
        .args(["--model", "retrained-simulator.1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&measured.stderr);
    assert!(measured.status.success(), "{said}");
    assert!(said.contains("500 of 500 signals (100 %)"), "{said}");
    let told: serde_json::Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert_eq!(told["origin"], "simulator");
    assert_eq!(told["table"]["rows"], 500);
    assert_eq!(told["overlap"]["rows"], 500);

    // Another platform on the same files knows what was learned, and tries it.
    let mut platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 0 }
    );
    platform.round().await;
    assert_eq!(platform.speaks(), None, "nothing is recorded of it");

    platform.live_through(500..599).await;
    clock.settle(599);
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 99 }
    );
    // It is better from the first day on, and eight days do not show it yet.
    platform.live_through(599..720).await;
    clock.settle(720);
    platform.round().await;
    assert_eq!(platform.speaks(), None, "it may have been luck");
    platform.live_through(720..1_200).await;
    clock.settle(1_200);
    let mut looked = None;
    round(&platform.jury, &mut looked).await.unwrap();
    assert_eq!(platform.speaks().as_deref(), Some("retrained-simulator.1"));
    assert!(looked.is_some(), "it is looked once a day");

    // The next is trained on what is new since, and does not displace the one that speaks.
    let trained = |version| Looked::Trained {
        id: format!("retrained-simulator.{version}"),
    };
    assert_eq!(platform.school.look().await.unwrap(), trained(2));
    assert_eq!(
        platform.tried(),
        ["retrained-simulator.1", "retrained-simulator.2"]
    );
    assert_eq!(platform.speaks().as_deref(), Some("retrained-simulator.1"));
    // Each is tried for thirty days, and three at once.
    platform.live_through(1_200..1_300).await;
    clock.settle(1_300);
    assert_eq!(platform.school.look().await.unwrap(), trained(3));
    platform.live_through(1_300..1_400).await;
    clock.settle(1_400);
    assert_eq!(platform.school.look().await.unwrap(), trained(4));
    platform.live_through(1_400..1_500).await;
    clock.settle(1_500);
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Full { tried: 3 }
    );
    platform.live_through(1_500..1_960).await;
    clock.settle(1_960);
    assert_eq!(platform.school.look().await.unwrap(), trained(5));
    let tried = [1, 3, 4, 5].map(|nth| format!("retrained-simulator.{nth}"));
    assert_eq!(platform.tried(), tried);
    let retired = house.path().join("trained/.retired/retrained-simulator.2");
    assert!(
        retired.join("card.json").is_file(),
        "it is kept, and not tried"
    );

    platform.store.close().await;
    let platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    assert_eq!(platform.speaks().as_deref(), Some("retrained-simulator.1"));
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 0 }
    );

    // Whatever was learned is lost, and the record is not: what is learned anew has a name under which
    // nobody has said anything or won. The fifth never spoke.
    platform.store.close().await;
    std::fs::remove_dir_all(house.path().join("trained")).unwrap();
    let platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    assert_eq!(platform.school.look().await.unwrap(), trained(5));
    assert_eq!(platform.speaks(), None);
}

#[tokio::test]
async fn what_could_still_be_open_teaches_nothing_and_decides_nothing_though_it_ended_fast() {
    let house = tempfile::tempdir().unwrap();
    let clock = SetTo::hour(800);
    let mut platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    // Each was over within half an hour, and could have been open for a day and fourteen more.
    platform.live_through(0..800).await;
    let trained = Looked::Trained {
        id: "retrained-simulator.1".to_owned(),
    };
    assert_eq!(platform.school.look().await.unwrap(), trained);
    let (models, _) = platform.lineup.all();
    let data = models[0].model.as_ref().unwrap().card().data.clone();
    assert_eq!(data.rows, 441, "those of the first 440 hours");
    assert_eq!(data.to_ms, time(440).as_millis());

    // What became usable since is what is new, also for the next platform on the same files.
    clock.set(899);
    platform.store.close().await;
    let mut platform = Platform::start_by(house.path(), Arc::clone(&clock) as _).await;
    assert_eq!(
        platform.school.look().await.unwrap(),
        Looked::Waits { new: 99 }
    );

    platform.live_through(800..1_200).await;
    clock.set(1_200);
    let said = platform.jury.promote("retrained-simulator.1").await;
    let Err(Refused::Stays { why, .. }) = said else {
        panic!("{said:?}");
    };
    assert_eq!(why, Stays::TooFew { signals: 41 });
    let model = "retrained-simulator/1";
    let so_far = platform.jury.so_far(model).await.unwrap().unwrap();
    assert_eq!(so_far.signals, 400, "everything that is over is shown");
    let settled = platform.jury.settled(model).await.unwrap().unwrap();
    assert_eq!(settled.signals, 41);
}

#[tokio::test]
async fn what_is_known_of_a_channel_after_a_restart_is_what_was_known_before() {
    let house = tempfile::tempdir().unwrap();
    let mut platform = Platform::start(house.path()).await;
    let nothing = platform.known(signal(41));
    platform.live_through(0..40).await;
    platform.revise(&signal(7), Action::Edited).await;
    platform.revise(&signal(9), Action::Deleted).await;
    // One is still open.
    let open = signal(40);
    let said = domain::post::Post {
        origin: Origin::Simulator,
        ..post(&open.channel, open.post.as_str(), "BTC")
    };
    let entry = Entry::Post(Box::new(call(said, std::slice::from_ref(&open))));
    platform.keep(&[entry], open.received).await;
    let before = platform.known(signal(41));
    assert_ne!(before, nothing, "its record counts");

    platform.store.close().await;
    let platform = Platform::start(house.path()).await;
    assert_eq!(platform.known(signal(41)), before);
    platform.keep(&[over(&open, 40)], time(41)).await;
    assert_ne!(
        platform.known(signal(42)),
        before,
        "the open one was remembered, and its end is heard"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_with_the_setting_and_whoever_speaks_goes_on() {
    let house = tempfile::tempdir().unwrap();
    std::fs::write(house.path().join("trained"), "no folder").unwrap();
    let mut platform = Platform::start(house.path()).await;
    platform.live_through(0..500).await;
    let trouble = platform.school.look().await.unwrap_err().to_string();
    assert!(trouble.contains("scoring.trained"), "{trouble}");
    let asked = Asked::of(Arc::new(signal(501)));
    let told = platform.believer.score(&[asked]).remove(0).unwrap();
    assert_eq!(told.score.model, "geometry/2");
}
