//! Writing what the market did: each step of a track once.

use domain::ports::store::{MarketEntry, Receipt, StoreError, TrackRecord};

use super::{Desk, refused};
use crate::store::database::{Session, count, values};
use crate::store::shape;

const STEP: &str = "SELECT step FROM tracks WHERE signal = $1";

const TRACK: &str = "INSERT INTO tracks (signal, instrument, step, heard, snapshot) \
     SELECT id, instrument, $2, $3, $4 FROM signals WHERE id = $1 \
     ON CONFLICT (signal) DO UPDATE SET step = excluded.step, heard = excluded.heard, \
     snapshot = excluded.snapshot";

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

        let mut fresh = 0;
        let mut stale = None;
        for track in &entry.tracks {
            let stored = self.step(track).await?;
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
        for track in &entry.tracks {
            self.track(track).await?;
        }
        Ok(receipt)
    }

    async fn step(&mut self, track: &TrackRecord) -> Result<i64, StoreError> {
        let row = self.ask(STEP, values![track.signal]).await?;
        Ok(super::number(row.as_ref(), "step")?.unwrap_or(0))
    }

    async fn track(&mut self, track: &TrackRecord) -> Result<(), StoreError> {
        let written = self
            .tell(
                TRACK,
                values![
                    track.signal,
                    count(track.step),
                    track.heard,
                    shape::write_snapshot(&track.track),
                ],
            )
            .await?;
        if written == 1 {
            Ok(())
        } else {
            Err(refused(format!("there is no signal {}", track.signal)))
        }
    }
}
