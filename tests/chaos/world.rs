//! The world: the simulator's exchange and channels, apart from every node, so that it goes on whatever
//! dies; and what a node is told of it.

use std::collections::HashSet;
use std::net::TcpListener;
use std::ops::Range;

use crate::sender;
use rand::RngExt as _;
use simulator::{Deed, Kind, Simulator, Truth, WebhookTarget};

/// How fast channels post: enough that something is always on its way, and no more than an unoptimised
/// node on a busy machine takes.
const PACE: f64 = 8.0;

/// Ports that the system gives to nobody who connects: one that were in use by the other end of a
/// connection could not be listened on again after a restart.
const PORTS: Range<u16> = 20_000..32_000;

pub(crate) struct World {
    simulator: Simulator,
    /// Where every node listens, one after the other.
    pub(crate) address: String,
}

/// A stored version of a post: its channel and its key.
pub(crate) type Version = (String, String);

impl World {
    pub(crate) fn start() -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let simulator = simulator::start(simulator::Options {
            pace: PACE,
            webhooks: Some(WebhookTarget {
                url: format!("http://{address}/v1/ingest/{{channel}}?key={{secret}}"),
            }),
            ..simulator::Options::default()
        });
        Self {
            simulator: simulator.unwrap(),
            address,
        }
    }

    /// The configuration of a node that lives in it.
    pub(crate) fn config(&self) -> String {
        let (here, world) = (&self.address, self.simulator.address());
        let mut text = format!(
            "[http]\nlisten = \"{here}\"\ndrain_ms = 1000\n\
             [simulator]\nenabled = false\n\
             [venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://{world}\"\nrest_url = \"http://{world}\"\n"
        );
        text.push_str(&format!(
            "[channels.{}]\nsource = \"webhook\"\nkey = \"{}\"\n",
            sender::CHANNEL,
            sender::KEY
        ));
        for card in self.simulator.channels() {
            let id = card.name.to_lowercase();
            text.push_str(&match card.kind {
                Kind::Preview => format!(
                    "[channels.{id}]\nsource = \"telegram\"\nname = \"{}\"\nbase_url = \"http://{world}/\"\ninterval_s = 5\n",
                    card.name
                ),
                Kind::Webhook => format!(
                    "[channels.{id}]\nsource = \"webhook\"\nkey = \"{}\"\n",
                    card.secret.unwrap()
                ),
            });
        }
        text
    }

    /// The names of its channels, as nodes call them.
    pub(crate) fn channels(&self) -> Vec<String> {
        let cards = self.simulator.channels();
        cards.iter().map(|card| card.name.to_lowercase()).collect()
    }

    /// What its venue trades, as posts and events write it.
    pub(crate) fn symbols(&self) -> Vec<String> {
        let symbols = self.simulator.symbols();
        symbols
            .iter()
            .map(|symbol| format!("{}/{}", symbol.base, symbol.quote))
            .collect()
    }

    /// The posts between two instants, in microseconds, that whoever looks could see and that are not
    /// stored; and how many there were. A webhook's sender gives up after a while, which is no loss of
    /// whoever was not told: `sender` holds what one brings that does not give up.
    pub(crate) fn missing(
        &self,
        (since, until): (i64, i64),
        stored: &[Version],
    ) -> (Vec<String>, usize) {
        let keys: HashSet<(&str, &str)> = stored
            .iter()
            .map(|(channel, key)| (channel.as_str(), key.as_str()))
            .collect();
        let truths = self.simulator.truth_between(since, until);
        let seen = truths
            .iter()
            .filter(|truth| truth.delivery.is_none() && !was_deleted(truth));
        let (mut missing, mut all) = (Vec::new(), 0);
        for truth in seen {
            all += 1;
            let channel = truth.channel.to_lowercase();
            if !keys.contains(&(channel.as_str(), truth.id.to_string().as_str())) {
                missing.push(format!("{channel} {} {:?}", truth.id, truth.text));
            }
        }
        (missing, all)
    }
}

/// One that was taken away again may have been gone when somebody looked.
fn was_deleted(truth: &Truth) -> bool {
    let mut deeds = truth.actions.iter().map(|action| &action.deed);
    deeds.any(|deed| *deed == Deed::Delete)
}

fn free_port() -> u16 {
    let mut random = rand::rng();
    loop {
        let port = random.random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
