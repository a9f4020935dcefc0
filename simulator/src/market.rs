//! The market: a pure function of (seed, symbol, time), with a memory only for speed; or recorded
//! candles, played.

mod kline;
mod path;
mod recorded;
mod symbol;
mod trade;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use kline::Kline;
pub use recorded::{Candle, Recording, RecordingError};
pub use symbol::{SYMBOLS, Symbol, find};
pub use trade::{EPOCH_MS, Trade};

use recorded::Recordings;
use trade::{SLOT_MS, Trades};

/// A minute in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// How many whole minutes are remembered: about a fortnight of one symbol.
const REMEMBERED: usize = 20_000;

/// The market of one seed. Clones share what they have computed.
#[derive(Clone, Debug)]
pub struct Market {
    seed: u64,
    /// What it plays instead of what it would make up.
    recordings: Arc<Recordings>,
    minutes: Arc<Mutex<HashMap<(&'static str, i64), Kline>>>,
}

impl Market {
    /// The market of a seed, the same every time.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            recordings: Arc::default(),
            minutes: Arc::default(),
        }
    }

    /// A market that plays what was recorded, and lists nothing else.
    #[must_use]
    pub fn playing(recordings: Vec<Recording>) -> Self {
        let named = recordings.into_iter().map(|one| (one.symbol().name, one));
        Self {
            recordings: Arc::new(named.collect()),
            ..Self::new(0)
        }
    }

    /// What it lists.
    #[must_use]
    pub fn symbols(&self) -> Vec<&'static Symbol> {
        if self.is_recorded() {
            self.recordings.values().map(Recording::symbol).collect()
        } else {
            SYMBOLS.iter().collect()
        }
    }

    /// The symbol of that name, in capitals, if it lists it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Symbol> {
        if self.is_recorded() {
            self.recordings.get(name).map(Recording::symbol)
        } else {
            find(name)
        }
    }

    /// Does it play what was recorded?
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        !self.recordings.is_empty()
    }

    /// When trading in a symbol began, in milliseconds since 1970.
    #[must_use]
    pub fn opened(&self, symbol: &Symbol) -> i64 {
        self.recordings
            .get(symbol.name)
            .map_or(EPOCH_MS, Recording::opened)
    }

    /// The seed it grew from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The trades of a symbol from a number on; without end, unless they were recorded.
    pub fn trades(&self, symbol: &'static Symbol, from_id: i64) -> impl Iterator<Item = Trade> {
        let recorded = self.recordings.get(symbol.name);
        let drawn = recorded.is_none();
        let drawn = drawn.then(|| Trades::from(self.seed, symbol, from_id));
        let recorded = recorded.map(|recording| recording.trades(from_id));
        recorded
            .into_iter()
            .flatten()
            .chain(drawn.into_iter().flatten())
    }

    /// The number of the last trade at or before an instant; negative before the first.
    #[must_use]
    pub fn last_id(&self, symbol: &'static Symbol, at_ms: i64) -> i64 {
        self.recordings.get(symbol.name).map_or_else(
            || trade::last_id(self.seed, symbol, at_ms),
            |recording| recording.last_id(at_ms),
        )
    }

    /// The last trade at or before an instant, or the first of all.
    #[must_use]
    pub fn last_trade(&self, symbol: &'static Symbol, at_ms: i64) -> Trade {
        self.trade(symbol, self.last_id(symbol, at_ms))
    }

    /// The trade of a number, or the nearest where there is none.
    #[must_use]
    pub fn trade(&self, symbol: &'static Symbol, id: i64) -> Trade {
        self.recordings.get(symbol.name).map_or_else(
            || Trades::from(self.seed, symbol, id).one(),
            |recording| recording.nearest(id),
        )
    }

    /// The kline of `minutes` minutes that begins at `open_ms`, of its trades up to `now_ms`;
    /// nothing before the first trade.
    #[must_use]
    pub fn kline(
        &self,
        symbol: &'static Symbol,
        open_ms: i64,
        minutes: i64,
        now_ms: i64,
    ) -> Option<Kline> {
        if let Some(recording) = self.recordings.get(symbol.name) {
            let end = (open_ms + minutes * MINUTE_MS).min(now_ms + 1);
            return Kline::of_trades(open_ms, recording.between(open_ms, end));
        }
        (0..minutes)
            .map(|minute| open_ms + minute * MINUTE_MS)
            .take_while(|minute| *minute <= now_ms)
            .filter_map(|minute| self.minute(symbol, minute, now_ms))
            .map(|kline| Kline { open_ms, ..kline })
            .reduce(Kline::and)
    }

    fn minute(&self, symbol: &'static Symbol, open_ms: i64, now_ms: i64) -> Option<Kline> {
        if open_ms < EPOCH_MS {
            return None;
        }
        let first = (open_ms - EPOCH_MS) / SLOT_MS;
        let end = first + MINUTE_MS / SLOT_MS;
        if now_ms < open_ms + MINUTE_MS - 1 {
            let known = end.min(self.last_id(symbol, now_ms) + 1);
            let count = usize::try_from(known - first).unwrap_or(0);
            return Kline::of_trades(open_ms, self.trades(symbol, first).take(count));
        }
        let key = (symbol.name, open_ms);
        if let Some(kline) = self.remembered().get(&key) {
            return Some(*kline);
        }
        let count = usize::try_from(end - first).unwrap_or(0);
        let kline = Kline::of_trades(open_ms, self.trades(symbol, first).take(count))?;
        let mut minutes = self.remembered();
        if minutes.len() >= REMEMBERED {
            minutes.clear();
        }
        minutes.insert(key, kline);
        Some(kline)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<(&'static str, i64), Kline>> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
