//! The stream: what dashboards and bots connect to.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use actors::hub::{Hub, Leave, Room};
use actors::supervise::Door;
use domain::ports::store::Store;
use domain::ports::{Clock, Encode};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::error::ApiError;

mod chain;
mod closing;
mod flow;
mod follow;
mod inbound;
mod pace;
mod page;
mod protocol;
mod session;

use self::flow::{Counted, Flow};
use self::inbound::Inbound;
use self::session::Session;

/// The subprotocol that a client may ask for.
const SUBPROTOCOL: &str = "touchstone.v1+json";

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
    /// The largest frame that a client may send, in bytes; 64 KiB at most.
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

/// What the stream needs of the house.
pub struct Desk {
    hub: Door<Hub>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    encode: Arc<dyn Encode>,
    /// Becomes `true` when this process begins to stop.
    drain: watch::Receiver<bool>,
    limits: Limits,
    /// The last number that a subscription was given.
    last: AtomicU64,
    connected: AtomicUsize,
}

impl Desk {
    /// A desk in front of the hub.
    #[must_use]
    pub fn new(
        hub: Door<Hub>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        encode: Arc<dyn Encode>,
        drain: watch::Receiver<bool>,
        limits: Limits,
    ) -> Self {
        Self {
            hub,
            store,
            clock,
            encode,
            drain,
            limits,
            last: AtomicU64::new(0),
            connected: AtomicUsize::new(0),
        }
    }

    /// How many clients are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    fn next_subscription(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The routes of the stream. They need a `web::Data<Desk>`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v1/stream", web::get().to(connect))
        .route("/v1/stream/position", web::get().to(position));
}

/// A place in the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct Position {
    /// Which history. A client that holds a position of another one has to begin anew.
    epoch: String,
    /// The newest event.
    head: u64,
}

/// Where the stream stands.
#[utoipa::path(get, path = "/v1/stream/position", tag = "stream", responses(
    (status = 200, body = Position),
    (status = 503, description = "the store is away", body = super::error::Problem),
))]
pub async fn position(desk: web::Data<Desk>) -> Result<web::Json<Position>, ApiError> {
    let span = desk.store.span().await?;
    Ok(web::Json(Position {
        epoch: span.epoch.to_string(),
        head: span.head.get(),
    }))
}

/// Opens the stream (WebSocket). With `channels` in the query, it subscribes at once.
#[utoipa::path(get, path = "/v1/stream", tag = "stream", responses(
    (status = 101, description = "the stream, as docs/STREAM.md describes it"),
    (status = 400, description = "no WebSocket, or a bad query", body = super::error::Problem),
    (status = 503, description = "full, or about to stop", body = super::error::Problem),
))]
pub async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let desk = desk.into_inner();
    let query = web::Query::<protocol::Query>::from_query(request.query_string())
        .map_err(|error| ApiError::invalid("query", error))?;
    let wish = query
        .into_inner()
        .wish()
        .map_err(|refusal| ApiError::invalid("query", refusal.message))?;
    let mut response = ws::handshake_with_protocols(&request, &[SUBPROTOCOL]).map_err(|error| {
        ApiError::invalid("Upgrade", format!("connect as a WebSocket: {error}"))
    })?;
    if *desk.drain.borrow() {
        return Err(ApiError::Away {
            why: "it is about to stop; come back in a moment".to_owned(),
        });
    }
    let chair = Chair::take(&desk).ok_or_else(|| ApiError::Away {
        why: format!("all {} connections are taken", desk.limits.connections),
    })?;
    let epoch = desk.store.span().await?.epoch;

    let limits = desk.limits;
    let verdict = Rc::new(Cell::new(None));
    let flow = Flow::new(limits.unsent);
    let inbound = Inbound::new(payload, limits.frame, Rc::clone(&verdict));
    let session = Session::new(chair, epoch, Rc::clone(&flow), verdict, wish);
    let bytes = ws::WebsocketContext::create(session, inbound);
    Ok(response.streaming(Counted::new(bytes, flow)))
}

/// A connection's place among those that there may be, until it is dropped.
struct Chair(Arc<Desk>);

impl Chair {
    fn take(desk: &Arc<Desk>) -> Option<Self> {
        let taken = desk.connected.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("touchstone_stream_sessions").increment(1.0);
        let chair = Self(Arc::clone(desk));
        (taken < desk.limits.connections).then_some(chair)
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

impl Drop for Seat {
    fn drop(&mut self) {
        // Where nothing runs any more the hub finds out by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (hub, id) = (self.hub.clone(), self.id);
            runtime.spawn(async move { hub.ask(Leave(id)).await });
        }
    }
}
