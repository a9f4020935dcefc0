//! A file that is backed up while it is written to, and put back: a new epoch begins, and nothing that
//! cannot be believed takes the record's place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::api::{number, text};
use crate::home::{Home, Said};
use crate::listener::Listener;
use crate::records::each_post_is_stored_once;
use crate::redis_reader::{Reader, ids, numbered};
use crate::redis_server::Server;
use crate::running::Running;

const DATABASE: &str = "data/simulator.db";

/// Where a record stands, as `backup` tells it: epoch and head.
fn told(said: &Said) -> (String, u64) {
    assert_eq!(said.code, Some(0), "{said:?}");
    let place = said.out.split_once(" up to ").unwrap().1;
    let (epoch, rest) = place.split_once(':').unwrap();
    let head = rest.split_once(' ').unwrap().0.parse().unwrap();
    (epoch.to_owned(), head)
}

async fn hears(running: &Running, events: usize) -> Listener {
    let mut listener = Listener::connect(&running.api.address, None).await;
    for _ in 0..events {
        listener.event().await;
    }
    listener
}

/// An event without the name of its history.
fn nameless(event: &Value) -> Value {
    let mut event = event.clone();
    event.as_object_mut().unwrap().shift_remove("id").unwrap();
    event
}

fn refused(said: &Said, why: &str) {
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(why), "not `{why}`: {}", said.err);
}

/// Every file of the database, but the lock that is always there.
fn files(home: &Home) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(home.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.extension().is_none_or(|it| it != "lock"))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_backup_under_load_is_put_back_and_everybody_is_told() {
    let server = Server::start();
    let home = Home::simulated().with("REDIS__URL", &server.url());
    let running = home.start(&[]).await;
    let mut listener = hears(&running, 20).await;
    // One after the other while it writes; the last one counts.
    let mut backed = (String::new(), 0);
    for nth in 0..5 {
        let heard = listener.at;
        let said = home.run(&["backup", &format!("copy-{nth}.db")], "");
        backed = told(&said);
        assert!(
            backed.1 >= heard,
            "{backed:?} lacks what was shown: {heard}"
        );
        assert_eq!(backed.0, listener.epoch);
        assert!(said.out.contains("data/secret.key"), "{said:?}");
        listener.event().await;
    }
    let copy = home.path("copy-4.db");
    stands_alone(&copy);
    let again = home.run(&["backup", "copy-4.db"], "");
    refused(&again, "is there already");

    for _ in 0..20 {
        listener.event().await;
    }
    let before = running.api.events().await;
    let position = listener.position();
    let unrestored = home.run(&["restore", "copy-4.db"], "");
    refused(&unrestored, "another process has the database");
    listener.event().await;
    running.stop().await;

    let restored = home.run(&["restore", "copy-4.db"], "");
    let (epoch, head) = told(&restored);
    assert_eq!((epoch, head), backed);
    assert!(restored.out.contains(".replaced-1"), "{restored:?}");
    let running = home.start(&[]).await;
    let (now, _) = running.api.position().await;
    assert_ne!(now, backed.0, "no new epoch");
    let after = running.api.events().await;
    let kept = usize::try_from(backed.1).unwrap();
    for (old, new) in before[..kept].iter().zip(&after) {
        assert_eq!(nameless(old), nameless(new));
    }
    assert!(before.len() > kept, "nothing came after the backup");
    // Whoever comes back with the position of before is told, and so is who reads in Redis.
    let told = Listener::connect(&running.api.address, Some(&position)).await;
    assert_eq!((told.resumed.as_str(), &told.epoch), ("reset", &now));
    let reader = Reader::connect(&server).await;
    let entries = reader.until(&now, after.len()).await;
    assert_eq!(ids(&entries), numbered(0, entries.len() as u64));
    assert_eq!(reader.epoch().await, Some(now.clone()));
    assert!(reader.goes_in(&backed.0).await > 0);
    let deeds = running.api.json("/v1/admin/audit").await;
    assert!(
        deeds.to_string().contains("restored from copy-4.db"),
        "{deeds}"
    );
    running.stop().await;
    each_post_is_stored_once(&home.path(DATABASE)).await;
    let verified = home.run(&["verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    println!("{} events, {kept} of them in the backup", before.len());
}

/// One private file that needs none beside it.
fn stands_alone(copy: &Path) {
    let mode = fs::metadata(copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let header = fs::read(copy).unwrap();
    assert_eq!(header[18..20], [1, 1], "it says that it has a WAL");
    let folder = fs::read_dir(copy.parent().unwrap()).unwrap();
    let beside: Vec<_> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy-") && !name.ends_with(".db"))
        .collect();
    assert_eq!(beside, Vec::<String>::new());
}

/// An installation with a backup of some events, and some that came later; it has stopped.
async fn backed_up(home: Home) -> (Home, u64) {
    let running = home.start(&[]).await;
    let mut listener = hears(&running, 20).await;
    let (_, head) = told(&home.run(&["backup", "copy.db"], ""));
    while listener.at < head + 20 {
        listener.event().await;
    }
    running.stop().await;
    (home, head)
}

/// Changes a file although other rows refer to what changes.
async fn tamper(file: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(file);
    let options = options.create_if_missing(true).foreign_keys(false);
    let mut person = options.connect().await.unwrap();
    sqlx::query(sql).execute(&mut person).await.unwrap();
    sqlx::Connection::close(person).await.unwrap();
}

#[tokio::test]
async fn what_is_no_whole_record_is_refused_and_nothing_is_touched() {
    let (home, head) = backed_up(Home::simulated()).await;
    let good = fs::read(home.path("copy.db")).unwrap();
    let before = files(&home);
    let page = 4096;
    let mut torn = good.clone();
    let middle = good.len() / page / 2 * page;
    torn[middle..middle + 64].fill(0xA5);
    for (name, bytes) in [
        ("half.db", good[..good.len() / 2].to_vec()),
        ("a-page-less.db", good[..good.len() - page].to_vec()),
        ("a-byte-less.db", good[..good.len() - 1].to_vec()),
        ("torn.db", torn),
    ] {
        fs::write(home.path(name), bytes).unwrap();
        refused(&home.run(&["restore", name], ""), "is damaged");
    }
    fs::write(home.path("diary.db"), "Dear diary, ".repeat(1_000)).unwrap();
    fs::write(home.path("empty.db"), "").unwrap();
    tamper(&home.path("foreign.db"), "CREATE TABLE meta (one INTEGER)").await;
    for name in ["diary.db", "empty.db", "foreign.db"] {
        refused(
            &home.run(&["restore", name], ""),
            "is no record of Touchstone",
        );
    }
    refused(
        &home.run(&["restore", "nowhere.db"], ""),
        "there is no file nowhere.db",
    );
    refused(
        &home.run(&["restore", DATABASE], ""),
        "is the database itself",
    );
    for (name, change, why) in [
        (
            "newer.db",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', TRUE, x'00', 0)",
            "9999",
        ),
        (
            "other.db",
            "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1",
            "migration 1",
        ),
        (
            "real.db",
            "UPDATE channels SET origin = 'live'",
            "keeps what is simulated",
        ),
        (
            "orphan.db",
            "DELETE FROM versions WHERE rowid = 1",
            "is damaged",
        ),
    ] {
        fs::write(home.path(name), &good).unwrap();
        tamper(&home.path(name), change).await;
        refused(&home.run(&["restore", name], ""), why);
    }
    let into_nothing = home.run(&["backup", "no/such/folder.db"], "");
    refused(&into_nothing, "is not backed up");
    assert!(files(&home) == before, "something was touched");
    assert_eq!(told(&home.run(&["restore", "copy.db"], "")).1, head);
}

#[tokio::test]
async fn a_backup_whose_secrets_this_platform_cannot_open_is_refused() {
    let (home, _) = backed_up(Home::simulated()).await;
    let (key, aside) = (home.path("data/secret.key"), home.path("secret.key"));
    fs::rename(&key, &aside).unwrap();
    refused(
        &home.run(&["restore", "copy.db"], ""),
        "put the secret.key of that time",
    );
    assert!(!key.exists(), "another key was made");
    fs::write(&key, "another secret that is long enough for anybody").unwrap();
    refused(
        &home.run(&["restore", "copy.db"], ""),
        "secret.key is another",
    );
    fs::rename(&aside, &key).unwrap();
    told(&home.run(&["restore", "copy.db"], ""));
}

#[tokio::test]
async fn what_a_killed_platform_left_beside_its_file_is_not_added_to_the_backup() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let mut listener = hears(&running, 20).await;
    let (_, head) = told(&home.run(&["backup", "copy.db"], ""));
    while listener.at < head + 20 {
        listener.event().await;
    }
    running.kill();
    let wal = home.path("data/simulator.db-wal");
    assert!(fs::metadata(&wal).unwrap().len() > 0, "nothing was left");
    told(&home.run(&["restore", "copy.db"], ""));
    assert!(!wal.exists());
    // It is in what was replaced instead, where nothing is lost.
    let replaced = home.path("data/simulator.db.replaced-1");
    assert!(head_of(&replaced).await >= listener.at);
    assert_eq!(head_of(&home.path(DATABASE)).await, head);
    told(&home.run(&["restore", "copy.db"], ""));
    assert!(home.path("data/simulator.db.replaced-2").exists());
}

#[tokio::test]
async fn a_database_that_cannot_be_read_any_more_is_replaced_and_kept() {
    let (home, head) = backed_up(Home::simulated()).await;
    let mut ruin = fs::read(home.path(DATABASE)).unwrap();
    ruin[..100].fill(0);
    fs::write(home.path(DATABASE), &ruin).unwrap();
    fs::write(home.path("data/simulator.db-wal"), "what was left").unwrap();
    refused(&home.run(&["migrate"], ""), "could not migrate");
    assert_eq!(told(&home.run(&["restore", "copy.db"], "")).1, head);
    let kept = fs::read(home.path("data/simulator.db.replaced-1")).unwrap();
    assert!(kept == ruin, "it was changed");
    let running = home.start(&[]).await;
    let (_, now) = running.api.position().await;
    assert!(now >= head);
    running.stop().await;
}

async fn head_of(file: &Path) -> u64 {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut file = options.connect().await.unwrap();
    let head: i64 = sqlx::query_scalar("SELECT head FROM meta")
        .fetch_one(&mut file)
        .await
        .unwrap();
    u64::try_from(head).unwrap()
}

#[tokio::test]
async fn a_new_epoch_is_begun_for_a_reason_while_nothing_runs() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let listener = hears(&running, 5).await;
    let refusal = home.run(&["epoch", "new", "--why", "trying"], "");
    refused(&refusal, "another process has the database");
    running.stop().await;
    refused(&home.run(&["epoch", "new", "--why", " "], ""), "say why");
    assert_eq!(home.run(&["epoch", "new"], "").code, Some(2));
    let begun = home.run(&["epoch", "new", "--why", "moved by hand"], "");
    assert_eq!(begun.code, Some(0), "{begun:?}");
    let running = home.start(&[]).await;
    let again = Listener::connect(&running.api.address, Some(&listener.position())).await;
    assert_eq!(again.resumed, "reset");
    assert!(begun.out.contains(&again.epoch) && begun.out.contains(&listener.epoch));
    let deeds = running.api.json("/v1/admin/audit").await;
    let deed = &deeds[0];
    assert_eq!(
        (text(deed, "action"), text(deed, "subject")),
        ("epoch.begin".to_owned(), again.epoch)
    );
    assert!(deed.to_string().contains("moved by hand"), "{deed}");
    assert!(number(deed, "at") > 0);
    running.stop().await;
}
