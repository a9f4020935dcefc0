//! The tally: how much of each there is, for whoever watches over the platform.

use super::accounts::Standing;
use super::store::StoreError;
use crate::account::Role;
use crate::plan::PlanId;
use crate::time::Timestamp;

/// How much of each there is at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accounts that are open, by role.
    pub accounts: Vec<(Role, u64)>,
    /// What is paid for, by plan and how it stands; every plan that there is, also with nobody.
    pub subscriptions: Vec<(PlanId, Standing, u64)>,
    /// Mails that are to be sent.
    pub mails: u64,
    /// When the oldest of them was written.
    pub oldest_mail: Option<Timestamp>,
    /// What the till told and nobody has dealt with.
    pub tidings: u64,
    /// Nodes that are here.
    pub nodes: u64,
}

/// Who counts.
#[async_trait::async_trait]
pub trait Tallies: Send + Sync {
    /// Counts; nodes count that were seen since.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store is away.
    async fn tally(&self, seen_since: Timestamp) -> Result<Tally, StoreError>;
}
