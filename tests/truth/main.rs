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

use std::time::Duration;

use compare::Comparison;
use domain::ports::store::SignalQuery;
use touchstone::config::Settings;
use touchstone::serve::{self, Running};

/// How much is waited for: so many judged signals, or so long.
const JUDGED: u64 = 55;
const AT_MOST: Duration = Duration::from_secs(60);

async fn judged(running: &Running) -> u64 {
    let channels = running.store().channels().await.unwrap();
    channels.iter().map(|channel| channel.judged).sum()
}

#[actix::test]
async fn every_reading_and_every_outcome_agrees_with_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::load(None).unwrap();
    settings.http.listen = "127.0.0.1:0".parse().unwrap();
    settings.http.drain_ms = 1;
    settings.simulator.path = folder.path().join("simulator.db");
    settings.simulator.pace = 6.0;
    let running = serve::start(&settings, false, None).await.unwrap();
    let waiting = async {
        while judged(&running).await < JUDGED {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(AT_MOST, waiting).await.ok();

    let query = SignalQuery {
        limit: 500,
        ..SignalQuery::default()
    };
    let records = running.store().signals(&query).await.unwrap();
    let mut comparison = Comparison::default();
    comparison.readings(&running).await;
    for record in &records {
        comparison.outcome(&running, record).await;
    }
    running.stop().await;
    comparison.print();
    comparison.hold();
}
