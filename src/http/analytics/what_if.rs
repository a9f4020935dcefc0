//! What if somebody had followed otherwise: a model of one's own over a list of signals, judged by the same
//! machine on recorded prices.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use actors::retrier::{Step, Trial, Untriable};
use domain::execution::{Costs, ExecutionModel, GettingIn};
use domain::ids::ChannelId;
use domain::lifecycle::Outcome;
use domain::market::Pair;
use domain::ports::Clock;
use domain::ports::retrial::{Paths, Retried};
use domain::ports::store::{SignalQuery, SignalRecord};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::computed;
use crate::accounts::Door;
use crate::figures::{Figures, followed, under};
use crate::filter;
use crate::http::body::{self, Body};
use crate::http::entitled::narrow;
use crate::http::error::{ApiError, Problem};
use crate::http::guarded::{Follower, Guarded};
use crate::http::records::{Records, instant};
use crate::wire::event::OutcomeOut;
use crate::wire::{SeenOut, unclear};

/// How many signals are tried when nothing is said, and at most.
const USUAL: usize = 50;
const MOST: usize = 200;

/// How many candles one question may take, and how long. What is left then is said to be left.
const CANDLES: u64 = 400_000;
const TIME: Duration = Duration::from_secs(25);

/// How many questions may be under way at once; they compete with the feeds for what a venue answers.
const AT_ONCE: usize = 1;

/// When to ask again where others are being answered.
const AGAIN_S: u64 = 5;

/// The name of a model of one's own.
const OWN: &str = "own";

/// The highest fee and slippage: more is most likely a percentage where a fraction belongs.
const HIGHEST_COST: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// What a question is answered with.
#[derive(Clone)]
pub struct Asking {
    store: Records,
    paths: Arc<dyn Paths>,
    clock: Arc<dyn Clock>,
    turns: Arc<Semaphore>,
}

impl Asking {
    /// Answers from a store and recorded prices.
    #[must_use]
    pub fn new(store: Records, paths: Arc<dyn Paths>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            paths,
            clock,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Which signals, and how they are followed: a `model` by its name, or one's `own`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfIn {
    /// Of these channels; of all when nothing is said.
    #[serde(default)]
    #[schema(max_items = 50)]
    channels: Vec<String>,
    /// On these symbols: `BTC/USDT`.
    #[serde(default)]
    #[schema(max_items = 50)]
    symbols: Vec<String>,
    /// `long` or `short`.
    #[schema(pattern = "^(long|short)$")]
    side: Option<String>,
    /// `live`, `import` or `simulator`.
    #[schema(pattern = "^(live|import|simulator)$")]
    origin: Option<String>,
    /// Received at this instant or later: RFC 3339, or whole microseconds UTC as text.
    from: Option<String>,
    /// Received before this instant, written alike.
    to: Option<String>,
    /// At most so many judged signals, the newest first: 50 when nothing is said, and 200 at most.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// One of the execution models, with or without its version: `breakeven`.
    #[schema(
        pattern = "^(default(-(1m|5m|15m|1h))?|market|first-touch|first-target|breakeven|moving-stop)(/1)?$"
    )]
    model: Option<String>,
    /// A model of one's own.
    own: Option<OwnIn>,
}

/// A model of one's own; what is not said is as in `default/1`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnIn {
    /// `as-published`, `at-market` (wholly, as soon as he can) or `first-touch` (of a zone wholly at the
    /// price that is met first).
    #[schema(pattern = "^(as-published|at-market|first-touch)$")]
    getting_in: Option<String>,
    /// In how many equal orders a zone is entered.
    #[schema(minimum = 1, maximum = 10)]
    zone_legs: Option<u8>,
    /// The stop goes to the entry after this many targets.
    #[schema(minimum = 1, maximum = 16)]
    breakeven_after: Option<u8>,
    /// From this target on the stop goes to the one before.
    #[schema(minimum = 2, maximum = 16)]
    stop_follows_from: Option<u8>,
    /// Everything is closed at the first target.
    first_target_only: Option<bool>,
    /// How long after receipt the follower acts, in seconds.
    #[schema(minimum = 0, maximum = 86400)]
    delay_s: Option<u64>,
    /// What is paid, at every venue and in every kind of market; what each venue charges when nothing is
    /// said.
    fees: Option<FeesIn>,
}

/// What is paid, as fractions of the price: `0.001` is 0.1 %. At most `0.05`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeesIn {
    /// Fee of a limit order.
    #[schema(pattern = "^0([.][0-9]{1,8})?$")]
    maker: String,
    /// Fee of a market or stop order.
    #[schema(pattern = "^0([.][0-9]{1,8})?$")]
    taker: String,
    /// How much worse than the deciding price a market or stop order fills.
    #[schema(pattern = "^0([.][0-9]{1,8})?$")]
    slippage: String,
}

/// What would have come of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIfOut {
    /// The execution model, or `own`.
    model: &'static str,
    /// By the rules of which version.
    policy: u32,
    /// More signals fit the filters than were tried.
    more: bool,
    /// The figures of the signals below under that model.
    what_if: Figures,
    /// The same signals under `default/1` on the same prices: the difference to `what_if` is the model's
    /// alone.
    default: Figures,
    /// The same signals as they were judged live.
    judged: Figures,
    /// The signals that were tried, the newest first.
    signals: Vec<TriedOut>,
    /// Those that fit and could not be tried, and why.
    left_out: Vec<LeftOut>,
}

/// A signal that was tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct TriedOut {
    /// Its id.
    id: String,
    /// Whose.
    channel: String,
    /// What is traded.
    symbol: String,
    /// `long` or `short`.
    side: &'static str,
    /// When it was received (µs UTC).
    received: i64,
    /// What came of it under the model.
    what_if: OutcomeOut,
    /// What came of it under `default/1` on the same prices.
    default: OutcomeOut,
    /// As it was judged live.
    judged: OutcomeOut,
    /// The prices.
    path: SeenOut,
    /// What is not known for certain of `what_if`, and why.
    unclear: Vec<String>,
}

/// A signal that could not be tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOut {
    /// Its id.
    id: String,
    /// Why.
    why: String,
}

/// What would have come of judged signals for somebody who follows otherwise. One question at a time is
/// answered; it takes at most 200 signals, 400,000 candles and 25 seconds, and says what it left out.
#[utoipa::path(post, path = "/v1/analytics/what-if", tag = "analytics", security(("bearer" = ["follower"])),
    request_body(content = WhatIfIn, description = "which signals, and how they are followed"), responses(
    (status = 200, body = WhatIfOut),
    (status = 400, description = "the body cannot be read", body = Problem),
    (status = 429, description = "another question is being answered", body = Problem),
))]
pub async fn what_if(
    guarded: Guarded<Follower>,
    body: Body,
    asking: web::Data<Asking>,
    door: web::Data<Door>,
) -> Result<web::Json<WhatIfOut>, ApiError> {
    let asked: WhatIfIn = body::read(&body)?;
    let model = asked.model()?;
    let (mut query, limit) = asked.query()?;
    let sees_any = narrow(&mut query, &guarded.caller, &door, asking.clock.now())?;
    let turn = asking.turns.try_acquire();
    let _turn = turn.map_err(|_| ApiError::TooMany { seconds: AGAIN_S })?;
    let (records, more) = if sees_any {
        asking.judged(query, limit).await?
    } else {
        (Vec::new(), false)
    };
    let tried = asking.try_all(records, &model).await?;
    let records = |outcome: fn(&Tried) -> Outcome| -> Vec<SignalRecord> {
        let of = tried.done.iter();
        of.flat_map(|tried| under(vec![tried.record.clone()], |_| Some(outcome(tried))).0)
            .collect()
    };
    let sets = [
        records(|tried| tried.what_if.outcome.clone()),
        records(|tried| tried.default.clone()),
        records(|tried| tried.judged.clone()),
    ];
    let [what_if, default, judged] =
        computed(move || sets.map(|records| Figures::of(&records))).await?;
    Ok(web::Json(WhatIfOut {
        model: model.name,
        policy: domain::lifecycle::POLICY,
        more,
        what_if,
        default,
        judged,
        signals: tried.done.iter().map(|one| one.out(&model)).collect(),
        left_out: tried.left,
    }))
}

/// What was tried.
struct AllTried {
    done: Vec<Tried>,
    left: Vec<LeftOut>,
}

/// A signal and what came of it, three times.
struct Tried {
    record: SignalRecord,
    what_if: Retried,
    default: Outcome,
    judged: Outcome,
}

impl Tried {
    fn out(&self, model: &ExecutionModel) -> TriedOut {
        let signal = &self.record.signal;
        let (outcome, seen) = (&self.what_if.outcome, &self.what_if.seen);
        TriedOut {
            id: signal.id.to_string(),
            channel: signal.channel.to_string(),
            symbol: signal.instrument.pair.to_string(),
            side: signal.side.label(),
            received: signal.received.as_micros(),
            what_if: OutcomeOut::of(outcome),
            default: OutcomeOut::of(&self.default),
            judged: OutcomeOut::of(&self.judged),
            path: SeenOut::of(seen, &self.what_if.source),
            unclear: unclear(outcome, Some(seen), model.delay),
        }
    }
}

impl Asking {
    /// The newest judged signals that fit, and whether there are more.
    async fn judged(
        &self,
        mut query: SignalQuery,
        limit: usize,
    ) -> Result<(Vec<SignalRecord>, bool), ApiError> {
        let mut judged: Vec<SignalRecord> = Vec::new();
        loop {
            let page = self.store.signals(&query).await?;
            let last = page.len() < query.limit;
            query.before = page.last().map(|record| record.seq);
            judged.extend(page.into_iter().filter(|record| record.outcome.is_some()));
            if last || judged.len() > limit {
                let more = judged.len() > limit;
                judged.truncate(limit);
                return Ok((judged, more));
            }
        }
    }

    /// Tries one after the other, as far as candles and time go.
    async fn try_all(
        &self,
        records: Vec<SignalRecord>,
        model: &ExecutionModel,
    ) -> Result<AllTried, ApiError> {
        let until = Instant::now() + TIME;
        let (mut done, mut left, mut candles) = (Vec::new(), Vec::new(), 0);
        for record in records {
            let id = record.signal.id.to_string();
            let spent = match (candles >= CANDLES, Instant::now() >= until) {
                (true, _) => Some(format!("the {CANDLES} candles of one question are used up")),
                (_, true) => Some(format!("the {} s of one question are over", TIME.as_secs())),
                (false, false) => None,
            };
            let tried = match spent {
                Some(why) => Err(why),
                None => self.try_one(record, model, until, &mut candles).await?,
            };
            match tried {
                Ok(tried) => done.push(tried),
                Err(why) => left.push(LeftOut { id, why }),
            }
        }
        Ok(AllTried { done, left })
    }

    /// Tries one; or says why it cannot be.
    async fn try_one(
        &self,
        record: SignalRecord,
        model: &ExecutionModel,
        until: Instant,
        candles: &mut u64,
    ) -> Result<Result<Tried, String>, ApiError> {
        let models = [ExecutionModel::DEFAULT, model.clone()];
        let opened = Trial::open(&*self.store, &*self.paths, &record, &models).await;
        let mut trial = match opened {
            Ok(trial) => trial,
            Err(Untriable::Store(error)) => return Err(error.into()),
            Err(why @ (Untriable::Forgotten(_) | Untriable::Unknown(_))) => {
                return Ok(Err(why.to_string()));
            }
        };
        loop {
            let before = trial.ticks();
            let step = tokio::time::timeout_at(until, trial.go_on()).await;
            *candles += trial.ticks() - before;
            match step {
                Ok(Ok(Step::Over)) => break,
                Ok(Ok(Step::More)) => {}
                Ok(Ok(Step::Waits)) => {
                    return Ok(Err("it is not over yet under both models".to_owned()));
                }
                Ok(Err(error)) => return Ok(Err(actors::unsettled::in_full(&error))),
                Err(_) => {
                    let why = format!("the {} s of one question are over", TIME.as_secs());
                    return Ok(Err(why));
                }
            }
        }
        let mut retried = trial.retried(self.clock.now()).into_iter();
        Ok(
            match (retried.next(), retried.next(), record.outcome.clone()) {
                (Some(default), Some(what_if), Some(judged)) => Ok(Tried {
                    record,
                    what_if,
                    default: default.outcome,
                    judged,
                }),
                _ => Err("it is not judged".to_owned()),
            },
        )
    }
}

impl WhatIfIn {
    fn model(&self) -> Result<ExecutionModel, ApiError> {
        match (&self.model, &self.own) {
            (Some(name), None) => {
                let name = followed::model(Some(name))?;
                Ok(ExecutionModel::named(name).unwrap_or_default())
            }
            (None, Some(own)) => own.model(),
            (Some(_), Some(_)) | (None, None) => Err(ApiError::invalid(
                "model",
                "give either the name of a model, or the parameters of one's `own`",
            )),
        }
    }

    fn query(&self) -> Result<(SignalQuery, usize), ApiError> {
        let limit = self.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let why = format!("1 to {MOST} signals are tried at once");
            return Err(ApiError::invalid("limit", why));
        }
        let query = SignalQuery {
            channels: each("channels", &self.channels, ChannelId::parse)?,
            pairs: each("symbols", &self.symbols, Pair::parse)?,
            side: filter::side(self.side.as_deref())?,
            origin: filter::origin(self.origin.as_deref())?,
            received_from: instant("from", self.from.as_deref())?,
            received_before: instant("to", self.to.as_deref())?,
            open: Some(false),
            limit: MOST + 1,
            ..SignalQuery::default()
        };
        Ok((query, limit))
    }
}

impl OwnIn {
    fn model(&self) -> Result<ExecutionModel, ApiError> {
        let usual = ExecutionModel::DEFAULT;
        let within = |field: &str, value: Option<u8>, least: u8, most: u8| match value {
            Some(value) if !(least..=most).contains(&value) => {
                let why = format!("{value} is not within {least} and {most}");
                Err(ApiError::invalid(format!("own.{field}"), why))
            }
            known => Ok(known),
        };
        let getting_in = match self.getting_in.as_deref() {
            None | Some("as-published") => GettingIn::AsPublished,
            Some("at-market") => GettingIn::AtMarket,
            Some("first-touch") => GettingIn::FirstTouch,
            Some(other) => {
                let why = format!("`{other}` is none; use as-published, at-market or first-touch");
                return Err(ApiError::invalid("own.getting_in", why));
            }
        };
        let delay_s = self.delay_s.unwrap_or(0);
        if delay_s > 86_400 {
            let why = "a follower comes a day late at most: 86400";
            return Err(ApiError::invalid("own.delay_s", why));
        }
        Ok(ExecutionModel {
            name: OWN,
            own: self.fees.as_ref().map(FeesIn::costs).transpose()?,
            getting_in,
            zone_legs: within("zone_legs", self.zone_legs, 1, 10)?.unwrap_or(usual.zone_legs),
            breakeven_after: within("breakeven_after", self.breakeven_after, 1, 16)?,
            stop_follows_from: within("stop_follows_from", self.stop_follows_from, 2, 16)?,
            first_target_only: self.first_target_only.unwrap_or(false),
            delay: Duration::from_secs(delay_s),
        })
    }
}

impl FeesIn {
    fn costs(&self) -> Result<Costs, ApiError> {
        let read = |field: &str, text: &str| {
            let cost = Decimal::from_str_exact(text).ok();
            let fits = |cost: &Decimal| (Decimal::ZERO..=HIGHEST_COST).contains(cost);
            cost.filter(fits).ok_or_else(|| {
                let why = format!(
                    "`{text}` is no fraction from 0 to {HIGHEST_COST}; 0.1 % is written 0.001"
                );
                ApiError::invalid(format!("own.fees.{field}"), why)
            })
        };
        Ok(Costs {
            maker: read("maker", &self.maker)?,
            taker: read("taker", &self.taker)?,
            slippage: read("slippage", &self.slippage)?,
        })
    }
}

fn each<T, E: ToString>(
    field: &str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, ApiError> {
    if texts.len() > 50 {
        return Err(ApiError::invalid(field, "50 at most"));
    }
    let read = |text: &String| read(text).map_err(|error| ApiError::invalid(field, error));
    texts.iter().map(read).collect()
}
