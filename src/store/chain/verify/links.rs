//! Links: each seal follows from its members and from the seal before it, is what the stream told, and
//! what others kept of it.

use std::collections::BTreeMap;

use domain::chain::{Day, Hash, Seal};
use domain::event::Told;
use domain::ids::Seq;
use domain::ports::chain::SealRecord;
use domain::ports::store::StoreError;
use sqlx::SqlStr;

use super::{Asked, Verified};
use crate::store::chain::seals;
use crate::store::columns;
use crate::store::database::{Database, Session, values};
use crate::store::shape;
use crate::wire::chain::written;

/// How many seals are read at once.
const PAGE: usize = 500;

const TOLD: &str = "SELECT body FROM events WHERE seq = $1";

/// Verifies every seal, and gives those of the days that are asked for.
pub(super) async fn verify<D: Database>(
    database: &D,
    asked: &Asked,
    first: Seq,
    verified: &mut Verified,
) -> Result<Vec<SealRecord>, StoreError> {
    let mut wanted = Vec::new();
    let mut kept: BTreeMap<Day, Vec<&Seal>> = BTreeMap::new();
    for seal in &asked.kept {
        kept.entry(seal.sealed.day).or_default().push(seal);
    }
    let mut before: Option<SealRecord> = None;
    loop {
        let mut session = database.read().await?;
        let after = before.as_ref().map(|before| before.seal.sealed.day);
        let page = seals::after(&mut session, after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            verified.days += 1;
            link(before.as_ref(), &record, verified);
            if record.seq >= first {
                as_told(&mut session, &record, verified).await?;
            }
            let day = record.seal.sealed.day;
            for seal in kept.remove(&day).into_iter().flatten() {
                verified.kept += 1;
                compare(&record.seal, seal, verified);
            }
            if asked.from.is_none_or(|from| day >= from) && asked.to.is_none_or(|to| day <= to) {
                wanted.push(record.clone());
            }
            before = Some(record);
        }
    }
    for (day, seals) in kept {
        verified.kept += seals.len() as u64;
        for seal in seals {
            let why = format!(
                "somebody kept {} of epoch {}; there is none here",
                seal.hash, seal.sealed.epoch
            );
            verified.find("seals", written(day), why);
        }
    }
    if wanted.is_empty() {
        verified.note("no day of those asked for is sealed: nothing could be compared with a seal");
    }
    Ok(wanted)
}

/// A seal follows from what it says, and from the one before it.
fn link(before: Option<&SealRecord>, record: &SealRecord, verified: &mut Verified) {
    let Seal { sealed, hash } = &record.seal;
    let key = written(sealed.day);
    let reckoned = sealed.hash();
    if reckoned != *hash {
        let why = format!("its members give the hash {reckoned}, and it says {hash}");
        return verified.find("seals", key, why);
    }
    let (previous, after) = before.map_or((Hash::NOTHING, Seq::ZERO), |before| {
        (before.seal.hash, before.seal.sealed.through)
    });
    if let Some(before) = before {
        let next = before.seal.sealed.day.next();
        if next != sealed.day {
            let why = format!(
                "the day before it that is sealed is not {}",
                written(sealed.day.previous())
            );
            verified.find("seals", key.clone(), why);
        }
    }
    if sealed.previous != previous {
        let why = format!(
            "the seal before it is {previous}, and it says {}",
            sealed.previous
        );
        verified.find("seals", key, why);
    } else if sealed.after != after {
        let why = format!(
            "the seal before it ends at {after}, and it says {}",
            sealed.after
        );
        verified.find("seals", key, why);
    }
}

/// The stream told the same seal.
async fn as_told<S: Session>(
    session: &mut S,
    record: &SealRecord,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let rows = session
        .ask(SqlStr::from_static(TOLD), values![record.seq])
        .await?;
    let body = rows
        .first()
        .map(|row| columns::text(row, "body"))
        .transpose()?;
    let told = body.as_deref().and_then(|body| shape::read_body(body).ok());
    let same = matches!(&told, Some(Told::Seal(told)) if *told == record.seal);
    if !same {
        let key = written(record.seal.sealed.day);
        let why = format!("event {} does not tell it", record.seq);
        verified.find("seals", key, why);
    }
    Ok(())
}

/// What somebody kept is what stands here.
fn compare(here: &Seal, kept: &Seal, verified: &mut Verified) {
    if here.hash == kept.hash {
        return;
    }
    let (ours, theirs) = (&here.sealed.epoch, &kept.sealed.epoch);
    let went_back = if ours == theirs {
        String::new()
    } else {
        format!("; it was of epoch {theirs}, and this is of {ours}: the record went back")
    };
    let why = format!(
        "somebody kept {}, and it is {} here{went_back}",
        kept.hash, here.hash
    );
    verified.find("seals", written(here.sealed.day), why);
}
