//! How fast it is: run with `--ignored --nocapture`, it proves nothing and prints.

use std::time::Instant;

use domain::ports::store::{Entry, Store};
use touchstone::store::{Durability, Options, Place, SqliteStore};

use crate::make::*;

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
