//! How fast it is: run with `--ignored --nocapture`, it proves nothing and prints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::ports::chain::Chain as _;
use domain::ports::store::{Entry, Store};
use touchstone::store::{Durability, Options, Place, SqliteStore};

use crate::make::*;

/// What sealing costs those who write meanwhile, and how much memory it takes.
#[tokio::test]
#[ignore = "a measurement"]
async fn sealing_beside_commits() {
    const POSTS: usize = 16_700;
    let house = tempfile::tempdir_in(".").unwrap();
    let store = SqliteStore::open(Options::file(house.path().join("record.db")))
        .await
        .unwrap();
    let alpha = registered(&store, "alpha").await;
    let one = |key: String| {
        let signal = signal(&alpha, &key, 0, "BTC/USDT");
        Entry::Post(Box::new(call(post(&alpha, &key, &key), &[signal])))
    };
    for many in (0..POSTS).collect::<Vec<_>>().chunks(64) {
        let entries: Vec<Entry> = many.iter().map(|nth| one(nth.to_string())).collect();
        store.commit(&entries, NOW).await.unwrap();
    }
    let alone = AtomicBool::new(false);
    let quiet = commits_until(&store, &|nth| one(format!("quiet {nth}")), &alone, 200).await;
    println!("alone: {}", told(quiet));
    let before = memory();
    let done = AtomicBool::new(false);
    let hashing = async {
        let begun = Instant::now();
        let mut records = 0;
        loop {
            let gathered = store.gather(actors::sealer::AT_ONCE).await.unwrap();
            records += gathered.records;
            if let Some(until) = gathered.until {
                done.store(true, Ordering::SeqCst);
                return (begun.elapsed(), records, until);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let beside = |nth| one(format!("beside {nth}"));
    let writing = commits_until(&store, &beside, &done, usize::MAX);
    let ((took, records, until), beside) = tokio::join!(hashing, writing);
    println!(
        "{records} records hashed in {took:.1?}; beside it: {}",
        told(beside)
    );
    let done = AtomicBool::new(false);
    let sealing = async {
        let begun = Instant::now();
        let due = store.due(until, NOW + Duration::from_secs(86_400)).await;
        done.store(true, Ordering::SeqCst);
        (begun.elapsed(), due.unwrap().unwrap())
    };
    let last = |nth| one(format!("last {nth}"));
    let writing = commits_until(&store, &last, &done, usize::MAX);
    let ((took, entry), beside) = tokio::join!(sealing, writing);
    println!(
        "seal of {} made in {took:.1?}; beside it: {}",
        entry.seal.sealed.records,
        told(beside)
    );
    let begun = Instant::now();
    store
        .commit(&[Entry::Seal(Box::new(entry))], NOW)
        .await
        .unwrap();
    println!(
        "seal stored in {:.1?}; memory grew from {before} to {} kB",
        begun.elapsed(),
        memory()
    );
}

/// Commits one post after the other until it is done, and says how long each took.
async fn commits_until(
    store: &SqliteStore,
    one: &impl Fn(usize) -> Entry,
    done: &AtomicBool,
    most: usize,
) -> Vec<Duration> {
    let mut took = Vec::new();
    while took.len() < most && !done.load(Ordering::SeqCst) {
        let entry = [one(took.len())];
        let begun = Instant::now();
        store.commit(&entry, NOW).await.unwrap();
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took
}

fn told(mut took: Vec<Duration>) -> String {
    took.sort();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    format!(
        "{} commits, median {:.1?}, 99 % {:.1?}, longest {:.1?}",
        took.len(),
        at(50),
        at(99),
        at(100)
    )
}

/// The most memory that this process ever had, in kB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn commits_a_second() {
    for durability in [Durability::Full, Durability::Normal] {
        for (group, commits) in [(1, 1_000), (64, 60)] {
            let house = tempfile::tempdir_in(".").unwrap();
            let store = SqliteStore::open(Options {
                place: Place::File(house.path().join("record.db")),
                durability,
                epoch: None,
            })
            .await
            .unwrap();
            let alpha = registered(&store, "alpha").await;
            let mut batches = Vec::new();
            for commit in 0..commits {
                let keys = (0..group).map(|nth| format!("{commit}.{nth}"));
                let entries: Vec<Entry> = keys
                    .map(|key| {
                        let signal = signal(&alpha, &key, 0, "BTC/USDT");
                        let entry = call(post(&alpha, &key, &key), &[signal]);
                        Entry::Post(Box::new(with_cursor(entry, &key)))
                    })
                    .collect();
                batches.push(entries);
            }

            let begun = Instant::now();
            for entries in &batches {
                store.commit(entries, NOW).await.unwrap();
            }

            let took = begun.elapsed().as_secs_f64();
            let rate = f64::from(commits) / took;
            let posts = rate * f64::from(group);
            println!("{durability:?}, groups of {group}: {rate:.0} commits/s, {posts:.0} posts/s");
        }
    }
}
