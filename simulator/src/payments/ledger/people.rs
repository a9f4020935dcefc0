//! Customers and their cards.

use super::{Ledger, find, room_in};
use crate::payments::calendar;
use crate::payments::cards::{Card, Temper};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Customer, Id, Method};
use crate::payments::refusal::{Kind, Refusal};

impl Ledger {
    pub(crate) fn create_customer(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let clock = form.text("test_clock")?.filter(|clock| !clock.is_empty());
        if let Some(clock) = &clock {
            find(&self.clocks, "test clock", clock, "test_clock")?;
        }
        let method = form.text("payment_method")?;
        room_in(&self.customers, "customers")?;
        let created = clock.as_ref().and_then(|clock| self.clocks.get(clock));
        let created = created.map_or(self.now, |clock| clock.frozen);
        let id = self.draw("cus_");
        let mut customer = Customer {
            created,
            prefix: id[4..].chars().take(8).collect::<String>().to_uppercase(),
            id: id.clone(),
            email: None,
            name: None,
            description: None,
            phone: None,
            metadata: Metadata::new(),
            balance: 0,
            default_method: None,
            next_invoice: 1,
            clock,
            deleted: false,
        };
        let default = describe(&mut customer, &mut form)?;
        form.finish()?;
        // Checked before the customer is there, so that a refused card leaves nobody behind.
        for wanted in [&method, &default].into_iter().flatten() {
            self.may_attach(wanted, "payment_method")?;
        }
        self.customers.insert(id.clone(), customer);
        self.told_of(&id, "customer.created");
        let attached = match &method {
            Some(method) => Some(self.attach(method, &id, "payment_method")?),
            None => None,
        };
        if let Some(default) = default {
            let same = method.as_ref() == Some(&default);
            let default = match attached.filter(|_| same) {
                Some(attached) => attached,
                None => self.attach(&default, &id, "invoice_settings[default_payment_method]")?,
            };
            self.noticed(&id.clone(), "customer.updated", |ledger| {
                if let Some(customer) = ledger.customers.get_mut(&id) {
                    customer.default_method = Some(default);
                }
            });
        }
        Ok(id)
    }

    pub(crate) fn update_customer(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut customer = self.customer(id, "id")?.clone();
        let default = describe(&mut customer, &mut form)?;
        form.finish()?;
        if let Some(default) = default {
            customer.default_method = match default.as_str() {
                "" => None,
                default => {
                    let param = "invoice_settings[default_payment_method]";
                    self.may_attach(default, param)?;
                    Some(self.attach(default, id, param)?)
                }
            };
        }
        self.watched(id, "customer.updated", |ledger| {
            ledger.customers.insert(id.to_owned(), customer);
            Ok(())
        })
    }

    /// Deletes a customer; his subscriptions end at once.
    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<(), Refusal> {
        self.customer(id, "id")?;
        let his: Vec<Id> = self
            .subscriptions
            .values()
            .filter(|subscription| subscription.customer == id && !subscription.status.is_over())
            .map(|subscription| subscription.id.clone())
            .collect();
        for subscription in his {
            self.cancel_now(&subscription, None);
        }
        self.told_of(id, "customer.deleted");
        if let Some(customer) = self.customers.get_mut(id) {
            customer.deleted = true;
        }
        Ok(())
    }

    /// A customer that is not deleted.
    pub(crate) fn customer(&self, id: &str, param: &str) -> Result<&Customer, Refusal> {
        let customer = find(&self.customers, "customer", id, param)?;
        if customer.deleted {
            let refusal = Refusal::nobody("customer", id, param);
            return Err(match param {
                "id" => refusal.status(404),
                _ => refusal,
            });
        }
        Ok(customer)
    }

    pub(crate) fn create_method(&mut self, mut form: Form) -> Result<Id, Refusal> {
        form.word("type", &[("card", ())])?;
        let place = "card";
        let mut sent = form.within(place)?.ok_or_else(|| Refusal::missing(place))?;
        let year = calendar::year(self.now) + 5;
        let card = match sent.text("token")? {
            Some(token) => Card::of_token(&token, year)
                .ok_or_else(|| Refusal::nobody("token", &token, "card[token]"))?,
            None => {
                let number = sent.required("number")?;
                let month = sent.value("exp_month")?.unwrap_or(12);
                let year = sent.value("exp_year")?.unwrap_or(year);
                sent.ignore(&["cvc"]);
                Card::of_number(&number, month, year)?
            }
        };
        sent.finish()?;
        let mut billing = form.within("billing_details")?.unwrap_or_default();
        let (email, name) = (billing.text("email")?, billing.text("name")?);
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.finish()?;
        room_in(&self.methods, "payment methods")?;
        let id = self.keep_card(card, None);
        if let Some(method) = self.methods.get_mut(&id) {
            (method.email, method.name, method.metadata) = (email, name, metadata);
        }
        Ok(id)
    }

    pub(crate) fn keep_card(&mut self, card: Card, email: Option<String>) -> Id {
        let id = self.draw("pm_");
        let method = Method {
            id: id.clone(),
            created: self.now,
            card,
            customer: None,
            email,
            name: None,
            metadata: Metadata::new(),
        };
        self.methods.insert(id.clone(), method);
        id
    }

    /// Refuses a card that does not exist or that its bank refuses.
    fn may_attach(&self, method: &str, param: &str) -> Result<(), Refusal> {
        let year = calendar::year(self.now) + 5;
        let kept = self.methods.get(method).map(|method| method.card.clone());
        let card = kept.or_else(|| Card::of_token(method, year));
        let card = card.ok_or_else(|| Refusal::nobody("PaymentMethod", method, param))?;
        match card.temper {
            Temper::Declines(decline) => {
                let (code, decline, message) = decline.words();
                let mut refusal = Refusal::invalid(message).coded(code).status(402);
                refusal.kind = Kind::Card;
                refusal.more.push(("decline_code", decline.into()));
                Err(refusal)
            }
            Temper::Pays | Temper::Tires | Temper::Disputes => Ok(()),
        }
    }

    /// Gives a card to a customer. A test token (`pm_card_visa`) becomes a card of its own.
    pub(crate) fn attach(&mut self, method: &str, to: &str, param: &str) -> Result<Id, Refusal> {
        self.may_attach(method, param)?;
        let id = match self.methods.get(method) {
            Some(known) if known.customer.as_deref() == Some(to) => return Ok(method.to_owned()),
            Some(known) if known.customer.is_some() => {
                let why = "This payment method is attached to another customer";
                return Err(Refusal::invalid(why).on(param));
            }
            Some(known) => known.id.clone(),
            None => {
                let year = calendar::year(self.now) + 5;
                let card = Card::of_token(method, year);
                let card = card.ok_or_else(|| Refusal::nobody("PaymentMethod", method, param))?;
                room_in(&self.methods, "payment methods")?;
                self.keep_card(card, None)
            }
        };
        if let Some(method) = self.methods.get_mut(&id) {
            method.customer = Some(to.to_owned());
        }
        self.told_of(&id, "payment_method.attached");
        Ok(id)
    }

    pub(crate) fn detach(&mut self, id: &str) -> Result<(), Refusal> {
        let owner = find(&self.methods, "PaymentMethod", id, "id")?
            .customer
            .clone();
        let Some(owner) = owner else {
            return Err(Refusal::invalid(
                "This payment method is not attached to a customer",
            ));
        };
        if let Some(customer) = self.customers.get_mut(&owner) {
            customer.default_method.take_if(|default| default == id);
        }
        self.noticed(id, "payment_method.detached", |ledger| {
            if let Some(method) = ledger.methods.get_mut(id) {
                method.customer = None;
            }
        });
        Ok(())
    }
}

/// Takes what a request says of a customer, and hands out the card that it makes his default.
fn describe(customer: &mut Customer, form: &mut Form) -> Result<Option<String>, Refusal> {
    let fields = [
        ("email", &mut customer.email),
        ("name", &mut customer.name),
        ("description", &mut customer.description),
        ("phone", &mut customer.phone),
    ];
    for (field, kept) in fields {
        if let Some(text) = form.text(field)? {
            *kept = Some(text).filter(|text| !text.is_empty());
        }
    }
    if let Some(balance) = form.value("balance")? {
        customer.balance = balance;
    }
    form.metadata(&mut customer.metadata)?;
    let Some(mut settings) = form.within("invoice_settings")? else {
        return Ok(None);
    };
    let default = settings.text("default_payment_method")?;
    settings.finish()?;
    Ok(default)
}
