//! Strategies call what their rules say, and say it so that it is read as they meant it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::time::Duration;

use domain::market::{Candle, Instrument, Interval, Price, Side};
use domain::parse::{self, Assets};
use domain::reading::{Entry, Meaning};
use domain::strategy::{Call, Rule, State, Strategy};
use domain::time::Timestamp;

fn price(value: f64) -> Price {
    Price::parse(&value.to_string()).unwrap()
}

/// A candle of the `nth` minute.
fn candle(nth: i64, open: f64, high: f64, low: f64, close: f64) -> Candle {
    Candle {
        open_time: Timestamp::from_millis(nth * 60_000),
        span: Duration::from_secs(60),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: 1.into(),
    }
}

/// A candle that opens and closes at one price, one up and one down from it.
fn still(nth: i64, close: f64) -> Candle {
    candle(nth, close, close + 1.0, close - 1.0, close)
}

fn simple(rule: Rule) -> Strategy {
    Strategy {
        rule,
        atr: 2,
        stop: 1.0,
        least_stop: 0.0,
        targets: vec![1.0, 2.0],
        rest: 0,
    }
}

fn calls(strategy: &Strategy, candles: &[Candle]) -> Vec<(usize, Side)> {
    let mut state = strategy.state();
    let called = |(nth, candle)| Some((nth, strategy.step(&mut state, candle)?.side));
    candles.iter().enumerate().filter_map(called).collect()
}

fn closes(values: &[f64]) -> Vec<Candle> {
    (0..)
        .zip(values)
        .map(|(nth, close)| still(nth, *close))
        .collect()
}

#[test]
fn a_breakout_is_a_close_beyond_the_candles_before_not_beyond_itself() {
    let strategy = simple(Rule::Breakout { lookback: 3 });
    // The highs before the fourth are 101, 102 and 101; 102 is not beyond, 102.5 is.
    let candles = closes(&[100.0, 101.0, 100.0, 102.0, 103.5, 99.0, 97.0]);
    assert_eq!(
        calls(&strategy, &candles),
        [(4, Side::Long), (6, Side::Short)]
    );
}

#[test]
fn averages_call_when_they_cross_and_not_while_they_are_apart() {
    let strategy = simple(Rule::MovingAverageCross { fast: 1, slow: 3 });
    // The slow average: 12 after three, then half of the way: 10, 9, 13.5, 16.75.
    let candles = closes(&[14.0, 12.0, 10.0, 8.0, 8.0, 18.0, 20.0]);
    assert_eq!(calls(&strategy, &candles), [(5, Side::Long)]);
}

#[test]
fn strength_calls_on_its_way_back_from_an_extreme() {
    let strategy = simple(Rule::RsiReversal {
        period: 2,
        extreme: 30.0,
    });
    // Gains and losses: 0/3 (0), then 0/1.5 + 1/2 … a rise of 2 brings it to 1 / 1.75.
    let candles = closes(&[20.0, 17.0, 14.0, 16.0, 16.0]);
    assert_eq!(calls(&strategy, &candles), [(3, Side::Long)]);
}

#[test]
fn bands_call_when_the_close_comes_back_into_them() {
    let strategy = simple(Rule::BollingerReversion {
        period: 4,
        widths: 1.5,
    });
    // 10, 10, 10, 14: mean 11, deviation 1.732, so 14 is above 13.6; 12 with 10, 10, 14 is inside.
    let candles = closes(&[10.0, 10.0, 10.0, 14.0, 12.0]);
    assert_eq!(calls(&strategy, &candles), [(4, Side::Short)]);
}

#[test]
fn momentum_is_measured_in_true_ranges() {
    let strategy = simple(Rule::Momentum {
        lookback: 2,
        strength: 2.0,
    });
    // True ranges 2, 2, 2, 5 (from 100 to 105), smoothed 2, 2, 3.5: a change of 4 is below 7.
    assert_eq!(calls(&strategy, &closes(&[100.0, 100.0, 100.0, 104.0])), []);
    // Ranges 2, 3, 3, 3 give 2.5, 2.75, 2.875: from the first to the third is 4, no more than 5.5;
    // with a strength of 1 it is.
    let rising = closes(&[100.0, 102.0, 104.0]);
    assert_eq!(calls(&strategy, &rising), []);
    let weaker = simple(Rule::Momentum {
        lookback: 2,
        strength: 1.0,
    });
    assert_eq!(calls(&weaker, &rising), [(2, Side::Long)]);
}

#[test]
fn a_pullback_dips_to_the_fast_average_and_closes_beyond_it() {
    let strategy = simple(Rule::Pullback { fast: 2, slow: 3 });
    let mut candles = closes(&[100.0, 101.0, 108.0]);
    // The third is far above the fast average and opens where it closes. Then fast is 107.22 and
    // slow 105.5, and it dips to 105.
    candles.push(candle(3, 107.0, 109.0, 105.0, 108.0));
    assert_eq!(calls(&strategy, &candles), [(3, Side::Long)]);
    // The same without the dip, or closing lower than it opened, is none.
    candles[3] = candle(3, 108.0, 110.0, 107.9, 109.0);
    assert_eq!(calls(&strategy, &candles), []);
    candles[3] = candle(3, 109.0, 109.0, 105.0, 108.0);
    assert_eq!(calls(&strategy, &candles), []);
}

#[test]
fn levels_are_true_ranges_from_the_close() {
    let strategy = simple(Rule::Breakout { lookback: 2 });
    let mut state = strategy.state();
    let candles = closes(&[100.0, 100.0, 110.0]);
    let call = |state: &mut State| {
        let called = candles
            .iter()
            .filter_map(|candle| strategy.step(state, candle));
        called.last().unwrap()
    };
    // Ranges 2 and 2, then from 100 to 111: (2 · 1 + 11) / 2 = 6.5.
    let expected = Call {
        at: Timestamp::from_millis(180_000),
        side: Side::Long,
        price: price(110.0),
        stop: price(103.5),
        targets: vec![price(116.5), price(123.0)],
    };
    assert_eq!(call(&mut state), expected);
}

#[test]
fn a_stop_is_no_nearer_than_it_may_be_and_the_targets_keep_their_proportion() {
    let mut strategy = simple(Rule::Breakout { lookback: 2 });
    strategy.least_stop = 10.0;
    let mut state = strategy.state();
    let candles = closes(&[100.0, 100.0, 110.0]);
    let called = candles
        .iter()
        .filter_map(|candle| strategy.step(&mut state, candle));
    let call = called.last().unwrap();
    assert_eq!(call.stop, price(99.0));
    assert_eq!(call.targets, [price(121.0), price(132.0)]);
}

#[test]
fn after_a_gap_a_strategy_begins_anew_and_what_is_told_twice_is_ignored() {
    let strategy = simple(Rule::Breakout { lookback: 2 });
    let mut candles = closes(&[100.0, 100.0]);
    candles.push(still(3, 110.0));
    assert_eq!(calls(&strategy, &candles), [], "a minute is missing");
    let mut candles = closes(&[100.0, 100.0, 110.0]);
    candles.insert(2, still(1, 100.0));
    assert_eq!(calls(&strategy, &candles), [(3, Side::Long)]);
}

#[test]
fn a_side_that_was_called_rests() {
    let rising: Vec<f64> = (0..8).map(|nth| 100.0 + 3.0 * f64::from(nth)).collect();
    let mut strategy = simple(Rule::Breakout { lookback: 2 });
    let called = |strategy: &Strategy| -> Vec<usize> {
        let called = calls(strategy, &closes(&rising));
        called.into_iter().map(|(nth, _)| nth).collect()
    };
    assert_eq!(called(&strategy), [2, 3, 4, 5, 6, 7]);
    strategy.rest = 2;
    assert_eq!(called(&strategy), [2, 5]);
}

#[test]
fn a_call_is_read_as_it_was_meant() {
    let call = Call {
        at: Timestamp::from_millis(1_735_690_500_000),
        side: Side::Short,
        price: price(3321.45),
        stop: price(3345.12),
        targets: vec![price(3302.78), price(3284.11), price(3265.44)],
    };
    for name in Strategy::NAMES {
        let strategy = Strategy::named(name).unwrap();
        assert_eq!(strategy.name(), name);
        for (on, interval) in [
            ("binance:spot:ETH/USDT", Interval::Quarter),
            ("binance-usdm:perpetual:ETH/USDT", Interval::Minute),
            ("kraken:spot:ETH/USD", Interval::Day),
        ] {
            let on = Instrument::parse(on).unwrap();
            let text = call.words(&strategy, &on, interval);
            let context = parse::Context {
                assets: Assets::bundled(),
            };
            let reading = parse::read(&text, false, context);
            let Meaning::Signals(drafts) = reading.meaning else {
                panic!("{text}\nis read as {:?}", reading.meaning);
            };
            let [draft] = &drafts[..] else {
                panic!("{text}\n{drafts:?}");
            };
            assert_eq!(draft.pair, on.pair, "{text}");
            assert_eq!(draft.side, call.side);
            assert_eq!(draft.entry, Entry::Market(Some(call.price)), "{text}");
            assert_eq!(draft.stop, Some(call.stop));
            let targets: Vec<_> = draft.targets.iter().map(|target| target.price).collect();
            assert_eq!(targets, call.targets, "{text}");
            assert_eq!(
                draft.kind.unwrap_or(domain::market::MarketKind::Spot),
                on.kind,
                "{text}"
            );
            assert_eq!(draft.leverage, None, "{text}");
        }
    }
}

#[test]
fn a_post_is_named_after_its_candle() {
    let strategy = Strategy::named("rsi_reversal").unwrap();
    let call = Call {
        at: Timestamp::from_millis(1_735_690_500_000),
        side: Side::Long,
        price: price(100.0),
        stop: price(99.0),
        targets: vec![price(101.0)],
    };
    let on = Instrument::parse("binance:spot:BTC/USDT").unwrap();
    let key = call.key(&strategy, &on, Interval::Quarter);
    assert_eq!(
        key.as_str(),
        "rsi_reversal/binance:spot:BTC/USDT/15m/1735690500"
    );
}

#[test]
fn what_a_strategy_does_not_have_cannot_be_set() {
    let mut strategy = Strategy::named("breakout").unwrap();
    strategy.set("lookback", 55.0).unwrap();
    assert_eq!(strategy.rule, Rule::Breakout { lookback: 55 });
    let said = strategy.set("fast", 5.0).unwrap_err().to_string();
    assert!(said.contains("breakout") && said.contains("fast"), "{said}");
    assert!(strategy.set("lookback", 2.5).is_err());
    assert!(strategy.set("lookback", f64::NAN).is_err());
    assert!(strategy.set("stop", -1.0).is_err());
    assert!(strategy.set_targets(vec![2.0, 1.0]).is_err());
    assert_eq!(Strategy::named("martingale"), None);
}
