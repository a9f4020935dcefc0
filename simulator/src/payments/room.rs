//! The room around the ledger: its time, its keys, and the file that keeps it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::form::Metadata;
use super::ledger::Ledger;
use super::mischief::Mischief;
use super::replays::Replays;
use super::{PaymentsOptions, secret};
use crate::clock::Clock;
use crate::dice;

/// The description of the endpoint that the room's handle names.
const CONFIGURED: &str = "named by the simulator's handle";

#[derive(Debug)]
pub(crate) struct Room {
    pub(super) address: SocketAddr,
    pub(super) secret_key: String,
    pub(super) webhook_secret: String,
    pub(super) mischief: Mischief,
    pub(super) first_pause: Duration,
    pub(super) replays: Mutex<Replays>,
    pub(super) clock: Clock,
    /// How far the room's time is ahead of the clock, in seconds.
    ahead: AtomicI64,
    ledger: Mutex<Ledger>,
    state: Option<PathBuf>,
    changed: AtomicBool,
}

impl Room {
    /// Opens the room, with what its file kept.
    ///
    /// # Errors
    ///
    /// Where the file is there and cannot be read.
    pub(crate) fn open(
        options: &PaymentsOptions,
        address: SocketAddr,
        seed: u64,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let kept = match &options.state {
            Some(path) => read(path)?,
            None => None,
        };
        let now = clock.now().div_euclid(1_000_000);
        let ahead = kept.as_ref().map_or(0, |kept| (kept.now - now).max(0));
        // Another start without a file draws other identifiers.
        let fresh = || Ledger::new(dice::hash(seed, clock.now()), now);
        let mut ledger = kept.unwrap_or_else(fresh);
        ledger.afterwards = options.afterwards;
        let base = options.public_url.clone();
        let base = base.unwrap_or_else(|| format!("http://{address}"));
        base.trim_end_matches('/').clone_into(&mut ledger.base);
        let drawn_key = secret(seed, "sk_test_");
        let room = Self {
            address,
            secret_key: options.secret_key.clone().unwrap_or(drawn_key),
            webhook_secret: secret(seed, "whsec_"),
            mischief: Mischief::default(),
            first_pause: options.first_pause,
            replays: Mutex::default(),
            clock,
            ahead: AtomicI64::new(ahead),
            ledger: Mutex::new(ledger),
            state: options.state.clone(),
            changed: AtomicBool::new(false),
        };
        if let Some(url) = &options.webhook_url {
            let named = room.send_webhooks_to(url);
            named.map_err(std::io::Error::other)?;
        }
        Ok(room)
    }

    /// Does something with the ledger, at the present time.
    pub(crate) fn with<T>(&self, deed: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self.lock();
        ledger.live_until(self.now());
        let done = deed(&mut ledger);
        self.changed.store(true, Ordering::Release);
        done
    }

    /// Looks at the ledger as it lies there.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.lock())
    }

    /// Lets happen what is due by now.
    pub(crate) fn live(&self) {
        let mut ledger = self.lock();
        let before = ledger.drawn();
        ledger.live_until(self.now());
        if ledger.drawn() != before {
            self.changed.store(true, Ordering::Release);
        }
    }

    /// A ledger that a panic left is still whole enough: each object is changed as one.
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        let real = self.clock.now().div_euclid(1_000_000);
        real.saturating_add(self.ahead.load(Ordering::Acquire))
    }

    pub(super) fn pass(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(seconds, Ordering::AcqRel);
        self.with(|_| ());
    }

    pub(super) fn send_webhooks_to(&self, url: &str) -> Result<(), String> {
        self.with(|ledger| {
            let named = |endpoint: &&super::ledger::Endpoint| {
                endpoint.description.as_deref() == Some(CONFIGURED)
            };
            let before = ledger
                .endpoints
                .values()
                .find(named)
                .map(|endpoint| endpoint.id.clone());
            if let Some(before) = before {
                // It was found a line above.
                let _ = ledger.delete_endpoint(&before);
            }
            let everything = vec!["*".to_owned()];
            let description = Some(CONFIGURED.to_owned());
            let secret = self.webhook_secret.clone();
            let heard = ledger.listen(
                url.to_owned(),
                secret,
                everything,
                description,
                Metadata::new(),
            );
            heard.map(|_| ()).map_err(|refusal| refusal.message)
        })
    }

    /// Writes the state into its file, if it has one and something changed. Whoever was answered finds
    /// it there after a crash, too, so it is called before each answer to something that changed it.
    pub(crate) fn keep(&self) {
        let Some(path) = &self.state else {
            return;
        };
        // Held until it lies there, so that two who write do not meet in one file.
        let ledger = self.lock();
        if !self.changed.swap(false, Ordering::AcqRel) {
            return;
        }
        let written = serde_json::to_vec(&*ledger);
        let kept = written.map_err(std::io::Error::from).and_then(|written| {
            // Another name first, so that a crash leaves the old state or the new.
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, written)?;
            std::fs::rename(fresh, path)
        });
        if let Err(error) = kept {
            warn!(%error, path = %path.display(), "could not keep the state of payments: {error}");
        }
    }
}

fn read(path: &Path) -> std::io::Result<Option<Ledger>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
