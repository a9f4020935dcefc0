//! Logging in by two pages: the password on the first, the second factor on the other.
//!
//! Between them the browser holds a ticket: it says that the password was right, holds a few minutes,
//! and is sealed, so that no page and no cookie ever holds the password itself.

use std::time::Duration;

use domain::account::{Account, AccountId, Sealed};
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{Attempt, Desk, From, LoggedIn, Refusal};
use crate::accounts::secrets;

/// What tickets are sealed for.
const STEP: &str = "login-step";

/// How long a ticket holds.
const WITHIN: Duration = Duration::from_secs(600);

/// How far somebody came.
#[derive(Debug)]
pub enum Step {
    /// He is in.
    In(Box<LoggedIn>),
    /// The password was right, and the second factor is asked for; this ticket goes with it.
    Code(SecretString),
}

/// What a ticket says.
#[derive(Serialize, Deserialize)]
struct Ticket {
    account: String,
    /// Of the password's hash: another password ends the ticket.
    mark: String,
    until: i64,
}

impl Desk {
    /// Logs a browser in, or says with which ticket its second step is made.
    ///
    /// # Errors
    ///
    /// [`Refusal`], as [`Desk::log_in`], but for the second factor that is asked for.
    pub async fn first_step(&self, attempt: Attempt<'_>) -> Result<Step, Refusal> {
        let email = super::address(attempt.email)?;
        match self.log_in(attempt).await {
            Ok(session) => Ok(Step::In(Box::new(session))),
            // It is asked for only when the password was right.
            Err(Refusal::SecondFactor) => {
                let account = self.0.accounts.by_email(&email).await?;
                let account = account.ok_or(Refusal::WrongPassword)?;
                Ok(Step::Code(self.ticket(&account)?))
            }
            Err(other) => Err(other),
        }
    }

    /// Logs a browser in by the ticket of its first step and a code.
    ///
    /// # Errors
    ///
    /// [`Refusal::Over`] when the ticket is none or too old; [`Refusal::WrongCode`].
    pub async fn second_step(
        &self,
        ticket: &SecretString,
        code: &str,
        from: From,
    ) -> Result<LoggedIn, Refusal> {
        let account = self.account_of_ticket(ticket).await?;
        let budget = self.0.limiter.guess(&account.email, from.address);
        let proven = self.second_factor(&account, Some(code)).await;
        // As at the first step: the right code passes whatever others tried meanwhile.
        if !matches!(proven, Ok(true)) {
            budget?;
        }
        proven?;
        if account.verified.is_none() {
            return Err(Refusal::WrongPassword);
        }
        metrics::counter!("touchstone_logins_total", "outcome" => "in").increment(1);
        self.begin(account, from, true).await
    }

    fn ticket(&self, account: &Account) -> Result<SecretString, Refusal> {
        let ticket = Ticket {
            account: account.id.to_string(),
            mark: mark(account),
            until: (self.0.clock.now() + WITHIN).as_micros(),
        };
        let words = serde_json::to_vec(&ticket).map_err(anyhow::Error::from)?;
        let sealed = self.0.seal.seal(STEP, &words)?;
        Ok(SecretString::from(secrets::hex(&sealed.0)))
    }

    async fn account_of_ticket(&self, ticket: &SecretString) -> Result<Account, Refusal> {
        let sealed = secrets::unhex(ticket.expose_secret()).ok_or(Refusal::Over)?;
        let words = self.0.seal.open(STEP, &Sealed(sealed));
        let words = words.map_err(|_| Refusal::Over)?;
        let ticket: Ticket = serde_json::from_slice(&words).map_err(|_| Refusal::Over)?;
        let id = AccountId::parse(&ticket.account).ok_or(Refusal::Over)?;
        let holds = self.0.clock.now() < Timestamp::from_micros(ticket.until);
        let account = self.0.accounts.account(id).await?;
        let same = |account: &Account| account.closed.is_none() && mark(account) == ticket.mark;
        account
            .filter(|account| holds && same(account))
            .ok_or(Refusal::Over)
    }
}

fn mark(account: &Account) -> String {
    secrets::hex(&secrets::digest(&account.password.0).0)
}
