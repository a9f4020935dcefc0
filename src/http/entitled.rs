//! Entitlements: what of an answer somebody may see, and how he is told of what is withheld.
//!
//! The stream, the lists and the exports all ask here, so that one plan means the same everywhere.

use std::time::Duration;

use domain::account::Scope;
use domain::event::Body;
use domain::ids::ChannelId;
use domain::lifecycle::{State, What};
use domain::plan::Feature;
use domain::ports::View;
use domain::ports::store::{SignalQuery, SignalRecord, Store, StoreError};
use domain::post::Action;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::guarded::plan_needed;
use crate::accounts::{Caller, Door, Who};

/// What is withheld from somebody, and which plan has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Withheld {
    /// What is younger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed: Option<Younger>,
    /// What is of other channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limited: Option<Others>,
    /// What is older.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Older>,
    /// The scores of signals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
}

/// Signals and events are shown after so long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Younger {
    /// After how many seconds.
    pub seconds: u64,
    /// The cheapest plan without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Signals and events of these channels alone are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Others {
    /// These.
    pub channels: Vec<String>,
    /// The cheapest plan with all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Signals and events are shown so far back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Older {
    /// How many seconds.
    pub seconds: u64,
    /// The cheapest plan with everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Scores are not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Scores {
    /// The cheapest plan with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Whether somebody is told scores.
pub(super) fn scored(caller: &Caller) -> bool {
    let program = matches!(caller.who, Who::Program { .. });
    caller.entitled.allows.has(Feature::Scores) && (!program || caller.may(Scope::ScoresRead))
}

/// What somebody sees of events.
pub(super) fn view(caller: &Caller) -> View {
    if scored(caller) {
        View::Scored
    } else {
        View::Plain
    }
}

/// Whether somebody asks for channels alone that are his own: of those nothing is withheld but scores.
pub(super) fn asks_for_his_own(query: &SignalQuery, caller: &Caller) -> bool {
    !query.channels.is_empty() && query.channels.iter().all(|id| caller.owned.contains(id))
}

/// What is withheld from somebody of channels that are his own.
pub(super) fn withheld_of_his_own(caller: &Caller, door: &Door) -> Option<Withheld> {
    let withheld = Withheld {
        scores: withheld(caller, door)?.scores,
        ..Withheld::default()
    };
    (withheld != Withheld::default()).then_some(withheld)
}

/// What is withheld from somebody; none where nothing is.
pub(super) fn withheld(caller: &Caller, door: &Door) -> Option<Withheld> {
    let allows = &caller.entitled.allows;
    let title = |plan: Option<domain::plan::Plan>| plan.map(|plan| plan.title);
    let withheld = Withheld {
        delayed: (!allows.delay.is_zero()).then(|| Younger {
            seconds: allows.delay.as_secs(),
            plan: title(door.plan_with(|allows| allows.delay.is_zero())),
        }),
        limited: allows.channels.is_some().then(|| Others {
            channels: caller
                .entitled
                .chosen
                .iter()
                .map(ToString::to_string)
                .collect(),
            plan: title(door.plan_with(|allows| allows.channels.is_none())),
        }),
        history: allows.history.map(|history| Older {
            seconds: history.as_secs(),
            plan: title(door.plan_with(|allows| allows.history.is_none())),
        }),
        scores: (!scored(caller)).then(|| Scores {
            plan: title(door.plan_of(Feature::Scores)),
        }),
    };
    (withheld != Withheld::default()).then_some(withheld)
}

/// So long before a moment.
pub(super) fn before(now: Timestamp, span: Duration) -> Timestamp {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}

/// Narrows a question to what somebody may see. `false`: nothing of what he asks for.
///
/// # Errors
///
/// [`ApiError::PlanNeeded`] when he filters by what he is not told.
pub(super) fn narrow(
    query: &mut SignalQuery,
    caller: &Caller,
    door: &Door,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let allows = &caller.entitled.allows;
    if query.min_score.is_some() && !scored(caller) {
        let plan = door.plan_of(Feature::Scores);
        return Err(plan_needed(Feature::Scores, plan.map(|plan| plan.title)));
    }
    if asks_for_his_own(query, caller) {
        return Ok(true);
    }
    if !allows.delay.is_zero() {
        let until = before(now, allows.delay);
        let asked = query.received_before.unwrap_or(Timestamp::MAX);
        query.received_before = Some(asked.min(until));
    }
    if let Some(history) = allows.history {
        let since = before(now, history);
        let asked = query.received_from.unwrap_or(Timestamp::MIN);
        query.received_from = Some(asked.max(since));
    }
    if allows.channels.is_some() {
        let shown = |id: &ChannelId| caller.entitled.chosen.contains(id);
        if query.channels.is_empty() {
            query.channels.clone_from(&caller.entitled.chosen);
        } else {
            query.channels.retain(shown);
        }
        return Ok(!query.channels.is_empty());
    }
    Ok(true)
}

/// Whether somebody sees a channel's signals as they stood some time ago.
fn sees_late(channel: &ChannelId, caller: &Caller) -> bool {
    !caller.entitled.allows.delay.is_zero() && !caller.owned.contains(channel)
}

/// Up to when somebody is told what happens in a channel.
pub(super) fn told_until(channel: &ChannelId, caller: &Caller, now: Timestamp) -> Timestamp {
    if sees_late(channel, caller) {
        before(now, caller.entitled.allows.delay)
    } else {
        Timestamp::MAX
    }
}

/// What is asked of a list about how its signals stand. Whoever sees them late would learn from an answer
/// how they stand now, so it is asked of what he sees, after [`as_told`].
pub(super) struct Standing {
    states: Vec<&'static str>,
    open: Option<bool>,
}

impl Standing {
    /// Takes it out of a query; nothing is left out for whoever sees everything at once.
    pub(super) fn of(query: &mut SignalQuery, caller: &Caller) -> Self {
        if caller.entitled.allows.delay.is_zero() || asks_for_his_own(query, caller) {
            return Self {
                states: Vec::new(),
                open: None,
            };
        }
        Self {
            states: std::mem::take(&mut query.states),
            open: query.open.take(),
        }
    }

    /// Whether a signal is one of those that are asked for.
    pub(super) fn fits(&self, record: &SignalRecord) -> bool {
        let open = !matches!(record.state, State::Ended(_));
        (self.states.is_empty() || self.states.contains(&record.state.label()))
            && self.open.is_none_or(|wanted| wanted == open)
    }
}

/// A signal as it stood when that was stored which somebody is told now.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub(super) async fn as_told(
    store: &dyn Store,
    record: SignalRecord,
    caller: &Caller,
    now: Timestamp,
) -> Result<SignalRecord, StoreError> {
    let channel = &record.signal.channel;
    if !sees_late(channel, caller) {
        return Ok(record);
    }
    let until = told_until(channel, caller, now);
    let mut told = SignalRecord {
        state: State::Pending,
        outcome: None,
        edited: false,
        deleted: false,
        ..record
    };
    for event in store.events_of(told.signal.id).await? {
        if event.stored > until {
            break;
        }
        match event.happening().map(|it| &it.body) {
            Some(Body::Progress(change)) => {
                told.state = change.state;
                if let What::Judged(outcome) = &change.what {
                    told.outcome = Some((**outcome).clone());
                }
            }
            Some(Body::Revision { action, .. }) => match action {
                Action::Edited => told.edited = true,
                Action::Deleted => told.deleted = true,
                Action::Original | Action::Forwarded => {}
            },
            Some(Body::Signal { .. } | Body::Instruction { .. }) | None => {}
        }
    }
    Ok(told)
}

/// Refuses a signal that somebody may not see.
///
/// # Errors
///
/// [`ApiError::PlanNeeded`] names the plan that shows it.
pub(super) fn may_see(
    record: &SignalRecord,
    caller: &Caller,
    door: &Door,
    now: Timestamp,
) -> Result<(), ApiError> {
    let allows = &caller.entitled.allows;
    let received = record.signal.received;
    if caller.owned.contains(&record.signal.channel) {
        return Ok(());
    }
    let hidden = [
        (!caller.entitled.shows(&record.signal.channel)).then(|| {
            (
                "a signal of this channel",
                door.plan_with(|it| it.channels.is_none()),
            )
        }),
        (received > before(now, allows.delay)).then(|| {
            (
                "a signal as young as this",
                door.plan_with(|it| it.delay.is_zero()),
            )
        }),
        allows
            .history
            .filter(|history| received < before(now, *history))
            .map(|_| {
                (
                    "a signal as old as this",
                    door.plan_with(|it| it.history.is_none()),
                )
            }),
    ];
    match hidden.into_iter().flatten().next() {
        None => Ok(()),
        Some((what, plan)) => Err(ApiError::PlanNeeded {
            what: what.to_owned(),
            plan: plan.map_or_else(|| "that shows it".to_owned(), |plan| plan.title),
        }),
    }
}
