//! Strategies that call live, and the same ones as a data set has them: the same calls, the same known of
//! them at their receipt, the same ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, SignalId};
use domain::market::{Instrument, Interval, Tick};
use domain::strategy::Strategy;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use scoring::dataset::called::{Caller, called};
use scoring::dataset::walk::{self, Told};
use scoring::features::{Features, schema};

use super::alike::{Scored, candle, candle_rows, instant, learn, same, seen_alike, told};
use super::played::{Row, Stage};

/// What of January 2025 is played: the strategy with the longest memory needs three days before it calls.
const FROM: &str = "2025-01-03T00:00:00Z";
const TO: &str = "2025-01-07T00:00:00Z";

const COINS: [&str; 2] = ["BTC", "ETH"];

/// What they call on.
const ON: Interval = Interval::Quarter;

/// What judges.
const CANDLE: Duration = Duration::from_secs(60);

/// So long after its candle a call is received live. A data set has it received as the candle was over, so
/// that even on coarse candles it is entered right after.
const HEARD_AFTER: Duration = Duration::from_secs(1);

/// What a second changes of what is known: the time of day, by less than this.
const A_SECOND: f32 = 1e-4;

/// What a data set has of each signal.
type Set = BTreeMap<SignalId, (Told, Features)>;

#[actix::test]
async fn what_strategies_call_live_is_what_a_data_set_has_of_them() {
    let Some(data) = super::data() else { return };
    let coins: BTreeMap<&str, Vec<Row>> = COINS
        .into_iter()
        .map(|coin| {
            let name = format!("candles/binance_spot/{coin}USDT-1m-20250101-20250204.csv.xz");
            let rows = candle_rows(&data.join(name), FROM, TO);
            assert!(rows.len() > 5_700, "{coin}: {} candles", rows.len());
            (coin, rows)
        })
        .collect();
    let live = live(&coins).await;
    let set = set(&coins);
    for strategy in Strategy::NAMES {
        let those = live
            .iter()
            .filter(|(told, ..)| told.signal.channel.as_str() == channel(strategy));
        assert!(those.count() >= 5, "{strategy} hardly calls");
    }
    let mut calls: Vec<SignalId> = live.iter().map(|(told, ..)| told.signal.id).collect();
    calls.sort_unstable();
    assert_eq!(calls, set.keys().copied().collect::<Vec<_>>());
    seen_alike(&live, &coins);
    known_alike(&live, &set);
    ended_alike(&live, &set);
}

/// What was seen of each signal live is what the data set has of it, but for what follows from the second
/// between them.
fn known_alike(live: &[Scored], set: &Set) {
    let mut followed = Vec::new();
    for (told, seen, _) in live {
        let signal = &told.signal;
        // The first on a market has the price of the venue's list.
        let first = !followed.contains(&&signal.instrument);
        followed.push(&signal.instrument);
        let (_, features) = &set[&signal.id];
        let both = features.signal.iter().zip(&seen.values);
        for (name, (trained, live)) in schema().signal.iter().zip(both) {
            let holds = match name.split_once('.').unwrap() {
                ("levels", "delay_log") => {
                    same(trained, &0.0) && same(live, &HEARD_AFTER.as_secs_f32().ln_1p())
                }
                ("levels", "entry_ahead" | "entry_away") if first => true,
                // What came of the earlier ones is compared by itself; which of several in one instant was
                // the first has no order.
                ("channel", "mean_r" | "deviation_r" | "streak" | "originality") => true,
                ("market", _) => (trained - live).abs() < A_SECOND || same(trained, live),
                _ => same(trained, live),
            };
            assert!(
                holds,
                "{name} of {}: {trained} in the data set, {live} live",
                signal.post
            );
        }
    }
}

/// Each signal ended as in the data set; it was entered a candle later, since nobody enters in one that had
/// begun when he heard of it.
fn ended_alike(live: &[Scored], set: &Set) {
    let (mut over, mut later) = (0_u32, Decimal::ZERO);
    for (told, ..) in live {
        let signal = &told.signal;
        let ends = (told.outcome.as_ref(), set[&signal.id].0.outcome.as_ref());
        let (one, other) = match ends {
            (Some(live), Some(trained)) => (live, trained),
            (None, None) => continue,
            _ => panic!("{} is over in one of them alone: {ends:?}", signal.post),
        };
        for (live, trained) in [
            (&one.pessimistic, &other.pessimistic),
            (&one.optimistic, &other.optimistic),
        ] {
            assert_eq!(
                (live.ending, live.ended_at, live.targets),
                (trained.ending, trained.ended_at, trained.targets),
                "{}",
                signal.post
            );
            let entered = trained.entered_at.map(|at| at + CANDLE);
            assert_eq!(live.entered_at, entered, "{}", signal.post);
        }
        later += one.pessimistic.r.unwrap() - other.pessimistic.r.unwrap();
        over += 1;
    }
    let later = (later / Decimal::from(over)).to_f64().unwrap();
    eprintln!("{over} are over; a candle of delay costs {later:+.4} R a trade");
    assert!(over >= 80 && later.abs() < 0.05, "{over}, {later}");
}

fn channel(strategy: &str) -> String {
    format!("{strategy}.{}", ON.label())
}

fn on(coin: &str) -> Instrument {
    Instrument::parse(&format!("binance:spot:{coin}/USDT")).unwrap()
}

/// What a serving platform has on record of what strategies called.
async fn live(coins: &BTreeMap<&'static str, Vec<Row>>) -> Vec<Scored> {
    let folder = tempfile::tempdir().unwrap();
    let mut more = String::new();
    for strategy in Strategy::NAMES {
        let (name, interval) = (channel(strategy), ON.label());
        writeln!(
            more,
            "[channels.\"{name}\"]\nsource = \"strategy\"\nstrategy = \"{strategy}\"\n\
             interval = \"{interval}\"\nsymbols = [\"BTC/USDT\", \"ETH/USDT\"]"
        )
        .unwrap();
    }
    let mut known = BTreeMap::new();
    let (mut now, end) = (instant(FROM), instant(TO));
    let stage = Stage::start(folder.path(), coins, &[], now, &more, None).await;
    while now < end {
        now = now + ON.span();
        // Time does not leap: the candles are known before anybody calls by them.
        stage.pass(now).await;
        stage.pass(now + HEARD_AFTER).await;
        let looked = format!("={}", now.as_millis() / 1_000);
        stage
            .until("every strategy has looked", async |running| {
                for strategy in Strategy::NAMES {
                    let channel = ChannelId::parse(&channel(strategy)).unwrap();
                    let resume = running.store().resume(&channel, 0).await.unwrap();
                    let cursor = resume.cursor;
                    let told = cursor.iter().flat_map(|at| at.as_str().matches(&looked));
                    if told.count() < COINS.len() {
                        return false;
                    }
                }
                true
            })
            .await;
        learn(&stage.running, &mut known).await;
    }
    let told = told(&stage.running, known).await;
    stage.running.stop().await;
    told
}

/// What a data set has of what strategies called.
fn set(coins: &BTreeMap<&'static str, Vec<Row>>) -> Set {
    let callers: Vec<Caller> = Strategy::NAMES
        .into_iter()
        .map(|name| Caller {
            channel: ChannelId::parse(&channel(name)).unwrap(),
            strategy: Strategy::named(name).unwrap(),
            interval: ON,
        })
        .collect();
    let ticks = |coin: &str| coins[coin].iter().map(|row| Tick::Candle(candle(row)));
    let model = ExecutionModel::DEFAULT;
    let all: Vec<Told> = COINS
        .into_iter()
        .flat_map(|coin| called(&on(coin), ticks(coin), &callers, &model))
        .collect();
    let paths = COINS.map(|coin| (on(coin), Box::new(ticks(coin)) as walk::Path<'_>));
    let mut set = Set::new();
    walk::features(&all, BTreeMap::from(paths), |told, features| {
        set.insert(told.signal.id, (told.clone(), features.unwrap()));
    });
    set
}
