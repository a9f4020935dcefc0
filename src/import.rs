//! The import: a channel's recorded posts, stored by the same actors as what arrives.
//!
//! The house is raised without any venue. So its signals are on the venue `unlisted`, no market
//! ever takes them up, and `replay` is who judges them. No cursor moves: a source that follows the
//! channel goes on where it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::Arbiter;
use actors::channel::{Arrive, Channel};
use actors::guardian::{Household, RootCause, Vigil};
use actors::supervise::Door;
use anyhow::bail;
use domain::execution::ExecutionModel;
use domain::ids::ChannelId;
use domain::ports::store::{ChannelCard, Store};
use domain::ports::{Advice, Clock, Nobody};
use domain::post::{Origin, Post};
use scoring::geometry::Geometry;

use crate::clock::WallClock;
use crate::platform::{self, Adapters, Posting, Terms};
use crate::store::Opened;
use crate::wire::Encoder;

/// How often a post is handed in that could not be stored.
const TRIES: u32 = 20;

/// How long to rest before it is handed in again.
const REST: Duration = Duration::from_millis(100);

/// What became of the posts of each channel: how many had which fate.
pub type Imported = BTreeMap<ChannelId, BTreeMap<&'static str, usize>>;

/// Stores posts, each channel's in order of time, and closes the store. What is stored already
/// stays as it is.
///
/// # Errors
///
/// When the house cannot be kept standing, or the store does not take a post.
pub async fn run(
    opened: &Opened,
    posts: BTreeMap<ChannelId, Vec<Post>>,
) -> anyhow::Result<Imported> {
    let store = opened.port();
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let trouble: Arc<Mutex<Option<RootCause>>> = Arc::default();
    let heard = Arc::clone(&trouble);
    let escalate = Arc::new(move |cause| {
        heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(cause);
    });
    let household = Household::found(Arc::clone(&clock), escalate, Vigil::default());
    let here = Arbiter::current();
    let terms = Terms {
        channels: here.clone(),
        markets: here.clone(),
        records: here,
        patient: true,
        model: ExecutionModel::DEFAULT,
    };
    let adapters = Adapters {
        chain: None,
        bus: None,
        retrials: None,
        store: Arc::clone(&store),
        clock,
        feeds: Vec::new(),
        channels: cards(&*store, posts.keys()).await?,
        models: Arc::new(|| Box::new(Geometry)),
        witness: Arc::new(Nobody),
        encode: Arc::new(Encoder),
    };
    let house = platform::raise(adapters, household, terms).await?;
    let mut imported = Imported::new();
    let mut failed = None;
    'all: for (id, posts) in posts {
        let Some(door) = house.crew.door(&id) else {
            continue;
        };
        let fates = imported.entry(id).or_default();
        for post in posts {
            match settle(&door, post).await {
                Ok(fate) => *fates.entry(fate).or_default() += 1,
                Err(error) => {
                    failed = Some(error);
                    break 'all;
                }
            }
        }
    }
    house.household.stop().await;
    opened.close().await;
    let trouble = trouble
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    match (trouble, failed) {
        (Some(cause), _) => bail!("the import could not go on: {} {}", cause.child, cause.exit),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(imported),
    }
}

/// Hands a post in until it is stored, and says what became of it.
async fn settle(door: &Door<Channel>, post: Post) -> anyhow::Result<&'static str> {
    let key = post.key.clone();
    let arrival = Arrive::post(post, None);
    let mut why = String::new();
    for _ in 0..TRIES {
        match door.ask(arrival.clone()).await {
            Ok(Ok(fate)) => return Ok(fate.label()),
            Ok(Err(unsettled)) if unsettled.advice == Advice::Stop => bail!(unsettled.why),
            Ok(Err(unsettled)) => why = unsettled.why,
            Err(away) => why = away.to_string(),
        }
        tokio::time::sleep(REST).await;
    }
    bail!(
        "post {key} could not be stored: {why}; what was stored stays, and the same command goes on"
    )
}

/// Who the channels are: what is known of them stays so.
async fn cards(
    store: &dyn Store,
    channels: impl Iterator<Item = &ChannelId>,
) -> anyhow::Result<Vec<Posting>> {
    let known = store.channels().await?;
    let postings = channels.map(|id| {
        let card = known
            .iter()
            .find(|record| record.card.id == *id)
            .map_or_else(
                || ChannelCard {
                    id: id.clone(),
                    platform: "file".to_owned(),
                    title: id.to_string(),
                    origin: Origin::Import,
                },
                |record| record.card.clone(),
            );
        Posting { card, source: None }
    });
    Ok(postings.collect())
}
