//! The live path and the replay come to the same events: the simulator plays recorded candles to a
//! serving platform, real posts are brought to it at their times, and a replay of the same files is
//! held beside it.

use domain::execution::ExecutionModel;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Told as Tells};
use domain::ids::{Epoch, Seq, SignalId};
use domain::lifecycle::Evidence;
use domain::market::{Instrument, Interval, Price, Tick};
use domain::ports::store::SignalQuery;
use domain::ports::{Asked, Clock};
use domain::post::Origin;
use domain::score::Seen;
use domain::time::Timestamp;
use reqwest::header::HeaderMap;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use scoring::dataset::walk::{self, Told};
use scoring::features::{Features, SEEN_AFTER, remembered, schema};
use serde_json::Value;
use simulator::{Amount, Hand, Recording};
use touchstone::config::Settings;
use touchstone::lessons::records;
use touchstone::outbound::{Limits, Outbound, Reach};
use touchstone::replay::{self, Plan, candles, posts};
use touchstone::serve::{self, Running};
use url::Url;

/// What of January 2025 is played: the posts from the first instant, the candles to the last.
const FROM: &str = "2025-01-03T00:00:00Z";
const TO: &str = "2025-02-03T00:00:00Z";

/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time that both sides go by.
struct Played(simulator::Clock);

impl Clock for Played {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now())
    }
}

#[actix::test]
async fn serving_recorded_candles_and_replaying_them_give_the_same_events() {
    let Some(data) = super::data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rows = candle_rows(&data.join("candles/binance_spot/ETHUSDT-1m-20250101-20250204.csv.xz"));
    let posts = post_lines(&data.join("signals/zh_discord_chen_to20250831.jsonl"));
    assert!(
        rows.len() > 4_000 && posts.len() > 20,
        "{} {}",
        rows.len(),
        posts.len()
    );

    // The same bytes for both.
    let candles = folder.path().join("binance_spot");
    std::fs::create_dir(&candles).unwrap();
    let mut text = String::from("open_time,open,high,low,close,volume\n");
    for row in &rows {
        writeln!(text, "{},{}", row.open_ms, row.numbers.join(",")).unwrap();
    }
    std::fs::write(candles.join("ETHUSDT-1m-part.csv"), text).unwrap();
    let file = folder.path().join("room.jsonl");
    let lines: Vec<&str> = posts.iter().map(|(_, line)| line.as_str()).collect();
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
    } = served(folder.path(), &rows, &posts).await;

    let kinds = served.iter().fold(BTreeMap::new(), |mut kinds, event| {
        *kinds.entry(event.label()).or_insert(0) += 1;
        kinds
    });
    eprintln!("{} posts, {} candles: {kinds:?}", posts.len(), rows.len());
    assert!(kinds["signal"] >= 5 && kinds["outcome"] >= 3, "{kinds:?}");
    let listed = |event: &&Arc<Event>| {
        let about = event.happening();
        about.is_some_and(|about| about.instrument.venue.as_str() == "binance")
    };
    let first = served.iter().find(listed).map(|event| event.seq);
    for (live, again) in served.iter().zip(&replayed) {
        differ(&plain(live, first), &plain(again, first));
    }
    assert_eq!(served.len(), replayed.len());
    seen_alike(&told, &rows);
}

/// A signal that was scored live: what is on record of it, what is kept of what was seen, and what was
/// known of it at its receipt.
type Scored = (Told, Seen, Features);

/// What the live path saw of each signal at its receipt is what a data set of the same past tells.
fn seen_alike(told: &[Scored], rows: &[Row]) {
    let on = Instrument::parse("binance:spot:ETH/USDT").unwrap();
    let candles = rows.iter().map(|row| Tick::Candle(row.domain()));
    let paths: BTreeMap<Instrument, walk::Path<'_>> =
        BTreeMap::from([(on.clone(), Box::new(candles) as walk::Path<'_>)]);
    let past: Vec<Told> = told.iter().map(|(told, ..)| told.clone()).collect();
    let live: BTreeMap<SignalId, (&Seen, &Features)> = told
        .iter()
        .map(|(told, seen, features)| (told.signal.id, (seen, features)))
        .collect();
    let first = past.iter().filter(|told| told.signal.instrument == on);
    let first = first.map(|told| told.signal.received).min();
    let (mut compared, mut with_candles, mut with_window) = (0, 0, 0);
    walk::features(&past, paths, |told, features| {
        let ((seen, known), signal) = (live[&told.signal.id], &told.signal);
        let Some(features) = features else { return };
        assert_eq!(seen.schema, schema().hash);
        // Nobody watched the market before its first signal, and live that is said.
        let unwatched = Some(signal.received) == first;
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
        }
        compared += 1;
        if unwatched {
            return;
        }
        // Of each target, as it was known then and as it follows from what is kept; and the window.
        let kept = remembered(signal, &seen.values).unwrap();
        for (nth, trained) in features.targets.iter().enumerate() {
            let names = schema().target.iter().zip(trained);
            let live = known.targets[nth].iter().zip(&kept.targets[nth]);
            for ((name, trained), (live, kept)) in names.zip(live) {
                assert!(
                    same(trained, live) && same(trained, kept),
                    "{name} of target {nth} of {}: {trained} in the data set, {live} live, {kept} by what is kept",
                    signal.id
                );
            }
        }
        for (trained, live) in [
            (&features.window.fine, &known.window.fine),
            (&features.window.coarse, &known.window.coarse),
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
}

/// The same number, or unknown to both.
fn same(one: &f32, other: &f32) -> bool {
    (one.is_nan() && other.is_nan()) || (one - other).abs() <= 1e-5
}

/// What a serving platform came to.
struct Served {
    events: Vec<Arc<Event>>,
    /// Its signals that were scored.
    told: Vec<Scored>,
}

/// Everything on record of the signals that were scored, as training reads it, beside what was known.
async fn told(running: &Running, mut known: BTreeMap<SignalId, Features>) -> Vec<Scored> {
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
async fn learn(running: &Running, known: &mut BTreeMap<SignalId, Features>) {
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
async fn served(folder: &std::path::Path, rows: &[Row], posts: &[(Timestamp, String)]) -> Served {
    let begin = instant(FROM);
    let (clock, hand) = simulator::Clock::by_hand(begin.as_micros());
    let recording = Recording::new(
        "ETH",
        "USDT",
        60_000,
        rows.iter().map(Row::candle).collect(),
    );
    let market = simulator::start(simulator::Options {
        recordings: vec![recording.unwrap()],
        clock: clock.clone(),
        ..simulator::Options::default()
    })
    .unwrap();
    let room = folder.join("room");
    std::fs::create_dir(&room).unwrap();
    let config = folder.join("touchstone.toml");
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\ndrain_ms = 1\n[store]\npath = {:?}\n[simulator]\nenabled = false\n\
         [venues.binance]\nkind = \"binance-spot\"\njudge_by = \"candles\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
         [channels.{}]\nsource = \"folder\"\npath = {:?}\n",
        folder.join("record.db"),
        channel(&posts[0].1),
        room,
        at = market.address(),
    );
    std::fs::write(&config, text).unwrap();
    let settings = Settings::load(Some(&config)).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(Played(clock));
    let running = serve::start_at(&settings, false, None, clock)
        .await
        .unwrap();

    let mut known = BTreeMap::new();
    let file = room.join("room.jsonl");
    for (nth, (at, line)) in posts.iter().enumerate() {
        pass(&running, &hand, *at).await;
        let mut open = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&file)
            .unwrap();
        open.write_all(format!("{line}\n").as_bytes()).unwrap();
        until("the post is stored", async || {
            let channels = running.store().channels().await.unwrap();
            channels.iter().map(|channel| channel.posts).sum::<u64>() > nth as u64
        })
        .await;
        learn(&running, &mut known).await;
        connected(&running).await;
    }
    pass(&running, &hand, instant(TO)).await;
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

/// Waits until what is followed arrives as it happens. Whoever lets time leap while the venue is
/// asked what time it is makes it seem hours ahead.
async fn connected(running: &Running) {
    let limits = Limits {
        time: PATIENCE,
        connect: PATIENCE,
        body: 1 << 20,
        redirects: 0,
    };
    let outbound = Outbound::new(Reach::Anywhere, limits).unwrap();
    let feeds = Url::parse(&format!("http://{}/v1/feeds", running.address)).unwrap();
    until("what is followed arrives as it happens", async || {
        let told = outbound.get(feeds.clone(), HeaderMap::new()).await.unwrap();
        !String::from_utf8_lossy(&told.body).contains("connecting")
    })
    .await;
}

/// Lets time pass up to an instant, and waits until what it brought is dealt with.
async fn pass(running: &Running, hand: &Hand, to: Timestamp) {
    hand.set(to.as_micros());
    let minute = to.as_micros().div_euclid(60_000_000) * 60_000_000;
    until("the candles up to then are judged", async || {
        let followed = running.house.followed.all();
        let told = |last: actors::market::Last| last.at.as_micros() >= minute;
        followed.iter().all(|seen| seen.last.is_some_and(told))
    })
    .await;
    // Models see what was over a moment ago.
    let over = Interval::Minute.begin_of(to - SEEN_AFTER);
    until("the models know the candles up to then", async || {
        let followed = running.house.followed.all();
        let listed = followed
            .iter()
            .filter(|seen| seen.instrument.venue.as_str() == "binance");
        let known = |on| running.knowledge().known_until(on);
        listed
            .into_iter()
            .all(|seen| known(&seen.instrument).is_some_and(|until| until >= over))
    })
    .await;
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
        "{what}: it never came to that"
    );
}

/// An event as both tell it. They differ in the name of their history and in where the posts come
/// from; and the price at the receipt of the `first` signal, with which the market is first followed,
/// is the one of the venue's list.
fn plain(event: &Event, first: Option<Seq>) -> String {
    let mut event = event.clone();
    event.epoch = Epoch::new("");
    let Tells::Happening(about) = &mut event.told else {
        return format!("{event:#?}");
    };
    about.origin = Origin::Import;
    if let Body::Signal { signal, .. } = &mut about.body {
        let signal = Arc::make_mut(signal);
        signal.origin = Origin::Import;
        if Some(event.seq) == first {
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

/// A candle of the file, as it is written there.
struct Row {
    open_ms: i64,
    numbers: Vec<String>,
}

impl Row {
    fn domain(&self) -> domain::market::Candle {
        let price = |nth: usize| Price::parse(&self.numbers[nth]).unwrap();
        domain::market::Candle {
            open_time: Timestamp::from_millis(self.open_ms),
            span: Duration::from_secs(60),
            open: price(0),
            high: price(1),
            low: price(2),
            close: price(3),
            volume: self.numbers[4].parse().unwrap(),
        }
    }

    fn candle(&self) -> simulator::Candle {
        let amount = |nth: usize| {
            let number: Decimal = self.numbers[nth].parse().unwrap();
            Amount::units((number * Decimal::from(100_000_000)).to_i64().unwrap())
        };
        simulator::Candle {
            open_ms: self.open_ms,
            open: amount(0),
            high: amount(1),
            low: amount(2),
            close: amount(3),
            volume: amount(4),
        }
    }
}

fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

fn candle_rows(path: &std::path::Path) -> Vec<Row> {
    let (from, to) = (instant(FROM).as_millis(), instant(TO).as_millis());
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut lzma_rust2::XzReader::new(&bytes[..], true), &mut text)
        .unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',').map(str::to_owned);
            Row {
                open_ms: cells.next().unwrap().parse().unwrap(),
                numbers: cells.take(5).collect(),
            }
        })
        .filter(|row| (from..to).contains(&row.open_ms))
        .collect()
}

fn post_lines(path: &std::path::Path) -> Vec<(Timestamp, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut posts: Vec<(Timestamp, String)> = text
        .lines()
        .map(|line| {
            let post: Value = serde_json::from_str(line).unwrap();
            (instant(post["ts"].as_str().unwrap()), line.to_owned())
        })
        .filter(|(at, _)| (instant(FROM)..instant(TO)).contains(at))
        .collect();
    posts.sort_by_key(|(at, _)| *at);
    posts
}

fn channel(line: &str) -> String {
    let post: Value = serde_json::from_str(line).unwrap();
    post["channel"].as_str().unwrap().to_owned()
}
