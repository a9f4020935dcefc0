//! Mails that wait, and those that were sent.

use domain::account::{AccountId, Email, Sealed};
use domain::ports::mail::{Mail, Outbox, Waiting};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::NEVER;
use crate::store::SqlStore;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, count, limit as most, values};

const PUT: &str = "INSERT INTO mails (number, key, account, recipient, template, language, params, \
     created, due, attempts) SELECT (SELECT COALESCE(MAX(x.number), 0) + 1 FROM mails x), \
     $1, $2, $3, $4, $5, $6, $7, $7, 0 WHERE NOT EXISTS (SELECT 1 FROM mails y WHERE y.key = $1)";

const DUE: &str = "SELECT number, key, account, recipient, template, language, params, created, attempts \
     FROM mails WHERE sent IS NULL AND due <= $1 ORDER BY due, number LIMIT $2";

const TAKE: &str = "UPDATE mails SET due = $2, attempts = attempts + 1 WHERE number = $1";

const SENT: &str = "UPDATE mails SET sent = $2, params = $3, failure = NULL WHERE number = $1";

const FAILED: &str = "UPDATE mails SET failure = $2, due = $3 WHERE number = $1";

#[async_trait::async_trait]
impl<D: Database> Outbox for SqlStore<D> {
    async fn put(&self, mail: &Mail) -> Result<bool, StoreError> {
        let mut session = self.database.write().await?;
        let values = values![
            &mail.key,
            mail.account.map(|account| account.to_string()),
            mail.recipient.as_str(),
            mail.template.as_str(),
            mail.language.as_str(),
            mail.params.0.clone(),
            mail.created,
        ];
        let put = session.tell(SqlStr::from_static(PUT), values).await? == 1;
        session.commit().await?;
        Ok(put)
    }

    async fn take(
        &self,
        now: Timestamp,
        again: Timestamp,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut session = self.database.write().await?;
        let values = values![now, most(limit)];
        let rows = session.ask(SqlStr::from_static(DUE), values).await?;
        let waiting: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        for mail in &waiting {
            let values = values![count(mail.number), again];
            session.tell(SqlStr::from_static(TAKE), values).await?;
        }
        session.commit().await?;
        Ok(waiting)
    }

    async fn sent(&self, number: u64, now: Timestamp) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        let values = values![count(number), now, Vec::<u8>::new()];
        session.tell(SqlStr::from_static(SENT), values).await?;
        session.commit().await
    }

    async fn failed(
        &self,
        number: u64,
        why: &str,
        again: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        let values = values![count(number), why, again.unwrap_or(NEVER)];
        session.tell(SqlStr::from_static(FAILED), values).await?;
        session.commit().await
    }
}

fn read<R: Row>(row: &R) -> Result<Waiting, StoreError> {
    let params = row.bytes("params")?;
    Ok(Waiting {
        number: columns::whole(row, "number")?,
        attempts: columns::whole(row, "attempts")?,
        mail: Mail {
            key: columns::text(row, "key")?,
            account: columns::maybe_parsed(row, "account", AccountId::parse)?,
            recipient: columns::parsed(row, "recipient", |it| Email::parse(it).ok())?,
            template: columns::text(row, "template")?.into(),
            language: columns::text(row, "language")?.into(),
            params: Sealed(params.ok_or_else(|| columns::unknown("params", "nothing"))?),
            created: columns::time(row, "created")?,
        },
    })
}
