//! Writing what the market did: each step of a track once.

use std::collections::HashMap;

use domain::ids::SignalId;
use domain::ports::store::{MarketEntry, Receipt, StoreError, TrackRecord};

use super::{Desk, Rows, refused};
use crate::store::columns;
use crate::store::database::{Session, count, values};
use crate::store::shape;

const STEPS: Rows = Rows {
    head: "SELECT signal, step FROM tracks WHERE signal IN (VALUES ",
    width: 1,
    tail: ")",
};

const TRACKS: Rows = Rows {
    head: "INSERT INTO tracks (signal, instrument, step, heard, snapshot) \
         SELECT s.id, s.instrument, v.column2, v.column3, v.column4 FROM (VALUES ",
    width: 4,
    // Without a condition SQLite would read ON as one of the join.
    tail: ") v JOIN signals s ON s.id = v.column1 WHERE TRUE \
         ON CONFLICT (signal) DO UPDATE SET step = excluded.step, heard = excluded.heard, \
         snapshot = excluded.snapshot",
};

const KNOWN: &str = "SELECT 1 AS known FROM signals WHERE id = $1";

impl<S: Session> Desk<S> {
    /// A market cannot know whether a commit took place whose answer was lost, so it hands in
    /// the same entry again. The steps of its tracks tell; the events have nothing that would.
    pub(super) async fn market(&mut self, entry: &MarketEntry) -> Result<Receipt, StoreError> {
        for happening in &entry.happenings {
            let followed = |track: &TrackRecord| track.signal == happening.signal;
            if !entry.tracks.iter().any(followed) {
                return Err(refused(format!(
                    "something happened to signal {} and its track is not in the entry",
                    happening.signal,
                )));
            }
        }

        let steps = self.steps(&entry.tracks).await?;
        let mut fresh = 0;
        let mut stale = None;
        for track in &entry.tracks {
            let stored = steps.get(&track.signal).copied().unwrap_or(0);
            let step = count(track.step);
            if step == stored + 1 {
                fresh += 1;
            } else if step <= stored {
                stale = Some((track.signal, step, stored));
            } else {
                return Err(refused(format!(
                    "the track of signal {} is at step {stored}, and {step} does not follow it",
                    track.signal,
                )));
            }
        }
        if let Some((signal, step, stored)) = stale {
            if fresh == 0 {
                return Ok(Receipt::Duplicate);
            }
            return Err(refused(format!(
                "only some of the entry's steps are stored already: step {step} of signal {signal}, \
                 which is at {stored}",
            )));
        }

        let receipt = self.publish(&entry.happenings).await?;
        self.tracks(&entry.tracks).await?;
        Ok(receipt)
    }

    /// At which step the stored tracks are; those that were never stored are left out.
    async fn steps(
        &mut self,
        tracks: &[TrackRecord],
    ) -> Result<HashMap<SignalId, i64>, StoreError> {
        let cells = tracks.iter().map(|track| track.signal.into()).collect();
        let rows = self.ask_rows(&STEPS, cells).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    columns::parsed(row, "signal", |id| shape::signal_id(id).ok())?,
                    columns::whole(row, "step")?,
                ))
            })
            .collect()
    }

    async fn tracks(&mut self, tracks: &[TrackRecord]) -> Result<(), StoreError> {
        let mut cells = Vec::with_capacity(tracks.len() * TRACKS.width);
        for track in tracks {
            cells.extend(values![
                track.signal,
                count(track.step),
                track.heard,
                shape::write_snapshot(&track.track),
            ]);
        }
        let written = self.tell_rows(&TRACKS, cells).await?;
        if written == tracks.len() as u64 {
            return Ok(());
        }
        for TrackRecord { signal, .. } in tracks {
            if self.ask(KNOWN, values![*signal]).await?.is_none() {
                return Err(refused(format!("there is no signal {signal}")));
            }
        }
        Err(refused("a track stands twice in the entry".to_owned()))
    }
}
