//! The chain: the seals of the days, and what was published with them.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use domain::ports::chain::Chain;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Problem};
use super::page;
use crate::http::guarded::{Anyone, Guarded};
use crate::wire::chain::{LinkOut, PublishedOut, day};

/// What the chain is read from.
pub type Links = Arc<dyn Chain>;

/// Which days.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChainParams {
    /// Before this day, in UTC, of 1900 to 2099: `2026-11-23`. The `next` of the page before is one.
    #[param(
        pattern = "^((19|20)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|(19(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26]))-02-29)$"
    )]
    before: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of the chain, newest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainPage {
    /// The seals. Each has the hash of the one after it in this list as its `previous`.
    seals: Vec<LinkOut>,
    /// Where the next page begins (`before`); none at the first day.
    next: Option<String>,
}

/// The seals of the days, newest first. Whoever keeps them can tell later that nothing was changed.
#[utoipa::path(get, path = "/v1/chain", tag = "records", security(()), params(ChainParams), responses(
    (status = 200, body = ChainPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
))]
pub async fn chain(
    _: Guarded<Anyone>,
    params: web::Query<ChainParams>,
    links: web::Data<Links>,
) -> Result<HttpResponse, ApiError> {
    let limit = page::limit(params.limit)?;
    let before = params
        .before
        .as_deref()
        .map(|text| day(text).ok_or_else(|| no_day("before", text)))
        .transpose()?;
    let mut records = links.seals(before, limit + 1).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let seals: Vec<LinkOut> = records.iter().map(LinkOut::from).collect();
    let next = seals
        .last()
        .filter(|_| more)
        .map(|last| last.seal.day.clone());
    let page = ChainPage { seals, next };
    let next = page.next.as_deref();
    Ok(page::answer("/v1/chain", &*params, "before", next, &page))
}

/// A sealed day.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealedDay {
    /// Its seal.
    seal: LinkOut,
    /// What was published of every channel when it was over: what its `figures` is the hash of.
    published: Vec<PublishedOut>,
}

/// A day: its seal, and the figures of every channel as they were when it was over.
#[utoipa::path(get, path = "/v1/chain/{day}", tag = "records", security(()),
    params(("day" = String, Path, description = "in UTC, of 1900 to 2099: `2026-11-23`",
        pattern = "^((19|20)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|(19(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26]))-02-29)$")), responses(
    (status = 200, body = SealedDay),
    (status = 400, description = "it is no day", body = Problem),
    (status = 404, description = "that day is not sealed", body = Problem),
))]
pub async fn sealed(
    _: Guarded<Anyone>,
    text: web::Path<String>,
    links: web::Data<Links>,
) -> Result<web::Json<SealedDay>, ApiError> {
    let day = day(&text).ok_or_else(|| no_day("day", &text))?;
    let found = links.seals(Some(day.next()), 1).await?;
    let seal = found
        .into_iter()
        .find(|record| record.seal.sealed.day == day)
        .ok_or_else(|| {
            ApiError::NotFound(format!(
                "seal of {}; a day is sealed once it is over",
                *text
            ))
        })?;
    let published = links.published(day).await?;
    Ok(web::Json(SealedDay {
        seal: LinkOut::from(&seal),
        published: published.iter().filter_map(PublishedOut::of).collect(),
    }))
}

fn no_day(field: &'static str, text: &str) -> ApiError {
    ApiError::invalid(field, format!("`{text}` is none; write 2026-11-23"))
}
