//! What the room keeps of money: invoices, payments and what becomes of them.

use serde::{Deserialize, Serialize};

use super::form::Metadata;
use super::objects::{Id, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

impl InvoiceStatus {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }
}

/// What an invoice was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    Create,
    Cycle,
    Update,
    Manual,
}

impl Reason {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Create => "subscription_create",
            Self::Cycle => "subscription_cycle",
            Self::Update => "subscription_update",
            Self::Manual => "manual",
        }
    }
}

/// What a line was made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// A subscription's item.
    Subscription { subscription: Id, item: Id },
    /// Something that was put aside for the next invoice.
    Aside {
        aside: Id,
        subscription: Option<Id>,
        item: Option<Id>,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: Id,
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) description: String,
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) price: Option<Id>,
    pub(crate) proration: bool,
    pub(crate) origin: Origin,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) customer: Id,
    pub(crate) subscription: Option<Id>,
    pub(crate) reason: Reason,
    pub(crate) status: InvoiceStatus,
    pub(crate) currency: String,
    pub(crate) description: Option<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) number: Option<String>,
    /// The unguessable part of its page's address.
    pub(crate) slug: String,
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) attempts: u32,
    pub(crate) next_attempt: Option<Time>,
    pub(crate) finalizes_at: Option<Time>,
    pub(crate) auto_advance: bool,
    pub(crate) finalized_at: Option<Time>,
    pub(crate) paid_at: Option<Time>,
    pub(crate) voided_at: Option<Time>,
    pub(crate) uncollectible_at: Option<Time>,
    /// The customer's balance before and after.
    pub(crate) starting_balance: i64,
    pub(crate) ending_balance: Option<i64>,
    pub(crate) amount_paid: i64,
    pub(crate) intent: Option<Id>,
    pub(crate) metadata: Metadata,
}

impl Invoice {
    pub(crate) fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// What is to be paid once the customer's balance is counted in.
    pub(crate) fn due(&self) -> i64 {
        (self.total() + self.starting_balance).max(0)
    }

    pub(crate) fn remaining(&self) -> i64 {
        self.due() - self.amount_paid
    }
}

/// Something put aside for the next invoice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Aside {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) customer: Id,
    pub(crate) subscription: Option<Id>,
    pub(crate) item: Option<Id>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) quantity: i64,
    pub(crate) description: String,
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) price: Option<Id>,
    pub(crate) proration: bool,
    pub(crate) invoice: Option<Id>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum IntentStatus {
    NeedsMethod,
    NeedsConfirmation,
    Succeeded,
    Canceled,
}

impl IntentStatus {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::NeedsMethod => "requires_payment_method",
            Self::NeedsConfirmation => "requires_confirmation",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<Id>,
    pub(crate) method: Option<Id>,
    pub(crate) invoice: Option<Id>,
    pub(crate) charge: Option<Id>,
    pub(crate) status: IntentStatus,
    pub(crate) canceled_at: Option<Time>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<Id>,
    pub(crate) method: Id,
    pub(crate) intent: Id,
    pub(crate) description: Option<String>,
    /// The code of the decline, where it was declined.
    pub(crate) declined: Option<String>,
    pub(crate) refunded: i64,
    pub(crate) disputed: bool,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) charge: Id,
    pub(crate) amount: i64,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) charge: Id,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) status: String,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Portal {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) customer: Id,
    pub(crate) return_url: Option<String>,
    pub(crate) slug: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TestClock {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) name: Option<String>,
    pub(crate) frozen: Time,
}
