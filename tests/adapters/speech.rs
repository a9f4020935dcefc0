//! Venues of a few lines that speak the languages of Binance's perpetuals, Kraken and Coinbase.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use domain::market::{Instrument, Venue};
use domain::ports::Clock;
use domain::time::Timestamp;
use touchstone::feeds::venue::{LIMITS, Options, Rhythm, VenueFeed};
use touchstone::feeds::{binance, coinbase, kraken};
use touchstone::outbound::{Outbound, Reach};
use url::Url;

use crate::server::{Reply, Request, Server, Wall};
use crate::stage::Stage;

/// The languages that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Usdm,
    Kraken,
    Coinbase,
}

pub(crate) const ALL: [Speech; 3] = [Speech::Usdm, Speech::Kraken, Speech::Coinbase];

impl Speech {
    pub(crate) fn instrument(self) -> Instrument {
        let text = match self {
            Self::Usdm => "venue:perpetual:BTC/USDT",
            Self::Kraken | Self::Coinbase => "venue:spot:BTC/USD",
        };
        Instrument::parse(text).unwrap()
    }

    /// How the venue tells of a trade.
    pub(crate) fn trade(self, dealt: &Dealt, sequence: u64) -> Value {
        let Dealt { id, at, price } = dealt;
        match self {
            Self::Usdm => json!({"stream": "btcusdt@aggTrade", "data": {"e": "aggTrade",
                "E": at.as_millis(), "s": "BTCUSDT", "a": id, "p": price, "q": "1",
                "f": id * 3, "l": id * 3 + 1, "T": at.as_millis(), "m": true}}),
            Self::Kraken => json!({"channel": "trade", "type": "update", "data": [{
                "symbol": "BTC/USD", "side": "buy", "price": number(price), "qty": 0.1,
                "ord_type": "limit", "trade_id": id, "timestamp": rfc3339(*at)}]}),
            Self::Coinbase => json!({"channel": "market_trades", "client_id": "",
                "timestamp": rfc3339(*at), "sequence_num": sequence, "events": [{
                    "type": "update", "trades": [{"trade_id": id.to_string(),
                    "product_id": "BTC-USD", "price": price, "size": "1", "side": "BUY",
                    "time": rfc3339(*at)}]}]}),
        }
    }

    /// How the venue answers a request.
    pub(crate) fn answer(self, request: &Value) -> Vec<Value> {
        let now = Wall.now();
        match self {
            Self::Usdm => vec![json!({"result": null, "id": request["id"]})],
            Self::Kraken => {
                let symbols = request["params"]["symbol"].as_array().unwrap().clone();
                let one = |symbol| {
                    json!({"method": request["method"], "req_id": request["req_id"],
                    "result": {"channel": "trade", "symbol": symbol, "snapshot": false},
                    "success": true, "time_in": rfc3339(now), "time_out": rfc3339(now)})
                };
                symbols.into_iter().map(one).collect()
            }
            Self::Coinbase => {
                let products = match request["channel"].as_str().unwrap() {
                    "market_trades" => request["product_ids"].clone(),
                    _ => json!([]),
                };
                vec![json!({"channel": "subscriptions", "client_id": "",
                    "timestamp": rfc3339(now), "events": [{"subscriptions":
                        {"heartbeats": ["heartbeats"], "market_trades": products}}]})]
            }
        }
    }
}

/// A JSON number with exactly these digits.
pub(crate) fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .unwrap()
        .to_string()
}

#[derive(Clone, Debug)]
pub(crate) struct Dealt {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) price: String,
}

/// A venue with one pair.
pub(crate) struct Exchange {
    pub(crate) speech: Speech,
    pub(crate) stage: Stage,
    pub(crate) rest: Server,
    pub(crate) history: Arc<Mutex<Vec<Dealt>>>,
    pub(crate) last_id: Mutex<u64>,
    pub(crate) sequence: Mutex<u64>,
}

impl Exchange {
    pub(crate) async fn open(speech: Speech) -> Self {
        let history = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&history);
        Self {
            speech,
            stage: Stage::open(move |request| speech.answer(request)).await,
            rest: Server::start(move |request| rest(speech, &told.lock().unwrap(), request)).await,
            history,
            last_id: Mutex::new(10_000),
            sequence: Mutex::new(0),
        }
    }

    pub(crate) fn feed(&self) -> VenueFeed {
        let open = match self.speech {
            Speech::Usdm => binance::usdm,
            Speech::Kraken => kraken::spot,
            Speech::Coinbase => coinbase::spot,
        };
        feed(open, &self.stage, &self.rest, Arc::new(Wall))
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, Vec<Dealt>> {
        self.history.lock().unwrap()
    }

    /// A trade that everyone who subscribed hears of.
    pub(crate) fn trade(&self, price: &str) -> u64 {
        let dealt = self.trade_unheard(price);
        let sequence = self.next_sequence();
        self.stage.tell(self.speech.trade(&dealt, sequence));
        dealt.id
    }

    pub(crate) fn trade_unheard(&self, price: &str) -> Dealt {
        let mut last_id = self.last_id.lock().unwrap();
        *last_id += 1;
        let dealt = Dealt {
            id: *last_id,
            // Some venues tell milliseconds only.
            at: Timestamp::from_millis(Wall.now().as_millis()),
            price: price.to_owned(),
        };
        self.history().push(dealt.clone());
        dealt
    }

    /// A trade of which nobody will ever hear.
    pub(crate) fn trade_lost(&self) {
        *self.last_id.lock().unwrap() += 1;
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        let mut sequence = self.sequence.lock().unwrap();
        *sequence += 1;
        *sequence
    }
}

pub(crate) fn feed(open: Open, stage: &Stage, rest: &Server, clock: Arc<dyn Clock>) -> VenueFeed {
    let (stream, rest) = (stage.url.clone(), rest.base.clone());
    quick("venue", open, (stream, rest), clock)
}

/// A feed of a venue by that name.
pub(crate) fn feed_named(name: &str, open: Open, stream: Url, rest: Url) -> VenueFeed {
    quick(name, open, (stream, rest), Arc::new(Wall))
}

type Open = fn(Options, Outbound) -> VenueFeed;

fn quick(name: &str, open: Open, (stream, rest): (Url, Url), clock: Arc<dyn Clock>) -> VenueFeed {
    let options = Options {
        judge_by: touchstone::feeds::venue::JudgeBy::Trades,
        venue: Venue::new(name),
        stream,
        rest,
        clock,
        rhythm: Rhythm {
            pulse: Duration::from_millis(20),
            lag: Duration::from_millis(50),
            between_requests: Duration::from_millis(5),
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_millis(200),
            ..Rhythm::default()
        },
    };
    open(options, Outbound::new(Reach::Anywhere, LIMITS).unwrap())
}

/// What a venue answers over REST.
pub(crate) fn rest(speech: Speech, history: &[Dealt], request: &Request) -> Reply {
    let text = |name: &str| request.query.get(name).map(String::as_str);
    let asked = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
    match speech {
        Speech::Usdm => usdm_rest(history, request, &asked),
        Speech::Kraken => kraken_rest(history, request, &asked),
        Speech::Coinbase => coinbase_rest(history, request, &asked),
    }
}

pub(crate) type Asked<'a> = dyn Fn(&str) -> Option<i64> + 'a;

pub(crate) fn usdm_rest(history: &[Dealt], request: &Request, asked: &Asked<'_>) -> Reply {
    if request
        .query
        .get("symbol")
        .is_some_and(|symbol| symbol != "BTCUSDT")
    {
        let mut refusal = Reply::status(400);
        refusal.body = json!({"code": -1121, "msg": "Invalid symbol."})
            .to_string()
            .into();
        return refusal;
    }
    let body = match request.path.as_str() {
        "/fapi/v1/time" => json!({"serverTime": Wall.now().as_millis()}),
        "/fapi/v1/exchangeInfo" => json!({"symbols": [
            {"symbol": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING",
             "baseAsset": "BTC", "quoteAsset": "USDT"},
            {"symbol": "BTCUSDT_270326", "contractType": "CURRENT_QUARTER", "status": "TRADING",
             "baseAsset": "BTC", "quoteAsset": "USDT"},
            {"symbol": "OLDUSDT", "contractType": "PERPETUAL", "status": "SETTLING",
             "baseAsset": "OLD", "quoteAsset": "USDT"}]}),
        "/fapi/v1/ticker/price" => match request.query.get("symbol") {
            Some(symbol) => json!({"symbol": symbol, "price": "100.50"}),
            None => json!([{"symbol": "BTCUSDT", "price": "100.50"}]),
        },
        "/fapi/v1/aggTrades" => {
            let from = |dealt: &&Dealt| {
                asked("fromId").is_none_or(|id| i64::try_from(dealt.id).unwrap() >= id)
                    && asked("startTime").is_none_or(|at| dealt.at.as_millis() >= at)
            };
            json!(
                history
                    .iter()
                    .filter(from)
                    .take(1_000)
                    .map(|dealt| json!({
                "a": dealt.id, "p": dealt.price, "q": "1", "f": dealt.id * 3,
                "l": dealt.id * 3 + 1, "T": dealt.at.as_millis(), "m": true}))
                    .collect::<Vec<_>>()
            )
        }
        other => panic!("{other} is not served"),
    };
    Reply::ok(body.to_string())
}

pub(crate) fn kraken_rest(history: &[Dealt], request: &Request, asked: &Asked<'_>) -> Reply {
    if request
        .query
        .get("pair")
        .is_some_and(|pair| pair != "XBTUSD")
    {
        return Reply::ok(r#"{"error":["EQuery:Unknown asset pair"]}"#);
    }
    let body = match request.path.as_str() {
        "/0/public/AssetPairs" => json!({
            "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "status": "online"},
            "XXBTZEUR": {"altname": "XBTEUR", "wsname": "XBT/EUR", "status": "cancel_only"},
            "XXBTZUSD.d": {"altname": "XBTUSD.d"}}),
        "/0/public/Ticker" => json!({"XXBTZUSD": {"c": ["100.50", "0.1"]}}),
        "/0/public/Trades" => {
            let nanos = |dealt: &Dealt| dealt.at.as_micros() * 1_000;
            let page: Vec<&Dealt> = history
                .iter()
                .filter(|dealt| asked("since").is_none_or(|since| nanos(dealt) > since))
                .take(1_000)
                .collect();
            let last = page.last().map_or(0, |dealt| nanos(dealt));
            let rows: Vec<Value> = page
                .iter()
                .map(|dealt| {
                    let seconds = Decimal::new(dealt.at.as_micros(), 6);
                    json!([
                        dealt.price,
                        "0.1",
                        number(&seconds.to_string()),
                        "b",
                        "l",
                        "",
                        dealt.id
                    ])
                })
                .collect();
            json!({"XXBTZUSD": rows, "last": last.to_string()})
        }
        other => panic!("{other} is not served"),
    };
    Reply::ok(json!({"error": [], "result": body}).to_string())
}

pub(crate) fn bitcoin_at_coinbase() -> Value {
    json!({"product_id": "BTC-USD", "base_currency_id": "BTC",
        "quote_currency_id": "USD", "price": "100.50", "alias": "", "product_type": "SPOT",
        "is_disabled": false, "trading_disabled": false})
}

pub(crate) fn coinbase_rest(history: &[Dealt], request: &Request, asked: &Asked<'_>) -> Reply {
    let path = request.path.strip_prefix("/api/v3/brokerage/").unwrap();
    let body = match path {
        "time" => json!({"iso": "", "epochSeconds": "0",
            "epochMillis": Wall.now().as_millis().to_string()}),
        "market/products" => {
            let bitcoin = bitcoin_at_coinbase();
            let mut alias = bitcoin.clone();
            alias["quote_currency_id"] = json!("USDC");
            alias["alias"] = json!("BTC-USD");
            let mut closed = bitcoin.clone();
            closed["base_currency_id"] = json!("OLD");
            closed["trading_disabled"] = json!(true);
            json!({"products": [bitcoin, alias, closed]})
        }
        "market/products/BTC-USD" => bitcoin_at_coinbase(),
        "market/products/BTC-USD/ticker" => {
            let second = |dealt: &Dealt| dealt.at.as_millis() / 1_000;
            let (from, to) = (asked("start").unwrap(), asked("end").unwrap());
            // The newest come first, and are all that is told when there are too many.
            json!({"trades": history.iter().rev()
                .filter(|dealt| (from..=to).contains(&second(dealt)))
                .take(1_000)
                .map(|dealt| json!({"trade_id": dealt.id.to_string(), "product_id": "BTC-USD",
                    "price": dealt.price, "size": "1", "time": rfc3339(dealt.at)}))
                .collect::<Vec<_>>()})
        }
        _ => return Reply::status(404),
    };
    Reply::ok(body.to_string())
}
