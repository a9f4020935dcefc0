//! Models: what would this trade score, which models are there, and were they right so far?

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use actors::channel::would_be;
use actors::floor::{Find, Floor, UNLISTED};
use actors::scorer::{Ask, Scorer};
use actors::supervise::Door;
use domain::ids::{ChannelId, PostKey};
use domain::ports::Asked;
use domain::post::{Action, Post};
use domain::signal::Signal;
use futures_util::future::join_all;
use scoring::geometry;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

use super::body::{self, Body};
use super::error::{ApiError, Problem};
use super::guarded::{Admin, Believer, Guarded};
use super::reviews::TradeIn;
use crate::accounts::Desk;
use crate::belief::jury::{Jury, Refused, champion};
use crate::belief::lineup::Entrant;
use crate::wire::ml::{ComparisonOut, EntrantOut, ModelDetail, PredictionOut, PromotionOut};

/// The most trades that are asked about at once.
const MOST: usize = 100;

/// How long somebody waits for his turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who is asked about models.
#[derive(Clone)]
pub struct Ml {
    /// Who scores.
    pub scorer: Door<Scorer>,
    /// Who knows which market judges.
    pub floor: Door<Floor>,
    /// Which models there are, what they said, and who may speak.
    pub jury: Jury,
    /// Whose turn it is: what nobody posted waits for each other, so that no more than one batch of it ever
    /// stands before what is posted.
    pub turn: Arc<Semaphore>,
}

/// Trades that nobody has posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PredictIn {
    /// Several.
    Batch(BatchIn),
    /// One.
    Trade(Box<TradeIn>),
}

/// Several trades.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchIn {
    /// The trades.
    #[schema(min_items = 1, max_items = 100)]
    trades: Vec<TradeIn>,
}

/// As whose.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PredictParams {
    /// As if this channel had posted them: its record counts. Without it, as if a new channel had.
    #[param(pattern = "^[a-z0-9_.-]{1,64}$")]
    channel: Option<String>,
}

/// What the model says that speaks.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictOut {
    /// One for each trade, in order.
    predictions: Vec<PredictionOut>,
}

/// The models of this world.
#[derive(Debug, Serialize, ToSchema)]
pub struct Models {
    /// Whose signals are scored here: `simulator`, or `live`.
    origin: &'static str,
    /// The one that speaks; `geometry/2` where none does.
    speaks: String,
    /// All that lie in the folder, the refused ones with the reason.
    models: Vec<EntrantOut>,
}

/// What would these trades score if they were posted now? Nothing is stored.
#[utoipa::path(post, path = "/v1/ml/predict", tag = "models", security(("bearer" = ["believer"])), params(PredictParams),
    request_body(content = PredictIn, description = "one trade, or `{\"trades\":[…]}` with up to 100"), responses(
    (status = 200, body = PredictOut),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 503, description = "the scorer is away", body = Problem),
))]
pub async fn predict(
    _: Guarded<Believer>,
    params: web::Query<PredictParams>,
    body: Body,
    ml: web::Data<Ml>,
) -> Result<web::Json<PredictOut>, ApiError> {
    let (trades, places) = read(&body)?;
    let channel = params.channel.as_deref().unwrap_or("nobody");
    let channel = ChannelId::parse(channel).map_err(|error| ApiError::invalid("channel", error))?;
    let mut signals = Vec::with_capacity(trades.len());
    for (trade, place) in trades.iter().zip(&places) {
        signals.push(ml.signal(&channel, trade, place).await?);
    }
    let busy = || ApiError::Away {
        why: "many ask; ask again in a moment".to_owned(),
    };
    let turn = tokio::time::timeout(PATIENCE, ml.turn.acquire()).await;
    let _turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
    let asked = signals
        .iter()
        .map(|signal| ml.scorer.ask(Ask(Asked::of(Arc::clone(signal)))));
    let mut predictions = Vec::with_capacity(signals.len());
    for (signal, assessed) in signals.iter().zip(join_all(asked).await) {
        let assessed = assessed.ok().flatten().ok_or_else(|| ApiError::Away {
            why: "the scorer does not answer; ask again in a moment".to_owned(),
        })?;
        predictions.push(PredictionOut::of(signal, &assessed.score));
    }
    Ok(web::Json(PredictOut { predictions }))
}

/// Which models there are, and which of them speaks.
#[utoipa::path(get, path = "/v1/ml/models", tag = "models", security(("bearer" = ["believer"])), responses(
    (status = 200, body = Models),
))]
pub async fn models(
    _: Guarded<Believer>,
    ml: web::Data<Ml>,
) -> Result<web::Json<Models>, ApiError> {
    let spoken = ml.jury.predictions.spoken().await?;
    let (entrants, speaks) = ml.jury.lineup.all();
    let models = entrants
        .iter()
        .map(|entrant| EntrantOut::of(entrant, speaks.as_deref(), &spoken));
    Ok(web::Json(Models {
        origin: ml.jury.lineup.origin().label(),
        speaks: champion(&entrants, speaks.as_deref()),
        models: models.collect(),
    }))
}

/// One model: its card, what it predicted against what happened so far, and how it compares with the
/// one that speaks.
#[utoipa::path(get, path = "/v1/ml/models/{id}", tag = "models", security(("bearer" = ["believer"])),
    params(("id" = String, Path, description = "the name of its folder")), responses(
    (status = 200, body = ModelDetail),
    (status = 404, description = "no such model", body = Problem),
))]
pub async fn model(
    _: Guarded<Believer>,
    id: web::Path<String>,
    ml: web::Data<Ml>,
) -> Result<web::Json<ModelDetail>, ApiError> {
    let (entrants, speaks) = ml.jury.lineup.all();
    let entrant = find(&entrants, &id)?;
    let spoken = ml.jury.predictions.spoken().await?;
    let out = EntrantOut::of(entrant, speaks.as_deref(), &spoken);
    let Ok(model) = &entrant.model else {
        return Ok(web::Json(ModelDetail::refused(out)));
    };
    let so_far = ml.jury.so_far(&model.model()).await?;
    let comparison = if speaks.as_deref() == Some(id.as_str()) {
        None
    } else {
        let champion = champion(&entrants, speaks.as_deref());
        Some(ml.jury.compare(&champion, &model.model()).await?)
    };
    let card = serde_json::to_value(model.card()).map_err(|_| ApiError::Internal)?;
    let compared = comparison.map(ComparisonOut::of);
    Ok(web::Json(ModelDetail::of(out, card, so_far, compared)))
}

/// Lets a model speak in the place of the one that does. It must have won by what both predicted of the
/// same signals before they were over: the interval of the difference in log-loss lies below 0.
#[utoipa::path(post, path = "/v1/ml/models/{id}/promote", tag = "models", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "the name of its folder")), responses(
    (status = 200, body = PromotionOut),
    (status = 404, description = "no such model", body = Problem),
    (status = 409, description = "it has not won, cannot be loaded, or speaks already", body = Problem),
))]
pub async fn promote(
    guarded: Guarded<Admin>,
    id: web::Path<String>,
    ml: web::Data<Ml>,
    people: web::Data<Desk>,
) -> Result<web::Json<PromotionOut>, ApiError> {
    let detail = json!({ "origin": ml.jury.lineup.origin().label() });
    let promoted = async {
        let promoted = ml.jury.promote(&id).await;
        promoted.map_err(|refused| match refused {
            Refused::Unknown(_) => ApiError::NotFound(refused.to_string()),
            Refused::Unready(_) | Refused::Speaks(_) | Refused::Stays { .. } => {
                ApiError::Conflict {
                    why: refused.to_string(),
                }
            }
            Refused::Store(error) => error.into(),
        })
    };
    let about = (&guarded.caller, "model.promote", id.as_str());
    let promotion = people.carry_out(about, detail, promoted).await?;
    Ok(web::Json(PromotionOut::from(promotion)))
}

impl Ml {
    /// The signal that a trade would be if it were posted now.
    async fn signal(
        &self,
        channel: &ChannelId,
        trade: &TradeIn,
        place: &str,
    ) -> Result<Arc<Signal>, ApiError> {
        let draft = trade.draft(place)?;
        let field = |name: &str| match place {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        };
        let away = |error: &dyn std::fmt::Display| ApiError::Away {
            why: error.to_string(),
        };
        let found = self.floor.ask(Find::of(&draft)).await;
        let found = found.map_err(|error| away(&error))?;
        let found = found.map_err(|unsettled| away(&unsettled.why))?;
        if found.instrument.venue.as_str() == UNLISTED {
            let why = "no venue here lists it; GET /v1/markets names what is followed";
            return Err(ApiError::invalid(field("symbol"), why));
        }
        let now = self.jury.clock.now();
        let post = Post {
            channel: channel.clone(),
            key: PostKey::new("asked"),
            action: Action::Original,
            author: None,
            text: String::new(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: now,
            received: now,
            origin: self.jury.lineup.origin(),
        };
        let signal = would_be(&post, 0, &draft, &found, false);
        let signal = signal.map_err(|why| ApiError::invalid(field("entry"), why))?;
        if geometry::odds(&signal).is_none() {
            let why =
                "a chance is told of a trade with an entry, a stop and a target that lie apart";
            return Err(ApiError::invalid(field("stop"), why));
        }
        Ok(signal)
    }
}

/// Reads one trade or several, each with its place in the body.
fn read(body: &Body) -> Result<(Vec<TradeIn>, Vec<String>), ApiError> {
    let given: serde_json::Value = body::read(body)?;
    if given.get("trades").is_none() {
        return Ok((vec![body::read(body)?], vec![String::new()]));
    }
    let BatchIn { trades } = body::read(body)?;
    if !(1..=MOST).contains(&trades.len()) {
        let why = format!("1 to {MOST} trades are asked about at once");
        return Err(ApiError::invalid("trades", why));
    }
    let places = (0..trades.len()).map(|nth| format!("trades[{nth}]"));
    let places = places.collect();
    Ok((trades, places))
}

fn find<'a>(entrants: &'a [Entrant], id: &str) -> Result<&'a Entrant, ApiError> {
    let found = entrants.iter().find(|entrant| entrant.id == id);
    found.ok_or_else(|| ApiError::NotFound(format!("model `{id}`")))
}
