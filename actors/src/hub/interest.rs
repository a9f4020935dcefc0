//! Interests: which events a listener wants, as far as he may see them.

use std::sync::Arc;

use domain::event::{Body, Event};
use domain::ids::ChannelId;
use domain::market::{Pair, Side};
use domain::ports::View;
use domain::post::Origin;

/// What a listener wants. Empty lists mean everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Interest {
    /// Of these channels.
    pub channels: Vec<ChannelId>,
    /// On these pairs.
    pub pairs: Vec<Pair>,
    /// On these sides.
    pub sides: Vec<Side>,
    /// Of these origins.
    pub origins: Vec<Origin>,
    /// Signals with at least this probability of their first target. What happens to a signal
    /// later is shown all the same: whoever saw it needs to know.
    pub min_score: Option<f64>,
    /// Of these channels alone he may hear, whatever he wants; none: of all.
    pub allowed: Option<Arc<[ChannelId]>>,
    /// What he may see.
    pub view: View,
}

impl Default for Interest {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            pairs: Vec::new(),
            sides: Vec::new(),
            origins: Vec::new(),
            min_score: None,
            allowed: None,
            view: View::Scored,
        }
    }
}

impl Interest {
    /// Whether the event is wanted. A seal is about no signal, so no filter of signals keeps it
    /// away: the more people keep it, the more it proves.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let Some(about) = event.happening() else {
            return true;
        };
        let allowed = self.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed.contains(&about.channel))
            && any_of(&self.channels, &about.channel)
            && any_of(&self.pairs, &about.instrument.pair)
            && any_of(&self.sides, &about.side)
            && any_of(&self.origins, &about.origin)
            && self.scores(&about.body)
    }

    fn scores(&self, body: &Body) -> bool {
        let Some(least) = self.min_score else {
            return true;
        };
        match body {
            Body::Signal { score, .. } => score
                .as_ref()
                .and_then(domain::score::Score::first_target)
                .is_some_and(|p| p >= least),
            Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_) => true,
        }
    }
}

fn any_of<T: PartialEq>(wanted: &[T], it: &T) -> bool {
    wanted.is_empty() || wanted.contains(it)
}
