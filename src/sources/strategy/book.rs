//! What a strategy knows of one instrument, and until when it has spoken about it.

use domain::ids::Cursor;
use domain::market::{Candle, Instrument, Interval};
use domain::strategy::{Call, State, Strategy};
use domain::time::Timestamp;

use super::LATE;

/// One instrument's candles so far.
pub(super) struct Book {
    pub(super) instrument: Instrument,
    state: State,
    /// Candles up to here are taken in; none before the first look.
    taken: Option<Timestamp>,
    /// Calls up to here are handed out.
    spoken: Option<Timestamp>,
    /// The venue does not trade it.
    pub(super) absent: bool,
}

impl Book {
    pub(super) fn new(
        instrument: Instrument,
        strategy: &Strategy,
        cursor: Option<&Cursor>,
    ) -> Self {
        Self {
            spoken: cursor.and_then(|cursor| spoken(cursor, &instrument)),
            state: strategy.state(),
            taken: None,
            absent: false,
            instrument,
        }
    }

    /// From where on candles are needed to know everything up to `due`; none where all is known.
    pub(super) fn needs(
        &self,
        strategy: &Strategy,
        interval: Interval,
        due: Timestamp,
    ) -> Option<Timestamp> {
        let from = self.taken.unwrap_or_else(|| {
            let candles = u32::try_from(strategy.warm_up()).unwrap_or(u32::MAX);
            due - interval.span().saturating_mul(candles)
        });
        (!self.absent && from < due).then_some(from)
    }

    /// Takes candles up to `due` in, and gives what is called by those that were over a moment ago.
    /// Where the last of them is still missing it is waited for, but not for ever.
    pub(super) fn take(
        &mut self,
        strategy: &Strategy,
        candles: &[Candle],
        due: Timestamp,
        now: Timestamp,
    ) -> Vec<Call> {
        let calls: Vec<Call> = candles
            .iter()
            .filter_map(|candle| strategy.step(&mut self.state, candle))
            .filter(|call| self.spoken.is_none_or(|spoken| call.at > spoken))
            .filter(|call| now.since(call.at) <= LATE)
            .collect();
        let last = candles.last().map(Candle::end);
        self.taken = if now.since(due) > LATE {
            Some(due)
        } else {
            last.or(self.taken)
        };
        self.spoken = self.spoken.max(last);
        calls
    }
}

/// Until when each instrument was spoken about: `binance:spot:BTC/USDT=1735690500 …`.
pub(super) fn cursor(books: &[Book]) -> Cursor {
    let told = books.iter().filter_map(|book| {
        let seconds = book.spoken?.as_millis() / 1_000;
        Some(format!("{}={seconds}", book.instrument))
    });
    Cursor::new(told.collect::<Vec<_>>().join(" "))
}

fn spoken(cursor: &Cursor, instrument: &Instrument) -> Option<Timestamp> {
    let name = instrument.to_string();
    cursor.as_str().split(' ').find_map(|told| {
        let (of, seconds) = told.rsplit_once('=')?;
        let seconds: i64 = seconds.parse().ok().filter(|_| of == name)?;
        Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
    })
}
