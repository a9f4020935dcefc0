//! Charging a card: payment intents, and the charges that come of them.

use super::{Ledger, find, room_in};
use crate::payments::cards::{Decline, Temper};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::Id;
use crate::payments::papers::{Charge, Intent, IntentStatus, Invoice};
use crate::payments::refusal::{Kind, Refusal};

/// The smallest and the largest amount of a charge, in cents.
const SMALLEST: i64 = 50;
const LARGEST: i64 = 99_999_999;

impl Ledger {
    /// The payment intent of an invoice that becomes final.
    pub(super) fn intent_for(&mut self, invoice: &Invoice) -> Id {
        let intent = Intent {
            id: self.draw("pi_"),
            created: self.time_of(Some(&invoice.customer)),
            amount: invoice.due(),
            currency: invoice.currency.clone(),
            customer: Some(invoice.customer.clone()),
            method: None,
            invoice: Some(invoice.id.clone()),
            charge: None,
            status: IntentStatus::NeedsMethod,
            canceled_at: None,
            description: Some(match invoice.subscription {
                Some(_) => "Subscription update".to_owned(),
                None => "Payment for Invoice".to_owned(),
            }),
            metadata: Metadata::new(),
        };
        self.open_intent(intent)
    }

    pub(super) fn open_intent(&mut self, intent: Intent) -> Id {
        let id = intent.id.clone();
        self.intents.insert(id.clone(), intent);
        self.told_of(&id, "payment_intent.created");
        id
    }

    pub(crate) fn create_intent(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let amount = form
            .value("amount")?
            .ok_or_else(|| Refusal::missing("amount"))?;
        if !(SMALLEST..=LARGEST).contains(&amount) {
            let why = "Amount must be from 50 cents to 999,999.99";
            return Err(Refusal::invalid(why).on("amount").coded("amount_too_small"));
        }
        let currency = form.required("currency")?.to_lowercase();
        let customer = form.text("customer")?.filter(|id| !id.is_empty());
        if let Some(id) = &customer {
            self.customer(id, "customer")?;
        }
        let method = form.text("payment_method")?.filter(|id| !id.is_empty());
        let confirm = form.value("confirm")?.unwrap_or(false);
        let description = form.text("description")?;
        form.word(
            "capture_method",
            &[("automatic", ()), ("automatic_async", ())],
        )?;
        for kind in form.texts("payment_method_types")? {
            if kind != "card" {
                let why = format!("This room takes cards only, not {kind}");
                return Err(Refusal::invalid(why).on("payment_method_types"));
            }
        }
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.ignore(&[
            "shipping",
            "return_url",
            "off_session",
            "setup_future_usage",
        ]);
        form.finish()?;
        room_in(&self.intents, "payment intents")?;
        let method = method.map(|method| self.take_card(&method)).transpose()?;
        let status = match method {
            Some(_) => IntentStatus::NeedsConfirmation,
            None => IntentStatus::NeedsMethod,
        };
        let intent = Intent {
            id: self.draw("pi_"),
            created: self.time_of(customer.as_deref()),
            amount,
            currency,
            customer,
            method,
            invoice: None,
            charge: None,
            status,
            canceled_at: None,
            description,
            metadata,
        };
        let id = self.open_intent(intent);
        if confirm {
            self.confirm(&id, None)?;
        }
        Ok(id)
    }

    /// A card by its identifier, or a new one of a test token; it need not be attached.
    pub(super) fn take_card(&mut self, method: &str) -> Result<Id, Refusal> {
        if self.methods.contains_key(method) {
            return Ok(method.to_owned());
        }
        let year = crate::payments::calendar::year(self.now) + 5;
        let card = crate::payments::cards::Card::of_token(method, year);
        let card =
            card.ok_or_else(|| Refusal::nobody("PaymentMethod", method, "payment_method"))?;
        room_in(&self.methods, "payment methods")?;
        Ok(self.keep_card(card, None))
    }

    /// Confirms an intent with its card or another, with its owner there.
    pub(crate) fn confirm(&mut self, id: &str, with: Option<&str>) -> Result<(), Refusal> {
        let intent = find(&self.intents, "payment_intent", id, "id")?;
        let kept = intent.method.clone();
        if matches!(
            intent.status,
            IntentStatus::Succeeded | IntentStatus::Canceled
        ) {
            let why = format!(
                "You cannot confirm this PaymentIntent because it has a status of {}.",
                intent.status.word()
            );
            return Err(Refusal::invalid(why).coded("payment_intent_unexpected_state"));
        }
        let method = match with {
            Some(method) => Some(self.take_card(method)?),
            None => kept,
        };
        let method = method.ok_or_else(|| Refusal::missing("payment_method"))?;
        self.charge(id, &method, true)
    }

    pub(crate) fn cancel_intent(&mut self, id: &str) -> Result<(), Refusal> {
        let intent = find(&self.intents, "payment_intent", id, "id")?;
        if matches!(
            intent.status,
            IntentStatus::Succeeded | IntentStatus::Canceled
        ) {
            let why = "You cannot cancel this PaymentIntent because it is over.";
            return Err(Refusal::invalid(why).coded("payment_intent_unexpected_state"));
        }
        let now = self.time_of(intent.customer.as_deref());
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = IntentStatus::Canceled;
            intent.canceled_at = Some(now);
        }
        self.told_of(id, "payment_intent.canceled");
        Ok(())
    }

    /// Charges a card for an intent. `present` says whether the card's owner is there.
    pub(super) fn charge(
        &mut self,
        intent: &str,
        with: &str,
        present: bool,
    ) -> Result<(), Refusal> {
        room_in(&self.charges, "charges")?;
        let about = find(&self.intents, "payment_intent", intent, "payment_intent")?.clone();
        let card = &find(&self.methods, "PaymentMethod", with, "payment_method")?.card;
        let temper = card.temper;
        let decline = match temper {
            Temper::Declines(decline) => Some(decline),
            Temper::Tires if !present => Some(Decline::Generic),
            Temper::Pays | Temper::Disputes | Temper::Tires => None,
        };
        let charge = Charge {
            id: self.draw("ch_"),
            created: self.time_of(about.customer.as_deref()),
            amount: about.amount,
            currency: about.currency,
            customer: about.customer,
            method: with.to_owned(),
            intent: intent.to_owned(),
            description: about.description,
            declined: decline.map(|decline| decline.words().1.to_owned()),
            refunded: 0,
            disputed: false,
            metadata: about.metadata,
        };
        let id = charge.id.clone();
        self.charges.insert(id.clone(), charge);
        if let Some(kept) = self.intents.get_mut(intent) {
            kept.charge = Some(id.clone());
            kept.method = decline.is_none().then(|| with.to_owned());
            kept.status = match decline {
                Some(_) => IntentStatus::NeedsMethod,
                None => IntentStatus::Succeeded,
            };
        }
        if let Some(decline) = decline {
            self.told_of(&id, "charge.failed");
            self.told_of(intent, "payment_intent.payment_failed");
            return Err(self.declined(decline, &id, intent));
        }
        self.told_of(&id, "charge.succeeded");
        self.told_of(intent, "payment_intent.succeeded");
        if temper == Temper::Disputes {
            self.dispute(&id, "fraudulent")?;
        }
        Ok(())
    }

    fn declined(&self, decline: Decline, charge: &str, intent: &str) -> Refusal {
        let (code, decline, message) = decline.words();
        let mut refusal = Refusal::invalid(message).coded(code).status(402);
        refusal.kind = Kind::Card;
        refusal.more.push(("charge", charge.into()));
        refusal.more.push(("decline_code", decline.into()));
        if let Some(intent) = self.show(intent) {
            refusal.more.push(("payment_intent", intent));
        }
        refusal
    }
}
