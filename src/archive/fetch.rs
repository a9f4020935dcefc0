//! Filling the archive from a venue: only what is missing, politely, and always whole files.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::market::{Candle, Instrument};
use domain::ports::{Advice, FeedError};
use domain::time::Timestamp;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::file::{self, Kept};
use super::month::{self, Month};
use super::plan::{Stretch, missing};
use super::{Archive, Series};
use crate::feeds::binance::klines::{Asked, Klines};

/// After so many answers a month that is not complete yet is stored as far as it goes.
const SAVE_EVERY: usize = 10;

/// How often a venue that cannot be reached is asked before a person has to see to it.
const TRIES: u32 = 8;

/// The pause after a first failure; it doubles. What the venue itself asks for comes on top.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What to fetch, from whom, into where.
pub struct Fetch<'a> {
    /// Into where.
    pub archive: &'a Archive,
    /// From whom.
    pub klines: &'a Klines,
    /// What.
    pub series: &'a Series,
    /// The same as the platform calls it.
    pub instrument: &'a Instrument,
    /// Of which time.
    pub wanted: Stretch,
    /// Stops it between two answers; what was fetched by then is stored.
    pub stop: &'a CancellationToken,
    /// Shows how far it is, in candles.
    pub progress: &'a ProgressBar,
}

/// What a fetch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Candles that are in the archive now, of the wanted time.
    pub kept: usize,
    /// Candles that were fetched for it.
    pub fetched: usize,
    /// Intervals of the wanted time, from the first candle on, that the venue has no candle for.
    pub absent: usize,
    /// Pages that were asked for.
    pub pages: usize,
    /// It was stopped before it had everything.
    pub stopped: bool,
}

impl Fetched {
    fn stopped() -> Self {
        Self {
            stopped: true,
            ..Self::default()
        }
    }
}

impl Fetch<'_> {
    /// Fetches what the archive does not have yet.
    ///
    /// # Errors
    ///
    /// When the venue cannot be reached for long or says what cannot be understood, or a file
    /// cannot be read or written. What was fetched by then is stored.
    pub async fn run(&self) -> anyhow::Result<Fetched> {
        let mut done = Fetched::default();
        let Some(now) = self.patiently(async || self.klines.time().await).await? else {
            return Ok(Fetched::stopped());
        };
        // A candle that is not over may still change.
        let Some(wanted) = self.whole(now) else {
            return Ok(done);
        };
        let mut listed = None;
        for month in month::between(wanted.from, wanted.until) {
            let of_month = Stretch {
                from: month.begin(),
                until: month.end(),
            };
            let Some(wanted) = wanted.and(of_month) else {
                continue;
            };
            let path = self.archive.path(self.series, month);
            let mut kept = path.exists().then(|| file::read(&path)).transpose()?;
            let pieces = missing(kept.as_ref().map(|kept| kept.known), wanted);
            if !pieces.is_empty() && listed.is_none() {
                let Some(first) = self.listed(wanted.from).await? else {
                    done.stopped = true;
                    return Ok(done);
                };
                listed = Some(first);
            }
            for piece in pieces {
                // Before its first candle there is nothing to ask for.
                let Some(first) = listed.flatten().filter(|first| *first < piece.until) else {
                    continue;
                };
                let before = done.fetched;
                let stopped = self.fill(month, &mut kept, piece, first, &mut done).await;
                self.save(month, kept.as_ref(), before != done.fetched)?;
                if stopped? {
                    done.stopped = true;
                    return Ok(done);
                }
            }
            if let Some(kept) = &kept {
                self.count(kept, wanted, &mut done);
            }
            self.progress.set_position(self.steps(Stretch {
                from: self.wanted.from,
                until: wanted.until,
            }));
        }
        Ok(done)
    }

    /// The wanted time, of whole candles that are over.
    fn whole(&self, now: Timestamp) -> Option<Stretch> {
        let span = i64::try_from(self.series.interval.span().as_micros()).ok()?;
        let down = |at: Timestamp| at.as_micros().div_euclid(span).saturating_mul(span);
        let up = |at: Timestamp| {
            let begin = down(at);
            begin.saturating_add(if begin == at.as_micros() { 0 } else { span })
        };
        let whole = Stretch {
            from: Timestamp::from_micros(up(self.wanted.from)),
            until: Timestamp::from_micros(down(self.wanted.until.min(now))),
        };
        (whole.from < whole.until).then_some(whole)
    }

    /// When its first candle begins, if it has one; nothing when stopped.
    async fn listed(&self, from: Timestamp) -> anyhow::Result<Option<Option<Timestamp>>> {
        self.patiently(async || self.klines.first(self.asked(), from).await)
            .await
    }

    /// Fetches a stretch beside what is known; `true` when it was stopped before its end.
    async fn fill(
        &self,
        month: Month,
        kept: &mut Option<Kept>,
        piece: Stretch,
        first: Timestamp,
        done: &mut Fetched,
    ) -> anyhow::Result<bool> {
        let span = self.series.interval.span();
        // What comes before the known is of use only when it reaches it.
        let joins_later = kept
            .as_ref()
            .is_some_and(|kept| piece.from < kept.known.from);
        let mut found = Vec::new();
        let mut at = piece.from.max(first.min(piece.until));
        let mut pages = 0;
        while at < piece.until {
            let page = self
                .patiently(async || self.klines.page(self.asked(), span, at, piece.until).await)
                .await?;
            let Some((page, until)) = page else {
                return Ok(true);
            };
            let asked = Stretch { from: at, until };
            done.pages += 1;
            done.fetched += page.len();
            self.check(&page, asked)?;
            self.progress.inc(self.steps(asked));
            at = until;
            if joins_later {
                found.extend(page);
                continue;
            }
            let kept = kept.get_or_insert_with(|| Kept {
                span,
                known: Stretch {
                    from: piece.from,
                    until: piece.from,
                },
                candles: Vec::new(),
            });
            kept.candles.extend(page);
            kept.known.until = at;
            pages += 1;
            if pages % SAVE_EVERY == 0 {
                self.save(month, Some(kept), true)?;
            }
        }
        if let Some(kept) = kept.as_mut().filter(|_| joins_later) {
            found.append(&mut kept.candles);
            kept.candles = found;
            kept.known.from = piece.from;
        }
        Ok(false)
    }

    fn save(&self, month: Month, kept: Option<&Kept>, news: bool) -> anyhow::Result<()> {
        match kept.filter(|_| news) {
            Some(kept) => file::write(&self.archive.path(self.series, month), kept),
            None => Ok(()),
        }
    }

    /// Refuses candles that were not asked for, or that do not follow each other.
    fn check(&self, page: &[Candle], asked: Stretch) -> anyhow::Result<()> {
        let mut next = asked.from;
        for candle in page {
            ensure!(
                candle.span == self.series.interval.span()
                    && candle.open_time >= next
                    && candle.end() <= asked.until,
                "{} sent a candle of {} that was not asked for, or sent it twice",
                self.series.venue,
                month::written(candle.open_time),
            );
            next = candle.end();
        }
        Ok(())
    }

    fn count(&self, kept: &Kept, wanted: Stretch, done: &mut Fetched) {
        let here = kept
            .candles
            .iter()
            .filter(|candle| wanted.holds(candle.open_time))
            .count();
        let begin = match kept.candles.first() {
            // Until the first candle of all it was not traded yet.
            Some(first) if done.kept == 0 => wanted.from.max(first.open_time),
            Some(_) | None => wanted.from,
        };
        let steps = self.steps(Stretch {
            from: begin,
            until: wanted.until,
        });
        done.kept += here;
        done.absent += usize::try_from(steps)
            .unwrap_or(usize::MAX)
            .saturating_sub(here);
    }

    /// How many candles a stretch has room for.
    fn steps(&self, stretch: Stretch) -> u64 {
        let steps =
            stretch.until.since(stretch.from).as_millis() / self.series.interval.span().as_millis();
        u64::try_from(steps).unwrap_or(u64::MAX)
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            instrument: self.instrument,
            symbol: &self.series.symbol,
            interval: self.series.interval.label(),
        }
    }

    /// Asks until there is an answer, or no hope of one; nothing when stopped.
    async fn patiently<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, FeedError>,
    ) -> anyhow::Result<Option<T>> {
        self.stop
            .run_until_cancelled(patiently(self.progress, ask))
            .await
            .transpose()
            .with_context(|| format!("could not fetch {}", self.series.symbol))
    }
}

/// Asks until there is an answer. A venue that asks for patience is given it (its adapter waits as
/// long as it was told), and says so to whoever waits with us.
///
/// # Errors
///
/// When asking again cannot help, or has not helped for long.
pub async fn patiently<T>(
    progress: &ProgressBar,
    ask: impl AsyncFn() -> Result<T, FeedError>,
) -> anyhow::Result<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.advice() == Advice::Retry => {
                let why = format!("{:#}", anyhow::Error::from(error));
                progress.suspend(|| {
                    use std::io::Write as _;
                    // A closed standard error leaves nobody to tell.
                    writeln!(std::io::stderr(), "{why}; asking again").ok();
                });
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(error) => bail!(anyhow::Error::from(error)),
        }
    }
    Ok(ask().await?)
}
