//! Nothing is lost on the way into the store and out of it.

use domain::event::{Body, Happening};
use domain::execution::ExecutionModel;
use domain::ids::Seq;
use domain::lifecycle::{State, Track, What};
use domain::ports::store::{ChannelCard, Entry, MarketEntry, Store, TrackRecord};
use domain::post::{Origin, Post};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use touchstone::store::{Options, SqliteStore};

use crate::any;
use crate::make::*;

#[test]
fn any_event_comes_back_as_it_was() {
    let clerk = tokio::runtime::Runtime::new().unwrap();
    let lives = (any::life(), any::judged());

    TestRunner::new(Config::with_cases(200))
        .run(&lives, |(life, last)| {
            let judged = Happening {
                body: last,
                ..life[0].clone()
            };
            clerk.block_on(async {
                let store = SqliteStore::open(Options::memory()).await.unwrap();
                round_trip(&store, life, judged).await
            })
        })
        .unwrap();
}

#[test]
fn any_event_comes_back_from_postgresql_as_it_was() {
    let clerk = tokio::runtime::Runtime::new().unwrap();
    let house = clerk.block_on(crate::server::House::make());
    let lives = (any::life(), any::judged());
    let case = std::cell::Cell::new(0);

    TestRunner::new(Config::with_cases(40))
        .run(&lives, |(life, last)| {
            case.set(case.get() + 1);
            let judged = Happening {
                body: last,
                ..life[0].clone()
            };
            clerk.block_on(async {
                let options = touchstone::store::postgres::Options {
                    schema: Some(format!("case_{}", case.get())),
                    ..house.options()
                };
                let store = touchstone::store::PgStore::open(options).await.unwrap();
                let done = round_trip(&store, life, judged).await;
                store.close().await;
                done
            })
        })
        .unwrap();
}

async fn round_trip(
    store: &dyn Store,
    life: Vec<Happening>,
    judged: Happening,
) -> Result<(), TestCaseError> {
    let Body::Signal { signal, score } = life[0].body.clone() else {
        unreachable!("a life begins with its signal");
    };
    let card = ChannelCard {
        id: signal.channel.clone(),
        platform: "file".to_owned(),
        title: String::new(),
        origin: Origin::Live,
    };
    store.register(&card, NOW).await.unwrap();
    let mut entry = talk(Post {
        key: signal.post.clone(),
        ..post(&signal.channel, "", "x")
    });
    entry.happenings = life;
    let told = events(put(store, entry).await);
    let stored = store.events(Seq::ZERO, 99).await.unwrap();
    prop_assert_eq!(&told, &stored);
    // To the last trailing zero, so that a replayed event has the live one's bytes.
    prop_assert_eq!(format!("{told:?}"), format!("{stored:?}"));

    let record = store.signal(signal.id).await.unwrap().unwrap();
    prop_assert_eq!(&record.signal, &signal);
    prop_assert_eq!(&record.score, &score);
    let mut states = told
        .iter()
        .filter_map(|event| state(&event.happening().unwrap().body));
    prop_assert_eq!(record.state, states.next_back().unwrap_or(State::Pending));
    let open = store.open_on(&signal.instrument).await.unwrap();
    prop_assert_eq!(open.len(), 1);

    // Prices as large as these overflow a track; what it holds is no matter here.
    let plain = crate::make::signal(&signal.channel, "", 0, "BTC/USDT");
    let track = TrackRecord {
        signal: signal.id,
        step: 1,
        heard: Seq::new(1),
        track: Track::open(&plain, &ExecutionModel::DEFAULT),
    };
    let entry = MarketEntry {
        happenings: vec![judged.clone()],
        tracks: vec![track],
    };
    let receipts = store.commit(&[Entry::Market(entry)], NOW).await.unwrap();
    let told = events(receipts[0].clone());
    prop_assert_eq!(told[0].happening(), Some(&judged));
    let stored = store.events_of(signal.id).await.unwrap();
    prop_assert_eq!(stored.last(), told.last());
    let record = store.signal(signal.id).await.unwrap().unwrap();
    prop_assert_eq!(Some(record.state), state(&judged.body));
    if let Body::Progress(change) = &judged.body
        && let What::Judged(outcome) = &change.what
    {
        prop_assert_eq!(record.outcome.as_ref(), Some(&**outcome));
    }
    Ok(())
}

fn state(body: &Body) -> Option<State> {
    match body {
        Body::Progress(change) => Some(change.state),
        Body::Signal { .. } | Body::Instruction { .. } | Body::Revision { .. } => None,
    }
}
