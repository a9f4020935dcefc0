//! The stream as server-sent events: for browsers and scripts that only listen.
//!
//! The same subscription as over a WebSocket, of one client that says nothing. Each message is a
//! frame of the stream; its id is the position to go on from, so whoever comes back as the
//! standard tells (`Last-Event-ID`) misses nothing and hears nothing twice. Nothing is taken from
//! the outbox before the socket asks for more, so a slow reader is told of gaps as elsewhere.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::{Epoch, Seq};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::chain::Line;
use super::closing::Closing;
use super::flow::{Counted, Flow};
use super::follow::{Said, follow};
use super::place::Place;
use super::protocol::{Refusal, Wish};
use super::rights::{AGAIN, Rights};
use super::{Chair, Desk, StreamState, notice, wished};
use crate::accounts::Door;
use crate::http::error::ApiError;
use crate::http::guarded::{self, Guarded};

/// When a client whose connection breaks may come back. It is said at the beginning, because a
/// client remembers what a drain told it before.
const RETRY_MS: u64 = 1_000;

/// The one subscription of a connection.
const SUB: u32 = 1;

/// The stream as server-sent events. The frames are those of the WebSocket.
#[utoipa::path(
    get,
    path = "/v1/stream/sse",
    tag = "stream", security(("bearer" = ["listener"])),
    params(
        ("channels" = String, Query, description = "of these channels (comma-separated, `*` for all)"),
        ("symbols" = Option<String>, Query, description = "of these symbols (BTC/USDT)"),
        ("sides" = Option<String>, Query, description = "`long`, `short`"),
        ("origins" = Option<String>, Query, description = "`live`, `import`, `simulator`"),
        ("min_score" = Option<f64>, Query, description = "only signals with at least this probability"),
        ("from" = Option<String>, Query, description = "go on after this position, EPOCH:SEQ"),
        ("mode" = Option<String>, Query, description = "`each` (default) or `latest`"),
        ("hz" = Option<f64>, Query, description = "with `latest`, at most so many times a second"),
        ("heartbeat_s" = Option<u64>, Query, description = "seconds between heartbeats, 2 to 60"),
        ("Last-Event-ID" = Option<String>, Header, description = "the last id that was read; it goes before `from`"),
    ),
    responses(
        (status = 200, description = "events without end", content_type = "text/event-stream", body = String),
        (status = 400, description = "a parameter cannot be read", body = crate::http::error::Problem),
        (status = 503, description = "too many connections, or the platform is stopping", body = crate::http::error::Problem),
    )
)]
pub async fn sse(
    guarded: Guarded<guarded::Listener>,
    request: HttpRequest,
    state: web::Data<StreamState>,
    door: web::Data<Door>,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::invalid("channels", "say which; use channels=* for all");
    let wish = resumed(&request, wished(&request)?.ok_or_else(missing)?)?;
    let rights = Rights::new(Door::clone(&door), guarded.caller);
    rights.still().await?;
    rights
        .may_want(&wish.interest)
        .map_err(Refusal::into_problem)?;
    let chair = Chair::take(&state.0)?;
    let epoch = chair.0.span().await?.epoch;
    let flow = Flow::new(chair.0.limits.unsent);
    let (listener, first) = Listener::begin(chair, epoch, &flow, rights, wish).await?;
    let rest = stream::unfold(listener, |mut listener| async move {
        let bytes = listener.next().await?;
        Some((bytes, listener))
    });
    let bytes = stream::iter([first]).chain(rest).map(Ok);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        // Proxies that collect answers would collect for ever.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(Counted::new(bytes, flow)))
}

/// A client that comes back says what it has seen; the address is as old as its first visit.
fn resumed(request: &HttpRequest, wish: Wish) -> Result<Wish, ApiError> {
    let Some(last) = request.headers().get("Last-Event-ID") else {
        return Ok(wish);
    };
    match last.to_str().unwrap_or("?") {
        "" => Ok(wish),
        last => wish.after_event(last).map_err(Refusal::into_problem),
    }
}

/// One client that listens.
struct Listener {
    desk: Arc<Desk>,
    _chair: Chair,
    epoch: Epoch,
    place: Rc<Place>,
    said: Pin<Box<dyn Stream<Item = Said>>>,
    beats: Interval,
    draining: watch::Receiver<bool>,
    rights: Rights,
    leaves: Option<Leaves>,
    over: bool,
}

/// When it has to leave, and when it may come back.
#[derive(Clone, Copy)]
struct Leaves {
    at: Instant,
    retry_after_ms: u64,
}

impl Listener {
    /// Opens the subscription and waits for its answer.
    async fn begin(
        chair: Chair,
        epoch: Epoch,
        flow: &Rc<Flow>,
        rights: Rights,
        wish: Wish,
    ) -> Result<(Self, Bytes), ApiError> {
        let desk = Arc::clone(&chair.0);
        let every = wish.heartbeat_s.map(Duration::from_secs);
        let every = every.map_or(desk.limits.heartbeat, |it| it.min(desk.limits.heartbeat));
        let mut beats = interval_at(Instant::now() + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (place, said) = follow(&desk, flow, &rights, (None, SUB), wish);
        let mut listener = Self {
            draining: desk.draining.clone(),
            desk,
            rights,
            _chair: chair,
            epoch,
            place,
            said: Box::pin(said),
            beats,
            leaves: None,
            over: false,
        };
        let answer = match listener.said.next().await {
            Some(Said::Frames(lines)) => listener.tell(&lines),
            Some(Said::Refused(refusal)) => {
                return Err(ApiError::Away {
                    why: refusal.message,
                });
            }
            Some(Said::Ended(_)) | None => return Err(ApiError::Internal),
        };
        Ok((listener, retry(RETRY_MS, &answer)))
    }

    /// What is to be written next; nothing after the goodbye.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let leaves = self.leaves;
        let bytes = tokio::select! {
            // A heartbeat is due even when there is always something to say. What was said before
            // it has been written: it is this one place that asks for both.
            biased;
            true = begun(&mut self.draining), if leaves.is_none() => self.announce(),
            retry_after_ms = moment(leaves) => self.end(&Closing::Draining { retry_after_ms }),
            true = self.rights.change() => return Some(self.reconsider().await),
            _ = self.beats.tick() => self.beat(),
            said = self.said.next() => match said {
                Some(Said::Frames(lines)) => self.tell(&lines),
                Some(Said::Ended(closing)) => self.end(&closing),
                Some(Said::Refused(_)) | None => self.end(&Closing::Internal),
            },
        };
        Some(bytes)
    }

    /// Looks again who listens. What changes is told by the subscription itself.
    async fn reconsider(&mut self) -> Bytes {
        let caller = self.rights.caller();
        match self.rights.door.again(&caller).await {
            Ok(Some(caller)) => {
                self.rights.become_known(caller);
                self.place.entitle(|wanted| self.rights.terms(wanted));
                // A comment, which the standard lets every client skip.
                Bytes::from_static(b":\n\n")
            }
            Ok(None) => self.end(&Closing::Token),
            Err(_) => {
                tokio::time::sleep(AGAIN).await;
                self.rights.look_again();
                Bytes::from_static(b":\n\n")
            }
        }
    }

    fn tell(&self, lines: &[Line]) -> Bytes {
        let text: String = (lines.iter())
            .map(|line| message(&self.epoch, line.at, &line.text))
            .collect();
        text.into()
    }

    fn beat(&self) -> Bytes {
        let position = self.place.position();
        let positions = position.map(|position| (SUB, position)).into_iter();
        let now = self.desk.clock.now();
        let text = notice::heartbeat(now, &self.epoch, &positions.collect());
        match position {
            Some(position) => message(&self.epoch, position, &text).into(),
            // An id would be a place to go on from.
            None => format!("data: {text}\n\n").into(),
        }
    }

    fn announce(&mut self) -> Bytes {
        let after = notice::moment_within(self.desk.limits.drain);
        let retry_after_ms = notice::millis(after);
        let at = Instant::now() + after;
        self.leaves = Some(Leaves { at, retry_after_ms });
        let text = format!("data: {}\n\n", notice::drain(retry_after_ms));
        retry(retry_after_ms, text.as_bytes())
    }

    fn end(&mut self, closing: &Closing) -> Bytes {
        self.over = true;
        metrics::counter!("touchstone_stream_closed_total", "why" => closing.label()).increment(1);
        let text = format!("data: {}\n\n", closing.notice());
        retry(
            closing.retry_after_ms().unwrap_or(RETRY_MS),
            text.as_bytes(),
        )
    }
}

/// A frame as an event; it holds no line breaks, being JSON.
fn message(epoch: &Epoch, at: Seq, text: &str) -> String {
    format!("id: {}:{at}\ndata: {text}\n\n", epoch.as_str())
}

/// Says with these events when to come back.
fn retry(millis: u64, events: &[u8]) -> Bytes {
    [format!("retry: {millis}\n").as_bytes(), events]
        .concat()
        .into()
}

/// Waits until the process begins to stop.
async fn begun(draining: &mut watch::Receiver<bool>) -> bool {
    draining.wait_for(|begun| *begun).await.is_ok()
}

/// Waits for the moment to leave, for ever where there is none.
async fn moment(leaves: Option<Leaves>) -> u64 {
    match leaves {
        None => std::future::pending().await,
        Some(Leaves { at, retry_after_ms }) => {
            sleep_until(at).await;
            retry_after_ms
        }
    }
}
