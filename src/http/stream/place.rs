//! What a session and the follower of one of its subscriptions both know.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actors::hub::{Interest, Join, Outbox};
use domain::ids::Seq;
use tokio::sync::Notify;

use super::rights::Terms;

/// What a session knows of one of its subscriptions.
#[derive(Debug)]
pub(super) struct Place {
    /// Its number at the hub.
    pub(super) id: u64,
    /// What it wants.
    wanted: RefCell<Interest>,
    /// What it gets of it.
    terms: RefCell<Terms>,
    /// Counts how often that changed, and rings when it does.
    changed: Cell<u64>,
    bell: Notify,
    outbox: RefCell<Arc<Outbox>>,
    /// Everything up to here has been said; nothing before its client was told where it begins.
    told: Cell<Option<Seq>>,
    /// It takes from its outbox.
    live: Cell<bool>,
}

impl Place {
    /// A subscription that was told nothing yet.
    pub(super) fn new(id: u64, wanted: Interest, terms: Terms, outbox: Outbox) -> Rc<Self> {
        Rc::new(Self {
            id,
            wanted: RefCell::new(wanted),
            terms: RefCell::new(terms),
            changed: Cell::new(0),
            bell: Notify::new(),
            outbox: RefCell::new(Arc::new(outbox)),
            told: Cell::new(None),
            live: Cell::new(false),
        })
    }

    /// What it gets now of what it wants.
    pub(super) fn interest(&self) -> Interest {
        self.terms.borrow().interest.clone()
    }

    /// What it gets now.
    pub(super) fn terms(&self) -> Terms {
        self.terms.borrow().clone()
    }

    /// How often its rights have changed.
    pub(super) fn changed(&self) -> u64 {
        self.changed.get()
    }

    /// Waits until its rights have changed since it was asked how often. Cancel safe.
    pub(super) async fn change(&self, known: u64) {
        while self.changed.get() == known {
            self.bell.notified().await;
        }
    }

    /// Wants something else from now on.
    pub(super) fn want(&self, wanted: Interest, terms: Terms) {
        self.wanted.replace(wanted);
        self.terms.replace(terms);
    }

    /// Gets more or less of what it wants from now on, if it is so.
    pub(super) fn entitle(&self, terms_of: impl FnOnce(&Interest) -> Terms) {
        let terms = terms_of(&self.wanted.borrow());
        if *self.terms.borrow() == terms {
            return;
        }
        self.terms.replace(terms);
        self.changed.set(self.changed.get() + 1);
        self.bell.notify_one();
    }

    /// What to ask the hub for.
    pub(super) fn join(&self) -> Join {
        Join {
            id: self.id,
            interest: self.interest(),
            outbox: self.outbox(),
        }
    }

    /// From where its client can go on. Nothing that waits is before it. None before it has begun: then
    /// its client knows better, and must not be told to begin with the first event of all.
    pub(super) fn position(&self) -> Option<Seq> {
        let told = self.told.get()?;
        let seen = self.live.get().then(|| self.outbox.borrow().idle_at());
        let position = told.max(seen.flatten().unwrap_or_default());
        // Whoever was told this is never told again what came before it.
        self.told.set(Some(position));
        Some(position)
    }

    /// Everything up to here has been said.
    pub(super) fn told(&self) -> Seq {
        self.told.get().unwrap_or_default()
    }

    /// Says that everything up to here has been said.
    pub(super) fn tell(&self, told: Seq) {
        self.told.set(Some(told));
    }

    /// It takes from its outbox now, or no longer.
    pub(super) fn go_live(&self, live: bool) {
        self.live.set(live);
    }

    /// Where the hub puts what is wanted.
    pub(super) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox.borrow())
    }

    /// Gets another outbox, for another hub.
    pub(super) fn renew(&self, outbox: Outbox) {
        self.outbox.replace(Arc::new(outbox));
    }
}

#[cfg(test)]
mod tests {
    use actors::hub::{Mode, Room};
    use domain::plan::Entitlement;

    use super::super::rights::limited;
    use super::*;

    #[test]
    fn a_subscription_has_no_position_before_it_has_begun() {
        let terms = limited(&Interest::default(), &Entitlement::operator(), true);
        let outbox = Outbox::with_room(Mode::Each, Room::default());
        let place = Place::new(1, Interest::default(), terms, outbox);
        place.go_live(true);
        assert_eq!(place.position(), None);
        place.tell(Seq::new(7));
        assert_eq!(place.position(), Some(Seq::new(7)));
    }
}
