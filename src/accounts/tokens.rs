//! Access tokens: what a request shows, signed (EdDSA) and good for ten minutes.
//!
//! Whatever the library leaves off by default is on here: audience, issuer, and every claim that is
//! looked at must be there. The times are held against the platform's clock, without leeway. The
//! algorithm is this one alone, whatever the token says of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::account::{AccountId, SessionId};
use domain::ports::Clock;
use domain::ports::accounts::{Accounts, SigningKey};
use domain::time::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::seal::Seal;
use super::secrets;

/// How long a token holds.
pub const HOLDS: Duration = Duration::from_secs(600);

/// How long a key is believed after the next one has begun to sign: until its last token is too old, also
/// where a node hears late of the next one.
pub const LINGERS: Duration = Duration::from_secs(1_200);

/// How long a key signs before the next one does.
pub const SIGNS: Duration = Duration::from_secs(30 * 86_400);

/// Who signs.
const ISSUER: &str = "touchstone";

/// Whom tokens are for.
const AUDIENCE: &str = "touchstone-api";

/// What private halves are sealed for.
pub const USE: &str = "signing-key";

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Whom a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whose it is.
    pub account: AccountId,
    /// On which device.
    pub session: SessionId,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// It held once.
    #[error("the access token is too old; refresh it")]
    Expired,
    /// It was not made here, for this use, by a key that still counts, or was changed.
    #[error("the access token is none of this platform's")]
    Foreign,
}

struct Key {
    believes: DecodingKey,
    retires: Option<Timestamp>,
}

struct Ring {
    kid: String,
    made: Timestamp,
    signs: EncodingKey,
    keys: BTreeMap<String, Key>,
    published: String,
}

/// Makes tokens and reads them.
pub struct Tokens {
    accounts: Arc<dyn Accounts>,
    seal: Arc<Seal>,
    clock: Arc<dyn Clock>,
    ring: RwLock<Arc<Ring>>,
}

impl Tokens {
    /// Reads the keys, and makes the first where there is none.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or the keys were sealed with another secret.
    pub async fn open(
        accounts: Arc<dyn Accounts>,
        seal: Arc<Seal>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mut kept = accounts.signing_keys().await?;
        if kept.is_empty() {
            let first = fresh(&seal, clock.now())?;
            // Another node may be faster; then its key is the first.
            accounts.add_signing_key(&first, None, clock.now()).await?;
            kept = accounts.signing_keys().await?;
        }
        let ring = RwLock::new(Arc::new(ring(&kept, &seal, clock.now())?));
        Ok(Self {
            accounts,
            seal,
            clock,
            ring,
        })
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again, and makes a new one when the newest has signed long enough.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; then the former keys hold.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let newest = self.ring();
        if now.since(newest.made) >= SIGNS {
            self.rotate(&newest.kid, LINGERS).await?;
        }
        let kept = self.accounts.signing_keys().await?;
        let ring = Arc::new(ring(&kept, &self.seal, now)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    /// Lets a new key sign in the place of `newest`, and gives its name. What the former ones signed is
    /// believed for so long at most. `None`: somebody else was faster.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn rotate(&self, newest: &str, lingers: Duration) -> anyhow::Result<Option<String>> {
        let now = self.clock.now();
        let next = fresh(&self.seal, now)?;
        let retire = now + lingers;
        let rotated = self
            .accounts
            .add_signing_key(&next, Some(newest), retire)
            .await?;
        Ok(rotated.then_some(next.kid))
    }

    /// The key that signs now.
    #[must_use]
    pub fn newest(&self) -> String {
        self.ring().kid.clone()
    }

    /// The public halves, as anybody may read them (RFC 7517).
    #[must_use]
    pub fn published(&self) -> String {
        self.ring().published.clone()
    }

    /// A token for a device, and until when it holds.
    ///
    /// # Errors
    ///
    /// When the library refuses to sign; it has no reason to.
    pub fn issue(&self, named: Named) -> anyhow::Result<(String, Timestamp)> {
        let ring = self.ring();
        let now = self.clock.now();
        let seconds = now.as_millis().div_euclid(1_000);
        let holds = i64::try_from(HOLDS.as_secs())?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: named.account.to_string(),
            sid: named.session.to_string(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + holds,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(ring.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &ring.signs)?;
        Ok((token, Timestamp::from_millis(claims.exp * 1_000)))
    }

    /// Whom a token names.
    ///
    /// # Errors
    ///
    /// [`Unbelieved`].
    pub fn read(&self, token: &str) -> Result<Named, Unbelieved> {
        let ring = self.ring();
        let now = self.clock.now();
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unbelieved::Foreign)?;
        let key = header.kid.and_then(|kid| ring.keys.get(&kid));
        let key = key.ok_or(Unbelieved::Foreign)?;
        if key.retires.is_some_and(|retires| retires <= now) {
            return Err(Unbelieved::Foreign);
        }
        let mut wanted = Validation::new(Algorithm::EdDSA);
        wanted.set_issuer(&[ISSUER]);
        wanted.set_audience(&[AUDIENCE]);
        wanted.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // The library knows the time on the wall alone; `hold` knows the platform's.
        wanted.validate_exp = false;
        wanted.validate_nbf = false;
        let read = jsonwebtoken::decode::<Claims>(token, &key.believes, &wanted);
        let claims = read.map_err(|_| Unbelieved::Foreign)?.claims;
        hold(&claims, now)?;
        let account = AccountId::parse(&claims.sub).ok_or(Unbelieved::Foreign)?;
        let session = SessionId::parse(&claims.sid).ok_or(Unbelieved::Foreign)?;
        Ok(Named { account, session })
    }
}

/// Holds the times of a token against the clock.
fn hold(claims: &Claims, now: Timestamp) -> Result<(), Unbelieved> {
    let now = now.as_millis().div_euclid(1_000);
    let longest = i64::try_from(HOLDS.as_secs()).unwrap_or(i64::MAX);
    if claims.nbf > now || claims.iat > now || claims.exp > claims.iat.saturating_add(longest) {
        return Err(Unbelieved::Foreign);
    }
    if claims.exp <= now {
        return Err(Unbelieved::Expired);
    }
    Ok(())
}

fn fresh(seal: &Seal, now: Timestamp) -> anyhow::Result<SigningKey> {
    let refused = |what: &'static str| anyhow::anyhow!("a signing key could not be {what}");
    let pair = Ed25519KeyPair::generate().map_err(|_| refused("made"))?;
    let private = pair.to_pkcs8v1().map_err(|_| refused("written"))?;
    Ok(SigningKey {
        kid: secrets::opaque().simple().to_string(),
        private: seal.seal(USE, private.as_ref())?,
        public: pair.public_key().as_ref().to_vec(),
        made: now,
        retires: None,
    })
}

/// Whether a key was sealed with this secret.
#[must_use]
pub fn opens(seal: &Seal, key: &SigningKey) -> bool {
    seal.open(USE, &key.private).is_ok()
}

fn ring(kept: &[SigningKey], seal: &Seal, now: Timestamp) -> anyhow::Result<Ring> {
    let newest = kept
        .last()
        .ok_or_else(|| anyhow::anyhow!("there is no key that signs tokens"))?;
    let signs = EncodingKey::from_ed_der(&seal.open(USE, &newest.private)?);
    let mut keys = BTreeMap::new();
    let mut published = JwkSet { keys: Vec::new() };
    let counts = |key: &&SigningKey| key.retires.is_none_or(|retires| now < retires);
    for key in kept.iter().filter(counts) {
        let believes = DecodingKey::from_ed_der(&key.public);
        let mut shown = Jwk::from_decoding_key(&believes, Some(Algorithm::EdDSA))?;
        shown.common.key_id = Some(key.kid.clone());
        published.keys.push(shown);
        let retires = key.retires;
        keys.insert(key.kid.clone(), Key { believes, retires });
    }
    Ok(Ring {
        kid: newest.kid.clone(),
        made: newest.made,
        signs,
        keys,
        published: serde_json::to_string(&published)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(iat: i64, nbf: i64, exp: i64) -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: String::new(),
            sid: String::new(),
            iat,
            nbf,
            exp,
        }
    }

    #[test]
    fn a_token_holds_from_its_moment_on_and_not_a_second_too_long() {
        let now = Timestamp::from_millis(1_000_000);
        assert_eq!(hold(&claims(1_000, 1_000, 1_600), now), Ok(()));
        assert_eq!(
            hold(&claims(400, 400, 1_000), now),
            Err(Unbelieved::Expired)
        );
        assert_eq!(
            hold(&claims(1_001, 1_000, 1_600), now),
            Err(Unbelieved::Foreign)
        );
        assert_eq!(
            hold(&claims(1_000, 1_001, 1_600), now),
            Err(Unbelieved::Foreign)
        );
        assert_eq!(
            hold(&claims(1_000, 1_000, 1_601), now),
            Err(Unbelieved::Foreign)
        );
    }
}
