//! Limits on guessing: how often somebody may try to log in, to register or to be written to.
//!
//! Guesses are counted for an account together with the address that they come from, and for the
//! account as a whole. Whoever shows the right password and the right second factor is never held up
//! by either, so nobody can lock another out. Codes of six digits are counted for themselves: whoever
//! has the password could else try all of them. Recovery codes cannot be guessed, and always open.

use std::net::{IpAddr, Ipv6Addr};
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
    /// Tries to log in from one address, to whatever account.
    tries: DefaultKeyedRateLimiter<Option<IpAddr>>,
    /// Mails to one address.
    mail: DefaultKeyedRateLimiter<SecretDigest>,
    clock: DefaultClock,
}

/// From where somebody comes, as far as it costs him something to come from elsewhere: whoever has one
/// address of version 6 has the 64 bits behind it, too.
#[must_use]
pub fn place(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        canonical @ IpAddr::V4(_) => canonical,
    }
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
            tries: DefaultKeyedRateLimiter::keyed(quota(120, Duration::from_millis(500))),
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
        let pair = self.pair.check_key(&(account, from.map(place)));
        // What one address guesses too much does not count against the others.
        let whole = pair.and_then(|()| self.account.check_key(&account));
        whole.map_err(|until| self.wait(&until))
    }

    /// Counts one more try to log in from an address, to whatever account.
    ///
    /// # Errors
    ///
    /// [`TooMany`]; then nobody's password alone is looked at from there.
    pub fn try_from(&self, from: Option<IpAddr>) -> Result<(), TooMany> {
        let tried = self.tries.check_key(&from.map(place));
        tried.map_err(|until| self.wait(&until))
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
        let knocked = self.address.check_key(&from.map(place));
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
        self.tries.retain_recent();
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
    fn one_address_alone_takes_no_account_away_from_the_others() {
        let limiter = Limiter::default();
        let email = Email::parse("anna@example.org").unwrap();
        let his = "2001:db8::1".parse().ok();
        for _ in 0..10_000 {
            let _ = limiter.guess(&email, his);
        }
        assert!(limiter.guess(&email, "10.0.0.1".parse().ok()).is_ok());
    }

    #[test]
    fn whoever_has_one_address_of_version_6_has_those_behind_it_and_no_others() {
        let of = |text: &str| place(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn whoever_tries_many_accounts_from_one_address_is_held_up() {
        let limiter = Limiter::default();
        let his = "10.0.0.2".parse().ok();
        let held_up = (0..200).filter(|_| limiter.try_from(his).is_err()).count();
        assert!(held_up >= 70, "{held_up}");
        assert!(limiter.try_from("10.0.0.1".parse().ok()).is_ok());
    }

    #[test]
    fn nobody_is_written_to_without_an_end() {
        let limiter = Limiter::default();
        let email = Email::parse("anna@example.org").unwrap();
        assert_eq!((0..20).filter(|_| limiter.may_write(&email)).count(), 5);
    }
}
