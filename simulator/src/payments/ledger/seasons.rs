//! What happens by itself as time passes.

use super::{Ledger, find};
use crate::payments::calendar::{self, DAY, HOUR};
use crate::payments::form::Form;
use crate::payments::objects::{Id, SessionStatus, Standing, Subscription, Time, WithoutCard};
use crate::payments::papers::{InvoiceStatus, Reason};
use crate::payments::refusal::Refusal;

/// How long a first invoice may stay unpaid.
const PATIENCE: Time = 23 * HOUR;

/// How many things may happen in one go; far more than a year brings to a full demo.
const STEPS: usize = 100_000;

/// How far a test clock may be advanced at once.
const LEAP: Time = 2 * 366 * DAY;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Due {
    TrialWarning(Id),
    PeriodEnd(Id),
    Cancel(Id),
    Expiry(Id),
    Finalize(Id),
    Retry(Id),
    SessionExpiry(Id),
}

impl Ledger {
    /// Lets the room's time pass until `now`, with everything that is due until then, in order.
    pub(crate) fn live_until(&mut self, now: Time) {
        self.now = now.max(self.now);
        let asked = std::mem::take(&mut self.asked);
        for _ in 0..STEPS {
            let Some((at, due)) = self.next_due() else {
                break;
            };
            self.instant = Some(at);
            self.happen(due);
        }
        self.instant = None;
        self.asked = asked;
    }

    pub(crate) fn advance_clock(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let to = form.value::<Time>("frozen_time")?;
        let to = to.ok_or_else(|| Refusal::missing("frozen_time"))?;
        form.finish()?;
        let frozen = find(&self.clocks, "test clock", id, "id")?.frozen;
        if to <= frozen || to - frozen > LEAP {
            let why = "A test clock is advanced into the future, by two years at most";
            return Err(Refusal::invalid(why).on("frozen_time"));
        }
        if let Some(clock) = self.clocks.get_mut(id) {
            clock.frozen = to;
        }
        self.live_until(self.now);
        self.told_of(id, "test_helpers.test_clock.ready");
        Ok(())
    }

    /// The earliest thing whose time has come for the customer whom it concerns.
    fn next_due(&self) -> Option<(Time, Due)> {
        let subscriptions = self.subscriptions.values().filter_map(|kept| {
            let (at, due) = next_of(kept)?;
            (at <= self.horizon(Some(&kept.customer))).then_some((at, due))
        });
        let invoices = self.invoices.values().filter_map(|invoice| {
            let due = match invoice.status {
                InvoiceStatus::Draft => (invoice.finalizes_at?, Due::Finalize(invoice.id.clone())),
                InvoiceStatus::Open => (invoice.next_attempt?, Due::Retry(invoice.id.clone())),
                InvoiceStatus::Paid | InvoiceStatus::Void | InvoiceStatus::Uncollectible => {
                    return None;
                }
            };
            (due.0 <= self.horizon(Some(&invoice.customer))).then_some(due)
        });
        let sessions = self.sessions.values().filter_map(|session| {
            let open = session.status == SessionStatus::Open;
            let come = session.expires <= self.horizon(session.customer.as_deref());
            (open && come).then(|| (session.expires, Due::SessionExpiry(session.id.clone())))
        });
        let all = subscriptions.chain(invoices).chain(sessions);
        all.min_by_key(|(at, _)| *at)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::TrialWarning(id) => self.warn_of_trial_end(&id),
            Due::PeriodEnd(id) => self.turn(&id),
            Due::Cancel(id) => self.cancel_now(&id, None),
            Due::Expiry(id) => self.give_up(&id),
            Due::Finalize(id) => {
                self.finalize(&id);
                if !self.is_settled(&id) {
                    // A failure is told by events, and tried again.
                    let _ = self.collect(&id, None, false);
                }
            }
            Due::Retry(id) => {
                // As above.
                let _ = self.collect(&id, None, false);
            }
            Due::SessionExpiry(id) => self.expire_session(&id),
        }
    }

    pub(super) fn warn_of_trial_end(&mut self, id: &str) {
        if let Some(kept) = self.subscriptions.get_mut(id) {
            kept.warned = true;
        }
        self.told_of(id, "customer.subscription.trial_will_end");
    }

    /// A period is over: the subscription ends with it, or the next one begins.
    fn turn(&mut self, id: &str) {
        let Some(kept) = self.subscriptions.get(id).cloned() else {
            return;
        };
        if kept.cancel_at_period_end {
            return self.cancel_now(id, None);
        }
        let trial = kept.status == Standing::Trialing;
        if trial && self.left_without_card(&kept) {
            return;
        }
        let Ok((every, _)) = self.rhythm(kept.items.iter().map(|item| &item.price)) else {
            return;
        };
        self.noticed(id, "customer.subscription.updated", |ledger| {
            let next = ledger.subscriptions.get_mut(id);
            if let Some(next) = next {
                next.start = kept.end;
                next.end = calendar::next_end(kept.anchor, every, kept.end);
                if trial {
                    next.status = Standing::Active;
                }
            }
            let invoice = ledger.write_invoice(id, Reason::Cycle, true);
            ledger.set_latest(id, &invoice);
        });
        let Some(invoice) = self
            .subscriptions
            .get(id)
            .and_then(|kept| kept.latest_invoice.clone())
        else {
            return;
        };
        if kept.status == Standing::Unpaid {
            self.stamp(&invoice, |invoice, _| {
                invoice.auto_advance = false;
                invoice.finalizes_at = None;
            });
        }
        self.told_of(&invoice, "invoice.created");
    }

    /// Whether a trial ended without a card, and with it the subscription or its service.
    pub(super) fn left_without_card(&mut self, kept: &Subscription) -> bool {
        if self.card_of(&kept.customer, Some(&kept.id)).is_some() {
            return false;
        }
        match kept.without_card {
            WithoutCard::Invoice => return false,
            WithoutCard::Cancel => self.cancel_now(&kept.id, None),
            WithoutCard::Pause => {
                self.stand(&kept.id, Standing::Paused);
                self.told_of(&kept.id, "customer.subscription.paused");
            }
        }
        true
    }

    /// The first invoice was not paid in time.
    fn give_up(&mut self, id: &str) {
        let invoice = self
            .subscriptions
            .get(id)
            .and_then(|kept| kept.latest_invoice.clone());
        if let Some(invoice) = invoice {
            // It was paid or voided otherwise, which is as good.
            let _ = self.close_invoice(&invoice, InvoiceStatus::Void);
        }
        self.stand(id, Standing::IncompleteExpired);
    }
}

/// What is next for a subscription.
fn next_of(kept: &Subscription) -> Option<(Time, Due)> {
    let id = || kept.id.clone();
    let end = match kept.status {
        Standing::Canceled | Standing::IncompleteExpired => return None,
        Standing::Incomplete => (kept.created + PATIENCE, Due::Expiry(id())),
        Standing::Paused => (Time::MAX, Due::PeriodEnd(id())),
        Standing::Trialing | Standing::Active | Standing::PastDue | Standing::Unpaid => {
            (kept.end, Due::PeriodEnd(id()))
        }
    };
    let cancel = kept.cancel_at.filter(|_| !kept.cancel_at_period_end);
    let warning = kept
        .trial_end
        .filter(|_| kept.status == Standing::Trialing && !kept.warned);
    let all = [
        cancel.map(|at| (at, Due::Cancel(id()))),
        warning.map(|end| (end - 3 * DAY, Due::TrialWarning(id()))),
        Some(end),
    ];
    all.into_iter().flatten().min_by_key(|(at, _)| *at)
}
