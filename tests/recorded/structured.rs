//! Signals whose outcomes somebody else has recorded: how far ours agree, and why not further.
//!
//! The set was resolved on minutes of the spot market, from the moment of each signal on. Three
//! reasons explain what differs: a position is entered at the next candle's open, so a touch within
//! a signal's first candle does not count here (it makes the outcome ambiguous); the perpetual did
//! what spot did not; and a dozen rows tell a touch that was not the first on their own market, as
//! if they had been observed some hours too late. The candles of both markets agree on those.

use domain::execution::ExecutionModel;
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

#[derive(Debug, Default)]
struct Comparison {
    classes: BTreeMap<Class, usize>,
    /// Of those that agree, how many came to the level in the same candle, in an earlier one and in
    /// a later one.
    same_candle: usize,
    earlier: usize,
    later: usize,
}

impl Comparison {
    fn of(list: &[Summary], rows: &HashMap<String, Row>, candle: i64) -> Self {
        let mut comparison = Self::default();
        for ours in list {
            let theirs = &rows[&ours.post];
            let class = class(ours, theirs);
            *comparison.classes.entry(class).or_default() += 1;
            if class == Class::Agrees {
                // A candle is told by its end, and the row's minute by its beginning.
                match seconds_between(ours, theirs) {
                    ..0 => comparison.earlier += 1,
                    late if late <= candle => comparison.same_candle += 1,
                    _ => comparison.later += 1,
                }
            } else if class < Class::Undecided {
                eprintln!(
                    "  {class:?}: {} {} {} {} (theirs {:?} at {:?})",
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
        self.count(Class::Agrees) as f64 / self.compared() as f64
    }

    fn compared(&self) -> usize {
        let compared = self.classes.range(..Class::Undecided);
        compared.map(|(_, count)| count).sum()
    }
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
async fn compared(data: &Path, folder: &str, kind: &str, intervals: &[&str]) -> Comparison {
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
    let plan = Plan {
        model: ExecutionModel::DEFAULT,
        events: false,
        lessons: false,
        candles: candles::Wanted {
            paths: files(&data.join("candles").join(folder), intervals),
            ..candles::Wanted::default()
        },
        posts: posts::Wanted {
            files: vec![PostFile::from(set.clone())],
            columns: Some(path),
        },
        quiet: true,
    };
    let report = replay::run(&plan).await.unwrap().report;
    let channel = &report.channels[0];
    assert_eq!(channel.posts, 989, "every row reads as its columns say");
    let candle = if kind == "spot" { 15 } else { 5 };
    Comparison::of(&channel.list, &rows(&set), candle * 60)
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
async fn outcomes_agree_with_those_that_others_recorded_on_the_spot_market() {
    let Some(data) = data() else { return };
    let told = compared(&data, "binance_spot", "spot", &["5m", "15m"]).await;
    assert!(told.compared() >= 175, "{told:?}");
    assert!(told.agreement() >= 0.97, "{told:?}");
    assert!(
        told.same_candle * 100 >= told.count(Class::Agrees) * 85,
        "{told:?}"
    );
    assert_eq!(told.count(Class::TargetHereStopThere), 0, "{told:?}");
}

#[actix::test]
async fn outcomes_on_the_perpetual_that_was_called_differ_from_those_of_spot_in_one_of_twenty() {
    let Some(data) = data() else { return };
    let told = compared(&data, "binance_usdm", "perpetual", &["1m", "5m"]).await;
    assert!(told.compared() >= 120, "{told:?}");
    assert!(told.agreement() >= 0.95, "{told:?}");
    assert_eq!(told.count(Class::TargetHereStopThere), 0, "{told:?}");
}
