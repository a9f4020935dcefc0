//! Strategies: a program that reads finished candles of a venue and posts what it would trade.
//!
//! Its posts are plain words and go the one way that all posts go. A call is named after its candle,
//! so whatever is looked at twice is posted once; one that nobody could have followed any more,
//! because the platform was away, is not posted at all.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::ChannelId;
use domain::market::{Instrument, Interval};
use domain::ports::source::{OpenSource, Resume, Source};
use domain::ports::{Candles, Clock};
use domain::post::Origin;
use domain::strategy::Strategy;

mod book;
mod watching;

use watching::Watching;

/// What a strategy watches, and where.
#[derive(Clone)]
pub struct Options {
    /// The channel's name here.
    pub channel: ChannelId,
    /// What calls.
    pub strategy: Strategy,
    /// How long its candles are.
    pub interval: Interval,
    /// What it watches.
    pub instruments: Vec<Instrument>,
    /// Who tells the candles.
    pub candles: Arc<dyn Candles>,
    /// What its posts are marked with.
    pub origin: Origin,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// So long after its end a candle is asked for: venues are a moment late.
const SETTLING: Duration = Duration::from_secs(1);

/// A call older than this is not posted: whoever follows it would trade in another market. A candle
/// that is not there by then is one that the venue does not have.
const LATE: Duration = Duration::from_secs(60);

/// Opens a strategy, as often as needed.
pub struct StrategySource {
    options: Options,
}

impl StrategySource {
    /// Watches what `options` say.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }
}

impl OpenSource for StrategySource {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        Box::new(Watching::new(self.options.clone(), resume.cursor.as_ref()))
    }
}
