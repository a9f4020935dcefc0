//! Passwords: argon2id, and which ones are too easily guessed.
//!
//! Hashing is slow on purpose, so it runs beside the threads that answer, and only so many at once:
//! a crowd at the door waits there and does not take the memory of the house.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::account::{Email, PasswordHash};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// How many are hashed at once.
const AT_ONCE: usize = 2;

/// How many may wait; more are asked to come back.
const WAITING: usize = 64;

/// The shortest that is taken (NIST SP 800-63B, section 3.1.1.2, with a second factor on offer).
const SHORTEST: usize = 10;

/// The longest; argon2 takes any length, and the hash of a novel is a gift to whoever sends it.
const LONGEST: usize = 256;

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short or too long.
    #[error("use {SHORTEST} to {LONGEST} characters")]
    Length,
    /// Among the most common ones, or made of the account's own words.
    #[error("it is too easily guessed: {0}")]
    Guessed(String),
}

/// Why nothing was hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unhashed {
    /// Too many are at it.
    #[error("too many log in at this moment")]
    Crowded,
    /// The library refuses; the log says why.
    #[error("the password could not be hashed: {0}")]
    Refused(String),
}

/// Hashes and verifies.
#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
    /// The hash of a password that nobody has: what is verified where there is no account, so that
    /// the answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// With a cost: memory in KiB, passes and lanes.
    ///
    /// # Errors
    ///
    /// [`Unhashed::Refused`] when argon2 does not take the cost.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Unhashed> {
        let refused = |error: &dyn std::fmt::Display| Unhashed::Refused(error.to_string());
        let params =
            Params::new(memory_kib, passes, lanes, None).map_err(|error| refused(&error))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody: Phc = argon
            .hash_password(super::secrets::fresh("").expose_secret().as_bytes())
            .map_err(|error| refused(&error))?;
        Ok(Self {
            argon,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            line: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            nobody: nobody.to_string().into(),
        })
    }

    /// Hashes a password.
    ///
    /// # Errors
    ///
    /// [`Unhashed`].
    pub async fn hash(&self, password: &SecretString) -> Result<PasswordHash, Unhashed> {
        let (argon, password) = (self.argon.clone(), password.clone());
        self.apart(move || {
            let hashed: Phc = argon
                .hash_password(password.expose_secret().as_bytes())
                .map_err(|error| Unhashed::Refused(error.to_string()))?;
            Ok(PasswordHash(hashed.to_string()))
        })
        .await
    }

    /// Whether it is the password. Without a hash it takes as long and is wrong.
    ///
    /// # Errors
    ///
    /// [`Unhashed`].
    pub async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, Unhashed> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| self.nobody.to_string(), |hash| hash.0.clone());
        let (argon, password) = (self.argon.clone(), password.clone());
        self.apart(move || {
            let hash = Phc::new(&hash).map_err(|error| Unhashed::Refused(error.to_string()))?;
            let right = argon.verify_password(password.expose_secret().as_bytes(), &hash);
            Ok(right.is_ok() && known)
        })
        .await
    }

    /// Whether a hash was made at another cost, and should be made anew when the password is there.
    #[must_use]
    pub fn is_dated(&self, hash: &PasswordHash) -> bool {
        let params = Phc::new(&hash.0).ok().and_then(|hash| {
            let same = hash.algorithm == Algorithm::Argon2id.ident();
            same.then(|| Params::try_from(&hash).ok()).flatten()
        });
        let ours = self.argon.params();
        params.is_none_or(|it| {
            (it.m_cost(), it.t_cost(), it.p_cost()) != (ours.m_cost(), ours.t_cost(), ours.p_cost())
        })
    }

    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unhashed> + Send + 'static,
    ) -> Result<T, Unhashed> {
        let _place = self.line.try_acquire().map_err(|_| Unhashed::Crowded)?;
        let _turn = self.turns.acquire().await.map_err(|_| Unhashed::Crowded)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Unhashed::Refused(error.to_string()))?
    }
}

/// Whether a new password is hard enough to guess: it is held against the most common passwords,
/// names and words, patterns of the keyboard, dates, and the account's own address.
///
/// # Errors
///
/// [`Weak`] says why not.
pub fn strong_enough(password: &SecretString, email: &Email) -> Result<(), Weak> {
    let text = password.expose_secret();
    if !(SHORTEST..=LONGEST).contains(&text.chars().count()) {
        return Err(Weak::Length);
    }
    let name = email.as_str().split('@').next().unwrap_or_default();
    let estimate = zxcvbn::zxcvbn(text, &[email.as_str(), name, "touchstone"]);
    if estimate.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(|feedback| Some(feedback.warning()?.to_string()));
    let advice = feedback.and_then(|feedback| Some(feedback.suggestions().first()?.to_string()));
    let said: Vec<_> = warning.into_iter().chain(advice).collect();
    Err(Weak::Guessed(if said.is_empty() {
        "use a few more words".to_owned()
    } else {
        said.join(" ")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new(64, 1, 1).unwrap();
        let hash = passwords
            .hash(&secret("correct horse battery"))
            .await
            .unwrap();
        assert!(hash.0.starts_with("$argon2id$"));
        let verify = async |text: &str, hash: Option<&PasswordHash>| {
            passwords.verify(&secret(text), hash).await.unwrap()
        };
        assert!(verify("correct horse battery", Some(&hash)).await);
        assert!(!verify("correct horse", Some(&hash)).await);
        assert!(!verify("correct horse battery", None).await);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_to_be_made_anew() {
        let (old, new) = (
            Passwords::new(64, 1, 1).unwrap(),
            Passwords::new(128, 1, 1).unwrap(),
        );
        let hash = old.hash(&secret("correct horse battery")).await.unwrap();
        assert!(!old.is_dated(&hash) && new.is_dated(&hash));
        assert!(
            new.verify(&secret("correct horse battery"), Some(&hash))
                .await
                .unwrap()
        );
        assert!(new.is_dated(&PasswordHash("nonsense".into())));
    }

    #[test]
    fn what_everybody_uses_is_refused_and_a_few_words_are_not() {
        let email = Email::parse("anna.lindqvist@example.org").unwrap();
        for weak in [
            "short",
            "password123",
            "qwertyuiop",
            "1234567890",
            "iloveyou12",
            "anna.lindqvist",
            "letmein2024",
            "touchstone1",
        ] {
            assert!(strong_enough(&secret(weak), &email).is_err(), "{weak}");
        }
        assert_eq!(
            strong_enough(&secret(&"x".repeat(257)), &email),
            Err(Weak::Length)
        );
        assert_eq!(
            strong_enough(&secret("otter kettle marzipan"), &email),
            Ok(())
        );
    }
}
