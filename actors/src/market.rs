//! The market: one for each instrument. The price path, and the open signals on it.
//!
//! Hears of new signals and of the authors' later words from the hub, steps every open signal with
//! every tick, and has the ledger store what happens. After a death it begins again from the
//! tracks as they were last stored and asks the feed for what was traded since.

use std::sync::Arc;

use actix::prelude::*;
use domain::execution::ExecutionModel;
use domain::market::{Instrument, Price};
use domain::ports::store::Store;
use domain::ports::{Clock, Feed};
use domain::time::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::ledger::Ledger;
use crate::supervise::{Door, Health, Mortal, Obituary, Retire, Sickness};

mod follow;
mod tracks;

use follow::Watcher;

/// Follows one instrument.
pub struct Market {
    instrument: Instrument,
    feed: Arc<dyn Feed>,
    rooms: Rooms,
    board: Board,
    leave: CancellationToken,
    obituary: Option<Obituary>,
}

/// The rooms and ports that a market asks.
#[derive(Clone)]
pub struct Rooms {
    /// What is open.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who tells of new signals.
    pub hub: Door<Hub>,
    /// Who stores what happens.
    pub ledger: Door<Ledger>,
    /// How a follower trades.
    pub model: Arc<ExecutionModel>,
}

/// What the floor reads of a market without asking it.
#[derive(Clone, Default)]
pub struct Board {
    /// Its last price.
    pub last: Arc<watch::Sender<Option<Last>>>,
    /// It hears of new signals.
    pub present: Arc<watch::Sender<bool>>,
}

/// A last price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// The price.
    pub price: Price,
    /// When it was traded.
    pub at: Timestamp,
}

impl Market {
    /// A market of an instrument on a feed.
    #[must_use]
    pub fn new(instrument: Instrument, feed: Arc<dyn Feed>, rooms: Rooms, board: Board) -> Self {
        Self {
            instrument,
            feed,
            rooms,
            board,
            leave: CancellationToken::new(),
            obituary: None,
        }
    }
}

impl Actor for Market {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let watcher = Watcher::new(
            self.instrument.clone(),
            Arc::clone(&self.feed),
            self.rooms.clone(),
            self.board.clone(),
            self.leave.clone(),
        );
        ctx.spawn(watcher.watch().into_actor(self).map(|exit, market, ctx| {
            if let Some(obituary) = &mut market.obituary {
                obituary.record(exit);
            }
            ctx.stop();
        }));
    }
}

impl Mortal for Market {
    fn keep(&mut self, obituary: Obituary) {
        self.obituary = Some(obituary);
    }
}

impl Handler<Health> for Market {
    type Result = Result<(), Sickness>;

    fn handle(&mut self, _: Health, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<Retire> for Market {
    type Result = ();

    fn handle(&mut self, _: Retire, _: &mut Self::Context) {
        self.leave.cancel();
    }
}
