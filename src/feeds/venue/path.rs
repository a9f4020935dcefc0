//! How far an instrument's price path has been told, and what of the next thing is new.
//!
//! Pure. Trades are numbered without gaps, and a run of them names its first and last trade, so
//! what came over the socket and what was fetched are joined exactly: by number, not by time.

use std::time::Duration;

use domain::market::{Candle, Tick, Trade};
use domain::time::Timestamp;

use super::protocol::Run;

/// How far before the time that was already told a fill looks for trades that were late.
const LATE: Duration = Duration::from_secs(5);

/// Where a path stands.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// Everything before this instant is told or none of ours. None: not begun.
    begin: Option<Timestamp>,
    /// The last trade that was told, if its number joins on to the next one.
    last: Option<(u64, Timestamp)>,
    /// The latest instant that was told of.
    told: Option<Timestamp>,
    /// Trades that were told although time had been told to be further.
    late: u64,
}

/// What a live trade is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Live {
    /// The next one.
    Next(Tick),
    /// It was told already.
    Known,
    /// Others are missing before it.
    Gap,
}

impl Path {
    pub(super) fn starting(begin: Option<Timestamp>) -> Self {
        Self {
            begin,
            ..Self::default()
        }
    }

    /// Begins at the present, if it has not begun.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.begin.get_or_insert(now);
    }

    /// From where everything has to be fetched after an interruption; none when nothing was told
    /// yet and nothing from before was asked for.
    pub(super) fn refill_from(&self) -> Option<Timestamp> {
        let begin = self.begin?;
        let traded = self.last.map_or(begin, |(_, at)| at);
        let told = self.told.map_or(begin, |told| told - LATE);
        Some(traded.max(told).max(begin))
    }

    pub(super) fn last_trade(&self) -> Option<u64> {
        self.last.map(|(id, _)| id)
    }

    /// Trades told late since this was last asked.
    pub(super) const fn take_late(&mut self) -> u64 {
        std::mem::replace(&mut self.late, 0)
    }

    /// A trade from the socket.
    pub(super) fn live(&mut self, trade: Trade) -> Live {
        match self.last {
            Some((last, _)) if trade.id <= last => return Live::Known,
            Some((last, _)) if trade.id > last + 1 => return Live::Gap,
            Some(_) => {}
            None if self.begin.is_some_and(|begin| trade.at < begin) => return Live::Known,
            None => {}
        }
        Live::Next(self.tell(trade))
    }

    /// A trade from the socket whose predecessors are not to be had.
    pub(super) fn after_hole(&mut self, trade: Trade) -> [Tick; 2] {
        let from = self.last.map_or(trade.at, |(_, at)| at);
        let hole = Tick::Hole { from, to: trade.at };
        [hole, self.tell(trade)]
    }

    /// Fetched trades, as far as they are new; of those up to the trade `upto`, if given.
    pub(super) fn filled(&mut self, trades: &Run, upto: Option<u64>, ticks: &mut Vec<Tick>) {
        let last = upto.map_or(trades.last, |upto| trades.last.min(upto));
        match self.last {
            _ if last < trades.first => return,
            Some((told, _)) if last <= told => return,
            None if self.begin.is_some_and(|begin| trades.at < begin) => return,
            Some((told, from)) if trades.first > told + 1 => {
                let to = trades.at;
                ticks.push(Tick::Hole { from, to });
            }
            Some(_) | None => {}
        }
        ticks.push(self.tell(Trade {
            id: last,
            at: trades.at,
            price: trades.price,
        }));
    }

    /// A fetched candle of the minute that is expected next; what lies between is a hole.
    pub(super) fn candle(&mut self, candle: Candle, expected: Timestamp, ticks: &mut Vec<Tick>) {
        if candle.open_time > expected {
            self.hole(expected, candle.open_time, ticks);
        }
        self.skip_to(candle.end());
        ticks.push(Tick::Candle(candle));
    }

    /// Nothing was traded up to here, by the venue's word.
    pub(super) fn quiet(&mut self, to: Timestamp, ticks: &mut Vec<Tick>) {
        self.skip_to(to);
        ticks.push(Tick::Time(to));
    }

    /// Nothing is to be had of this stretch.
    pub(super) fn hole(&mut self, from: Timestamp, to: Timestamp, ticks: &mut Vec<Tick>) {
        self.skip_to(to);
        ticks.push(Tick::Hole { from, to });
    }

    /// Time went on without a trade.
    pub(super) fn time(&mut self, at: Timestamp) -> Option<Tick> {
        let further =
            self.begin.is_some_and(|begin| at > begin) && self.told.is_none_or(|told| at > told);
        further.then(|| {
            self.told = Some(at);
            Tick::Time(at)
        })
    }

    /// Told up to here by other means than numbered trades.
    fn skip_to(&mut self, at: Timestamp) {
        self.begin = Some(at);
        self.last = None;
        self.told = self.told.max(Some(at));
    }

    fn tell(&mut self, trade: Trade) -> Tick {
        if self.told.is_some_and(|told| trade.at < told) {
            self.late += 1;
        }
        self.begin.get_or_insert(trade.at);
        self.last = Some((trade.id, trade.at));
        self.told = self.told.max(Some(trade.at));
        Tick::Trade(trade)
    }
}

#[cfg(test)]
mod tests {
    use domain::market::Price;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn trade(id: u64, millis: i64) -> Trade {
        Trade {
            id,
            at: at(millis),
            price: Price::parse("100").unwrap(),
        }
    }

    fn agg(first: u64, last: u64, millis: i64) -> Run {
        Run {
            first,
            last,
            at: at(millis),
            price: Price::parse("100").unwrap(),
        }
    }

    fn fill(path: &mut Path, aggs: &[Run], upto: Option<u64>) -> Vec<Tick> {
        let mut ticks = Vec::new();
        for agg in aggs {
            path.filled(agg, upto, &mut ticks);
        }
        ticks
    }

    #[test]
    fn fetched_and_live_trades_are_joined_without_a_double_and_without_a_gap() {
        let mut path = Path::default();
        path.live(trade(10, 0));
        assert_eq!(path.live(trade(16, 60)), Live::Gap);
        // The aggregates begin before the last told trade and reach beyond the next live one.
        let fetched = [agg(9, 11, 0), agg(12, 13, 20), agg(14, 17, 60)];
        let ticks = fill(&mut path, &fetched, Some(15));
        let expected = [trade(11, 0), trade(13, 20), trade(15, 60)].map(Tick::Trade);
        assert_eq!(ticks, expected);
        assert_eq!(path.live(trade(15, 60)), Live::Known);
        assert_eq!(
            path.live(trade(16, 60)),
            Live::Next(Tick::Trade(trade(16, 60)))
        );
    }

    #[test]
    fn what_is_missing_among_the_fetched_trades_is_a_hole() {
        let mut path = Path::default();
        path.live(trade(10, 0));
        let ticks = fill(&mut path, &[agg(14, 14, 50)], None);
        let hole = Tick::Hole {
            from: at(0),
            to: at(50),
        };
        assert_eq!(ticks, [hole, Tick::Trade(trade(14, 50))]);
    }

    #[test]
    fn nothing_from_before_the_beginning_is_told() {
        let mut path = Path::starting(Some(at(100)));
        let ticks = fill(&mut path, &[agg(1, 1, 99), agg(2, 2, 100)], None);
        assert_eq!(ticks, [Tick::Trade(trade(2, 100))]);
    }

    #[test]
    fn time_goes_on_without_trades_and_never_back() {
        let mut path = Path::default();
        assert_eq!(path.time(at(50)), None, "not begun");
        path.begin(at(0));
        path.live(trade(1, 100));
        assert_eq!(path.time(at(50)), None);
        assert_eq!(path.time(at(150)), Some(Tick::Time(at(150))));
        path.live(trade(2, 140));
        assert_eq!(path.take_late(), 1);
    }

    #[test]
    fn a_refill_begins_at_the_last_trade_and_not_long_before_the_time_that_was_told() {
        let mut path = Path::default();
        assert_eq!(path.refill_from(), None);
        path.live(trade(1, 0));
        assert_eq!(path.refill_from(), Some(at(0)));
        path.time(at(60_000));
        assert_eq!(path.refill_from(), Some(at(55_000)));
    }

    #[test]
    fn candles_continue_the_path_and_missing_minutes_are_holes() {
        let mut path = Path::starting(Some(at(0)));
        let minute = Duration::from_secs(60);
        let price = Price::parse("100").unwrap();
        let candle = Candle {
            open_time: at(120_000),
            span: minute,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.into(),
        };
        let mut ticks = Vec::new();
        path.candle(candle, at(60_000), &mut ticks);
        let hole = Tick::Hole {
            from: at(60_000),
            to: at(120_000),
        };
        assert_eq!(ticks, [hole, Tick::Candle(candle)]);
        assert_eq!(path.live(trade(5, 179_999)), Live::Known);
        assert!(matches!(path.live(trade(9, 180_000)), Live::Next(_)));
    }
}
