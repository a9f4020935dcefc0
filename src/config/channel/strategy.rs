//! The table of a strategy's channel: what calls, from which candles.

use std::collections::BTreeMap;

use domain::market::{Interval, Pair};
use domain::strategy::Strategy;
use serde::Deserialize;

use super::super::venue::Venue;
use super::super::{ConfigError, from_environment, wrong};

/// The most instruments that a strategy watches: each is asked for at the end of each candle.
const MOST: usize = 100;

/// What a strategy watches.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Which one.
    pub strategy: String,
    /// Which pairs, `BTC/USDT`.
    #[serde(deserialize_with = "from_environment::list")]
    pub symbols: Vec<String>,
    /// How long its candles are.
    #[serde(default = "quarter")]
    pub interval: String,
    /// Whose candles; needed where there are several venues.
    pub venue: Option<String>,
    /// What is to be other than usual.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
}

/// A parameter's value.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Parameter {
    /// A number.
    Number(f64),
    /// The targets.
    List(Vec<f64>),
    /// A number, as the environment gives it.
    Text(String),
}

fn quarter() -> String {
    Interval::Quarter.label().to_owned()
}

impl Watch {
    /// The strategy with its parameters.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there is no such strategy or parameter. `key` is the table's.
    pub fn strategy(&self, key: &str) -> Result<Strategy, ConfigError> {
        let Some(mut strategy) = Strategy::named(&self.strategy) else {
            let remedy = format!("write one of {}", Strategy::NAMES.join(", "));
            let why = format!("there is no strategy `{}`", self.strategy);
            return Err(wrong(&format!("{key}.strategy"), &why, &remedy));
        };
        for (name, value) in &self.parameters {
            let set = match value {
                Parameter::Number(value) => strategy.set(name, *value),
                Parameter::List(targets) if name == "targets" => {
                    strategy.set_targets(targets.clone())
                }
                Parameter::List(_) => strategy.set(name, f64::NAN),
                Parameter::Text(text) => {
                    strategy.set(name, text.trim().parse().unwrap_or(f64::NAN))
                }
            };
            set.map_err(|error| {
                let key = format!("{key}.parameters.{name}");
                wrong(
                    &key,
                    &error.to_string(),
                    "docs/guide/channels.md lists them",
                )
            })?;
        }
        Ok(strategy)
    }

    /// The pairs.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when one is none. `key` is the table's.
    pub fn pairs(&self, key: &str) -> Result<Vec<Pair>, ConfigError> {
        let key = format!("{key}.symbols");
        if !(1..=MOST).contains(&self.symbols.len()) {
            let why = format!("a strategy watches 1 to {MOST} pairs");
            return Err(wrong(&key, &why, "write [\"BTC/USDT\"]"));
        }
        let pairs = self.symbols.iter().map(|symbol| Pair::parse(symbol));
        let pairs: Result<Vec<_>, _> = pairs.collect();
        let mut pairs = pairs.map_err(|bad| wrong(&key, &bad.to_string(), "correct it"))?;
        pairs.sort();
        pairs.dedup();
        Ok(pairs)
    }

    /// How long its candles are.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when candles are not made that long. `key` is the table's.
    pub fn interval(&self, key: &str) -> Result<Interval, ConfigError> {
        Interval::from_label(&self.interval).ok_or_else(|| {
            let labels = Interval::ALL.map(Interval::label).join(", ");
            let why = format!("candles are not made `{}` long", self.interval);
            wrong(
                &format!("{key}.interval"),
                &why,
                &format!("write one of {labels}"),
            )
        })
    }

    pub(super) fn check(&self, key: &str) -> Result<(), ConfigError> {
        self.strategy(key)?;
        self.pairs(key)?;
        self.interval(key).map(drop)
    }

    /// Refuses a venue that is not there, and doubt about which is meant. `venues` is none where the
    /// simulator is the only one.
    pub(crate) fn check_venue(
        &self,
        key: &str,
        venues: Option<&BTreeMap<String, Venue>>,
    ) -> Result<(), ConfigError> {
        let key = format!("{key}.venue");
        match (&self.venue, venues) {
            (None, None) => Ok(()),
            (Some(_), None) => {
                let why = "the simulator is the only venue here";
                Err(wrong(&key, why, "leave it out"))
            }
            (None, Some(venues)) if venues.len() <= 1 => Ok(()),
            (None, Some(_)) => {
                let why = "there are several venues";
                Err(wrong(&key, why, "name the one whose candles it reads"))
            }
            (Some(name), Some(venues)) if venues.contains_key(name) => Ok(()),
            (Some(name), Some(_)) => {
                let why = format!("there is no venue `{name}`");
                Err(wrong(&key, &why, "name one of those under [venues]"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{load, refusal};

    const BESIDE: &str =
        "[channels.a]\nsource = \"strategy\"\nstrategy = \"breakout\"\nsymbols = [\"QBT/USDT\"]\n";

    #[test]
    fn a_strategy_reads_the_simulator_too_and_what_it_cannot_mean_is_refused_by_its_key() {
        let minute = format!("{BESIDE}interval = \"1m\"\n");
        let settings = load(&minute, &[]).unwrap();
        assert_eq!(settings.channels.len(), 1);
        let parameters = "parameters = { lookback = 55, stop = 3, targets = [3, 6.5] }\n";
        load(&format!("{BESIDE}{parameters}"), &[]).unwrap();
        for (more, key) in [
            ("interval = \"2m\"\n", "channels.a.interval"),
            ("venue = \"kraken\"\n", "channels.a.venue"),
            ("parameters = { fast = 3 }\n", "channels.a.parameters.fast"),
            (
                "parameters = { targets = [2, 1] }\n",
                "channels.a.parameters.targets",
            ),
            (
                "parameters = { stop = [2] }\n",
                "channels.a.parameters.stop",
            ),
        ] {
            let said = refusal(&format!("{BESIDE}{more}"));
            assert!(said.contains(key), "{said}");
        }
        let said = refusal(&BESIDE.replace("breakout", "martingale"));
        assert!(
            said.contains("channels.a.strategy") && said.contains("momentum"),
            "{said}"
        );
        let said = refusal(&BESIDE.replace("QBT/USDT", "QBTUSDT"));
        assert!(said.contains("channels.a.symbols"), "{said}");
        let two = "[simulator]\nenabled = false\n[venues.kraken]\nkind = \"kraken\"\n[venues.coinbase]\nkind = \"coinbase\"\n";
        let said = refusal(&format!("{two}{BESIDE}"));
        assert!(said.contains("channels.a.venue"), "{said}");
    }
}
