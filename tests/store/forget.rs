//! Forgetting the old part of the stream, in a file and on a server.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Seq;
use domain::lifecycle::Ending;
use domain::ports::store::{SignalQuery, Store};
use touchstone::store::{Forgotten, Opened, Options, PgStore, SqliteStore, postgres};

use crate::contract::market::judged;
use crate::make::*;
use crate::server::House;

/// Two signals that are judged, one that is open, and one more that is judged. Gives the first number
/// of the open one.
async fn told(store: &dyn Store) -> Seq {
    let alpha = registered(store, "alpha").await;
    for key in ["1", "2"] {
        let signal = posted(store, &alpha, key, "BTC/USDT").await;
        judged(store, &signal, Ending::StoppedOut).await;
    }
    let open = store.span().await.unwrap().head.next();
    posted(store, &alpha, "3", "BTC/USDT").await;
    let last = posted(store, &alpha, "4", "BTC/USDT").await;
    judged(store, &last, Ending::AllTargets).await;
    open
}

async fn forgets(opened: Opened) -> Forgotten {
    let store = opened.port();
    let open = told(&*store).await;
    let head = store.span().await.unwrap().head;

    let nothing = opened.forget(NOW).await.unwrap();
    assert_eq!(nothing.wanted, Seq::new(1), "nothing is that old");
    assert_eq!(store.span().await.unwrap().first, Seq::new(1));

    let forgotten = opened.forget(NOW + Duration::from_secs(1)).await.unwrap();
    assert_eq!(forgotten.wanted, open, "what is open stays");
    let span = store.span().await.unwrap();
    assert_eq!(span.head, head);
    let query = SignalQuery {
        limit: 9,
        ..SignalQuery::default()
    };
    assert_eq!(store.signals(&query).await.unwrap().len(), 4);
    assert_eq!(
        store.events(Seq::ZERO, 99).await.unwrap()[0].seq,
        span.first
    );
    assert_eq!(
        span.first.max(Seq::new(1)),
        forgotten.first.max(Seq::new(1))
    );
    let alpha = channel("alpha");
    posted(&*store, &alpha, "5", "ETH/USDT").await;
    assert_eq!(store.span().await.unwrap().head, head.next());
    forgotten
}

#[tokio::test]
async fn a_file_forgets_up_to_the_first_open_signal() {
    let store = SqliteStore::open(Options::memory()).await.unwrap();
    let forgotten = forgets(Opened::Sqlite(Arc::new(store))).await;
    assert_eq!(forgotten.first, forgotten.wanted);
}

#[tokio::test]
async fn a_server_forgets_whole_ranges_before_the_first_open_signal() {
    let house = House::make().await;
    let options = postgres::Options {
        range: 2,
        ..house.options()
    };
    let store = PgStore::open(options).await.unwrap();
    let forgotten = forgets(Opened::Postgres(Arc::new(store))).await;
    assert!(
        forgotten.first > Seq::new(1) && forgotten.first <= forgotten.wanted,
        "{forgotten:?}"
    );
}
