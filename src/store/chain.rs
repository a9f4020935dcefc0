//! The chain: the hash of every record, and of every day the seal over them.
//!
//! A record's place is the number that the next event had when it was stored, so the records up to a
//! place are complete once the stream has got there: writers come one after the other. A record is
//! hashed once and keeps that hash; a seal covers those whose places lie between two cuts of the stream.

use domain::chain::{Day, Hash, Published, Sealed, Tree};
use domain::ids::Seq;
use domain::ports::chain::{Chain, Gathered, SealRecord};
use domain::ports::store::{SealEntry, StoreError};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::database::{Database, Session, values};
use super::{SqlStore, columns, write};

mod figures;
mod leaves;
mod places;
mod records;
pub(crate) mod seals;
mod verify;

use self::records::{Leaf, RECORDS, Span};
pub use self::verify::{Asked, Finding, Verified};

/// How many hashes are held in memory at once.
const PAGE: usize = 4_096;

/// Where a day ends in the stream: before the first event that was stored after it.
const AFTER_THE_DAY: &str = "SELECT seq FROM events WHERE seq > $1 AND seq <= $2 AND stored >= $3 \
     ORDER BY seq LIMIT 1";

#[async_trait::async_trait]
impl<D: Database> Chain for SqlStore<D> {
    async fn gather(&self, most: usize) -> Result<Gathered, StoreError> {
        gather(&self.database, most).await
    }

    async fn due(&self, until: Seq, now: Timestamp) -> Result<Option<SealEntry>, StoreError> {
        due(&self.database, until, now).await
    }

    async fn seals(
        &self,
        before: Option<Day>,
        limit: usize,
    ) -> Result<Vec<SealRecord>, StoreError> {
        let mut session = self.database.read().await?;
        seals::before(&mut session, before, limit).await
    }

    async fn published(&self, day: Day) -> Result<Vec<Published>, StoreError> {
        let mut session = self.database.read().await?;
        seals::published(&mut session, day).await
    }
}

async fn gather<D: Database>(database: &D, most: usize) -> Result<Gathered, StoreError> {
    let placed = places::give(database, most).await? + places::move_on(database, most).await?;
    let head = {
        let mut session = database.read().await?;
        write::meta(&mut session).await?.1
    };
    let (mut records, mut more) = (0, placed >= most);
    for record in &RECORDS {
        let page = {
            let mut session = database.read().await?;
            let last = leaves::last(&mut session, record).await?;
            let span = Span {
                after: last,
                through: head,
            };
            record.page(&mut session, &span, most).await?
        };
        let page = page
            .into_iter()
            .map(|(at, hashed)| {
                let hash = hashed?.whole;
                Ok(Leaf { at, hash })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        more |= page.len() == most;
        records += page.len() as u64;
        leaves::keep(database, record, &page).await?;
    }
    Ok(Gathered {
        records,
        until: (!more).then_some(head),
    })
}

async fn due<D: Database>(
    database: &D,
    until: Seq,
    now: Timestamp,
) -> Result<Option<SealEntry>, StoreError> {
    let mut session = database.read().await?;
    let (epoch, _) = write::meta(&mut session).await?;
    let last = seals::last(&mut session).await?.map(|last| last.seal);
    // The first seal covers everything up to yesterday.
    let day = match &last {
        Some(last) => last.sealed.day.next(),
        None => Day::of(now).previous(),
    };
    let (after, previous) = last.map_or((Seq::ZERO, Hash::NOTHING), |last| {
        (last.sealed.through, last.hash)
    });
    if day.end() > now {
        return Ok(None);
    }
    let values = values![after, until, day.end()];
    let rows = session
        .ask(SqlStr::from_static(AFTER_THE_DAY), values)
        .await?;
    let through = match rows.first() {
        Some(row) => Seq::new(columns::seq(row, "seq")?.get().saturating_sub(1)),
        None => until.max(after),
    };
    drop(session);
    if previous == Hash::NOTHING && through == Seq::ZERO {
        return Ok(None);
    }
    let tree = tree(database, after, through).await?;
    let figures = figures::at(database, through).await?;
    let sealed = Sealed {
        epoch,
        day,
        after,
        through,
        records: tree.leaves(),
        root: tree.root(),
        figures: domain::chain::figures(&figures),
        previous,
    };
    Ok(Some(SealEntry {
        seal: sealed.seal(),
        figures,
    }))
}

/// The tree over the hashes of the records between two places: kind by kind, in the order of their
/// places and keys.
async fn tree<D: Database>(database: &D, after: Seq, through: Seq) -> Result<Tree, StoreError> {
    let mut tree = Tree::default();
    for record in &RECORDS {
        let mut span = Span::between(after, through);
        loop {
            let mut session = database.read().await?;
            let page = leaves::page(&mut session, record, &span, PAGE).await?;
            page.iter().for_each(|leaf| tree.push(leaf.hash));
            let Some(last) = page.into_iter().next_back() else {
                break;
            };
            span.after = last.at;
        }
    }
    Ok(tree)
}
