//! Idempotency keys: a request that comes again is answered as it was, and not done again.

use indexmap::IndexMap;

use super::refusal::{Kind, Refusal};

/// Answers that are remembered; the oldest are forgotten first.
const ANSWERS: usize = 1000;

/// The longest key, as at Stripe.
const LONGEST: usize = 255;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) request: String,
}

#[derive(Debug, Default)]
pub(crate) struct Replays(IndexMap<String, (String, Given)>);

impl Replays {
    /// The answer to the same request under the same key, if there was one.
    pub(crate) fn find(&self, key: &str, asked: &str) -> Result<Option<Given>, Refusal> {
        if key.len() > LONGEST {
            let why = format!("Idempotency keys have at most {LONGEST} characters");
            return Err(Refusal::invalid(why));
        }
        match self.0.get(key) {
            None => Ok(None),
            Some((before, given)) if before == asked => Ok(Some(given.clone())),
            Some(_) => {
                let why = format!(
                    "Keys for idempotent requests can only be used with the same parameters they \
                     were first used with. Try using a key other than '{key}' if you meant to \
                     execute a different request."
                );
                let mut refusal = Refusal::invalid(why);
                refusal.kind = Kind::Idempotency;
                Err(refusal)
            }
        }
    }

    /// Remembers an answer, unless the request was refused before anything began.
    pub(crate) fn keep(&mut self, key: String, asked: String, given: Given) {
        if !matches!(given.status, 200..300 | 402) {
            return;
        }
        if self.0.len() >= ANSWERS {
            self.0.shift_remove_index(0);
        }
        self.0.insert(key, (asked, given));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(status: u16) -> Given {
        Given {
            status,
            body: "{}".to_owned(),
            request: "req_1".to_owned(),
        }
    }

    #[test]
    fn a_key_with_another_request_is_an_error_and_a_refused_request_may_be_mended() {
        let mut replays = Replays::default();
        replays.keep(
            "a".to_owned(),
            "POST /v1/customers ?name=1".to_owned(),
            given(200),
        );
        replays.keep(
            "b".to_owned(),
            "POST /v1/customers ?nmae=1".to_owned(),
            given(400),
        );
        assert_eq!(
            replays.find("a", "POST /v1/customers ?name=1"),
            Ok(Some(given(200)))
        );
        assert_eq!(
            replays
                .find("a", "POST /v1/customers ?name=2")
                .unwrap_err()
                .kind,
            Kind::Idempotency
        );
        assert_eq!(replays.find("b", "POST /v1/customers ?name=1"), Ok(None));
    }

    #[test]
    fn the_oldest_answers_are_forgotten_first() {
        let mut replays = Replays::default();
        for key in 0..=ANSWERS {
            replays.keep(key.to_string(), "x".to_owned(), given(200));
        }
        assert_eq!(replays.find("0", "y"), Ok(None));
        assert!(replays.find("1", "y").is_err());
    }
}
