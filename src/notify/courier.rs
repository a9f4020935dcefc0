//! The courier: takes mails out of the outbox and brings them out, again and again until they are
//! gone, and each of them once.
//!
//! A mail is claimed before it is tried, so that no two couriers try it at a time. What is tried
//! again after an answer that was lost has the same Message-ID, so that it is seen to be the same.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::Clock;
use domain::ports::mail::{Outbox, Waiting};
use domain::ports::store::StoreError;
use futures_util::future::join_all;
use lettre::message::Mailbox;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::way::Failed;
use super::{Way, letter, templates};
use crate::accounts::mailer::{self, Mailer};
use crate::accounts::seal::Seal;

/// How often it looks whether anything is due that nobody rang for: what failed before, and what
/// others wrote.
const LOOKS: Duration = Duration::from_secs(5);

/// For how long a mail is claimed: longer than it is tried.
const CLAIM: Duration = Duration::from_secs(180);

/// How many are tried at a time.
const AT_ONCE: usize = 8;

/// How long is waited after each failure. After the last one it is given up.
const AGAIN: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(2_400),
    Duration::from_secs(7_200),
    Duration::from_secs(21_600),
];

/// Brings mails out.
pub struct Courier {
    outbox: Arc<dyn Outbox>,
    seal: Arc<Seal>,
    clock: Arc<dyn Clock>,
    /// Rings when one was written.
    bell: Arc<Notify>,
    from: Mailbox,
    way: Way,
}

/// What became of a mail.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It is out.
    Sent,
    /// It is tried again.
    Again(String, Duration),
    /// It was tried often enough, or nobody takes it.
    GivenUp(String),
    /// The link in it works no more.
    Late,
    /// It could not be opened or written.
    Unwritten(String),
}

impl Fate {
    const fn label(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Again(..) => "again",
            Self::GivenUp(_) => "given_up",
            Self::Late => "late",
            Self::Unwritten(_) => "unwritten",
        }
    }
}

impl Courier {
    /// Brings out what a mailer writes.
    #[must_use]
    pub fn new(mailer: &Mailer, from: Mailbox, way: Way) -> Self {
        Self {
            outbox: Arc::clone(&mailer.outbox),
            seal: Arc::clone(&mailer.seal),
            clock: Arc::clone(&mailer.clock),
            bell: Arc::clone(&mailer.bell),
            from,
            way,
        }
    }

    /// Brings mails out until the platform drains; what it is trying then, it ends.
    pub async fn run(self, mut draining: watch::Receiver<bool>) {
        loop {
            match self.round().await {
                Ok(0) => {}
                // There may be more.
                Ok(_) if !*draining.borrow() => continue,
                Ok(_) => return,
                Err(error) => tracing::warn!("the outbox could not be read: {error}"),
            }
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(LOOKS) => {}
                _ = draining.wait_for(|drains| *drains) => return,
            }
        }
    }

    /// Tries what is due, and says how many that were.
    async fn round(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let waiting = self.outbox.take(now, now + CLAIM, AT_ONCE).await?;
        join_all(waiting.iter().map(|mail| self.bring(mail))).await;
        Ok(waiting.len())
    }

    async fn bring(&self, waiting: &Waiting) {
        let fate = self.attempt(waiting).await;
        let (number, mail) = (waiting.number, &waiting.mail);
        let now = self.clock.now();
        metrics::counter!("touchstone_mails_total", "template" => mail.template.to_string(), "outcome" => fate.label()).increment(1);
        let kept = match &fate {
            Fate::Sent => self.outbox.sent(number, now).await,
            Fate::Again(why, pause) => {
                tracing::warn!(mail.number = number, mail.template = %mail.template, attempt = waiting.attempts + 1,
                    "a mail could not be sent, and is tried again in {} s: {why}", pause.as_secs());
                self.outbox.failed(number, why, Some(now + *pause)).await
            }
            Fate::GivenUp(why) | Fate::Unwritten(why) => {
                tracing::error!(mail.number = number, mail.template = %mail.template, attempt = waiting.attempts + 1,
                    "a mail is given up: {why}");
                self.outbox.failed(number, why, None).await
            }
            Fate::Late => {
                tracing::error!(mail.number = number, mail.template = %mail.template,
                    "a mail is given up: its link works no more");
                self.outbox
                    .failed(number, "its link works no more", None)
                    .await
            }
        };
        if let Err(error) = kept {
            tracing::error!(
                mail.number = number,
                "it could not be kept what became of a mail ({}): {error}",
                fate.label()
            );
        }
    }

    async fn attempt(&self, waiting: &Waiting) -> Fate {
        let mail = &waiting.mail;
        let params = self.seal.open(mailer::USE, &mail.params);
        let params = match params.map(|bytes| serde_json::from_slice::<Value>(&bytes)) {
            Ok(Ok(params)) => params,
            Ok(Err(_)) => return Fate::Unwritten("what it says cannot be read".to_owned()),
            Err(error) => return Fate::Unwritten(error.to_string()),
        };
        let hours = params["hours"].as_u64();
        let holds = hours.map(|hours| Duration::from_secs(hours * 3_600));
        if holds.is_some_and(|holds| mail.created + holds <= self.clock.now()) {
            return Fate::Late;
        }
        let words = match templates::write(&mail.template, &mail.language, &params) {
            Ok(words) => words,
            Err(error) => return Fate::Unwritten(error.to_string()),
        };
        let letter = match letter::make(mail, words, &self.from) {
            Ok(letter) => letter,
            Err(error) => return Fate::GivenUp(error.to_string()),
        };
        match self.way.send(&letter::name(mail), letter).await {
            Ok(None) => Fate::Sent,
            Ok(Some(file)) => {
                tracing::info!(mail.number = waiting.number, mail.template = %mail.template,
                    "a mail was written to {}", file.display());
                Fate::Sent
            }
            Err(failed) => after(failed, waiting.attempts),
        }
    }
}

/// What becomes of a mail that failed, by how often it had been tried before.
fn after(failed: Failed, before: u32) -> Fate {
    let pause = usize::try_from(before).ok().and_then(|nth| AGAIN.get(nth));
    match pause {
        Some(pause) if !failed.for_good => Fate::Again(failed.why, *pause),
        Some(_) | None => Fate::GivenUp(failed.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_fails_is_tried_again_later_and_later_and_then_given_up() {
        let failed = |for_good| Failed {
            why: "the mail server said 451".to_owned(),
            for_good,
        };
        let mut last = Duration::ZERO;
        for before in 0..6 {
            let Fate::Again(why, pause) = after(failed(false), before) else {
                panic!("given up after {before}");
            };
            assert!(pause > last && why.contains("451"));
            last = pause;
        }
        assert_eq!(after(failed(false), 6).label(), "given_up");
        assert_eq!(after(failed(true), 0).label(), "given_up");
        assert!(
            CLAIM > Duration::from_secs(90),
            "a mail that is tried must not be taken by another"
        );
    }
}
