//! Recorded posts against recorded candles: the whole way, on what really happened.
#![expect(clippy::print_stderr, reason = "what is left out must be said")]
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, helpers included"
)]

mod alike;
mod calling;
mod lessons;
mod played;
mod strategies;
mod structured;

use domain::execution::ExecutionModel;
use std::path::{Path, PathBuf};

use touchstone::replay::{self, Plan, candles, posts};

/// Where recorded data lies beside the repository; none in a clone that stands alone.
fn data() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if !shared.exists() {
        eprintln!("left out: there is no ../shared here, so nothing recorded is replayed");
        return None;
    }
    let data = shared.join("data");
    assert!(data.is_dir(), "../shared is here, but not ../shared/data");
    Some(data)
}

fn plan(data: &Path) -> Plan {
    let candles = |file: &str| data.join("candles/binance_usdm").join(file);
    let paths = [
        "BTCUSDT-5m-20241231-20250831.csv.xz",
        "ETHUSDT-5m-20241231-20250831.csv.xz",
        "SOLUSDT-5m-20241231-20250831.csv.xz",
    ];
    Plan {
        model: ExecutionModel::DEFAULT,
        events: false,
        lessons: false,
        candles: candles::Wanted {
            paths: paths.map(candles).to_vec(),
            ..candles::Wanted::default()
        },
        posts: posts::Wanted {
            files: vec![data.join("signals/zh_discord_chen_to20250831.jsonl").into()],
            columns: None,
        },
        strategies: replay::strategies::Wanted::default(),
        quiet: true,
    }
}

#[actix::test]
async fn a_year_of_a_real_channel_is_judged_and_twice_the_same_to_the_byte() {
    let Some(data) = data() else { return };
    let first = replay::run(&plan(&data)).await.unwrap();
    let again = replay::run(&plan(&data)).await.unwrap();
    let bytes = |replayed: &replay::Replayed| serde_json::to_vec(&replayed.report).unwrap();
    assert_eq!(bytes(&first), bytes(&again));

    let channel = &first.report.channels[0];
    assert_eq!(channel.posts, 3_867, "every post of the file is stored");
    assert_eq!(
        channel.classes.values().sum::<u64>(),
        channel.posts,
        "and has a class"
    );
    assert!(channel.judged >= 100, "{} judged", channel.judged);
    assert_eq!(
        channel.judged + channel.open + channel.unlisted,
        channel.signals
    );
    assert!(
        channel.incomplete > 0,
        "the signals of 2024, before the first candle, are marked"
    );
    assert!(channel.in_r.n <= channel.filled && channel.filled <= channel.signals);
}
