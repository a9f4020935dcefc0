//! What a model that hangs costs: a thread each time, and at last the process.
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::guardian::{Household, RootCause, Vigil};
use actors::scorer::{Ask, Scorer};
use actors::supervise::{Child, Manners, Place};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Side};
use domain::ports::{Asked, Clock, Scorer as Model};
use domain::post::Origin;
use domain::reading::Entry;
use domain::score::Assessed;
use domain::signal::Signal;
use domain::time::Timestamp;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

struct Hanging;

impl Model for Hanging {
    fn model(&self) -> smol_str::SmolStr {
        "hanging/1".into()
    }

    fn score(&mut self, _: &[Asked]) -> Vec<Option<Assessed>> {
        loop {
            std::thread::park();
        }
    }
}

fn signal() -> Arc<Signal> {
    let channel = ChannelId::parse("test").unwrap();
    let post = PostKey::new("1");
    let now = Timestamp::from_micros(0);
    Arc::new(Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("sim:spot:QBT/USDT").unwrap(),
        substituted: false,
        side: Side::Long,
        entry: Entry::Market(None),
        targets: Vec::new(),
        stop: None,
        leverage: None,
        breakeven_after: None,
        posted: now,
        received: now,
        expires_at: now,
        held_at_most: Duration::ZERO,
        price_at_receipt: None,
        ambiguous: false,
    })
}

#[actix::test]
async fn a_third_hung_model_takes_the_process_down_and_until_then_signals_go_out_unscored() {
    let causes: Arc<Mutex<Vec<RootCause>>> = Arc::default();
    let heard = Arc::clone(&causes);
    let escalate = Arc::new(move |cause| heard.lock().unwrap().push(cause));
    let house = Household::found(Arc::new(Stopped), escalate, Vigil::default());
    let abandoned = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&abandoned);
    let factory = move || {
        let models: actors::scorer::Models = Arc::new(|| Box::new(Hanging));
        Scorer::new(models, Arc::clone(&counted)).with_patience(Duration::from_millis(20))
    };
    let (door, child) = Child::new("scorer", "scorer", Place::Own, Manners::default(), factory);
    house.raise(child).await;
    for lost in 1..=2 {
        assert_eq!(
            door.ask(Ask(Asked::of(signal()))).await,
            Ok(None),
            "unscored, and not lost"
        );
        assert_eq!(abandoned.load(Ordering::SeqCst), lost);
        assert!(causes.lock().unwrap().is_empty());
    }
    door.ask(Ask(Asked::of(signal()))).await.ok();
    let given_up = async {
        while causes.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), given_up)
        .await
        .expect("it never gave up");
    assert_eq!(causes.lock().unwrap()[0].child, "scorer");
}
