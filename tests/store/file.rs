//! What a file adds: it is there again after a stop, a crash or a wrong program.

use std::path::Path;

use domain::ids::{Epoch, PostKey, Seq};
use domain::ports::Advice;
use domain::ports::store::{Receipt, SignalQuery, Store, StoreError};
use touchstone::store::{Durability, Options, SqliteStore};

use crate::make::*;

fn options(house: &Path) -> Options {
    Options {
        durability: Durability::Normal,
        ..Options::file(house.join("deep/inside/record.db"))
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_stop() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "1", "BTC/USDT").await;
    put(&store, with_cursor(talk(post(&alpha, "2", "x")), "2")).await;
    let before = everything(&store).await;
    store.close().await;
    assert!(store.span().await.is_err());

    let store = SqliteStore::open(options(house.path())).await.unwrap();

    assert_eq!(everything(&store).await, before);
    let again = put(&store, talk(post(&alpha, "1", "1"))).await;
    assert_eq!(again, Receipt::Duplicate);
    let signal = posted(&store, &alpha, "3", "BTC/USDT").await;
    assert_eq!(
        store.signal(signal.id).await.unwrap().unwrap().seq,
        Seq::new(2)
    );
}

#[tokio::test]
async fn a_crash_at_any_commit_leaves_whole_commits() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    let files = house.path().join("deep/inside");

    for n in 1..=12_u64 {
        let key = n.to_string();
        let signal = signal(&alpha, &key, 0, "BTC/USDT");
        let entry = call(post(&alpha, &key, &key), &[signal]);
        put(&store, with_cursor(entry, &key)).await;

        // What the disk holds at this moment is what a killed process leaves behind.
        let copy = tempfile::tempdir().unwrap();
        let inside = copy.path().join("deep/inside");
        std::fs::create_dir_all(&inside).unwrap();
        for name in ["record.db", "record.db-wal"] {
            std::fs::copy(files.join(name), inside.join(name)).unwrap();
        }
        let survivor = SqliteStore::open(options(copy.path())).await.unwrap();
        assert_eq!(everything(&survivor).await, everything(&store).await);
        assert_eq!(survivor.span().await.unwrap().head, Seq::new(n));
        survivor.close().await;
    }
}

#[tokio::test]
async fn a_torn_last_commit_is_no_commit() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "1", "BTC/USDT").await;
    let files = house.path().join("deep/inside");
    let whole = std::fs::metadata(files.join("record.db-wal"))
        .unwrap()
        .len();
    posted(&store, &alpha, "2", "BTC/USDT").await;
    let longer = std::fs::metadata(files.join("record.db-wal"))
        .unwrap()
        .len();

    for cut in [whole, whole + 1, (whole + longer) / 2, longer - 1] {
        let copy = tempfile::tempdir().unwrap();
        let inside = copy.path().join("deep/inside");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::copy(files.join("record.db"), inside.join("record.db")).unwrap();
        let wal = std::fs::read(files.join("record.db-wal")).unwrap();
        let cut = usize::try_from(cut).unwrap();
        std::fs::write(inside.join("record.db-wal"), &wal[..cut]).unwrap();

        let survivor = SqliteStore::open(options(copy.path())).await.unwrap();

        assert_eq!(survivor.span().await.unwrap().head, Seq::new(1));
        let versions = survivor.versions(&alpha, &PostKey::new("2")).await.unwrap();
        assert_eq!(versions, []);
        let again = posted(&survivor, &alpha, "2", "BTC/USDT").await;
        let record = survivor.signal(again.id).await.unwrap().unwrap();
        assert_eq!(record.seq, Seq::new(2));
        survivor.close().await;
    }
}

#[tokio::test]
async fn a_second_process_is_refused_by_name() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();

    let second = SqliteStore::open(options(house.path())).await.unwrap_err();

    assert_eq!(second.advice(), Advice::Retry);
    let StoreError::Unreachable(why) = second else {
        panic!("{second:?}");
    };
    assert!(why.to_string().contains("deep/inside/record.db"), "{why}");
    store.close().await;
    SqliteStore::open(options(house.path())).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let house = tempfile::tempdir().unwrap();
    let options = options(house.path());
    SqliteStore::open(options.clone())
        .await
        .unwrap()
        .close()
        .await;
    tamper(
        house.path(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .await;

    for refused in [
        SqliteStore::open(options.clone()).await.map(drop),
        SqliteStore::pending_migrations(options.clone())
            .await
            .map(drop),
        SqliteStore::migrate(options).await.map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.advice(), Advice::Stop);
        assert!(refused.to_string().contains("9999"), "{refused}");
    }
}

#[tokio::test]
async fn an_event_of_a_newer_shape_is_not_guessed_at() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "1", "BTC/USDT").await;
    store.close().await;
    tamper(
        house.path(),
        "UPDATE events SET body = replace(body, '\"v\":1', '\"v\":2')",
    )
    .await;

    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let refused = store.events(Seq::ZERO, 9).await.unwrap_err();

    assert!(matches!(refused, StoreError::Unknown(_)), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let house = tempfile::tempdir().unwrap();
    let path = house.path().join("record.db");
    std::fs::write(&path, "Dear diary, ".repeat(100)).unwrap();

    let refused = SqliteStore::open(Options::file(path)).await.unwrap_err();

    assert_eq!(refused.advice(), Advice::Stop);
}

#[tokio::test]
async fn migrations_are_pending_until_they_are_applied() {
    let house = tempfile::tempdir().unwrap();
    let options = options(house.path());

    let pending = SqliteStore::pending_migrations(options.clone())
        .await
        .unwrap();
    assert!(!pending.is_empty());
    assert!(!house.path().join("deep").exists());

    assert_eq!(
        SqliteStore::migrate(options.clone()).await.unwrap(),
        pending
    );
    assert_eq!(SqliteStore::pending_migrations(options).await.unwrap(), []);
}

#[tokio::test]
async fn an_epoch_is_given_once() {
    let house = tempfile::tempdir().unwrap();
    let named = |name: &str| Options {
        epoch: Some(Epoch::new(name)),
        ..options(house.path())
    };
    let store = SqliteStore::open(named("k3")).await.unwrap();
    assert_eq!(store.span().await.unwrap().epoch, Epoch::new("k3"));
    store.close().await;

    let store = SqliteStore::open(named("k4")).await.unwrap();
    assert_eq!(store.span().await.unwrap().epoch, Epoch::new("k3"));

    let fresh = SqliteStore::open(Options::memory()).await.unwrap();
    let other = SqliteStore::open(Options::memory()).await.unwrap();
    assert_ne!(fresh.span().await.unwrap(), other.span().await.unwrap());
}

#[tokio::test]
async fn a_new_epoch_renames_the_history_and_keeps_it() {
    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    let alpha = registered(&store, "alpha").await;
    posted(&store, &alpha, "1", "BTC/USDT").await;

    store
        .begin_epoch(&Epoch::new("after-restore"))
        .await
        .unwrap();

    let span = store.span().await.unwrap();
    assert_eq!(
        (span.epoch.as_str(), span.head),
        ("after-restore", Seq::new(1))
    );
    let event = &store.events(Seq::ZERO, 1).await.unwrap()[0];
    assert_eq!(event.epoch, span.epoch);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_record() {
    use std::os::unix::fs::PermissionsExt as _;

    let house = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(house.path())).await.unwrap();
    registered(&store, "alpha").await;
    let mode = |name: &str| {
        let path = house.path().join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };

    assert_eq!(mode("deep"), 0o700);
    for name in [
        "record.db",
        "record.db-wal",
        "record.db-shm",
        "record.db.lock",
    ] {
        assert_eq!(mode(&format!("deep/inside/{name}")), 0o600, "{name}");
    }
}

/// What can be asked of a store with one channel.
async fn everything(store: &SqliteStore) -> String {
    let alpha = channel("alpha");
    let query = SignalQuery {
        limit: 99,
        ..SignalQuery::default()
    };
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        store.span().await.unwrap(),
        store.events(Seq::ZERO, 99).await.unwrap(),
        store.channels().await.unwrap(),
        store.resume(&alpha, 99).await.unwrap(),
        store.signals(&query).await.unwrap(),
    )
}

/// Changes a closed database behind the store's back.
async fn tamper(house: &Path, sql: &'static str) {
    let file =
        sqlx::sqlite::SqliteConnectOptions::new().filename(house.join("deep/inside/record.db"));
    let pool = sqlx::SqlitePool::connect_with(file).await.unwrap();
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
}
