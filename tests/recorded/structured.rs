//! Signals whose outcomes somebody else has recorded: how far ours agree, and why not further.
//!
//! The set was resolved on minutes of the spot market, from the moment of each signal on. Each
//! difference has one of the reasons of [`Why`], which is checked against the candles and counted:
//! a change of the engine that moves one signal from one class to another is seen here.

use domain::execution::ExecutionModel;
use domain::market::{Candle, Price, Tick};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use touchstone::replay::posts::PostFile;
use touchstone::replay::report::Summary;
use touchstone::replay::{self, Plan, candles, posts};

use crate::data;

/// What a signal came to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Target,
    Stop,
}

/// How a signal of ours and its row compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Agrees,
    /// They differ, and our candles allow both readings.
    Ambiguous,
    /// They differ: our first price after the signal was beyond its levels already.
    NotEntered,
    StopHereTargetThere,
    TargetHereStopThere,
    /// The row's own observation ended before either.
    Undecided,
    /// We know nothing of a part of its life.
    Incomplete,
    /// The candles ended before, or there are none.
    NotJudged,
}

/// Why ours and theirs differ, in the ending or in the candle that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Both levels lie in one candle, or one in the candle of receipt: it can be read both ways.
    TwoReadings,
    /// Our first price after the signal was beyond the target already: nobody could have got in.
    PassedAtReceipt,
    /// Their touch lies in the candle in which we get in or in one before: it cannot be ours.
    BeforeWeWereIn,
    /// Our market did not trade through the target then: at most it touched it, and our order waited.
    OnlyTouched,
    /// Our market was at the level, or at the other one, before: their row was observed late.
    ObservedLate,
    /// On spot ours is theirs: the perpetual did what spot did not.
    AnotherMarket,
    /// There are no candles of spot for it, so whose market it was cannot be told.
    NoSpotCandles,
    /// None of these.
    Unexplained,
}

/// How the whole set compares on one kind of market.
#[derive(Debug, Default)]
struct Comparison {
    classes: BTreeMap<Class, usize>,
    /// Of those that agree, how many came to the level in the same candle.
    same_candle: usize,
    /// Why the endings differ.
    endings: BTreeMap<Why, usize>,
    /// Why the same ending came in another candle.
    times: BTreeMap<Why, usize>,
}

impl Comparison {
    /// Compares; where `spot` is given, ours are of the perpetual, and it has ours of spot.
    fn of(judged: &Judged, rows: &HashMap<String, Row>, spot: Option<&Judged>) -> Self {
        let mut comparison = Self::default();
        for ours in &judged.list {
            let theirs = &rows[&ours.post];
            let class = class(ours, theirs);
            *comparison.classes.entry(class).or_default() += 1;
            let beside = spot.map(|spot| {
                let same = spot.list.iter().find(|other| other.post == ours.post);
                same.map(|other| self::class(other, theirs))
            });
            if class == Class::Agrees {
                // A candle is told by its end, and the row's minute by its beginning.
                match seconds_between(ours, theirs) {
                    late if (0..=judged.candle).contains(&late) => comparison.same_candle += 1,
                    late => {
                        let why = judged.why_then(ours, theirs, late);
                        *comparison.times.entry(why).or_default() += 1;
                    }
                }
            } else if class < Class::Undecided {
                let why = judged.why(ours, theirs, class, beside);
                *comparison.endings.entry(why).or_default() += 1;
                eprintln!(
                    "  {why:?}: {} {} {} {} (theirs {:?} at {:?})",
                    ours.received, ours.on, ours.side, ours.state, theirs.first, theirs.at
                );
            }
        }
        eprintln!("{comparison:?}");
        comparison
    }

    fn count(&self, class: Class) -> usize {
        self.classes.get(&class).copied().unwrap_or_default()
    }

    fn agreement(&self) -> f64 {
        let compared = self.classes.range(..Class::Undecided);
        let compared: usize = compared.map(|(_, count)| count).sum();
        self.count(Class::Agrees) as f64 / compared as f64
    }
}

/// The set, judged on one kind of market.
struct Judged {
    list: Vec<Summary>,
    candles: BTreeMap<String, Vec<Candle>>,
    /// How long a candle lasts, in seconds.
    candle: i64,
}

impl Judged {
    /// Why another ending.
    fn why(&self, ours: &Summary, theirs: &Row, class: Class, spot: Option<Option<Class>>) -> Why {
        let earlier = || seconds_between(ours, theirs) < 0;
        match (class, spot) {
            (Class::Ambiguous, _) => Why::TwoReadings,
            (Class::NotEntered, _) if self.passed_at_receipt(ours) => Why::PassedAtReceipt,
            (_, Some(Some(Class::Agrees))) => Why::AnotherMarket,
            (_, Some(None | Some(Class::NotJudged | Class::Incomplete))) => Why::NoSpotCandles,
            (Class::StopHereTargetThere, _) if earlier() => Why::ObservedLate,
            _ => Why::Unexplained,
        }
    }

    /// Why the same ending so many seconds later.
    fn why_then(&self, ours: &Summary, theirs: &Row, late: i64) -> Why {
        if late < 0 {
            return Why::ObservedLate;
        }
        let at = micros(theirs.at.unwrap());
        let entered: Timestamp = ours.entered.as_ref().unwrap().parse().unwrap();
        if at < micros(entered) {
            return Why::BeforeWeWereIn;
        }
        let candles = &self.candles[&ours.on];
        let then = candles
            .iter()
            .find(|candle| candle.open_time.as_micros() <= at && at < candle.end().as_micros());
        let target = Price::parse(&ours.targets[0]).unwrap();
        let through = |candle: &Candle| match ours.side {
            "long" => candle.high > target,
            _ => candle.low < target,
        };
        match then {
            Some(then) if !through(then) => Why::OnlyTouched,
            _ => Why::Unexplained,
        }
    }

    fn passed_at_receipt(&self, ours: &Summary) -> bool {
        let received: Timestamp = ours.received.parse().unwrap();
        let candles = &self.candles[&ours.on];
        let first =
            (candles.iter()).find(|candle| candle.open_time.as_micros() >= micros(received));
        let target = Price::parse(&ours.targets[0]).unwrap();
        first.is_some_and(|first| match ours.side {
            "long" => first.open >= target,
            _ => first.open <= target,
        })
    }
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn class(ours: &Summary, theirs: &Row) -> Class {
    let first = match (&ours.first_target, ours.state) {
        (Some(_), _) => Some(First::Target),
        (None, "stopped-out") => Some(First::Stop),
        (None, _) => None,
    };
    let unsettled = ["pending", "active", "partial"].contains(&ours.state);
    match (first, theirs.first) {
        _ if unsettled => Class::NotJudged,
        _ if ours.incomplete => Class::Incomplete,
        (_, None) => Class::Undecided,
        (Some(ours), Some(theirs)) if ours == theirs => Class::Agrees,
        _ if ours.ambiguous => Class::Ambiguous,
        (None, Some(_)) => Class::NotEntered,
        (Some(First::Stop), Some(_)) => Class::StopHereTargetThere,
        (Some(First::Target), Some(_)) => Class::TargetHereStopThere,
    }
}

/// How much later than theirs ours came to the level that both came to.
fn seconds_between(ours: &Summary, theirs: &Row) -> i64 {
    let at = ours.first_target.as_ref().or(ours.ended.as_ref()).unwrap();
    let at: Timestamp = at.parse().unwrap();
    at.as_second() - theirs.at.unwrap().as_second()
}

/// What the set says of a signal.
struct Row {
    first: Option<First>,
    at: Option<Timestamp>,
}

fn rows(file: &Path) -> HashMap<String, Row> {
    let mut file = csv::Reader::from_path(file).unwrap();
    let header = file.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (id, outcome) = (place("signal_id"), place("final_outcome"));
    let (target, stop) = (place("target1_time"), place("stop_loss_time"));
    let row = |row: csv::StringRecord| {
        let (first, at) = match &row[outcome] {
            "STOP_LOSS" => (Some(First::Stop), row[stop].parse().ok()),
            "ONGOING" => (None, None),
            _ => (Some(First::Target), row[target].parse().ok()),
        };
        (row[id].to_owned(), Row { first, at })
    };
    file.records().map(|record| row(record.unwrap())).collect()
}

/// Judges the set on the candles of one folder that reach into its time.
async fn judged(data: &Path, folder: &str, kind: &str, intervals: &[&str]) -> Judged {
    let set = data.join("signals/structured_outcomes_meta_signals.csv");
    let columns = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/meta_signals.toml");
    let columns = std::fs::read_to_string(columns).unwrap();
    let written = tempfile::tempdir().unwrap();
    let path = written.path().join("columns.toml");
    std::fs::write(
        &path,
        columns.replace("\"perpetual\"", &format!("\"{kind}\"")),
    )
    .unwrap();
    let wanted = candles::Wanted {
        paths: files(&data.join("candles").join(folder), intervals),
        ..candles::Wanted::default()
    };
    let known = candles::read(&wanted, |_, _| {}).unwrap();
    let plan = Plan {
        model: ExecutionModel::DEFAULT,
        events: false,
        lessons: false,
        candles: wanted,
        posts: posts::Wanted {
            files: vec![PostFile::from(set)],
            columns: Some(path),
        },
        strategies: replay::strategies::Wanted::default(),
        quiet: true,
    };
    let mut report = replay::run(&plan).await.unwrap().report;
    let channel = report.channels.remove(0);
    assert_eq!(channel.posts, 989, "every row reads as its columns say");
    let candles = |ticks: candles::PricePath| {
        let candles = ticks.ticks().filter_map(|tick| match tick {
            Tick::Candle(candle) => Some(candle),
            Tick::Trade(_) | Tick::Time(_) | Tick::Hole { .. } => None,
        });
        candles.collect()
    };
    Judged {
        list: channel.list,
        candles: (known.into_iter())
            .map(|(on, known)| (on.to_string(), candles(known.path)))
            .collect(),
        candle: if kind == "spot" { 15 * 60 } else { 5 * 60 },
    }
}

fn files(folder: &Path, intervals: &[&str]) -> Vec<PathBuf> {
    let wanted = |name: &str| {
        let mut parts = name.trim_end_matches(".csv.xz").split('-');
        let interval = parts.nth(1).unwrap();
        let until = parts.nth(1).unwrap();
        intervals.contains(&interval) && until >= "20241117"
    };
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files: Vec<_> = paths
        .filter(|path| wanted(path.file_name().unwrap().to_str().unwrap()))
        .collect();
    assert!(!files.is_empty(), "no candles in {}", folder.display());
    files
}

#[actix::test]
async fn outcomes_agree_with_those_that_others_recorded_and_every_difference_has_its_reason() {
    let Some(data) = data() else { return };
    let rows = rows(&data.join("signals/structured_outcomes_meta_signals.csv"));
    let spot = judged(&data, "binance_spot", "spot", &["5m", "15m"]).await;
    let on_spot = Comparison::of(&spot, &rows, None);
    assert!(on_spot.agreement() >= 0.97, "{on_spot:?}");
    assert_eq!(on_spot.count(Class::Agrees), 172);
    assert_eq!(on_spot.same_candle, 149);
    let endings = [
        (Why::TwoReadings, 3),
        (Why::PassedAtReceipt, 1),
        (Why::ObservedLate, 1),
    ];
    assert_eq!(on_spot.endings, endings.into());
    let times = [
        (Why::BeforeWeWereIn, 11),
        (Why::OnlyTouched, 1),
        (Why::ObservedLate, 11),
    ];
    assert_eq!(on_spot.times, times.into());

    let perpetual = judged(&data, "binance_usdm", "perpetual", &["1m", "5m"]).await;
    let on_perpetual = Comparison::of(&perpetual, &rows, Some(&spot));
    assert!(on_perpetual.agreement() >= 0.94, "{on_perpetual:?}");
    assert_eq!(on_perpetual.count(Class::Agrees), 138);
    assert_eq!(on_perpetual.same_candle, 102);
    let endings = [
        (Why::TwoReadings, 2),
        (Why::ObservedLate, 1),
        (Why::AnotherMarket, 3),
        (Why::NoSpotCandles, 2),
    ];
    assert_eq!(on_perpetual.endings, endings.into());
    let times = [
        (Why::BeforeWeWereIn, 3),
        (Why::OnlyTouched, 12),
        (Why::ObservedLate, 21),
    ];
    assert_eq!(on_perpetual.times, times.into());
}
