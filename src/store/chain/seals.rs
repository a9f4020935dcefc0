//! Reading seals, and what was published with them.

use domain::chain::{Day, Hash, Published, Seal, Sealed};
use domain::ids::{ChannelId, Epoch};
use domain::ports::chain::SealRecord;
use domain::ports::store::StoreError;
use domain::post::Origin;
use sqlx::SqlStr;

use crate::store::columns;
use crate::store::database::{Row, Session, limit, values};

const SEALS: &str = "SELECT day, seq, epoch, after, through, records, root, figures, previous, hash \
     FROM seals WHERE day < $1 ORDER BY day DESC LIMIT $2";

const AFTER: &str = "SELECT day, seq, epoch, after, through, records, root, figures, previous, hash \
     FROM seals WHERE day > $1 ORDER BY day LIMIT $2";

const PUBLISHED: &str = "SELECT channel, origin, model, rules, body FROM published WHERE day = $1 \
     ORDER BY channel, origin, model";

/// The last seal; none before the first.
pub(crate) async fn last<S: Session>(session: &mut S) -> Result<Option<SealRecord>, StoreError> {
    Ok(before(session, None, 1).await?.into_iter().next())
}

/// The seals of days before one, newest first.
pub(crate) async fn before<S: Session>(
    session: &mut S,
    day: Option<Day>,
    most: usize,
) -> Result<Vec<SealRecord>, StoreError> {
    let before = day.map_or(domain::time::Timestamp::MAX, Day::begin);
    let values = values![before, limit(most)];
    let rows = session.ask(SqlStr::from_static(SEALS), values).await?;
    rows.iter().map(seal).collect()
}

/// The seals of days after one, oldest first.
pub(super) async fn after<S: Session>(
    session: &mut S,
    day: Option<Day>,
    most: usize,
) -> Result<Vec<SealRecord>, StoreError> {
    let after = day.map_or(domain::time::Timestamp::MIN, Day::begin);
    let values = values![after, limit(most)];
    let rows = session.ask(SqlStr::from_static(AFTER), values).await?;
    rows.iter().map(seal).collect()
}

/// What was published when a day was over.
pub(crate) async fn published<S: Session>(
    session: &mut S,
    day: Day,
) -> Result<Vec<Published>, StoreError> {
    let rows = session
        .ask(SqlStr::from_static(PUBLISHED), values![day.begin()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Published {
                channel: columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?,
                origin: columns::parsed(row, "origin", Origin::from_label)?,
                model: columns::text(row, "model")?,
                rules: columns::text(row, "rules")?,
                body: columns::text(row, "body")?,
            })
        })
        .collect()
}

fn seal<R: Row>(row: &R) -> Result<SealRecord, StoreError> {
    Ok(SealRecord {
        seq: columns::seq(row, "seq")?,
        seal: Seal {
            sealed: Sealed {
                epoch: Epoch::new(columns::text(row, "epoch")?),
                day: Day::of(columns::time(row, "day")?),
                after: columns::seq(row, "after")?,
                through: columns::seq(row, "through")?,
                records: columns::whole(row, "records")?,
                root: hash(row, "root")?,
                figures: hash(row, "figures")?,
                previous: hash(row, "previous")?,
            },
            hash: hash(row, "hash")?,
        },
    })
}

/// What is no hash is as good as a wrong one.
fn hash<R: Row>(row: &R, column: &str) -> Result<Hash, StoreError> {
    let bytes = row.bytes(column)?;
    Ok(bytes
        .as_deref()
        .and_then(Hash::from_bytes)
        .unwrap_or(Hash::NOTHING))
}
