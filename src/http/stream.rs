//! The stream: what dashboards and bots connect to. The protocol is in `docs/STREAM.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actors::hub::{Hub, Leave, Room};
use actors::supervise::Door;
use domain::ports::Clock;
use domain::ports::store::{Span, Store, StoreError};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use self::rights::Rights;
use self::survey::Survey;
use super::error::ApiError;
use crate::accounts::{self, Who};
use crate::config;
use crate::http::guarded::{Anyone, Guarded};

mod chain;
pub mod closing;
mod flow;
mod follow;
pub mod inbound;
pub(super) mod moment;
mod notice;
mod pace;
mod page;
pub mod pieces;
mod place;
mod protocol;
mod rights;
mod session;
pub mod sse;
pub mod stalled;
mod survey;

/// How much of everything one session, and all of them, may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once. More are asked to come back later.
    pub connections: usize,
    /// How often a session is told its positions, and is pinged.
    pub heartbeat: Duration,
    /// So many pings in a row may stay unanswered.
    pub unanswered_pings: u32,
    /// The most subscriptions of one session.
    pub subscriptions: usize,
    /// The largest message that a client may send, in bytes; 64 KiB at most.
    pub frame: usize,
    /// The most commands at once, and then a second.
    pub commands: (f64, f64),
    /// What may wait for a subscription before it is told of a gap.
    pub outbox: Room,
    /// What may wait for a socket before nothing more is taken from outboxes, in bytes.
    pub unsent: usize,
    /// How many events are read from the store at once.
    pub page: usize,
    /// Over how long a drain spreads its goodbyes.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            heartbeat: Duration::from_secs(5),
            unanswered_pings: 3,
            subscriptions: 16,
            frame: 64 * 1024,
            commands: (50.0, 20.0),
            outbox: Room::default(),
            unsent: 256 * 1024,
            page: 500,
            drain: Duration::from_millis(1_500),
        }
    }
}

impl Limits {
    /// The usual limits, with what is configured.
    #[must_use]
    pub fn of(settings: &config::Stream, drain_for: Duration) -> Self {
        Self {
            connections: settings.connections,
            heartbeat: Duration::from_secs(settings.heartbeat_s),
            // The last of them has time to leave.
            drain: drain_for.mul_f64(0.8),
            ..Self::default()
        }
    }
}

/// What every session shares.
#[derive(Clone)]
pub struct StreamState(Arc<Desk>);

/// What the sessions need of the house.
struct Desk {
    hub: Door<Hub>,
    store: Arc<dyn Store>,
    ends: Survey<Span, StoreError>,
    clock: Arc<dyn Clock>,
    /// Becomes `true` when this process begins to stop.
    draining: watch::Receiver<bool>,
    limits: Limits,
    /// The last number that a subscription was given.
    last: AtomicU64,
    connected: AtomicUsize,
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
        let limits = Limits::of(settings, drain_for);
        Self::within(limits, hub, store, clock, draining)
    }

    /// Sessions within other limits.
    #[must_use]
    pub fn within(
        limits: Limits,
        hub: Door<Hub>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self(Arc::new(Desk {
            hub,
            store,
            ends: Survey::new(),
            clock,
            draining,
            limits,
            last: AtomicU64::new(0),
            connected: AtomicUsize::new(0),
        }))
    }

    /// How many clients are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.0.connected.load(Ordering::Relaxed)
    }
}

impl Desk {
    /// Where the stream stands, as the store says after this call began.
    async fn span(&self) -> Result<Span, Arc<StoreError>> {
        self.ends.ask(async || self.store.span().await).await
    }

    fn next_subscription(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The stream: a WebSocket that tells every event once it is stored.
#[utoipa::path(
    get,
    path = "/v1/stream",
    tag = "stream", security((), ("bearer" = ["listener"])),
    params(
        ("channels" = Option<String>, Query, description = "subscribe at once to these channels (comma-separated, `*` for all)"),
        ("symbols" = Option<String>, Query, description = "of these symbols (BTC/USDT)"),
        ("sides" = Option<String>, Query, description = "`long`, `short`"),
        ("origins" = Option<String>, Query, description = "`live`, `import`, `simulator`"),
        ("min_score" = Option<f64>, Query, description = "only signals with at least this probability"),
        ("from" = Option<String>, Query, description = "go on after this position, EPOCH:SEQ"),
        ("mode" = Option<String>, Query, description = "`each` (default) or `latest`"),
        ("hz" = Option<f64>, Query, description = "with `latest`, at most so many times a second"),
        ("heartbeat_s" = Option<u64>, Query, description = "seconds between heartbeats, 2 to 60"),
    ),
    responses(
        (status = 101, description = "the WebSocket, subprotocol touchstone.v1+json (optional)"),
        (status = 503, description = "too many connections, or the platform is stopping", body = super::error::Problem),
    )
)]
pub async fn stream(
    guarded: Guarded<Anyone>,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<StreamState>,
    door: web::Data<accounts::Door>,
) -> Result<HttpResponse, ApiError> {
    let wish = wished(&request)?;
    let rights = Rights::new(accounts::Door::clone(&door), guarded.caller);
    rights.still().await?;
    // Whoever subscribes by the address says who he is there, too. Others may do so with `auth`.
    match &wish {
        Some(wish) => rights.may_want(&wish.interest),
        None if rights.caller().who == Who::Stranger => Ok(()),
        None => rights.may_listen(),
    }
    .map_err(protocol::Refusal::into_problem)?;
    let chair = Chair::take(&state.0)?;
    let epoch = chair.0.span().await?.epoch;
    session::open(&request, payload, chair, epoch, rights, wish)
        .map_err(|error| ApiError::invalid("Upgrade", format!("use a WebSocket client: {error}")))
}

/// What the address asks for.
fn wished(request: &HttpRequest) -> Result<Option<protocol::Wish>, ApiError> {
    let query = web::Query::<protocol::Query>::from_query(request.query_string())
        .map_err(|error| ApiError::invalid("query", error))?;
    let wish = query.into_inner().wish();
    wish.map_err(protocol::Refusal::into_problem)
}

/// Where the stream stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Position {
    /// Which history. A client that holds a position of another one has to begin anew.
    epoch: String,
    /// The oldest event that is kept.
    first: u64,
    /// The newest event.
    head: u64,
}

/// Where the stream stands now.
#[utoipa::path(get, path = "/v1/stream/position", tag = "stream", security(()), responses(
    (status = 200, body = Position),
))]
pub async fn position(
    _: Guarded<Anyone>,
    state: web::Data<StreamState>,
) -> Result<web::Json<Position>, ApiError> {
    let span = state.0.span().await?;
    Ok(web::Json(Position {
        epoch: span.epoch.to_string(),
        first: span.first.get(),
        head: span.head.get(),
    }))
}

/// A connection's place among those that there may be, until it is dropped.
struct Chair(Arc<Desk>);

impl Chair {
    /// Takes one, unless all are taken or the process stops.
    fn take(desk: &Arc<Desk>) -> Result<Self, ApiError> {
        let taken = desk.connected.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("touchstone_stream_sessions").increment(1.0);
        let chair = Self(Arc::clone(desk));
        if taken < desk.limits.connections && !*desk.draining.borrow() {
            return Ok(chair);
        }
        metrics::counter!("touchstone_stream_refused_total").increment(1);
        let why = "there is no place for another connection now".to_owned();
        Err(ApiError::Away { why })
    }
}

impl Drop for Chair {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("touchstone_stream_sessions").decrement(1.0);
    }
}

/// A subscription's place at the hub, until it is dropped.
struct Seat {
    id: u64,
    hub: Door<Hub>,
}

impl Seat {
    fn new(id: u64, desk: &Desk) -> Self {
        Self {
            id,
            hub: desk.hub.clone(),
        }
    }
}

impl Seat {
    /// Gives the place back, to take it again later.
    async fn leave(&self) {
        // A hub that is away knows nothing of it anyway.
        drop(self.hub.ask(Leave(self.id)).await);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Where nothing runs any more the hub finds out by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (hub, id) = (self.hub.clone(), self.id);
            runtime.spawn(async move { hub.ask(Leave(id)).await });
        }
    }
}
