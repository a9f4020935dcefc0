//! Channels: who posts here, and what is counted of each.

use actix_web::http::header::{ETAG, EntityTag};
use actix_web::{HttpResponse, web};
use domain::ports::store::ChannelRecord;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::{ApiError, Problem};
use super::page;
use super::records::Records;
use crate::http::guarded::{Guarded, Reader};
use crate::wire::ChannelOut;

/// Which channels.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChannelParams {
    /// Those whose name comes after this one: the last of the page before.
    after: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// All channels by name, with what is counted of them. Where there are more than `limit`, the
/// header `Link` leads to the next.
#[utoipa::path(get, path = "/v1/channels", tag = "channels", security(("bearer" = ["reader"])), params(ChannelParams), responses(
    (status = 200, body = Vec<ChannelOut>, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
))]
pub async fn channels(
    _: Guarded<Reader>,
    params: web::Query<ChannelParams>,
    store: web::Data<Records>,
) -> Result<HttpResponse, ApiError> {
    let limit = match params.limit {
        None => page::LONGEST_PAGE,
        asked => page::limit(asked)?,
    };
    let mut channels = store.channels().await?;
    channels.sort_by(|one, other| one.card.id.as_str().cmp(other.card.id.as_str()));
    if let Some(after) = &params.after {
        channels.retain(|record| record.card.id.as_str() > after.as_str());
    }
    let more = channels.len() > limit;
    channels.truncate(limit);
    let last = channels.last().map(|record| record.card.id.to_string());
    let shown: Vec<_> = channels.into_iter().map(ChannelOut::from).collect();
    let next = last.filter(|_| more);
    Ok(page::answer(
        "/v1/channels",
        &*params,
        "after",
        next.as_deref(),
        &shown,
    ))
}

/// One channel.
#[utoipa::path(get, path = "/v1/channels/{id}", tag = "channels", security(("bearer" = ["reader"])),
    params(("id" = String, Path, description = "its name")), responses(
    (status = 200, body = ChannelOut, headers(("ETag" = String, description = "its state, for `If-Match`"))),
    (status = 404, description = "no such channel", body = Problem),
))]
pub async fn channel(
    _: Guarded<Reader>,
    id: web::Path<String>,
    store: web::Data<Records>,
) -> Result<HttpResponse, ApiError> {
    let record = find(&id, &store).await?;
    let revision = record.made.as_ref().map_or(0, |made| made.revision);
    // What is counted of it goes on changing, and makes no change of it stale.
    let mark = (ETAG, EntityTag::new_strong(format!("r{revision}")));
    Ok(HttpResponse::Ok()
        .insert_header(mark)
        .json(ChannelOut::from(record)))
}

/// What is kept of a channel.
pub(super) async fn find(id: &str, store: &Records) -> Result<ChannelRecord, ApiError> {
    let channels = store.channels().await?;
    let found = channels
        .into_iter()
        .find(|record| record.card.id.as_str() == id);
    found.ok_or_else(|| ApiError::NotFound(format!("channel `{id}`")))
}
