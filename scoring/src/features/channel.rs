//! The channel's record, and the company in which it speaks.

use super::Known;

pub(super) const NAMES: [&str; 16] = [
    "channel.ended_log",
    "channel.win_rate",
    "channel.over_geometry",
    "channel.mean_r",
    "channel.deviation_r",
    "channel.fill_rate",
    "channel.streak",
    "channel.edit_rate",
    "channel.deletion_rate",
    "channel.originality",
    "channel.hours_since_last_log",
    "crowd.same",
    "crowd.against",
    "crowd.market_same",
    "crowd.market_against",
    "crowd.copy_lag_log",
];

/// The features of the channel and of the crowd.
pub(super) fn channel(known: &Known<'_>) -> [Option<f64>; 16] {
    let channel = known.channel;
    let crowd = known.crowd;
    [
        channel.map(|channel| channel.ended.ln_1p()),
        channel.map(|channel| channel.win_rate),
        channel.map(|channel| channel.over_geometry),
        channel.map(|channel| channel.mean_r),
        channel.map(|channel| channel.deviation_r),
        channel.map(|channel| channel.fill_rate),
        channel.map(|channel| channel.streak),
        channel.map(|channel| channel.edit_rate),
        channel.map(|channel| channel.deletion_rate),
        channel.map(|channel| channel.originality),
        channel
            .and_then(|channel| channel.hours_since_last)
            .map(f64::ln_1p),
        crowd.map(|crowd| crowd.same.ln_1p()),
        crowd.map(|crowd| crowd.against.ln_1p()),
        crowd.map(|crowd| crowd.market_same.ln_1p()),
        crowd.map(|crowd| crowd.market_against.ln_1p()),
        crowd.and_then(|crowd| crowd.copy_lag).map(f64::ln_1p),
    ]
}
