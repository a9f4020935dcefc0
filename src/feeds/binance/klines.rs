//! A venue's past: finished candles of any interval, fetched as politely as everything else.

use std::time::Duration;

use domain::market::{Candle, Instrument, MarketKind, Pair, Venue};
use domain::ports::FeedError;
use domain::time::Timestamp;

use super::Dialect;
use super::rest::{PAGE, Rest};
use crate::feeds::venue::Options;
use crate::feeds::venue::asker::Asker;
use crate::outbound::Outbound;

/// The most candles that one answer holds.
pub const MOST: u32 = 1_000;

const _: () = assert!(PAGE == MOST as usize);

/// Asks a venue for its candles.
pub struct Klines {
    venue: Venue,
    kind: MarketKind,
    rest: Rest,
}

/// Which candles are asked for, by the names of the venue.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of which instrument.
    pub instrument: &'a Instrument,
    /// What the venue calls it: `BTCUSDT`.
    pub symbol: &'a str,
    /// What the venue calls the interval: `15m`.
    pub interval: &'a str,
}

impl Klines {
    /// Asks the spot market at the address of the options. `outbound` should allow
    /// [`crate::feeds::venue::LIMITS`].
    #[must_use]
    pub fn spot(options: &Options, outbound: Outbound) -> Self {
        Self::of(Dialect::Spot, MarketKind::Spot, options, outbound)
    }

    /// Asks the perpetuals.
    #[must_use]
    pub fn usdm(options: &Options, outbound: Outbound) -> Self {
        Self::of(Dialect::Usdm, MarketKind::Perpetual, options, outbound)
    }

    fn of(dialect: Dialect, kind: MarketKind, options: &Options, outbound: Outbound) -> Self {
        Self {
            venue: options.venue.clone(),
            kind,
            rest: Rest::new(dialect, Asker::new(options, outbound)),
        }
    }

    /// The venue's clock.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer.
    pub async fn time(&self) -> Result<Timestamp, FeedError> {
        self.rest.time().await
    }

    /// What a symbol (`BTCUSDT`) stands for; none when the venue never traded it.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer, or refuses the name.
    pub async fn find(&self, symbol: &str) -> Result<Option<Instrument>, FeedError> {
        let found = self.rest.symbol(symbol).await?;
        Ok(found.and_then(|found| {
            Some(Instrument {
                venue: self.venue.clone(),
                kind: self.kind,
                pair: Pair::new(&found.base, &found.quote).ok()?,
            })
        }))
    }

    /// When the first candle begins that begins at `from` or later; none when there is none yet.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer.
    pub async fn first(
        &self,
        asked: Asked<'_>,
        from: Timestamp,
    ) -> Result<Option<Timestamp>, FeedError> {
        let page = self.ask(asked, 1, from, None).await?;
        Ok(page.first().map(|candle| candle.open_time))
    }

    /// The candles that begin from `from` on, of the time that [`MOST`] of them take, and before
    /// `until`. The last one may not be over yet.
    ///
    /// # Errors
    ///
    /// [`FeedError`] when the venue does not answer.
    pub async fn page(
        &self,
        asked: Asked<'_>,
        span: Duration,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(Vec<Candle>, Timestamp), FeedError> {
        let until = until.min(from + span * MOST);
        let page = self.ask(asked, MOST, from, Some(until)).await?;
        Ok((page, until))
    }

    async fn ask(
        &self,
        asked: Asked<'_>,
        limit: u32,
        from: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Vec<Candle>, FeedError> {
        let mut query = vec![
            ("symbol", asked.symbol.to_owned()),
            ("interval", asked.interval.to_owned()),
            ("limit", limit.to_string()),
            ("startTime", from.as_millis().to_string()),
        ];
        query.extend(until.map(|until| ("endTime", (until.as_millis() - 1).to_string())));
        self.rest.klines(asked.instrument, &query).await
    }
}
