//! Analytics: what may be said of channels, computed from what is stored.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use domain::ids::ChannelId;
use domain::plan::Feature;
use domain::ports::Clock;
use domain::ports::retrial::Retrials;
use domain::ports::scrutiny::Scrutiny;
use domain::ports::store::{ChannelCard, ChannelRecord, SignalRecord};
use domain::post::Origin;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Problem};
use super::records::{self, Records};
use crate::accounts::Door;
use crate::figures::board::{self, Order, Ranked, Runner, Unranked};
use crate::figures::claims::{ClaimGap, Claims, Said};
use crate::figures::copies::Copies;
use crate::figures::delays::{self, Delayed};
use crate::figures::followed::{self, Followed};
use crate::figures::parts::Parts;
use crate::figures::recall::{Recall, State};
use crate::figures::scrutiny::{self, About, Revisions};
use crate::figures::window::Window;
use crate::figures::{Figures, as_of};
use crate::http::guarded::{Analyst, Anyone, Guarded};

pub mod signal;
pub mod what_if;

/// The most answers that are remembered; then all are forgotten.
const REMEMBERED: usize = 4_096;

/// So many of the best, and of the worst, everybody may see.
const HEAD: usize = 10;
const WORST: usize = 3;

/// What figures are remembered by.
type Asked = (ChannelId, Origin, Window, Followed);

/// How much a channel has said: whoever read its claims before more was said reads them again. That a post
/// is edited for the second time shows with the next post.
type Talk = (u64, u64, u64, Option<Timestamp>);

/// Of what figures were computed: the state of the channel's signals, what it said and how many claims of it
/// count, and the last retrial. What happens in other channels changes none of it.
type Known = (State, Talk, usize, Option<Timestamp>);

/// What a board shows of a channel.
struct Shown {
    figures: Figures,
    claims: ClaimGap,
    /// How many judged signals are left out.
    untried: usize,
}

/// What was computed last, with what it knows. Whoever asks for the same meanwhile waits for it.
type Place = Arc<tokio::sync::Mutex<Option<(Known, Arc<Shown>)>>>;

/// What was computed, by what it was asked for.
type Remembered = HashMap<Asked, Place>;

/// What channels claim, as it was read.
type Heard = HashMap<(ChannelId, Origin), (Talk, Arc<Vec<Said>>)>;

/// What analytics are computed from, and what was computed.
#[derive(Clone)]
pub struct Analytics {
    store: Records,
    scrutiny: Arc<dyn Scrutiny>,
    recall: Arc<Recall>,
    retrials: Arc<dyn Retrials>,
    clock: Arc<dyn Clock>,
    remembered: Arc<Mutex<Remembered>>,
    heard: Arc<Mutex<Heard>>,
}

/// Which board.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardParams {
    /// `best` (by the lower bound of what a trade earns) or `worst` (only those that lose beyond
    /// doubt).
    #[param(pattern = "^(best|worst)$")]
    order: Option<String>,
    /// Signals received in the last `7d`, `30d`, `90d` or `365d`, or `all`.
    #[param(pattern = "^(7d|30d|90d|365d|all)$")]
    window: Option<String>,
    /// The execution model, with or without its version. `default/1` is judged by every trade as it
    /// happens; the others by recorded prices, afterwards.
    #[param(
        pattern = "^(default(-(1m|5m|15m|1h))?|market|first-touch|first-target|breakeven|moving-stop)(/1)?$"
    )]
    model: Option<String>,
    /// By the rules of this version, from recorded prices, also under `default/1`; today's when nothing is
    /// said.
    #[param(minimum = 1, maximum = 3)]
    policy: Option<u32>,
    /// `live` or `simulator`, which are never on one board; what the platform collects when nothing is
    /// said. Imported history is on none.
    #[param(pattern = "^(live|simulator)$")]
    origin: Option<String>,
}

/// Channels in their order, and those without a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Board {
    /// `best` or `worst`.
    order: &'static str,
    /// How far back signals count.
    window: &'static str,
    /// The execution model.
    model: &'static str,
    /// By the rules of which version; none of what was judged live.
    policy: Option<u32>,
    /// How many judged signals are left out, because they were not tried under it to the end.
    untried: usize,
    /// Where the signals come from.
    origin: &'static str,
    /// When it was asked, in microseconds UTC: it knows only what had ended by then.
    as_of: i64,
    /// The channels that are ranked.
    ranked: Vec<Ranked>,
    /// The others, by name, each with the reason.
    unranked: Vec<Unranked>,
    /// What the plan does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Rest>,
}

/// What of a board is not shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rest {
    /// How many ranked channels.
    ranked: usize,
    /// How many channels without a place.
    unranked: usize,
    /// The cheapest plan that shows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
}

/// Which figures of a channel.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FiguresParams {
    /// Signals received in the last `7d`, `30d`, `90d` or `365d`, or `all`.
    #[param(pattern = "^(7d|30d|90d|365d|all)$")]
    window: Option<String>,
    /// The execution model, with or without its version; `default/1` when nothing is said.
    #[param(
        pattern = "^(default(-(1m|5m|15m|1h))?|market|first-touch|first-target|breakeven|moving-stop)(/1)?$"
    )]
    model: Option<String>,
    /// By the rules of this version, from recorded prices, also under `default/1`; today's when nothing is
    /// said.
    #[param(minimum = 1, maximum = 3)]
    policy: Option<u32>,
    /// `live`, `import` or `simulator`; the channel's own when nothing is said.
    #[param(pattern = "^(live|import|simulator)$")]
    origin: Option<String>,
    /// As it was known at this instant: RFC 3339, or whole microseconds UTC.
    #[param(schema_with = records::instants)]
    at: Option<String>,
}

/// What may be said of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelFigures {
    /// Its name.
    channel: String,
    /// How far back signals count.
    window: &'static str,
    /// The execution model.
    model: &'static str,
    /// By the rules of which version; none of what was judged live.
    policy: Option<u32>,
    /// How many judged signals are left out, because they were not tried under it to the end.
    untried: usize,
    /// Where the signals come from.
    origin: &'static str,
    /// It knows only what had ended by then, in microseconds UTC.
    as_of: i64,
    /// The figures.
    figures: Figures,
    /// The same trades in parts.
    parts: Parts,
    /// What it claims of its trades, against the record.
    claims: Claims,
    /// How much of what it says it says first.
    copies: Copies,
    /// What it did to its posts afterwards.
    revisions: Revisions,
    /// What is left for those who come later; only delays that the prices resolve.
    delays: Vec<Delayed>,
}

impl Analytics {
    /// Analytics of a store.
    #[must_use]
    pub fn new(
        store: Records,
        retrials: Arc<dyn Retrials>,
        scrutiny: Arc<dyn Scrutiny>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            recall: Arc::default(),
            store,
            scrutiny,
            retrials,
            clock,
            remembered: Arc::default(),
            heard: Arc::default(),
        }
    }

    /// A channel's signals of one origin, in no particular order.
    async fn signals(
        &self,
        channel: &ChannelId,
        origin: Origin,
        from: Option<Timestamp>,
    ) -> Result<Vec<SignalRecord>, ApiError> {
        let wanted = |record: &SignalRecord| wanted(record, origin, from);
        Ok(self.recall.signals(&*self.store, channel, wanted).await?)
    }

    /// What a board shows of a channel now, remembered until something happens in that channel.
    async fn shown(
        &self,
        channel: &ChannelId,
        origin: Origin,
        (window, followed): (Window, Followed),
        (newest, talk, now): (Option<Timestamp>, Talk, Timestamp),
    ) -> Result<Arc<Shown>, ApiError> {
        let place = self.place((channel.clone(), origin, window, followed));
        let mut place = place.lock().await;
        let from = window.from(now);
        let said = self.said(channel, origin, (talk, now)).await?;
        let said = said
            .iter()
            .filter(|said| from.is_none_or(|from| said.received() >= from));
        let said: Vec<Said> = said.cloned().collect();
        let wanted = |record: &SignalRecord| wanted(record, origin, from);
        let state = self.recall.state(&*self.store, channel, wanted).await?;
        let known = (state, talk, said.len(), newest);
        if let Some((known_then, shown)) = &*place
            && *known_then == known
        {
            return Ok(Arc::clone(shown));
        }
        let judged = self.signals(channel, origin, from).await?;
        let (records, untried) = followed.records(&*self.retrials, judged.clone()).await?;
        let shown = computed(move || Shown {
            figures: Figures::of(&records),
            claims: ClaimGap::from(&Claims::of(&judged, &said)),
            untried,
        });
        let shown = Arc::new(shown.await?);
        metrics::counter!("touchstone_figures_computed_total").increment(1);
        *place = Some((known, Arc::clone(&shown)));
        Ok(shown)
    }

    /// Where the answer to a question is remembered.
    fn place(&self, asked: Asked) -> Place {
        let mut remembered = locked(&self.remembered);
        if remembered.len() >= REMEMBERED && !remembered.contains_key(&asked) {
            remembered.clear();
        }
        Arc::clone(remembered.entry(asked).or_default())
    }

    /// What a channel claims, read again when it has said more.
    async fn said(
        &self,
        channel: &ChannelId,
        origin: Origin,
        (talk, at): (Talk, Timestamp),
    ) -> Result<Arc<Vec<Said>>, ApiError> {
        let key = (channel.clone(), origin);
        if let Some((heard, said)) = locked(&self.heard).get(&key)
            && *heard == talk
        {
            return Ok(Arc::clone(said));
        }
        let about = About {
            channel,
            origin,
            from: None,
            at,
        };
        let said = Arc::new(scrutiny::said(&*self.scrutiny, &about).await?);
        locked(&self.heard).insert(key, (talk, Arc::clone(&said)));
        Ok(said)
    }
}

/// Whether a signal is of this origin and of this time.
fn wanted(record: &SignalRecord, origin: Origin, from: Option<Timestamp>) -> bool {
    let signal = &record.signal;
    signal.origin == origin && from.is_none_or(|from| signal.received >= from)
}

fn locked<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

fn window(text: Option<&str>) -> Result<Window, ApiError> {
    Window::read(text).map_err(|why| ApiError::invalid("window", why))
}

/// Computes beside the threads that answer.
async fn computed<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    web::block(work).await.map_err(|error| ApiError::Away {
        why: error.to_string(),
    })
}

/// Channels by what can be proven of them. A channel whose trades say less than 30 independent ones
/// would is in a list of its own, with the reason.
#[utoipa::path(get, path = "/v1/analytics/leaderboard", tag = "analytics", security(()), params(BoardParams), responses(
    (status = 200, body = Board),
))]
pub async fn leaderboard(
    guarded: Guarded<Anyone>,
    params: web::Query<BoardParams>,
    analytics: web::Data<Analytics>,
    door: web::Data<Door>,
) -> Result<HttpResponse, ApiError> {
    let (order, label) = match params.order.as_deref() {
        None | Some("best") => (Order::Best, "best"),
        Some("worst") => (Order::Worst, "worst"),
        Some(other) => {
            let why = format!("`{other}` is none; use best or worst");
            return Err(ApiError::invalid("order", why));
        }
    };
    let followed = Followed::read(params.model.as_deref(), params.policy)?;
    let window = window(params.window.as_deref())?;
    let channels = analytics.store.channels().await?;
    let origin = match params.origin.as_deref() {
        None => collected(&channels),
        Some("live") => Origin::Live,
        Some("simulator") => Origin::Simulator,
        Some(_) => return Err(ApiError::invalid("origin", "use live or simulator")),
    };
    let now = analytics.clock.now();
    let newest = match followed.policy() {
        Some(_) => analytics.retrials.newest().await?,
        None => None,
    };
    let (mut all, mut untried) = (Vec::with_capacity(channels.len()), 0);
    for record in channels {
        let talk = (
            record.posts,
            record.edited,
            record.deleted,
            record.last_post,
        );
        let channel = record.card.id;
        let known = (newest, talk, now);
        let shown = analytics
            .shown(&channel, origin, (window, followed), known)
            .await?;
        untried += shown.untried;
        if shown.figures.signals > 0 {
            all.push(Runner {
                channel,
                figures: shown.figures.clone(),
                untried: shown.untried,
                claims: shown.claims,
            });
        }
    }
    let (mut ranked, mut unranked) = board::rank(all, order);
    let whole = guarded.caller.entitled.allows.has(Feature::Analytics);
    let withheld = (!whole).then(|| {
        let most = match order {
            Order::Best => HEAD,
            Order::Worst => WORST,
        };
        let hidden = (ranked.len().saturating_sub(most), unranked.len());
        ranked.truncate(most);
        unranked.clear();
        Rest {
            ranked: hidden.0,
            unranked: hidden.1,
            plan: door.plan_of(Feature::Analytics).map(|plan| plan.title),
        }
    });
    Ok(HttpResponse::Ok().json(Board {
        order: label,
        window: window.label(),
        model: followed.model(),
        policy: followed.policy(),
        untried,
        origin: origin.label(),
        as_of: now.as_micros(),
        ranked,
        unranked,
        withheld,
    }))
}

/// What the platform collects: live posts where one channel of them is, else the simulator's.
fn collected(channels: &[ChannelRecord]) -> Origin {
    let made_up = |record: &ChannelRecord| record.card.origin == Origin::Simulator;
    if !channels.is_empty() && channels.iter().all(made_up) {
        Origin::Simulator
    } else {
        Origin::Live
    }
}

/// What may be said of one channel: its figures, how they came about over time, and in which parts.
#[utoipa::path(get, path = "/v1/analytics/channels/{id}", tag = "analytics", security(("bearer" = ["analyst"])),
    params(("id" = String, Path, description = "its name"), FiguresParams), responses(
    (status = 200, body = ChannelFigures),
    (status = 404, description = "no such channel", body = Problem),
))]
pub async fn channel(
    _: Guarded<Analyst>,
    id: web::Path<String>,
    params: web::Query<FiguresParams>,
    analytics: web::Data<Analytics>,
) -> Result<HttpResponse, ApiError> {
    let card = super::channels::find(&id, &analytics.store).await?.card;
    let figures = figures_of(&analytics, card, &params).await?;
    Ok(HttpResponse::Ok().json(figures))
}

/// What may be said of a channel, to whoever may be told.
pub(super) async fn figures_of(
    analytics: &Analytics,
    card: ChannelCard,
    params: &FiguresParams,
) -> Result<ChannelFigures, ApiError> {
    let window = window(params.window.as_deref())?;
    let at = records::instant("at", params.at.as_deref())?;
    let followed = Followed::read(params.model.as_deref(), params.policy)?;
    let origin = match params.origin.as_deref() {
        None => card.origin,
        Some(label) => Origin::from_label(label)
            .ok_or_else(|| ApiError::invalid("origin", "use live, import or simulator"))?,
    };
    let now = analytics.clock.now();
    let at = at.map_or(now, |at| at.min(now));
    let about = About {
        channel: &card.id,
        origin,
        from: window.from(at),
        at,
    };
    let signals = analytics.signals(&card.id, origin, about.from).await?;
    let held = scrutiny::held(&*analytics.store, &*analytics.scrutiny, &about, &signals).await?;
    let mut late = followed::late(&*analytics.retrials, &signals, params.policy).await?;
    late.retain(|late| {
        late.outcome
            .pessimistic
            .ended_at
            .max(late.outcome.optimistic.ended_at)
            <= at
    });
    let judged = signals.clone();
    let (signals, untried) = followed.records(&*analytics.retrials, signals).await?;
    let (figures, parts, told, delays) = computed(move || {
        let signals = as_of(signals, at);
        let judged = as_of(judged, at);
        let told = held.told(&judged, at);
        let delays = delays::curve(&judged, &late);
        (Figures::of(&signals), Parts::of(&signals), told, delays)
    })
    .await?;
    Ok(ChannelFigures {
        channel: card.id.to_string(),
        window: window.label(),
        model: followed.model(),
        policy: followed.policy(),
        untried,
        origin: origin.label(),
        as_of: at.as_micros(),
        figures,
        parts,
        claims: told.claims,
        copies: told.copies,
        revisions: told.revisions,
        delays,
    })
}
