//! Accounts themselves, their recovery codes and the links that are mailed to them.

use domain::account::{
    Account, AccountId, Email, PasswordHash, Purpose, Role, Sealed, SecondFactor, SecretDigest,
};
use domain::ids::ChannelId;
use domain::plan::PlanId;
use domain::ports::accounts::Place;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::knock;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, limit as most, values};

const COLUMNS: &str = "id, email, password, verified, role, language, granted, second, \
     second_confirmed, second_step, chosen, created, closed, revision";

const OPEN: &str = "INSERT INTO accounts (id, number, email, password, verified, role, language, \
     granted, second, second_confirmed, second_step, chosen, created, closed, revision) \
     SELECT $1, (SELECT COALESCE(MAX(x.number), 0) + 1 FROM accounts x), \
     $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
     WHERE NOT EXISTS (SELECT 1 FROM accounts y WHERE y.email = $2)";

/// A step that was taken since the account was read stays taken, while it is the same secret.
const CHANGE: &str = "UPDATE accounts SET email = $2, password = $3, verified = $4, role = $5, \
     language = $6, granted = $7, second = $8, second_confirmed = $9, second_step = \
     CASE WHEN second = $8 AND second_step > $10 THEN second_step ELSE $10 END, chosen = $11, \
     created = $12, closed = $13, revision = $14 WHERE id = $1 AND revision = $14 - 1";

const REHASH: &str = "UPDATE accounts SET password = $2 WHERE id = $1 AND password = $3";

const STEP: &str = "UPDATE accounts SET second_step = $2 WHERE id = $1 AND second_step < $2";

/// What is somebody's own goes with him; channels and requests are told apart from people first.
const ERASE: [&str; 4] = [
    "DELETE FROM owners WHERE account = $1",
    "DELETE FROM requests WHERE account = $1",
    "DELETE FROM subscriptions WHERE account = $1",
    "DELETE FROM mails WHERE account = $1",
];

const GONE: &str = "DELETE FROM accounts WHERE id = $1";

pub(super) async fn open<D: Database>(database: &D, account: &Account) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let values = values_of(account);
    let opened = session.tell(SqlStr::from_static(OPEN), values).await? == 1;
    session.commit().await?;
    Ok(opened)
}

pub(super) async fn change<D: Database>(
    database: &D,
    account: &Account,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let values = values_of(account);
    if session.tell(SqlStr::from_static(CHANGE), values).await? != 1 {
        return Ok(false);
    }
    knock(&mut session).await?;
    session.commit().await?;
    Ok(true)
}

pub(super) async fn rehash<D: Database>(
    database: &D,
    id: AccountId,
    former: &PasswordHash,
    password: &PasswordHash,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let values = values![id.to_string(), &password.0, &former.0];
    session.tell(SqlStr::from_static(REHASH), values).await?;
    session.commit().await
}

pub(super) async fn erase<D: Database>(database: &D, id: AccountId) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    for sql in ERASE {
        let values = values![id.to_string()];
        session.tell(SqlStr::from_static(sql), values).await?;
    }
    let values = values![id.to_string()];
    let gone = session.tell(SqlStr::from_static(GONE), values).await? == 1;
    knock(&mut session).await?;
    session.commit().await?;
    Ok(gone)
}

pub(super) async fn by_email<D: Database>(
    database: &D,
    email: &Email,
) -> Result<Option<Account>, StoreError> {
    one(database, "email = $1", values![email.as_str()]).await
}

pub(super) async fn account<D: Database>(
    database: &D,
    id: AccountId,
) -> Result<Option<Account>, StoreError> {
    one(database, "id = $1", values![id.to_string()]).await
}

async fn one<D: Database>(
    database: &D,
    which: &'static str,
    values: Vec<Value>,
) -> Result<Option<Account>, StoreError> {
    let mut session = database.read().await?;
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE {which}");
    let rows = session
        .ask(AssertSqlSafe(sql).into_sql_str(), values)
        .await?;
    rows.first().map(read).transpose()
}

pub(super) async fn accounts<D: Database>(
    database: &D,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Account>, StoreError> {
    let mut session = database.read().await?;
    let (which, mut values) = match after {
        Some(place) => (
            "WHERE created > $1 OR (created = $1 AND id > $2)",
            values![place.created, place.id.to_string()],
        ),
        None => ("", values![]),
    };
    values.push(most(limit).into());
    let nth = values.len();
    let sql = format!("SELECT {COLUMNS} FROM accounts {which} ORDER BY created, id LIMIT ${nth}");
    let rows = session
        .ask(AssertSqlSafe(sql).into_sql_str(), values)
        .await?;
    rows.iter().map(read).collect()
}

fn values_of(account: &Account) -> Vec<Value> {
    let second = account.second.as_ref();
    let chosen: Vec<_> = account.chosen.iter().map(ChannelId::as_str).collect();
    values![
        account.id.to_string(),
        account.email.as_str(),
        &account.password.0,
        account.verified,
        account.role.label(),
        account.language.as_str(),
        account
            .granted
            .as_ref()
            .map(|plan| plan.as_str().to_owned()),
        second.map(|second| second.secret.0.clone()),
        second.is_some_and(|second| second.confirmed),
        second.map_or(0, |second| second.last_step),
        chosen.join(" "),
        account.created,
        account.closed,
        account.revision,
    ]
}

fn read<R: Row>(row: &R) -> Result<Account, StoreError> {
    let confirmed = columns::flag(row, "second_confirmed")?;
    let last_step = columns::whole(row, "second_step")?;
    let second = row.bytes("second")?.map(|secret| SecondFactor {
        secret: Sealed(secret),
        confirmed,
        last_step,
    });
    let chosen = columns::text(row, "chosen")?;
    Ok(Account {
        id: columns::parsed(row, "id", AccountId::parse)?,
        email: columns::parsed(row, "email", |email| Email::parse(email).ok())?,
        password: PasswordHash(columns::text(row, "password")?),
        verified: columns::maybe_time(row, "verified")?,
        role: columns::parsed(row, "role", Role::from_label)?,
        language: columns::text(row, "language")?.into(),
        granted: columns::maybe_parsed(row, "granted", |plan| PlanId::parse(plan).ok())?,
        second,
        chosen: chosen
            .split_whitespace()
            .filter_map(|id| ChannelId::parse(id).ok())
            .collect(),
        created: columns::time(row, "created")?,
        closed: columns::maybe_time(row, "closed")?,
        revision: columns::whole(row, "revision")?,
    })
}

pub(super) async fn take_step<D: Database>(
    database: &D,
    id: AccountId,
    step: i64,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let values = values![id.to_string(), step];
    let taken = session.tell(SqlStr::from_static(STEP), values).await? == 1;
    session.commit().await?;
    Ok(taken)
}

pub(super) async fn keep_recovery<D: Database>(
    database: &D,
    id: AccountId,
    codes: &[SecretDigest],
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let all = SqlStr::from_static("DELETE FROM recovery_codes WHERE account = $1");
    session.tell(all, values![id.to_string()]).await?;
    for code in codes {
        let one = "INSERT INTO recovery_codes (account, digest) VALUES ($1, $2)";
        let values = values![id.to_string(), code.0.to_vec()];
        session.tell(SqlStr::from_static(one), values).await?;
    }
    session.commit().await
}

pub(super) async fn take_recovery<D: Database>(
    database: &D,
    id: AccountId,
    code: SecretDigest,
) -> Result<bool, StoreError> {
    let mut session = database.write().await?;
    let sql = "DELETE FROM recovery_codes WHERE account = $1 AND digest = $2";
    let values = values![id.to_string(), code.0.to_vec()];
    let taken = session.tell(SqlStr::from_static(sql), values).await? == 1;
    session.commit().await?;
    Ok(taken)
}

pub(super) async fn recovery_left<D: Database>(
    database: &D,
    id: AccountId,
) -> Result<u32, StoreError> {
    let mut session = database.read().await?;
    let sql = "SELECT COUNT(*) AS n FROM recovery_codes WHERE account = $1";
    let rows = session
        .ask(SqlStr::from_static(sql), values![id.to_string()])
        .await?;
    rows.first().map_or(Ok(0), |row| columns::whole(row, "n"))
}

pub(super) async fn keep_link<D: Database>(
    database: &D,
    id: AccountId,
    purpose: Purpose,
    digest: SecretDigest,
    expires: Timestamp,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let sql = "INSERT INTO links (account, purpose, digest, expires) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account, purpose) DO UPDATE SET digest = excluded.digest, \
         expires = excluded.expires";
    let values = values![id.to_string(), purpose.label(), digest.0.to_vec(), expires];
    session.tell(SqlStr::from_static(sql), values).await?;
    session.commit().await
}

pub(super) async fn take_link<D: Database>(
    database: &D,
    purpose: Purpose,
    digest: SecretDigest,
    now: Timestamp,
) -> Result<Option<AccountId>, StoreError> {
    let mut session = database.write().await?;
    let sql = "SELECT account, expires FROM links WHERE purpose = $1 AND digest = $2";
    let values = values![purpose.label(), digest.0.to_vec()];
    let rows = session.ask(SqlStr::from_static(sql), values).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let account = columns::parsed(row, "account", AccountId::parse)?;
    let holds = now < columns::time(row, "expires")?;
    let sql = "DELETE FROM links WHERE account = $1 AND purpose = $2";
    let values = values![account.to_string(), purpose.label()];
    session.tell(SqlStr::from_static(sql), values).await?;
    session.commit().await?;
    Ok(holds.then_some(account))
}
