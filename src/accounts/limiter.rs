//! Limits on guessing: how often somebody may try to log in, to register or to be written to.
//!
//! Guesses are counted for an account together with the address that they come from, and for the
//! account as a whole. Whoever shows the right password and the right second factor is never held up
//! by either, so nobody can lock another out. Codes of six digits are counted for themselves: whoever
//! has the password could else try all of them. Recovery codes cannot be guessed, and always open.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::account::{AccountId, Email, SecretDigest};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::secrets;

/// Counts guesses. Keys are digests, so that no address of mail is held.
pub struct Limiter {
    /// One account from one address.
    pair: DefaultKeyedRateLimiter<(SecretDigest, Option<IpAddr>)>,
    /// One account from everywhere.
    account: DefaultKeyedRateLimiter<SecretDigest>,
    /// What somebody who is logged in says of his own password.
    inside: DefaultKeyedRateLimiter<AccountId>,
    /// Codes of one account's authenticator, by whoever has its password.
    codes: DefaultKeyedRateLimiter<AccountId>,
    /// One address on everything.
    address: DefaultKeyedRateLimiter<Option<IpAddr>>,
    /// Mails to one address.
    mail: DefaultKeyedRateLimiter<SecretDigest>,
    clock: DefaultClock,
}

/// It is too much; after so long it may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts")]
pub struct TooMany(pub Duration);

fn quota(burst: u32, period: Duration) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(period)
        .unwrap_or(Quota::per_minute(NonZeroU32::MIN))
        .allow_burst(burst)
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            pair: DefaultKeyedRateLimiter::keyed(quota(10, Duration::from_secs(60))),
            account: DefaultKeyedRateLimiter::keyed(quota(100, Duration::from_secs(30))),
            inside: DefaultKeyedRateLimiter::keyed(quota(10, Duration::from_secs(60))),
            // Three codes of a million hold at a moment: a day of guessing opens one account in 230.
            codes: DefaultKeyedRateLimiter::keyed(quota(20, Duration::from_secs(60))),
            address: DefaultKeyedRateLimiter::keyed(quota(60, Duration::from_secs(1))),
            mail: DefaultKeyedRateLimiter::keyed(quota(5, Duration::from_secs(600))),
            clock: DefaultClock::default(),
        }
    }
}

impl Limiter {
    fn wait(&self, not_until: &governor::NotUntil<governor::clock::QuantaInstant>) -> TooMany {
        TooMany(not_until.wait_time_from(self.clock.now()))
    }

    /// Counts one more guess at an account.
    ///
    /// # Errors
    ///
    /// [`TooMany`]; then only the right password with the right second factor opens.
    pub fn guess(&self, email: &Email, from: Option<IpAddr>) -> Result<(), TooMany> {
        let account = secrets::digest(email.as_str());
        let pair = self.pair.check_key(&(account, from));
        let whole = self.account.check_key(&account);
        pair.and(whole).map_err(|until| self.wait(&until))
    }

    /// Counts one more password that somebody says who is logged in. What strangers guess at his
    /// account does not hold him up.
    ///
    /// # Errors
    ///
    /// [`TooMany`].
    pub fn guess_inside(&self, account: AccountId) -> Result<(), TooMany> {
        let guessed = self.inside.check_key(&account);
        guessed.map_err(|until| self.wait(&until))
    }

    /// Counts one more code of an authenticator that somebody shows with the right password.
    ///
    /// # Errors
    ///
    /// [`TooMany`]; then only a recovery code opens.
    pub fn guess_code(&self, account: AccountId) -> Result<(), TooMany> {
        let guessed = self.codes.check_key(&account);
        guessed.map_err(|until| self.wait(&until))
    }

    /// Counts one more request without an account from an address.
    ///
    /// # Errors
    ///
    /// [`TooMany`].
    pub fn knock(&self, from: Option<IpAddr>) -> Result<(), TooMany> {
        let knocked = self.address.check_key(&from);
        knocked.map_err(|until| self.wait(&until))
    }

    /// Counts one more mail to an address. `false`: it has had enough.
    pub fn may_write(&self, email: &Email) -> bool {
        self.mail
            .check_key(&secrets::digest(email.as_str()))
            .is_ok()
    }

    /// Forgets whom nothing is held against any more, so that a crowd takes no memory for ever.
    pub fn forget(&self) {
        self.pair.retain_recent();
        self.account.retain_recent();
        self.inside.retain_recent();
        self.codes.retain_recent();
        self.address.retain_recent();
        self.mail.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_from_one_address_leave_another_address_free() {
        let limiter = Limiter::default();
        let email = Email::parse("anna@example.org").unwrap();
        let (mine, his) = ("10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        let refused = (0..20)
            .filter(|_| limiter.guess(&email, his).is_err())
            .count();
        assert_eq!(refused, 10);
        assert!(limiter.guess(&email, mine).is_ok());
        assert!(limiter.guess(&email, his).unwrap_err().0 > Duration::ZERO);
    }

    #[test]
    fn nobody_is_written_to_without_an_end() {
        let limiter = Limiter::default();
        let email = Email::parse("anna@example.org").unwrap();
        assert_eq!((0..20).filter(|_| limiter.may_write(&email)).count(), 5);
    }
}
