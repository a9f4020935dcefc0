//! Markets: whose prices are followed, and candles for whoever looks back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use actors::floor::{Find, Floor, Followed, Found, Seen, UNLISTED};
use actors::supervise::Door;
use actors::unsettled::Unsettled;
use domain::market::{Candle, Instrument, Interval, MarketKind, Pair, Price, Venue};
use domain::ports::{Clock, Feed, FeedState};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;
use crate::charts::{Charts, LONGEST, Stretch};
use crate::http::guarded::{Guarded, Reader};

/// How many candles one answer spans when no beginning is given.
const USUAL: u32 = 500;

/// A candle is asked for only this long after its end: before, the venue may not have it yet, which
/// would look like a gap.
const SETTLING: Duration = Duration::from_secs(3);

/// What is known of markets.
#[derive(Clone)]
pub struct Markets {
    /// Who knows which market has a pair.
    pub floor: Door<Floor>,
    /// What is followed.
    pub followed: Followed,
    /// Whose prices judge.
    pub feeds: Arc<[Arc<dyn Feed>]>,
    /// Who asks for candles.
    pub charts: Arc<Charts>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A price at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceAt {
    /// The price, a decimal number as text.
    price: String,
    /// When, by the venue's clock (µs UTC).
    at: i64,
}

/// A market that is followed, as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarketOut {
    /// `binance:spot:BTC/USDT`
    instrument: String,
    /// `binance`
    venue: String,
    /// `spot` or `perpetual`
    market: &'static str,
    /// `BTC/USDT`
    symbol: String,
    /// Since when this process follows it (µs UTC).
    since: i64,
    /// The last trade; none before the first.
    last: Option<PriceAt>,
    /// What the venue reckons open positions at; only of perpetuals. No outcome is decided by it.
    mark: Option<PriceAt>,
    /// `live`: every trade arrives as it happens. `connecting`: it will be fetched.
    feed: &'static str,
}

impl MarketOut {
    fn of(seen: &Seen, state: FeedState) -> Self {
        let price_at = |price: Price, at: Timestamp| PriceAt {
            price: price.to_string(),
            at: at.as_micros(),
        };
        let instrument = &seen.instrument;
        Self {
            instrument: instrument.to_string(),
            venue: instrument.venue.to_string(),
            market: instrument.kind.label(),
            symbol: instrument.pair.to_string(),
            since: seen.since.as_micros(),
            last: seen.last.map(|last| price_at(last.price, last.at)),
            mark: state.mark.map(|mark| price_at(mark.price, mark.at)),
            feed: if state.live { "live" } else { "connecting" },
        }
    }
}

/// The markets that are followed, with their last prices.
#[utoipa::path(get, path = "/v1/markets", tag = "markets", security(("bearer" = ["reader"])), responses((status = 200, body = Vec<MarketOut>)))]
pub async fn markets(_: Guarded<Reader>, markets: web::Data<Markets>) -> web::Json<Vec<MarketOut>> {
    let state = |instrument: &Instrument| {
        let mut feeds = markets.feeds.iter();
        let feed = feeds.find(|feed| *feed.venue() == instrument.venue);
        feed.map(|feed| feed.state(instrument)).unwrap_or_default()
    };
    let followed = markets.followed.all();
    let shown = followed
        .iter()
        .map(|seen| MarketOut::of(seen, state(&seen.instrument)));
    web::Json(shown.collect())
}

/// Which candles.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CandleParams {
    /// How long each is: `1m`, `5m`, `15m`, `30m`, `1h`, `4h` or `1d`.
    #[param(required = true, pattern = "^(1m|5m|15m|30m|1h|4h|1d)$")]
    interval: Option<String>,
    /// Those that begin at this instant (µs UTC) or after it: also the `next` of the page before.
    /// Without it the 500 before `to`.
    #[param(value_type = Option<i64>)]
    from: Option<String>,
    /// Those that begin before this instant (µs UTC); without it the present.
    #[param(value_type = Option<i64>)]
    to: Option<String>,
    /// Of this venue; without it of the one that would judge.
    venue: Option<String>,
    /// `spot` or `perpetual`; without it spot where there is one.
    #[param(pattern = "^(spot|perpetual)$")]
    market: Option<String>,
}

/// A candle.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandleOut {
    /// When it begins (µs UTC).
    at: i64,
    /// The first price.
    open: String,
    /// The highest price.
    high: String,
    /// The lowest price.
    low: String,
    /// The last price.
    close: String,
    /// What was traded, in the base asset.
    volume: String,
}

impl From<&Candle> for CandleOut {
    fn from(candle: &Candle) -> Self {
        Self {
            at: candle.open_time.as_micros(),
            open: candle.open.to_string(),
            high: candle.high.to_string(),
            low: candle.low.to_string(),
            close: candle.close.to_string(),
            volume: candle.volume.normalize().to_string(),
        }
    }
}

/// A stretch of which the venue has no candles.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gap {
    /// Its first instant (µs UTC).
    from: i64,
    /// The first instant after it (µs UTC).
    to: i64,
}

impl From<(Timestamp, Timestamp)> for Gap {
    fn from((from, to): (Timestamp, Timestamp)) -> Self {
        Self {
            from: from.as_micros(),
            to: to.as_micros(),
        }
    }
}

/// Candles, with every gap said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandlePage {
    /// `binance:spot:BTC/USDT`
    instrument: String,
    /// `1m`
    interval: &'static str,
    /// When the first would begin (µs UTC).
    from: i64,
    /// When the last would be over (µs UTC).
    to: i64,
    /// The candles, finished ones only, in order.
    candles: Vec<CandleOut>,
    /// Where between `from` and `to` there are none, in order.
    gaps: Vec<Gap>,
    /// Where the next page begins (`from`); none at the end.
    next: Option<i64>,
}

/// Candles of a pair, written `BTC-USDT` or `BTC%2FUSDT`: at most 1,000 in one answer.
#[utoipa::path(get, path = "/v1/markets/{symbol}/candles", tag = "markets", security(("bearer" = ["reader"])),
    params(("symbol" = String, Path, description = "the pair: `BTC-USDT` or `BTC%2FUSDT`"), CandleParams),
    responses((status = 200, body = CandlePage), (status = 400, body = super::error::Problem),
        (status = 404, body = super::error::Problem), (status = 503, body = super::error::Problem)))]
pub async fn candles(
    _: Guarded<Reader>,
    symbol: web::Path<String>,
    params: web::Query<CandleParams>,
    markets: web::Data<Markets>,
) -> Result<web::Json<CandlePage>, ApiError> {
    let pair = pair(&symbol)?;
    let interval = interval(params.interval.as_deref())?;
    let (from, to) = window(&params, interval, markets.clock.now())?;
    let instrument = markets.find(pair, &params).await?;
    // A page is as long as an answer may be; the rest is the next one's.
    let end = to.min(from + interval.span() * LONGEST);
    let stretch = Stretch {
        instrument,
        interval,
        from,
        to: end,
    };
    let chart = markets.charts.chart(&stretch).await?;
    Ok(web::Json(CandlePage {
        instrument: stretch.instrument.to_string(),
        interval: interval.label(),
        from: from.as_micros(),
        to: end.as_micros(),
        candles: chart.candles.iter().map(CandleOut::from).collect(),
        gaps: chart.gaps.iter().copied().map(Gap::from).collect(),
        next: (end < to).then(|| end.as_micros()),
    }))
}

impl Markets {
    /// The market that has the pair, as narrowly as it is asked for.
    async fn find(&self, pair: Pair, params: &CandleParams) -> Result<Instrument, ApiError> {
        let venue = params.venue.as_deref().map(Venue::new);
        if let Some(venue) = &venue
            && !self.feeds.iter().any(|feed| feed.venue() == venue)
        {
            let known: Vec<_> = self
                .feeds
                .iter()
                .map(|feed| feed.venue().as_str())
                .collect();
            let why = format!("`{venue}` is none; use {}", known.join(" or "));
            return Err(ApiError::invalid("venue", why));
        }
        let kind = params.market.as_deref().map(|label| {
            let kind = MarketKind::from_label(label);
            let why = format!("`{label}` is none; use spot or perpetual");
            kind.ok_or_else(|| ApiError::invalid("market", why))
        });
        let kind = kind.transpose()?;
        let kinds = match kind {
            Some(kind) => vec![kind],
            None => vec![MarketKind::Spot, MarketKind::Perpetual],
        };
        for kind in kinds {
            let wanted = Find {
                pair: pair.clone(),
                quote_implied: false,
                venue: venue.clone(),
                kind: Some(kind),
            };
            let found: Result<Found, Unsettled> =
                self.floor.ask(wanted).await.map_err(Unsettled::from)?;
            let Found { instrument, .. } = found?;
            let listed = instrument.venue.as_str() != UNLISTED && instrument.kind == kind;
            if listed
                && venue
                    .as_ref()
                    .is_none_or(|venue| *venue == instrument.venue)
            {
                return Ok(instrument);
            }
        }
        let what = kind.map_or_else(String::new, |kind| format!("{kind} "));
        let at = venue.map_or_else(String::new, |venue| format!(" at {venue}"));
        Err(ApiError::NotFound(format!("{what}market of {pair}{at}")))
    }
}

fn pair(symbol: &str) -> Result<Pair, ApiError> {
    let slashed = symbol.replacen('-', "/", 1);
    let why = || format!("`{symbol}` is no pair: write it as BTC-USDT or BTC%2FUSDT");
    Pair::parse(&slashed).map_err(|_| ApiError::invalid("symbol", why()))
}

fn interval(label: Option<&str>) -> Result<Interval, ApiError> {
    let known = Interval::ALL.map(Interval::label).join(", ");
    let label =
        label.ok_or_else(|| ApiError::invalid("interval", format!("give one of {known}")))?;
    Interval::from_label(label).ok_or_else(|| {
        ApiError::invalid("interval", format!("`{label}` is none; use one of {known}"))
    })
}

/// The stretch that is asked for, from whole candle to whole candle, of which none is unfinished.
fn window(
    params: &CandleParams,
    interval: Interval,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let whole = |at: Timestamp| {
        let begin = interval.begin_of(at);
        if begin == at {
            at
        } else {
            begin + interval.span()
        }
    };
    let present = interval.begin_of(now - SETTLING);
    let to = instant("to", params.to.as_deref())?;
    let to = to.map_or(present, |to| whole(to).min(present));
    let from = match instant("from", params.from.as_deref())? {
        Some(from) => whole(from),
        None => to - interval.span() * USUAL,
    };
    if from < to {
        Ok((from, to))
    } else {
        let why = "no finished candle begins from it and before `to`; go back farther";
        Err(ApiError::invalid("from", why))
    }
}

fn instant(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let read = |text: &str| {
        let micros = text.parse::<i64>().ok();
        // Within the years 1970 to 9999: seconds or milliseconds are not taken for it by mistake.
        let fits =
            |micros: &i64| (1_000_000_000_000_000..=253_402_300_799_000_000).contains(micros);
        let why = || {
            format!(
                "`{text}` is no instant: give microseconds since 1970 (UTC), for example 1763942400000000"
            )
        };
        let micros = micros.filter(fits);
        micros
            .map(Timestamp::from_micros)
            .ok_or_else(|| ApiError::invalid(field, why()))
    };
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-04-07T14:30:20Z
    const NOW: i64 = 1_775_572_220_000_000;

    fn asked(from: Option<i64>, to: Option<i64>) -> Result<(i64, i64), ApiError> {
        let params = CandleParams {
            from: from.map(|at| at.to_string()),
            to: to.map(|at| at.to_string()),
            ..CandleParams::default()
        };
        window(&params, Interval::Minute, Timestamp::from_micros(NOW))
            .map(|(from, to)| (from.as_micros(), to.as_micros()))
    }

    #[test]
    fn a_window_is_made_of_whole_finished_candles() {
        let minute = 60_000_000;
        let present = NOW - 20_000_000;
        assert_eq!(asked(None, None), Ok((present - 500 * minute, present)));
        let from = present - 10 * minute;
        assert_eq!(asked(Some(from), None), Ok((from, present)));
        assert_eq!(
            asked(Some(from - 1), Some(NOW + minute)),
            Ok((from, present))
        );
        assert_eq!(
            asked(Some(from + 1), Some(present - minute)),
            Ok((from + minute, present - minute))
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_field() {
        let field = |from, to| match asked(from, to) {
            Err(ApiError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(Some(NOW), None), "from");
        assert_eq!(field(Some(NOW / 1_000), None), "from", "milliseconds");
        assert_eq!(field(None, Some(-1)), "to");
        assert!(interval(Some("2m")).is_err() && interval(None).is_err());
        assert!(pair("BTCUSDT").is_err());
        assert_eq!(pair("btc-usdt").unwrap(), pair("BTC/USDT").unwrap());
    }
}
