//! The schema: migrations that the program carries, and the birth of an epoch.

use std::collections::HashSet;

use domain::ids::Epoch;
use domain::ports::store::StoreError;
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::sqlite::SqlitePool;

use super::session::failure;
use crate::store::steps::{self, Pending};

/// Every step of the schema that this program knows.
static STEPS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Every migration, as for a database that is not there yet.
pub(super) fn all() -> Result<Vec<Pending>, StoreError> {
    steps::without(&STEPS, &HashSet::new())
}

/// What [`migrate`] would apply.
pub(super) async fn pending(pool: &SqlitePool) -> Result<Vec<Pending>, StoreError> {
    let mut connection = pool.acquire().await.map_err(failure)?;
    let there: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(failure)?;
    if there == 0 {
        return all();
    }
    let applied = connection
        .list_applied_migrations(&STEPS.table_name)
        .await
        .map_err(|error| steps::refusal(error, failure))?;
    let applied: HashSet<i64> = applied.into_iter().map(|step| step.version).collect();
    steps::without(&STEPS, &applied)
}

/// Applies what is pending, each step in a transaction of its own.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let ran = STEPS.run(pool).await;
    ran.map_err(|error| steps::refusal(error, failure))
}

/// Gives a fresh database its epoch; one that has an epoch keeps it.
pub(super) async fn found(pool: &SqlitePool, epoch: Option<Epoch>) -> Result<(), StoreError> {
    let epoch = epoch.unwrap_or_else(steps::random_epoch);
    sqlx::query("INSERT INTO meta (one, epoch, head) VALUES (1, $1, 0) ON CONFLICT DO NOTHING")
        .bind(epoch.as_str())
        .execute(pool)
        .await
        .map_err(failure)?;
    Ok(())
}
