//! Events: what the stream tells. Each is stored, numbered without a gap, and only then shown.

use std::sync::Arc;

use crate::chain::Seal;
use crate::ids::{ChannelId, Epoch, PostKey, Seq, SignalId};
use crate::lifecycle::Change;
use crate::market::{Instrument, Side};
use crate::post::{Action, Origin};
use crate::reading::Order;
use crate::score::Score;
use crate::signal::Signal;
use crate::time::Timestamp;

/// When an event passed each room. Latency is read off the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// When the author says that he posted; none where the market caused the event.
    pub posted: Option<Timestamp>,
    /// When the platform received what caused it: the post, or the deciding price.
    pub received: Timestamp,
    /// When the scorer answered; none where nothing was scored.
    pub scored: Option<Timestamp>,
    /// When it was stored, just before the commit.
    pub stored: Timestamp,
}

/// What happened, before it has a place in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Which signal.
    pub signal: SignalId,
    /// Whose signal.
    pub channel: ChannelId,
    /// Which market judges it.
    pub instrument: Instrument,
    /// Its side.
    pub side: Side,
    /// Where it comes from.
    pub origin: Origin,
    /// When the author posted what caused it.
    pub posted: Option<Timestamp>,
    /// When the cause was received.
    pub received: Timestamp,
    /// When the scorer answered.
    pub scored: Option<Timestamp>,
    /// What happened.
    pub body: Body,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Something about a signal.
    Happening(Happening),
    /// That a day's records are sealed. It is about no signal and belongs to no channel.
    Seal(Seal),
}

/// Something that is told, with its place in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its history.
    pub epoch: Epoch,
    /// Its place there.
    pub seq: Seq,
    /// When it was stored.
    pub stored: Timestamp,
    /// What it tells.
    pub told: Told,
}

impl Event {
    /// What happened to a signal; none where it is about no signal.
    #[must_use]
    pub const fn happening(&self) -> Option<&Happening> {
        match &self.told {
            Told::Happening(happening) => Some(happening),
            Told::Seal(_) => None,
        }
    }

    /// Its type on the wire: `seal`, or that of its body ([`Body::label`]).
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match &self.told {
            Told::Happening(happening) => happening.body.label(),
            Told::Seal(_) => "seal",
        }
    }

    /// Its four stamps. A seal is caused by the clock: it is received as it is stored.
    #[must_use]
    pub const fn stamps(&self) -> Stamps {
        let (posted, received, scored) = match &self.told {
            Told::Happening(about) => (about.posted, about.received, about.scored),
            Told::Seal(_) => (None, self.stored, None),
        };
        Stamps {
            posted,
            received,
            scored,
            stored: self.stored,
        }
    }
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A new trade idea.
    Signal {
        /// The idea.
        signal: Arc<Signal>,
        /// What the scorer made of it; none when the scorer was away.
        score: Option<Score>,
    },
    /// A later word of the author about it.
    Instruction {
        /// What he orders.
        order: Order,
        /// In which post.
        post: PostKey,
    },
    /// The author changed or deleted the post it stands in. It is followed all the same.
    Revision {
        /// [`Action::Edited`] or [`Action::Deleted`].
        action: Action,
        /// The post.
        post: PostKey,
    },
    /// Something happened to it in the market, or at an author's word.
    Progress(Box<Change>),
}

impl Body {
    /// The event's type on the wire: `signal`, `instruction`, `revision`, `progress` or `outcome`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Signal { .. } => "signal",
            Self::Instruction { .. } => "instruction",
            Self::Revision { .. } => "revision",
            Self::Progress(change) => match change.what {
                crate::lifecycle::What::Judged(_) => "outcome",
                crate::lifecycle::What::Filled { .. }
                | crate::lifecycle::What::Target { .. }
                | crate::lifecycle::What::StopMoved { .. }
                | crate::lifecycle::What::Retargeted
                | crate::lifecycle::What::EntryMoved { .. }
                | crate::lifecycle::What::Reduced { .. }
                | crate::lifecycle::What::Ignored { .. }
                | crate::lifecycle::What::Ended { .. } => "progress",
            },
        }
    }
}
