//! The way of one post through the house, told as one trace.
//!
//! Each step is a span of `tracing` under [`TARGET`], and what another step caused is its child: a post
//! is received; therein it is parsed, scored and stored; stored, it is pushed to those who listen; and
//! pushed, it is relayed to the bus. Where nobody takes traces a span is nothing and costs one look.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::{Seq, SignalId};
use domain::post::Post;
use tracing::{Span, field, info_span};

/// Under which target the steps are told.
pub const TARGET: &str = "touchstone::way";

/// So many posts may be on their way to the bus in one piece; of older ones nobody is told when they
/// arrive.
const UNDERWAY: usize = 4_096;

/// A step that another one caused; nothing where that one is nothing.
macro_rules! step {
    ($of:expr, $name:literal $($fields:tt)*) => {
        if $of.is_disabled() {
            Span::none()
        } else {
            info_span!(target: TARGET, parent: $of, $name $($fields)*)
        }
    };
}

/// A post is here, until it is settled.
pub(crate) fn received(post: &Post) -> Span {
    info_span!(
        target: TARGET,
        parent: None,
        "received",
        channel.id = %post.channel,
        post.key = %post.key,
        post.outcome = field::Empty,
    )
}

/// It is read.
pub(crate) fn parsed(of: &Span) -> Span {
    step!(of, "parsed")
}

/// One of its signals is judged by the models.
pub(crate) fn scored(of: &Span, signal: SignalId) -> Span {
    step!(of, "scored", signal.id = %signal)
}

/// It waits for its turn to be stored, and is.
pub(crate) fn stored(of: &Span) -> Span {
    step!(of, "stored", store.entries = field::Empty)
}

/// What came of it is put before everybody who listens; [`done`] ends it.
pub(crate) fn pushed(of: &Span, last: Seq) -> Span {
    step!(of, "pushed", event.seq = last.get())
}

/// Ends a step that nobody walks in: it would last as long as those that it caused.
pub(crate) fn done(step: &Span) {
    step.in_scope(|| ());
}

/// What came of it is brought to the bus.
fn relayed(of: &Span) -> Span {
    step!(
        of,
        "relayed",
        otel.status_code = field::Empty,
        otel.status_description = field::Empty
    )
}

/// Who is on the way to the bus: known to the ledger, which sends them, and to the relay, which sees
/// them arrive. Both may die; it outlives them.
#[derive(Clone, Debug, Default)]
pub struct Underway(Arc<Sent>);

#[derive(Debug, Default)]
struct Sent(Mutex<VecDeque<(Seq, Span)>>);

impl Underway {
    /// What was pushed is on its way; all of it is there when its last event is.
    pub(crate) fn sent(&self, pushed: &Span, last: Seq) {
        let relayed = relayed(pushed);
        if relayed.is_disabled() {
            return;
        }
        let mut sent = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= UNDERWAY
            && let Some((_, oldest)) = sent.pop_front()
        {
            give_up(&oldest, "too many are on their way: the bus is away");
        }
        sent.push_back((last, relayed));
    }

    /// The bus has everything up to here.
    pub(crate) fn arrived(&self, told: Seq) {
        let mut sent = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.front().is_some_and(|(last, _)| *last <= told) {
            sent.pop_front();
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let sent = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, relayed) in sent {
            give_up(relayed, "the platform stopped before it arrived");
        }
    }
}

/// Ends a step that did not come to its end.
fn give_up(relayed: &Span, why: &str) {
    relayed.record("otel.status_code", "ERROR");
    relayed.record("otel.status_description", why);
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey};
    use domain::post::{Action, Origin};
    use domain::time::Timestamp;

    use super::*;

    fn post() -> Post {
        Post {
            channel: ChannelId::parse("alpha").unwrap(),
            key: PostKey::new("1"),
            action: Action::Original,
            author: None,
            text: String::new(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: Timestamp::MIN,
            received: Timestamp::MIN,
            origin: Origin::Live,
        }
    }

    #[test]
    fn where_nobody_follows_posts_every_step_is_nothing() {
        let way = received(&post());
        let pushed = pushed(&stored(&way), Seq::new(1));
        let id = SignalId::of(&post().channel, &post().key, 0);
        for step in [&way, &parsed(&way), &scored(&way, id), &pushed] {
            assert!(step.is_disabled());
        }
        let underway = Underway::default();
        underway.sent(&pushed, Seq::new(1));
        assert!(underway.0.0.lock().unwrap().is_empty());
    }
}
