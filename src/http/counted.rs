//! What is counted of requests: which were asked for, how each ended, and how long its answer took.
//!
//! It stands outside of everything but the packing, so what is refused before it finds its handler is
//! counted, too, and what is streamed is still known as such.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;

use super::described;

/// The route of everything at which nothing is served: whatever strangers try is one of them.
const UNMATCHED: &str = "unmatched";

/// A request on its way. Each ends in exactly one counted status, whatever becomes of it.
struct Asked {
    method: &'static str,
    /// Where an answer does not say it any more.
    uri: Uri,
    begun: Instant,
    ended: bool,
}

/// Counts a request, and how long its answer took: until it begins, and only where it is a whole one.
/// How long a stream or an export goes on is its reader's business.
pub(super) async fn each<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut asked = Asked {
        method: method(request.method()),
        uri: request.uri().clone(),
        begun: Instant::now(),
        ended: false,
    };
    let answered = next.call(request).await;
    match &answered {
        Ok(answer) => {
            let route = answer.request().match_pattern();
            if !matches!(answer.response().body().size(), BodySize::Stream) {
                asked.took(route.clone());
            }
            asked.end(route, answer.status().as_u16().to_string());
        }
        Err(error) => {
            let status = error.as_response_error().status_code();
            asked.end(asked.described(), status.as_u16().to_string());
        }
    }
    answered
}

impl Asked {
    fn took(&self, route: Option<String>) {
        let route = route.unwrap_or_else(|| UNMATCHED.to_owned());
        metrics::histogram!("touchstone_http_request_seconds", "route" => route)
            .record(self.begun.elapsed().as_secs_f64());
    }

    fn end(&mut self, route: Option<String>, status: String) {
        self.ended = true;
        metrics::counter!(
            "touchstone_http_requests_total",
            "method" => self.method,
            "route" => route.unwrap_or_else(|| UNMATCHED.to_owned()),
            "status" => status,
        )
        .increment(1);
    }

    /// The route as the description of the API has it, which spells it as the router does.
    fn described(&self) -> Option<String> {
        described::template(self.uri.path()).map(str::to_owned)
    }
}

impl Drop for Asked {
    /// It has no answer: its handler fell over, or nobody waits for it any more.
    fn drop(&mut self) {
        if !self.ended {
            let why = match std::thread::panicking() {
                true => "panicked",
                false => "gone",
            };
            self.end(self.described(), why.to_owned());
        }
    }
}

/// The methods that are spoken here; others are whatever somebody thinks of.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;

    #[actix_web::test]
    async fn the_description_spells_addresses_as_the_router_does() {
        let app = init_service(App::new().configure(crate::http::routes)).await;
        let mut seen = 0;
        for template in described::templates() {
            // A method that nothing is done at: no handler is needed.
            let path = template.replace(['{', '}'], "");
            let asked = TestRequest::with_uri(&path).method(Method::TRACE);
            let answer = call_service(&app, asked.to_request()).await;
            let route = answer.request().match_pattern();
            assert_eq!(route.as_deref(), Some(template));
            assert_eq!(described::template(&path), Some(template));
            seen += 1;
        }
        assert!(seen > 50, "only {seen} addresses are described");
    }

    #[test]
    fn a_method_of_somebody_s_own_is_no_series_of_its_own() {
        assert_eq!(method(&Method::PATCH), "PATCH");
        let own = Method::from_bytes(b"SCAN-7").unwrap();
        assert_eq!(method(&own), "other");
    }
}
