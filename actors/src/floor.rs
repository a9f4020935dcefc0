//! The floor: which markets there are, and who watches them.
//!
//! Knows what every venue lists, says which market judges a pair, and has the guardian raise a
//! market actor for each instrument on which a signal is open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::market::{Instrument, MarketKind, Pair, Price, Venue};
use domain::parse::Assets;
use domain::ports::{Feed, Listed};
use domain::reading::Draft;

use crate::guardian::Household;
use crate::market::{Market, Rooms};
use crate::supervise::{
    Child, Door, Exit, Health, Manners, Mortal, Obituary, Place, Retire, Sickness,
};
use crate::unsettled::{Unsettled, in_full};

mod followed;

pub use followed::{Followed, Seen};

/// How often the venues are asked what they list.
const LIST_EVERY: Duration = Duration::from_secs(600);

/// How soon a venue that did not answer is asked again.
const LIST_AGAIN: Duration = Duration::from_secs(2);

/// The quotes that stand for one another where an author writes none, in order of preference.
const DOLLARS: [&str; 5] = ["USDT", "USDC", "FDUSD", "BUSD", "USD"];

/// The venue of what no venue lists. Nothing is ever traded there, and it is said with the signal.
pub const UNLISTED: &str = "unlisted";

/// Knows the markets.
pub struct Floor {
    feeds: Vec<Arc<dyn Feed>>,
    house: Household,
    place: Place,
    rooms: Rooms,
    /// Every listed market is watched from the start: for a replay, whose lists are short.
    watch_all: bool,
    listings: BTreeMap<Venue, Vec<Listed>>,
    /// What the parser is told; rebuilt when a listing changes.
    assets: Arc<Assets>,
    followed: Followed,
    obituary: Option<Obituary>,
}

impl Floor {
    /// A floor over some venues, in order of preference. Markets are raised at `place`.
    #[must_use]
    pub fn new(
        feeds: Vec<Arc<dyn Feed>>,
        house: Household,
        place: Place,
        rooms: Rooms,
        watch_all: bool,
        followed: Followed,
    ) -> Self {
        Self {
            feeds,
            house,
            place,
            rooms,
            watch_all,
            listings: BTreeMap::new(),
            assets: Arc::new(Assets::bundled().clone()),
            followed,
            obituary: None,
        }
    }

    /// Every venue has said what it lists.
    fn knows_all(&self) -> bool {
        self.feeds
            .iter()
            .all(|feed| self.listings.contains_key(feed.venue()))
    }

    /// Asks a venue what it lists, now and again later.
    fn list(&self, feed: &Arc<dyn Feed>, ctx: &mut Context<Self>) {
        let asked = Arc::clone(feed);
        let feed = Arc::clone(feed);
        let asking = async move { asked.listing().await }.into_actor(self);
        ctx.spawn(asking.map(move |listing, floor, ctx| {
            let again = match listing {
                Ok(listing) => {
                    if floor.watch_all {
                        let listed: Vec<_> = listing
                            .iter()
                            .map(|listed| listed.instrument.clone())
                            .collect();
                        floor.raise(&listed, ctx);
                    }
                    floor.listings.insert(feed.venue().clone(), listing);
                    floor.assets = Arc::new(assets(floor.listings.values().flatten()));
                    LIST_EVERY
                }
                Err(error) => {
                    let why = in_full(&error);
                    tracing::warn!(venue = %feed.venue(), "could not list {}: {why}", feed.venue());
                    LIST_AGAIN
                }
            };
            ctx.run_later(again, move |floor, ctx| floor.list(&feed, ctx));
        }));
    }

    /// The market that judges: the named venue, else the first that lists the pair in that kind,
    /// else in the other kind, which is said with it.
    fn find(&self, wanted: &Find) -> Option<Found> {
        let kind = wanted.kind.unwrap_or(MarketKind::Spot);
        let other = match kind {
            MarketKind::Spot => Some(MarketKind::Perpetual),
            MarketKind::Perpetual => Some(MarketKind::Spot),
            MarketKind::Cfd => None,
        };
        let named = wanted.venue.iter().cloned();
        let venues: Vec<_> = named
            .chain(self.feeds.iter().map(|feed| feed.venue().clone()))
            .collect();
        [Some(kind), other]
            .into_iter()
            .flatten()
            .find_map(|sought| {
                let listed = venues.iter().find_map(|venue| {
                    let listing = self.listings.get(venue)?;
                    wanted.pairs().into_iter().find_map(|pair| {
                        listing.iter().find(|listed| {
                            listed.instrument.kind == sought && listed.instrument.pair == pair
                        })
                    })
                })?;
                Some(Found {
                    instrument: listed.instrument.clone(),
                    // Somebody who says nothing of perpetuals or leverage means spot, but a venue
                    // that has only perpetuals judges him rightly enough to be worth saying so.
                    substituted: sought != kind,
                    last: self.last(&listed.instrument).or(listed.price),
                })
            })
    }

    fn last(&self, instrument: &Instrument) -> Option<Price> {
        let last = *self.followed.board(instrument)?.last.borrow();
        last.map(|last| last.price)
    }

    /// Has a market raised, unless it is there.
    fn follow(&self, instrument: &Instrument) -> Option<Child> {
        let venue = &instrument.venue;
        let feed = Arc::clone(self.feeds.iter().find(|feed| feed.venue() == venue)?);
        let board = self.followed.begin(instrument, self.rooms.clock.now())?;
        let (rooms, raised) = (self.rooms.clone(), instrument.clone());
        let name = format!("market {instrument}");
        let manners = Manners {
            rank: 2,
            ..Manners::default()
        };
        let (_, child): (Door<Market>, _) =
            Child::new("market", name, self.place.clone(), manners, move || {
                Market::new(
                    raised.clone(),
                    Arc::clone(&feed),
                    rooms.clone(),
                    board.clone(),
                )
            });
        Some(child)
    }

    /// Has markets raised, and does nothing else meanwhile.
    fn raise(&self, instruments: &[Instrument], ctx: &mut Context<Self>) {
        let children: Vec<_> = instruments
            .iter()
            .filter_map(|instrument| self.follow(instrument))
            .collect();
        let house = self.house.clone();
        let raising = async move {
            for child in children {
                house.raise(child).await;
            }
        };
        ctx.wait(raising.into_actor(self));
    }

    /// Raises the markets of the signals that were open before this life began.
    fn settle_in(&self, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.rooms.store);
        let asking = async move { store.open_instruments().await }.into_actor(self);
        ctx.wait(asking.map(|open, floor, ctx| match open {
            Ok(open) => floor.raise(&open, ctx),
            Err(error) => {
                tracing::warn!("could not ask which markets are open: {error}");
                ctx.run_later(LIST_AGAIN, |floor, ctx| floor.settle_in(ctx));
            }
        }));
    }
}

/// Which market would judge this pair?
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Result<Found, Unsettled>")]
pub struct Find {
    /// What is traded.
    pub pair: Pair,
    /// No quote was written: any dollar will do.
    pub quote_implied: bool,
    /// The venue that the post names.
    pub venue: Option<Venue>,
    /// The kind of market that its words speak of.
    pub kind: Option<MarketKind>,
}

impl Find {
    /// What a draft asks for.
    #[must_use]
    pub fn of(draft: &Draft) -> Self {
        Self {
            pair: draft.pair.clone(),
            quote_implied: draft.quote_implied,
            venue: draft.venue.clone(),
            kind: draft.kind,
        }
    }

    /// The pairs that would do, in order of preference.
    fn pairs(&self) -> Vec<Pair> {
        let implied = DOLLARS.iter().filter(|_| self.quote_implied);
        let others = implied.filter_map(|quote| Pair::new(self.pair.base(), quote).ok());
        std::iter::once(self.pair.clone()).chain(others).collect()
    }
}

/// The market that judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub instrument: Instrument,
    /// It is of another kind than the words spoke of.
    pub substituted: bool,
    /// What it last traded at, where that is known.
    pub last: Option<Price>,
}

/// Make sure that this market is watched. Answered when its actor is there to hear of signals.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Result<(), Unsettled>")]
pub struct Follow(pub Instrument);

/// Which assets exist?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Arc<Assets>, Unsettled>")]
pub struct Listings;

impl Actor for Floor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for feed in self.feeds.clone() {
            self.list(&feed, ctx);
        }
        self.settle_in(ctx);
    }
}

impl Mortal for Floor {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Floor {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Floor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if let Some(obituary) = &mut self.obituary {
            obituary.record(Exit::Asked);
        }
        ctx.stop();
    }
}

impl Handler<Listings> for Floor {
    type Result = Result<Arc<Assets>, Unsettled>;

    fn handle(&mut self, _: Listings, _: &mut Self::Context) -> Self::Result {
        if self.knows_all() {
            Ok(Arc::clone(&self.assets))
        } else {
            Err(unlisted_yet())
        }
    }
}

impl Handler<Find> for Floor {
    type Result = Result<Found, Unsettled>;

    fn handle(&mut self, wanted: Find, _: &mut Self::Context) -> Self::Result {
        if let Some(found) = self.find(&wanted) {
            return Ok(found);
        }
        if !self.knows_all() {
            return Err(unlisted_yet());
        }
        Ok(Found {
            instrument: Instrument {
                venue: Venue::new(UNLISTED),
                kind: wanted.kind.unwrap_or(MarketKind::Spot),
                pair: wanted.pair,
            },
            substituted: false,
            last: None,
        })
    }
}

impl Handler<Follow> for Floor {
    type Result = ResponseFuture<Result<(), Unsettled>>;

    fn handle(&mut self, Follow(instrument): Follow, _: &mut Self::Context) -> Self::Result {
        let child = self.follow(&instrument);
        let house = self.house.clone();
        let present = self
            .followed
            .board(&instrument)
            .map(|board| board.present.subscribe());
        Box::pin(async move {
            if let Some(child) = child {
                house.raise(child).await;
            }
            // The one who raises it and the one who finds it half raised wait alike.
            if let Some(mut present) = present {
                present
                    .wait_for(|present| *present)
                    .await
                    .map_err(|_| unlisted_yet())?;
            }
            Ok(())
        })
    }
}

/// Nobody can say yet which market judges.
fn unlisted_yet() -> Unsettled {
    Unsettled::retry("the venues have not said yet what they list")
}

/// The bundled assets and what the venues list.
fn assets<'a>(listings: impl Iterator<Item = &'a Listed>) -> Assets {
    let mut assets = Assets::bundled().clone();
    for listed in listings {
        assets.add(listed.instrument.pair.base());
    }
    assets
}
