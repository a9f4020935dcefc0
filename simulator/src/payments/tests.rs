//! The ledger by itself: requests go in, time passes, and nothing else is there.

use serde_json::Value;

use super::api::{self, Verb};
use super::calendar::{DAY, HOUR};
use super::form::Form;
use super::ledger::{Afterwards, Ledger};
use super::refusal::Refusal;

/// A Sunday in November.
const START: i64 = 1_795_000_000;

mod changes;
mod renewals;

struct Desk(Ledger);

impl Desk {
    fn new() -> Self {
        Self(Ledger::new(7, START))
    }

    fn try_post(&mut self, path: &str, form: &str) -> Result<Value, Refusal> {
        let steps: Vec<_> = path.split('/').collect();
        api::answer(
            &mut self.0,
            Verb::Post,
            &steps,
            Form::read(form.as_bytes()).unwrap(),
        )
    }

    fn post(&mut self, path: &str, form: &str) -> Value {
        self.try_post(path, form).unwrap()
    }

    fn get(&mut self, path: &str, query: &str) -> Value {
        let steps: Vec<_> = path.split('/').collect();
        api::answer(
            &mut self.0,
            Verb::Get,
            &steps,
            Form::read(query.as_bytes()).unwrap(),
        )
        .unwrap()
    }

    fn price(&mut self, cents: i64, interval: &str) -> String {
        let product = id(&self.post("products", "name=Premium"));
        let form = format!(
            "product={product}&currency=usd&unit_amount={cents}&recurring[interval]={interval}"
        );
        id(&self.post("prices", &form))
    }

    /// A customer with a card.
    fn customer(&mut self, card: &str) -> String {
        let form = format!("payment_method={card}&invoice_settings[default_payment_method]={card}");
        id(&self.post("customers", &form))
    }

    fn subscribe(&mut self, customer: &str, price: &str, more: &str) -> Value {
        self.post(
            "subscriptions",
            &format!("customer={customer}&items[0][price]={price}{more}"),
        )
    }

    fn pass(&mut self, time: i64) {
        self.0.live_until(self.0.now + time);
    }

    fn status(&mut self, subscription: &str) -> String {
        let kept = self.get(&format!("subscriptions/{subscription}"), "");
        kept["status"].as_str().unwrap().to_owned()
    }

    /// The kinds of everything that was told, the oldest first.
    fn told(&self) -> Vec<&str> {
        self.0
            .events
            .values()
            .map(|event| event.kind.as_str())
            .collect()
    }
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_event_tells_what_was_before() {
    let mut desk = Desk::new();
    let (price, customer) = (desk.price(1900, "month"), desk.customer("pm_card_visa"));
    let kept = id(&desk.subscribe(&customer, &price, ""));
    desk.post(
        &format!("subscriptions/{kept}"),
        "cancel_at_period_end=true",
    );
    let event = &desk.get("events", "type=customer.subscription.updated&limit=1")["data"][0];
    assert_eq!(event["data"]["object"]["cancel_at_period_end"], true);
    assert_eq!(
        event["data"]["previous_attributes"]["cancel_at_period_end"],
        false
    );
    assert_eq!(event["data"]["previous_attributes"].get("status"), None);
}

#[test]
fn a_ledger_comes_back_from_its_file_as_it_was() {
    let mut desk = Desk::new();
    let (price, customer) = (desk.price(1900, "month"), desk.customer("pm_card_visa"));
    let kept = id(&desk.subscribe(&customer, &price, ""));
    let before = desk.get(
        &format!("subscriptions/{kept}"),
        "expand[]=latest_invoice.payments",
    );
    let written = serde_json::to_vec(&desk.0).unwrap();
    let mut again = Desk(serde_json::from_slice(&written).unwrap());
    assert_eq!(
        again.get(
            &format!("subscriptions/{kept}"),
            "expand[]=latest_invoice.payments"
        ),
        before
    );
    assert!(
        !before
            .to_string()
            .contains(&id(&again.post("customers", "")))
    );
}

#[test]
fn nothing_grows_without_end() {
    let mut desk = Desk::new();
    let made = (0..=10_000)
        .map_while(|_| desk.try_post("customers", "").ok())
        .count();
    assert_eq!(made, 10_000);
    assert!(desk.0.events.len() <= 10_000);
    assert_eq!(desk.try_post("customers", "").unwrap_err().status, 429);
}
