//! Doors: the way to a role, whoever fills it today.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use smol_str::SmolStr;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// The way to a role, whoever fills it today.
///
/// actix mailboxes have no dependable limit, so the limit lives here: a caller holds one credit
/// from the moment it knocks until it has its answer. Whoever finds no credit left waits in line.
pub struct Door<A: Actor> {
    name: SmolStr,
    inside: watch::Receiver<Option<Addr<A>>>,
    credit: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    patience: Duration,
}

/// Nobody answered in time, or the one inside died before answering.
///
/// The work may have been done all the same: ask only what is safe to ask twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody answered at the door of {0}")]
pub struct Away(pub SmolStr);

impl<A: Actor> Clone for Door<A> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            inside: self.inside.clone(),
            credit: Arc::clone(&self.credit),
            waiting: Arc::clone(&self.waiting),
            patience: self.patience,
        }
    }
}

/// The side of a door that only the guardian has.
pub(crate) struct Threshold<A: Actor> {
    pub(crate) inside: watch::Sender<Option<Addr<A>>>,
    pub(crate) waiting: Arc<AtomicUsize>,
}

impl<A: Actor> Door<A> {
    /// A door with nobody behind it yet.
    pub(crate) fn new(name: SmolStr, credits: usize, patience: Duration) -> (Self, Threshold<A>) {
        let (sender, inside) = watch::channel(None);
        let waiting = Arc::new(AtomicUsize::new(0));
        let door = Self {
            name,
            inside,
            credit: Arc::new(Semaphore::new(credits)),
            waiting: Arc::clone(&waiting),
            patience,
        };
        let threshold = Threshold {
            inside: sender,
            waiting,
        };
        (door, threshold)
    }

    /// The same door for a caller with another patience.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// Hands `message` in and waits for the answer.
    ///
    /// A question that times out before it was begun is withdrawn; one already begun runs on.
    ///
    /// # Errors
    ///
    /// [`Away`] when nobody answered in time, or the one inside died before answering.
    pub async fn ask<M>(&self, message: M) -> Result<M::Result, Away>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let _line = InLine::join(&self.waiting);
        let answer = async {
            let _credit = self.credit.acquire().await.ok()?;
            let someone = self.someone().await?;
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the door; the credit is held"
            )]
            someone.send(message).await.ok()
        };
        timeout(self.patience, answer)
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Away(self.name.clone()))
    }

    /// Whoever is inside and alive; waits while nobody is.
    async fn someone(&self) -> Option<Addr<A>> {
        let mut inside = self.inside.clone();
        let found = inside
            .wait_for(|someone| someone.as_ref().is_some_and(Addr::connected))
            .await
            .ok()?;
        found.clone()
    }
}

/// Counts a caller for as long as it stands at the door.
struct InLine<'a>(&'a AtomicUsize);

impl<'a> InLine<'a> {
    fn join(line: &'a AtomicUsize) -> Self {
        line.fetch_add(1, Ordering::Relaxed);
        Self(line)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
