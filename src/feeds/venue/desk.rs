//! What is subscribed, what should be, and which requests are still unanswered.
//!
//! Pure: it decides what to ask and what an answer means; the connection carries both.

use std::collections::{BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;
use tokio::time::Instant;

use super::protocol::{Phrases, Wish};

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
    pub(super) fn request(&mut self, phrases: &dyn Phrases, now: Instant) -> Option<String> {
        if phrases.asks_in_turn() && !self.open.is_empty() {
            // The answer wakes it up again.
            self.settled = true;
            return None;
        }
        let most = phrases.symbols_per_request();
        let lonely = self.missing().find(|symbol| self.alone.contains(*symbol));
        let (wish, symbols): (_, Vec<SmolStr>) = if let Some(lonely) = lonely {
            (Wish::Subscribe, vec![lonely.clone()])
        } else if self.missing().next().is_some() {
            let missing = self.missing().take(most);
            (Wish::Subscribe, missing.cloned().collect())
        } else {
            let surplus = self.surplus().take(most);
            (Wish::Unsubscribe, surplus.cloned().collect())
        };
        if symbols.is_empty() {
            self.settled = true;
            return None;
        }
        self.last_id += 1;
        let text = phrases.request(wish, &symbols, self.last_id);
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
        Some(text)
    }

    /// Takes in an answer: to a request, or to one symbol of it. One that does not say to which
    /// belongs to the only one that is open.
    pub(super) fn answered(
        &mut self,
        id: Option<u64>,
        symbol: Option<&SmolStr>,
        done: bool,
    ) -> Settled {
        let mut settled = Settled::default();
        let only = self.open.keys().next().filter(|_| self.open.len() == 1);
        let id = id.or(only.copied());
        let Some(mut request) = id.and_then(|id| self.open.remove(&id)) else {
            return settled;
        };
        self.settled = false;
        if let (Some(id), Some(symbol)) = (id, symbol) {
            let (answered, open) = request
                .symbols
                .into_iter()
                .partition(|asked| asked == symbol);
            request.symbols = answered;
            if !open.is_empty() {
                let rest = Request {
                    symbols: open,
                    ..request
                };
                self.open.insert(id, rest);
            }
        }
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

    /// The venue says what is subscribed now: that answers every request that it fulfils.
    pub(super) fn subscribed(&mut self, now: &[SmolStr]) -> Settled {
        let mut settled = Settled::default();
        let fulfilled = |request: &Request| {
            let there = |symbol: &SmolStr| now.contains(symbol);
            match request.wish {
                Wish::Subscribe => request.symbols.iter().all(there),
                Wish::Unsubscribe => !request.symbols.iter().any(there),
            }
        };
        let done: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, request)| fulfilled(request))
            .map(|(id, _)| *id)
            .collect();
        for id in done {
            settled
                .live
                .append(&mut self.answered(Some(id), None, true).live);
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

    struct Plain {
        in_turn: bool,
    }

    impl Phrases for Plain {
        fn request(&self, wish: Wish, symbols: &[SmolStr], id: u64) -> String {
            format!("{id} {wish:?} {}", symbols.join(" "))
        }

        fn asks_in_turn(&self) -> bool {
            self.in_turn
        }
    }

    fn ask(desk: &mut Desk) -> Option<String> {
        desk.request(&Plain { in_turn: false }, Instant::now())
    }

    #[test]
    fn what_is_wanted_is_asked_for_once_and_live_when_it_is_answered() {
        let mut desk = desk(&["ETHUSDT", "BTCUSDT"]);
        assert_eq!(ask(&mut desk).unwrap(), "1 Subscribe BTCUSDT ETHUSDT");
        assert_eq!(ask(&mut desk), None);
        assert!(!desk.is_live("BTCUSDT"));
        assert_eq!(
            desk.answered(Some(7), None, true),
            Settled::default(),
            "not ours"
        );
        assert_eq!(
            desk.answered(Some(1), None, true).live,
            ["BTCUSDT", "ETHUSDT"]
        );
        assert!(desk.is_live("BTCUSDT"));
        assert_eq!(ask(&mut desk), None);
        assert!(!desk.has_work());
    }

    #[test]
    fn what_is_no_longer_wanted_is_given_up_and_can_be_wanted_again() {
        let mut desk = desk(&["BTCUSDT"]);
        ask(&mut desk);
        desk.answered(Some(1), None, true);
        desk.unwant(&"BTCUSDT".into());
        assert!(ask(&mut desk).unwrap().contains("Unsubscribe"));
        desk.want(&"BTCUSDT".into());
        assert_eq!(ask(&mut desk), None, "one after the other");
        desk.answered(Some(2), None, true);
        assert!(ask(&mut desk).unwrap().contains(" Subscribe"));
    }

    #[test]
    fn a_new_connection_asks_for_everything_again() {
        let mut desk = desk(&["BTCUSDT"]);
        ask(&mut desk);
        desk.answered(Some(1), None, true);
        desk.disconnected();
        assert!(!desk.is_live("BTCUSDT"));
        assert!(ask(&mut desk).unwrap().contains("BTCUSDT"));
    }

    #[test]
    fn one_bad_symbol_does_not_take_the_others_with_it() {
        let mut desk = desk(&["BAD", "BTCUSDT"]);
        ask(&mut desk);
        assert_eq!(desk.answered(Some(1), None, false), Settled::default());
        assert!(ask(&mut desk).unwrap().contains("BAD"));
        assert!(ask(&mut desk).unwrap().contains("BTCUSDT"));
        assert_eq!(desk.answered(Some(2), None, false).refused, ["BAD"]);
        assert_eq!(desk.answered(Some(3), None, true).live, ["BTCUSDT"]);
        assert_eq!(ask(&mut desk), None);
    }
    #[test]
    fn symbols_that_are_answered_one_by_one_come_alive_one_by_one() {
        let mut desk = desk(&["BTCUSDT", "ETHUSDT", "NO"]);
        ask(&mut desk);
        let (btc, no) = (SmolStr::new("BTCUSDT"), SmolStr::new("NO"));
        assert_eq!(desk.answered(Some(1), Some(&btc), true).live, ["BTCUSDT"]);
        assert_eq!(desk.answered(Some(1), Some(&no), false).refused, ["NO"]);
        assert!(desk.oldest_open().is_some(), "one is still unanswered");
        assert_eq!(desk.answered(Some(1), None, true).live, ["ETHUSDT"]);
        assert_eq!(ask(&mut desk), None);
    }

    #[test]
    fn where_answers_have_no_number_one_request_waits_for_the_other() {
        let mut desk = desk(&["BTCUSDT"]);
        let in_turn = Plain { in_turn: true };
        assert!(desk.request(&in_turn, Instant::now()).is_some());
        desk.want(&"ETHUSDT".into());
        assert_eq!(desk.request(&in_turn, Instant::now()), None);
        assert_eq!(desk.subscribed(&[]), Settled::default());
        assert_eq!(desk.subscribed(&["BTCUSDT".into()]).live, ["BTCUSDT"]);
        let next = desk.request(&in_turn, Instant::now()).unwrap();
        assert_eq!(next, "2 Subscribe ETHUSDT");
        assert_eq!(desk.answered(None, None, false).refused, ["ETHUSDT"]);
    }
}
