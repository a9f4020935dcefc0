//! Gauges that nobody sets as he goes: looked up when Prometheus asks, or in the store now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::floor::Followed;
use actors::guardian::Household;
use actors::intake::known::Sources;
use domain::ports::nodes::GONE_AFTER;
use domain::ports::store::StoreError;
use domain::ports::tally::{Tallies, Tally};
use domain::ports::{Clock, Feed};
use domain::statistics::count;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use metrics_process::Collector;

use crate::store::{Connections, Opened};

/// How often the store is asked how much there is of each.
const TALLY_EVERY: Duration = Duration::from_secs(10);

/// What is looked up, and what has been counted.
#[derive(Clone)]
pub struct Gauges {
    /// What has been counted.
    pub counted: PrometheusHandle,
    /// Who is inside, and who waits.
    pub household: Household,
    /// What is known of the sources.
    pub sources: Sources,
    /// Which markets are followed.
    pub followed: Followed,
    /// Whose prices.
    pub feeds: Arc<[Arc<dyn Feed>]>,
    /// The store's connections.
    pub store: Opened,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Gauges {
    /// Everything that is counted, as Prometheus reads it.
    pub async fn render(&self) -> String {
        for branch in self.household.tree().await {
            let name = branch.name.to_string();
            gauge!("touchstone_door_waiting", "room" => branch.room, "name" => name)
                .set(count(branch.waiting));
        }
        for (doing, many) in self.sources.doing() {
            gauge!("touchstone_sources", "doing" => doing.label()).set(count(many));
        }
        self.markets();
        for Connections { kind, most, busy } in self.store.connections() {
            gauge!("touchstone_store_connections", "kind" => kind).set(busy);
            gauge!("touchstone_store_connections_max", "kind" => kind).set(most);
        }
        Collector::default().collect();
        self.counted.render()
    }

    /// How the prices of each venue arrive.
    fn markets(&self) {
        let followed = self.followed.all();
        let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for seen in &followed {
            of.entry(&seen.instrument.venue).or_default().push(seen);
        }
        for feed in &*self.feeds {
            let seen = of.get(feed.venue()).map_or(&[][..], Vec::as_slice);
            let live = seen
                .iter()
                .filter(|seen| feed.state(&seen.instrument).live)
                .count();
            for (state, many) in [("live", live), ("connecting", seen.len() - live)] {
                let venue = feed.venue().to_string();
                gauge!("touchstone_feed_markets", "venue" => venue, "state" => state)
                    .set(count(many));
            }
            let newest = seen.iter().filter_map(|seen| Some(seen.last?.at)).max();
            if let Some(newest) = newest {
                let venue = feed.venue().to_string();
                gauge!("touchstone_feed_last_trade_timestamp_seconds", "venue" => venue)
                    .set(newest.as_micros() as f64 / 1e6);
            }
        }
    }

    /// Asks the store again and again how much there is of each, and so whether it answers.
    pub async fn watch(self) {
        let tallies: Arc<dyn Tallies> = self.store.tallies();
        loop {
            // What was measured is kept one by one until somebody adds it up, and Prometheus may not ask.
            self.counted.run_upkeep();
            let now = self.clock.now();
            let tally = tallies.tally(now - GONE_AFTER).await;
            let up = tally.is_ok();
            gauge!("touchstone_store_up").set(if up { 1.0 } else { 0.0 });
            self.show(tally);
            tokio::time::sleep(TALLY_EVERY).await;
        }
    }

    /// Shows a tally. Where there is none, what was shown last stays: `touchstone_store_up` says how
    /// much that is worth.
    fn show(&self, tally: Result<Tally, StoreError>) {
        let Ok(tally) = tally else { return };
        for (role, many) in tally.accounts {
            gauge!("touchstone_accounts", "role" => role.label()).set(many as f64);
        }
        for (plan, standing, many) in tally.subscriptions {
            let plan = plan.to_string();
            gauge!("touchstone_subscriptions", "plan" => plan, "standing" => standing.label())
                .set(many as f64);
        }
        let age = tally
            .oldest_mail
            .map(|oldest| self.clock.now().since(oldest));
        gauge!("touchstone_mails_waiting").set(tally.mails as f64);
        gauge!("touchstone_mails_oldest_seconds").set(age.unwrap_or_default().as_secs_f64());
        gauge!("touchstone_payment_events_waiting").set(tally.tidings as f64);
        gauge!("touchstone_nodes").set(tally.nodes as f64);
    }
}
