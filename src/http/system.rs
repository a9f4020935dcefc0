//! How the platform is: whether it lives, whether it is ready, who is inside, and its metrics.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use actors::guardian::Household;
use domain::ports::store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::http::guarded::{Admin, Anyone, Guarded, Scraper};

/// What is asked about the system.
#[derive(Clone)]
pub struct System {
    /// Who is inside.
    pub household: Household,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Why events do not reach Redis, if they do not; none where there is no Redis.
    pub redis: Option<watch::Receiver<Option<String>>>,
    /// What was counted; none where nothing counts (a test).
    pub metrics: Option<PrometheusHandle>,
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
    /// What: `redis`.
    what: &'static str,
    /// Why, for people.
    why: String,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "system", security(()), responses((status = 200, description = "it lives")))]
pub async fn healthz(_: Guarded<Anyone>) -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

/// It can do its work: the store answers. What only some need is told as `degraded`.
#[utoipa::path(get, path = "/readyz", tag = "system", security(()), responses(
    (status = 200, description = "ready", body = Ready),
    (status = 503, description = "the store is away", body = super::error::Problem),
))]
pub async fn readyz(
    _: Guarded<Anyone>,
    system: web::Data<System>,
) -> Result<web::Json<Ready>, ApiError> {
    let span = system.store.span().await?;
    let trouble = system.redis.as_ref().and_then(|it| it.borrow().clone());
    let degraded: Vec<_> = trouble
        .into_iter()
        .map(|why| Degraded { what: "redis", why })
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
    let metrics = system
        .metrics
        .as_ref()
        .ok_or_else(|| ApiError::NotFound("metrics: nothing counts here".to_owned()))?;
    for branch in system.household.tree().await {
        metrics::gauge!("touchstone_door_waiting", "room" => branch.room, "name" => branch.name.to_string())
            .set(count(branch.waiting));
    }
    Ok(HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(metrics.render()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; counts here are small"
)]
fn count(number: usize) -> f64 {
    number as f64
}
