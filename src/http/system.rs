//! How the platform is: whether it lives, whether it is ready, who is inside, and its metrics.

use actix_web::{HttpResponse, web};
use actors::guardian::Household;
use domain::ports::store::Store;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::http::guarded::{Admin, Anyone, Guarded, Scraper};
use crate::telemetry::Gauges;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is asked about the system.
#[derive(Clone)]
pub struct System {
    /// Who is inside.
    pub household: Household,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Why nothing can be stored, although the store answers; none when it can.
    pub unstored: watch::Receiver<Option<String>>,
    /// Why events do not reach Redis, if they do not; none where there is no Redis.
    pub redis: Option<watch::Receiver<Option<String>>>,
    /// Whether it was told to stop.
    pub leaving: watch::Receiver<bool>,
    /// What is counted; none where nothing counts (a test).
    pub gauges: Option<Gauges>,
}

/// One actor, as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Actor {
    /// Its room: `channel`, `market`, …
    room: &'static str,
    /// Its name.
    name: String,
    /// Whether somebody is inside.
    alive: bool,
    /// When this life began, or the last one ended (µs UTC).
    since: i64,
    /// How many lives came after the first.
    restarts: u64,
    /// How the last fault ended a life.
    last_fault: Option<String>,
    /// How many stand at its door.
    waiting: usize,
}

/// Whether it can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ready`, or `degraded` when it works and something beside it does not.
    status: &'static str,
    /// The newest event.
    head: u64,
    /// What does not work, and why; absent when all does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded: Vec<Degraded>,
}

/// Something without which it works all the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct Degraded {
    /// What: `store` (it can be read, and takes nothing), `redis`.
    what: &'static str,
    /// Why, for people.
    why: String,
}

impl System {
    /// Whoever answers lives.
    pub(super) fn lives() -> HttpResponse {
        HttpResponse::Ok().body("ok\n")
    }

    /// Whether it can do its work, and goes on doing it.
    pub(super) async fn ready(&self) -> Result<web::Json<Ready>, ApiError> {
        // Told first: a store that is away is no reason to wait for somebody who leaves.
        if *self.leaving.borrow() {
            return Err(ApiError::Leaving);
        }
        let span = self.store.span().await?;
        let unstored = self.unstored.borrow().clone();
        let redis = self.redis.as_ref().and_then(|it| it.borrow().clone());
        let degraded: Vec<_> = [("store", unstored), ("redis", redis)]
            .into_iter()
            .filter_map(|(what, why)| why.map(|why| Degraded { what, why }))
            .collect();
        Ok(web::Json(Ready {
            status: if degraded.is_empty() {
                "ready"
            } else {
                "degraded"
            },
            head: span.head.get(),
            degraded,
        }))
    }

    /// What was counted, as Prometheus reads it.
    pub(super) async fn counted(&self) -> Result<HttpResponse, ApiError> {
        let gauges = self
            .gauges
            .as_ref()
            .ok_or_else(|| ApiError::NotFound("metrics: nothing counts here".to_owned()))?;
        let counted = gauges.render().await;
        Ok(HttpResponse::Ok().content_type(TEXT).body(counted))
    }
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "system", security(()), responses((status = 200, description = "it lives")))]
pub async fn healthz(_: Guarded<Anyone>) -> HttpResponse {
    System::lives()
}

/// It can do its work: the store answers, and it was not told to stop. What does not work beside that is
/// told as `degraded`.
#[utoipa::path(get, path = "/readyz", tag = "system", security(()), responses(
    (status = 200, description = "ready", body = Ready),
    (status = 503, description = "the store is away (`unavailable`), or the platform is stopping (`leaving`)", body = super::error::Problem),
))]
pub async fn readyz(
    _: Guarded<Anyone>,
    system: web::Data<System>,
) -> Result<web::Json<Ready>, ApiError> {
    system.ready().await
}

/// The live tree: who is inside, since when, how often reborn, and how many wait at the door.
#[utoipa::path(get, path = "/v1/system/actors", tag = "system", security(("bearer" = ["admin"])), responses((status = 200, body = Vec<Actor>)))]
pub async fn actors(_: Guarded<Admin>, system: web::Data<System>) -> web::Json<Vec<Actor>> {
    let tree = system.household.tree().await;
    let shown = tree.into_iter().map(|branch| Actor {
        room: branch.room,
        name: branch.name.to_string(),
        alive: branch.alive,
        since: branch.since.as_micros(),
        restarts: branch.restarts,
        last_fault: branch.last_fault,
        waiting: branch.waiting,
    });
    web::Json(shown.collect())
}

/// What was counted, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "system", security(("bearer" = ["scraper"])), responses((status = 200, description = "Prometheus text format")))]
pub async fn metrics(
    _: Guarded<Scraper>,
    system: web::Data<System>,
) -> Result<HttpResponse, ApiError> {
    system.counted().await
}
