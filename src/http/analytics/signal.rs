//! The analytics of one signal: the way of the price, every event with what decided it, and what would
//! have come of it under each execution model.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web;
use domain::execution::{Costs, ExecutionModel, Fees};
use domain::ids::SignalId;
use domain::market::{Instrument, Interval};
use domain::ports::Clock;
use domain::ports::retrial::{RetrialQuery, Retrials, Retried};
use domain::ports::store::SignalRecord;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::accounts::Door;
use crate::charts::{Charts, Stretch};
use crate::figures::followed;
use crate::http::entitled::{as_told, may_see, told_until, view};
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Analyst, Guarded};
use crate::http::markets::{CandleOut, Gap};
use crate::http::records::Records;
use crate::wire::{EventOut, RetriedOut, SignalOut, unclear};

/// How many candles the way of the price has at most: longer ones are taken for a longer way.
const CANDLES: u32 = 400;

/// So much is shown before and after a signal's life: one part of so many, and at least so many candles.
const MARGIN: u32 = 10;
const LEAST_MARGIN: u32 = 5;

/// What a signal is looked at with.
#[derive(Clone)]
pub struct Looking {
    /// What is kept.
    pub store: Records,
    /// What came of signals when they were tried again.
    pub retrials: Arc<dyn Retrials>,
    /// Who asks for candles.
    pub charts: Arc<Charts>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Which retrials.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnalysisParams {
    /// Only those by the rules of this version; by each when nothing is said.
    #[param(minimum = 1, maximum = 3)]
    policy: Option<u32>,
}

/// Everything that can be said of a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalAnalysis {
    /// The signal with its levels, and what came of it as it was judged live.
    signal: SignalOut,
    /// What is not known for certain of the live outcome, and why; empty where everything is.
    unclear: Vec<String>,
    /// What a follower pays on the market that judges it, by today's rules.
    costs: CostsOut,
    /// Everything that happened to it, with what decided it.
    events: Vec<EventOut>,
    /// The way of the price around its life; none where nobody tells it now.
    path: Option<WayOut>,
    /// Why there is no way of the price.
    path_missing: Option<String>,
    /// What came of it under each execution model from recorded prices.
    models: Vec<ModelOut>,
}

/// What a follower pays, as fractions of the price: `0.001` is 0.1 %.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostsOut {
    /// Fee of a limit order.
    maker: String,
    /// Fee of a market or stop order.
    taker: String,
    /// How much worse than the deciding price a market or stop order fills.
    slippage: String,
    /// Which of the venue's fees these are.
    tier: &'static str,
    /// When they were looked up: `2026-10`.
    as_of: &'static str,
    /// The venue's fees are not known, and the usual ones are assumed.
    assumed: bool,
}

impl CostsOut {
    fn of(instrument: &Instrument) -> Self {
        let (costs, fees) = (Costs::of(instrument), Fees::of(instrument));
        Self {
            maker: costs.maker.normalize().to_string(),
            taker: costs.taker.normalize().to_string(),
            slippage: costs.slippage.normalize().to_string(),
            tier: fees.tier,
            as_of: fees.as_of,
            assumed: fees.is_assumed(),
        }
    }
}

/// The way of a price.
#[derive(Debug, Serialize, ToSchema)]
pub struct WayOut {
    /// `binance:spot:BTC/USDT`
    instrument: String,
    /// How long each candle is: as short as 400 of them allow.
    interval: &'static str,
    /// Where it begins (µs UTC).
    from: i64,
    /// Where it ends (µs UTC).
    to: i64,
    /// The candles, finished ones only, in order.
    candles: Vec<CandleOut>,
    /// Where between `from` and `to` there are none, in order.
    gaps: Vec<Gap>,
}

/// What came of a signal under an execution model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelOut {
    /// The execution model.
    model: &'static str,
    /// What came of it when it was last tried; none where it was not tried to the end.
    retried: Option<RetriedOut>,
    /// What was found before, by older rules or on prices that told less; the newest first.
    earlier: Vec<RetriedOut>,
}

/// What may be said of one signal.
#[utoipa::path(get, path = "/v1/analytics/signals/{id}", tag = "analytics", security(("bearer" = ["analyst"])),
    params(("id" = String, Path, description = "its id", format = "uuid"), AnalysisParams), responses(
    (status = 200, body = SignalAnalysis),
    (status = 400, description = "it is no UUID, or a parameter cannot be read", body = Problem),
    (status = 404, description = "no such signal", body = Problem),
))]
pub async fn signal(
    guarded: Guarded<Analyst>,
    id: web::Path<String>,
    params: web::Query<AnalysisParams>,
    looking: web::Data<Looking>,
    door: web::Data<Door>,
) -> Result<web::Json<SignalAnalysis>, ApiError> {
    let uuid =
        Uuid::parse_str(&id).map_err(|_| ApiError::invalid("id", "a signal's id is a UUID"))?;
    let policy = params.policy.map(|policy| followed::policy(Some(policy)));
    let policy = policy.transpose()?;
    let id = SignalId::from_uuid(uuid);
    let record = looking.store.signal(id).await?;
    let record = record.ok_or_else(|| ApiError::NotFound(format!("signal {id}")))?;
    let caller = &guarded.caller;
    let now = looking.clock.now();
    may_see(&record, caller, &door, now)?;
    let until = told_until(&record.signal.channel, caller, now);
    let events = looking.store.events_of(id).await?;
    let query = RetrialQuery {
        signals: vec![id],
        policy,
        all: true,
        ..RetrialQuery::default()
    };
    let retried = looking.retrials.retried(&query).await?;
    let (path, path_missing) = match looking.way(&record, &retried).await {
        Ok(way) => (Some(way), None),
        Err(why) => (None, Some(why)),
    };
    let record = as_told(&*looking.store, record, caller, now).await?;
    let live = record.outcome.as_ref();
    let live = live.map(|outcome| unclear(outcome, None, ExecutionModel::DEFAULT.delay));
    Ok(web::Json(SignalAnalysis {
        unclear: live.unwrap_or_default(),
        costs: CostsOut::of(&record.signal.instrument),
        events: events
            .iter()
            .filter(|event| event.stored <= until)
            .map(|event| EventOut::of(event, view(caller)))
            .collect(),
        path,
        path_missing,
        models: models(&retried),
        signal: SignalOut::of(&record, view(caller)),
    }))
}

/// Every model with what came of it, the newest first.
fn models(retried: &[Retried]) -> Vec<ModelOut> {
    let mut of: BTreeMap<&str, Vec<&Retried>> = BTreeMap::new();
    for one in retried {
        of.entry(one.outcome.model).or_default().push(one);
    }
    let out = |model: ExecutionModel| {
        let mut tried = of.remove(model.name).unwrap_or_default();
        tried.sort_by_key(|one| std::cmp::Reverse((one.policy, one.revision)));
        let mut tried = tried.into_iter().map(RetriedOut::from);
        ModelOut {
            model: model.name,
            retried: tried.next(),
            earlier: tried.collect(),
        }
    };
    ExecutionModel::ALL.into_iter().map(out).collect()
}

impl Looking {
    /// The way of the price from a little before its receipt until a little after the last end of it that
    /// is known; or why nobody tells it.
    async fn way(&self, record: &SignalRecord, retried: &[Retried]) -> Result<WayOut, String> {
        let stretch = self.stretch(record, retried)?;
        let chart = self.charts.chart(&stretch).await;
        let chart = chart.map_err(|error| actors::unsettled::in_full(&error))?;
        Ok(WayOut {
            instrument: stretch.instrument.to_string(),
            interval: stretch.interval.label(),
            from: stretch.from.as_micros(),
            to: stretch.to.as_micros(),
            candles: chart.candles.iter().map(CandleOut::from).collect(),
            gaps: chart.gaps.iter().copied().map(Gap::from).collect(),
        })
    }

    fn stretch(&self, record: &SignalRecord, retried: &[Retried]) -> Result<Stretch, String> {
        let (signal, now) = (&record.signal, self.clock.now());
        let live = record.outcome.iter().map(|outcome| {
            let [one, other] = [&outcome.pessimistic, &outcome.optimistic];
            one.ended_at.max(other.ended_at)
        });
        let last = live.chain(retried.iter().map(|one| one.seen.to)).max();
        let ends = last.unwrap_or(now).min(now).max(signal.received);
        let life = ends.since(signal.received);
        // The last length fits whatever life is left.
        let fits = |interval: &Interval| {
            let whole = interval.span() * (CANDLES * MARGIN / (MARGIN + 2));
            life < whole.saturating_sub(interval.span() * LEAST_MARGIN * 2)
        };
        let interval = Interval::ALL
            .into_iter()
            .find(fits)
            .unwrap_or(Interval::Day);
        let margin = (life / MARGIN).max(interval.span() * LEAST_MARGIN);
        let from = interval.begin_of(signal.received - margin);
        let present: Timestamp = interval.begin_of(now);
        let to = (interval.begin_of(ends + margin) + interval.span()).min(present);
        let to = to.min(from + interval.span() * CANDLES);
        if from >= to {
            return Err("no candle of its time is over yet".to_owned());
        }
        Ok(Stretch {
            instrument: signal.instrument.clone(),
            interval,
            from,
            to,
        })
    }
}
