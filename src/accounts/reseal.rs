//! Another `accounts.secret`: what is kept sealed with the former one is sealed anew, all of it at once.

use anyhow::ensure;
use domain::account::Deed;
use domain::ports::accounts::{Accounts, Locked, Resealed};
use domain::time::Timestamp;
use serde_json::json;

use super::seal::Seal;
use super::{mailer, second, tokens};

/// So often it is begun again when somebody else changes what is sealed meanwhile.
const TRIES: usize = 5;

/// What became of what is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Keys that sign tokens, sealed anew.
    pub keys: usize,
    /// Second factors.
    pub factors: usize,
    /// Mails that wait.
    pub mails: usize,
    /// What opens with neither secret, and did not before, either: it is left as it is.
    pub shut: usize,
}

impl Tally {
    /// How much was sealed anew.
    #[must_use]
    pub const fn anew(self) -> usize {
        self.keys + self.factors + self.mails
    }
}

const fn used_for(locked: &Locked) -> &'static str {
    match locked {
        Locked::SigningKey(_) => tokens::USE,
        Locked::SecondFactor(_) => second::USE,
        Locked::Mail(_) => mailer::USE,
    }
}

/// Seals anew whatever is sealed with the former secret of `seal`. Done twice it does nothing the second
/// time.
///
/// # Errors
///
/// When a key that signs opens with neither secret, or the store does not answer; then nothing has changed.
pub async fn reseal(accounts: &dyn Accounts, seal: &Seal, now: Timestamp) -> anyhow::Result<Tally> {
    for _ in 0..TRIES {
        let (mut things, mut tally) = (Vec::new(), Tally::default());
        for (locked, former) in accounts.sealed().await? {
            let Ok(anew) = seal.renew(used_for(&locked), &former) else {
                ensure!(
                    !matches!(locked, Locked::SigningKey(_)),
                    "the keys that sign tokens open neither with accounts.secret nor with \
                     accounts.secret_before: set the latter to the secret of before"
                );
                tally.shut += 1;
                continue;
            };
            let Some(anew) = anew else { continue };
            match locked {
                Locked::SigningKey(_) => tally.keys += 1,
                Locked::SecondFactor(_) => tally.factors += 1,
                Locked::Mail(_) => tally.mails += 1,
            }
            things.push(Resealed {
                locked,
                former,
                anew,
            });
        }
        let detail = json!({
            "signing_keys": tally.keys,
            "second_factors": tally.factors,
            "mails": tally.mails,
        });
        let deed = Deed {
            at: now,
            actor: "operator".to_owned(),
            action: "secret.change".to_owned(),
            subject: "accounts.secret".to_owned(),
            detail: detail.to_string(),
        };
        if things.is_empty() || accounts.reseal(&things, &deed).await? {
            return Ok(tally);
        }
    }
    anyhow::bail!(
        "what is sealed is changed again and again: does another node run with the former accounts.secret?"
    )
}
