//! What the description of the API promises, held: methods, query parameters and media types.
//!
//! The document that clients read is the only list of them, so that it cannot differ from what
//! is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, Accept, Header as _};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde_json::Value;
use url::form_urlencoded;

use super::error::ApiError;
use super::{pages, people};

/// Addresses for people, which the document does not list.
const PAGES: [(&str, &[&str]); 3] = [
    ("/", &["GET"]),
    ("/docs", &["GET"]),
    ("/openapi.json", &["GET"]),
];

/// What is promised of one method at one address.
#[derive(Debug, Default)]
struct Operation {
    /// The query parameters.
    query: BTreeSet<String>,
    /// What a success is answered with; empty where the document does not say.
    produces: BTreeSet<String>,
}

/// An address as the document writes it, `/v1/signals/{id}`, and its methods.
#[derive(Debug)]
struct Address {
    template: String,
    operations: BTreeMap<String, Operation>,
}

static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(pages::document()).unwrap_or_default();
    read(&document)
});

fn read(document: &Value) -> Vec<Address> {
    let paths = document["paths"].as_object();
    let addresses = paths.into_iter().flatten().map(|(template, item)| Address {
        template: template.clone(),
        operations: item
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, operation)| operation["responses"].is_object())
            .map(|(method, operation)| (method.to_uppercase(), promised(operation)))
            .collect(),
    });
    let pages = PAGES.iter().chain(&people::PAGES);
    let pages = pages.map(|(page, methods)| Address {
        template: (*page).to_owned(),
        operations: methods
            .iter()
            .map(|method| ((*method).to_owned(), Operation::default()))
            .collect(),
    });
    addresses.chain(pages).collect()
}

fn promised(operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array();
    let query = parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()));
    let responses = operation["responses"].as_object();
    let produces = responses
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response["content"].as_object())
        .flat_map(|content| content.keys().cloned());
    Operation {
        query: query.collect(),
        produces: produces.collect(),
    }
}

impl Address {
    fn is(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        let fits = self.template.split('/').all(|wanted| {
            let part = parts.next();
            match part {
                Some(part) if wanted.starts_with('{') => !part.is_empty(),
                Some(part) => part == wanted,
                None => false,
            }
        });
        fits && parts.next().is_none()
    }

    /// The methods that are answered here.
    fn allowed(&self) -> String {
        let mut allowed: Vec<&str> = self.operations.keys().map(String::as_str).collect();
        if self.operations.contains_key("GET") {
            allowed.push("HEAD");
        }
        allowed.push("OPTIONS");
        allowed.join(", ")
    }
}

fn address(path: &str) -> Option<&'static Address> {
    ADDRESSES.iter().find(|address| address.is(path))
}

/// An address as the document writes it, where it is one of its.
pub(super) fn template(path: &str) -> Option<&'static str> {
    address(path).map(|address| address.template.as_str())
}

#[cfg(test)]
pub(super) fn templates() -> impl Iterator<Item = &'static str> {
    ADDRESSES.iter().map(|address| address.template.as_str())
}

/// Refuses what the document does not promise of this request: parameters nobody reads, which
/// are most often slips, and media types that are not made here.
pub(super) fn promises(
    method: &Method,
    path: &str,
    query: &str,
    accept: Option<&Accept>,
) -> Result<(), ApiError> {
    let Some(operation) = address(path).and_then(|at| at.operations.get(method.as_str())) else {
        return Ok(());
    };
    // Hooks of others may add what they like to the address that they were given.
    if method == Method::GET && path.starts_with("/v1/") {
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            if !operation.query.contains(name.as_ref()) {
                let known: Vec<_> = operation.query.iter().map(|n| format!("`{n}`")).collect();
                let why = match known.is_empty() {
                    true => "there is no such parameter; this address takes none".to_owned(),
                    false => format!("there is no such parameter; use {}", known.join(", ")),
                };
                return Err(ApiError::invalid(name, why));
            }
        }
    }
    let produces = &operation.produces;
    let acceptable = accept.is_none_or(|accept| {
        let mut wanted = accept.iter();
        wanted.any(|wanted| {
            let (kind, sub) = (wanted.item.type_(), wanted.item.subtype());
            produces.iter().any(|made| {
                let (made_kind, made_sub) = made.split_once('/').unwrap_or((made.as_str(), ""));
                (kind == "*" || kind == made_kind) && (sub == "*" || sub == made_sub)
            })
        })
    });
    if produces.is_empty() || acceptable {
        Ok(())
    } else {
        Err(ApiError::NotAcceptable {
            made: produces.iter().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

/// What the client wants to be answered with; none where it does not say so, or not so that it
/// could be read.
pub(super) fn accepted(request: &impl HttpMessage) -> Option<Accept> {
    Accept::parse(request)
        .ok()
        .filter(|accept| !accept.is_empty())
}

/// Answers what no route takes: which methods there are at a known address, or that there is no
/// such address.
pub(super) async fn elsewhere(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let nowhere = || ApiError::NotFound("such address; see /docs".to_owned());
    let known = address(request.path()).ok_or_else(nowhere)?;
    if request.method() == Method::OPTIONS {
        let mut response = HttpResponse::NoContent();
        return Ok(response.insert_header((ALLOW, known.allowed())).finish());
    }
    if known.operations.contains_key(request.method().as_str()) {
        // Described, and not served here.
        return Err(nowhere());
    }
    Err(ApiError::WrongMethod {
        allowed: known.allowed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_parts() {
        let known = |path| address(path).map(|at| at.template.as_str());
        assert_eq!(known("/v1/signals"), Some("/v1/signals"));
        assert_eq!(known("/v1/signals/7"), Some("/v1/signals/{id}"));
        assert_eq!(known("/"), Some("/"));
        for path in ["/v1/signals/", "/v1/signals/7/8", "/v1", "", "/v2/signals"] {
            assert_eq!(known(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_not_promised_is_refused_by_its_name() {
        let refused = |path, query| promises(&Method::GET, path, query, None).unwrap_err();
        assert_eq!(
            refused("/v1/signals", "side=long&sides=long")
                .to_string()
                .split(';')
                .next(),
            Some("sides: there is no such parameter")
        );
        assert!(
            refused("/v1/system/actors", "x")
                .to_string()
                .contains("takes none")
        );
        assert_eq!(
            promises(&Method::GET, "/v1/signals", "side=long", None),
            Ok(())
        );
        assert_eq!(promises(&Method::GET, "/", "utm=x", None), Ok(()));
    }
}
