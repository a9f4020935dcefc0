//! Under which model and by which rules: the live outcome as it stands, or what came of a signal when it
//! was tried again.

use std::collections::HashMap;

use clap::Args;
use domain::execution::ExecutionModel;
use domain::ids::SignalId;
use domain::lifecycle::{Outcome, POLICY};
use domain::ports::retrial::{RetrialQuery, Retrials, Retried};
use domain::ports::store::{SignalRecord, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{delays, under};
use crate::filter::BadFilter;

/// Under which model and by which rules outcomes are told, as people and programs write it.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FollowedFilter {
    /// The execution model, with or without its version. `default/1` is judged by every trade as it
    /// happens; the others by recorded prices, afterwards.
    #[arg(long, value_name = "NAME")]
    #[param(
        pattern = "^(default(-(1m|5m|15m|1h))?|market|first-touch|first-target|breakeven|moving-stop)(/1)?$"
    )]
    pub model: Option<String>,
    /// By the rules of this version, from recorded prices, also under `default/1`; today's when nothing is
    /// said.
    #[arg(long, value_name = "VERSION")]
    #[param(minimum = 1, maximum = 3)]
    pub policy: Option<u32>,
}

/// How outcomes came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Followed {
    model: &'static str,
    /// None: judged live.
    policy: Option<u32>,
}

impl Followed {
    /// Reads what is asked for: the default model and no rules mean the live outcome.
    ///
    /// # Errors
    ///
    /// [`BadFilter`] where there is no such model, or there are no such rules.
    pub fn read(name: Option<&str>, policy: Option<u32>) -> Result<Self, BadFilter> {
        let model = self::model(name)?;
        let live = model == ExecutionModel::DEFAULT.name && policy.is_none();
        let policy = self::policy(policy)?;
        Ok(Self {
            model,
            policy: (!live).then_some(policy),
        })
    }

    /// Under which model.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        self.model
    }

    /// By which rules; none of what was judged live.
    #[must_use]
    pub const fn policy(&self) -> Option<u32> {
        self.policy
    }

    /// What came of these signals so, by signal; nothing of what was judged live.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn retried(
        self,
        retrials: &dyn Retrials,
        records: &[SignalRecord],
    ) -> Result<HashMap<SignalId, Retried>, StoreError> {
        if self.policy.is_none() {
            return Ok(HashMap::new());
        }
        let query = RetrialQuery {
            signals: judged(records),
            model: Some(self.model),
            policy: self.policy,
            all: false,
        };
        let retried = retrials.retried(&query).await?;
        Ok(retried.into_iter().map(|one| (one.signal, one)).collect())
    }

    /// The signals with what came of them so; and how many are judged, and left out because they were
    /// not tried so to the end.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn records(
        self,
        retrials: &dyn Retrials,
        records: Vec<SignalRecord>,
    ) -> Result<(Vec<SignalRecord>, usize), StoreError> {
        if self.policy.is_none() {
            return Ok((records, 0));
        }
        let retried = self.retried(retrials, &records).await?;
        let outcome = |id| -> Option<Outcome> { Some(retried.get(&id)?.outcome.clone()) };
        Ok(under(records, outcome))
    }
}

impl FollowedFilter {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// As [`Followed::read`].
    pub fn read(&self) -> Result<Followed, BadFilter> {
        Followed::read(self.model.as_deref(), self.policy)
    }
}

/// What the delay curve is made of.
pub(crate) async fn late(
    retrials: &dyn Retrials,
    records: &[SignalRecord],
    policy: Option<u32>,
) -> Result<Vec<Retried>, StoreError> {
    let mut late = Vec::new();
    for model in delays::models() {
        let query = RetrialQuery {
            signals: judged(records),
            model: Some(model.name),
            policy: policy.or(Some(POLICY)),
            all: false,
        };
        late.extend(retrials.retried(&query).await?);
    }
    Ok(late)
}

/// The model of this name; the default one when nothing is said.
pub(crate) fn model(name: Option<&str>) -> Result<&'static str, BadFilter> {
    let name = name.unwrap_or(ExecutionModel::DEFAULT.name);
    let model = ExecutionModel::called(name).ok_or_else(|| {
        let names = ExecutionModel::ALL.map(|model| model.name).join(", ");
        BadFilter::new("model", format!("`{name}` is none; use one of {names}"))
    })?;
    Ok(model.name)
}

/// Rules that there are; today's when nothing is said.
pub(crate) fn policy(policy: Option<u32>) -> Result<u32, BadFilter> {
    match policy {
        None => Ok(POLICY),
        Some(policy) if (1..=POLICY).contains(&policy) => Ok(policy),
        Some(other) => {
            let why = format!("there are no rules {other}; use 1 to {POLICY}");
            Err(BadFilter::new("policy", why))
        }
    }
}

fn judged(records: &[SignalRecord]) -> Vec<SignalId> {
    let judged = records.iter().filter(|record| record.outcome.is_some());
    judged.map(|record| record.signal.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_knows_every_model_and_todays_rules() {
        let document: serde_json::Value =
            serde_json::from_str(crate::http::pages::document()).unwrap();
        for path in [
            "/v1/analytics/leaderboard",
            "/v1/analytics/channels/{id}",
            "/v1/analytics/signals/{id}",
            "/v1/exports/outcomes",
            "/v1/exports/figures",
        ] {
            let parameters = document["paths"][path]["get"]["parameters"].as_array();
            for parameter in parameters.unwrap() {
                let schema = &parameter["schema"];
                match parameter["name"].as_str().unwrap() {
                    "policy" => assert_eq!(schema["maximum"], POLICY, "{path}"),
                    "model" => {
                        let pattern = schema["pattern"].as_str().unwrap();
                        for model in ExecutionModel::ALL {
                            let family = model.family().trim_start_matches("default-");
                            assert!(pattern.contains(family), "{path}: {}", model.name);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn the_default_model_means_the_live_outcome_until_rules_are_named() {
        let read = |name, policy| Followed::read(name, policy).unwrap();
        assert_eq!(read(None, None).policy(), None);
        assert_eq!(read(Some("default"), None).policy(), None);
        assert_eq!(read(Some("default/1"), Some(1)).policy(), Some(1));
        assert_eq!(read(Some("breakeven"), None).policy(), Some(POLICY));
        assert!(Followed::read(Some("best"), None).is_err());
        assert!(Followed::read(None, Some(POLICY + 1)).is_err());
        assert!(Followed::read(None, Some(0)).is_err());
    }
}
