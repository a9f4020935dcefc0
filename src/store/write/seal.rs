//! Writing a seal: once for each day, after the one before it.

use std::sync::Arc;

use domain::chain::Hash;
use domain::event::{Event, Told};
use domain::ports::store::{Receipt, SealEntry, StoreError};

use super::{Desk, refused};
use crate::store::chain::seals;
use crate::store::database::{Session, count, values};
use crate::store::shape;

const SEAL: &str = "INSERT INTO seals (day, seq, epoch, after, through, records, root, figures, previous, \
     hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const PUBLISHED: &str = "INSERT INTO published (day, channel, origin, model, rules, body) \
     VALUES ($1, $2, $3, $4, $5, $6)";

const EVENT: &str = "INSERT INTO events (seq, signal, instrument, type, stored, body) \
     VALUES ($1, NULL, NULL, $2, $3, $4)";

impl<S: Session> Desk<S> {
    pub(super) async fn seal(&mut self, entry: &SealEntry) -> Result<Receipt, StoreError> {
        let SealEntry { seal, figures } = entry;
        let last = seals::last(&mut self.session).await?;
        let previous = last.as_ref().map_or(Hash::NOTHING, |last| last.seal.hash);
        if let Some(last) = &last
            && last.seal.sealed.day >= seal.sealed.day
        {
            return Ok(Receipt::Duplicate);
        }
        if previous != seal.sealed.previous {
            let wanted = seal.sealed.previous;
            return Err(refused(format!(
                "a seal that follows {wanted}, and the last one is {previous}"
            )));
        }
        self.head = self.head.next();
        let day = seal.sealed.day.begin();
        let sealed = &seal.sealed;
        let hash = |hash: Hash| hash.0.to_vec();
        self.tell(
            SEAL,
            values![
                day,
                self.head,
                &sealed.epoch,
                sealed.after,
                sealed.through,
                count(sealed.records),
                hash(sealed.root),
                hash(sealed.figures),
                hash(sealed.previous),
                hash(seal.hash),
            ],
        )
        .await?;
        for one in figures {
            let values = values![
                day,
                &one.channel,
                one.origin.label(),
                &one.model,
                &one.rules,
                &one.body,
            ];
            self.tell(PUBLISHED, values).await?;
        }
        let event = Event {
            epoch: self.epoch.clone(),
            seq: self.head,
            stored: self.now,
            told: Told::Seal(seal.clone()),
        };
        let values = values![self.head, event.label(), self.now, shape::write_seal(seal),];
        // Events of this commit that are written together come after it all the same: they are numbered.
        self.tell(EVENT, values).await?;
        Ok(Receipt::Stored(vec![Arc::new(event)]))
    }
}
