//! The ledger: everything that the room knows, and what happens to it as time passes.
//!
//! A pure state machine. It is told the time and asked questions; sockets, signatures and pages are
//! other files' business. Each request either changes it as a whole or is refused.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calendar::DAY;
use super::objects::{Customer, Id, Method, Price, Product, Session, Subscription, Time};
use super::papers::{Aside, Charge, Dispute, Intent, Invoice, Portal, Refund, TestClock};
use super::refusal::Refusal;
use crate::dice;

mod asides;
mod catalogue;
mod changing;
mod charging;
mod checkout;
mod ending;
mod hooks;
mod invoicing;
mod money;
mod paying;
mod people;
mod portal;
mod prorating;
mod seasons;
mod subscribing;

pub(crate) use hooks::{Delivery, Endpoint, Event};
pub(crate) use portal::CONFIGURATION;
pub(crate) use subscribing::{Behavior, Order};

/// Objects of one kind, in the order in which they were made.
pub(crate) type Table<T> = IndexMap<Id, T>;

/// How many of a kind the room holds.
const OBJECTS: usize = 10_000;

/// Days between one failed attempt to collect an invoice and the next.
const RETRIES: [i64; 3] = [3 * DAY, 5 * DAY, 7 * DAY];

/// What becomes of a subscription whose invoice was tried for the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Afterwards {
    /// It is canceled.
    #[default]
    Cancel,
    /// It is kept, unpaid, and further invoices stay drafts.
    MarkUnpaid,
    /// It stays past due.
    LeavePastDue,
}

/// The request that an event came of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) request: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// The room's time. Customers of a test clock live by that.
    pub(crate) now: Time,
    /// The moment that is being lived through, while time is made to pass.
    #[serde(skip)]
    instant: Option<Time>,
    /// The room's address, for links: `http://127.0.0.1:4242`.
    #[serde(skip)]
    pub(crate) base: String,
    #[serde(skip)]
    pub(crate) asked: Asked,
    #[serde(skip)]
    pub(crate) afterwards: Afterwards,
    /// What identifiers are drawn from, and how many were.
    salt: u64,
    drawn: u64,
    pub(crate) customers: Table<Customer>,
    pub(crate) methods: Table<Method>,
    pub(crate) products: Table<Product>,
    pub(crate) prices: Table<Price>,
    pub(crate) sessions: Table<Session>,
    pub(crate) subscriptions: Table<Subscription>,
    pub(crate) invoices: Table<Invoice>,
    pub(crate) asides: Table<Aside>,
    pub(crate) intents: Table<Intent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) portals: Table<Portal>,
    pub(crate) clocks: Table<TestClock>,
    pub(crate) events: Table<Event>,
    pub(crate) endpoints: Table<Endpoint>,
    pub(crate) outbox: std::collections::VecDeque<Delivery>,
}

impl Ledger {
    /// An empty ledger. The same salt draws the same identifiers.
    pub(crate) fn new(salt: u64, now: Time) -> Self {
        Self {
            salt,
            now,
            ..Self::default()
        }
    }

    /// A fresh identifier: `cus_` and letters.
    pub(crate) fn draw(&mut self, prefix: &str) -> Id {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut id = prefix.to_owned();
        for _ in 0..3 {
            self.drawn += 1;
            let mut left = dice::hash(self.salt, self.drawn.cast_signed());
            for _ in 0..8 {
                let letter = usize::try_from(left % 62).unwrap_or(0);
                id.push(char::from(LETTERS[letter]));
                left /= 62;
            }
        }
        id
    }

    /// How many letters were drawn: it grows with everything that happens.
    pub(crate) const fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The time of whoever this concerns.
    pub(crate) fn time_of(&self, customer: Option<&str>) -> Time {
        self.instant.unwrap_or_else(|| self.horizon(customer))
    }

    /// How far a customer's time has come.
    fn horizon(&self, customer: Option<&str>) -> Time {
        let clock = customer
            .and_then(|id| self.customers.get(id))
            .and_then(|customer| customer.clock.as_deref())
            .and_then(|clock| self.clocks.get(clock));
        clock.map_or(self.now, |clock| clock.frozen)
    }

    /// Does something to an object, and tells how it differs afterwards, if it does.
    fn watched<T>(
        &mut self,
        id: &str,
        kind: &'static str,
        act: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let before = self.show(id);
        let done = act(self)?;
        let (Some(before), Some(after)) = (before, self.show(id)) else {
            return Ok(done);
        };
        if before != after {
            let previous = what_was(&before, &after);
            self.tell(kind, after, Some(previous));
        }
        Ok(done)
    }

    /// As [`Self::watched`], for what cannot be refused.
    fn noticed(&mut self, id: &str, kind: &'static str, act: impl FnOnce(&mut Self)) {
        let certain = |ledger: &mut Self| {
            act(ledger);
            Ok(())
        };
        // It has no way to be refused.
        let _ = self.watched(id, kind, certain);
    }

    /// Tells that something new is there.
    fn told_of(&mut self, id: &str, kind: &'static str) {
        if let Some(object) = self.show(id) {
            self.tell(kind, object, None);
        }
    }
}

/// An object of a table, or the refusal that names how it was asked for.
pub(crate) fn find<'a, T>(
    table: &'a Table<T>,
    what: &str,
    id: &str,
    param: &str,
) -> Result<&'a T, Refusal> {
    table.get(id).ok_or_else(|| {
        let refusal = Refusal::nobody(what, id, param);
        if param == "id" {
            refusal.status(404)
        } else {
            refusal
        }
    })
}

/// Refuses what would be one too many.
pub(crate) fn room_in<T>(table: &Table<T>, what: &str) -> Result<(), Refusal> {
    if table.len() < OBJECTS {
        Ok(())
    } else {
        Err(Refusal::full(what, OBJECTS))
    }
}

/// The values of the first that the second has no more; lists are given whole.
fn what_was(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return before.clone();
    };
    let mut was = serde_json::Map::new();
    for (key, old) in before {
        let new = after.get(key).unwrap_or(&Value::Null);
        if old != new {
            was.insert(key.clone(), what_was(old, new));
        }
    }
    for key in after.keys().filter(|key| !before.contains_key(*key)) {
        was.insert(key.clone(), Value::Null);
    }
    Value::Object(was)
}
