//! The platform against the simulator's truth: what it read, and how it judged.
//!
//! The simulator knows what each post really was, and has a judge of its own that shares nothing
//! with the platform's but the published rules.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "the figures are worth reading")]

mod compare;

use std::time::{Duration, Instant};

use compare::Comparison;
use domain::ports::Clock as _;
use domain::ports::store::{Entry, SignalQuery};
use touchstone::clock::WallClock;
use touchstone::config::Settings;
use touchstone::serve::{self, Running};
use touchstone::store::chain::Asked;
use touchstone::store::{Durability, Kept};

/// So many outcomes are to be compared, in both bounds each, or as many as come in this time.
const ENOUGH: usize = 12;
const AT_MOST: Duration = Duration::from_secs(100);

#[actix::test]
async fn every_reading_and_every_outcome_agrees_with_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::load(None).unwrap();
    settings.http.listen = "127.0.0.1:0".parse().unwrap();
    settings.http.drain_ms = 1;
    settings.simulator.path = folder.path().join("simulator.db");
    settings.simulator.pace = 6.0;
    let running = serve::start(&settings, false, None).await.unwrap();
    let begun = Instant::now();
    let mut comparison = compare(&running).await;
    while !comparison.reaches(ENOUGH) && begun.elapsed() < AT_MOST {
        tokio::time::sleep(Duration::from_secs(2)).await;
        comparison = compare(&running).await;
    }
    running.stop().await;
    sealed(&folder.path().join("simulator.db")).await;
    comparison.print();
    comparison.hold();
}

/// What the platform stored holds when it is sealed, and every outcome adds up from its events.
async fn sealed(database: &std::path::Path) {
    let place = Kept::File(database.to_owned(), Durability::Normal);
    let opened = place.open().await.unwrap();
    let chain = opened.chain();
    let until = loop {
        if let Some(until) = chain.gather(500).await.unwrap().until {
            break until;
        }
    };
    let tomorrow = WallClock.now() + Duration::from_secs(86_400);
    let entry = chain.due(until, tomorrow).await.unwrap().unwrap();
    let entries = [Entry::Seal(Box::new(entry))];
    opened.port().commit(&entries, tomorrow).await.unwrap();
    let verified = opened.verify(&Asked::default()).await.unwrap();
    eprintln!("{verified:?}");
    assert_eq!(verified.findings, []);
    assert!(
        verified.outcomes > 0 && verified.figures > 0,
        "{verified:?}"
    );
    opened.close().await;
}

async fn compare(running: &Running) -> Comparison {
    let query = SignalQuery {
        limit: 500,
        ..SignalQuery::default()
    };
    let records = running.store().signals(&query).await.unwrap();
    let mut comparison = Comparison::default();
    comparison.readings(running).await;
    for record in &records {
        comparison.outcome(running, record).await;
    }
    comparison
}
