//! Which markets are followed, and what can be seen of them without asking anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::market::Instrument;
use domain::time::Timestamp;

use crate::market::{Board, Last};

/// The markets that have been raised, and their boards. They outlive the floor, as the markets do:
/// the next floor finds them, and raises none twice.
#[derive(Clone, Default)]
pub struct Followed(Arc<Mutex<Boards>>);

/// Since when each market is followed, and its board.
type Boards = HashMap<Instrument, (Timestamp, Board)>;

/// A market that is followed, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub instrument: Instrument,
    /// Since when this process follows it.
    pub since: Timestamp,
    /// Its last price; none before the first.
    pub last: Option<Last>,
}

impl Followed {
    /// Every market that is followed, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Seen> {
        let see = |(instrument, (since, board)): (&Instrument, &(Timestamp, Board))| Seen {
            instrument: instrument.clone(),
            since: *since,
            last: *board.last.borrow(),
        };
        let mut seen: Vec<Seen> = self.boards().iter().map(see).collect();
        seen.sort_by(|a, b| a.instrument.cmp(&b.instrument));
        seen
    }

    /// The board of a market that has been raised.
    pub(super) fn board(&self, instrument: &Instrument) -> Option<Board> {
        let boards = self.boards();
        boards.get(instrument).map(|(_, board)| board.clone())
    }

    /// A new board, unless the market has been raised before.
    pub(super) fn begin(&self, instrument: &Instrument, now: Timestamp) -> Option<Board> {
        let mut boards = self.boards();
        if boards.contains_key(instrument) {
            return None;
        }
        let board = Board::default();
        boards.insert(instrument.clone(), (now, board.clone()));
        Some(board)
    }

    fn boards(&self) -> MutexGuard<'_, Boards> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
