//! Keys for programs.

use std::time::Duration;

use domain::account::{ApiKey, KeyId, Scope};
use domain::plan::Feature;
use domain::time::Timestamp;
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Desk, Refusal};
use crate::accounts::caller::Caller;
use crate::accounts::secrets;

/// The most keys of an account.
const MOST: usize = 50;

/// The most networks of a key.
const NETWORKS: usize = 20;

/// The longest name of a key.
const LONGEST: usize = 100;

/// The longest time for which a former key goes on beside the new one.
const OVERLAP: Duration = Duration::from_secs(7 * 86_400);

/// How much of a key is shown in lists.
const PREFIX: usize = 14;

/// What a key is to be.
#[derive(Clone, Debug, Default)]
pub struct KeyWish {
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// From which addresses or networks it may come; empty for everywhere.
    pub networks: Vec<String>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

/// A key that was made. It is shown this once.
#[derive(Debug)]
pub struct MadeKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// The key.
    pub secret: SecretString,
}

impl Desk {
    /// The keys of a caller, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, Refusal> {
        let id = caller.account().ok_or(Refusal::Over)?;
        Ok(self.0.accounts.keys(id).await?)
    }

    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] names what cannot be meant.
    pub async fn make_key(&self, caller: &Caller, wish: KeyWish) -> Result<MadeKey, Refusal> {
        let account = self.own(caller).await?;
        let now = self.0.clock.now();
        let known = self.0.accounts.keys(account.id).await?;
        let alive = |key: &&ApiKey| key.expires.is_none_or(|expires| now < expires);
        if known.iter().filter(alive).count() >= MOST {
            let why = format!("an account has at most {MOST} keys; end one first");
            return Err(Refusal::Unfit(why));
        }
        let name = wish.name.trim().to_owned();
        if !(1..=LONGEST).contains(&name.chars().count()) {
            let why = format!("give it a name of 1 to {LONGEST} characters");
            return Err(Refusal::Invalid("name", why));
        }
        if wish.expires.is_some_and(|expires| expires <= now) {
            return Err(Refusal::Invalid(
                "expires",
                "that is over already".to_owned(),
            ));
        }
        let secret = secrets::fresh(secrets::API_KEY);
        let key = ApiKey {
            id: KeyId::from_uuid(secrets::opaque()),
            account: account.id,
            name,
            prefix: secret.expose_secret().chars().take(PREFIX).collect(),
            digest: secrets::digest(secret.expose_secret()),
            scopes: scopes(&wish.scopes)?,
            networks: networks(&wish.networks)?,
            created: now,
            expires: wish.expires,
            used: None,
        };
        self.0.accounts.make_key(&key).await?;
        Ok(MadeKey { key, secret })
    }

    /// Makes a key like another one, which goes on beside it for a while.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`] when it is none of the caller's, or is over.
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        id: KeyId,
        overlap: Duration,
    ) -> Result<MadeKey, Refusal> {
        if overlap > OVERLAP {
            let why = format!("at most {} s", OVERLAP.as_secs());
            return Err(Refusal::Invalid("overlap_s", why));
        }
        let now = self.0.clock.now();
        let keys = self.keys(caller).await?;
        let alive = |key: &&ApiKey| key.expires.is_none_or(|expires| now < expires);
        let former = keys.iter().filter(alive).find(|key| key.id == id);
        let former = former.ok_or(Refusal::Unknown("key"))?.clone();
        let secret = secrets::fresh(secrets::API_KEY);
        let key = ApiKey {
            id: KeyId::from_uuid(secrets::opaque()),
            prefix: secret.expose_secret().chars().take(PREFIX).collect(),
            digest: secrets::digest(secret.expose_secret()),
            created: now,
            used: None,
            ..former.clone()
        };
        self.0.accounts.make_key(&key).await?;
        let accounts = &self.0.accounts;
        accounts
            .end_key(former.account, former.id, now + overlap)
            .await?;
        self.0.door.hear().await;
        Ok(MadeKey { key, secret })
    }

    /// Ends a key at once.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`] when it is none of the caller's, or is over.
    pub async fn end_key(&self, caller: &Caller, id: KeyId) -> Result<(), Refusal> {
        let account = caller.account().ok_or(Refusal::Over)?;
        let now = self.0.clock.now();
        let ended = self.0.accounts.end_key(account, id, now).await?;
        self.0.door.hear().await;
        if ended {
            Ok(())
        } else {
            Err(Refusal::Unknown("key"))
        }
    }

    /// The plan that has keys, for whoever has none.
    #[must_use]
    pub fn plan_with_keys(&self) -> Option<domain::plan::Plan> {
        self.0.door.plan_of(Feature::Keys)
    }
}

fn scopes(asked: &[String]) -> Result<Vec<Scope>, Refusal> {
    let known = || {
        let known: Vec<_> = Scope::ALL.iter().map(|scope| scope.label()).collect();
        format!("use some of {}", known.join(", "))
    };
    let mut scopes = asked
        .iter()
        .map(|it| Scope::from_label(it).ok_or_else(|| Refusal::Invalid("scopes", known())))
        .collect::<Result<Vec<_>, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Refusal::Invalid("scopes", known()));
    }
    Ok(scopes)
}

fn networks(asked: &[String]) -> Result<Vec<String>, Refusal> {
    if asked.len() > NETWORKS {
        return Err(Refusal::Invalid("networks", format!("at most {NETWORKS}")));
    }
    let read = |text: &String| {
        let network = text.parse::<IpNet>().ok();
        let network = network.or_else(|| Some(IpNet::from(text.parse::<std::net::IpAddr>().ok()?)));
        network.map(|it| it.trunc().to_string()).ok_or_else(|| {
            let why = format!(
                "`{text}` is neither an address nor a network; write 203.0.113.7 or 10.0.0.0/8"
            );
            Refusal::Invalid("networks", why)
        })
    };
    asked.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_as_networks() {
        let read = |text: &str| networks(&[text.to_owned()]).map(|it| it.join(" "));
        assert_eq!(read("203.0.113.7").unwrap(), "203.0.113.7/32");
        assert_eq!(read("10.1.2.3/8").unwrap(), "10.0.0.0/8");
        assert!(
            read("10.0.0.0/33")
                .unwrap_err()
                .to_string()
                .contains("10.0.0.0/33")
        );
    }

    #[test]
    fn a_key_may_something_and_only_what_there_is() {
        assert!(scopes(&[]).is_err() && scopes(&["everything".to_owned()]).is_err());
        let twice = ["stream:read".to_owned(), "stream:read".to_owned()];
        assert_eq!(scopes(&twice).unwrap(), [Scope::StreamRead]);
    }
}
