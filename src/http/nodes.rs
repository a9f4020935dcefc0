//! The nodes that serve this record: which are here, and what each does that one is enough for.

use std::sync::Arc;

use actix_web::web;
use domain::ports::Clock;
use domain::ports::nodes::{Node, Nodes};
use serde::Serialize;
use smol_str::SmolStr;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::http::guarded::{Admin, Guarded};

/// Who is asked about nodes.
#[derive(Clone)]
pub struct Census {
    /// Who serves this record.
    pub nodes: Arc<dyn Nodes>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who answers.
    pub here: SmolStr,
}

/// One process, from its start to its end.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeOut {
    /// Its name; a new one at each start.
    id: String,
    /// Whether it is the one that answers.
    #[serde(rename = "self")]
    own: bool,
    /// `here`; `left`: it said that it leaves; `gone`: it fell silent, because it was killed or does
    /// not reach the store.
    state: &'static str,
    /// The machine or the pod that it runs on.
    host: String,
    /// Which release it is.
    version: String,
    /// Where it listens.
    addresses: Vec<String>,
    /// What it does of what one node is enough for: `relay` brings events to Redis, `sealer` seals the
    /// days, `retrier` tries judged signals again. None when it is not here.
    roles: Vec<String>,
    /// When it started (µs UTC).
    started: i64,
    /// When it last said that it is here (µs UTC).
    seen: i64,
    /// When it said that it leaves (µs UTC).
    left: Option<i64>,
}

/// The nodes, the last started first.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodesOut {
    /// Those that are here, and those of the last week.
    nodes: Vec<NodeOut>,
}

/// The nodes that serve this record. Each says every ten seconds that it is here.
#[utoipa::path(get, path = "/v1/system/nodes", tag = "system", security(("bearer" = ["admin"])), responses(
    (status = 200, body = NodesOut),
))]
pub async fn nodes(
    _: Guarded<Admin>,
    census: web::Data<Census>,
) -> Result<web::Json<NodesOut>, ApiError> {
    let now = census.clock.now();
    let told = census.nodes.nodes().await?;
    let shown = told.into_iter().map(|node: Node| {
        let presence = node.presence(now);
        let roles = node.roles_at(now);
        NodeOut {
            own: node.id == census.here,
            state: presence.label(),
            roles: roles.iter().map(ToString::to_string).collect(),
            id: node.id.into(),
            host: node.host,
            version: node.version.into(),
            addresses: node.addresses,
            started: node.started.as_micros(),
            seen: node.seen.as_micros(),
            left: node.left.map(|at| at.as_micros()),
        }
    });
    Ok(web::Json(NodesOut {
        nodes: shown.collect(),
    }))
}
