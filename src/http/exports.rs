//! Exports: signals, outcomes and figures as files, written while they are sent.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use actors::unsettled::in_full;
use domain::ids::Seq;
use domain::ports::{Clock, View};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::IntoParams;

use super::error::{ApiError, Problem};
use crate::accounts::{Caller, Door};
use crate::export::{self, Failed, FiguresFilter, Format, Pages, Shelves, Wanted};
use crate::figures::followed::FollowedFilter;
use crate::filter::SignalFilter;
use crate::http::entitled::{narrow, view};
use crate::http::guarded::{Exporter, Guarded};

mod pipe;

/// So many exports are written at once: each holds a thread, and pages of records.
const AT_ONCE: usize = 4;

/// When it is worth to ask again where that many are.
const AGAIN_S: u64 = 5;

/// What exports are made of.
#[derive(Clone)]
pub struct Exports {
    shelves: Shelves,
    clock: Arc<dyn Clock>,
    turns: Arc<Semaphore>,
}

impl Exports {
    /// Exports of what is kept.
    #[must_use]
    pub fn new(shelves: Shelves, clock: Arc<dyn Clock>) -> Self {
        Self {
            shelves,
            clock,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// In which format.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatParams {
    /// `csv` (when nothing is said), `xlsx`, `parquet` or `json`.
    #[param(pattern = "^(csv|xlsx|parquet|json)$")]
    format: Option<String>,
}

impl FormatParams {
    fn read(&self) -> Result<Format, ApiError> {
        let Some(format) = self.format.as_deref() else {
            return Ok(Format::default());
        };
        format
            .parse()
            .map_err(|why: String| ApiError::invalid("format", why))
    }
}

/// Signals as a file, newest first, with the filters of the list of signals. An answer that ends
/// early was broken off: it is no whole file.
#[utoipa::path(get, path = "/v1/exports/signals", tag = "exports", security(("bearer" = ["exporter"])), params(SignalFilter, FormatParams), responses(
    (status = 200, description = "the file", content(
        (String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"), (Vec<serde_json::Value> = "application/json"))),
    (status = 429, description = "too many exports are being written", body = Problem),
))]
pub async fn signals(
    guarded: Guarded<Exporter>,
    filter: web::Query<SignalFilter>,
    format: web::Query<FormatParams>,
    exports: web::Data<Exports>,
    door: web::Data<Door>,
) -> Result<HttpResponse, ApiError> {
    let wanted = exports.narrowed(Wanted::signals(&filter)?, &guarded.caller, &door)?;
    exports
        .file(wanted, format.read()?, view(&guarded.caller))
        .await
}

/// What came of judged signals as a file, newest first, with the filters of the list of signals: as they
/// were judged live, or under another model, by those that were tried so to the end.
#[utoipa::path(get, path = "/v1/exports/outcomes", tag = "exports", security(("bearer" = ["exporter"])), params(SignalFilter, FollowedFilter, FormatParams), responses(
    (status = 200, description = "the file", content(
        (String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"), (Vec<serde_json::Value> = "application/json"))),
    (status = 429, description = "too many exports are being written", body = Problem),
))]
pub async fn outcomes(
    guarded: Guarded<Exporter>,
    filter: web::Query<SignalFilter>,
    followed: web::Query<FollowedFilter>,
    format: web::Query<FormatParams>,
    exports: web::Data<Exports>,
    door: web::Data<Door>,
) -> Result<HttpResponse, ApiError> {
    let wanted = Wanted::outcomes(&filter, &followed)?;
    let wanted = exports.narrowed(wanted, &guarded.caller, &door)?;
    let view = view(&guarded.caller);
    exports.file(wanted, format.read()?, view).await
}

/// The figures of channels as a file, by name: one row for each that has signals.
#[utoipa::path(get, path = "/v1/exports/figures", tag = "exports", security(("bearer" = ["exporter"])), params(FiguresFilter, FollowedFilter, FormatParams), responses(
    (status = 200, description = "the file", content(
        (String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"), (Vec<serde_json::Value> = "application/json"))),
    (status = 429, description = "too many exports are being written", body = Problem),
))]
pub async fn figures(
    _: Guarded<Exporter>,
    filter: web::Query<FiguresFilter>,
    followed: web::Query<FollowedFilter>,
    format: web::Query<FormatParams>,
    exports: web::Data<Exports>,
) -> Result<HttpResponse, ApiError> {
    let wanted = Wanted::figures(&filter, &followed, exports.clock.now())?;
    exports.file(wanted, format.read()?, View::Plain).await
}

impl Exports {
    /// What is wanted, as far as somebody may see it.
    fn narrowed(
        &self,
        mut wanted: Wanted,
        caller: &Caller,
        door: &Door,
    ) -> Result<Wanted, ApiError> {
        if let Wanted::Signals(query) | Wanted::Outcomes(query, _) = &mut wanted
            && !narrow(query, caller, door, self.clock.now())?
        {
            // Nothing is older than the beginning.
            query.before = Some(Seq::ZERO);
        }
        Ok(wanted)
    }

    /// Answers with a file that is written while it is sent.
    async fn file(
        &self,
        wanted: Wanted,
        format: Format,
        view: View,
    ) -> Result<HttpResponse, ApiError> {
        let turn = Arc::clone(&self.turns).try_acquire_owned();
        let turn = turn.map_err(|_| ApiError::TooMany { seconds: AGAIN_S })?;
        let name = wanted.name();
        let pages = Pages::begin(self.shelves.clone(), wanted, view).await?;
        let (inlet, ending, outlet) = pipe::pipe();
        actix_web::rt::spawn(send(pages, format, inlet, ending, turn));
        let day = crate::wire::rows::written(self.clock.now());
        let day = day.get(..10).unwrap_or("today");
        let disposition = format!("attachment; filename=\"touchstone-{name}-{day}.{format}\"");
        let mut response = HttpResponse::Ok();
        response
            .insert_header((CONTENT_TYPE, format.media_type()))
            .insert_header((CONTENT_DISPOSITION, disposition))
            // It is of this moment, and may be large.
            .insert_header((CACHE_CONTROL, "no-store"));
        if matches!(format, Format::Xlsx | Format::Parquet) {
            // Packed already.
            response.insert_header((CONTENT_ENCODING, "identity"));
        }
        Ok(response.streaming(outlet))
    }
}

/// Writes the file to its end, and says so; else the answer is broken off.
async fn send(
    pages: Pages,
    format: Format,
    inlet: pipe::Inlet,
    ending: pipe::Ending,
    _turn: OwnedSemaphorePermit,
) {
    let name = pages.name();
    match export::write(pages, format, inlet).await {
        Ok(_) => ending.all_is_written().await,
        Err(error) if ending.is_for_nobody() => {
            tracing::debug!(%error, "nobody takes an export of {name} any more");
        }
        Err(error) => {
            let why = in_full(&error);
            tracing::error!(
                export.name = name,
                "an export of {name} was broken off: {why}"
            );
        }
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Unread(error) => error.into(),
            Failed::Unwritten(error) => Self::Away {
                why: error.to_string(),
            },
            Failed::Broken(why) => {
                tracing::error!(why, "an export could not begin: {why}");
                Self::Internal
            }
        }
    }
}
