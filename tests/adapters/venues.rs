//! Perpetuals, Kraken and Coinbase: each feed against a venue that speaks its language, cuts the
//! connection and forgets trades.

use std::time::Duration;

use serde_json::json;

use domain::market::{Instrument, Tick};
use domain::ports::{Clock, Feed, FeedError, Tape};
use touchstone::feeds::venue::VenueFeed;

use crate::server::{Wall, until, within};
use crate::speech::{ALL, Exchange, Speech, rfc3339};

/// A tape that collects what it told, without the mere passing of time.
pub(crate) struct Listener {
    pub(crate) tape: Box<dyn Tape>,
    pub(crate) told: Vec<Tick>,
}

impl Listener {
    pub(crate) fn new(tape: Box<dyn Tape>) -> Self {
        let told = Vec::new();
        Self { tape, told }
    }

    pub(crate) async fn listen(&mut self) {
        let ticks = self.tape.next().await.unwrap().unwrap();
        let told = ticks
            .into_iter()
            .filter(|tick| !matches!(tick, Tick::Time(_)));
        self.told.extend(told);
    }

    /// Listens until a trade was told.
    pub(crate) async fn hear(&mut self, id: u64) {
        within(&format!("trade {id}"), async {
            while self.ids().last() != Some(&id) {
                self.listen().await;
            }
        })
        .await;
    }

    /// Listens until everything arrives.
    pub(crate) async fn settle(&mut self, feed: &VenueFeed, instrument: &Instrument) {
        within("all arrives", async {
            while !feed.state(instrument).live {
                tokio::select! {
                    () = self.listen() => {}
                    () = tokio::time::sleep(Duration::from_millis(2)) => {}
                }
            }
        })
        .await;
    }

    pub(crate) fn ids(&self) -> Vec<u64> {
        let id = |tick: &Tick| match tick {
            Tick::Trade(trade) => Some(trade.id),
            Tick::Candle(_) | Tick::Time(_) | Tick::Hole { .. } => None,
        };
        self.told.iter().filter_map(id).collect()
    }

    pub(crate) fn holes(&self) -> usize {
        let hole = |tick: &&Tick| matches!(tick, Tick::Hole { .. });
        self.told.iter().filter(hole).count()
    }
}

/// Until the feed knows that it was cut off.
async fn cut(exchange: &Exchange, feed: &VenueFeed) {
    exchange.stage.cut();
    *exchange.sequence.lock().unwrap() = 0;
    until("cut off", || {
        !feed.state(&exchange.speech.instrument()).live
    })
    .await;
}

#[tokio::test]
async fn every_trade_is_told_once_through_cuts_on_every_venue() {
    for speech in ALL {
        let exchange = Exchange::open(speech).await;
        let (feed, instrument) = (exchange.feed(), speech.instrument());
        let mut listener = Listener::new(feed.follow(&instrument, None));
        listener.settle(&feed, &instrument).await;
        let asked = exchange.stage.state().requests.clone();
        let first = exchange.trade("100.10");
        listener.hear(first).await;
        for round in 0..3 {
            cut(&exchange, &feed).await;
            for nth in 0..700 {
                exchange.trade_unheard(&format!("100.{round}{nth}"));
            }
            listener.settle(&feed, &instrument).await;
            let last = exchange.trade("101");
            listener.hear(last).await;
        }
        let ids = listener.ids();
        assert_eq!(
            ids,
            (first..=first + 2_103).collect::<Vec<_>>(),
            "{speech:?}"
        );
        assert_eq!(listener.holes(), 0, "{speech:?}");
        assert!(listener.told.is_sorted_by_key(Tick::at), "{speech:?}");
        let again = exchange.stage.state().requests.clone();
        assert_eq!(again.len(), asked.len(), "{speech:?}");
        for (again, asked) in again.iter().zip(&asked) {
            assert_eq!(again["params"], asked["params"], "{speech:?}");
            assert_eq!(again["product_ids"], asked["product_ids"], "{speech:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_by_its_number_is_fetched_and_what_is_lost_is_a_hole_on_every_venue() {
    for speech in ALL {
        let exchange = Exchange::open(speech).await;
        let (feed, instrument) = (exchange.feed(), speech.instrument());
        let mut listener = Listener::new(feed.follow(&instrument, None));
        listener.settle(&feed, &instrument).await;
        let first = exchange.trade("100");
        listener.hear(first).await;
        for price in ["101", "102", "103"] {
            exchange.trade_unheard(price);
        }
        let last = exchange.trade("104");
        listener.hear(last).await;
        assert_eq!(
            listener.ids(),
            (first..=last).collect::<Vec<_>>(),
            "{speech:?}"
        );
        assert_eq!(listener.holes(), 0, "{speech:?}");

        exchange.trade_lost();
        let after = exchange.trade("105");
        listener.hear(after).await;
        assert_eq!(listener.holes(), 1, "{speech:?}: {:?}", listener.told);
    }
}

#[tokio::test]
async fn only_what_is_traded_now_is_listed_in_the_one_spelling_on_every_venue() {
    for (speech, symbol) in ALL.into_iter().zip(["BTCUSDT", "BTC/USD", "BTC-USD"]) {
        let exchange = Exchange::open(speech).await;
        let listing = exchange.feed().listing().await.unwrap();
        assert_eq!(listing.len(), 1, "{speech:?}: {listing:?}");
        assert_eq!(listing[0].instrument, speech.instrument());
        assert_eq!(listing[0].symbol, symbol);
        assert_eq!(listing[0].price.unwrap().to_string(), "100.5");
    }
}

#[tokio::test]
async fn what_a_venue_does_not_trade_is_said_so_and_ends_on_every_venue() {
    for speech in ALL {
        let exchange = Exchange::open(speech).await;
        let feed = exchange.feed();
        let kind = speech.instrument().kind;
        for unknown in [
            format!("venue:{kind}:NO/USD"),
            "other:spot:BTC/USD".to_owned(),
        ] {
            let unknown = Instrument::parse(&unknown).unwrap();
            let mut tape = feed.follow(&unknown, None);
            let error = within("an error", tape.next()).await.unwrap_err();
            assert!(
                matches!(error, FeedError::Unlisted(it) if it == unknown),
                "{speech:?}"
            );
            assert_eq!(within("the end", tape.next()).await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn perpetuals_are_heard_below_market_and_their_mark_price_is_kept_and_judges_nothing() {
    let exchange = Exchange::open(Speech::Usdm).await;
    let (feed, instrument) = (exchange.feed(), Speech::Usdm.instrument());
    let mut listener = Listener::new(feed.follow(&instrument, None));
    listener.settle(&feed, &instrument).await;
    {
        let state = exchange.stage.state();
        assert_eq!(state.paths, ["/market/stream"]);
        let streams = json!(["btcusdt@aggTrade", "btcusdt@markPrice@1s"]);
        assert_eq!(state.requests[0]["params"], streams);
    }
    assert_eq!(feed.state(&instrument).mark, None);
    let at = Wall.now().as_millis();
    exchange
        .stage
        .tell(json!({"stream": "btcusdt@markPrice@1s", "data": {
        "e": "markPriceUpdate", "E": at, "s": "BTCUSDT", "p": "11794.15000000",
        "i": "11784.62659091", "P": "11784.25641265", "r": "0.00038167", "T": at}}));
    let id = exchange.trade("11790");
    listener.hear(id).await;
    let mark = feed.state(&instrument).mark.unwrap();
    assert_eq!(mark.price.to_string(), "11794.15");
    assert_eq!(mark.at.as_millis(), at);
    assert_eq!(
        listener.told.len(),
        1,
        "the trade alone: {:?}",
        listener.told
    );
}

#[tokio::test]
async fn a_frame_that_never_came_makes_coinbase_paths_fetch_without_waiting_for_the_next_trade() {
    let exchange = Exchange::open(Speech::Coinbase).await;
    let (feed, instrument) = (exchange.feed(), Speech::Coinbase.instrument());
    let mut listener = Listener::new(feed.follow(&instrument, None));
    listener.settle(&feed, &instrument).await;
    let first = exchange.trade("100");
    listener.hear(first).await;
    let missed = exchange.trade_unheard("90").id;
    exchange.next_sequence();
    let heartbeat = json!({"channel": "heartbeats", "client_id": "",
        "timestamp": rfc3339(Wall.now()), "sequence_num": exchange.next_sequence(),
        "events": [{"heartbeat_counter": 42}]});
    exchange.stage.tell(heartbeat);
    listener.hear(missed).await;
    assert_eq!(listener.holes(), 0);
}
