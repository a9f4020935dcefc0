//! What whoever listens may hear, and what he is told of what is withheld.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use actors::hub::Interest;
use domain::account::Scope;
use domain::plan::{Entitlement, Feature};
use domain::ports::View;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::protocol::Refusal;
use crate::accounts::door::Denied;
use crate::accounts::{Caller, Door, Who};
use crate::http::entitled;

/// After so long it is asked again who listens, where nobody could tell.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// Who listens on a connection, as it stands now.
pub(super) struct Rights {
    pub(super) door: Door,
    caller: RefCell<Caller>,
    /// Kept from one look to the next, so that no change falls between.
    changes: RefCell<watch::Receiver<u64>>,
}

/// What a subscription gets of what it wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    /// What it wants, as far as it may.
    pub(super) interest: Interest,
    /// How long everything is withheld.
    pub(super) delay: Duration,
    /// How far back it may go.
    pub(super) history: Option<Duration>,
    /// What its client is told of it: nothing where nothing is withheld.
    pub(super) withheld: Map<String, Value>,
}

impl Rights {
    pub(super) fn new(door: Door, caller: Caller) -> Self {
        Self {
            changes: RefCell::new(door.changes()),
            door,
            caller: RefCell::new(caller),
        }
    }

    /// Looks who listens once more: what changed between his being let in and [`Rights::new`] is not heard of.
    ///
    /// # Errors
    ///
    /// When he is not let in any more.
    pub(super) async fn still(&self) -> Result<(), Denied> {
        match self.door.again(&self.caller()).await? {
            Some(caller) => {
                self.become_known(caller);
                Ok(())
            }
            None => Err(Denied::Over),
        }
    }

    /// Waits until anybody's rights may have changed since this was last waited for. `false`: never more.
    pub(super) async fn change(&self) -> bool {
        let mut changes = self.changes.borrow().clone();
        let changed = changes.changed().await.is_ok();
        self.changes.replace(changes);
        changed
    }

    /// Whoever could not be looked at is looked at again, whether or not anything changes.
    pub(super) fn look_again(&self) {
        self.changes.borrow_mut().mark_changed();
    }

    pub(super) fn caller(&self) -> Caller {
        self.caller.borrow().clone()
    }

    /// Somebody who says who he is now, or whose rights have changed.
    pub(super) fn become_known(&self, caller: Caller) {
        self.caller.replace(caller);
    }

    /// Refuses whoever may not listen at all.
    pub(super) fn may_listen(&self) -> Result<(), Refusal> {
        let caller = self.caller.borrow();
        if caller.who == Who::Stranger {
            let message = "say who you are first: {\"op\":\"auth\",\"token\":\"…\"}";
            return Err(Refusal::new("unauthenticated", message));
        }
        if !caller.may(Scope::StreamRead) {
            let message = format!("a key with the scope {}", Scope::StreamRead.label());
            return Err(Refusal::new("not_allowed", message));
        }
        let program = matches!(caller.who, Who::Program { .. });
        if program && !caller.entitled.allows.has(Feature::Keys) {
            return Err(self.needs(Feature::Keys, "a key for programs"));
        }
        Ok(())
    }

    /// Refuses a filter that his plan does not have.
    pub(super) fn may_want(&self, interest: &Interest) -> Result<(), Refusal> {
        self.may_listen()?;
        let scores = entitled::scored(&self.caller.borrow());
        if interest.min_score.is_some() && !scores {
            return Err(self.needs(Feature::Scores, "filter.min_score: filtering by scores"));
        }
        Ok(())
    }

    fn needs(&self, feature: Feature, what: &str) -> Refusal {
        let plan = self.door.plan_of(feature);
        let plan = plan.map_or_else(|| "that has it".to_owned(), |plan| plan.title);
        Refusal::plan_required(what, plan)
    }

    /// What a subscription gets of what it wants.
    pub(super) fn terms(&self, wanted: &Interest) -> Terms {
        let caller = self.caller.borrow();
        let mut terms = limited(wanted, &caller.entitled, entitled::scored(&caller));
        let told = entitled::withheld(&caller, &self.door);
        if let Ok(Value::Object(told)) = serde_json::to_value(told) {
            terms.withheld = told;
        }
        terms
    }
}

/// What is wanted, as far as somebody may have it.
pub(super) fn limited(wanted: &Interest, entitled: &Entitlement, scored: bool) -> Terms {
    let mut interest = wanted.clone();
    if entitled.allows.channels.is_some() {
        interest.allowed = Some(Arc::from(entitled.chosen.as_slice()));
    }
    if !scored {
        interest.view = View::Plain;
        interest.min_score = None;
    }
    Terms {
        interest,
        delay: entitled.allows.delay,
        history: entitled.allows.history,
        withheld: Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ChannelId;
    use domain::plan::Allowance;

    use super::*;

    #[test]
    fn whoever_may_hear_of_some_channels_hears_of_no_other_whatever_he_wants() {
        let (mine, other) = (
            ChannelId::parse("mine").unwrap(),
            ChannelId::parse("other").unwrap(),
        );
        let entitled = Entitlement {
            plan: None,
            allows: Allowance {
                channels: Some(1),
                delay: Duration::from_secs(900),
                ..Allowance::everything()
            },
            chosen: vec![mine.clone()],
        };
        let wanted = Interest {
            channels: vec![other],
            min_score: Some(0.5),
            ..Interest::default()
        };
        let terms = limited(&wanted, &entitled, false);
        assert_eq!(terms.interest.allowed.as_deref(), Some(&[mine][..]));
        assert_eq!(terms.interest.view, View::Plain);
        assert_eq!(
            (terms.interest.min_score, terms.delay.as_secs()),
            (None, 900)
        );
    }

    #[test]
    fn whoever_runs_the_platform_hears_what_he_wants() {
        let wanted = Interest {
            min_score: Some(0.5),
            ..Interest::default()
        };
        let terms = limited(&wanted, &Entitlement::operator(), true);
        assert_eq!(terms.interest, wanted);
        assert!(terms.delay.is_zero() && terms.history.is_none());
    }
}
