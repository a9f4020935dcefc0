//! Refusals in Stripe's words.

use serde_json::{Map, Value, json};

/// The kinds of refusals that Stripe tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is at fault.
    Invalid,
    /// The card is.
    Card,
    /// The same idempotency key came with another request.
    Idempotency,
    /// The room itself is at fault, as it never should be.
    Api,
}

/// A request that is not granted: the status and what the body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    /// What a refused card adds: its decline code, its charge, its payment intent.
    pub(crate) more: Vec<(&'static str, Value)>,
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: Kind::Invalid,
            message: message.into(),
            code: None,
            param: None,
            more: Vec::new(),
        }
    }

    pub(crate) fn on(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(crate) const fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}."))
            .on(param)
            .coded("parameter_missing")
    }

    pub(crate) fn unknown(param: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}"))
            .on(param)
            .coded("parameter_unknown")
    }

    /// There is no such object; `param` is how the request named it.
    pub(crate) fn nobody(what: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'"))
            .on(param)
            .coded("resource_missing")
    }

    /// The object of the address itself is missing.
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::nobody(what, id, "id").status(404)
    }

    pub(crate) fn full(what: &str, limit: usize) -> Self {
        Self::invalid(format!(
            "This room holds at most {limit} {what}; begin with a fresh one"
        ))
        .status(429)
        .coded("rate_limit")
    }

    pub(crate) fn key(shown: &str) -> Self {
        Self::invalid(shown).status(401)
    }

    pub(crate) fn body(&self) -> Value {
        let kind = match self.kind {
            Kind::Invalid => "invalid_request_error",
            Kind::Card => "card_error",
            Kind::Idempotency => "idempotency_error",
            Kind::Api => "api_error",
        };
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".to_owned(), code.into());
            let page = format!(
                "https://stripe.com/docs/error-codes/{}",
                code.replace('_', "-")
            );
            error.insert("doc_url".to_owned(), page.into());
        }
        error.insert("message".to_owned(), self.message.clone().into());
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), param.clone().into());
        }
        error.insert("type".to_owned(), kind.into());
        for (name, value) in &self.more {
            error.insert((*name).to_owned(), value.clone());
        }
        json!({ "error": error })
    }
}
