//! What a session and the follower of one of its subscriptions both know.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actors::hub::{Interest, Join, Outbox};
use domain::ids::Seq;

/// What a session knows of one of its subscriptions.
#[derive(Debug)]
pub(super) struct Place {
    /// Its number at the hub.
    pub(super) id: u64,
    /// What it wants.
    interest: RefCell<Interest>,
    outbox: RefCell<Arc<Outbox>>,
    /// Everything up to here has been said.
    told: Cell<Seq>,
    /// It takes from its outbox.
    live: Cell<bool>,
}

impl Place {
    /// A subscription that was told nothing yet.
    pub(super) fn new(id: u64, interest: Interest, outbox: Outbox) -> Rc<Self> {
        Rc::new(Self {
            id,
            interest: RefCell::new(interest),
            outbox: RefCell::new(Arc::new(outbox)),
            told: Cell::new(Seq::ZERO),
            live: Cell::new(false),
        })
    }

    /// What it wants now.
    pub(super) fn interest(&self) -> Interest {
        self.interest.borrow().clone()
    }

    /// Wants something else from now on.
    pub(super) fn want(&self, interest: Interest) {
        self.interest.replace(interest);
    }

    /// What to ask the hub for.
    pub(super) fn join(&self) -> Join {
        Join {
            id: self.id,
            interest: self.interest(),
            outbox: self.outbox(),
        }
    }

    /// From where its client can go on. Nothing that waits is before it.
    pub(super) fn position(&self) -> Seq {
        let seen = self.live.get().then(|| self.outbox.borrow().idle_at());
        let position = self.told.get().max(seen.flatten().unwrap_or_default());
        // Whoever was told this is never told again what came before it.
        self.told.set(position);
        position
    }

    /// Everything up to here has been said.
    pub(super) fn told(&self) -> Seq {
        self.told.get()
    }

    /// Says that everything up to here has been said.
    pub(super) fn tell(&self, told: Seq) {
        self.told.set(told);
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
