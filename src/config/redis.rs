//! The table of Redis: where bots read events without asking.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{ConfigError, wrong};
use crate::bus;

/// A year: what is older is read in the store.
const LONGEST_S: u64 = 31_536_000;

/// Where bots read events without asking.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// The server; empty where there is none.
    pub url: SecretString,
    /// How long events stay there, in seconds.
    pub keep_s: u64,
}

impl Redis {
    /// Whether there is one.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.url.expose_secret().is_empty()
    }

    /// Refuses what is readable and cannot be meant.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.is_wanted()
            && let Err(why) = bus::redis::read_url(&self.url)
        {
            let remedy = "write redis://user:password@host:6379/0, and what is special in the password as %XX";
            return Err(wrong("redis.url", &why, remedy));
        }
        if !(1..=LONGEST_S).contains(&self.keep_s) {
            let why = format!("it must lie between 1 and {LONGEST_S}");
            return Err(wrong("redis.keep_s", &why, "use 86400"));
        }
        Ok(())
    }
}
