//! The table of a channel: where its posts come from.

use domain::ids::ChannelId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::{ConfigError, from_environment, wrong};
use crate::sources::rss;

/// The shortest key that a webhook may have.
const SHORTEST_KEY: usize = 16;

/// A channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum Channel {
    /// A public Telegram channel, read from its preview.
    Telegram {
        /// Its name there.
        name: String,
        /// How often to look, in seconds.
        #[serde(default = "fifteen", deserialize_with = "from_environment::number")]
        interval_s: u64,
        /// Where its preview is.
        #[serde(default = "telegram")]
        base_url: Url,
    },
    /// Whoever posts to `/v1/ingest/{channel}`.
    Webhook {
        /// What he must show.
        key: SecretString,
    },
    /// A feed: RSS, Atom or JSON Feed.
    Rss {
        /// Where it is.
        url: Url,
        /// How often to look, in seconds.
        #[serde(
            default = "three_hundred",
            deserialize_with = "from_environment::number"
        )]
        interval_s: u64,
        /// Whether its address may be one of the operator's own network.
        #[serde(default, deserialize_with = "from_environment::flag")]
        private_network: bool,
    },
}

const fn fifteen() -> u64 {
    15
}

const fn three_hundred() -> u64 {
    300
}

fn telegram() -> Url {
    #[expect(clippy::expect_used, reason = "a constant that a test parses")]
    Url::parse("https://t.me").expect("a valid address")
}

impl Channel {
    /// Refuses what is readable and cannot be meant. `name` is the channel's, `key` its table.
    pub(super) fn check(&self, name: &str, key: &str) -> Result<(), ConfigError> {
        ChannelId::parse(name)
            .map_err(|error| wrong(key, &error.to_string(), "rename the table"))?;
        match self {
            Self::Telegram {
                name, interval_s, ..
            } => {
                let fits = (5..=32).contains(&name.len())
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if !fits {
                    let why = format!("`{name}` is no public Telegram name");
                    return Err(wrong(
                        &format!("{key}.name"),
                        &why,
                        "give the NAME of https://t.me/NAME: 5 to 32 letters, digits and `_`",
                    ));
                }
                within(*interval_s, 5, 3600, key, "use 15")
            }
            Self::Webhook { key: secret } if secret.expose_secret().len() < SHORTEST_KEY => {
                let why = format!("a key needs at least {SHORTEST_KEY} characters");
                Err(wrong(
                    &format!("{key}.key"),
                    &why,
                    "make one, for example with `openssl rand -hex 24`",
                ))
            }
            Self::Webhook { .. } => Ok(()),
            Self::Rss {
                url, interval_s, ..
            } => {
                if !matches!(url.scheme(), "http" | "https") {
                    let why = format!("a feed is read over http or https, not `{}`", url.scheme());
                    return Err(wrong(&format!("{key}.url"), &why, "give its web address"));
                }
                let politely = rss::POLITE.as_secs();
                within(*interval_s, politely, 86_400, key, "use 300")
            }
        }
    }
}

fn within(
    interval_s: u64,
    least: u64,
    most: u64,
    key: &str,
    remedy: &str,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&interval_s) {
        return Ok(());
    }
    Err(wrong(
        &format!("{key}.interval_s"),
        &format!("it must lie between {least} and {most}"),
        remedy,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(toml: &str) -> String {
        let parsed = config::Config::builder()
            .add_source(config::File::from_str(toml, config::FileFormat::Toml))
            .build()
            .unwrap();
        let channel: Channel = parsed.try_deserialize().unwrap();
        let refused = channel.check("name", "channels.name");
        refused.unwrap_err().to_string()
    }

    #[test]
    fn the_default_address_of_telegram_is_one() {
        assert_eq!(telegram().as_str(), "https://t.me/");
    }

    #[test]
    fn a_feed_is_not_asked_more_often_than_is_polite() {
        let said = refusal("source = 'rss'\nurl = 'https://a.example/feed'\ninterval_s = 5");
        assert!(
            said.contains("channels.name.interval_s") && said.contains("60"),
            "{said}"
        );
        let said = refusal("source = 'rss'\nurl = 'file:///etc/passwd'");
        assert!(said.contains("channels.name.url"), "{said}");
    }
}
