//! The till: whoever takes the money. Its words stay in its adapter.

use super::Advice;
use crate::account::{AccountId, Email};
use crate::plan::{Plan, PlanId};
use crate::ports::accounts::Standing;
use crate::ports::store::StoreError;
use crate::time::Timestamp;

/// For how long somebody pays at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Period {
    /// As it stands on the API and in the keys of prices.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        [Self::Month, Self::Year]
            .into_iter()
            .find(|it| it.label() == label)
    }

    /// What a plan costs for it, in cents; none when it is not sold so.
    #[must_use]
    pub const fn price(self, plan: &Plan) -> Option<u32> {
        match self {
            Self::Month => plan.prices.monthly,
            Self::Year => plan.prices.yearly,
        }
    }
}

/// Somebody who wants to buy a plan.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Whose account it is for.
    pub account: AccountId,
    /// Where he reads mail.
    pub email: &'a Email,
    /// His name at the till, where he has one.
    pub customer: Option<&'a str>,
    /// What he buys.
    pub plan: &'a Plan,
    /// For how long.
    pub period: Period,
    /// So many days are free at first.
    pub trial_days: u16,
    /// Where he is sent when he has paid.
    pub done: String,
    /// Where he is sent when he has not.
    pub back: String,
}

/// How a subscription stands at the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// Its name there.
    pub id: String,
    /// Its customer's.
    pub customer: String,
    /// For whose account it was bought, where that is known.
    pub account: Option<AccountId>,
    /// Which plan, where the till's price is one of ours.
    pub plan: Option<PlanId>,
    /// For how long he pays at once.
    pub period: Option<Period>,
    /// How it stands.
    pub standing: Standing,
    /// Until when it is paid.
    pub paid_until: Option<Timestamp>,
    /// It ends then.
    pub ends: bool,
    /// When it was bought.
    pub since: Timestamp,
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Its number for people; none while it is a draft.
    pub number: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// How much, in the currency's smallest unit.
    pub amount: i64,
    /// In which currency, by its three letters.
    pub currency: String,
    /// `draft`, `open`, `paid`, `void` or `uncollectible`.
    pub status: String,
    /// Where it can be seen and paid.
    pub url: Option<String>,
}

/// Why the till does not do it.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// It cannot be reached, or asks for patience.
    #[error("the till cannot be reached: {0}")]
    Unreachable(String),
    /// It does not do that, and says why.
    #[error("the till refuses: {0}")]
    Refused(String),
    /// The money did not come, so nothing was changed.
    #[error("it was not paid, so nothing was changed: {0} Use another card, and try again")]
    Declined(String),
    /// There is no such thing there.
    #[error("the till does not know it")]
    Unknown,
}

impl TillError {
    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Unreachable(_) => Advice::Retry,
            Self::Refused(_) | Self::Declined(_) => Advice::Stop,
            Self::Unknown => Advice::Skip,
        }
    }
}

/// Whoever takes the money.
#[async_trait::async_trait]
pub trait Till: Send + Sync {
    /// Makes the prices there what the plans say, and says what was done; nothing when all was so.
    ///
    /// # Errors
    ///
    /// [`TillError`], as each of these methods.
    async fn sync(&self, plans: &[Plan]) -> Result<Vec<String>, TillError>;

    /// Makes a customer, or finds the one that was made for the account.
    async fn customer(&self, account: AccountId, email: &Email) -> Result<String, TillError>;

    /// A page on which an order is paid.
    async fn checkout(&self, order: &Order<'_>) -> Result<String, TillError>;

    /// A page on which a customer changes his card and sees his bills.
    async fn portal(&self, customer: &str, back: &str) -> Result<String, TillError>;

    /// Changes what a subscription is for; the difference is reckoned to the second and billed at once.
    async fn change(&self, id: &str, plan: &Plan, period: Period) -> Result<Bought, TillError>;

    /// Lets a subscription end with what is paid, or takes that back.
    async fn end(&self, id: &str, ends: bool) -> Result<Bought, TillError>;

    /// How a customer's subscriptions stand, the newest first.
    async fn bought(&self, customer: &str) -> Result<Vec<Bought>, TillError>;

    /// Every subscription that is not over, of everybody.
    async fn all(&self) -> Result<Vec<Bought>, TillError>;

    /// A customer's bills, the newest first.
    async fn bills(&self, customer: &str) -> Result<Vec<Bill>, TillError>;

    /// Of whom something is that an event speaks of: a subscription, an invoice, a charge, a checkout
    /// session or a customer. None: of nobody, or it is gone.
    async fn customer_of(&self, object: &str) -> Result<Option<String>, TillError>;
}

/// What the till told, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name there.
    pub id: String,
    /// `invoice.paid`, …
    pub kind: String,
    /// What it speaks of.
    pub object: Option<String>,
    /// All of it.
    pub body: String,
    /// When it came.
    pub received: Timestamp,
}

/// What the till told and is to be dealt with.
#[async_trait::async_trait]
pub trait Tidings: Send + Sync {
    /// Keeps what was told. `false`: it was kept before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as each of these methods.
    async fn keep_told(&self, told: &Told) -> Result<bool, StoreError>;

    /// Takes up to `limit` that are due, each with how often it was tried, and lets them be due again at
    /// `again`: whoever dies over one leaves it to the next.
    async fn take_told(
        &self,
        now: Timestamp,
        again: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Told, u32)>, StoreError>;

    /// It has been dealt with.
    async fn dealt_with(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;

    /// It has not, and why; it is due again then, or is given up where nothing is said.
    async fn not_dealt_with(
        &self,
        id: &str,
        why: &str,
        again: Option<Timestamp>,
    ) -> Result<(), StoreError>;
}
