//! Keys: those of programs, and those that sign tokens.

use std::collections::BTreeMap;

use domain::account::{AccountId, ApiKey, KeyId, Scope, Sealed, SecretDigest};
use domain::ports::accounts::SigningKey;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::{digest_of, knock};
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, values};

const MAKE: &str = "INSERT INTO api_keys (id, account, name, prefix, digest, scopes, networks, created, \
     expires, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const BY_DIGEST: &str = "SELECT id, account, name, prefix, digest, scopes, networks, created, expires, \
     used FROM api_keys WHERE digest = $1";

const OF: &str = "SELECT id, account, name, prefix, digest, scopes, networks, created, expires, used \
     FROM api_keys WHERE account = $1 ORDER BY created, id";

const END: &str = "UPDATE api_keys SET expires = $3 WHERE id = $2 AND account = $1 \
     AND (expires IS NULL OR expires > $3)";

const USED: &str = "UPDATE api_keys SET used = $2 WHERE id = $1 AND (used IS NULL OR used < $2)";

const SIGNING: &str =
    "SELECT kid, private, public, made, retires FROM signing_keys ORDER BY made, kid";

/// Never later than was said before.
const RETIRE: &str = "UPDATE signing_keys SET retires = $1 WHERE retires IS NULL OR retires > $1";

const SIGN: &str = "INSERT INTO signing_keys (kid, private, public, made, retires) \
     VALUES ($1, $2, $3, $4, $5)";

pub(super) async fn make<D: Database>(database: &D, key: &ApiKey) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.label()).collect();
    let values = values![
        key.id.to_string(),
        key.account.to_string(),
        &key.name,
        &key.prefix,
        key.digest.0.to_vec(),
        scopes.join(" "),
        key.networks.join(" "),
        key.created,
        key.expires,
        key.used,
    ];
    session.tell(SqlStr::from_static(MAKE), values).await?;
    session.commit().await
}

pub(super) async fn by_digest<D: Database>(
    database: &D,
    digest: SecretDigest,
) -> Result<Option<ApiKey>, StoreError> {
    let found = list(database, BY_DIGEST, values![digest.0.to_vec()]).await?;
    Ok(found.into_iter().next())
}

pub(super) async fn of<D: Database>(
    database: &D,
    id: AccountId,
) -> Result<Vec<ApiKey>, StoreError> {
    list(database, OF, values![id.to_string()]).await
}

async fn list<D: Database>(
    database: &D,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<ApiKey>, StoreError> {
    let mut session = database.read().await?;
    let rows = session.ask(SqlStr::from_static(sql), values).await?;
    rows.iter().map(read).collect()
}

fn read<R: Row>(row: &R) -> Result<ApiKey, StoreError> {
    let scopes = columns::text(row, "scopes")?;
    let networks = columns::text(row, "networks")?;
    Ok(ApiKey {
        id: columns::parsed(row, "id", KeyId::parse)?,
        account: columns::parsed(row, "account", AccountId::parse)?,
        name: columns::text(row, "name")?,
        prefix: columns::text(row, "prefix")?,
        digest: digest_of(row, "digest")?,
        scopes: scopes
            .split_whitespace()
            .filter_map(Scope::from_label)
            .collect(),
        networks: networks.split_whitespace().map(str::to_owned).collect(),
        created: columns::time(row, "created")?,
        expires: columns::maybe_time(row, "expires")?,
        used: columns::maybe_time(row, "used")?,
    })
}

pub(super) async fn end<D: Database>(
    database: &D,
    id: AccountId,
    key: KeyId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let values = values![id.to_string(), key.to_string(), at];
    let ended = session.tell(SqlStr::from_static(END), values).await? == 1;
    knock(&mut session).await?;
    session.commit().await?;
    Ok(ended)
}

pub(super) async fn used<D: Database>(
    database: &D,
    used: &BTreeMap<KeyId, Timestamp>,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    for (key, at) in used {
        let values = values![key.to_string(), *at];
        session.tell(SqlStr::from_static(USED), values).await?;
    }
    session.commit().await
}

pub(super) async fn signing<D: Database>(database: &D) -> Result<Vec<SigningKey>, StoreError> {
    let mut session = database.read().await?;
    let rows = session.ask(SqlStr::from_static(SIGNING), values![]).await?;
    rows.iter().map(signs).collect()
}

fn signs<R: Row>(row: &R) -> Result<SigningKey, StoreError> {
    let bytes = |column: &str| {
        let bytes = row.bytes(column)?;
        bytes.ok_or_else(|| columns::unknown(column, "nothing"))
    };
    Ok(SigningKey {
        kid: columns::text(row, "kid")?,
        private: Sealed(bytes("private")?),
        public: bytes("public")?,
        made: columns::time(row, "made")?,
        retires: columns::maybe_time(row, "retires")?,
    })
}

pub(super) async fn add_signing<D: Database>(
    database: &D,
    key: &SigningKey,
    expected: Option<&str>,
    former_retire: Timestamp,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let rows = session.ask(SqlStr::from_static(SIGNING), values![]).await?;
    let newest = rows.last().map(signs).transpose()?;
    if newest.as_ref().map(|newest| newest.kid.as_str()) != expected {
        return Ok(false);
    }
    session
        .tell(SqlStr::from_static(RETIRE), values![former_retire])
        .await?;
    let values = values![
        &key.kid,
        key.private.0.clone(),
        key.public.clone(),
        key.made,
        key.retires
    ];
    session.tell(SqlStr::from_static(SIGN), values).await?;
    knock(&mut session).await?;
    session.commit().await?;
    Ok(true)
}
