//! The second factor: codes of an authenticator (TOTP, RFC 6238), each taken once.

use std::time::Duration;

use domain::account::Email;
use domain::time::Timestamp;
use rand::Rng as _;
use totp_rs::{Builder, Totp};

/// Whose codes they are, as authenticators show it.
const ISSUER: &str = "Touchstone";

/// What secrets are sealed for.
pub const USE: &str = "second-factor";

/// How long a code holds.
const STEP: Duration = Duration::from_secs(30);

/// A new secret of 160 random bits.
#[must_use]
pub fn fresh() -> [u8; 20] {
    let mut bits = [0_u8; 20];
    rand::rng().fill_bytes(&mut bits);
    bits
}

fn totp(secret: &[u8], email: &Email) -> Option<Totp> {
    // A colon ends the issuer's name in the address; no address of mail has one.
    Builder::new()
        .with_secret(secret.to_vec())
        .with_step_duration(STEP.as_secs())
        .with_account_name(email.as_str())
        .with_issuer(Some(ISSUER))
        .build()
        .ok()
}

/// What an authenticator is given: the secret in base32, and the `otpauth://` address.
#[must_use]
pub fn shown(secret: &[u8], email: &Email) -> Option<(String, String)> {
    let totp = totp(secret, email)?;
    Some((totp.secret().to_base32(), totp.to_url().ok()?))
}

/// Whether it looks like a code of an authenticator: six digits, and spaces as people write them.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || c == ' ';
    text.chars().all(plain) && text.chars().filter(char::is_ascii_digit).count() == 6
}

/// The time step whose code this is, of those that are near.
#[must_use]
pub fn step_of(secret: &[u8], email: &Email, code: &str, now: Timestamp) -> Option<i64> {
    if !is_code(code) {
        return None;
    }
    let code = code.replace(' ', "");
    let seconds = u64::try_from(now.as_millis() / 1_000).ok()?;
    let step = totp(secret, email)?.check(&code, seconds)?;
    i64::try_from(step).ok()
}

/// The code of a moment, for tests and for people who write clients.
#[must_use]
pub fn code_at(secret: &[u8], email: &Email, now: Timestamp) -> Option<String> {
    let seconds = u64::try_from(now.as_millis() / 1_000).ok()?;
    Some(totp(secret, email)?.generate(seconds).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_its_step_a_moment_early_or_late_and_not_later() {
        let email = Email::parse("anna@example.org").unwrap();
        let secret = fresh();
        let now = Timestamp::from_millis(1_700_000_000_000);
        let code = code_at(&secret, &email, now).unwrap();
        let step = step_of(&secret, &email, &code, now).unwrap();
        assert_eq!(step_of(&secret, &email, &code, now + STEP), Some(step));
        assert_eq!(step_of(&secret, &email, &code, now + 3 * STEP), None);
        assert_eq!(step_of(&fresh(), &email, &code, now), None);
        for bad in ["", "12345", "abcdef", "1234567"] {
            assert_eq!(step_of(&secret, &email, bad, now), None, "{bad}");
        }
        let (base32, address) = shown(&secret, &email).unwrap();
        assert!(address.starts_with("otpauth://totp/") && address.contains(&base32));
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1: the last six of its eight digits.
        let email = Email::parse("anna@example.org").unwrap();
        let code = |seconds: i64| {
            code_at(
                b"12345678901234567890",
                &email,
                Timestamp::from_millis(seconds * 1_000),
            )
        };
        assert_eq!(code(59).as_deref(), Some("287082"));
        assert_eq!(code(1_111_111_109).as_deref(), Some("081804"));
    }
}
