//! The guard at the gate: which hosts and origins may talk to this server.
//!
//! A page of another site must not reach this server through its visitor's browser: neither by its
//! own name (the `Origin`) nor by a name that was made to point here (the `Host`; DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use ipnet::IpNet;

use super::error::ApiError;

/// By what proxies say for whom they ask.
pub(super) const FORWARDED_FOR: &str = "x-forwarded-for";

/// Which hosts and origins may talk to this server.
#[derive(Clone, Debug)]
pub struct Guard {
    origins: Arc<[String]>,
    open: bool,
    proxies: Arc<[IpNet]>,
    encrypted: bool,
}

impl Guard {
    /// Lets in what is on this machine and the given origins; with `open`, every host.
    #[must_use]
    pub fn new(origins: &[String], open: bool) -> Self {
        Self {
            origins: origins.into(),
            open,
            proxies: Arc::from([]),
            encrypted: false,
        }
    }

    /// Believes these proxies from where requests come.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpNet>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// People find it at this origin; where that is encrypted, browsers are told to insist on it.
    #[must_use]
    pub fn found_at(mut self, origin: Option<&str>) -> Self {
        self.encrypted = origin.is_some_and(|origin| origin.starts_with("https://"));
        self
    }

    /// Whether browsers are told never to come without TLS.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// From where a request comes that `peer` hands in: himself, or whom proxies that are believed
    /// say. They say it from the nearest to the farthest, and the first who is none of them counts:
    /// whatever stands behind him he may have written himself.
    pub(super) fn origin_of(&self, peer: IpAddr, forwarded: &HeaderMap) -> IpAddr {
        let believed = |address: &IpAddr| self.proxies.iter().any(|net| net.contains(address));
        let mut origin = peer.to_canonical();
        let said: Vec<_> = forwarded
            .get_all(FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in said.into_iter().rev() {
            if !believed(&origin) {
                break;
            }
            let Some(next) = address_in(hop.trim()) else {
                break;
            };
            origin = next.to_canonical();
        }
        origin
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

/// An address as proxies write it: some add the port.
fn address_in(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().ok();
    bare.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
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
    let insists = guard.is_some_and(|guard| guard.is_encrypted());
    let mut response = next.call(request).await?.map_into_boxed_body();
    if insists {
        let year = HeaderValue::from_static("max-age=31536000");
        let headers = response.headers_mut();
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    Ok(response)
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
    use actix_web::http::header::HeaderName;

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
    fn a_proxy_is_believed_as_far_as_it_is_known_and_nobody_else() {
        let proxies = ["10.0.0.0/8", "2001:db8::/32"].map(|it| it.parse().unwrap());
        let guard = Guard::new(&[], false).behind(proxies.into());
        let seen = |peer: &str, said: &[&str]| {
            let mut headers = HeaderMap::new();
            for said in said {
                let name = HeaderName::from_static(FORWARDED_FOR);
                headers.append(name, HeaderValue::from_str(said).unwrap());
            }
            guard.origin_of(peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        // What the visitor wrote himself stands farther away.
        let written = ["127.0.0.1, 203.0.113.9", "10.0.0.2"];
        assert_eq!(seen("::ffff:10.0.0.1", &written), "203.0.113.9");
        assert_eq!(seen("2001:db8::1", &["[2001:db9::5]:443"]), "2001:db9::5");
        assert_eq!(seen("10.0.0.1", &["unknown"]), "10.0.0.1");
        let open = Guard::new(&[], false);
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(FORWARDED_FOR),
            HeaderValue::from_static("203.0.113.9"),
        );
        assert_eq!(
            open.origin_of([10, 0, 0, 1].into(), &headers).to_string(),
            "10.0.0.1"
        );
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
