//! The only JSON of signals: what they look like outside.
//!
//! Prices and R travel as decimal strings, times as whole microseconds UTC. The order of members
//! is part of the form: an event's bytes are made once and shared by all who may see it.

use bytes::Bytes;
use domain::event::Event;
use domain::ports::{Encode, View};

pub mod chain;
pub mod event;
pub mod ml;
pub mod reading;
pub mod record;
pub mod retrial;
pub mod review;
pub mod revision;
pub mod rows;

pub use event::EventOut;
pub use reading::ReadingOut;
pub use record::{ChannelOut, MadeOut, SignalOut, VersionOut};
pub use retrial::{RetriedOut, SeenOut, unclear};

/// Makes events bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder;

impl Encode for Encoder {
    /// `"seq":…,"type":…,…}`: everything but the opening brace, so that a subscription's own
    /// members can stand before it.
    fn encode(&self, event: &Event, view: View) -> Bytes {
        let whole = serde_json::to_vec(&EventOut::of(event, view));
        // These structures hold nothing that JSON cannot say.
        whole.map_or_else(
            |_| Bytes::from_static(b"}"),
            |whole| Bytes::from(whole).slice(1..),
        )
    }
}
