//! The guard at the gate: which hosts and origins may talk to this server.
//!
//! A page of another site must not reach this server through its visitor's browser: neither by its
//! own name (the `Origin`) nor by a name that was made to point here (the `Host`; DNS rebinding).

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::error::ApiError;

/// Which hosts and origins may talk to this server.
#[derive(Clone, Debug)]
pub struct Guard {
    origins: Arc<[String]>,
    open: bool,
}

impl Guard {
    /// Lets in what is on this machine and the given origins; with `open`, every host.
    #[must_use]
    pub fn new(origins: &[String], open: bool) -> Self {
        Self {
            origins: origins.into(),
            open,
        }
    }

    /// Whether a request that names this host may pass.
    fn knows(&self, host: &str) -> bool {
        self.open
            || is_local(host)
            || self
                .origins
                .iter()
                .any(|origin| authority(origin) == Some(host))
    }

    /// Whether a page of this origin may talk to a server that it calls `host`.
    #[must_use]
    pub fn admits(&self, origin: &str, host: &str) -> bool {
        authority(origin) == Some(host) || self.origins.iter().any(|known| known == origin)
    }
}

/// `https://example.org:444` is served at `example.org:444`.
fn authority(origin: &str) -> Option<&str> {
    origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
}

/// Whether a host is this machine by one of its own names.
pub(super) fn is_local(host: &str) -> bool {
    matches!(without_port(host), "localhost" | "127.0.0.1" | "[::1]")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

/// Refuses requests that come by an unknown name or from a page of another site.
pub(super) async fn only_known_hosts(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let guard = request.app_data::<web::Data<Guard>>();
    let host = header(HOST).unwrap_or_default();
    let passes = guard.is_some_and(|guard| {
        guard.knows(host) && header(ORIGIN).is_none_or(|origin| guard.admits(origin, host))
    });
    if !passes {
        metrics::counter!("touchstone_requests_refused_total", "why" => "origin").increment(1);
        return Ok(request.error_response(ApiError::Forbidden {
            why: "it comes by an unknown host or from a page of another site; list the origin under http.allowed_origins".to_owned(),
        }));
    }
    let response = next.call(request).await?;
    Ok(response.map_into_boxed_body())
}

impl Guard {
    /// What browsers are told of the listed origins; the rest is refused before it gets here.
    pub(super) fn cors(&self) -> Cors {
        let cors = Cors::default()
            .block_on_origin_mismatch(false)
            .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([
                "accept",
                "authorization",
                "content-type",
                "if-match",
                "idempotency-key",
                "if-none-match",
                "x-request-id",
                "x-touchstone-key",
            ])
            .expose_headers([
                "etag",
                "link",
                "ratelimit-limit",
                "ratelimit-remaining",
                "ratelimit-reset",
                "retry-after",
                "x-request-id",
            ])
            .max_age(3_600);
        let origins = self.origins.iter();
        origins.fold(cors, |cors, origin| cors.allowed_origin(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_made_to_point_here_is_refused() {
        let guard = Guard::new(&["https://desk.example".to_owned()], false);
        assert!(
            guard.knows("127.0.0.1:8080") && guard.knows("localhost") && guard.knows("[::1]:8080")
        );
        assert!(guard.knows("desk.example"));
        assert!(!guard.knows("rebound.example:8080") && !guard.knows(""));
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let guard = Guard::new(&["https://desk.example".to_owned()], false);
        assert!(guard.admits("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(guard.admits("https://desk.example", "127.0.0.1:8080"));
        assert!(!guard.admits("http://evil.example", "127.0.0.1:8080"));
        assert!(!guard.admits("null", "127.0.0.1:8080"));
    }
}
