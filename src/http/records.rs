//! Records: signals and events, as they are stored.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use domain::event::Event;
use domain::ids::{Seq, SignalId};
use domain::ports::store::Store;
use domain::ports::{Clock, View};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::entitled::{
    Standing, Withheld, as_told, asks_for_his_own, before, may_see, narrow, told_until, view,
    withheld, withheld_of_his_own,
};
use super::error::{ApiError, Problem};
use super::ml::Ml;
use super::page;
use super::stream::moment::head_at;
use crate::accounts::Door;
pub(super) use crate::filter::instants;
use crate::filter::{self, SignalFilter};
use crate::http::guarded::{Guarded, Reader};
use crate::wire::event::ScoreOut;
use crate::wire::{EventOut, SignalOut, VersionOut};

/// What records are read from.
pub type Records = Arc<dyn Store>;

/// What time it is.
pub type Time = Arc<dyn Clock>;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Where the page begins: the `next` of the page before, with the same filters.
    #[param(pattern = "^[0-7][0-9a-f]{23}$")]
    cursor: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Which page of which list.
#[derive(Serialize)]
struct Asked<'a> {
    #[serde(flatten)]
    filter: &'a SignalFilter,
    #[serde(flatten)]
    page: &'a PageParams,
}

/// A page of signals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalPage {
    /// The signals.
    signals: Vec<SignalOut>,
    /// Where the next page begins (`cursor`); none at the end.
    next: Option<String>,
    /// What the plan does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
}

/// Signals, newest first. What is stored while pages are read changes none of the later pages.
#[utoipa::path(get, path = "/v1/signals", tag = "records", security(("bearer" = ["reader"])), params(SignalFilter, PageParams), responses(
    (status = 200, body = SignalPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
    (status = 404, description = "the cursor is of a list with other filters", body = Problem),
))]
pub async fn signals(
    guarded: Guarded<Reader>,
    filter: web::Query<SignalFilter>,
    page: web::Query<PageParams>,
    store: web::Data<Records>,
    door: web::Data<Door>,
    clock: web::Data<Time>,
) -> Result<HttpResponse, ApiError> {
    let limit = page::limit(page.limit)?;
    let mut query = filter.query()?;
    let cursor = page.cursor.as_deref();
    query.before = cursor
        .map(|cursor| page::place(&*filter, cursor))
        .transpose()?;
    // One more than shown, so that the last page is known to be the last.
    query.limit = limit + 1;
    let caller = &guarded.caller;
    let withheld = if asks_for_his_own(&query, caller) {
        withheld_of_his_own(caller, &door)
    } else {
        withheld(caller, &door)
    };
    let (standing, now) = (Standing::of(&mut query, caller), clock.now());
    let mut records = if narrow(&mut query, caller, &door, now)? {
        store.signals(&query).await?
    } else {
        Vec::new()
    };
    let more = records.len() > limit;
    records.truncate(limit);
    let last = records.last().filter(|_| more).map(|record| record.seq);
    let mut signals = Vec::with_capacity(records.len());
    for record in records {
        let told = as_told(&***store, record, caller, now).await?;
        if standing.fits(&told) {
            signals.push(SignalOut::of(&told, view(caller)));
        }
    }
    let body = SignalPage {
        signals,
        next: last.map(|place| page::cursor(&*filter, place)),
        withheld,
    };
    let next = body.next.as_deref();
    let asked = Asked {
        filter: &filter,
        page: &page,
    };
    Ok(page::answer("/v1/signals", &asked, "cursor", next, &body))
}

/// A signal with everything that is stored of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalStory {
    /// The signal.
    signal: SignalOut,
    /// Every version of its post.
    versions: Vec<VersionOut>,
    /// Everything that happened to it, with what decided it.
    events: Vec<EventOut>,
    /// What models said of it that were only tried beside the one that spoke.
    tried: Vec<ScoreOut>,
    /// What the plan does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
}

/// One signal: the versions of its post, and everything that happened to it.
#[utoipa::path(get, path = "/v1/signals/{id}", tag = "records", security(("bearer" = ["reader"])),
    params(("id" = String, Path, description = "its id", format = "uuid")), responses(
    (status = 200, body = SignalStory),
    (status = 400, description = "it is no UUID", body = Problem),
    (status = 404, description = "no such signal", body = Problem),
))]
pub async fn signal(
    guarded: Guarded<Reader>,
    id: web::Path<String>,
    store: web::Data<Records>,
    ml: web::Data<Ml>,
    door: web::Data<Door>,
    clock: web::Data<Time>,
) -> Result<web::Json<SignalStory>, ApiError> {
    let uuid =
        Uuid::parse_str(&id).map_err(|_| ApiError::invalid("id", "a signal's id is a UUID"))?;
    let id = SignalId::from_uuid(uuid);
    let record = store
        .signal(id)
        .await?
        .ok_or_else(|| ApiError::NotFound(format!("signal {id}")))?;
    let (caller, now) = (&guarded.caller, clock.now());
    may_see(&record, caller, &door, now)?;
    let channel = &record.signal.channel;
    let own = caller.owned.contains(channel);
    let until = told_until(channel, caller, now);
    let versions = store.versions(channel, &record.signal.post).await?;
    let record = as_told(&***store, record, caller, now).await?;
    let events = store.events_of(id).await?;
    let tried = match view(caller) {
        View::Scored => ml.jury.predictions.tried(id).await?,
        View::Plain => Vec::new(),
    };
    Ok(web::Json(SignalStory {
        tried: tried.iter().map(ScoreOut::of).collect(),
        signal: SignalOut::of(&record, view(caller)),
        versions: versions
            .into_iter()
            .filter(|version| version.post.received <= until)
            .map(VersionOut::from)
            .collect(),
        events: events
            .iter()
            .filter(|event| event.stored <= until)
            .map(|event| EventOut::of(event, view(caller)))
            .collect(),
        withheld: if own {
            withheld_of_his_own(caller, &door)
        } else {
            withheld(caller, &door)
        },
    }))
}

/// Which events.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// After this place in the stream.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    from: Option<u64>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// Which history.
    epoch: String,
    /// The oldest event that is kept: what was asked for before it is gone.
    first: u64,
    /// The newest event.
    head: u64,
    /// The events, in order.
    events: Vec<EventOut>,
    /// Where the next page begins (`from`); none where the stream has no more now.
    next: Option<u64>,
    /// What the plan does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
}

/// The stream as pages, in its order.
#[utoipa::path(get, path = "/v1/events", tag = "records", security(("bearer" = ["reader"])), params(EventParams), responses(
    (status = 200, body = EventPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
))]
pub async fn events(
    guarded: Guarded<Reader>,
    params: web::Query<EventParams>,
    store: web::Data<Records>,
    door: web::Data<Door>,
    clock: web::Data<Time>,
) -> Result<HttpResponse, ApiError> {
    let limit = page::limit(params.limit)?;
    let from = params.from.unwrap_or(0);
    if i64::try_from(from).is_err() {
        return Err(ApiError::invalid("from", "no stream is as long as that"));
    }
    let mut span = store.span().await?;
    let (caller, now) = (&guarded.caller, clock.now());
    let allows = &caller.entitled.allows;
    let mut after = Seq::new(from);
    if !allows.delay.is_zero() {
        span.head = head_at(&store, &span, before(now, allows.delay)).await?;
    }
    if let Some(history) = allows.history {
        let oldest = head_at(&store, &span, before(now, history)).await?;
        span.first = span.first.max(oldest.next());
        after = after.max(oldest);
    }
    let mut events = store.events(after, limit).await?;
    events.retain(|event| event.seq <= span.head);
    let last = events.last().map(|event| event.seq);
    let shown = |event: &&Arc<Event>| {
        let about = event.happening();
        about.is_none_or(|about| caller.entitled.shows(&about.channel))
    };
    let page = EventPage {
        epoch: span.epoch.to_string(),
        first: span.first.get(),
        head: span.head.get(),
        events: events
            .iter()
            .filter(shown)
            .map(|event| EventOut::of(event, view(caller)))
            .collect(),
        withheld: withheld(caller, &door),
        next: last.filter(|last| *last < span.head).map(Seq::get),
    };
    let next = page.next.map(|next| next.to_string());
    Ok(page::answer(
        "/v1/events",
        &*params,
        "from",
        next.as_deref(),
        &page,
    ))
}

/// An instant as people and as programs write it.
pub(super) fn instant(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    Ok(filter::instant(field, text)?)
}
