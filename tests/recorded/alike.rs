//! The live path and the replay come to the same events: the simulator plays recorded candles to a
//! serving platform, real posts are brought to it at their times in two channels, and a replay of the
//! same files is held beside it.

use domain::execution::ExecutionModel;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Told as Tells};
use domain::ids::{Epoch, Seq, SignalId};
use domain::lifecycle::Evidence;
use domain::market::{Instrument, Price, Tick};
use domain::ports::Asked;
use domain::ports::store::SignalQuery;
use domain::post::Origin;
use domain::score::Seen;
use domain::time::Timestamp;
use scoring::dataset::walk::{self, Told};
use scoring::features::{Features, remembered, schema};
use serde_json::Value;
use touchstone::lessons::records;
use touchstone::replay::{self, Plan, candles, posts};
use touchstone::serve::Running;

use super::played::{Post, Row, Stage};

/// What of January 2025 is played: the posts from the first instant, the candles to the last.
const FROM: &str = "2025-01-03T00:00:00Z";
const TO: &str = "2025-02-03T00:00:00Z";

/// What is played: bitcoin, by which every other coin is seen, too.
const COINS: [&str; 2] = ["BTC", "ETH"];

/// Every so many posts are another's, so that there is company.
const OTHERS: usize = 3;

#[actix::test]
async fn serving_recorded_candles_and_replaying_them_give_the_same_events() {
    let Some(data) = super::data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let coins: BTreeMap<&str, Vec<Row>> = COINS
        .into_iter()
        .map(|coin| {
            let name = format!("candles/binance_spot/{coin}USDT-1m-20250101-20250204.csv.xz");
            (coin, candle_rows(&data.join(name), FROM, TO))
        })
        .collect();
    let posts = post_lines(&data.join("signals/zh_discord_chen_to20250831.jsonl"));
    let few = coins.values().any(|rows| rows.len() < 4_000);
    assert!(!few && posts.len() > 20, "{}", posts.len());

    // The same bytes for both.
    let candles = folder.path().join("binance_spot");
    std::fs::create_dir(&candles).unwrap();
    for (coin, rows) in &coins {
        let mut text = String::from("open_time,open,high,low,close,volume\n");
        for row in rows {
            writeln!(text, "{},{}", row.open_ms, row.numbers.join(",")).unwrap();
        }
        std::fs::write(candles.join(format!("{coin}USDT-1m-part.csv")), text).unwrap();
    }
    let file = folder.path().join("room.jsonl");
    let lines: Vec<&str> = posts.iter().map(|post| post.line.as_str()).collect();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();

    let plan = Plan {
        model: ExecutionModel::DEFAULT,
        events: true,
        lessons: false,
        candles: candles::Wanted {
            paths: vec![candles],
            ..candles::Wanted::default()
        },
        posts: posts::Wanted {
            files: vec![file.into()],
            columns: None,
        },
        strategies: replay::strategies::Wanted::default(),
        quiet: true,
    };
    let replayed = replay::run(&plan).await.unwrap().events;
    let Served {
        events: served,
        told,
    } = served(folder.path(), &coins, &posts).await;

    let kinds = served.iter().fold(BTreeMap::new(), |mut kinds, event| {
        *kinds.entry(event.label()).or_insert(0) += 1;
        kinds
    });
    let minutes: usize = coins.values().map(Vec::len).sum();
    eprintln!("{} posts, {minutes} candles: {kinds:?}", posts.len());
    assert!(kinds["signal"] >= 5 && kinds["outcome"] >= 3, "{kinds:?}");
    // What happens in one instant on two markets has no order.
    let (served, replayed) = (by_market(served), by_market(replayed));
    let mut followed = BTreeSet::new();
    let first: BTreeSet<Seq> = served
        .iter()
        .filter(|event| {
            let about = event.happening();
            about.is_some_and(|about| {
                about.instrument.venue.as_str() == "binance" && followed.insert(&about.instrument)
            })
        })
        .map(|event| event.seq)
        .collect();
    assert_eq!(first.len(), COINS.len());
    for (live, again) in served.iter().zip(&replayed) {
        differ(&plain(live, &first), &plain(again, &first));
    }
    assert_eq!(served.len(), replayed.len());
    seen_alike(&told, &coins);
}

/// A signal that was scored live: what is on record of it, what is kept of what was seen, and what was
/// known of it at its receipt.
pub(super) type Scored = (Told, Seen, Features);

/// What the live path saw of each signal at its receipt is what a data set of the same past tells.
pub(super) fn seen_alike(told: &[Scored], coins: &BTreeMap<&str, Vec<Row>>) {
    let on = |coin: &str| Instrument::parse(&format!("binance:spot:{coin}/USDT")).unwrap();
    let paths: BTreeMap<Instrument, walk::Path<'_>> = coins
        .iter()
        .map(|(coin, rows)| {
            let candles = rows.iter().map(|row| Tick::Candle(candle(row)));
            (on(coin), Box::new(candles) as walk::Path<'_>)
        })
        .collect();
    let past: Vec<Told> = told.iter().map(|(told, ..)| told.clone()).collect();
    let live: BTreeMap<SignalId, (&Seen, &Features)> = told
        .iter()
        .map(|(told, seen, features)| (told.signal.id, (seen, features)))
        .collect();
    let first = |on: &Instrument| {
        let there = past.iter().filter(|told| told.signal.instrument == *on);
        there.map(|told| told.signal.received).min()
    };
    let (mut compared, mut with_candles, mut with_window) = (0, 0, 0);
    let mut known = BTreeMap::<&str, usize>::new();
    walk::features(&past, paths, |told, features| {
        let ((seen, then), signal) = (live[&told.signal.id], &told.signal);
        let Some(features) = features else { return };
        assert_eq!(seen.schema, schema().hash);
        // Nobody watched the market before its first signal, and live that is said.
        let unwatched = Some(signal.received) == first(&signal.instrument);
        for (name, (trained, live)) in schema()
            .signal
            .iter()
            .zip(features.signal.iter().zip(&seen.values))
        {
            if unwatched && (name.starts_with("coin.") || name.starts_with("levels.")) {
                continue;
            }
            assert!(
                same(trained, live),
                "{name} of {}: {trained} in the data set, {live} live",
                signal.id
            );
            with_candles += usize::from(*name == "coin.moved_1h" && !live.is_nan());
            *known.entry(name).or_default() += usize::from(!live.is_nan() && *live != 0.0);
        }
        compared += 1;
        if unwatched {
            return;
        }
        // Of each target, as it was known then and as it follows from what is kept; and the window.
        let kept = remembered(signal, &seen.values).unwrap();
        for (nth, trained) in features.targets.iter().enumerate() {
            let names = schema().target.iter().zip(trained);
            let live = then.targets[nth].iter().zip(&kept.targets[nth]);
            for ((name, trained), (live, kept)) in names.zip(live) {
                assert!(
                    same(trained, live) && same(trained, kept),
                    "{name} of target {nth} of {}: {trained} in the data set, {live} live, {kept} by what is kept",
                    signal.id
                );
            }
        }
        for (trained, live) in [
            (&features.window.fine, &then.window.fine),
            (&features.window.coarse, &then.window.coarse),
        ] {
            let mut bars = trained.iter().zip(live);
            assert!(bars.all(|(one, other)| same(one, other)), "{}", signal.id);
        }
        with_window += usize::from(features.window.fine.iter().any(|bar| *bar != 0.0));
    });
    eprintln!(
        "{compared} vectors compared, {with_candles} of them with candles, {with_window} windows"
    );
    assert!(
        compared >= 30 && with_candles >= 15 && with_window >= 15,
        "{compared} {with_candles} {with_window}"
    );
    for name in [
        "crowd.same",
        "crowd.market_against",
        "channel.win_rate",
        "channel.originality",
        "market.bitcoin_4h",
    ] {
        assert!(
            known[name] > 0,
            "nothing is ever known of {name}: {known:?}"
        );
    }
}

/// The same number, or unknown to both.
pub(super) fn same(one: &f32, other: &f32) -> bool {
    (one.is_nan() && other.is_nan()) || (one - other).abs() <= 1e-5
}

/// What a serving platform came to.
struct Served {
    events: Vec<Arc<Event>>,
    /// Its signals that were scored.
    told: Vec<Scored>,
}

/// Everything on record of the signals that were scored, as training reads it, beside what was known.
pub(super) async fn told(
    running: &Running,
    mut known: BTreeMap<SignalId, Features>,
) -> Vec<Scored> {
    let predictions = running.predictions();
    let mut all = Vec::new();
    for told in records::told(running.store()).await.unwrap() {
        if let Some(seen) = predictions.seen(told.signal.id).await.unwrap() {
            let known = known.remove(&told.signal.id).unwrap();
            all.push((told, seen, known));
        }
    }
    all
}

/// What is known at this moment of the signals that have just come.
pub(super) async fn learn(running: &Running, known: &mut BTreeMap<SignalId, Features>) {
    let newest = SignalQuery {
        limit: 50,
        ..SignalQuery::default()
    };
    for record in running.store().signals(&newest).await.unwrap() {
        if known.contains_key(&record.signal.id) {
            break;
        }
        let features = running
            .knowledge()
            .features(&Asked::of(record.signal.clone()));
        known.extend(features.map(|features| (record.signal.id, features)));
    }
}

/// Says where two events first differ.
#[track_caller]
fn differ(live: &str, again: &str) {
    let pairs = live.lines().zip(again.lines()).enumerate();
    for (nth, (one, other)) in pairs {
        assert!(
            one == other,
            "line {nth}: live {one}, replayed {other}, of\n{again}"
        );
    }
    assert_eq!(live.len(), again.len());
}

/// Plays everything to a serving platform, and gives back what it stored.
async fn served(
    folder: &std::path::Path,
    coins: &BTreeMap<&'static str, Vec<Row>>,
    posts: &[Post],
) -> Served {
    let mut stage = Stage::start(folder, coins, posts, instant(FROM), "", None).await;
    let mut known = BTreeMap::new();
    for post in posts {
        stage.bring(post).await;
        learn(&stage.running, &mut known).await;
    }
    stage.pass(instant(TO)).await;
    let running = stage.running;
    let events = running.store().events(Seq::ZERO, usize::MAX).await;
    let told = told(&running, known).await;
    running.stop().await;
    Served {
        events: unsealed(events.unwrap()),
        told,
    }
}

/// Without seals, of which a replay makes none: a day may be over while everything is played.
fn unsealed(events: Vec<Arc<Event>>) -> Vec<Arc<Event>> {
    let about_signals = events
        .into_iter()
        .filter(|event| event.happening().is_some());
    let numbered = about_signals.zip(1..).map(|(mut event, nth)| {
        Arc::make_mut(&mut event).seq = Seq::new(nth);
        event
    });
    numbered.collect()
}

/// Each market's events in their order, one market after the other, and numbered so.
fn by_market(mut events: Vec<Arc<Event>>) -> Vec<Arc<Event>> {
    events.sort_by_key(|event| event.happening().map(|about| about.instrument.clone()));
    let numbered = events.into_iter().zip(1..).map(|(mut event, nth)| {
        Arc::make_mut(&mut event).seq = Seq::new(nth);
        event
    });
    numbered.collect()
}

/// An event as both tell it. They differ in the name of their history and in where the posts come
/// from; and the price at the receipt of the `first` signals, with which a market is first followed, is
/// the one of the venue's list.
fn plain(event: &Event, first: &BTreeSet<Seq>) -> String {
    let mut event = event.clone();
    event.epoch = Epoch::new("");
    let Tells::Happening(about) = &mut event.told else {
        return format!("{event:#?}");
    };
    about.origin = Origin::Import;
    if let Body::Signal { signal, .. } = &mut about.body {
        let signal = Arc::make_mut(signal);
        signal.origin = Origin::Import;
        if first.contains(&event.seq) {
            signal.price_at_receipt = None;
        }
    }
    // When it was stored, and when the candle that decided it came, are stamps; a volume's trailing
    // zeros say nothing.
    event.stored = Timestamp::MIN;
    if let Body::Progress(change) = &mut about.body {
        about.received = Timestamp::MIN;
        if let Evidence::Candle(candle) = &mut change.evidence {
            candle.volume = candle.volume.normalize();
        }
    }
    format!("{event:#?}")
}

pub(super) fn candle(row: &Row) -> domain::market::Candle {
    let price = |nth: usize| Price::parse(&row.numbers[nth]).unwrap();
    domain::market::Candle {
        open_time: Timestamp::from_millis(row.open_ms),
        span: Duration::from_secs(60),
        open: price(0),
        high: price(1),
        low: price(2),
        close: price(3),
        volume: row.numbers[4].parse().unwrap(),
    }
}

pub(super) fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

pub(super) fn candle_rows(path: &std::path::Path, from: &str, to: &str) -> Vec<Row> {
    let (from, to) = (instant(from).as_millis(), instant(to).as_millis());
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut lzma_rust2::XzReader::new(&bytes[..], true), &mut text)
        .unwrap();
    let mut rows = Row::all(&text);
    rows.retain(|row| (from..to).contains(&row.open_ms));
    rows
}

/// The posts of the file, some of them as another's.
fn post_lines(path: &std::path::Path) -> Vec<Post> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut posts: Vec<(Timestamp, Value)> = text
        .lines()
        .map(|line| {
            let post: Value = serde_json::from_str(line).unwrap();
            (instant(post["ts"].as_str().unwrap()), post)
        })
        .filter(|(at, _)| (instant(FROM)..instant(TO)).contains(at))
        .collect();
    posts.sort_by_key(|(at, _)| *at);
    let mut others = 0..;
    let posts = posts.into_iter().map(|(at, mut post)| {
        if others.next().is_some_and(|nth| nth % OTHERS == 0) {
            post["channel"] = "another".into();
        }
        Post {
            at,
            channel: post["channel"].as_str().unwrap().to_owned(),
            line: post.to_string(),
        }
    });
    posts.collect()
}
