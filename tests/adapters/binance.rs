//! The Binance feed against an exchange that cuts off, forgets, falls silent and closes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use domain::market::{Instrument, Tick};
use domain::ports::{Clock, Feed, FeedError, Tape};
use domain::time::Timestamp;
use touchstone::feeds::binance;
use touchstone::feeds::venue::{LIMITS, Options, Rhythm, VenueFeed};
use touchstone::outbound::{Outbound, Reach};

use crate::exchange::Exchange;
use crate::server::{Reply, Wall, until, within};

const BTC: &str = "BTCUSDT";

fn btc() -> Instrument {
    Instrument::parse("sim:spot:BTC/USDT").unwrap()
}

fn eth() -> Instrument {
    Instrument::parse("sim:spot:ETH/USDT").unwrap()
}

fn feed(exchange: &Exchange) -> VenueFeed {
    let options = Options {
        judge_by: touchstone::feeds::venue::JudgeBy::Trades,
        venue: domain::market::Venue::new("sim"),
        stream: exchange.stream.clone(),
        rest: exchange.rest.base.clone(),
        clock: Arc::new(Wall),
        rhythm: Rhythm {
            pulse: Duration::from_millis(20),
            lag: Duration::from_millis(50),
            silence: Duration::from_millis(1_500),
            between_requests: Duration::from_millis(5),
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_millis(400),
            ..Rhythm::default()
        },
    };
    binance::spot(options, Outbound::new(Reach::Anywhere, LIMITS).unwrap())
}

/// A tape that collects what it told, without the mere passing of time.
struct Listener {
    tape: Box<dyn Tape>,
    told: Vec<Tick>,
}

impl Listener {
    fn new(tape: Box<dyn Tape>) -> Self {
        Self {
            tape,
            told: Vec::new(),
        }
    }

    async fn listen(&mut self) {
        let ticks = self.tape.next().await.unwrap().unwrap();
        let told = ticks
            .into_iter()
            .filter(|tick| !matches!(tick, Tick::Time(_)));
        self.told.extend(told);
    }

    fn ids(&self) -> Vec<u64> {
        let id = |tick: &Tick| match tick {
            Tick::Trade(trade) => Some(trade.id),
            Tick::Candle(_) | Tick::Time(_) | Tick::Hole { .. } => None,
        };
        self.told.iter().filter_map(id).collect()
    }

    /// Listens until a trade was told.
    async fn hear(&mut self, id: u64) {
        within(&format!("trade {id}"), async {
            let told =
                |tick: Option<&Tick>| matches!(tick, Some(Tick::Trade(trade)) if trade.id == id);
            while !told(self.told.last()) {
                self.listen().await;
            }
        })
        .await;
    }

    /// Listens until somebody is subscribed.
    async fn settle(&mut self, exchange: &Exchange, stream: &str) {
        within(stream, async {
            while !exchange.is_heard(stream) {
                tokio::select! {
                    () = self.listen() => {}
                    () = tokio::time::sleep(Duration::from_millis(2)) => {}
                }
            }
        })
        .await;
    }

    fn assert_whole(&self, first: u64, last: u64) {
        assert_eq!(self.ids(), (first..=last).collect::<Vec<_>>());
        assert!(
            !self
                .told
                .iter()
                .any(|tick| matches!(tick, Tick::Hole { .. }))
        );
        assert!(self.told.is_sorted_by_key(Tick::at));
    }
}

/// A tape on bitcoin that has already heard a trade.
async fn following(exchange: &Exchange, feed: &VenueFeed) -> Listener {
    let mut listener = Listener::new(feed.follow(&btc(), None));
    listener.settle(exchange, "btcusdt@trade").await;
    let id = exchange.trade(BTC, "100.1");
    listener.hear(id).await;
    listener
}

#[tokio::test]
async fn what_is_followed_is_subscribed_and_told_to_everyone_who_follows() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut first = following(&exchange, &feed).await;
    let mut second = Listener::new(feed.follow(&btc(), Some(Wall.now())));
    let mut third = Listener::new(feed.follow(&eth(), Some(Wall.now())));
    third.settle(&exchange, "ethusdt@trade").await;
    let other = exchange.trade("ETHUSDT", "10");
    let last = exchange.trade(BTC, "100.2");
    first.hear(last).await;
    second.hear(last).await;
    third.hear(other).await;
    assert_eq!(third.ids(), [other]);
    first.assert_whole(1, last);
    assert_eq!(exchange.state().knocks.len(), 1, "one connection for all");
    let asked = exchange.state().requests.clone();
    assert_eq!(
        asked[0]["params"],
        json!(["btcusdt@trade", "btcusdt@kline_1m"])
    );
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_tape_that_is_dropped_is_unsubscribed() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let _first = following(&exchange, &feed).await;
    let mut second = Listener::new(feed.follow(&eth(), None));
    second.settle(&exchange, "ethusdt@trade").await;
    drop(second);
    until("unsubscribed", || !exchange.is_heard("ethusdt@trade")).await;
    assert!(exchange.is_heard("btcusdt@trade"));
    drop(_first);
    until("hung up", || exchange.sessions() == 0).await;
}

#[tokio::test]
async fn what_was_traded_during_a_reconnect_is_fetched_and_nothing_is_told_twice() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    for round in 0..5 {
        exchange.cut();
        for _ in 0..700 {
            exchange.trade_unheard(BTC, &format!("100.{round}"));
        }
        listener.settle(&exchange, "btcusdt@trade").await;
        let last = exchange.trade(BTC, "101");
        listener.hear(last).await;
    }
    // Aggregates tell neighbours of one price as one, so not every number is seen, but every
    // price in its order, and the ends join.
    let ids = listener.ids();
    assert!(ids.is_sorted_by(|a, b| a < b), "no trade twice");
    assert!(
        !listener
            .told
            .iter()
            .any(|tick| matches!(tick, Tick::Hole { .. }))
    );
    assert!(listener.told.is_sorted_by_key(Tick::at));
    let prices = |price: &str| {
        listener
            .told
            .iter()
            .filter_map(Tick::last_price)
            .filter(|told| told.to_string() == price)
            .count()
    };
    for round in 1..5 {
        assert!(prices(&format!("100.{round}")) > 0);
    }
    assert_eq!(prices("101"), 5);
}

#[tokio::test]
async fn trades_whose_numbers_are_missing_are_fetched() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    for price in ["101", "102", "103"] {
        exchange.trade_unheard(BTC, price);
    }
    let last = exchange.trade(BTC, "104");
    listener.hear(last).await;
    listener.assert_whole(1, last);
}

#[tokio::test]
async fn a_trade_that_is_only_mentioned_is_fetched_without_waiting_for_the_next_one() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    let missed = exchange.trade_unheard(BTC, "90").id;
    exchange.mention(BTC);
    listener.hear(missed).await;
    listener.assert_whole(1, missed);
}

#[tokio::test]
async fn what_the_venue_itself_has_lost_is_a_hole() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    let before = listener.told[0].at();
    exchange.trade_lost(BTC);
    let last = exchange.trade(BTC, "102");
    listener.hear(last).await;
    let Tick::Hole { from, to } = listener.told[1] else {
        panic!("a hole, not {:?}", listener.told);
    };
    assert_eq!((from, to), (before, listener.told[2].at()));
    assert_eq!(listener.ids(), [1, 3]);
}

#[tokio::test]
async fn a_path_begins_where_it_is_asked_to_begin() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let since = Timestamp::from_millis(Wall.now().as_millis() - 300_000);
    exchange.trade_at(BTC, "99", since - Duration::from_millis(2));
    for second in 0..2_500 {
        exchange.trade_at(
            BTC,
            &format!("100.{second}"),
            since + Duration::from_millis(second * 100),
        );
    }
    let mut listener = Listener::new(feed.follow(&btc(), Some(since - Duration::from_micros(500))));
    listener.settle(&exchange, "btcusdt@trade").await;
    let last = exchange.trade(BTC, "101");
    listener.hear(last).await;
    listener.assert_whole(2, last);
}

#[tokio::test]
async fn a_long_absence_is_told_by_candles_and_missing_minutes_are_holes() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let minute = 60_000;
    let this_minute = Wall.now().as_millis() / minute * minute;
    let since = this_minute - 30 * minute - 10_000;
    let at = |millis: i64| Timestamp::from_millis(millis);
    exchange.trade_at(BTC, "99", at(since + 1_000));
    exchange.trade_at(BTC, "98", at(this_minute - 20 * minute));
    for nth in (1..=30).filter(|nth| *nth != 7) {
        let open = this_minute - nth * minute;
        let row = json!([
            open,
            "100",
            "101",
            "99",
            "100.5",
            "3",
            open + minute - 1,
            "300",
            5,
            "1",
            "1",
            "0"
        ]);
        exchange.state().candles.insert(0, row);
    }
    let mut listener = Listener::new(feed.follow(&btc(), Some(at(since))));
    listener.settle(&exchange, "btcusdt@trade").await;
    let last = exchange.trade(BTC, "101");
    listener.hear(last).await;

    assert!(matches!(listener.told[0], Tick::Trade(trade) if trade.id == 1));
    let holes = |tick: &&Tick| matches!(tick, Tick::Hole { .. });
    let candles = |tick: &&Tick| matches!(tick, Tick::Candle(_));
    assert_eq!(
        listener.told.iter().filter(holes).collect::<Vec<_>>(),
        [&Tick::Hole {
            from: at(this_minute - 7 * minute),
            to: at(this_minute - 6 * minute)
        }]
    );
    // The last minute is fetched as a candle only once it has settled.
    assert!((28..=30).contains(&listener.told.iter().filter(candles).count()));
    assert!(listener.told.is_sorted_by_key(Tick::at));
    assert_eq!(
        listener.ids(),
        [1, last],
        "what the candles tell is not told again"
    );
}

#[tokio::test]
async fn a_tape_that_falls_behind_loses_nothing() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    let mut quick = Listener::new(feed.follow(&btc(), Some(Wall.now())));
    let mut last = 0;
    for nth in 0..12_000 {
        last = exchange.trade(BTC, &format!("1{nth}"));
    }
    quick.hear(last).await;
    listener.hear(last).await;
    listener.assert_whole(1, last);
    quick.assert_whole(quick.ids()[0], last);
}

#[tokio::test]
async fn time_goes_on_where_nothing_is_traded_and_stands_still_without_a_connection() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut tape = feed.follow(&btc(), None);
    let mut times = Vec::new();
    while times.len() < 5 {
        let ticks = within("time", tape.next()).await.unwrap().unwrap();
        times.extend(ticks);
    }
    assert!(
        times
            .iter()
            .all(|tick| matches!(tick, Tick::Time(at) if *at < Wall.now()))
    );
    assert!(times.is_sorted_by_key(Tick::at));

    exchange.state().shut = true;
    exchange.cut();
    let cut = Wall.now();
    let after = async {
        loop {
            for tick in tape.next().await.unwrap().unwrap() {
                assert!(tick.at() < cut, "told of a time of which nothing is known");
            }
        }
    };
    tokio::select! {
        () = after => {}
        () = until("knocks", || exchange.state().knocks.len() > 3) => {}
    }
}

#[tokio::test]
async fn a_venue_that_is_closed_is_asked_less_and_less_often() {
    let exchange = Exchange::open().await;
    exchange.state().shut = true;
    let feed = feed(&exchange);
    let mut tape = feed.follow(&btc(), None);
    let knocks = until("knocks", || exchange.state().knocks.len() == 6);
    tokio::select! {
        told = tape.next() => panic!("told {told:?}"),
        () = knocks => {}
    }
    let knocks = exchange.state().knocks.clone();
    // 20 + 40 + 80 + 160 + 320 ms, jittered by a quarter.
    assert!(knocks[5] - knocks[0] >= Duration::from_millis(465));

    exchange.state().shut = false;
    let mut listener = Listener::new(tape);
    listener.settle(&exchange, "btcusdt@trade").await;
    let id = exchange.trade(BTC, "100");
    listener.hear(id).await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_given_up() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    exchange.state().deaf = true;
    // The session notices only with the next frame that it should be deaf.
    exchange.trade(BTC, "100.5");
    let knocked = exchange.state().knocks.len();
    let missed = exchange.trade_unheard(BTC, "101").id;
    until("another knock", || exchange.state().knocks.len() > knocked).await;
    exchange.state().deaf = false;
    listener.hear(missed).await;
    listener.assert_whole(1, missed);
}

#[tokio::test]
async fn a_venue_that_asks_for_patience_gets_it_and_then_the_path_goes_on() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    exchange.trade_unheard(BTC, "99");
    exchange.state().instead = vec![Reply::status(429).with("Retry-After", "1")];
    let mut tape = feed.follow(&btc(), Some(Wall.now() - Duration::from_secs(5)));
    let error = within("an error", async {
        loop {
            if let Err(error) = tape.next().await {
                break error;
            }
        }
    });
    assert!(matches!(error.await, FeedError::Unreachable { .. }));
    let refused = tokio::time::Instant::now();
    let mut listener = Listener::new(tape);
    listener.hear(1).await;
    assert!(
        refused.elapsed() >= Duration::from_millis(990),
        "asked again too soon"
    );
}

#[tokio::test]
async fn what_cannot_be_fetched_is_at_last_a_hole_and_the_path_goes_on() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    let mut listener = following(&exchange, &feed).await;
    exchange.state().instead = vec![Reply::ok("not json"); 20];
    exchange.trade_unheard(BTC, "99");
    let last = exchange.trade(BTC, "101");
    within("the trade after the hole", async {
        while !listener.ids().contains(&last) {
            match listener.tape.next().await {
                Ok(ticks) => listener.told.extend(ticks.unwrap()),
                Err(error) => assert!(matches!(error, FeedError::Unreadable { .. })),
            }
        }
    })
    .await;
    assert!(
        listener
            .told
            .iter()
            .any(|tick| matches!(tick, Tick::Hole { .. }))
    );
}

#[tokio::test]
async fn what_the_venue_does_not_trade_is_said_so_and_ends() {
    let exchange = Exchange::open().await;
    let feed = feed(&exchange);
    for unknown in [
        "sim:spot:NO/USDT",
        "sim:perpetual:BTC/USDT",
        "other:spot:BTC/USDT",
    ] {
        let unknown = Instrument::parse(unknown).unwrap();
        let mut tape = feed.follow(&unknown, None);
        let error = within("an error", tape.next()).await.unwrap_err();
        assert!(matches!(error, FeedError::Unlisted(it) if it == unknown));
        assert_eq!(within("the end", tape.next()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_listing_has_what_is_traded_now_with_its_price() {
    let exchange = Exchange::open().await;
    let listing = feed(&exchange).listing().await.unwrap();
    assert_eq!(listing.len(), 1, "one of the two is on a break");
    assert_eq!(listing[0].instrument, btc());
    assert_eq!(listing[0].symbol, BTC);
    assert_eq!(listing[0].price.unwrap().to_string(), "100.5");
}
