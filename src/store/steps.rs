//! The steps of a schema, whatever the database: what is pending, and what a refusal means.

use std::collections::HashSet;

use domain::ids::Epoch;
use domain::ports::store::StoreError;
use rand::RngExt as _;
use sqlx::migrate::{MigrateError, Migrator};

/// A migration that is not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub version: i64,
    /// What it does.
    pub description: String,
}

/// The steps that are not among those applied.
///
/// # Errors
///
/// [`StoreError::Unknown`] when one is applied that this program does not carry.
pub(super) fn without(
    steps: &'static Migrator,
    applied: &HashSet<i64>,
) -> Result<Vec<Pending>, StoreError> {
    if let Some(newer) = applied.iter().find(|step| !steps.version_exists(**step)) {
        return Err(unknown(*newer));
    }
    let missing = steps.iter().filter(|step| !applied.contains(&step.version));
    Ok(missing
        .map(|step| Pending {
            version: step.version,
            description: step.description.clone().into_owned(),
        })
        .collect())
}

/// What a migration's failure means, where `failure` knows the database's own errors.
pub(super) fn refusal(
    error: MigrateError,
    failure: impl FnOnce(sqlx::Error) -> StoreError,
) -> StoreError {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        failure(error)
    } else if let MigrateError::VersionMissing(version) = error {
        unknown(version)
    } else {
        StoreError::Unknown(error.to_string())
    }
}

fn unknown(version: i64) -> StoreError {
    StoreError::Unknown(format!(
        "the database has migration {version}, which this program does not know: \
         start the newer program that made it",
    ))
}

/// Eight letters and digits that cannot be mistaken for one another: forty bits, so that no two
/// histories of one house share a name.
pub(super) fn random_epoch() -> Epoch {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut random = rand::rng();
    let letters = (0..8).map(|_| char::from(ALPHABET[random.random_range(0..32)]));
    Epoch::new(letters.collect::<String>())
}
