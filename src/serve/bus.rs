//! The bus of a serving platform, and whether its history is still the store's.

use std::sync::Arc;

use actors::relay::went_back;
use anyhow::Context as _;
use domain::ports::Clock as _;
use domain::ports::bus::{Bus as _, BusError};

use crate::bus::Redis;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::store::{Cause, Opened};
use crate::wire::Encoder;

/// What is said until the relay has come there for the first time.
pub(super) const NOT_YET: &str = "it has not been reached yet";

/// Begins to connect to the bus, where one is configured. When it is there and has what the store
/// has lost, a new epoch is begun: nothing may be told under a place that was told otherwise.
pub(super) async fn open(
    settings: &Settings,
    opened: &Opened,
) -> anyhow::Result<Option<Arc<Redis>>> {
    if !settings.redis.is_wanted() {
        return Ok(None);
    }
    let redis = Redis::connect(&settings.redis.url).context("redis.url")?;
    if !redis.connected().await {
        tracing::warn!("Redis is away; it is brought the events when it is there");
        return Ok(Some(Arc::new(redis)));
    }
    let store = opened.port();
    let span = store.span().await?;
    match redis.tail(&span.epoch).await {
        Ok(tail) if went_back(&*store, &Encoder, &tail, span.head).await? => {
            let cause = Cause {
                actor: "platform",
                at: WallClock.now(),
                why: "Redis has events that the store does not have",
            };
            let epoch = opened.begin_epoch(&cause).await?;
            tracing::warn!(
                epoch.before = %span.epoch, epoch.now = %epoch, redis.last = %tail.seq, store.head = %span.head,
                "Redis has events that the store does not have: the store went back, and a new epoch begins",
            );
        }
        Ok(_) => {}
        Err(error @ BusError::Unknown(_)) => return Err(error).context("redis.url"),
        Err(error @ (BusError::Unreachable(_) | BusError::Refused(_))) => {
            tracing::warn!("Redis could not be asked where it stands: {error}");
        }
    }
    Ok(Some(Arc::new(redis)))
}
