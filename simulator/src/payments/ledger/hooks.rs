//! What happened, who wants to hear of it, and what is still to be delivered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Asked, Ledger, find, room_in};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Id, Time};
use crate::payments::refusal::Refusal;

/// Events that are remembered; the oldest are forgotten a thousand at a time.
const EVENTS: usize = 10_000;
const FORGOTTEN: usize = 1000;

/// Deliveries that may wait, and endpoints that may listen.
const OUTBOX: usize = 10_000;
const ENDPOINTS: usize = 16;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) kind: String,
    pub(crate) object: Value,
    pub(crate) previous: Option<Value>,
    pub(crate) asked: Asked,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: Id,
    pub(crate) created: Time,
    pub(crate) url: String,
    pub(crate) secret: String,
    /// Types of events, or `*`.
    pub(crate) wants: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) event: Id,
    pub(crate) endpoint: Id,
    /// How often it was tried, and when it is to be tried again, in microseconds of real time.
    pub(crate) tries: u32,
    pub(crate) due: i64,
}

impl Ledger {
    /// Writes down what happened, and puts it into the outbox for whoever wants to hear of it.
    pub(super) fn tell(&mut self, kind: &str, object: Value, previous: Option<Value>) {
        let customer = match object.get("customer") {
            Some(Value::String(customer)) => Some(customer.clone()),
            _ => object.get("id").and_then(Value::as_str).map(str::to_owned),
        };
        let id = self.draw("evt_");
        let event = Event {
            id: id.clone(),
            created: self.time_of(customer.as_deref()),
            kind: kind.to_owned(),
            object,
            previous,
            asked: self.asked.clone(),
        };
        if self.events.len() >= EVENTS {
            self.events.drain(..FORGOTTEN);
        }
        self.events.insert(id.clone(), event);
        let listening = self.endpoints.values().filter(|endpoint| {
            let wants = |want: &String| want == "*" || want == kind;
            endpoint.enabled && endpoint.wants.iter().any(wants)
        });
        for endpoint in listening {
            if self.outbox.len() >= OUTBOX {
                self.outbox.pop_front();
            }
            self.outbox.push_back(Delivery {
                event: id.clone(),
                endpoint: endpoint.id.clone(),
                tries: 0,
                due: 0,
            });
        }
    }

    pub(crate) fn create_endpoint(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let url = form.required("url")?;
        let wants = form.texts("enabled_events")?;
        let description = form.text("description")?.filter(|text| !text.is_empty());
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.ignore(&["api_version"]);
        form.finish()?;
        if wants.is_empty() {
            return Err(Refusal::missing("enabled_events"));
        }
        let secret = self.draw("whsec_");
        self.listen(url, secret, wants, description, metadata)
    }

    /// Sends events to an address from now on, signed with the secret.
    pub(crate) fn listen(
        &mut self,
        url: String,
        secret: String,
        wants: Vec<String>,
        description: Option<String>,
        metadata: Metadata,
    ) -> Result<Id, Refusal> {
        let known =
            url::Url::parse(&url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
        if !known {
            return Err(
                Refusal::invalid("Invalid URL: it must begin with https or http").on("url"),
            );
        }
        if self.endpoints.len() >= ENDPOINTS {
            return Err(Refusal::full("webhook endpoints", ENDPOINTS));
        }
        let id = self.draw("we_");
        let endpoint = Endpoint {
            id: id.clone(),
            created: self.now,
            url,
            secret,
            wants,
            enabled: true,
            description,
            metadata,
        };
        self.endpoints.insert(id.clone(), endpoint);
        Ok(id)
    }

    pub(crate) fn update_endpoint(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut endpoint = find(&self.endpoints, "webhook endpoint", id, "id")?.clone();
        if let Some(url) = form.text("url")? {
            endpoint.url = url;
        }
        let wants = form.texts("enabled_events")?;
        if !wants.is_empty() {
            endpoint.wants = wants;
        }
        if let Some(disabled) = form.value::<bool>("disabled")? {
            endpoint.enabled = !disabled;
        }
        if let Some(description) = form.text("description")? {
            endpoint.description = Some(description).filter(|text| !text.is_empty());
        }
        form.metadata(&mut endpoint.metadata)?;
        form.finish()?;
        self.endpoints.insert(id.to_owned(), endpoint);
        Ok(())
    }

    pub(crate) fn delete_endpoint(&mut self, id: &str) -> Result<(), Refusal> {
        find(&self.endpoints, "webhook endpoint", id, "id")?;
        self.endpoints.shift_remove(id);
        self.outbox.retain(|delivery| delivery.endpoint != id);
        Ok(())
    }

    pub(crate) fn create_clock(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let frozen = form.value("frozen_time")?;
        let frozen = frozen.ok_or_else(|| Refusal::missing("frozen_time"))?;
        let name = form.text("name")?.filter(|name| !name.is_empty());
        form.finish()?;
        room_in(&self.clocks, "test clocks")?;
        let id = self.draw("clock_");
        let clock = crate::payments::papers::TestClock {
            id: id.clone(),
            created: self.now,
            name,
            frozen,
        };
        self.clocks.insert(id.clone(), clock);
        self.told_of(&id, "test_helpers.test_clock.created");
        Ok(id)
    }
}
