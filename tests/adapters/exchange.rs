//! An exchange of a few lines that speaks Binance's spot protocol, well or badly as a test wants.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use domain::ports::Clock;
use domain::time::Timestamp;

use crate::server::{Reply, Request, Server, Wall};

/// The only symbols it trades.
const SYMBOLS: [(&str, &str, &str); 2] = [("BTCUSDT", "BTC", "USDT"), ("ETHUSDT", "ETH", "USDT")];

/// A trade of its history.
#[derive(Clone, Debug)]
pub(crate) struct Dealt {
    pub symbol: String,
    pub id: u64,
    pub at_ms: i64,
    pub price: String,
}

/// One connected client.
struct Session {
    streams: HashSet<String>,
    tell: mpsc::Sender<Option<String>>,
}

#[derive(Default)]
pub(crate) struct State {
    sessions: Vec<Session>,
    pub history: Vec<Dealt>,
    pub candles: Vec<Value>,
    last_ids: HashMap<String, u64>,
    /// Requests that came over the socket.
    pub requests: Vec<Value>,
    /// When somebody connected, let in or not.
    pub knocks: Vec<Instant>,
    /// Closes every new connection at once.
    pub shut: bool,
    /// Answers nothing over the socket, not even pings.
    pub deaf: bool,
    /// Answers this over REST instead, once.
    pub instead: Vec<Reply>,
}

pub(crate) struct Exchange {
    pub stream: Url,
    pub rest: Server,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Exchange {
    pub(crate) async fn open() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = format!("ws://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        let shared = Arc::clone(&state);
        let rest = Server::start(move |request| answer(&mut shared.lock().unwrap(), request)).await;
        Self {
            stream: Url::parse(&stream).unwrap(),
            rest,
            state,
            task,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A trade that everyone who subscribed hears of.
    pub(crate) fn trade(&self, symbol: &str, price: &str) -> u64 {
        let dealt = self.trade_unheard(symbol, price);
        let state = self.state();
        state.tell(symbol, "trade", |_| {
            json!({"e": "trade", "E": dealt.at_ms, "s": symbol, "t": dealt.id, "p": dealt.price,
                   "q": "1", "T": dealt.at_ms, "m": true, "M": true})
        });
        dealt.id
    }

    /// A trade that only its history tells of.
    pub(crate) fn trade_unheard(&self, symbol: &str, price: &str) -> Dealt {
        self.trade_at(symbol, price, Wall.now())
    }

    pub(crate) fn trade_at(&self, symbol: &str, price: &str, at: Timestamp) -> Dealt {
        let mut state = self.state();
        let last_id = state.last_ids.entry(symbol.into()).or_default();
        *last_id += 1;
        let dealt = Dealt {
            symbol: symbol.into(),
            id: *last_id,
            at_ms: at.as_millis(),
            price: price.into(),
        };
        state.history.push(dealt.clone());
        dealt
    }

    /// A trade of which nobody will ever hear.
    pub(crate) fn trade_lost(&self, symbol: &str) {
        *self.state().last_ids.entry(symbol.into()).or_default() += 1;
    }

    /// Tells of the candle so far, and so of the last trade.
    pub(crate) fn mention(&self, symbol: &str) {
        let state = self.state();
        let last = state.history.iter().rfind(|dealt| dealt.symbol == symbol);
        let last = last.unwrap().clone();
        state.tell(symbol, "kline_1m", |_| {
            let open = last.at_ms / 60_000 * 60_000;
            json!({"e": "kline", "E": last.at_ms, "s": symbol, "k": {
                "t": open, "T": open + 59_999, "s": symbol, "i": "1m", "f": 1, "L": last.id,
                "o": "1", "c": "1", "h": "1", "l": "1", "v": "1", "n": 1, "x": false}})
        });
    }

    /// Cuts everyone off.
    pub(crate) fn cut(&self) {
        self.state().sessions.clear();
    }

    /// Does somebody hear of it?
    pub(crate) fn is_heard(&self, stream: &str) -> bool {
        let state = self.state();
        state
            .sessions
            .iter()
            .any(|session| session.streams.contains(stream))
    }

    /// Has nobody any stream left?
    pub(crate) fn sessions(&self) -> usize {
        self.state().sessions.len()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn tell(&self, symbol: &str, kind: &str, event: impl Fn(&str) -> Value) {
        let stream = format!("{}@{kind}", symbol.to_lowercase());
        let frame = json!({"stream": stream, "data": event(&stream)}).to_string();
        for session in &self.sessions {
            if session.streams.contains(&stream) {
                session.tell.try_send(Some(frame.clone())).unwrap();
            }
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let (tell, mut told) = mpsc::channel(100_000);
    {
        let mut state = state.lock().unwrap();
        state.knocks.push(Instant::now());
        if state.shut {
            return;
        }
        state.sessions.push(Session {
            streams: HashSet::new(),
            tell: tell.clone(),
        });
    }
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    // Known by its channel; when the state forgets it, it is cut off.
    let weak = tell.downgrade();
    drop(tell);
    loop {
        tokio::select! {
            frame = told.recv() => match frame.flatten() {
                Some(frame) => if socket.send(Message::text(frame)).await.is_err() { break },
                None => return,
            },
            message = socket.next(), if !state.lock().unwrap().deaf => match message {
                Some(Ok(Message::Text(text))) => {
                    let request: Value = serde_json::from_str(text.as_str()).unwrap();
                    let Some(tell) = weak.upgrade() else { return };
                    let answer = subscribe(&mut state.lock().unwrap(), &tell, &request);
                    tell.send(Some(answer.to_string())).await.unwrap();
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
    }
    if let Some(tell) = weak.upgrade() {
        let mut state = state.lock().unwrap();
        state
            .sessions
            .retain(|session| !session.tell.same_channel(&tell));
    }
}

fn subscribe(state: &mut State, tell: &mpsc::Sender<Option<String>>, request: &Value) -> Value {
    state.requests.push(request.clone());
    let mut sessions = state.sessions.iter_mut();
    if let Some(session) = sessions.find(|session| session.tell.same_channel(tell)) {
        for stream in request["params"].as_array().unwrap() {
            let stream = stream.as_str().unwrap().to_owned();
            if request["method"] == "SUBSCRIBE" {
                session.streams.insert(stream);
            } else {
                session.streams.remove(&stream);
            }
        }
    }
    json!({"result": null, "id": request["id"]})
}

fn answer(state: &mut State, request: &Request) -> Reply {
    if !state.instead.is_empty() && request.path.ends_with("aggTrades") {
        return state.instead.remove(0);
    }
    let text = |name: &str| request.query.get(name).map(String::as_str);
    let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
    let known = |symbol: &str| SYMBOLS.iter().any(|(known, ..)| *known == symbol);
    if text("symbol").is_some_and(|symbol| !known(symbol)) {
        let mut refusal = Reply::status(400);
        refusal.body = json!({"code": -1121, "msg": "Invalid symbol."})
            .to_string()
            .into();
        return refusal;
    }
    let body = match request.path.as_str() {
        "/api/v3/time" => json!({"serverTime": Wall.now().as_millis()}),
        "/api/v3/exchangeInfo" => {
            let status = |symbol| {
                if symbol == "ETHUSDT" {
                    "BREAK"
                } else {
                    "TRADING"
                }
            };
            json!({"symbols": SYMBOLS.map(|(symbol, base, quote)| json!({"symbol": symbol,
                "status": status(symbol), "baseAsset": base, "quoteAsset": quote}))})
        }
        "/api/v3/ticker/price" => match text("symbol") {
            Some(symbol) => json!({"symbol": symbol, "price": "100.50"}),
            None => json!(SYMBOLS.map(|(symbol, ..)| json!({"symbol": symbol, "price": "100.50"}))),
        },
        "/api/v3/aggTrades" => {
            let limit = usize::try_from(number("limit").unwrap()).unwrap();
            let from = number("fromId").map_or(0, |id| u64::try_from(id).unwrap());
            let page: Vec<Value> = aggregates(state, text("symbol").unwrap())
                .filter(|(id, ..)| *id >= from)
                .filter(|(_, first, _)| number("startTime").is_none_or(|at| first.at_ms >= at))
                .take(limit)
                .map(|(id, first, last)| {
                    json!({"a": id, "p": first.price, "q": "1", "f": first.id, "l": last,
                           "T": first.at_ms, "m": true, "M": true})
                })
                .collect();
            json!(page)
        }
        "/api/v3/klines" => {
            let within = |candle: &&Value| {
                let open = candle[0].as_i64();
                open >= number("startTime") && open <= number("endTime")
            };
            json!(state.candles.iter().filter(within).collect::<Vec<_>>())
        }
        other => panic!("{other} is not served"),
    };
    Reply::ok(body.to_string())
}

/// The trades by number, first and last: neighbours of one price and one millisecond become one,
/// as at the real exchange.
fn aggregates<'a>(
    state: &'a State,
    symbol: &'a str,
) -> impl Iterator<Item = (u64, &'a Dealt, u64)> {
    let of_symbol = move |dealt: &&Dealt| dealt.symbol == symbol;
    let mut trades = state.history.iter().filter(of_symbol).peekable();
    std::iter::from_fn(move || {
        let first = trades.next()?;
        let mut last = first.id;
        while let Some(more) = trades.next_if(|next| {
            next.price == first.price && next.at_ms == first.at_ms && next.id == last + 1
        }) {
            last = more.id;
        }
        Some((5_000_000 + first.id, first, last))
    })
}
