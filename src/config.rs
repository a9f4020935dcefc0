//! The configuration: embedded defaults, then a file, then the environment.
//!
//! The only place that reads the environment. What it lets through has been checked; what it
//! refuses, it refuses with the key and the remedy.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::store::{self, Kept};

pub mod accounts;
pub mod channel;
mod from_environment;
mod monitoring;
mod redis;
mod venue;

pub use accounts::{Accounts, Mail, Payments, PlanTable};
pub use channel::Channel;
pub use channel::strategy::Watch;
pub use monitoring::Monitoring;
pub use redis::Redis;
pub use venue::{JudgeBy, Venue, VenueKind};

/// The schema of a server that holds what the simulator made.
const SIMULATED: &str = "simulator";

/// The file at the root of the repository is the documentation of every key and their defaults.
const DEFAULTS: &str = include_str!("../config.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The edge.
    pub http: Http,
    /// What is kept.
    pub store: Store,
    /// Who somebody is.
    pub accounts: Accounts,
    /// How mails go out.
    pub mail: Mail,
    /// Who takes the money.
    pub payments: Payments,
    /// What may be seen, and what it costs.
    pub plans: BTreeMap<String, PlanTable>,
    /// The built-in exchange and channels.
    pub simulator: Simulator,
    /// What is said.
    pub log: Log,
    /// Who may look without an account, and where traces go.
    pub monitoring: Monitoring,
    /// What dashboards and bots connect to.
    pub stream: Stream,
    /// How signals are scored.
    pub scoring: Scoring,
    /// Where bots read events without asking.
    pub redis: Redis,
    /// Whose prices judge.
    pub venues: BTreeMap<String, Venue>,
    /// Who posts.
    pub channels: BTreeMap<String, Channel>,
}

/// The edge.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Web origins, besides its own, whose pages may talk to this server.
    #[serde(deserialize_with = "from_environment::list")]
    pub allowed_origins: Vec<String>,
    /// Networks of the proxies whose word counts for where a request comes from.
    #[serde(deserialize_with = "from_environment::list")]
    pub trusted_proxies: Vec<String>,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// How long open sessions have at a stop, in milliseconds.
    pub drain_ms: u64,
}

impl Http {
    /// The networks of the proxies whose word counts.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names what is no network.
    pub fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let read = |text: &String| {
            let network = text.parse::<IpNet>().ok();
            let network = network.or_else(|| Some(text.parse::<IpAddr>().ok()?.into()));
            network.ok_or_else(|| {
                let why = format!("`{text}` is neither an address nor a network");
                wrong("http.trusted_proxies", &why, "write 10.0.0.0/8")
            })
        };
        self.trusted_proxies.iter().map(read).collect()
    }
}

/// What is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// PostgreSQL in the place of the file; empty for the file. It carries a password.
    pub url: SecretString,
    /// What a commit to the file survives.
    #[serde(deserialize_with = "from_environment::word")]
    pub durability: Durability,
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum Durability {
    /// A power cut.
    Full,
    /// The end of the process.
    Normal,
}

/// The built-in exchange and channels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulator {
    /// Whether it runs.
    pub enabled: bool,
    /// The same seed makes the same market and the same posts.
    pub seed: u64,
    /// How fast its channels post.
    pub pace: f64,
    /// The database file of simulated records.
    pub path: PathBuf,
    /// Where the simulator writes what is really so, for tests.
    pub truth_dir: Option<PathBuf>,
}

/// How signals are scored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// The folder of the models.
    pub models: PathBuf,
    /// Which of them speaks for the simulator's signals, until another wins.
    pub simulator: String,
    /// Which of them speaks for real signals, until another wins.
    pub real: String,
    /// The folder of the models that the platform trains by itself.
    pub trained: PathBuf,
    /// So many outcomes must be new for another to be trained; nought for never.
    pub retrain_after: u64,
    /// How often it is looked who has won and whether enough is new, in seconds.
    pub round_s: u64,
}

/// What is said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    #[serde(deserialize_with = "from_environment::word")]
    pub format: LogFormat,
    /// Which messages.
    pub filter: String,
}

/// How messages look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What dashboards and bots connect to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// How often a quiet subscription is told its position, in seconds.
    pub heartbeat_s: u64,
    /// The most connections at once.
    pub connections: usize,
}

/// Lets an enum be read from its words, and a wrong word be told the right ones.
macro_rules! words {
    ($kind:ident { $($word:literal => $variant:ident),+ $(,)? }) => {
        impl TryFrom<String> for $kind {
            type Error = String;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!("`{other}` is none of them; use {}", [$($word),+].join(" or "))),
                }
            }
        }
    };
}

pub(crate) use words;

words!(Durability { "full" => Full, "normal" => Normal });
words!(LogFormat { "text" => Text, "json" => Json });

/// A configuration that is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read or has an unknown or wrong key.
    #[error("the configuration is refused at `{key}`: {why}")]
    Unreadable {
        /// Which key.
        key: String,
        /// Why.
        why: String,
    },
    /// A value that cannot be meant.
    #[error("the configuration is refused at `{key}`: {why}; {remedy}")]
    Wrong {
        /// Which key.
        key: String,
        /// Why.
        why: String,
        /// What to do.
        remedy: String,
    },
}

/// What the environment says.
fn environment() -> config::Environment {
    config::Environment::with_prefix("TOUCHSTONE")
        .prefix_separator("__")
        .separator("__")
}

/// The defaults, overlaid by a file and the environment; nothing is checked yet.
fn overlaid(
    file: Option<&Path>,
    environment: config::Environment,
) -> Result<config::Config, config::ConfigError> {
    let defaults = config::File::from_str(DEFAULTS, config::FileFormat::Toml);
    let mut builder = config::Config::builder().add_source(defaults);
    if let Some(file) = file {
        let file = config::File::from(file).format(config::FileFormat::Toml);
        builder = builder.add_source(file);
    }
    builder.add_source(environment).build()
}

impl LogFormat {
    /// How messages are to look, also where the rest of the configuration is refused: as the environment
    /// says where its file cannot be read at all.
    #[must_use]
    pub fn wanted(file: Option<&Path>) -> Self {
        let read = overlaid(file, environment()).or_else(|_| overlaid(None, environment()));
        let word = read
            .ok()
            .and_then(|read| read.get_string("log.format").ok());
        let format = word.and_then(|word| Self::try_from(word).ok());
        format.unwrap_or(Self::Text)
    }
}

impl Settings {
    /// The defaults, overlaid by a file and the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key and the remedy.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, environment())
    }

    fn from_sources(
        file: Option<&Path>,
        environment: config::Environment,
    ) -> Result<Self, ConfigError> {
        let unreadable = |error: config::ConfigError| ConfigError::Unreadable {
            key: "(the file)".to_owned(),
            why: without_lines(&error.to_string()),
        };
        let built = overlaid(file, environment).map_err(unreadable)?;
        let settings: Self =
            serde_path_to_error::deserialize(built).map_err(|error| ConfigError::Unreadable {
                key: error.path().to_string(),
                why: error.inner().to_string(),
            })?;
        settings.checked()
    }

    /// Refuses what is readable and cannot be meant.
    fn checked(self) -> Result<Self, ConfigError> {
        for (name, channel) in &self.channels {
            channel.check(name, &format!("channels.{name}"))?;
        }
        Channel::check_together(&self.channels)?;
        // A strategy reads the candles of whichever venue there is, the simulator's included.
        let real = self
            .channels
            .iter()
            .find(|(_, channel)| !matches!(channel, Channel::Strategy(_)))
            .map(|(name, _)| format!("channels.{name}"));
        let real = real.or_else(|| {
            self.venues
                .keys()
                .next()
                .map(|name| format!("venues.{name}"))
        });
        if let (true, Some(key)) = (self.simulator.enabled, &real) {
            let why = "it is real and the simulator is the only venue, which cannot judge it";
            return Err(wrong(
                key,
                why,
                "set `enabled = false` under [simulator] and configure a venue under [venues]",
            ));
        }
        for (name, venue) in &self.venues {
            venue.check(&format!("venues.{name}"))?;
        }
        for (name, channel) in &self.channels {
            if let Channel::Strategy(watch) = channel {
                let venues = (!self.simulator.enabled).then_some(&self.venues);
                watch.check_venue(&format!("channels.{name}"), venues)?;
            }
        }
        let unjudged = self.venues.is_empty() && !self.simulator.enabled;
        if let (Some(name), true) = (self.channels.keys().next(), unjudged) {
            let why = "there is no venue whose prices could judge it";
            return Err(wrong(
                &format!("channels.{name}"),
                why,
                "configure one under [venues], for example [venues.binance]",
            ));
        }
        if !(0.01..=1000.0).contains(&self.simulator.pace) {
            return Err(wrong(
                "simulator.pace",
                "it must lie between 0.01 and 1000",
                "use 1.0",
            ));
        }
        let url = self.store.url.expose_secret();
        if !(url.is_empty() || matches!(Kept::parse(url), Some(Kept::Server(..)))) {
            return Err(wrong(
                "store.url",
                "it is no address of PostgreSQL",
                "write postgres://user:password@host:5432/database, or leave it empty for the file at store.path",
            ));
        }
        if self.simulator.enabled && url.contains('#') {
            return Err(wrong(
                "store.url",
                "it names a schema, and the simulator has one of its own",
                "leave `#…` off: the simulator's schema is `simulator`",
            ));
        }
        if !(1..=60).contains(&self.stream.heartbeat_s) {
            return Err(wrong(
                "stream.heartbeat_s",
                "it must lie between 1 and 60",
                "use 5",
            ));
        }
        self.http.proxies()?;
        self.monitoring.check(self.http.listen)?;
        self.redis.check()?;
        self.accounts.check()?;
        self.payments.check()?;
        self.mail.check()?;
        for (name, plan) in &self.plans {
            plan.plan(name)?;
        }
        if self.plans.is_empty() {
            return Err(wrong("plans", "there is none", "leave the usual ones"));
        }
        Ok(self)
    }

    /// Where the key lies that seals secrets, where none is configured: beside what it seals.
    #[must_use]
    pub fn secret_file(&self) -> PathBuf {
        match self.database() {
            Kept::File(path, _) => path.with_file_name("secret.key"),
            Kept::Server(..) => PathBuf::from("data/secret.key"),
        }
    }

    /// Where this configuration keeps its records. What the simulator made never lies beside what is
    /// real: it has a file, or on a server a schema, of its own.
    #[must_use]
    pub fn database(&self) -> Kept {
        let simulated = self.simulator.enabled;
        if let Some(Kept::Server(url, own)) = Kept::parse(self.store.url.expose_secret()) {
            let schema = if simulated {
                Some(SIMULATED.to_owned())
            } else {
                own
            };
            return Kept::Server(url, schema);
        }
        let path = if simulated {
            &self.simulator.path
        } else {
            &self.store.path
        };
        let durability = match self.store.durability {
            Durability::Full => store::Durability::Full,
            Durability::Normal => store::Durability::Normal,
        };
        Kept::File(path.clone(), durability)
    }
}

fn wrong(key: &str, why: &str, remedy: &str) -> ConfigError {
    ConfigError::Wrong {
        key: key.to_owned(),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// What is wrong with a file, without the lines of it that are shown with that: a secret may stand there.
fn without_lines(why: &str) -> String {
    let shown = |line: &str| {
        let digits = |letter: char| letter.is_ascii_digit() || letter == ' ';
        line.trim_start_matches(digits).starts_with('|')
    };
    let lines: Vec<_> = why.lines().filter(|line| !shown(line)).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("touchstone.toml");
        std::fs::write(&file, text).unwrap();
        let pairs = environment
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let environment = config::Environment::with_prefix("TOUCHSTONE")
            .prefix_separator("__")
            .separator("__")
            .source(Some(pairs.collect()));
        Settings::from_sources(Some(&file), environment)
    }

    pub(super) fn refusal(text: &str) -> String {
        load(text, &[]).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_by_its_line_without_showing_it() {
        for text in [
            "[accounts]\nsecret = \"horse-battery\n",
            "[payments]\nsecret_key = horse-battery\n",
            "[accounts]\nsecret = \"a\" \"horse-battery\"\n",
            "[accounts]\nsecret = \"horse-battery\"\nsecret = \"horse-battery\"\n",
        ] {
            let said = refusal(text);
            assert!(said.contains("line 2") || said.contains("line 3"), "{said}");
            assert!(!said.contains("horse"), "{said}");
        }
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let settings = load("", &[]).unwrap();
        assert!(settings.simulator.enabled);
        assert!(settings.http.listen.ip().is_loopback());
        assert_eq!(settings.database().to_string(), "data/simulator.db");
    }

    #[test]
    fn the_environment_comes_last() {
        let text = "[http]\nlisten = \"127.0.0.1:1\"\n";
        let settings = load(text, &[("TOUCHSTONE__HTTP__LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(settings.http.listen.port(), 2);
    }

    #[test]
    fn a_key_of_digits_alone_is_taken_from_the_environment_as_it_stands() {
        let text = "[simulator]\nenabled = false\n[venues.binance]\nkind = \"binance-spot\"\nws_url = \"wss://a\"\nrest_url = \"https://a\"\n";
        let environment = [
            ("TOUCHSTONE__CHANNELS__BOT__SOURCE", "webhook"),
            ("TOUCHSTONE__CHANNELS__BOT__KEY", "0123456789012345"),
            ("TOUCHSTONE__HTTP__ALLOWED_ORIGINS", "https://a, https://b"),
        ];
        let settings = load(text, &environment).unwrap();
        let Some(Channel::Webhook { key }) = settings.channels.get("bot") else {
            panic!("{settings:?}");
        };
        assert_eq!(key.expose_secret(), "0123456789012345");
        assert_eq!(settings.http.allowed_origins, ["https://a", "https://b"]);
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name() {
        let said = refusal("[http]\nlisen = \"127.0.0.1:1\"\n");
        assert!(
            said.contains("http") && said.contains("lisen") && said.contains("listen"),
            "{said}"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_by_its_key() {
        let said = refusal("[store]\ndurability = \"maybe\"\n");
        assert!(
            said.contains("store.durability") && said.contains("full"),
            "{said}"
        );
    }

    #[test]
    fn a_real_channel_beside_the_simulator_is_refused_with_the_remedy() {
        let said = refusal("[channels.capo]\nsource = \"telegram\"\nname = \"CryptoCapoTG\"\n");
        assert!(
            said.contains("channels.capo") && said.contains("enabled = false"),
            "{said}"
        );
    }

    #[test]
    fn a_real_channel_without_a_venue_is_refused_with_the_remedy() {
        let said = refusal(
            "[simulator]\nenabled = false\n[channels.capo]\nsource = \"telegram\"\nname = \"CryptoCapoTG\"\n",
        );
        assert!(said.contains("[venues.binance]"), "{said}");
    }

    #[test]
    fn a_venue_needs_no_more_than_its_kind_and_a_wrong_address_is_refused_by_its_key() {
        let venue = "[simulator]\nenabled = false\n[venues.kraken]\nkind = \"kraken\"\n";
        let settings = load(venue, &[("TOUCHSTONE__VENUES__KRAKEN__PREFERENCE", "2")]).unwrap();
        assert_eq!(settings.venues["kraken"].kind, VenueKind::Kraken);
        assert_eq!(settings.venues["kraken"].preference, 2);
        let said = refusal(&format!("{venue}ws_url = \"https://ws.kraken.com\"\n"));
        assert!(
            said.contains("venues.kraken.ws_url") && said.contains("wss://"),
            "{said}"
        );
        let said = refusal("[venues.kraken]\nkind = \"krakken\"\n");
        assert!(
            said.contains("venues.kraken.kind") && said.contains("binance-usdm"),
            "{said}"
        );
    }

    #[test]
    fn the_address_of_the_store_says_where_records_lie() {
        let url = "postgres://me:horse@db/record";
        let real = "[simulator]\nenabled = false\n[venues.kraken]\nkind = \"kraken\"\n";
        let of = |config: &str, url: &str| {
            let settings = load(config, &[("TOUCHSTONE__STORE__URL", url)]).unwrap();
            assert!(!format!("{settings:?}").contains("horse"));
            settings.database().to_string()
        };
        assert_eq!(of("", url), "postgres://me@db/record, schema simulator");
        assert_eq!(of(real, url), "postgres://me@db/record");
        let beside = format!("{url}#archive");
        assert_eq!(of(real, &beside), "postgres://me@db/record, schema archive");
        for wrong in ["mysql://a/b", "data/touchstone.db", beside.as_str()] {
            let said = refusal(&format!("[store]\nurl = \"{wrong}\"\n"));
            assert!(
                said.contains("store.url") && !said.contains("horse"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_wrong_address_of_redis_is_refused_without_its_password() {
        for url in [
            "http://:horse@a",
            "redis://:horse@a:b",
            "redis://:horse@a/x",
            "horse",
        ] {
            let said = refusal(&format!("[redis]\nurl = \"{url}\"\n"));
            assert!(
                said.contains("redis.url") && !said.contains("horse"),
                "{said}"
            );
        }
    }

    #[test]
    fn the_address_of_redis_never_prints() {
        let settings = load("", &[("TOUCHSTONE__REDIS__URL", "rediss://u:horse@a:1/2")]).unwrap();
        assert!(settings.redis.is_wanted());
        assert!(!format!("{settings:?}").contains("horse"));
    }

    #[test]
    fn a_secret_never_prints() {
        let settings = load(
            "[simulator]\nenabled = false\n[venues.binance]\nkind = \"binance-spot\"\nws_url = \"wss://a\"\nrest_url = \"https://a\"\n[channels.bot]\nsource = \"webhook\"\nkey = \"correct horse battery\"\n",
            &[],
        )
        .unwrap();
        assert!(!format!("{settings:?}").contains("horse"));
    }
}
