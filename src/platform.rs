//! The composition root: the one page that shows what is wired to what, downstream first.
//!
//! `serve` and `replay` raise the same house; they bring other adapters and another clock.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use actix::ArbiterHandle;
use actors::channel::{self, SCORE_WITHIN};
use actors::floor::{Floor, Followed};
use actors::guardian::Household;
use actors::hub::Hub;
use actors::intake::known::Sources;
use actors::ledger::Ledger;
use actors::market;
use actors::relay::{self, Bell, Relay};
use actors::retrier::{self, Retrier};
use actors::scorer::{Models, Scorer};
use actors::sealer::{self, Sealer};
use actors::supervise::{Child, Door, Manners, Place};
use actors::way::Underway;
use anyhow::Context as _;
use domain::execution::ExecutionModel;
use domain::ports::bus::Bus;
use domain::ports::chain::Chain;
use domain::ports::retrial::{Paths, Retrials};
use domain::ports::source::OpenSource;
use domain::ports::store::{ChannelCard, Store};
use domain::ports::{Clock, Encode, Feed, Witness};
use tokio::sync::watch;

mod crew;

pub use self::crew::Crew;
use self::crew::Works;

/// What the house is given: ports, each with an adapter behind it.
pub struct Adapters {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// What is hashed day by day; none where nothing is sealed.
    pub chain: Option<Arc<dyn Chain>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whose prices judge, in order of preference.
    pub feeds: Vec<Arc<dyn Feed>>,
    /// Who posts.
    pub channels: Vec<Posting>,
    /// How signals are scored.
    pub models: Models,
    /// Who hears what is stored before anybody is shown it.
    pub witness: Arc<dyn Witness>,
    /// How events become bytes.
    pub encode: Arc<dyn Encode>,
    /// Where bots read events without asking; none where nobody does.
    pub bus: Option<Brought>,
    /// How judged signals are tried again; none where nobody does.
    pub retrials: Option<Retrying>,
}

/// How judged signals are tried again.
pub struct Retrying {
    /// What was tried.
    pub retrials: Arc<dyn Retrials>,
    /// What prices were.
    pub paths: Arc<dyn Paths>,
}

/// A bus, and how events are brought onto it.
pub struct Brought {
    /// Where.
    pub bus: Arc<dyn Bus>,
    /// How long they stay there.
    pub keep: Duration,
    /// Told why they do not get there; nothing while they do.
    pub trouble: watch::Sender<Option<String>>,
}

/// A channel, and where its posts come from.
pub struct Posting {
    /// Who it is.
    pub card: ChannelCard,
    /// Its source; none for a channel whose posts are brought to it.
    pub source: Option<Arc<dyn OpenSource>>,
}

/// How time and threads are shared out.
pub struct Terms {
    /// Where channels, their intakes and the floor live.
    pub channels: ArbiterHandle,
    /// Where markets live.
    pub markets: ArbiterHandle,
    /// Where the ledger and the hub live.
    pub records: ArbiterHandle,
    /// Whether anybody waits for the result: a replay has all the time in the world.
    pub patient: bool,
    /// How the follower trades by whose outcomes signals are judged.
    pub model: ExecutionModel,
}

/// The doors of a house that stands.
#[derive(Clone)]
pub struct House {
    /// Who raises and mourns.
    pub household: Household,
    /// Who is listening.
    pub hub: Door<Hub>,
    /// Who writes.
    pub ledger: Door<Ledger>,
    /// Why nothing can be stored at the moment; none when it can.
    pub unstored: watch::Receiver<Option<String>>,
    /// Who scores.
    pub scorer: Door<Scorer>,
    /// Who knows the markets.
    pub floor: Door<Floor>,
    /// Which markets are followed.
    pub followed: Followed,
    /// What is known of the sources.
    pub sources: Sources,
    /// The channels.
    pub crew: Crew,
}

/// A day, for a replay in which nobody waits.
const ALL_THE_TIME: Duration = Duration::from_secs(86_400);

/// The ranks in which the house stops: first those who bring work, last those who keep it.
mod rank {
    pub(super) const INTAKE: u8 = 0;
    pub(super) const RETRIER: u8 = 0;
    pub(super) const CHANNEL: u8 = 1;
    pub(super) const FLOOR: u8 = 3;
    pub(super) const SEALER: u8 = 3;
    pub(super) const LEDGER: u8 = 4;
    pub(super) const RELAY: u8 = 5;
    pub(super) const HUB: u8 = 6;
}

/// Raises the house, downstream first.
///
/// # Errors
///
/// When a channel cannot be made known to the store.
pub async fn raise(
    adapters: Adapters,
    household: Household,
    terms: Terms,
) -> anyhow::Result<House> {
    let Adapters {
        store,
        chain,
        clock,
        feeds,
        channels,
        models,
        witness,
        encode,
        bus,
        retrials,
    } = adapters;
    let sources = Sources::new(Arc::clone(&clock));
    for posting in &channels {
        let registered = store.register(&posting.card, clock.now()).await;
        registered.with_context(|| format!("could not register channel {}", posting.card.id))?;
    }
    let patience = if terms.patient {
        ALL_THE_TIME
    } else {
        Manners::default().patience
    };
    let manners = |rank| Manners {
        rank,
        patience,
        ..Manners::default()
    };
    let at = |arbiter: &ArbiterHandle| Place::Shared(arbiter.clone());

    let (hub, child) = {
        let encode = Arc::clone(&encode);
        Child::new(
            "hub",
            "hub",
            at(&terms.records),
            manners(rank::HUB),
            move || Hub::new(Arc::clone(&encode)),
        )
    };
    household.raise(child).await;

    // Whoever brings events to a bus tells when they arrive.
    let underway = bus.as_ref().map(|_| Underway::default());
    let (trouble, unstored) = watch::channel(None);
    let (ledger, child) = {
        let (store, clock, hub) = (Arc::clone(&store), Arc::clone(&clock), hub.clone());
        let underway = underway.clone();
        let manners = Manners {
            credits: 1_024,
            ..manners(rank::LEDGER)
        };
        Child::new("ledger", "ledger", at(&terms.records), manners, move || {
            Ledger::new(
                Arc::clone(&store),
                Arc::clone(&clock),
                hub.clone(),
                Arc::clone(&witness),
            )
            .with(underway.clone())
            .telling(trouble.clone())
        })
    };
    household.raise(child).await;

    if let Some(chain) = chain {
        let rooms = sealer::Rooms {
            chain,
            clock: Arc::clone(&clock),
            ledger: ledger.clone(),
            every: sealer::LOOK_EVERY,
        };
        let manners = manners(rank::SEALER);
        let (_, child): (Door<Sealer>, _) =
            Child::new("sealer", "sealer", at(&terms.records), manners, move || {
                Sealer::new(rooms.clone())
            });
        household.raise(child).await;
    }

    if let Some(Brought { bus, keep, trouble }) = bus {
        let rooms = relay::Rooms {
            store: Arc::clone(&store),
            bus,
            encode,
            clock: Arc::clone(&clock),
            hub: hub.clone(),
            keep,
            trouble,
            underway: underway.unwrap_or_default(),
        };
        // It brings out what the ledger stored last, so it goes after it, and before the hub.
        let manners = manners(rank::RELAY);
        let relayed = rooms.clone();
        let (_, child): (Door<Relay>, _) =
            Child::new("relay", "relay", Place::Own, manners, move || {
                Relay::new(relayed.clone())
            });
        household.raise(child).await;
        let (_, child): (Door<Bell>, _) =
            Child::new("bell", "bell", Place::Own, manners, move || {
                Bell::new(rooms.clone())
            });
        household.raise(child).await;
    }

    let (scorer, child) = {
        let abandoned = Arc::new(AtomicU32::new(0));
        Child::new(
            "scorer",
            "scorer",
            at(&terms.channels),
            manners(rank::CHANNEL + 1),
            move || Scorer::new(Arc::clone(&models), Arc::clone(&abandoned)),
        )
    };
    household.raise(child).await;

    let followed = Followed::default();
    let (floor, child) = {
        let rooms = market::Rooms {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            hub: hub.clone(),
            ledger: ledger.clone(),
            model: Arc::new(terms.model),
        };
        let (house, place) = (household.clone(), at(&terms.markets));
        let (watch_all, followed) = (terms.patient, followed.clone());
        Child::new(
            "floor",
            "floor",
            at(&terms.channels),
            manners(rank::FLOOR),
            move || {
                Floor::new(
                    feeds.clone(),
                    house.clone(),
                    place.clone(),
                    rooms.clone(),
                    watch_all,
                    followed.clone(),
                )
            },
        )
    };
    household.raise(child).await;

    if let Some(Retrying { retrials, paths }) = retrials {
        let rooms = retrier::Rooms {
            store: Arc::clone(&store),
            retrials,
            paths,
            clock: Arc::clone(&clock),
        };
        let manners = manners(rank::RETRIER);
        // A thread of its own: ten models over two weeks of minutes must not hold up a market.
        let (_, child): (Door<Retrier>, _) =
            Child::new("retrier", "retrier", Place::Own, manners, move || {
                Retrier::new(rooms.clone())
            });
        household.raise(child).await;
    }

    let rooms = channel::Rooms {
        store: Arc::clone(&store),
        clock,
        floor: floor.clone(),
        scorer: scorer.clone(),
        score_within: if terms.patient {
            ALL_THE_TIME
        } else {
            SCORE_WITHIN
        },
        ledger: ledger.clone(),
    };
    let crew = Crew::new(Works {
        household: household.clone(),
        rooms,
        sources: sources.clone(),
        place: terms.channels,
        manners: manners(rank::CHANNEL),
    });
    crew.raise(channels).await;
    Ok(House {
        household,
        hub,
        ledger,
        unstored,
        scorer,
        floor,
        followed,
        sources,
        crew,
    })
}
