//! The stream: what dashboards and bots connect to. The protocol is in `docs/STREAM.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, web};
use actors::hub::Hub;
use actors::supervise::Door;
use domain::ids::Epoch;
use domain::ports::Clock;
use domain::ports::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};
use utoipa::ToSchema;

use super::error::ApiError;
use crate::config;

mod flow;
mod protocol;
mod pump;
mod session;

use protocol::{Filter, From};

/// How long the heartbeats of all sessions share one look at the epoch.
const EPOCH_FOR: Duration = Duration::from_secs(1);

/// What every session shares.
#[derive(Clone)]
pub struct StreamState {
    pub(super) hub: Door<Hub>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) draining: watch::Receiver<bool>,
    pub(super) drain_for: Duration,
    pub(super) heartbeat: Duration,
    open: Arc<AtomicUsize>,
    most: usize,
    subscriptions: Arc<AtomicU64>,
    epoch: Arc<Mutex<Option<(Instant, Epoch)>>>,
}

impl StreamState {
    /// Sessions in front of a hub and a store.
    #[must_use]
    pub fn new(
        hub: Door<Hub>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        draining: watch::Receiver<bool>,
        settings: &config::Stream,
        drain_for: Duration,
    ) -> Self {
        Self {
            hub,
            store,
            clock,
            draining,
            drain_for,
            heartbeat: Duration::from_secs(settings.heartbeat_s),
            open: Arc::default(),
            most: settings.connections,
            subscriptions: Arc::default(),
            epoch: Arc::default(),
        }
    }

    /// Which history this is. A thousand heartbeats ask the store once.
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        let mut known = self.epoch.lock().await;
        if let Some((at, epoch)) = &*known
            && at.elapsed() < EPOCH_FOR
        {
            return Ok(epoch.clone());
        }
        let epoch = self.store.span().await?.epoch;
        *known = Some((Instant::now(), epoch.clone()));
        Ok(epoch)
    }

    /// A number for a subscription that no other has in this process.
    fn number(&self) -> u64 {
        self.subscriptions.fetch_add(1, Ordering::Relaxed)
    }

    /// A place among the connections; none when all are taken.
    fn place(&self) -> Option<Place> {
        let taken = self.open.fetch_add(1, Ordering::SeqCst);
        let place = Place(Arc::clone(&self.open));
        metrics::gauge!("touchstone_stream_connections").increment(1.0);
        (taken < self.most).then_some(place)
    }
}

/// A place among the connections, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
        metrics::gauge!("touchstone_stream_connections").decrement(1.0);
    }
}

/// What may stand in the stream's address, to subscribe at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    channels: Option<String>,
    symbols: Option<String>,
    sides: Option<String>,
    min_score: Option<f64>,
    from: Option<String>,
    mode: Option<String>,
    hz: Option<f64>,
    heartbeat_s: Option<u64>,
}

/// A subscription, as it is wanted at once.
struct AtOnce {
    channels: Vec<String>,
    symbols: Option<Vec<String>>,
    filter: Filter,
    from: Option<From>,
    mode: Option<String>,
    hz: Option<f64>,
    heartbeat_s: Option<u64>,
}

impl Query {
    fn at_once(self) -> Result<Option<AtOnce>, ApiError> {
        let split = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let from = match &self.from {
            Some(text) => {
                let from = protocol::from_text(text);
                Some(from.map_err(|refusal| ApiError::invalid("from", refusal.message))?)
            }
            None => None,
        };
        Ok(self.channels.map(|channels| AtOnce {
            channels: split(channels),
            symbols: self.symbols.map(split),
            filter: Filter {
                min_score: self.min_score,
                sides: self.sides.map(split),
                origins: None,
            },
            from,
            mode: self.mode,
            hz: self.hz,
            heartbeat_s: self.heartbeat_s,
        }))
    }
}

/// The stream: a WebSocket that tells every event once it is stored.
#[utoipa::path(
    get,
    path = "/v1/stream",
    tag = "stream",
    params(
        ("channels" = Option<String>, Query, description = "subscribe at once to these channels (comma-separated, `*` for all)"),
        ("symbols" = Option<String>, Query, description = "of these symbols (BTC/USDT)"),
        ("from" = Option<String>, Query, description = "go on after this position, EPOCH:SEQ"),
        ("mode" = Option<String>, Query, description = "`each` (default) or `latest`"),
    ),
    responses(
        (status = 101, description = "the WebSocket, subprotocol touchstone.v1+json (optional)"),
        (status = 400, description = "a parameter cannot be read", body = super::error::Problem),
        (status = 503, description = "too many connections, or the platform is stopping", body = super::error::Problem),
    )
)]
pub async fn stream(
    request: HttpRequest,
    payload: web::Payload,
    query: web::Query<Query>,
    state: web::Data<StreamState>,
) -> Result<HttpResponse, actix_web::Error> {
    let at_once = query.into_inner().at_once()?;
    let place = state.place();
    let Some(place) = place.filter(|_| !*state.draining.borrow()) else {
        metrics::counter!("touchstone_stream_refused_total").increment(1);
        let why = "there is no place for another connection now".to_owned();
        return Err(ApiError::Away { why }.into());
    };
    session::open(&request, payload, state.get_ref().clone(), place, at_once)
}

/// Where the stream stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Position {
    /// Which history.
    epoch: String,
    /// The oldest event that is kept.
    first: u64,
    /// The newest event.
    head: u64,
}

/// Where the stream stands now.
#[utoipa::path(get, path = "/v1/stream/position", tag = "stream", responses(
    (status = 200, body = Position),
    (status = 503, description = "the store is away", body = super::error::Problem),
))]
pub async fn position(state: web::Data<StreamState>) -> Result<web::Json<Position>, ApiError> {
    let span = state.store.span().await?;
    Ok(web::Json(Position {
        epoch: span.epoch.to_string(),
        first: span.first.get(),
        head: span.head.get(),
    }))
}
