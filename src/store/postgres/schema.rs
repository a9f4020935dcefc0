//! The schema: the twins of SQLite's migrations, and the birth of an epoch.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::ports::store::StoreError;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{AssertSqlSafe, Connection as _};

use super::session::failure;
use super::{Options, Postgres, ranges};
use crate::store::steps::{self, Pending};

/// Every step of the schema that this program knows.
static STEPS: Migrator = sqlx::migrate!("migrations/postgres");

/// The lock of whoever makes the schema; any number that nobody else uses will do.
const MAKING: i64 = 7_465_737_449;

/// How long a step waits for its lock before it gives way: whoever comes after it waits as long.
const STEP_WAITS: &str = "SET lock_timeout = '2s'";

/// Between two attempts.
const REST: Duration = Duration::from_millis(500);

/// How long a lock is tried for altogether: an export or a dump that reads may take its time.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What [`raise`] would apply.
pub(super) async fn pending(pool: &PgPool) -> Result<Vec<Pending>, StoreError> {
    let mut connection = pool.acquire().await.map_err(failure)?;
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(failure)?;
    if !there {
        return steps::without(&STEPS, &HashSet::new());
    }
    let applied = connection
        .list_applied_migrations(&STEPS.table_name)
        .await
        .map_err(|error| steps::refusal(error, failure))?;
    let applied: HashSet<i64> = applied.into_iter().map(|step| step.version).collect();
    steps::without(&STEPS, &applied)
}

/// Applies what is pending, and gives a fresh database its epoch and its first range; one that has
/// them keeps them.
pub(super) async fn raise(database: &Postgres, options: &Options) -> Result<(), StoreError> {
    let mut connection = database.writers.acquire().await.map_err(failure)?;
    if let Some(schema) = &options.schema {
        let mut alone = connection.begin().await.map_err(failure)?;
        // Two nodes that make it at once would both find that it is not there.
        for sql in [
            format!("SELECT pg_advisory_xact_lock({MAKING})"),
            format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut *alone)
                .await
                .map_err(failure)?;
        }
        alone.commit().await.map_err(failure)?;
    }
    // A long step is no statement that hangs.
    tell(&mut connection, "SET statement_timeout = 0").await?;
    tell(&mut connection, STEP_WAITS).await?;
    let ran = run(&mut connection).await;
    tell(&mut connection, "RESET statement_timeout").await?;
    tell(&mut connection, "RESET lock_timeout").await?;
    ran.map_err(|error| steps::refusal(error, failure))?;
    let epoch = options.epoch.clone().unwrap_or_else(steps::random_epoch);
    let mut birth = connection.begin().await.map_err(failure)?;
    sqlx::query("INSERT INTO meta (one, epoch, head) VALUES (1, $1, 0) ON CONFLICT DO NOTHING")
        .bind(epoch.as_str())
        .execute(&mut *birth)
        .await
        .map_err(failure)?;
    ranges::prepare(database, &mut birth).await?;
    birth.commit().await.map_err(failure)?;
    Ok(())
}

/// Applies the steps, and tries again when one does not get its lock, or another node is at it.
async fn run(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let begun = Instant::now();
    loop {
        let error = match STEPS.run(&mut *connection).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // sqlx keeps its own lock when a step fails.
        sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut *connection)
            .await?;
        if !is_locked(&error) || begun.elapsed() > LONGEST {
            return Err(error);
        }
        tracing::info!("a step of the schema waits for whoever reads or writes: {error}");
        tokio::time::sleep(REST).await;
    }
}

fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

async fn tell(connection: &mut PgConnection, sql: &'static str) -> Result<(), StoreError> {
    let told = sqlx::query(sql).execute(connection).await;
    told.map(drop).map_err(failure)
}
