//! Leaves: the hash of each record, as it was when it was first looked at.

use domain::chain::Hash;
use domain::ids::Seq;
use domain::ports::store::StoreError;
use sqlx::SqlStr;

use super::records::{At, Leaf, Record, Span};
use crate::store::columns;
use crate::store::copy;
use crate::store::database::{Database, Row, Session, Value, limit, values};

const LAST: &str = "SELECT place, key FROM leaves WHERE record = $1 ORDER BY place DESC, key DESC \
     LIMIT 1";

const PAGE: &str = "SELECT place, key, digest FROM leaves WHERE record = $1 \
     AND place >= $2 AND place <= $3 AND (place > $2 OR key > $4) ORDER BY place, key LIMIT $5";

/// How many rows one statement brings.
const AT_ONCE: usize = 256;

/// Where hashing goes on: after the last record that is hashed.
pub(super) async fn last<S: Session>(session: &mut S, of: &Record) -> Result<At, StoreError> {
    let rows = session
        .ask(SqlStr::from_static(LAST), values![of.table])
        .await?;
    let nothing = At {
        place: Seq::ZERO,
        key: String::new(),
    };
    rows.first().map_or(Ok(nothing), at)
}

/// Some hashes of a span, in order.
pub(super) async fn page<S: Session>(
    session: &mut S,
    of: &Record,
    span: &Span,
    most: usize,
) -> Result<Vec<Leaf>, StoreError> {
    let values = values![
        of.table,
        span.after.place,
        span.through,
        &span.after.key,
        limit(most),
    ];
    let rows = session.ask(SqlStr::from_static(PAGE), values).await?;
    rows.iter()
        .map(|row| {
            let hash = row.bytes("digest")?;
            let hash = hash.as_deref().and_then(Hash::from_bytes);
            Ok(Leaf {
                at: at(row)?,
                // What is no hash is as good as a wrong one.
                hash: hash.unwrap_or(Hash::NOTHING),
            })
        })
        .collect()
}

fn at<R: Row>(row: &R) -> Result<At, StoreError> {
    Ok(At {
        place: columns::seq(row, "place")?,
        key: columns::text(row, "key")?,
    })
}

/// Writes hashes down. One that stands there already stays, and is what counts.
pub(super) async fn keep<D: Database>(
    database: &D,
    of: &Record,
    leaves: &[Leaf],
) -> Result<(), StoreError> {
    if leaves.is_empty() {
        return Ok(());
    }
    let mut session = database.write().await?;
    for some in leaves.chunks(AT_ONCE) {
        let rows: Vec<String> = (0..some.len())
            .map(|nth| format!("({})", copy::places(nth * 4, 4)))
            .collect();
        let sql = format!(
            "INSERT INTO leaves (record, place, key, digest) VALUES {} ON CONFLICT DO NOTHING",
            rows.join(", ")
        );
        let cells = some.iter().flat_map(|leaf| {
            let Leaf { at, hash } = leaf;
            values![of.table, at.place, &at.key, hash.0.to_vec()]
        });
        let cells: Vec<Value> = cells.collect();
        session.tell(copy::safe(sql), cells).await?;
    }
    session.commit().await
}
