//! Secrets that are made here: random, long, shown once, and kept as their SHA-256 alone.

use domain::account::SecretDigest;
use rand::Rng as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What a refresh token begins with, so that a scanner of leaked texts knows one.
pub const REFRESH: &str = "ts_refresh_";

/// What a key for a program begins with.
pub const API_KEY: &str = "ts_live_";

/// What the token of a mailed link begins with.
pub const LINK: &str = "ts_link_";

/// A new secret of 256 random bits behind a prefix.
#[must_use]
pub fn fresh(prefix: &str) -> SecretString {
    let mut bits = [0_u8; 32];
    rand::rng().fill_bytes(&mut bits);
    let letters: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    SecretString::from(format!("{prefix}{letters}"))
}

/// What is kept of a secret. Secrets have 256 random bits, so nobody finds one from its digest.
#[must_use]
pub fn digest(secret: &str) -> SecretDigest {
    SecretDigest(Sha256::digest(secret.as_bytes()).into())
}

/// Bytes as letters.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that letters stand for; none where they stand for none.
#[must_use]
pub fn unhex(letters: &str) -> Option<Vec<u8>> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let pair = |pair: &[u8]| {
        let byte = digit(pair[0])? * 16 + digit(pair[1])?;
        u8::try_from(byte).ok()
    };
    let pairs = letters.as_bytes().chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    pairs.map(pair).collect::<Option<_>>().filter(|_| whole)
}

/// A random name that says nothing.
#[must_use]
pub fn opaque() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Recovery codes: 120 bits each, in letters and digits that are not mistaken for each other. A plain
/// digest keeps them as safely as a slow one (ASVS 5.0, 6.5.2).
#[must_use]
pub fn recovery_codes() -> Vec<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let one = || {
        let bits: u128 = rand::random();
        let letter = |nth: u32| {
            let place = (bits >> (5 * nth)) & 31;
            char::from(LETTERS[usize::try_from(place).unwrap_or(0)])
        };
        let part = |nth: u32| (6 * nth..6 * nth + 6).map(letter).collect::<String>();
        [part(0), part(1), part(2), part(3)].join("-")
    };
    (0..10).map(|_| one()).collect()
}

/// A recovery code as it is compared: people leave dashes out and write capitals.
#[must_use]
pub fn recovery_digest(code: &str) -> SecretDigest {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    digest(&format!("recovery:{plain}"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn no_secret_is_made_twice_and_each_is_known_by_its_digest() {
        let (one, other) = (fresh(API_KEY), fresh(API_KEY));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().starts_with("ts_live_"));
        assert_eq!(digest(one.expose_secret()), digest(one.expose_secret()));
    }

    #[test]
    fn letters_stand_for_the_bytes_that_they_were_made_of() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!((unhex("0"), unhex("0g"), unhex("é")), (None, None, None));
    }

    #[test]
    fn a_recovery_code_is_known_again_however_it_is_typed() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), 10);
        assert!(codes.iter().all(|code| code.len() == 27));
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(recovery_digest(&typed), recovery_digest(&codes[0]));
        assert_ne!(recovery_digest(&codes[0]), recovery_digest(&codes[1]));
    }
}
