//! The store port's promises, on every implementation of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod any;
mod chain;
mod contract;
mod copied;
mod exact;
mod file;
mod forget;
mod make;
mod member;
mod pace;
mod postgres;
mod server;
mod teaching;
mod twins;

use touchstone::store::{Durability, Options, SqliteStore};

/// Runs each promise on a fresh store of its own.
macro_rules! keeps {
    ($open:path: $($room:ident::$promise:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let (store, _house) = $open().await;
                crate::contract::$room::$promise(&store).await;
            }
        )*
    };
}

mod in_a_file {
    crate::contract!(super::file);
}

mod in_memory {
    crate::contract!(super::memory);
}

mod in_postgres {
    crate::contract!(super::server::store);
}

async fn file() -> (SqliteStore, tempfile::TempDir) {
    let house = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Normal,
        ..Options::file(house.path().join("record.db"))
    };
    (SqliteStore::open(options).await.unwrap(), house)
}

async fn memory() -> (SqliteStore, ()) {
    (SqliteStore::open(Options::memory()).await.unwrap(), ())
}
