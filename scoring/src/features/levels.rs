//! The levels: what the author published, measured in his own risk.

use domain::market::{MarketKind, Side};
use domain::reading::Entry;
use domain::statistics::count;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Known, flag};
use crate::bars::Length;
use crate::geometry::Odds;

pub(super) const NAMES: [&str; 25] = [
    "levels.logit_first",
    "levels.risk_share_log",
    "levels.reward_first_log",
    "levels.reward_last_log",
    "levels.targets",
    "levels.spacing",
    "levels.cost_log",
    "levels.market_entry",
    "levels.limit_entry",
    "levels.zone_entry",
    "levels.breakout_entry",
    "levels.scaled_entry",
    "levels.zone_width",
    "levels.entry_ahead",
    "levels.entry_away",
    "levels.leverage_log",
    "levels.long",
    "levels.perpetual",
    "levels.cfd",
    "levels.valid_hours_log",
    "levels.held_days_log",
    "levels.breakeven",
    "levels.ambiguous",
    "levels.substituted",
    "levels.delay_log",
];

pub(super) const TARGET_NAMES: [&str; 9] = [
    "target.logit",
    "target.reward_log",
    "target.nth",
    "target.share_of_last",
    "target.step_log",
    "target.in_minutes",
    "target.in_fives",
    "target.in_quarters",
    "target.in_hours",
];

/// What holds for the whole signal.
pub(super) fn signal(known: &Known<'_>, odds: &Odds) -> [Option<f64>; 25] {
    let signal = known.signal;
    let entry = |fits: fn(&Entry) -> bool| flag(fits(&signal.entry));
    let (first, last) = (odds.rewards[0], odds.rewards[odds.rewards.len() - 1]);
    let width = signal
        .entry
        .bounds()
        .and_then(|(low, high)| Some((high.get() - low.get()).to_f64()? / odds.risk));
    // How far the price still has to come to the entry, against the trade, in risks.
    let ahead = signal.price_at_receipt.and_then(|market| {
        let sign = if signal.side == Side::Long { 1.0 } else { -1.0 };
        Some(sign * (market.get().to_f64()? - odds.entry) / odds.risk)
    });
    [
        Some(logit(odds.targets[0])),
        Some((odds.risk / odds.entry).ln()),
        Some(first.ln()),
        Some(last.ln()),
        Some(count(odds.rewards.len())),
        Some((last - first) / first),
        Some(f64::midpoint(odds.cost_of_winning, odds.cost_of_losing).ln()),
        entry(|entry| matches!(entry, Entry::Market(_))),
        entry(|entry| matches!(entry, Entry::Limit(_))),
        entry(|entry| matches!(entry, Entry::Zone { .. } | Entry::Ladder(_))),
        entry(|entry| matches!(entry, Entry::Breakout(_))),
        entry(|entry| matches!(entry, Entry::Scaled { .. })),
        width,
        ahead,
        ahead.map(f64::abs),
        signal
            .leverage
            .and_then(|leverage| leverage.to_f64())
            .map(f64::ln_1p),
        flag(signal.side == Side::Long),
        flag(signal.instrument.kind == MarketKind::Perpetual),
        flag(signal.instrument.kind == MarketKind::Cfd),
        Some((signal.expires_at.since(signal.received).as_secs_f64() / 3600.0).ln_1p()),
        Some((signal.held_at_most.as_secs_f64() / 86_400.0).ln_1p()),
        flag(signal.breakeven_after.is_some()),
        flag(signal.ambiguous),
        flag(signal.substituted),
        Some(signal.received.since(signal.posted).as_secs_f64().ln_1p()),
    ]
}

/// What holds for the target number `nth`, from nought, where a bar of each length has these usual
/// ranges, as prices.
pub(super) fn target(odds: &Odds, ranges: &[Option<f64>; 4], nth: usize) -> [Option<f64>; 9] {
    let reward = odds.rewards[nth];
    let last = odds.rewards[odds.rewards.len() - 1];
    let before = if nth == 0 { 0.0 } else { odds.rewards[nth - 1] };
    // The distance in usual ranges of a bar, as a logarithm.
    let within =
        |length: Length| ranges[length as usize].map(|range| (reward * odds.risk / range).ln());
    [
        Some(logit(odds.targets[nth])),
        Some(reward.ln()),
        Some(count(nth)),
        Some(reward / last),
        (reward > before).then(|| (reward - before).ln()),
        within(Length::Minute),
        within(Length::Five),
        within(Length::Quarter),
        within(Length::Hour),
    ]
}

/// The logarithm of the odds.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}
