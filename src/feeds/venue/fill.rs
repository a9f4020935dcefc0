//! Fetches what was traded while nobody listened, a page at a time.

use std::collections::VecDeque;
use std::time::Duration;

use domain::market::{Instrument, Interval, Tick};
use domain::ports::FeedError;
use domain::time::Timestamp;

use super::path::Path;
use super::protocol::{Protocol, Start};

/// Holes up to this long are filled trade by trade, longer ones with candles.
const TRADE_BY_TRADE: Duration = Duration::from_secs(600);

/// A candle is fetched only this long after its end: before, the venue may still change it.
const SETTLING: Duration = Duration::from_secs(3);

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// A stretch that is fetched in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Trade by trade, up to an instant or to the present.
    Trades(Timestamp, Option<Timestamp>),
    /// By candles of whole minutes.
    Candles(Timestamp, Timestamp),
}

/// A hole while it is filled.
#[derive(Debug)]
pub(super) struct Fill {
    pieces: VecDeque<Piece>,
    /// Where the next page of trades begins, once there was one.
    next: Option<Start>,
    /// The last trade that is missing, where the one after it is at hand.
    upto: Option<u64>,
    planned: Timestamp,
}

impl Fill {
    /// Everything from an instant to the present, or to the trade `upto`.
    pub(super) fn plan(from: Timestamp, now: Timestamp, upto: Option<u64>) -> Self {
        let pieces = if now.since(from) <= TRADE_BY_TRADE {
            VecDeque::from([Piece::Trades(from, None)])
        } else {
            let first = minute_from(from);
            let last = minute_at(now - SETTLING);
            let mut pieces =
                VecDeque::from([Piece::Candles(first, last), Piece::Trades(last, None)]);
            if from < first {
                pieces.push_front(Piece::Trades(from, Some(first)));
            }
            pieces
        };
        Self {
            pieces,
            next: None,
            upto,
            planned: now,
        }
    }

    /// When it was planned: everything from then on is heard.
    pub(super) const fn planned(&self) -> Timestamp {
        self.planned
    }

    /// Is everything fetched?
    pub(super) fn is_done(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Fetches one page and tells the path what is in it. A failure leaves all as it was.
    pub(super) async fn step(
        &mut self,
        path: &mut Path,
        protocol: &dyn Protocol,
        instrument: &Instrument,
        symbol: &str,
    ) -> Result<Vec<Tick>, FeedError> {
        let mut ticks = Vec::new();
        match self.pieces.front().copied() {
            None => {}
            Some(Piece::Trades(from, to)) => {
                let start = self.next.unwrap_or(Start::Time(from));
                let page = protocol.trades(instrument, symbol, start).await?;
                let beyond = |at: Timestamp| to.is_some_and(|to| at >= to);
                for run in page.runs.iter().filter(|run| !beyond(run.at)) {
                    path.filled(run, self.upto, &mut ticks);
                }
                let reached = page.runs.last().is_some_and(|run| {
                    beyond(run.at) || self.upto.is_some_and(|upto| run.last >= upto)
                });
                self.next = page.next.filter(|_| !reached);
                if self.next.is_none() {
                    self.pieces.pop_front();
                }
            }
            Some(Piece::Candles(from, to)) => {
                let page = protocol
                    .candles(instrument, symbol, Interval::Minute, from, to)
                    .await?;
                let sparse = protocol.omits_quiet_candles();
                let mut expected = from;
                for candle in &page.candles {
                    if candle.open_time >= expected && candle.end() <= to {
                        if sparse && candle.open_time > expected {
                            path.quiet(candle.open_time, &mut ticks);
                            expected = candle.open_time;
                        }
                        path.candle(*candle, expected, &mut ticks);
                        expected = candle.end();
                    }
                }
                match page.next.filter(|next| *next > from && *next < to) {
                    Some(next) => self.pieces[0] = Piece::Candles(expected.max(next), to),
                    None => {
                        self.pieces.pop_front();
                    }
                }
                // What the page has left open is known to be quiet, or not to be had.
                let reached = match self.pieces.front() {
                    Some(Piece::Candles(next, _)) => *next,
                    Some(Piece::Trades(..)) | None => to,
                };
                if expected < reached && sparse {
                    path.quiet(reached, &mut ticks);
                } else if expected < reached {
                    path.hole(expected, reached, &mut ticks);
                }
            }
        }
        Ok(ticks)
    }
}

/// The minute in which an instant falls.
fn minute_at(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(MINUTE).saturating_mul(MINUTE))
}

/// The first minute that begins at an instant or after it.
fn minute_from(at: Timestamp) -> Timestamp {
    minute_at(Timestamp::from_micros(
        at.as_micros().saturating_add(MINUTE - 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + seconds * 1_000)
    }

    #[test]
    fn a_short_hole_is_filled_trade_by_trade() {
        let fill = Fill::plan(at(7), at(500), None);
        assert_eq!(fill.pieces, [Piece::Trades(at(7), None)]);
    }

    #[test]
    fn a_long_hole_is_filled_with_candles_and_its_ends_trade_by_trade() {
        let fill = Fill::plan(at(7), at(1_000), None);
        assert_eq!(
            fill.pieces,
            [
                Piece::Trades(at(7), Some(at(60))),
                Piece::Candles(at(60), at(960)),
                Piece::Trades(at(960), None),
            ]
        );
    }

    #[test]
    fn a_minute_that_has_just_ended_is_not_yet_fetched_as_a_candle() {
        let fill = Fill::plan(at(0), at(961), None);
        assert_eq!(
            fill.pieces,
            [Piece::Candles(at(0), at(900)), Piece::Trades(at(900), None),]
        );
    }
}
