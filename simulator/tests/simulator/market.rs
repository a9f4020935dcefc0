//! The market: random access, exact klines, and the wildness it is meant to have.

use simulator::{
    Amount, Candle, EPOCH_MS, Market, Recording, RecordingError, SYMBOLS, Trade, find,
};

use crate::support::TUESDAY_MS;

#[test]
fn the_same_seed_and_time_give_the_same_trades() {
    for symbol in &SYMBOLS {
        let market = Market::new(7);
        let first = market.last_id(symbol, TUESDAY_MS);
        let walked: Vec<Trade> = market.trades(symbol, first).take(500).collect();
        let again = Market::new(7);
        for trade in walked.iter().rev() {
            assert_eq!(again.trade(symbol, trade.id), *trade);
        }
        let other = Market::new(8).trade(symbol, first);
        assert_ne!(other.price, walked[0].price);
    }
}

#[test]
fn trade_numbers_are_gapless_and_their_times_grow() {
    let market = Market::new(7);
    for symbol in &SYMBOLS {
        let mut before = market.trade(symbol, 0);
        assert!(before.at_ms >= EPOCH_MS);
        for trade in market.trades(symbol, 1).take(3_000) {
            assert_eq!(trade.id, before.id + 1);
            assert!(trade.at_ms > before.at_ms);
            assert!(trade.bid < trade.ask);
            assert_eq!(trade.price.in_units() % symbol.tick.in_units(), 0);
            assert_eq!(trade.quantity.in_units() % symbol.step.in_units(), 0);
            assert!(trade.quantity > Amount::default());
            assert_eq!(market.last_id(symbol, trade.at_ms), trade.id);
            assert_eq!(market.last_id(symbol, trade.at_ms - 1), trade.id - 1);
            before = trade;
        }
    }
}

#[test]
fn klines_are_what_their_trades_add_up_to() {
    let market = Market::new(7);
    let now = TUESDAY_MS + 61_234;
    for (minutes, symbol) in [(1, &SYMBOLS[0]), (5, &SYMBOLS[3]), (15, &SYMBOLS[7])] {
        let long = minutes * 60_000;
        for open in [0, 1, 2].map(|back| now - now % long - back * long) {
            let kline = market.kline(symbol, open, minutes, now).unwrap();
            let first = market.last_id(symbol, open - 1) + 1;
            let last = market.last_id(symbol, now.min(open + long - 1));
            let trades: Vec<Trade> = market
                .trades(symbol, first)
                .take_while(|trade| trade.id <= last)
                .collect();
            let price = |trade: &Trade| trade.price;
            let volume = |of: &dyn Fn(&&Trade) -> bool| -> i128 {
                let chosen = trades.iter().filter(of);
                chosen
                    .map(|trade| i128::from(trade.quantity.in_units()))
                    .sum()
            };
            assert_eq!(kline.open_ms, open);
            assert_eq!((kline.first_id, kline.last_id), (first, last));
            assert_eq!(kline.open, trades[0].price);
            assert_eq!(kline.close, trades.last().unwrap().price);
            assert_eq!(Some(kline.high), trades.iter().map(price).max());
            assert_eq!(Some(kline.low), trades.iter().map(price).min());
            assert_eq!(kline.volume.in_units(), volume(&|_| true));
            assert_eq!(
                kline.taker_volume.in_units(),
                volume(&|trade| !trade.buyer_is_maker)
            );
        }
    }
}

#[test]
fn a_minute_that_is_over_does_not_depend_on_when_it_is_asked_for() {
    let symbol = find("ZETUSDT").unwrap();
    let open = TUESDAY_MS - TUESDAY_MS % 60_000;
    let patient = Market::new(7);
    let early = patient.kline(symbol, open, 1, open + 30_000).unwrap();
    let late = patient.kline(symbol, open, 1, open + 60_000).unwrap();
    let fresh = Market::new(7).kline(symbol, open, 1, open + 86_400_000);
    assert!(early.trades() < late.trades());
    assert_eq!(Some(late), fresh);
}

#[test]
fn nothing_happened_before_the_epoch() {
    let market = Market::new(7);
    assert_eq!(market.last_id(&SYMBOLS[0], EPOCH_MS - 1), -1);
    assert_eq!(
        market.kline(&SYMBOLS[0], EPOCH_MS - 60_000, 1, TUESDAY_MS),
        None
    );
}

#[test]
fn prices_are_wild_within_minutes_and_stay_home_over_months() {
    let market = Market::new(7);
    for symbol in &SYMBOLS {
        let price = |at| market.last_trade(symbol, at).price.as_f64();
        let typical_move = |minutes: i64| {
            let mut moves: Vec<f64> = (0..400_i64)
                .map(|step| EPOCH_MS + step * 7_777_777)
                .map(|at| (price(at + minutes * 60_000) / price(at)).ln().abs())
                .collect();
            moves.sort_by(f64::total_cmp);
            moves[200]
        };
        assert!((0.004..0.015).contains(&typical_move(1)), "{}", symbol.name);
        assert!(
            (0.015..0.035).contains(&typical_move(15)),
            "{}",
            symbol.name
        );
        let months = (0..2_000_i64).map(|step| price(EPOCH_MS + step * 14_400_000));
        let home = price(EPOCH_MS);
        assert!(
            months
                .into_iter()
                .all(|price| (0.6..1.7).contains(&(price / home)))
        );
    }
}

fn candle(open_ms: i64, prices: [i64; 4]) -> Candle {
    let [open, high, low, close] = prices.map(|price| Amount::units(price * 100_000_000));
    let volume = Amount::units(7);
    Candle {
        open_ms,
        open,
        high,
        low,
        close,
        volume,
    }
}

#[test]
fn a_recorded_market_plays_each_candle_so_that_it_adds_up_to_itself() {
    let candles = vec![
        candle(60_000, [10, 14, 9, 12]),
        candle(120_000, [12, 13, 8, 9]),
        // A minute is missing here.
        candle(240_000, [9, 9, 9, 9]),
    ];
    let recording = Recording::new("BTC", "USDT", 60_000, candles.clone()).unwrap();
    let market = Market::playing(vec![recording]);
    let btc = market.find("BTCUSDT").unwrap();
    assert_eq!(market.symbols(), [btc]);
    assert_eq!(market.find(SYMBOLS[0].name), None);
    for candle in &candles {
        let kline = market.kline(btc, candle.open_ms, 1, i64::MAX - 1).unwrap();
        assert_eq!(
            (kline.open, kline.high, kline.low, kline.close),
            (candle.open, candle.high, candle.low, candle.close)
        );
        assert_eq!(kline.volume.in_units(), 7);
    }
    assert_eq!(market.kline(btc, 180_000, 1, i64::MAX - 1), None);
    let prices: Vec<_> = market
        .trades(btc, 0)
        .map(|trade| trade.price.to_string())
        .collect();
    assert_eq!(
        prices,
        [
            "10", "9", "14", "12", "12", "13", "8", "9", "9", "9", "9", "9"
        ]
    );
    assert_eq!(market.last_id(btc, 59_999), -1);
    assert_eq!(market.last_id(btc, 60_000), 0);
    assert_eq!(market.last_id(btc, 119_999), 3);
    assert_eq!(market.last_id(btc, 230_000), 7);
    let half = market.kline(btc, 60_000, 1, 60_000).unwrap();
    assert_eq!(half.high, candles[0].open, "nobody knows the future");
}

#[test]
fn a_recording_that_cannot_be_played_is_refused_by_its_first_wrong_candle() {
    let make = |interval, candles| Recording::new("BTC", "USDT", interval, candles).err();
    assert_eq!(make(60_000, vec![]), Some(RecordingError::Empty));
    let twice = vec![candle(0, [9, 9, 9, 9]), candle(59_999, [9, 9, 9, 9])];
    assert_eq!(make(60_000, twice), Some(RecordingError::Order(59_999)));
    let wrong = vec![candle(5, [9, 8, 7, 8])];
    assert_eq!(make(60_000, wrong), Some(RecordingError::Candle(5)));
    let sound = vec![candle(0, [9, 9, 9, 9])];
    assert_eq!(make(0, sound), Some(RecordingError::Interval(0)));
}
