//! The tally over a database: how much of each there is.

use domain::account::Role;
use domain::plan::PlanId;
use domain::ports::accounts::Standing;
use domain::ports::store::StoreError;
use domain::ports::tally::{Tallies, Tally};
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::SqlStore;
use super::columns;
use super::database::{Database, Row, Session, values};

const ACCOUNTS: &str =
    "SELECT role, COUNT(*) AS many FROM accounts WHERE closed IS NULL GROUP BY role";

const PLANS: &str = "SELECT id FROM plans ORDER BY rank, id";

const PAID: &str = "SELECT plan, standing, COUNT(*) AS many FROM subscriptions \
     WHERE plan IS NOT NULL GROUP BY plan, standing";

/// What is given up is due at the end of time, and waits for nobody.
const MAILS: &str = "SELECT COUNT(*) AS many, MIN(created) AS oldest FROM mails \
     WHERE sent IS NULL AND due < $1";

const TIDINGS: &str = "SELECT COUNT(*) AS many FROM payment_events WHERE done IS NULL AND due < $1";

const NODES: &str = "SELECT COUNT(*) AS many FROM nodes WHERE departed IS NULL AND seen >= $1";

/// No moment that anybody plans for.
const NEVER: Timestamp = Timestamp::from_millis(253_402_300_799_000);

#[async_trait::async_trait]
impl<D: Database> Tallies for SqlStore<D> {
    async fn tally(&self, seen_since: Timestamp) -> Result<Tally, StoreError> {
        let mut session = self.database.read().await?;
        let mut tally = Tally::default();

        let rows = session
            .ask(SqlStr::from_static(ACCOUNTS), values![])
            .await?;
        for role in Role::ALL {
            let named = |row: &&_| columns::text(*row, "role").is_ok_and(|it| it == role.label());
            tally.accounts.push((role, many(rows.iter().find(named))?));
        }

        let plans = session.ask(SqlStr::from_static(PLANS), values![]).await?;
        let paid = session.ask(SqlStr::from_static(PAID), values![]).await?;
        for plan in &plans {
            let plan = columns::parsed(plan, "id", |id| PlanId::parse(id).ok())?;
            for standing in Standing::ALL {
                let named = |row: &&_| {
                    columns::text(*row, "plan").is_ok_and(|it| it == plan.as_str())
                        && columns::text(*row, "standing").is_ok_and(|it| it == standing.label())
                };
                let many = many(paid.iter().find(named))?;
                tally.subscriptions.push((plan.clone(), standing, many));
            }
        }

        let rows = session
            .ask(SqlStr::from_static(MAILS), values![NEVER])
            .await?;
        tally.mails = many(rows.first())?;
        if let Some(row) = rows.first() {
            tally.oldest_mail = columns::maybe_time(row, "oldest")?;
        }
        let rows = session
            .ask(SqlStr::from_static(TIDINGS), values![NEVER])
            .await?;
        tally.tidings = many(rows.first())?;
        let rows = session
            .ask(SqlStr::from_static(NODES), values![seen_since])
            .await?;
        tally.nodes = many(rows.first())?;
        Ok(tally)
    }
}

fn many<R: Row>(row: Option<&R>) -> Result<u64, StoreError> {
    row.map_or(Ok(0), |row| columns::whole(row, "many"))
}
