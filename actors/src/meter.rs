//! The meter: what is counted, under which names.
//!
//! Posts received = Σ outcomes + in flight. A test and a panel check it.

use domain::ids::ChannelId;

use crate::channel::Fate;

/// A post on its way. Every one ends in exactly one counted outcome, whatever becomes of it.
#[derive(Debug)]
pub struct Ticket {
    channel: ChannelId,
    settled: bool,
}

impl Ticket {
    /// Counts a post as received.
    #[must_use]
    pub fn received(channel: &ChannelId) -> Self {
        metrics::counter!("touchstone_posts_received_total", "channel" => channel.to_string())
            .increment(1);
        metrics::gauge!("touchstone_posts_in_flight").increment(1.0);
        Self {
            channel: channel.clone(),
            settled: false,
        }
    }

    /// Counts what became of it.
    pub fn settle(mut self, fate: Fate) {
        self.count(fate);
    }

    fn count(&mut self, fate: Fate) {
        self.settled = true;
        metrics::counter!(
            "touchstone_post_outcomes_total",
            "channel" => self.channel.to_string(),
            "outcome" => fate.label(),
        )
        .increment(1);
        metrics::gauge!("touchstone_posts_in_flight").decrement(1.0);
    }
}

impl Drop for Ticket {
    /// Nobody said what became of it: it is not stored, and its source will hand it in again.
    fn drop(&mut self) {
        if !self.settled {
            self.count(Fate::PutBack);
        }
    }
}
