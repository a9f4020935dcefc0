//! Records: signals and events, as they are stored.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use domain::ids::{ChannelId, Seq, SignalId};
use domain::lifecycle::State;
use domain::market::{MarketKind, Pair, Side, Venue};
use domain::ports::View;
use domain::ports::store::{SignalQuery, Store};
use domain::post::Origin;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::{ApiError, Problem};
use super::page;
use crate::wire::{EventOut, SignalOut, VersionOut};

/// What records are read from.
pub type Records = Arc<dyn Store>;

/// Which signals. Lists are comma-separated.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignalParams {
    /// Of these channels.
    #[param(pattern = "^[a-z0-9_.-]{1,64}(,[a-z0-9_.-]{1,64})*$")]
    channels: Option<String>,
    /// On these symbols: `BTC/USDT,ETH/USDT`.
    #[param(
        pattern = "^[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}(,[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20})*$"
    )]
    symbols: Option<String>,
    /// `long` or `short`.
    #[param(pattern = "^(long|short)$")]
    side: Option<String>,
    /// Judged in this market of a venue: `binance:spot`.
    #[param(pattern = "^[^:]+:(spot|perpetual|cfd)$")]
    market: Option<String>,
    /// `live`, `import` or `simulator`.
    #[param(pattern = "^(live|import|simulator)$")]
    origin: Option<String>,
    /// Only those still open (`true`) or over (`false`).
    open: Option<bool>,
    /// In one of these states: `pending,active`, `stopped-out`.
    #[param(schema_with = states)]
    state: Option<String>,
    /// With at least this probability of the first target, 0 to 1.
    #[param(minimum = 0, maximum = 1)]
    min_score: Option<f64>,
    /// Received at this instant or later: RFC 3339, or whole microseconds UTC.
    #[param(schema_with = instants)]
    from: Option<String>,
    /// Received before this instant, written alike.
    #[param(schema_with = instants)]
    to: Option<String>,
    /// Where the page begins: the `next` of the page before, with the same filters.
    #[param(pattern = "^[0-7][0-9a-f]{23}$")]
    cursor: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of signals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalPage {
    /// The signals.
    signals: Vec<SignalOut>,
    /// Where the next page begins (`cursor`); none at the end.
    next: Option<String>,
}

impl SignalParams {
    fn query(&self) -> Result<SignalQuery, ApiError> {
        let limit = page::limit(self.limit)?;
        let score = |score: f64| {
            let decimal = Decimal::try_from(score).ok();
            decimal
                .filter(|_| (0.0..=1.0).contains(&score))
                .ok_or_else(|| ApiError::invalid("min_score", "a probability lies between 0 and 1"))
        };
        Ok(SignalQuery {
            channels: list("channels", self.channels.as_deref(), ChannelId::parse)?,
            pairs: list("symbols", self.symbols.as_deref(), Pair::parse)?,
            side: label(
                "side",
                self.side.as_deref(),
                Side::from_label,
                "long or short",
            )?,
            origin: label(
                "origin",
                self.origin.as_deref(),
                Origin::from_label,
                "live, import or simulator",
            )?,
            open: self.open,
            min_score: self.min_score.map(score).transpose()?,
            market: self.market.as_deref().map(market).transpose()?,
            states: list("state", self.state.as_deref(), state)?,
            received_from: instant("from", self.from.as_deref())?,
            received_before: instant("to", self.to.as_deref())?,
            before: self
                .cursor
                .as_deref()
                .map(|cursor| page::place(self, cursor))
                .transpose()?,
            limit,
        })
    }
}

/// Signals, newest first. What is stored while pages are read changes none of the later pages.
#[utoipa::path(get, path = "/v1/signals", tag = "records", params(SignalParams), responses(
    (status = 200, body = SignalPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
    (status = 400, description = "a parameter cannot be read", body = Problem),
    (status = 404, description = "the cursor is of a list with other filters", body = Problem),
    (status = 503, description = "the store is away", body = Problem),
))]
pub async fn signals(
    params: web::Query<SignalParams>,
    store: web::Data<Records>,
) -> Result<HttpResponse, ApiError> {
    let mut query = params.query()?;
    let limit = query.limit;
    // One more than shown, so that the last page is known to be the last.
    query.limit = limit + 1;
    let mut records = store.signals(&query).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let last = records.last().filter(|_| more).map(|record| record.seq);
    let page = SignalPage {
        signals: records.iter().map(SignalOut::from).collect(),
        next: last.map(|place| page::cursor(&*params, place)),
    };
    let next = page.next.as_deref();
    Ok(page::answer("/v1/signals", &*params, "cursor", next, &page))
}

/// A signal with everything that is stored of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalStory {
    /// The signal.
    signal: SignalOut,
    /// Every version of its post.
    versions: Vec<VersionOut>,
    /// Everything that happened to it, with what decided it.
    events: Vec<EventOut>,
}

/// One signal: the versions of its post, and everything that happened to it.
#[utoipa::path(get, path = "/v1/signals/{id}", tag = "records",
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 200, body = SignalStory),
    (status = 400, description = "it is no UUID", body = Problem),
    (status = 404, description = "no such signal", body = Problem),
    (status = 503, description = "the store is away", body = Problem),
))]
pub async fn signal(
    id: web::Path<String>,
    store: web::Data<Records>,
) -> Result<web::Json<SignalStory>, ApiError> {
    let uuid =
        Uuid::parse_str(&id).map_err(|_| ApiError::invalid("id", "a signal's id is a UUID"))?;
    let id = SignalId::from_uuid(uuid);
    let record = store
        .signal(id)
        .await?
        .ok_or_else(|| ApiError::NotFound(format!("signal {id}")))?;
    let versions = store
        .versions(&record.signal.channel, &record.signal.post)
        .await?;
    let events = store.events_of(id).await?;
    Ok(web::Json(SignalStory {
        signal: SignalOut::from(&record),
        versions: versions.into_iter().map(VersionOut::from).collect(),
        events: events
            .iter()
            .map(|event| EventOut::of(event, View::Scored))
            .collect(),
    }))
}

/// Which events.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// After this place in the stream.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    from: Option<u64>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// Which history.
    epoch: String,
    /// The oldest event that is kept: what was asked for before it is gone.
    first: u64,
    /// The newest event.
    head: u64,
    /// The events, in order.
    events: Vec<EventOut>,
    /// Where the next page begins (`from`); none where the stream has no more now.
    next: Option<u64>,
}

/// The stream as pages, in its order.
#[utoipa::path(get, path = "/v1/events", tag = "records", params(EventParams), responses(
    (status = 200, body = EventPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
    (status = 400, description = "a parameter cannot be read", body = Problem),
    (status = 503, description = "the store is away", body = Problem),
))]
pub async fn events(
    params: web::Query<EventParams>,
    store: web::Data<Records>,
) -> Result<HttpResponse, ApiError> {
    let limit = page::limit(params.limit)?;
    let from = params.from.unwrap_or(0);
    if i64::try_from(from).is_err() {
        return Err(ApiError::invalid("from", "no stream is as long as that"));
    }
    let span = store.span().await?;
    let events = store.events(Seq::new(from), limit).await?;
    let last = events.last().map(|event| event.seq);
    let page = EventPage {
        epoch: span.epoch.to_string(),
        first: span.first.get(),
        head: span.head.get(),
        events: events
            .iter()
            .map(|event| EventOut::of(event, View::Scored))
            .collect(),
        next: last.filter(|last| *last < span.head).map(Seq::get),
    };
    let next = page.next.map(|next| next.to_string());
    Ok(page::answer(
        "/v1/events",
        &*params,
        "from",
        next.as_deref(),
        &page,
    ))
}

fn list<T, E: ToString>(
    field: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, ApiError> {
    let parts = text.into_iter().flat_map(|text| text.split(','));
    parts
        .map(|part| read(part).map_err(|error| ApiError::invalid(field, error)))
        .collect()
}

pub(super) fn label<T>(
    field: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    known: &str,
) -> Result<Option<T>, ApiError> {
    match text {
        None => Ok(None),
        Some(text) => {
            let read = read(text)
                .ok_or_else(|| ApiError::invalid(field, format!("`{text}` is none; use {known}")));
            read.map(Some)
        }
    }
}

/// `binance:spot` as the venue and the kind of market.
fn market(text: &str) -> Result<(Venue, MarketKind), ApiError> {
    let parts = text.split_once(':').filter(|(venue, _)| !venue.is_empty());
    parts
        .and_then(|(venue, kind)| Some((Venue::new(venue), MarketKind::from_label(kind)?)))
        .ok_or_else(|| {
            let why = format!("`{text}` is none; write VENUE:KIND, for example binance:spot");
            ApiError::invalid("market", why)
        })
}

fn state(text: &str) -> Result<&'static str, String> {
    let mut known = State::LABELS.into_iter();
    known
        .find(|label| *label == text)
        .ok_or_else(|| format!("`{text}` is none; use {}", State::LABELS.join(", ")))
}

/// An instant as people and as programs write it.
pub(super) fn instant(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let micros = text.parse::<i64>().ok().or_else(|| {
        let at = text.parse::<jiff::Timestamp>().ok()?;
        Some(at.as_microsecond())
    });
    let micros = micros.ok_or_else(|| {
        let why = format!("`{text}` is none; write 2026-01-31T08:00:00Z or whole microseconds UTC");
        ApiError::invalid(field, why)
    })?;
    Ok(Some(Timestamp::from_micros(micros)))
}

/// How states are written in a list.
fn states() -> Schema {
    let one = State::LABELS.join("|");
    let text = ObjectBuilder::new().schema_type(Type::String);
    let list = format!("^({one})(,({one}))*$");
    text.pattern(Some(list)).build().into()
}

/// How instants are written.
pub(super) fn instants() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let date = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let micros = text().pattern(Some("^-?[0-9]{1,18}$"));
    OneOfBuilder::new().item(date).item(micros).build().into()
}
