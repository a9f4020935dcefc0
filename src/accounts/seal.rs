//! The seal: what must not be read from a stolen database is encrypted with the platform's own key.
//!
//! AES-256-GCM under a key that is derived (HKDF-SHA-256) from `accounts.secret`, or from a file that
//! is made beside the database at the first start. What is sealed for one use opens for no other.

use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use domain::account::Sealed;
use secrecy::{ExposeSecret as _, SecretString};

use super::secrets;

/// The shortest secret that is taken.
pub const SHORTEST: usize = 32;

/// It was sealed with another key, for another use, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be opened: it was sealed with another `accounts.secret`, or is damaged")]
pub struct Unopened;

/// Seals and opens.
pub struct Seal {
    key: RandomizedNonceKey,
    /// What was sealed with it opens, too.
    former: Option<RandomizedNonceKey>,
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl Seal {
    /// A seal with this secret.
    ///
    /// # Errors
    ///
    /// When the library refuses to derive a key; it has no reason to.
    pub fn new(secret: &SecretString) -> anyhow::Result<Self> {
        let key = derived(secret)?;
        Ok(Self { key, former: None })
    }

    /// Opens what was sealed with this secret, too; nothing is sealed with it any more.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn after(self, former: &SecretString) -> anyhow::Result<Self> {
        let former = Some(derived(former)?);
        Ok(Self { former, ..self })
    }

    /// The secret of a file that only its owner reads, made where there is none.
    ///
    /// # Errors
    ///
    /// When it can be neither read nor made.
    pub fn secret_of(file: &Path) -> anyhow::Result<SecretString> {
        let unusable = || format!("could not use the key at {}", file.display());
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).with_context(unusable)?;
        }
        let fresh = secrets::fresh("");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(file) {
            Ok(mut made) => {
                use std::io::Write as _;
                made.write_all(fresh.expose_secret().as_bytes())
                    .and_then(|()| made.sync_all())
                    .with_context(unusable)?;
                Ok(fresh)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let found = std::fs::read_to_string(file).with_context(unusable)?;
                anyhow::ensure!(
                    found.trim().len() >= SHORTEST,
                    "the key at {} is shorter than {SHORTEST} characters: it was cut off; restore it",
                    file.display()
                );
                Ok(SecretString::from(found.trim().to_owned()))
            }
            Err(error) => Err(error).with_context(unusable),
        }
    }

    /// Seals bytes for one use.
    ///
    /// # Errors
    ///
    /// [`Unopened`] when the library has no randomness.
    pub fn seal(&self, used_for: &str, bytes: &[u8]) -> Result<Sealed, Unopened> {
        let mut sealed = bytes.to_vec();
        let aad = Aad::from(used_for.as_bytes());
        let nonce = self
            .key
            .seal_in_place_append_tag(aad, &mut sealed)
            .map_err(|_| Unopened)?;
        let mut all = nonce.as_ref().to_vec();
        all.append(&mut sealed);
        Ok(Sealed(all))
    }

    /// Opens what was sealed for the same use.
    ///
    /// # Errors
    ///
    /// [`Unopened`].
    pub fn open(&self, used_for: &str, sealed: &Sealed) -> Result<Vec<u8>, Unopened> {
        let keys = std::iter::once(&self.key).chain(&self.former);
        let mut opened = keys.map(|key| opened(key, used_for, sealed));
        opened.find(Result::is_ok).unwrap_or(Err(Unopened))
    }

    /// Seals anew what was sealed with the former secret. `None`: it is sealed with the present one.
    ///
    /// # Errors
    ///
    /// [`Unopened`] when it opens with neither.
    pub fn renew(&self, used_for: &str, sealed: &Sealed) -> Result<Option<Sealed>, Unopened> {
        if opened(&self.key, used_for, sealed).is_ok() {
            return Ok(None);
        }
        let bytes = self.open(used_for, sealed)?;
        self.seal(used_for, &bytes).map(Some)
    }
}

fn derived(secret: &SecretString) -> anyhow::Result<RandomizedNonceKey> {
    let refused = |_| anyhow::anyhow!("no key could be derived from accounts.secret");
    let salt = Salt::new(HKDF_SHA256, b"touchstone/seal/1");
    let prk = salt.extract(secret.expose_secret().as_bytes());
    let mut key = [0_u8; 32];
    prk.expand(&[b"aead"], Bytes32)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(refused)?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(refused)
}

fn opened(key: &RandomizedNonceKey, used_for: &str, sealed: &Sealed) -> Result<Vec<u8>, Unopened> {
    let (nonce, rest) = sealed.0.split_at_checked(NONCE_LEN).ok_or(Unopened)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened)?;
    let mut rest = rest.to_vec();
    let opened = key
        .open_in_place(nonce, Aad::from(used_for.as_bytes()), &mut rest)
        .map_err(|_| Unopened)?;
    Ok(opened.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(secret: &str) -> Seal {
        Seal::new(&SecretString::from(secret.to_owned())).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_use_with_the_same_secret_alone() {
        let secret = "a secret that is long enough for anybody";
        let sealed = seal(secret).seal("totp", b"seed").unwrap();
        assert_eq!(seal(secret).open("totp", &sealed), Ok(b"seed".to_vec()));
        assert_eq!(seal(secret).open("signing", &sealed), Err(Unopened));
        assert_eq!(seal("another secret").open("totp", &sealed), Err(Unopened));
        let mut torn = sealed;
        torn.0.pop();
        assert_eq!(seal(secret).open("totp", &torn), Err(Unopened));
        assert_eq!(seal(secret).open("totp", &Sealed(vec![1])), Err(Unopened));
    }

    #[test]
    fn what_was_sealed_with_the_former_secret_opens_and_is_sealed_anew_with_the_present_one() {
        let (before, now) = (
            "the secret of long ago, and long enough",
            "the secret of these days, long enough",
        );
        let old = seal(before).seal("totp", b"seed").unwrap();
        let both = seal(now).after(&SecretString::from(before)).unwrap();
        assert_eq!(both.open("totp", &old), Ok(b"seed".to_vec()));
        assert_eq!(both.renew("signing", &old), Err(Unopened));
        let renewed = both.renew("totp", &old).unwrap().unwrap();
        assert_eq!(seal(now).open("totp", &renewed), Ok(b"seed".to_vec()));
        assert_eq!(seal(before).open("totp", &renewed), Err(Unopened));
        // Done twice it does nothing the second time, and nothing is sealed with the former one.
        assert_eq!(both.renew("totp", &renewed), Ok(None));
        let sealed = both.seal("totp", b"seed").unwrap();
        assert_eq!(seal(now).open("totp", &sealed), Ok(b"seed".to_vec()));
        assert_eq!(seal(now).renew("totp", &old), Err(Unopened));
    }

    #[test]
    fn the_key_beside_the_database_is_made_once_and_read_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/secret.key");
        let first = Seal::secret_of(&file).unwrap();
        let again = Seal::secret_of(&file).unwrap();
        assert_eq!(first.expose_secret(), again.expose_secret());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&file, "cut").unwrap();
        assert!(
            Seal::secret_of(&file)
                .unwrap_err()
                .to_string()
                .contains("cut off")
        );
    }
}
