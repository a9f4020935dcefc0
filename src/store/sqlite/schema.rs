//! The schema: migrations that the program carries, and the birth of an epoch.

use std::collections::HashSet;

use domain::ids::Epoch;
use domain::ports::store::StoreError;
use rand::RngExt as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::sqlite::SqlitePool;

use super::session::failure;

/// Every step of the schema that this program knows.
static STEPS: Migrator = sqlx::migrate!("migrations/sqlite");

/// A migration that is not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub version: i64,
    /// What it does.
    pub description: String,
}

/// Every migration, as for a database that is not there yet.
pub(super) fn all() -> Vec<Pending> {
    without(&HashSet::new())
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
        return Ok(all());
    }
    let applied = connection
        .list_applied_migrations(&STEPS.table_name)
        .await
        .map_err(refusal)?;
    let applied: HashSet<i64> = applied.into_iter().map(|step| step.version).collect();
    match applied
        .iter()
        .find(|version| !STEPS.version_exists(**version))
    {
        Some(newer) => Err(refusal(MigrateError::VersionMissing(*newer))),
        None => Ok(without(&applied)),
    }
}

/// Applies what is pending, each step in a transaction of its own.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    STEPS.run(pool).await.map_err(refusal)
}

/// Gives a fresh database its epoch; one that has an epoch keeps it.
pub(super) async fn found(pool: &SqlitePool, epoch: Option<Epoch>) -> Result<(), StoreError> {
    let epoch = epoch.unwrap_or_else(random_epoch);
    sqlx::query("INSERT INTO meta (one, epoch, head) VALUES (1, $1, 0) ON CONFLICT DO NOTHING")
        .bind(epoch.as_str())
        .execute(pool)
        .await
        .map_err(failure)?;
    Ok(())
}

/// Eight letters and digits that cannot be mistaken for one another: forty bits, so that no two
/// histories of one house share a name.
fn random_epoch() -> Epoch {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut random = rand::rng();
    let letters = (0..8).map(|_| char::from(ALPHABET[random.random_range(0..32)]));
    Epoch::new(letters.collect::<String>())
}

fn without(applied: &HashSet<i64>) -> Vec<Pending> {
    let missing = STEPS.iter().filter(|step| !applied.contains(&step.version));
    missing
        .map(|step| Pending {
            version: step.version,
            description: step.description.clone().into_owned(),
        })
        .collect()
}

fn refusal(error: MigrateError) -> StoreError {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        failure(error)
    } else if let MigrateError::VersionMissing(version) = error {
        StoreError::Unknown(format!(
            "the database has migration {version}, which this program does not know: \
             start the newer program that made it",
        ))
    } else {
        StoreError::Unknown(error.to_string())
    }
}
