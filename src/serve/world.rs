//! The world outside: venues and channels as configured, or the simulator in their stead.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::ids::ChannelId;
use domain::market::Venue;
use domain::ports::store::ChannelCard;
use domain::ports::{Clock, Feed};
use domain::post::Origin;
use secrecy::SecretString;
use url::Url;

use crate::config::{Channel, Settings, VenueKind};
use crate::feeds::binance::{self, BinanceSpot};
use crate::platform::Posting;
use crate::sources::telegram::{self, TelegramPreview};

/// How often the simulator's previews are looked at: it is on this machine and need not be spared.
const SIMULATOR_EVERY: Duration = Duration::from_secs(1);

/// Venues and channels.
pub(super) struct World {
    feeds: Vec<Arc<dyn Feed>>,
    postings: Vec<Posting>,
    keys: BTreeMap<ChannelId, SecretString>,
    simulator: Option<simulator::Simulator>,
}
