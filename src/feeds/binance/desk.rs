//! What is subscribed, what should be, and which requests are still unanswered.
//!
//! Pure: it writes requests and reads answers; the connection carries them.

use std::collections::{BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;
use tokio::time::Instant;

/// Symbols that one request names at most.
const SYMBOLS_PER_REQUEST: usize = 100;

/// What we ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Subscribe,
    Unsubscribe,
}

#[derive(Debug)]
struct Request {
    wish: Wish,
    symbols: Vec<SmolStr>,
    sent: Instant,
}

/// What an answer means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Of these every trade arrives from now on.
    pub live: Vec<SmolStr>,
    /// These the venue does not serve.
    pub refused: Vec<SmolStr>,
}

/// The bookkeeping of one connection, which outlives it: what is wanted stays wanted.
#[derive(Debug, Default)]
pub(super) struct Desk {
    wanted: BTreeSet<SmolStr>,
    live: HashSet<SmolStr>,
    /// Refused in company; asked for one by one.
    alone: BTreeSet<SmolStr>,
    refused: HashSet<SmolStr>,
    open: HashMap<u64, Request>,
    last_id: u64,
    /// Nothing changed since the last time that there was nothing to ask for. The connection
    /// wants to know with every frame.
    settled: bool,
}

impl Desk {
    pub(super) fn want(&mut self, symbol: &SmolStr) {
        self.settled = false;
        self.wanted.insert(symbol.clone());
        self.refused.remove(symbol);
    }

    pub(super) fn unwant(&mut self, symbol: &SmolStr) {
        self.settled = false;
        self.wanted.remove(symbol);
        self.refused.remove(symbol);
    }

    pub(super) fn is_live(&self, symbol: &str) -> bool {
        self.live.contains(symbol)
    }

    /// Is there anything to ask for?
    pub(super) const fn has_work(&self) -> bool {
        !self.settled
    }

    /// The next request, if there is one.
    pub(super) fn request(&mut self, now: Instant) -> Option<String> {
        let lonely = self.missing().find(|symbol| self.alone.contains(*symbol));
        let (wish, symbols): (_, Vec<SmolStr>) = if let Some(lonely) = lonely {
            (Wish::Subscribe, vec![lonely.clone()])
        } else if self.missing().next().is_some() {
            let missing = self.missing().take(SYMBOLS_PER_REQUEST);
            (Wish::Subscribe, missing.cloned().collect())
        } else {
            let surplus = self.surplus().take(SYMBOLS_PER_REQUEST);
            (Wish::Unsubscribe, surplus.cloned().collect())
        };
        if symbols.is_empty() {
            self.settled = true;
            return None;
        }
        self.last_id += 1;
        let method = match wish {
            Wish::Subscribe => "SUBSCRIBE",
            Wish::Unsubscribe => "UNSUBSCRIBE",
        };
        let streams: Vec<String> = symbols.iter().flat_map(streams).collect();
        let text = serde_json::json!({ "method": method, "params": streams, "id": self.last_id });
        if wish == Wish::Unsubscribe {
            // What is still under way for it is no longer passed on.
            self.live.retain(|symbol| !symbols.contains(symbol));
        }
        let request = Request {
            wish,
            symbols,
            sent: now,
        };
        self.open.insert(self.last_id, request);
        Some(text.to_string())
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, id: Option<u64>, done: bool) -> Settled {
        let mut settled = Settled::default();
        let Some(request) = id.and_then(|id| self.open.remove(&id)) else {
            return settled;
        };
        self.settled = false;
        match (request.wish, done) {
            (Wish::Subscribe, true) => {
                for symbol in &request.symbols {
                    self.alone.remove(symbol);
                    self.live.insert(symbol.clone());
                }
                settled.live = request.symbols;
            }
            (Wish::Subscribe, false) if request.symbols.len() > 1 => {
                self.alone.extend(request.symbols);
            }
            (Wish::Subscribe, false) => {
                self.alone
                    .retain(|symbol| !request.symbols.contains(symbol));
                self.refused.extend(request.symbols.iter().cloned());
                settled.refused = request.symbols;
            }
            (Wish::Unsubscribe, _) => {}
        }
        settled
    }

    /// When the oldest unanswered request was sent.
    pub(super) fn oldest_open(&self) -> Option<Instant> {
        self.open.values().map(|request| request.sent).min()
    }

    /// The connection is gone, and with it everything that was subscribed on it.
    pub(super) fn disconnected(&mut self) {
        self.settled = false;
        self.live.clear();
        self.open.clear();
        self.alone.clear();
        self.refused.clear();
    }

    fn asked(&self, symbol: &SmolStr) -> bool {
        self.open.values().any(|open| open.symbols.contains(symbol))
    }

    fn missing(&self) -> impl Iterator<Item = &SmolStr> {
        self.wanted.iter().filter(|symbol| {
            !self.live.contains(*symbol) && !self.refused.contains(*symbol) && !self.asked(symbol)
        })
    }

    fn surplus(&self) -> impl Iterator<Item = &SmolStr> {
        self.live
            .iter()
            .filter(|symbol| !self.wanted.contains(*symbol) && !self.asked(symbol))
    }
}

/// Trades, and candles of a minute: they name the last trade, also when it never arrived here.
fn streams(symbol: &SmolStr) -> [String; 2] {
    let symbol = symbol.to_lowercase();
    [format!("{symbol}@trade"), format!("{symbol}@kline_1m")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(wanted: &[&str]) -> Desk {
        let mut desk = Desk::default();
        for symbol in wanted {
            desk.want(&SmolStr::new(symbol));
        }
        desk
    }

    fn ask(desk: &mut Desk) -> Option<String> {
        desk.request(Instant::now())
    }

    #[test]
    fn what_is_wanted_is_asked_for_once_and_live_when_it_is_answered() {
        let mut desk = desk(&["ETHUSDT", "BTCUSDT"]);
        assert_eq!(
            ask(&mut desk).unwrap(),
            r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@kline_1m","ethusdt@trade","ethusdt@kline_1m"],"id":1}"#
        );
        assert_eq!(ask(&mut desk), None);
        assert!(!desk.is_live("BTCUSDT"));
        assert_eq!(desk.answered(Some(7), true), Settled::default(), "not ours");
        assert_eq!(desk.answered(Some(1), true).live, ["BTCUSDT", "ETHUSDT"]);
        assert!(desk.is_live("BTCUSDT"));
        assert_eq!(ask(&mut desk), None);
        assert!(!desk.has_work());
    }

    #[test]
    fn what_is_no_longer_wanted_is_given_up_and_can_be_wanted_again() {
        let mut desk = desk(&["BTCUSDT"]);
        ask(&mut desk);
        desk.answered(Some(1), true);
        desk.unwant(&"BTCUSDT".into());
        assert!(ask(&mut desk).unwrap().contains("UNSUBSCRIBE"));
        desk.want(&"BTCUSDT".into());
        assert_eq!(ask(&mut desk), None, "one after the other");
        desk.answered(Some(2), true);
        assert!(ask(&mut desk).unwrap().contains(r#""SUBSCRIBE""#));
    }

    #[test]
    fn a_new_connection_asks_for_everything_again() {
        let mut desk = desk(&["BTCUSDT"]);
        ask(&mut desk);
        desk.answered(Some(1), true);
        desk.disconnected();
        assert!(!desk.is_live("BTCUSDT"));
        assert!(ask(&mut desk).unwrap().contains("btcusdt@trade"));
    }

    #[test]
    fn one_bad_symbol_does_not_take_the_others_with_it() {
        let mut desk = desk(&["BAD", "BTCUSDT"]);
        ask(&mut desk);
        assert_eq!(desk.answered(Some(1), false), Settled::default());
        assert!(ask(&mut desk).unwrap().contains("bad@trade"));
        assert!(ask(&mut desk).unwrap().contains("btcusdt@trade"));
        assert_eq!(desk.answered(Some(2), false).refused, ["BAD"]);
        assert_eq!(desk.answered(Some(3), true).live, ["BTCUSDT"]);
        assert_eq!(ask(&mut desk), None);
    }
}
