//! The table of a channel: where its posts come from.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use domain::ids::ChannelId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::{ConfigError, from_environment, wrong};

pub mod strategy;

use crate::sources::{rss, telegram_bot};

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
    /// A Telegram channel that a bot is a member of.
    TelegramBot {
        /// The bot's, as @BotFather shows it.
        token: SecretString,
        /// `@name`, or the number of a private channel.
        #[serde(deserialize_with = "from_environment::text")]
        chat: String,
        /// Where bots are served.
        #[serde(default = "telegram_bot::address")]
        base_url: Url,
    },
    /// A program that calls from a venue's candles.
    Strategy(Box<strategy::Watch>),
    /// A folder that somebody else writes to.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// The longest time between two looks, in seconds.
        #[serde(default = "ten", deserialize_with = "from_environment::number")]
        rescan_s: u64,
    },
}

const fn ten() -> u64 {
    10
}

pub(crate) const fn fifteen() -> u64 {
    15
}

pub(crate) const fn three_hundred() -> u64 {
    300
}

pub(crate) fn telegram() -> Url {
    #[expect(clippy::expect_used, reason = "a constant that a test parses")]
    Url::parse("https://t.me").expect("a valid address")
}

impl Channel {
    /// Refuses what is readable and cannot be meant. `name` is the channel's, `key` its table.
    pub(crate) fn check(&self, name: &str, key: &str) -> Result<(), ConfigError> {
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
                within(*interval_s, 5, 3600, &format!("{key}.interval_s"), "use 15")
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
                if !url.username().is_empty() || url.password().is_some() {
                    // An address stands in logs and on the API.
                    let why = "a password in an address would not be kept secret";
                    let remedy = "give an address that needs none";
                    return Err(wrong(&format!("{key}.url"), why, remedy));
                }
                let politely = rss::POLITE.as_secs();
                within(
                    *interval_s,
                    politely,
                    86_400,
                    &format!("{key}.interval_s"),
                    "use 300",
                )
            }
            Self::Folder { path, .. } if path.as_os_str().is_empty() => Err(wrong(
                &format!("{key}.path"),
                "it is empty",
                "give the folder that is to be watched",
            )),
            Self::Folder { rescan_s, .. } => {
                within(*rescan_s, 1, 3600, &format!("{key}.rescan_s"), "use 10")
            }
            Self::Strategy(watch) => watch.check(key),
            Self::TelegramBot { token, chat, .. } => {
                telegram_bot::Chat::parse(chat).map_err(|bad| {
                    let remedy = "the bot must be an administrator of the channel";
                    wrong(&format!("{key}.chat"), &bad.to_string(), remedy)
                })?;
                if looks_like_a_token(token.expose_secret()) {
                    return Ok(());
                }
                Err(wrong(
                    &format!("{key}.token"),
                    "it does not look like a bot's token (digits, `:`, letters)",
                    "copy the one that @BotFather shows",
                ))
            }
        }
    }

    /// Refuses channels that would take each other's posts away.
    pub(super) fn check_together(channels: &BTreeMap<String, Self>) -> Result<(), ConfigError> {
        let mut read = HashMap::new();
        for (name, channel) in channels {
            let Self::TelegramBot { token, chat, .. } = channel else {
                continue;
            };
            let what = (token.expose_secret(), chat.to_ascii_lowercase());
            if let Some(other) = read.insert(what, name) {
                return Err(wrong(
                    &format!("channels.{name}.chat"),
                    &format!("channels.{other} reads the same chat with the same bot"),
                    "remove one of the two",
                ));
            }
        }
        Ok(())
    }
}

/// `123456789:AA…`.
fn looks_like_a_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(number, secret)| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        digits && !number.is_empty() && secret.len() >= 30 && secret.bytes().all(letters)
    })
}

fn within(seconds: u64, least: u64, most: u64, key: &str, remedy: &str) -> Result<(), ConfigError> {
    if (least..=most).contains(&seconds) {
        return Ok(());
    }
    Err(wrong(
        key,
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
    fn a_bot_needs_a_token_and_a_chat_and_its_token_is_not_told() {
        let said = refusal("source = 'telegram_bot'\ntoken = 'hush-hush'\nchat = '@whales'");
        assert!(
            said.contains("channels.name.token") && !said.contains("hush"),
            "{said}"
        );
        let said = refusal("source = 'telegram_bot'\ntoken = 'hush-hush'\nchat = 'whales'");
        assert!(
            said.contains("channels.name.chat") && said.contains("@name"),
            "{said}"
        );
    }

    #[test]
    fn a_chat_is_read_by_one_channel_of_a_bot() {
        let bot = || Channel::TelegramBot {
            token: SecretString::from("1:a"),
            chat: "@Whales".to_owned(),
            base_url: telegram_bot::address(),
        };
        let both = BTreeMap::from([("a".to_owned(), bot()), ("b".to_owned(), bot())]);
        let said = Channel::check_together(&both).unwrap_err().to_string();
        assert!(
            said.contains("channels.b.chat") && said.contains("channels.a"),
            "{said}"
        );
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
