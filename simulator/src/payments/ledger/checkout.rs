//! Checkout: a session is opened, its page is completed or left, or its time runs out.

use super::{Behavior, Ledger, Order, find, room_in};
use crate::payments::calendar::{DAY, HOUR};
use crate::payments::cards::{Card, Temper};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Id, Mode, Session, SessionStatus, Standing, Terms};
use crate::payments::papers::{Intent, IntentStatus};
use crate::payments::refusal::{Kind, Refusal};

impl Ledger {
    pub(crate) fn create_session(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let modes = [
            ("subscription", Mode::Subscription),
            ("payment", Mode::Payment),
        ];
        let mode = form
            .word("mode", &modes)?
            .ok_or_else(|| Refusal::missing("mode"))?;
        form.word("ui_mode", &[("hosted_page", ()), ("hosted", ())])?;
        let success_url = address(&mut form, "success_url")?;
        let success_url = success_url.ok_or_else(|| Refusal::missing("success_url"))?;
        let cancel_url = address(&mut form, "cancel_url")?;
        let customer = form.text("customer")?.filter(|id| !id.is_empty());
        let email = form.text("customer_email")?.filter(|text| !text.is_empty());
        if customer.is_some() && email.is_some() {
            let why = "You may only specify one of these parameters: customer, customer_email.";
            return Err(Refusal::invalid(why).on("customer_email"));
        }
        if let Some(id) = &customer {
            self.customer(id, "customer")?;
        }
        let reference = form
            .text("client_reference_id")?
            .filter(|text| !text.is_empty());
        let collection = [("always", true), ("if_required", false)];
        let card_always = form
            .word("payment_method_collection", &collection)?
            .unwrap_or(true);
        let now = self.time_of(customer.as_deref());
        let expires = form.value("expires_at")?.unwrap_or(now + DAY);
        if !(HOUR / 2..=DAY).contains(&(expires - now)) {
            let why = "The `expires_at` timestamp must be from 30 minutes to 24 hours from Checkout Session creation.";
            return Err(Refusal::invalid(why).on("expires_at"));
        }
        for kind in form.texts("payment_method_types")? {
            if kind != "card" {
                let why = format!("This room takes cards only, not {kind}");
                return Err(Refusal::invalid(why).on("payment_method_types"));
            }
        }
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        let terms = match form.within("subscription_data")? {
            Some(mut data) if mode == Mode::Subscription => {
                let terms = super::subscribing::terms(&mut data)?;
                data.ignore(&["billing_mode", "proration_behavior"]);
                data.finish()?;
                terms
            }
            Some(_) => {
                let why = "You can not pass `subscription_data` in `payment` mode.";
                return Err(Refusal::invalid(why).on("subscription_data"));
            }
            None => Terms::default(),
        };
        let items = self.wanted(form.each("line_items")?, "line_items")?;
        form.ignore(&[
            "locale",
            "allow_promotion_codes",
            "customer_creation",
            "customer_update",
        ]);
        if mode == Mode::Payment {
            form.ignore(&["payment_intent_data"]);
        }
        form.finish()?;
        if mode == Mode::Subscription {
            self.rhythm(items.iter().map(|item| &item.price))?;
        }
        room_in(&self.sessions, "checkout sessions")?;
        let id = self.draw("cs_test_");
        let session = Session {
            id: id.clone(),
            created: now,
            expires,
            mode,
            status: SessionStatus::Open,
            customer,
            email,
            reference,
            metadata,
            items,
            terms,
            success_url,
            cancel_url,
            card_always,
            subscription: None,
            invoice: None,
            intent: None,
        };
        self.sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// What is to be paid today.
    pub(crate) fn due_today(&self, session: &Session) -> i64 {
        let trial = session.terms.trial_end.is_some()
            || session.terms.trial_days.is_some_and(|days| days > 0);
        if trial { 0 } else { self.sum_of(session) }
    }

    pub(crate) fn sum_of(&self, session: &Session) -> i64 {
        let items = session.items.iter();
        items
            .map(|item| self.amount_of(&item.price) * item.quantity)
            .sum()
    }

    pub(crate) fn session_to_expire(&mut self, id: &str) -> Result<(), Refusal> {
        let session = find(&self.sessions, "checkout.session", id, "id")?;
        if session.status != SessionStatus::Open {
            let why = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
            return Err(Refusal::invalid(why));
        }
        self.expire_session(id);
        Ok(())
    }

    pub(super) fn expire_session(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.status = SessionStatus::Expired;
        }
        self.told_of(id, "checkout.session.expired");
    }

    /// The page is completed: with a card, or with none where none is needed. Hands out where the
    /// visitor goes on.
    ///
    /// A card that is declined leaves the session open, so he may try another.
    pub(crate) fn complete(
        &mut self,
        id: &str,
        email: Option<String>,
        card: Option<Id>,
    ) -> Result<String, Refusal> {
        let session = find(&self.sessions, "checkout.session", id, "id")?.clone();
        if session.status != SessionStatus::Open {
            return Err(Refusal::invalid(
                "This Checkout Session is not open any more.",
            ));
        }
        if card.is_none() && (session.card_always || self.due_today(&session) > 0) {
            return Err(Refusal::missing("card"));
        }
        if let Some(card) = &card {
            self.try_card(&session, card)?;
        }
        let customer = match session.customer.clone() {
            Some(customer) => {
                self.customer(&customer, "customer")?;
                customer
            }
            None => self.newcomer(email.clone().or(session.email.clone()))?,
        };
        let method = match &card {
            Some(card) => Some(self.attach(card, &customer, "payment_method")?),
            None => None,
        };
        let mut done = session.clone();
        match session.mode {
            Mode::Subscription => {
                let subscription = self.subscribe(Order {
                    customer: customer.clone(),
                    items: session.items.clone(),
                    terms: session.terms.clone(),
                    method,
                    behavior: Behavior::Allow,
                    present: true,
                })?;
                let kept = self.subscriptions.get(&subscription);
                done.invoice = kept.and_then(|kept| kept.latest_invoice.clone());
                done.subscription = Some(subscription);
            }
            Mode::Payment => {
                let intent = self.session_intent(&session, Some(customer.clone()));
                if let Some(method) = method {
                    self.charge(&intent, &method, true)?;
                }
                done.intent = Some(intent);
            }
        }
        done.customer = Some(customer);
        done.email = email.or(session.email);
        done.status = SessionStatus::Complete;
        let next = done.success_url.replace("{CHECKOUT_SESSION_ID}", id);
        self.sessions.insert(id.to_owned(), done);
        self.told_of(id, "checkout.session.completed");
        Ok(next)
    }

    /// Lets a card that will be declined fail before anything else is there.
    fn try_card(&mut self, session: &Session, card: &str) -> Result<(), Refusal> {
        let method = find(&self.methods, "PaymentMethod", card, "payment_method")?;
        let Temper::Declines(decline) = method.card.temper else {
            return Ok(());
        };
        if self.due_today(session) > 0 {
            let intent = self.session_intent(session, session.customer.clone());
            return self.charge(&intent, card, true);
        }
        let (code, _, message) = decline.words();
        let mut refusal = Refusal::invalid(message).coded(code).status(402);
        refusal.kind = Kind::Card;
        Err(refusal)
    }

    fn session_intent(&mut self, session: &Session, customer: Option<Id>) -> Id {
        let first = session
            .items
            .first()
            .and_then(|item| self.prices.get(&item.price));
        let currency = first.map_or("usd".to_owned(), |price| price.currency.clone());
        let intent = Intent {
            id: self.draw("pi_"),
            created: self.time_of(customer.as_deref()),
            amount: self.sum_of(session),
            currency,
            customer,
            method: None,
            invoice: None,
            charge: None,
            status: IntentStatus::NeedsMethod,
            canceled_at: None,
            description: None,
            metadata: Metadata::new(),
        };
        self.open_intent(intent)
    }

    /// Whoever pays without being known becomes a customer.
    fn newcomer(&mut self, email: Option<String>) -> Result<Id, Refusal> {
        let email = email.ok_or_else(|| Refusal::missing("email"))?;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("email", &email);
        self.create_customer(Form::read(query.finish().as_bytes())?)
    }

    /// A card as it is typed into a page of the room.
    pub(crate) fn typed_card(
        &mut self,
        number: &str,
        email: Option<String>,
    ) -> Result<Id, Refusal> {
        let year = crate::payments::calendar::year(self.now) + 5;
        let card = Card::of_number(number, 12, year)?;
        room_in(&self.methods, "payment methods")?;
        Ok(self.keep_card(card, email))
    }

    /// Whether a customer has a subscription that lives.
    pub(crate) fn living(&self, customer: &str) -> Vec<Id> {
        let his = self.subscriptions.values().filter(|kept| {
            kept.customer == customer
                && !kept.status.is_over()
                && kept.status != Standing::Incomplete
        });
        his.map(|kept| kept.id.clone()).collect()
    }
}

fn address(form: &mut Form, field: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = form.text(field)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let known = url::Url::parse(&text).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    if known {
        Ok(Some(text))
    } else {
        let why = format!("Not a valid URL: {field} must begin with http or https");
        Err(Refusal::invalid(why).on(field).coded("url_invalid"))
    }
}
