//! What is kept sealed, wherever it lies: read at once, and sealed anew at once.

use domain::account::{AccountId, Deed, Sealed};
use domain::ports::accounts::{Locked, Resealed};
use domain::ports::store::StoreError;
use sqlx::SqlStr;

use super::{deeds, knock};
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, count, values};

const KEYS: &str = "SELECT kid, private AS sealed FROM signing_keys ORDER BY made, kid";

const FACTORS: &str =
    "SELECT id, second AS sealed FROM accounts WHERE second IS NOT NULL ORDER BY id";

/// Nothing stands in a mail any more that was sent.
const MAILS: &str = "SELECT number, params AS sealed FROM mails WHERE sent IS NULL ORDER BY number";

const KEY: &str = "UPDATE signing_keys SET private = $2 WHERE kid = $1 AND private = $3";

/// Whoever read the account before must not write the former seal back.
const FACTOR: &str = "UPDATE accounts SET second = $2, revision = revision + 1 \
     WHERE id = $1 AND second = $3";

const MAIL: &str = "UPDATE mails SET params = $2 WHERE number = $1 AND params = $3";

pub(super) async fn all<D: Database>(database: &D) -> Result<Vec<(Locked, Sealed)>, StoreError> {
    let mut session = database.read().await?;
    let mut all = Vec::new();
    for row in &session.ask(SqlStr::from_static(KEYS), values![]).await? {
        let kid = columns::text(row, "kid")?;
        all.push((Locked::SigningKey(kid), bytes(row)?));
    }
    for row in &session.ask(SqlStr::from_static(FACTORS), values![]).await? {
        let id = columns::parsed(row, "id", AccountId::parse)?;
        all.push((Locked::SecondFactor(id), bytes(row)?));
    }
    for row in &session.ask(SqlStr::from_static(MAILS), values![]).await? {
        let number = columns::whole(row, "number")?;
        all.push((Locked::Mail(number), bytes(row)?));
    }
    Ok(all)
}

fn bytes<R: Row>(row: &R) -> Result<Sealed, StoreError> {
    let bytes = row.bytes("sealed")?;
    bytes
        .map(Sealed)
        .ok_or_else(|| columns::unknown("sealed", "nothing"))
}

pub(super) async fn anew<D: Database>(
    database: &D,
    things: &[Resealed],
    deed: &Deed,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    for thing in things {
        let (sql, which) = match &thing.locked {
            Locked::SigningKey(kid) => (KEY, Value::from(kid)),
            Locked::SecondFactor(id) => (FACTOR, Value::from(id.to_string())),
            Locked::Mail(number) => (MAIL, Value::from(count(*number))),
        };
        let values = values![which, thing.anew.0.clone(), thing.former.0.clone()];
        if session.tell(SqlStr::from_static(sql), values).await? != 1 {
            return Ok(false);
        }
    }
    deeds::add(&mut session, deed).await?;
    knock(&mut session).await?;
    session.commit().await?;
    Ok(true)
}
