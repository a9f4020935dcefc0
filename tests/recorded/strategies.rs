//! Strategies over real candles: what they call is read as it is meant, and judged like any signal.

use domain::execution::ExecutionModel;
use domain::market::Interval;
use domain::strategy::Strategy;
use touchstone::replay::{self, Plan, candles, posts, strategies};

#[actix::test]
async fn every_strategy_calls_over_real_candles_and_every_call_is_a_signal() {
    let Some(data) = crate::data() else { return };
    let plan = Plan {
        model: ExecutionModel::DEFAULT,
        events: false,
        candles: candles::Wanted {
            paths: vec![
                data.join("candles/binance_spot/LTCUSDT-1m-20230401-20230501.csv.xz"),
                data.join("candles/binance_usdm/LINKUSDT-1m-20230201-20230228.csv.xz"),
            ],
            ..candles::Wanted::default()
        },
        posts: posts::Wanted::default(),
        strategies: strategies::Wanted {
            strategies: Strategy::NAMES
                .into_iter()
                .filter_map(Strategy::named)
                .collect(),
            intervals: vec![Interval::Hour],
        },
        lessons: false,
        quiet: true,
    };
    let report = replay::run(&plan).await.unwrap().report;
    assert_eq!(report.channels.len(), Strategy::NAMES.len());
    for channel in &report.channels {
        assert!(
            channel.posts >= 5,
            "{}: {} posts",
            channel.channel,
            channel.posts
        );
        assert_eq!(channel.signals as u64, channel.posts, "{}", channel.channel);
        assert_eq!(channel.unlisted, 0, "{}", channel.channel);
        assert_eq!(
            channel.judged + channel.open,
            channel.signals,
            "{}",
            channel.channel
        );
    }
}
