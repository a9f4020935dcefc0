//! Recorded prices of an archive: candle files that are read once, whatever venue they are of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::market::{Instrument, Tick};
use domain::ports::FeedError;
use domain::ports::retrial::{Path, Paths};
use domain::time::Timestamp;

use crate::replay::candles::{self, Known, PricePath};

/// How many ticks are handed out at once.
const PAGE: usize = 4_096;

/// The paths of an archive.
pub struct ArchivedPaths {
    known: BTreeMap<Instrument, PricePath>,
    /// The path that was unpacked last: trials come market by market.
    unpacked: Mutex<Option<(Instrument, Arc<[Tick]>)>>,
}

impl ArchivedPaths {
    /// Reads candle files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or its name does not say what it holds.
    pub fn read(wanted: &candles::Wanted) -> anyhow::Result<Self> {
        let known = candles::read(wanted, |_, _| {})?;
        let path = |(instrument, known): (Instrument, Known)| (instrument, known.path);
        Ok(Self {
            known: known.into_iter().map(path).collect(),
            unpacked: Mutex::default(),
        })
    }

    fn ticks(&self, instrument: &Instrument) -> Option<Arc<[Tick]>> {
        let packed = self.known.get(instrument)?;
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, ticks)) = &*unpacked
            && of == instrument
        {
            return Some(Arc::clone(ticks));
        }
        let ticks: Arc<[Tick]> = packed.clone().ticks().collect();
        *unpacked = Some((instrument.clone(), Arc::clone(&ticks)));
        Some(ticks)
    }
}

impl Paths for ArchivedPaths {
    fn path(
        &self,
        instrument: &Instrument,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Box<dyn Path>> {
        let ticks = self.ticks(instrument)?;
        let first = ticks.partition_point(|tick| tick.at() <= from);
        Some(Box::new(ArchivedPath {
            ticks,
            first,
            next: first,
            from,
            to,
            told: false,
        }))
    }
}

/// One path.
struct ArchivedPath {
    ticks: Arc<[Tick]>,
    /// The first that is not over when the path begins.
    first: usize,
    next: usize,
    from: Timestamp,
    to: Timestamp,
    /// The end was told.
    told: bool,
}

#[async_trait::async_trait]
impl Path for ArchivedPath {
    async fn next(&mut self) -> Result<Vec<Tick>, FeedError> {
        let rest = self.ticks.get(self.next..).unwrap_or_default();
        let due = rest.partition_point(|tick| begin(tick) < self.to);
        let mut page: Vec<Tick> = rest.iter().take(due.min(PAGE)).copied().collect();
        if self.next == self.first
            && let Some(first) = page.first().map(begin).filter(|first| *first > self.from)
        {
            let (from, to) = (self.from, first);
            page.insert(0, Tick::Hole { from, to });
        }
        self.next += due.min(PAGE);
        // What the archive does not reach is not known to have been nothing: the path waits there.
        let reached = rest.len() > due || rest.last().is_some_and(|last| last.at() >= self.to);
        if due <= PAGE && reached && !std::mem::replace(&mut self.told, true) {
            page.push(Tick::Time(self.to));
        }
        Ok(page)
    }

    fn source(&self) -> &'static str {
        "archive"
    }
}

/// When a tick begins.
const fn begin(tick: &Tick) -> Timestamp {
    match tick {
        Tick::Trade(trade) => trade.at,
        Tick::Candle(candle) => candle.open_time,
        Tick::Time(at) => *at,
        Tick::Hole { from, .. } => *from,
    }
}
