//! Sessions: devices that are logged in, and the refresh tokens by which they come back.

use std::net::IpAddr;

use domain::account::{AccountId, SecretDigest, Session, SessionId, Stay};
use domain::ports::accounts::{Credential, Ending, Rotated};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::knock;
use crate::store::columns;
use crate::store::database::{self, Database, Row, Session as _, values};

const BEGIN: &str = "INSERT INTO sessions (id, account, cookie, agent, address, began, seen, expires) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const REFRESH: &str = "INSERT INTO refreshes (digest, session, newest) VALUES ($1, $2, $3)";

const FORMER: &str = "SELECT s.id, s.account, s.agent, s.address, s.began, s.seen, s.expires, r.newest \
     FROM refreshes r JOIN sessions s ON s.id = r.session WHERE r.digest = $1";

const SPENT: &str = "UPDATE refreshes SET newest = $2 WHERE session = $1";

const BEGAN: &str = "SELECT began FROM sessions WHERE id = $1";

const SEEN: &str = "UPDATE sessions SET seen = $2, expires = $3 WHERE id = $1";

const OF: &str = "SELECT id, account, agent, address, began, seen, expires FROM sessions \
     WHERE account = $1 AND expires > $2 ORDER BY seen DESC, id";

const BY_COOKIE: &str = "SELECT id, account, agent, address, began, seen, expires FROM sessions \
     WHERE cookie = $1 AND expires > $2";

const OLD: &str = "DELETE FROM sessions WHERE account = $1 AND expires <= $2";

pub(super) async fn begin<D: Database>(
    database: &D,
    begun: &Session,
    with: Credential,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    // Whoever logs in takes his dead devices away.
    let values = values![begun.account.to_string(), begun.began];
    session.tell(SqlStr::from_static(OLD), values).await?;
    let (cookie, refresh) = match with {
        Credential::Cookie(digest) => (Some(digest.0.to_vec()), None),
        Credential::Refresh(digest) => (None, Some(digest)),
    };
    let values = values![
        begun.id.to_string(),
        begun.account.to_string(),
        cookie,
        &begun.agent,
        begun.address.map(|address| address.to_string()),
        begun.began,
        begun.seen,
        begun.expires,
    ];
    session.tell(SqlStr::from_static(BEGIN), values).await?;
    if let Some(refresh) = refresh {
        let values = values![refresh.0.to_vec(), begun.id.to_string(), true];
        session.tell(SqlStr::from_static(REFRESH), values).await?;
    }
    // Nobody's rights change: whoever shows a session that the door does not know is looked up.
    session.commit().await
}

pub(super) async fn by_cookie<D: Database>(
    database: &D,
    cookie: SecretDigest,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let mut session = database.read().await?;
    let values = values![cookie.0.to_vec(), now];
    let rows = session.ask(SqlStr::from_static(BY_COOKIE), values).await?;
    rows.first().map(read).transpose()
}

pub(super) async fn touch<D: Database>(
    database: &D,
    id: SessionId,
    now: Timestamp,
    stay: Stay,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let rows = session
        .ask(SqlStr::from_static(BEGAN), values![id.to_string()])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let expires = stay.until(columns::time(row, "began")?, now);
    let values = values![id.to_string(), now, expires];
    session.tell(SqlStr::from_static(SEEN), values).await?;
    session.commit().await
}

pub(super) async fn rotate<D: Database>(
    database: &D,
    former: SecretDigest,
    next: SecretDigest,
    now: Timestamp,
    stay: Stay,
) -> Result<Rotated, StoreError> {
    let mut session = database.write().await?;
    let rows = session
        .ask(SqlStr::from_static(FORMER), values![former.0.to_vec()])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(Rotated::Unknown);
    };
    let mut of = read(row)?;
    if of.expires <= now {
        return Ok(Rotated::Unknown);
    }
    if !columns::flag(row, "newest")? {
        end_in(&mut session, of.account, Ending::One(of.id)).await?;
        knock(&mut session).await?;
        session.commit().await?;
        return Ok(Rotated::Reused(of));
    }
    of.seen = now;
    of.expires = stay.until(of.began, now);
    let values = values![of.id.to_string(), false];
    session.tell(SqlStr::from_static(SPENT), values).await?;
    let values = values![next.0.to_vec(), of.id.to_string(), true];
    session.tell(SqlStr::from_static(REFRESH), values).await?;
    let values = values![of.id.to_string(), of.seen, of.expires];
    session.tell(SqlStr::from_static(SEEN), values).await?;
    session.commit().await?;
    Ok(Rotated::Fresh(of))
}

pub(super) async fn of<D: Database>(
    database: &D,
    id: AccountId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let mut session = database.read().await?;
    let values = values![id.to_string(), now];
    let rows = session.ask(SqlStr::from_static(OF), values).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn end<D: Database>(
    database: &D,
    id: AccountId,
    which: Ending,
) -> Result<u64, StoreError> {
    let mut session = database.write().await?;
    let ended = end_in(&mut session, id, which).await?;
    if ended > 0 {
        knock(&mut session).await?;
    }
    session.commit().await?;
    Ok(ended)
}

async fn end_in<S: database::Session>(
    session: &mut S,
    id: AccountId,
    which: Ending,
) -> Result<u64, StoreError> {
    let (sql, values) = match which {
        Ending::All => (
            "DELETE FROM sessions WHERE account = $1",
            values![id.to_string()],
        ),
        Ending::One(one) => (
            "DELETE FROM sessions WHERE account = $1 AND id = $2",
            values![id.to_string(), one.to_string()],
        ),
        Ending::Others(one) => (
            "DELETE FROM sessions WHERE account = $1 AND id <> $2",
            values![id.to_string(), one.to_string()],
        ),
    };
    session.tell(SqlStr::from_static(sql), values).await
}

fn read<R: Row>(row: &R) -> Result<Session, StoreError> {
    Ok(Session {
        id: columns::parsed(row, "id", SessionId::parse)?,
        account: columns::parsed(row, "account", AccountId::parse)?,
        agent: columns::text(row, "agent")?,
        address: columns::maybe_parsed(row, "address", |it| it.parse::<IpAddr>().ok())?,
        began: columns::time(row, "began")?,
        seen: columns::time(row, "seen")?,
        expires: columns::time(row, "expires")?,
    })
}
