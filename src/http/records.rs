//! Records: channels, signals and events, as they are stored.

use std::sync::Arc;

use actix_web::web;
use domain::ids::{ChannelId, Seq, SignalId};
use domain::market::{Pair, Side};
use domain::ports::View;
use domain::ports::store::{SignalQuery, Store};
use domain::post::Origin;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ApiError;
use crate::wire::{ChannelOut, EventOut, SignalOut, VersionOut};

/// The most that one page holds.
const LONGEST_PAGE: usize = 500;

/// How many one page holds when nothing is said.
const PAGE: usize = 100;

/// What records are read from.
pub type Records = Arc<dyn Store>;

/// All channels, with what is counted of them.
#[utoipa::path(get, path = "/v1/channels", tag = "records", responses((status = 200, body = Vec<ChannelOut>)))]
pub async fn channels(store: web::Data<Records>) -> Result<web::Json<Vec<ChannelOut>>, ApiError> {
    let channels = store.channels().await?;
    Ok(web::Json(
        channels.into_iter().map(ChannelOut::from).collect(),
    ))
}

/// One channel.
#[utoipa::path(get, path = "/v1/channels/{id}", tag = "records",
    params(("id" = String, Path, description = "its name")),
    responses((status = 200, body = ChannelOut), (status = 404, body = super::error::Problem)))]
pub async fn channel(
    id: web::Path<String>,
    store: web::Data<Records>,
) -> Result<web::Json<ChannelOut>, ApiError> {
    let channels = store.channels().await?;
    let found = channels
        .into_iter()
        .find(|record| record.card.id.as_str() == id.as_str());
    found
        .map(ChannelOut::from)
        .map(web::Json)
        .ok_or_else(|| ApiError::NotFound(format!("channel `{id}`")))
}

/// Which signals. Lists are comma-separated.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SignalParams {
    /// Of these channels.
    channels: Option<String>,
    /// On these symbols: `BTC/USDT,ETH/USDT`.
    symbols: Option<String>,
    /// `long` or `short`.
    side: Option<String>,
    /// `live`, `import` or `simulator`.
    origin: Option<String>,
    /// Only those still open (`true`) or over (`false`).
    open: Option<bool>,
    /// With at least this probability of the first target, 0 to 1.
    #[param(value_type = Option<f64>)]
    min_score: Option<Decimal>,
    /// Older than this place in the stream: the `next` of the page before.
    before: Option<u64>,
    /// At most so many, up to 500.
    limit: Option<usize>,
}

/// A page of signals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalPage {
    /// The signals.
    signals: Vec<SignalOut>,
    /// Where the next page begins (`before`); none at the end.
    next: Option<u64>,
}

impl SignalParams {
    fn query(&self) -> Result<SignalQuery, ApiError> {
        let limit = limit(self.limit)?;
        if self
            .min_score
            .is_some_and(|score| score < Decimal::ZERO || score > Decimal::ONE)
        {
            return Err(ApiError::invalid(
                "min_score",
                "a probability lies between 0 and 1",
            ));
        }
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
            min_score: self.min_score,
            before: self.before.map(Seq::new),
            limit,
        })
    }
}

/// Signals, newest first.
#[utoipa::path(get, path = "/v1/signals", tag = "records", params(SignalParams),
    responses((status = 200, body = SignalPage), (status = 400, body = super::error::Problem)))]
pub async fn signals(
    params: web::Query<SignalParams>,
    store: web::Data<Records>,
) -> Result<web::Json<SignalPage>, ApiError> {
    let query = params.query()?;
    let records = store.signals(&query).await?;
    let full = records.len() == query.limit;
    let next = records
        .last()
        .filter(|_| full)
        .map(|record| record.seq.get());
    Ok(web::Json(SignalPage {
        signals: records.iter().map(SignalOut::from).collect(),
        next,
    }))
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
    params(("id" = String, Path, description = "its id")),
    responses((status = 200, body = SignalStory), (status = 400, body = super::error::Problem), (status = 404, body = super::error::Problem)))]
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
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EventParams {
    /// After this place in the stream.
    from: Option<u64>,
    /// At most so many, up to 500.
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
}

/// The stream as pages.
#[utoipa::path(get, path = "/v1/events", tag = "records", params(EventParams),
    responses((status = 200, body = EventPage), (status = 400, body = super::error::Problem)))]
pub async fn events(
    params: web::Query<EventParams>,
    store: web::Data<Records>,
) -> Result<web::Json<EventPage>, ApiError> {
    let limit = limit(params.limit)?;
    let span = store.span().await?;
    let events = store
        .events(Seq::new(params.from.unwrap_or(0)), limit)
        .await?;
    Ok(web::Json(EventPage {
        epoch: span.epoch.to_string(),
        first: span.first.get(),
        head: span.head.get(),
        events: events
            .iter()
            .map(|event| EventOut::of(event, View::Scored))
            .collect(),
    }))
}

fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=LONGEST_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::invalid(
            "limit",
            format!("between 1 and {LONGEST_PAGE}"),
        ))
    }
}

fn list<T, E: ToString>(
    field: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, ApiError> {
    let parts = text
        .into_iter()
        .flat_map(|text| text.split(','))
        .filter(|part| !part.is_empty());
    parts
        .map(|part| read(part.trim()).map_err(|error| ApiError::invalid(field, error)))
        .collect()
}

fn label<T>(
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
