//! What PostgreSQL promises beyond the contract: several writers, a server that goes away, and a
//! stream that is cut into ranges.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Seq;
use domain::ports::Advice;
use domain::ports::accounts::Accounts as _;
use domain::ports::store::Store as _;
use futures_util::future::{Either, join_all};
use secrecy::SecretString;
use touchstone::store::copy::{CopyError, copy};
use touchstone::store::postgres::Options;
use touchstone::store::{Durability, Kept, Opened, PgStore};

use crate::make::*;
use crate::member::deed;
use crate::server::{self, House};

#[tokio::test]
async fn writers_on_several_nodes_give_every_number_once_and_in_order() {
    let house = House::make().await;
    let nodes: Vec<PgStore> =
        join_all((0..3).map(|_| async { PgStore::open(house.options()).await.unwrap() })).await;
    for (nth, node) in nodes.iter().enumerate() {
        registered(node, &format!("node{nth}")).await;
    }
    join_all(nodes.iter().enumerate().map(|(nth, node)| async move {
        let channel = channel(&format!("node{nth}"));
        for key in 0..20 {
            posted(node, &channel, &key.to_string(), "BTC/USDT").await;
        }
    }))
    .await;

    let events = nodes[0].events(Seq::ZERO, 99).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    // Whoever sees a number sees all before it, on every node and at any time.
    for node in &nodes {
        assert_eq!(node.span().await.unwrap().head, Seq::new(60));
    }
}

#[tokio::test]
async fn a_server_that_cuts_every_connection_is_worth_another_try_and_heals() {
    let (store, house) = server::store().await;
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "1", "BTC/USDT").await;
    let mut person = house.person().await;
    for key in ["2", "3"] {
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(&mut person)
        .await
        .unwrap();
        // A connection that was cut is noticed when it is asked, at once or at the next try.
        let mut tries = 0;
        loop {
            let entry = call(
                post(&alpha, key, key),
                &[signal(&alpha, key, 0, "BTC/USDT")],
            );
            let entries = [domain::ports::store::Entry::Post(Box::new(entry))];
            match store.commit(&entries, NOW).await {
                Ok(_) => break,
                Err(error) => assert_eq!(error.advice(), Advice::Retry, "{error:?}"),
            }
            tries += 1;
            assert!(tries < 20, "it never healed");
        }
    }
    let events = store.events(Seq::ZERO, 9).await.unwrap();
    assert_eq!(events.len(), 3, "and nothing is there twice");
}

#[tokio::test]
async fn ranges_are_made_ahead_and_forgotten_as_a_whole() {
    let house = House::make().await;
    let options = || Options {
        range: 10,
        ..house.options()
    };
    let store = PgStore::open(options()).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    for key in 1..=34 {
        posted(&store, &alpha, &key.to_string(), "BTC/USDT").await;
    }
    let first = store.span().await.unwrap().first;
    assert_eq!(first, Seq::new(1), "all 34 found their range");

    assert_eq!(
        store.forget_below(Seq::new(25)).await.unwrap(),
        Seq::new(20)
    );
    let span = store.span().await.unwrap();
    assert_eq!((span.first, span.head), (Seq::new(20), Seq::new(34)));
    let kept = store.events(Seq::ZERO, 99).await.unwrap();
    assert_eq!(kept.len(), 15);
    assert_eq!(
        store.forget_below(Seq::new(999)).await.unwrap(),
        Seq::new(30)
    );
    // Signals stay, whatever is forgotten of the stream, and the next number follows the last.
    let query = domain::ports::store::SignalQuery {
        limit: 99,
        ..Default::default()
    };
    assert_eq!(store.signals(&query).await.unwrap().len(), 34);
    store.close().await;
    let again = PgStore::open(options()).await.unwrap();
    posted(&again, &alpha, "35", "BTC/USDT").await;
    assert_eq!(again.span().await.unwrap().head, Seq::new(35));
}

#[tokio::test]
async fn a_dump_that_takes_long_stops_no_writer() {
    let house = House::make().await;
    let options = Options {
        range: 10,
        ..house.options()
    };
    let store = PgStore::open(options).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "0", "BTC/USDT").await;
    // As `pg_dump` holds them, from its first moment to its last.
    let mut dump = house.person().await;
    for held in [
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "LOCK TABLE events, events_0, signals, posts, meta IN ACCESS SHARE MODE",
    ] {
        sqlx::query(held).execute(&mut dump).await.unwrap();
    }
    for key in 1..=34 {
        posted(&store, &alpha, &key.to_string(), "BTC/USDT").await;
    }
    assert_eq!(store.span().await.unwrap().head, Seq::new(35));
    sqlx::query("ROLLBACK").execute(&mut dump).await.unwrap();
}

#[tokio::test]
async fn a_step_of_the_schema_waits_for_who_reads_and_nobody_waits_for_it() {
    let house = House::make().await;
    // The schema of before accounts, whose step changes the row that everybody reads.
    let before = tempfile::tempdir().unwrap();
    for step in std::fs::read_dir("migrations/postgres").unwrap() {
        let step = step.unwrap();
        if step.file_name().to_str().unwrap() < "0011" {
            std::fs::copy(step.path(), before.path().join(step.file_name())).unwrap();
        }
    }
    let mut person = house.person().await;
    let steps = sqlx::migrate::Migrator::new(before.path()).await.unwrap();
    steps.run(&mut person).await.unwrap();
    for found in [
        "INSERT INTO meta (one, epoch, head) VALUES (1, 'before', 0)",
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "SELECT head FROM meta",
    ] {
        sqlx::query(found).execute(&mut person).await.unwrap();
    }
    // Somebody reads, for long: an export, a dump.
    let mut other = house.person().await;
    let step = std::pin::pin!(PgStore::migrate(house.options()));
    let others = async {
        loop {
            let waits =
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'meta'::regclass";
            let waits = sqlx::query_scalar::<_, i64>(waits);
            if waits.fetch_one(&mut other).await.unwrap() > 0 {
                break;
            }
        }
        // Whoever comes behind the step gets his turn, again and again.
        for _ in 0..3 {
            let head = sqlx::query_scalar::<_, i64>("SELECT head FROM meta");
            let reading = head.fetch_one(&mut other);
            let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
            assert_eq!(read.unwrap().unwrap(), 0);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    };
    let step = match futures_util::future::select(step, std::pin::pin!(others)).await {
        Either::Left(_) => panic!("it waited for nobody"),
        Either::Right(((), step)) => step,
    };
    sqlx::query("ROLLBACK").execute(&mut person).await.unwrap();
    assert_eq!(step.await.unwrap()[0].version, 11);
    let store = PgStore::open(house.options()).await.unwrap();
    assert_eq!(store.span().await.unwrap().epoch.as_str(), "before");
}

#[tokio::test]
async fn what_is_wrong_with_the_address_is_told_without_its_password() {
    let tell = async |url: &str| {
        let options = Options::at(SecretString::from(url.to_owned()));
        let error = PgStore::open(options).await.unwrap_err();
        let mut told = format!("{error:?} {error}");
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = cause {
            told.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(!told.contains("geheim"), "{told}");
        error.advice()
    };
    assert_eq!(tell("postgres://me:geheim@[half").await, Advice::Stop);
    let nobody = "postgres://me:geheim@127.0.0.1:1/nothing";
    assert_eq!(tell(nobody).await, Advice::Retry);
    let house = House::make().await;
    let mut stranger = url::Url::parse(secrecy::ExposeSecret::expose_secret(&house.url)).unwrap();
    stranger.set_password(Some("geheim")).unwrap();
    assert_eq!(tell(stranger.as_str()).await, Advice::Stop);
    assert!(!format!("{:?}", Options::at(SecretString::from("geheim"))).contains("geheim"));
}

#[tokio::test]
async fn a_character_that_postgresql_cannot_keep_does_not_stop_a_post() {
    let (store, _house) = server::store().await;
    let alpha = registered(&store, "alpha").await;
    put(&store, talk(post(&alpha, "1", "zero \0 inside"))).await;
    let key = domain::ids::PostKey::new("1");
    let versions = store.versions(&alpha, &key).await.unwrap();
    assert_eq!(versions[0].post.text, "zero \u{FFFD} inside");
}

#[tokio::test]
async fn a_record_is_copied_and_goes_on_in_its_new_place() {
    let (file, _folder) = crate::file().await;
    let alpha = registered(&file, "alpha").await;
    let mut signals = Vec::new();
    for key in 0..7 {
        signals.push(posted(&file, &alpha, &key.to_string(), "BTC/USDT").await);
    }
    // A character that only one of the two can keep.
    put(&file, talk(edited(&alpha, "3", "other\0wise", 9))).await;
    let from = Opened::Sqlite(Arc::new(file));
    let house = House::make().await;
    // Ranges that the stream outgrows, so that more must be made for it.
    let options = Options {
        range: 3,
        ..house.options()
    };
    let to = Opened::Postgres(Arc::new(PgStore::open(options.clone()).await.unwrap()));
    let copied = copy(&from, &to, |_, _| {}).await.unwrap();
    let rows = |table| copied.iter().find(|one| one.table == table).unwrap().rows;
    assert_eq!((rows("posts"), rows("versions"), rows("events")), (7, 8, 7));

    let (old, new) = (from.port(), to.port());
    assert_eq!(old.span().await.unwrap(), new.span().await.unwrap());
    assert_eq!(
        old.events(Seq::ZERO, 99).await.unwrap(),
        new.events(Seq::ZERO, 99).await.unwrap()
    );
    for signal in &signals {
        assert_eq!(
            old.signal(signal.id).await.unwrap(),
            new.signal(signal.id).await.unwrap()
        );
    }
    assert_eq!(
        old.resume(&alpha, 9).await.unwrap(),
        new.resume(&alpha, 9).await.unwrap()
    );
    posted(&*new, &alpha, "after", "BTC/USDT").await;
    assert_eq!(new.span().await.unwrap().head, Seq::new(8));

    // And back again, into a file, with what came since.
    let folder = tempfile::tempdir().unwrap();
    let back = Kept::File(folder.path().join("back.db"), Durability::Normal);
    let back = back.open().await.unwrap();
    copy(&to, &back, |_, _| {}).await.unwrap();
    assert_eq!(
        back.port().events(Seq::ZERO, 99).await.unwrap(),
        new.events(Seq::ZERO, 99).await.unwrap()
    );

    // Never over something that is there.
    let refused = copy(&from, &to, |_, _| {}).await.unwrap_err();
    assert!(
        matches!(
            refused,
            CopyError::NotEmpty {
                table: "channels",
                rows: 1
            }
        ),
        "{refused}"
    );
    assert_eq!(new.span().await.unwrap().head, Seq::new(8));
}

#[tokio::test]
async fn the_log_is_only_added_to_whoever_is_connected() {
    let (store, house) = server::store().await;
    store.record(&deed("anna")).await.unwrap();
    let mut person = house.person().await;
    for sql in [
        "UPDATE deeds SET actor = 'nobody'",
        "DELETE FROM deeds",
        "TRUNCATE deeds",
        "INSERT INTO deeds SELECT * FROM deeds ON CONFLICT (number) DO UPDATE SET actor = 'nobody'",
    ] {
        let done = sqlx::query(sql).execute(&mut person).await;
        let why = done.unwrap_err().to_string();
        assert!(why.contains("only added to"), "{sql}: {why}");
    }
    store.record(&deed("max")).await.unwrap();
    let log = store.deeds(None, 9).await.unwrap();
    let actors: Vec<_> = log.iter().map(|(_, deed)| deed.actor.as_str()).collect();
    assert_eq!(actors, ["max", "anna"]);
}
