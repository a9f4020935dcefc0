//! The chain of records: days are sealed, and one changed byte is found and named, in a file and on a
//! server.

use std::sync::Arc;
use std::time::Duration;

use domain::chain::{Day, Hash};
use domain::event::{Body, Happening};
use domain::execution::{Costs, ExecutionModel};
use domain::ids::Seq;
use domain::lifecycle::Track;
use domain::market::{Instrument, Tick, Trade};
use domain::ports::chain::SealRecord;
use domain::ports::store::{Entry, MarketEntry, Receipt, Store, TrackRecord};
use domain::score::{Assessed, Assessment, Score};
use domain::signal::Signal;
use domain::time::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use touchstone::store::chain::{Asked, Verified};
use touchstone::store::{Durability, Opened, Options, PgStore, SqliteStore};

use crate::contract::retrials::retried;
use crate::make::*;
use crate::server::House;

/// Where the record is, and how a person gets at it past the program.
enum Place {
    File(tempfile::TempDir),
    Server(House),
}

struct Scene {
    opened: Opened,
    place: Place,
}

impl Scene {
    async fn file() -> Self {
        let house = tempfile::tempdir().unwrap();
        let options = Options {
            durability: Durability::Normal,
            ..Options::file(house.path().join("record.db"))
        };
        let store = SqliteStore::open(options).await.unwrap();
        Self {
            opened: Opened::Sqlite(Arc::new(store)),
            place: Place::File(house),
        }
    }

    async fn server() -> Self {
        let house = House::make().await;
        let store = PgStore::open(house.options()).await.unwrap();
        Self {
            opened: Opened::Postgres(Arc::new(store)),
            place: Place::Server(house),
        }
    }

    /// The same record in a new process: nothing was said to the old one.
    async fn reopened(self) -> Self {
        let Self { opened, place } = self;
        drop(opened);
        let opened = match &place {
            Place::File(house) => {
                let options = Options {
                    durability: Durability::Normal,
                    ..Options::file(house.path().join("record.db"))
                };
                Opened::Sqlite(Arc::new(SqliteStore::open(options).await.unwrap()))
            }
            Place::Server(house) => {
                Opened::Postgres(Arc::new(PgStore::open(house.options()).await.unwrap()))
            }
        };
        Self { opened, place }
    }

    /// Tells the database something past the store, and says how many rows it changed.
    async fn tamper(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.place {
            Place::File(house) => {
                let options = SqliteConnectOptions::new().filename(house.path().join("record.db"));
                let mut person = options.foreign_keys(false).connect().await.unwrap();
                let told = sqlx::query(sql).execute(&mut person).await.unwrap();
                told.rows_affected()
            }
            Place::Server(house) => {
                let mut person = house.person().await;
                sqlx::query("SET session_replication_role = replica")
                    .execute(&mut person)
                    .await
                    .unwrap();
                let told = sqlx::query(sql).execute(&mut person).await.unwrap();
                told.rows_affected()
            }
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        self.opened.port()
    }

    /// Has everything hashed and every day sealed that is over, as the sealer does.
    async fn seal(&self, now: Timestamp) -> Vec<SealRecord> {
        let chain = self.opened.chain();
        let until = loop {
            if let Some(until) = chain.gather(3).await.unwrap().until {
                break until;
            }
        };
        while let Some(entry) = chain.due(until, now).await.unwrap() {
            let entries = [Entry::Seal(Box::new(entry))];
            self.store().commit(&entries, now).await.unwrap();
        }
        chain.seals(None, 99).await.unwrap()
    }

    async fn verify(&self) -> Verified {
        self.opened.verify(&Asked::default()).await.unwrap()
    }
}

/// The first day, at noon.
fn noon() -> Timestamp {
    Day::of(NOW).begin() + Duration::from_secs(12 * 3_600)
}

fn day(nth: u32) -> Timestamp {
    noon() + Duration::from_secs(86_400) * nth
}

async fn commit(store: &dyn Store, entry: Entry, now: Timestamp) -> Receipt {
    let mut receipts = store.commit(&[entry], now).await.unwrap();
    receipts.remove(0)
}

/// Follows a signal through trades at these prices, as a market does.
async fn follow(store: &dyn Store, signal: &Signal, prices: &[&str], now: Timestamp) {
    let track = Track::open(signal, &ExecutionModel::DEFAULT);
    go_on(store, signal, track, prices, now).await;
}

async fn go_on(
    store: &dyn Store,
    signal: &Signal,
    mut track: Track,
    prices: &[&str],
    now: Timestamp,
) {
    let mut happenings: Vec<Happening> = Vec::new();
    for (n, text) in (0..).zip(prices) {
        let mut changes = Vec::new();
        let tick = Tick::Trade(Trade {
            id: n,
            at: signal.received + Duration::from_secs(10 + n),
            price: price(text),
        });
        track.step(&tick, &mut changes);
        let told = changes
            .into_iter()
            .map(|change| happening(signal, Body::Progress(Box::new(change))));
        happenings.extend(told);
    }
    let record = TrackRecord {
        signal: signal.id,
        step: 1,
        heard: Seq::new(1),
        track,
    };
    let entry = MarketEntry {
        happenings,
        tracks: vec![record],
    };
    commit(store, Entry::Market(entry), now).await;
}

/// Two days of a channel, trades that won and lost, talk and a deletion; between them the first is sealed.
async fn lived(scene: &Scene) {
    live(scene, true).await;
}

/// What a model said of a trade that was only tried.
fn tried(trade: &Signal) -> Assessment {
    let score = Score {
        model: "tried/1".into(),
        targets: vec![0.25, 0.1 + 0.2],
        expected_r: None,
        skill: Some(-1e-9),
        moved: Vec::new(),
    };
    Assessment {
        signal: trade.id,
        at: trade.received,
        assessed: Assessed::from(score),
    }
}

async fn live(scene: &Scene, sealed: bool) {
    let store = scene.store();
    let alpha = registered(&*store, "alpha").await;
    for (nth, (key, prices)) in (0_u32..).zip([
        ("1", &["101", "99.9", "110.5", "121"][..]),
        ("2", &["101", "99.5", "94"]),
        ("3", &["101", "99.5", "112", "94"]),
    ]) {
        let now = day(nth / 2);
        if nth == 2 && sealed {
            assert_eq!(scene.seal(noon()).await, [], "no day is over");
            assert_eq!(scene.seal(now).await.len(), 1);
        }
        let trade = signal(&alpha, key, 0, "BTC/USDT");
        let mut entry = call(
            post(&alpha, key, "BTC long 100"),
            std::slice::from_ref(&trade),
        );
        entry.assessments = vec![tried(&trade)];
        commit(&*store, Entry::Post(Box::new(entry)), now).await;
        follow(&*store, &trade, prices, now).await;
        let tried = [retried(&trade, "market/1", i64::from(nth))];
        let retrials = scene.opened.retrials();
        retrials.keep(trade.id, &tried, Some(1)).await.unwrap();
        let chat = talk(post(&alpha, &format!("chat {key}"), "good morning"));
        commit(&*store, Entry::Post(Box::new(chat)), now).await;
        if key == "2" {
            let mut gone = talk(deleted(&alpha, key, 90));
            let body = Body::Revision {
                action: domain::post::Action::Deleted,
                post: trade.post.clone(),
            };
            gone.happenings = vec![happening(&trade, body)];
            commit(&*store, Entry::Post(Box::new(gone)), now).await;
        }
    }
}

fn named(verified: &Verified) -> Vec<String> {
    let named = verified
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.table, finding.key));
    named.collect()
}

async fn an_untouched_record_holds(scene: Scene) {
    lived(&scene).await;
    let seals = scene.seal(day(2)).await;
    assert_eq!(seals.len(), 2);
    assert_eq!(seals[1].seal.sealed.previous, Hash::NOTHING);
    assert_eq!(seals[0].seal.sealed.previous, seals[1].seal.hash);
    assert_eq!(seals[0].seal.sealed.day, seals[1].seal.sealed.day.next());
    assert_eq!(scene.seal(day(2)).await, seals, "a day is sealed once");

    let verified = scene.verify().await;
    assert_eq!(verified.findings, [], "{verified:#?}");
    assert_eq!(
        (verified.days, verified.signals, verified.outcomes),
        (2, 3, 3)
    );
    assert_eq!((verified.posts, verified.figures), (6, 2), "{verified:#?}");
    assert!(verified.records > 30, "{verified:#?}");
    if let Place::File(house) = &scene.place {
        // So does a script that has nothing of this program.
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prove.py");
        let mut python = std::process::Command::new("python3");
        let database = house.path().join("record.db");
        let said = python.arg(script).arg(database).output().unwrap();
        assert!(said.status.success(), "{said:?}");
    }
    let published = scene
        .opened
        .chain()
        .published(Day::of(day(0)))
        .await
        .unwrap();
    assert!(
        published[0].body.contains("\"signals\":2,"),
        "{published:?}"
    );
    assert!(published[0].body.contains("\"judged\":2,"), "{published:?}");
}

/// What is changed, and what is named for it.
const CHANGES: [(&str, &str); 32] = [
    (
        "UPDATE versions SET text = 'BTC long 101' WHERE key = '1'",
        "versions alpha/1/1",
    ),
    (
        "UPDATE versions SET received = received WHERE key = '1'",
        "",
    ),
    (
        "UPDATE versions SET place = place + 1 WHERE key = 'chat 1'",
        "versions alpha/chat 1/1",
    ),
    (
        "UPDATE readings SET class = 'claim' WHERE key = 'chat 2'",
        "readings alpha/chat 2/1",
    ),
    (
        "UPDATE signals SET stop = '94' WHERE post = '1'",
        "signals ID1",
    ),
    (
        "UPDATE signals SET state = 'stopped-out' WHERE post = '1'",
        "signals ID1",
    ),
    (
        "UPDATE signals SET deleted = FALSE WHERE post = '2'",
        "signals ID2",
    ),
    (
        "UPDATE signals SET judged = FALSE WHERE post = '2'",
        "signals ID2",
    ),
    (
        "UPDATE targets SET price = '111' WHERE k = 1 AND signal = 'ID3'",
        "targets ID3/1",
    ),
    (
        "DELETE FROM targets WHERE k = 2 AND signal = 'ID3'",
        "targets ID3/2",
    ),
    (
        "UPDATE outcomes SET p_r = '9.5' WHERE signal = 'ID2'",
        "outcomes ID2",
    ),
    (
        "UPDATE outcomes SET o_mfe = '9.5' WHERE signal = 'ID2'",
        "outcomes ID2",
    ),
    (
        "UPDATE outcomes SET policy = 2 WHERE signal = 'ID2'",
        "outcomes ID2",
    ),
    (
        "UPDATE outcomes SET policy = NULL WHERE signal = 'ID2'",
        "outcomes ID2",
    ),
    (
        "UPDATE predictions SET first = 0.75 WHERE signal = 'ID2'",
        "predictions ID2/tried/1",
    ),
    (
        "DELETE FROM predictions WHERE signal = 'ID3'",
        "predictions ID3/tried/1",
    ),
    ("DELETE FROM outcomes WHERE signal = 'ID2'", "outcomes ID2"),
    (
        "UPDATE retrials SET p_r = '9.5' WHERE signal = 'ID2'",
        "retrials ID2/market/1/1/1",
    ),
    (
        "UPDATE retrials SET ticks = ticks + 1 WHERE signal = 'ID2'",
        "retrials ID2/market/1/1/1",
    ),
    (
        "UPDATE retrials SET place = NULL WHERE signal = 'ID1'",
        "retrials ID1/market/1/1/1",
    ),
    (
        "DELETE FROM retrials WHERE signal = 'ID1'",
        "retrials ID1/market/1/1/1",
    ),
    (
        "UPDATE events SET body = replace(body, '110', '109') WHERE seq = 1",
        "events 1",
    ),
    (
        "UPDATE events SET body = replace(body, '\"id\":1', '\"id\":7') WHERE seq = 2",
        "events 2",
    ),
    (
        "UPDATE events SET type = 'outcome' WHERE seq = 2",
        "events 2",
    ),
    ("DELETE FROM events WHERE seq = 3", "events 3"),
    (
        "UPDATE posts SET stands = TRUE WHERE key = '2'",
        "posts alpha/2",
    ),
    (
        "UPDATE posts SET edited = TRUE WHERE key = '3'",
        "posts alpha/3",
    ),
    (
        "UPDATE leaves SET digest = (SELECT digest FROM leaves WHERE record = 'events' AND key = '1') \
      WHERE record = 'events' AND key = '2'",
        "events 2",
    ),
    (
        "DELETE FROM leaves WHERE record = 'events' AND key = '2'",
        "events 2",
    ),
    (
        "UPDATE published SET body = replace(body, '\"won\":1', '\"won\":2') WHERE day = DAY1",
        "published DAY1/alpha/live/default/1",
    ),
    (
        "DELETE FROM published WHERE day = DAY1",
        "published DAY1/alpha/live/default/1",
    ),
    (
        "UPDATE seals SET records = records + 1 WHERE day = DAY1",
        "seals DAY1",
    ),
];

async fn one_changed_byte_is_named(scene: Scene) {
    lived(&scene).await;
    scene.seal(day(2)).await;
    let alpha = channel("alpha");
    let begin = Day::of(day(0)).begin();
    for (change, wanted) in CHANGES {
        let filled = |text: &str, day: &str| {
            let mut text = text.replace("DAY1", day);
            for key in ["1", "2", "3"] {
                let id = signal(&alpha, key, 0, "BTC/USDT").id.to_string();
                text = text.replace(&format!("ID{key}"), &id);
            }
            text
        };
        let stored_day = match &scene.place {
            Place::File(_) => begin.as_micros().to_string(),
            Place::Server(_) => format!("to_timestamp({})", begin.as_millis() / 1_000),
        };
        let (change, wanted) = (filled(change, &stored_day), filled(wanted, "2023-11-14"));
        // Decimals are text in SQLite alone.
        let table = [
            "versions",
            "readings",
            "signals",
            "targets",
            "outcomes",
            "predictions",
            "retrials",
            "events",
            "posts",
            "leaves",
            "published",
            "seals",
        ];
        let of = table
            .into_iter()
            .find(|table| change.contains(&format!(" {table} ")))
            .unwrap();
        scene.keep_copy(of).await;
        assert_ne!(scene.tamper(&change).await, 0, "{change}");
        let verified = scene.verify().await;
        let named = named(&verified);
        let first = named.first().map_or("", String::as_str);
        assert!(
            first == wanted || named.contains(&wanted),
            "{change}\n{verified:#?}"
        );
        let all_of_it = |name: &String| {
            *name == wanted
                || name.starts_with("leaves ")
                || wanted.starts_with("versions alpha/chat")
        };
        assert!(named.iter().all(all_of_it), "{change}: {named:?}");
        scene.give_back(of).await;
    }
    assert_eq!(scene.verify().await.findings, []);
}

impl Scene {
    async fn keep_copy(&self, table: &str) {
        self.tamper(&format!("CREATE TABLE kept_copy AS SELECT * FROM {table}"))
            .await;
    }

    async fn give_back(&self, table: &str) {
        self.tamper(&format!("DELETE FROM {table}")).await;
        self.tamper(&format!("INSERT INTO {table} SELECT * FROM kept_copy"))
            .await;
        self.tamper("DROP TABLE kept_copy").await;
    }
}

/// An operator changes what a channel earned, and makes every hash and every seal after it anew.
async fn a_rewritten_chain_is_found_by_who_kept_a_seal(scene: Scene) {
    live(&scene, false).await;
    scene.seal(day(2)).await;
    let kept = scene.seal(day(3)).await;
    scene
        .tamper("UPDATE versions SET author = 'somebody' WHERE key = 'chat 1'")
        .await;
    for table in ["leaves", "published", "seals"] {
        scene.tamper(&format!("DELETE FROM {table}")).await;
    }
    scene.tamper("DELETE FROM events WHERE type = 'seal'").await;
    let head = kept[1].seq.get() - 1;
    scene
        .tamper(&format!("UPDATE meta SET head = {head}"))
        .await;
    scene.seal(day(2)).await;
    assert_eq!(scene.seal(day(3)).await.len(), 2);

    assert_eq!(
        scene.verify().await.findings,
        [],
        "by itself it looks whole"
    );
    let asked = Asked {
        kept: kept.into_iter().map(|record| record.seal).collect(),
        ..Asked::default()
    };
    let verified = scene.opened.verify(&asked).await.unwrap();
    assert_eq!(verified.kept, 2);
    assert_eq!(named(&verified), ["seals 2023-11-15", "seals 2023-11-16"]);
}

/// Nobody was there for three days; then they are sealed one after the other.
async fn days_that_nobody_sealed_are_sealed_later(scene: Scene) {
    lived(&scene).await;
    let seals = scene.seal(day(5)).await;
    let records: Vec<u64> = seals
        .iter()
        .map(|record| record.seal.sealed.records)
        .collect();
    assert_eq!(records.len(), 5);
    assert_eq!(records[..3], [0, 0, 0], "nothing was stored then");
    assert_ne!(records[3], 0);
    let through = seals[0].seal.sealed.through;
    assert!(
        seals[3].seq > through,
        "the seals belong to the day on which they were stored"
    );
    let last = scene.seal(day(6)).await[0].seal.sealed.records;
    assert_eq!(
        last,
        4 + 2 + 1,
        "the seals, the talk that came last with its reading, and what was tried beside it"
    );
    assert_eq!(scene.verify().await.findings, []);
}

/// Two sealers, each with the same day in hand.
async fn a_day_is_sealed_once(scene: Scene) {
    lived(&scene).await;
    let chain = scene.opened.chain();
    let until = loop {
        // Both hash the same records.
        let (one, other) = tokio::join!(chain.gather(7), chain.gather(7));
        other.unwrap();
        if let Some(until) = one.unwrap().until {
            break until;
        }
    };
    let one = chain.due(until, day(2)).await.unwrap().unwrap();
    let other = chain.due(until, day(2)).await.unwrap().unwrap();
    assert_eq!(one, other);
    let store = scene.store();
    let stored = commit(&*store, Entry::Seal(Box::new(one)), day(2)).await;
    assert_eq!(stored.events().len(), 1);
    assert_eq!(stored.events()[0].label(), "seal");
    let head = store.span().await.unwrap().head;
    let again = commit(&*store, Entry::Seal(Box::new(other)), day(2)).await;
    assert_eq!(again, Receipt::Duplicate);
    assert_eq!(store.span().await.unwrap().head, head);
    assert_eq!(
        store.events(Seq::new(head.get() - 1), 9).await.unwrap(),
        stored.events()
    );
}

/// The process dies between hashing and sealing, and again after a part of the hashes.
async fn a_death_between_hashing_and_sealing_loses_nothing(scene: Scene) {
    lived(&scene).await;
    let mut scene = scene;
    for _ in 0..2 {
        scene.opened.chain().gather(2).await.unwrap();
        scene = scene.reopened().await;
    }
    let seals = scene.seal(day(2)).await;
    assert_eq!(seals.len(), 2);
    let scene = scene.reopened().await;
    assert_eq!(scene.seal(day(2)).await, seals);
    assert_eq!(scene.verify().await.findings, []);
}

/// What is forgotten is said to be gone, and what is kept can still be verified.
async fn a_forgotten_stream_still_verifies(scene: Scene) {
    lived(&scene).await;
    scene.seal(day(2)).await;
    let before = scene.verify().await;
    scene.tamper("DELETE FROM events WHERE seq < 6").await;
    let verified = scene.verify().await;
    assert_eq!(verified.findings, [], "{verified:#?}");
    assert_eq!(verified.forgotten, 5);
    assert_eq!(verified.records, before.records - 5);
    assert!(verified.signals < before.signals, "{verified:#?}");
    assert!(
        verified
            .notes
            .iter()
            .any(|note| note.contains("5 events before 6")),
        "{verified:#?}"
    );
    // One in the middle is not forgotten but gone.
    scene.tamper("DELETE FROM events WHERE seq = 8").await;
    assert_eq!(named(&scene.verify().await), ["events 8"]);
}

/// What a program wrote that knows of no places gets one, and is in the seal of a later day.
async fn records_without_a_place_are_given_one(scene: Scene) {
    lived(&scene).await;
    scene
        .tamper("UPDATE versions SET place = NULL WHERE key = 'chat 3'")
        .await;
    scene
        .tamper("UPDATE outcomes SET place = NULL WHERE p_targets = 1")
        .await;
    scene.seal(day(2)).await;
    scene.seal(day(3)).await;
    let verified = scene.verify().await;
    assert_eq!(verified.findings, [], "{verified:#?}");
    assert_eq!(
        scene
            .tamper("UPDATE versions SET place = 1 WHERE place IS NULL")
            .await,
        0
    );
}

/// What was tried before retrials were part of the chain is said to be outside of it until it has a
/// place, and is never said to be wrong.
async fn a_retrial_of_before_is_not_covered_and_then_it_is(scene: Scene) {
    live(&scene, false).await;
    assert_eq!(scene.tamper("UPDATE retrials SET place = NULL").await, 3);
    let verified = scene.verify().await;
    let outside = |note: &String| note.starts_with("3 retrials have no place in the chain yet");
    assert!(verified.notes.iter().any(outside), "{verified:#?}");
    assert_eq!(verified.findings, [], "{verified:#?}");

    scene.seal(day(2)).await;
    scene.seal(day(3)).await;
    let verified = scene.verify().await;
    assert_eq!(verified.notes, [""; 0]);
    let change = "UPDATE retrials SET o_r = '3' WHERE signal = (SELECT MIN(signal) FROM retrials)";
    assert_eq!(scene.tamper(change).await, 1);
    let named = named(&scene.verify().await);
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].starts_with("retrials "), "{named:?}");
}

/// An older program runs beside this one for the time of a deploy: it seals a day without what it does not
/// know of. That is no fault of the record, and the next seal holds what it left out.
async fn what_an_older_program_leaves_out_is_sealed_later(scene: Scene) {
    live(&scene, false).await;
    scene.keep_copy("retrials").await;
    assert_eq!(scene.tamper("DELETE FROM retrials").await, 3);
    let forgetful = "UPDATE outcomes SET policy = NULL";
    assert_eq!(scene.tamper(forgetful).await, 3);
    scene.seal(day(2)).await;
    scene.give_back("retrials").await;
    assert_eq!(scene.tamper("UPDATE outcomes SET policy = 3").await, 3);

    scene.seal(day(3)).await;
    scene.seal(day(4)).await;
    let verified = scene.verify().await;
    assert_eq!((verified.findings, verified.notes), (vec![], vec![]));
    let change = "UPDATE retrials SET o_r = '3' WHERE signal = (SELECT MIN(signal) FROM retrials)";
    assert_eq!(scene.tamper(change).await, 1);
    let named = named(&scene.verify().await);
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].starts_with("retrials "), "{named:?}");
}

/// Each outcome is reckoned by the rules whose costs it pays, also where today's cost more or less, and
/// what was judged before outcomes told their rules holds as well.
async fn an_outcome_is_reckoned_by_the_rules_that_it_tells(scene: Scene) {
    let store = scene.store();
    let alpha = registered(&*store, "alpha").await;
    let markets = ["kraken:spot:BTC/USD", "broker:cfd:BTC/USD"];
    let rules = [Some(1), Some(2), Some(3), None];
    let mut trades = Vec::new();
    for (nth, (market, policy)) in (0..).zip(
        markets
            .iter()
            .flat_map(|market| rules.map(|policy| (market, policy))),
    ) {
        let mut trade = signal(&alpha, &nth.to_string(), 0, "BTC/USD");
        trade.instrument = Instrument::parse(market).unwrap();
        let entry = call(
            post(&alpha, &nth.to_string(), "BTC long 100"),
            std::slice::from_ref(&trade),
        );
        commit(&*store, Entry::Post(Box::new(entry)), noon()).await;
        let mut track = Track::open(&trade, &ExecutionModel::DEFAULT);
        // As an older program opened it.
        track.terms.policy = policy;
        track.terms.costs = Costs::by(policy.unwrap_or(1), &trade.instrument).unwrap();
        go_on(
            &*store,
            &trade,
            track,
            &["101", "99.9", "110.5", "121"],
            noon(),
        )
        .await;
        trades.push(trade);
    }
    scene.seal(day(1)).await;
    let verified = scene.verify().await;
    assert_eq!(verified.findings, [], "{verified:#?}");
    assert_eq!(verified.outcomes, 8);

    // Whoever lets an outcome tell other rules is found, before it is sealed as well.
    let id = trades[2].id;
    let forged = format!("UPDATE outcomes SET policy = 2 WHERE signal = '{id}'");
    assert_eq!(scene.tamper(&forged).await, 1);
    assert_eq!(named(&scene.verify().await), [format!("outcomes {id}")]);
}

macro_rules! on_both {
    ($($promise:ident),* $(,)?) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Scene::file().await).await;
            })*
        }

        mod on_a_server {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Scene::server().await).await;
            })*
        }
    };
}

on_both!(
    an_untouched_record_holds,
    one_changed_byte_is_named,
    a_rewritten_chain_is_found_by_who_kept_a_seal,
    days_that_nobody_sealed_are_sealed_later,
    a_day_is_sealed_once,
    a_death_between_hashing_and_sealing_loses_nothing,
    a_forgotten_stream_still_verifies,
    records_without_a_place_are_given_one,
    a_retrial_of_before_is_not_covered_and_then_it_is,
    what_an_older_program_leaves_out_is_sealed_later,
    an_outcome_is_reckoned_by_the_rules_that_it_tells,
);
