//! What the till tells: kept as it came, signed, and dealt with afterwards.

use std::time::Duration;

use domain::ports::Advice;
use domain::ports::store::StoreError;
use domain::ports::till::Told;
use domain::time::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use stripe_webhook::{Webhook, WebhookError};

use super::{Billing, Refusal};

/// How often it is looked for events that are due.
const LOOKS: Duration = Duration::from_millis(500);

/// How many events are dealt with at once.
const AT_ONCE: usize = 20;

/// How long whoever deals with an event has before another does.
const CLAIM: Duration = Duration::from_secs(60);

/// How often an event is tried before it is given up.
const ATTEMPTS: u32 = 12;

/// How often everything is compared with the till.
const RECONCILES: Duration = Duration::from_secs(6 * 3_600);

/// The little that is read of an event.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

impl Billing {
    /// Keeps what the till tells, and says whether it is new. It is dealt with afterwards.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unsigned`] when it does not come from the till.
    pub async fn told(&self, body: &str, signature: &str) -> Result<bool, Refusal> {
        self.till()?;
        let secret = self.0.signs_with.expose_secret();
        let now = self.0.clock.now();
        let seconds = now.as_millis().div_euclid(1_000);
        match Webhook::construct_event_with_timestamp(body, signature, secret, seconds) {
            // Signed all right. Whether the library can read it does not matter: older versions and
            // unknown kinds come, too.
            Ok(_) | Err(WebhookError::BadParse(_)) => {}
            Err(
                WebhookError::BadKey
                | WebhookError::BadHeader(_)
                | WebhookError::BadSignature
                | WebhookError::BadTimestamp(_),
            ) => {
                metrics::counter!("touchstone_payment_events_total", "outcome" => "unsigned")
                    .increment(1);
                return Err(Refusal::Unsigned);
            }
        }
        let event: Event = serde_json::from_str(body).map_err(|_| Refusal::Unreadable)?;
        let told = Told {
            id: event.id,
            kind: event.kind,
            object: subject(&event.data.object),
            body: body.to_owned(),
            received: now,
        };
        let new = self.0.tidings.keep_told(&told).await?;
        let outcome = if new { "kept" } else { "known" };
        metrics::counter!("touchstone_payment_events_total", "outcome" => outcome).increment(1);
        Ok(new)
    }

    /// Deals with what was told, and compares everything now and then.
    pub async fn work(self) {
        if self.0.till.is_none() {
            return;
        }
        let mut compared = None::<Timestamp>;
        loop {
            if let Err(error) = self.deal_with_all().await {
                tracing::warn!("what the till told could not be dealt with: {error}");
            }
            let now = self.0.clock.now();
            if compared.is_none_or(|at| now.since(at) >= RECONCILES) {
                compared = Some(now);
                match self.reconcile().await {
                    Ok(mended) => mended.iter().for_each(|what| {
                        tracing::warn!("compared with the till: {what}");
                    }),
                    Err(error) => tracing::warn!("the till could not be compared: {error}"),
                }
            }
            tokio::time::sleep(LOOKS).await;
        }
    }

    /// Deals with everything that is due.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read.
    pub async fn deal_with_all(&self) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let due = self.0.tidings.take_told(now, now + CLAIM, AT_ONCE).await?;
        for (told, attempts) in due {
            match self.deal_with(&told).await {
                Ok(outcome) => {
                    metrics::counter!("touchstone_payment_events_total", "outcome" => outcome)
                        .increment(1);
                    let now = self.0.clock.now();
                    self.0.tidings.dealt_with(&told.id, now).await?;
                }
                Err(error) => {
                    let advice = match &error {
                        Refusal::Till(error) => error.advice(),
                        Refusal::Store(error) => error.advice(),
                        Refusal::NoTill
                        | Refusal::Unfit(_)
                        | Refusal::Unsigned
                        | Refusal::Unreadable => Advice::Stop,
                    };
                    let tired = attempts >= ATTEMPTS || advice == Advice::Stop;
                    let pause = Duration::from_secs(1 << attempts.min(10));
                    let again = (!tired).then(|| self.0.clock.now() + pause);
                    let why = error.to_string();
                    tracing::warn!(
                        event.id = told.id,
                        event.kind = told.kind,
                        again = again.is_some(),
                        "an event of the till was not dealt with: {why}"
                    );
                    metrics::counter!("touchstone_payment_events_total", "outcome" => "failed")
                        .increment(1);
                    self.0.tidings.not_dealt_with(&told.id, &why, again).await?;
                }
            }
        }
        Ok(())
    }

    /// Asks the till how things stand of whom an event speaks.
    async fn deal_with(&self, told: &Told) -> Result<&'static str, Refusal> {
        let concerns = ["checkout.", "customer.", "invoice.", "charge."];
        if !concerns.iter().any(|about| told.kind.starts_with(about)) {
            return Ok("ignored");
        }
        let till = self.till()?;
        let Some(object) = &told.object else {
            return Ok("ignored");
        };
        let Some(customer) = till.customer_of(object).await? else {
            return Ok("of_nobody");
        };
        Ok(if self.refresh(&customer).await?.is_some() {
            "learned"
        } else {
            "of_nobody"
        })
    }
}

/// What an event is about: its customer, where it names him, else the object itself; of a dispute its
/// charge.
fn subject(object: &Value) -> Option<String> {
    let text = |name: &str| match &object[name] {
        Value::String(id) => Some(id.clone()),
        Value::Object(whole) => whole.get("id").and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    text("customer")
        .or_else(|| text("charge"))
        .or_else(|| text("id"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_about_its_customer_or_what_it_names() {
        assert_eq!(
            subject(&json!({"id": "in_1", "customer": "cus_1"})).as_deref(),
            Some("cus_1")
        );
        let whole = json!({"id": "sub_1", "customer": {"id": "cus_2", "email": "x"}});
        assert_eq!(subject(&whole).as_deref(), Some("cus_2"));
        assert_eq!(
            subject(&json!({"id": "dp_1", "charge": "ch_1"})).as_deref(),
            Some("ch_1")
        );
        assert_eq!(subject(&json!({"id": "cus_3"})).as_deref(), Some("cus_3"));
        assert_eq!(subject(&json!({})), None);
    }
}
