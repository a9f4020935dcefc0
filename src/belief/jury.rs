//! The jury: holds what models said against what happened, and lets whoever won by the rule speak.

use std::sync::Arc;

use domain::ports::Clock;
use domain::ports::predictions::{Predictions, Promotion, settled};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use scoring::geometry;
use scoring::registry::Loaded;

use super::Lineup;
use super::lineup::Entrant;
use super::reliability::{Reliability, reliability};
use super::rule::{Comparison, Stays, compare};

/// So many of a model's last predictions are held against what happened.
const SHOWN: usize = 10_000;

/// So many of two models' last predictions are compared: blocks of time are days, and some take many.
pub(super) const COMPARED: usize = 30_000;

/// Who decides which model speaks.
#[derive(Clone)]
pub struct Jury {
    /// Which models there are.
    pub lineup: Arc<Lineup>,
    /// What they said.
    pub predictions: Arc<dyn Predictions>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Why a model is not promoted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is none of that name.
    #[error("model `{0}`")]
    Unknown(String),
    /// It cannot be loaded.
    #[error("{0}")]
    Unready(String),
    /// It speaks.
    #[error("`{0}` speaks already")]
    Speaks(String),
    /// It has not won.
    #[error("`{champion}` stays: {why}")]
    Stays {
        /// Which model speaks on.
        champion: String,
        /// Why.
        why: Stays,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Jury {
    /// What a model said against what happened so far; none where nothing has.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn so_far(&self, model: &str) -> Result<Option<Reliability>, StoreError> {
        self.reliability(model, Timestamp::MAX).await
    }

    /// The same of those signals alone that could not be open any longer.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn settled(&self, model: &str) -> Result<Option<Reliability>, StoreError> {
        let until = settled(self.clock.now());
        self.reliability(model, until).await
    }

    async fn reliability(
        &self,
        model: &str,
        until: Timestamp,
    ) -> Result<Option<Reliability>, StoreError> {
        let told = self
            .predictions
            .fulfilled(model, self.lineup.origin(), until, SHOWN);
        Ok(reliability(&told.await?, self.clock.now()))
    }

    /// How two models compare on the signals of both whose time is up, among all that are tried.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn compare(
        &self,
        champion: &str,
        challenger: &str,
    ) -> Result<Comparison, StoreError> {
        let (origin, until) = (self.lineup.origin(), settled(self.clock.now()));
        let (one, other) = futures_util::try_join!(
            self.predictions
                .fulfilled(champion, origin, until, COMPARED),
            self.predictions
                .fulfilled(challenger, origin, until, COMPARED),
        )?;
        Ok(compare(&one, &other, self.lineup.tried()))
    }

    /// Lets a model speak that has won, from the next signal on and after every start.
    ///
    /// # Errors
    ///
    /// [`Refused`]; then the one before speaks on.
    pub async fn promote(&self, id: &str) -> Result<Promotion, Refused> {
        let (entrants, speaks) = self.lineup.all();
        let entrant = entrants.iter().find(|entrant| entrant.id == id);
        let entrant = entrant.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        let model = entrant.model.as_ref();
        let model = model.map_err(|why| Refused::Unready(why.clone()))?.model();
        if speaks.as_deref() == Some(id) {
            return Err(Refused::Speaks(id.to_owned()));
        }
        let champion = champion(&entrants, speaks.as_deref());
        let comparison = self.compare(&champion, &model).await?;
        let bounds = comparison.verdict().map_err(|why| Refused::Stays {
            champion: champion.clone(),
            why,
        })?;
        let promotion = Promotion {
            model: id.to_owned(),
            at: self.clock.now(),
            why: format!(
                "on {} signals in {} blocks of time that are over the log-loss of {model} is {:.4}, that of {champion} {:.4}; difference {:.4} to {:.4}",
                comparison.signals,
                comparison.blocks,
                comparison.challenger,
                comparison.champion,
                bounds.low,
                bounds.high
            ),
        };
        let origin = self.lineup.origin();
        self.predictions.promote(origin, &promotion).await?;
        if !self.lineup.promote(id) {
            return Err(Refused::Unknown(id.to_owned()));
        }
        tracing::info!(model = %id, "the model `{id}` speaks from now on: {}", promotion.why);
        Ok(promotion)
    }
}

/// The name and version of the model that speaks.
#[must_use]
pub fn champion(entrants: &[Entrant], speaks: Option<&str>) -> String {
    let speaking = entrants
        .iter()
        .find(|entrant| Some(entrant.id.as_str()) == speaks);
    let model = speaking.and_then(|entrant| entrant.model.as_ref().ok());
    let name = model.map(Loaded::model);
    name.map_or_else(|| geometry::MODEL.to_owned(), |name| name.to_string())
}
