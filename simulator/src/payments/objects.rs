//! What the room keeps: Stripe's objects as far as a subscription needs them.
//!
//! Times are seconds since 1970, amounts are cents. Beside an object's words here is what it looks
//! like to others: `show`.

use serde::{Deserialize, Serialize};

use super::cards::Card;
use super::form::Metadata;

pub(crate) type Id = String;
pub(crate) type Time = i64;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) metadata: Metadata,
    /// Below zero he has a credit, which the next invoice uses up.
    pub(crate) balance: i64,
    pub(crate) default_method: Option<Id>,
    /// What his invoices' numbers begin with, and the next of them.
    pub(crate) prefix: String,
    pub(crate) next_invoice: u32,
    /// The test clock that he lives by; the room's without.
    pub(crate) clock: Option<Id>,
    pub(crate) deleted: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) card: Card,
    pub(crate) customer: Option<Id>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) updated: Time,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) active: bool,
    pub(crate) default_price: Option<Id>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Interval {
    Day,
    Week,
    Month,
    Year,
}

impl Interval {
    pub(crate) const WORDS: [(&'static str, Self); 4] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// How often a price is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recurring {
    pub(crate) interval: Interval,
    pub(crate) count: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Price {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) product: Id,
    pub(crate) active: bool,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) recurring: Option<Recurring>,
    pub(crate) lookup_key: Option<String>,
    pub(crate) nickname: Option<String>,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    Subscription,
    Payment,
}

/// So many of a price.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) id: Id,
    pub(crate) price: Id,
    pub(crate) quantity: i64,
}

/// What a subscription of a checkout will be like.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) trial_days: Option<i64>,
    pub(crate) trial_end: Option<Time>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) without_card: WithoutCard,
}

/// What happens when a trial ends and there is no card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WithoutCard {
    #[default]
    Invoice,
    Cancel,
    Pause,
}

impl WithoutCard {
    pub(crate) const WORDS: [(&'static str, Self); 3] = [
        ("create_invoice", Self::Invoice),
        ("cancel", Self::Cancel),
        ("pause", Self::Pause),
    ];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) expires: Time,
    pub(crate) mode: Mode,
    pub(crate) status: SessionStatus,
    pub(crate) customer: Option<Id>,
    pub(crate) email: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) items: Vec<Wanted>,
    pub(crate) terms: Terms,
    pub(crate) success_url: String,
    pub(crate) cancel_url: Option<String>,
    /// A card is asked for even where nothing is due today.
    pub(crate) card_always: bool,
    pub(crate) subscription: Option<Id>,
    pub(crate) invoice: Option<Id>,
    pub(crate) intent: Option<Id>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Unpaid,
    Paused,
    Canceled,
}

impl Standing {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }

    /// Nothing happens to it any more.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) price: Id,
    pub(crate) quantity: i64,
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) customer: Id,
    pub(crate) status: Standing,
    pub(crate) items: Vec<Item>,
    /// The current period, shown on each item.
    pub(crate) start: Time,
    pub(crate) end: Time,
    /// What the days of all periods are counted from.
    pub(crate) anchor: Time,
    pub(crate) cancel_at_period_end: bool,
    pub(crate) cancel_at: Option<Time>,
    pub(crate) canceled_at: Option<Time>,
    pub(crate) ended_at: Option<Time>,
    pub(crate) feedback: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) trial_start: Option<Time>,
    pub(crate) trial_end: Option<Time>,
    pub(crate) warned: bool,
    pub(crate) without_card: WithoutCard,
    pub(crate) default_method: Option<Id>,
    pub(crate) latest_invoice: Option<Id>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}
