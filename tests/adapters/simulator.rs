//! Both adapters against the simulator, which knows what really happened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use simulator::{Deed, Simulator, Truth};
use url::Url;

use domain::ids::ChannelId;
use domain::market::{Instrument, Tick, Venue};
use domain::ports::source::{OpenSource, Resume};
use domain::ports::{Clock, Feed};
use domain::post::{Action, Origin};
use domain::time::Timestamp;
use touchstone::feeds::binance;
use touchstone::feeds::venue::{LIMITS, Options, Rhythm};
use touchstone::outbound::{Limits, Outbound, Reach};
use touchstone::sources::telegram::{self, TelegramPreview};

use crate::server::{Wall, within};

fn url(scheme: &str, simulator: &Simulator) -> Url {
    Url::parse(&format!("{scheme}://{}", simulator.address())).unwrap()
}

#[tokio::test]
async fn every_trade_of_the_simulated_venue_is_told_once_through_cuts_and_refusals() {
    let simulator = simulator::start(simulator::Options::default()).unwrap();
    let options = Options {
        judge_by: touchstone::feeds::venue::JudgeBy::Trades,
        venue: Venue::new("sim"),
        stream: url("ws", &simulator),
        rest: url("http", &simulator),
        clock: Arc::new(Wall),
        rhythm: Rhythm {
            pulse: Duration::from_millis(50),
            first_pause: Duration::from_millis(20),
            ..Rhythm::default()
        },
    };
    let feed = binance::spot(options, Outbound::new(Reach::Anywhere, LIMITS).unwrap());
    let listing = feed.listing().await.unwrap();
    assert_eq!(listing.len(), simulator.symbols().len());
    assert!(listing.iter().all(|listed| listed.price.is_some()));

    let since = Timestamp::from_millis(Wall.now().as_millis() - 60_000);
    let pair = Instrument::parse("sim:spot:QBT/USDT").unwrap();
    let mut tape = feed.follow(&pair, Some(since));
    let mut trades = Vec::new();
    let mut cuts = 0;
    within("a minute of history and five cuts", async {
        while trades.len() < 340 || cuts < 5 {
            for tick in tape.next().await.unwrap().unwrap() {
                match tick {
                    Tick::Trade(trade) => trades.push(trade),
                    Tick::Time(_) => {}
                    Tick::Candle(_) | Tick::Hole { .. } => panic!("{tick:?}"),
                }
            }
            if trades.len() >= 310 + 5 * cuts && cuts < 5 {
                simulator.faults().exchange.drop_connections();
                cuts += 1;
            }
        }
    })
    .await;

    let symbol = simulator::find("QBTUSDT").unwrap();
    let first = simulator.market().last_id(symbol, since.as_millis() - 1) + 1;
    for (told, real) in trades.iter().zip(simulator.market().trades(symbol, first)) {
        assert_eq!(told.id, real.id.cast_unsigned());
        assert_eq!(told.at.as_millis(), real.at_ms);
        assert_eq!(told.price.get(), real.price.padded().parse().unwrap());
    }
}

/// When the channels are first read, in microseconds.
const START: i64 = 1_780_000_000_000_000;

/// How far time goes from one look to the next.
const STEP: i64 = 30_000_000;

/// The simulator's time as the platform's.
struct Hand(simulator::Clock);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now())
    }
}

/// What should have been told: the number and what its author did. A channel is looked at between
/// two steps of time, and what came and went within one of them nobody can have seen.
fn expected(truths: &[Truth], until: i64) -> BTreeSet<(i64, &'static str)> {
    let mut expected = BTreeSet::new();
    for truth in truths {
        let looked = START + (truth.posted_at - START + STEP - 1) / STEP * STEP;
        let mut actions = truth.actions.iter();
        let gone = actions.find(|action| matches!(action.deed, Deed::Delete));
        let gone = gone.map_or(i64::MAX, |action| action.at);
        if gone <= looked {
            continue;
        }
        expected.insert((truth.id, "posted"));
        let mut actions = truth.actions.iter();
        let edit = actions.find(|action| matches!(action.deed, Deed::Edit { .. }));
        if edit.is_some_and(|edit| looked < edit.at && edit.at <= until.min(gone)) {
            expected.insert((truth.id, "edited"));
        }
        if gone <= until {
            expected.insert((truth.id, "deleted"));
        }
    }
    expected
}

#[tokio::test]
async fn every_post_edit_and_deletion_of_the_simulated_channels_is_told() {
    let (clock, hand) = simulator::Clock::by_hand(START);
    let simulator = simulator::start(simulator::Options {
        clock: clock.clone(),
        ..simulator::Options::default()
    })
    .unwrap();
    let mut seen = [0; 3];
    // An ordinary author, one who deletes and one who rewrites.
    for name in ["sim_steady", "sim_spotless", "sim_hindsight"] {
        hand.set(START);
        let options = telegram::Options {
            base: url("http", &simulator),
            interval: Duration::from_millis(2),
            reread: 400,
            origin: Origin::Simulator,
            ..telegram::Options::live(
                ChannelId::parse(name).unwrap(),
                name,
                Arc::new(Hand(clock.clone())),
            )
        };
        let outbound = Outbound::new(Reach::Anywhere, Limits::default()).unwrap();
        let mut source = TelegramPreview::new(options, outbound).open(Resume::default());
        let first = within("the first page", source.next())
            .await
            .unwrap()
            .unwrap();
        assert!(!first.posts.is_empty());

        let mut told = BTreeSet::new();
        for step in 1..=45 {
            let now = START + step * STEP;
            hand.set(now);
            let mut truths = simulator.truth_between(START, now);
            truths.retain(|truth| truth.channel == name);
            let expected = expected(&truths, now);
            within(&format!("{name}, step {step}"), async {
                while !expected.is_subset(&told) {
                    let batch = source.next().await.unwrap().unwrap();
                    for post in &batch.posts {
                        let id: i64 = post.key.as_str().parse().unwrap();
                        let what = match post.action {
                            Action::Original | Action::Forwarded => "posted",
                            Action::Edited => "edited",
                            Action::Deleted => "deleted",
                        };
                        told.insert((id, what));
                        let original = truths
                            .iter()
                            .all(|truth| truth.id != id || truth.actions.is_empty());
                        if what == "posted"
                            && original
                            && let Some(truth) = truths.iter().find(|truth| truth.id == id)
                        {
                            assert_eq!(post.text.trim(), truth.text.trim(), "post {id}");
                        }
                    }
                }
            })
            .await;
            let after_start: BTreeSet<_> = told
                .iter()
                .filter(|(id, _)| truths.iter().any(|truth| truth.id == *id))
                .copied()
                .collect();
            assert_eq!(after_start, expected, "and nothing else");
        }
        for (count, kind) in seen.iter_mut().zip(["posted", "edited", "deleted"]) {
            *count += told.iter().filter(|(_, what)| *what == kind).count();
        }
    }
    eprintln!("posted, edited, deleted: {seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "too quiet: {seen:?}");
}
