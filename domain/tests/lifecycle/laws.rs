//! Laws: what holds for every signal in every market, tried on random ones.

use std::time::Duration;

use domain::lifecycle::{What, audit};
use domain::market::{Candle, Price, Tick, Trade};
use domain::reading::Entry;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::random::*;
use crate::story::*;

/// Same endings and, to rounding, the same R.
fn same_results(one: &Story, other: &Story) -> Result<(), TestCaseError> {
    let (one, other) = (one.outcome(), other.outcome());
    for (one, other) in [
        (&one.pessimistic, &other.pessimistic),
        (&one.optimistic, &other.optimistic),
    ] {
        prop_assert_eq!(one.ending, other.ending);
        prop_assert_eq!(one.targets, other.targets);
        prop_assert_eq!(one.ended_at, other.ended_at);
        for (one, other) in [(one.r, other.r), (one.mfe, other.mfe), (one.mae, other.mae)] {
            let apart = (one.unwrap_or_default() - other.unwrap_or_default()).abs();
            prop_assert!(apart <= Decimal::new(2, 6), "{:?} {:?}", one, other);
        }
    }
    Ok(())
}

/// Many enough to find a mistake, few enough to run at every change.
pub(crate) fn cases() -> u32 {
    option_env!("LAWS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(500)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn r_does_not_change_when_all_prices_are_scaled(
        signal in signals(true),
        path in paths(),
        factor in prop::sample::select(vec!["0.00001", "0.37", "3", "2500"]),
    ) {
        let factor = d(factor);
        let model = domain::execution::ExecutionModel::DEFAULT;
        let (scaled, scaled_path) =
            redrawn(&signal, &path, |price| Price::new(price.get() * factor).unwrap());
        let plain = finish(meet(Story::of(&signal, &model), &path));
        same_results(&plain, &finish(meet(Story::of(&scaled, &model), &scaled_path)))?;
    }

    #[test]
    fn a_long_is_a_short_in_the_mirror(signal in signals(true), path in paths()) {
        let (mut mirrored, mirrored_path) =
            redrawn(&signal, &path, |price| Price::new(Decimal::from(200) - price.get()).unwrap());
        mirrored.side = signal.side.opposite();
        let plain = finish(meet(Story::free(&signal), &path));
        same_results(&plain, &finish(meet(Story::free(&mirrored), &mirrored_path)))?;
    }

    /// Whoever has the events needs no market to check what came of a signal.
    #[test]
    fn the_outcome_adds_up_from_what_was_told(
        signal in signals(true),
        path in paths(),
        model in prop::sample::select(domain::execution::ExecutionModel::ALL.to_vec()),
        market in prop::sample::select(vec![
            "x:perpetual:BTC/USDT", "kraken:spot:ZEC/USD", "coinbase:spot:BTC/USD", "broker:cfd:XAU/USD",
        ]),
    ) {
        let mut signal = signal;
        signal.instrument = domain::market::Instrument::parse(market).unwrap();
        let story = finish(meet(Story::of(&signal, &model), &path));
        let audited = audit(&signal, &model, &story.told, story.outcome());
        prop_assert_eq!(audited, Ok(()), "{:#?}", story.told);
    }

    #[test]
    fn a_track_goes_on_from_where_it_was_stored(
        signal in signals(true),
        path in paths(),
        place in any::<prop::sample::Index>(),
    ) {
        let (before, after) = path.split_at(place.index(path.len()));
        let whole = meet(Story::free(&signal), &path);
        let stored = meet(Story::free(&signal), before);
        let resumed = Story { track: stored.track.clone(), told: stored.told };
        prop_assert_eq!(whole, meet(resumed, after));
    }

    /// Of one entry price and a stop that nobody moves: what comes first in a candle can only
    /// hurt. Where a target moves the stop, the better reading of one candle can have the worse
    /// end, so no such promise is made for it.
    #[test]
    fn the_pessimistic_r_is_never_above_the_optimistic(signal in signals(false), ticks in market()) {
        let outcome = finish(Story::free(&signal).see(&ticks)).outcome().clone();
        if let (Some(worse), Some(better)) = (outcome.pessimistic.r, outcome.optimistic.r) {
            prop_assert!(worse <= better, "{:?}", outcome);
        }
    }

    #[test]
    fn no_tick_between_the_watched_levels_tells_anything(signal in signals(true), path in paths()) {
        let mut story = Story::free(&signal);
        for met in &path {
            let Met::Tick(tick @ Tick::Candle(candle)) = met else {
                story = meet(story, std::slice::from_ref(met));
                continue;
            };
            let asleep = story.track.watch().sleeps_through(candle.low, candle.high)
                && story.track.next_deadline().is_none_or(|deadline| tick.at() <= deadline);
            let mut long_way = story.clone();
            long_way.track.watch = domain::lifecycle::Watch::ALERT;
            let told = story.told.len();
            story = story.see(&[*tick]);
            long_way = long_way.see(&[*tick]);
            if asleep {
                prop_assert_eq!(told, story.told.len());
            }
            prop_assert_eq!(&story.told, &long_way.told);
            prop_assert_eq!(&story.track.pessimistic.best, &long_way.track.pessimistic.best);
            prop_assert_eq!(story.track.last, long_way.track.last);
            prop_assert_eq!(story.track.seen_until, long_way.track.seen_until);
        }
    }

    #[test]
    fn ticks_kept_back_between_the_watched_levels_may_come_as_one(
        signal in signals(true),
        ticks in market(),
    ) {
        let all = finish(Story::free(&signal).see(&ticks));
        let mut story = Story::free(&signal);
        let mut kept: Option<Candle> = None;
        for tick in &ticks {
            let Tick::Candle(candle) = tick else { unreachable!() };
            let asleep = story.track.watch().sleeps_through(candle.low, candle.high)
                && story.track.next_deadline().is_none_or(|deadline| tick.at() <= deadline);
            if asleep {
                kept = Some(kept.map_or(*candle, |kept| joined(&kept, candle)));
            } else {
                story = story.see(&kept.take().map(Tick::Candle).into_iter().collect::<Vec<_>>());
                story = story.see(&[*tick]);
            }
        }
        story = finish(story.see(&kept.map(Tick::Candle).into_iter().collect::<Vec<_>>()));
        prop_assert_eq!(all.told, story.told);
    }

    #[test]
    fn trades_and_their_candles_agree_where_the_candles_are_unambiguous(
        mut signal in signals(true),
        moves in prop::collection::vec(prop::bool::ANY, 60..1_500),
    ) {
        // Time is told apart more finely by trades, so it is left out of this comparison.
        signal.expires_at = minutes(60 * 24);
        signal.held_at_most = Duration::from_secs(3_600 * 24 * 14);
        // The average of several orders lies between the prices that can be traded, where a trade
        // jumps over it and a candle does not.
        match signal.entry {
            Entry::Zone { .. } | Entry::Ladder(_) | Entry::Scaled { .. } => signal.breakeven_after = None,
            Entry::Market(_) | Entry::Limit(_) | Entry::Breakout(_) => {}
        }
        let mut ticks = 1_000;
        let trades: Vec<Trade> = (1..)
            .zip(moves)
            .map(|(second, up)| {
                ticks += if up { 1 } else { -1 };
                Trade { id: second, at: seconds(second), price: grid(ticks) }
            })
            .collect();
        let by_trade: Vec<Tick> = trades.iter().copied().map(Tick::Trade).collect();
        let by_candle: Vec<Tick> =
            (0..).zip(trades.chunks(30)).map(|(i, trades)| gathered(i, trades)).collect();
        let trades = finish(Story::free(&signal).see(&by_trade));
        let candles = finish(Story::free(&signal).see(&by_candle));
        let (fine, coarse) = (trades.outcome(), candles.outcome());
        if !coarse.ambiguous && !fine.ambiguous {
            prop_assert_eq!(fine.pessimistic.ending, coarse.pessimistic.ending);
            prop_assert_eq!(fine.pessimistic.targets, coarse.pessimistic.targets);
            prop_assert_eq!(fine.pessimistic.r, coarse.pessimistic.r);
        }
    }

    #[test]
    fn the_story_of_a_signal_adds_up(signal in signals(true), path in paths()) {
        let story = finish(meet(Story::free(&signal), &path));
        let (mut entered, mut left) = (Decimal::ZERO, Decimal::ZERO);
        for change in &story.told {
            match &change.what {
                What::Filled { share, .. } => entered += share,
                What::Target { share, .. } | What::Reduced { share, .. } => left += share,
                _ => {}
            }
        }
        let outcome = story.outcome();
        prop_assert_eq!(entered, outcome.pessimistic.filled);
        prop_assert!(left <= entered);
        prop_assert_eq!(outcome.pessimistic.r.is_some(), entered > Decimal::ZERO);
        prop_assert!(entered <= Decimal::ONE);
        prop_assert!(story.track.is_over() && story.track.next_deadline().is_none());
    }
}
