//! Manners that every answer has: an id of its own, `HEAD` beside `GET`, and a mark by which a
//! client that has it already is told so.

use actix_web::Error;
use actix_web::body::{self, BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, EntityTag, Header as _, HeaderName,
    HeaderValue, IfNoneMatch,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{DefaultHeaders, Next};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::described;
use super::error::ApiError;

/// Names a request, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken from a client.
const LONGEST_ID: usize = 64;

/// What a page of another site, or one that frames this one, may do with an answer: nothing.
/// Pages for people bring a policy of their own.
pub(super) fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
        .add((
            "Content-Security-Policy",
            "default-src 'none'; frame-ancestors 'none'",
        ))
}

/// Gives each request a name: the client's where it is a sane one, else one made here. It stands
/// in the answer, in its problem details and in what is logged meanwhile.
pub(super) async fn named(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let given = request.headers().get(REQUEST_ID);
    let id = given
        .and_then(|id| id.to_str().ok())
        .filter(|id| is_sane(id))
        .map_or_else(|| format!("{:032x}", rand::random::<u128>()), str::to_owned);
    let span = tracing::info_span!("request", id = %id);
    let mut response = next
        .call(request)
        .instrument(span)
        .await?
        .map_into_boxed_body();
    let problem = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>())
        .map(|error| error.answer(Some(&id)));
    if let Some(problem) = problem {
        let (body, headers) = (problem.into_body(), response.headers().clone());
        response = response.map_body(|_, _| body);
        *response.headers_mut() = headers;
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

fn is_sane(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(plain)
}

/// Holds the request to what the description promises, answers `HEAD` as `GET` (the server sends
/// no body then), and marks what is answered: a client that shows the mark is told `304`.
pub(super) async fn marked(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let accept = described::accepted(&request);
    let promised = described::promises(
        request.method(),
        request.path(),
        request.query_string(),
        accept.as_ref(),
    );
    if let Err(error) = promised {
        return Ok(request.error_response(error));
    }
    let asks = request.method() == Method::GET;
    let known = IfNoneMatch::parse(&request).ok();
    let mut response = next.call(request).await?.map_into_boxed_body();
    if is_stream(&response) {
        // To pack events would hold them back until a block is full.
        let plain = HeaderValue::from_static("identity");
        response.headers_mut().insert(CONTENT_ENCODING, plain);
    }
    let whole = matches!(response.response().body().size(), BodySize::Sized(_));
    if !asks || response.status() != StatusCode::OK || !whole {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, content) = response.into_parts();
    let content = body::to_bytes(content)
        .await
        .map_err(|_| Error::from(ApiError::Internal))?;
    let digest = Sha256::digest(&content);
    let mark: String = digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mark = match response.headers().get(ETAG).and_then(state) {
        // A state that a client may change by its mark, so the mark is a strong one: the answer is
        // never packed.
        Some(state) => {
            let plain = HeaderValue::from_static("identity");
            response.headers_mut().insert(CONTENT_ENCODING, plain);
            EntityTag::new_strong(format!("{state}.{mark}"))
        }
        // Weak, because the same answer may be sent packed or not.
        None => EntityTag::new_weak(mark),
    };
    let same = known.is_some_and(|known| match known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(marks) => marks.iter().any(|known| known.weak_eq(&mark)),
    });
    if let Ok(mark) = HeaderValue::from_str(&mark.to_string()) {
        response.headers_mut().insert(ETAG, mark);
    }
    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        // It may be kept, and must be asked for again before it is used.
        let ask = HeaderValue::from_static("private, no-cache");
        headers.insert(CACHE_CONTROL, ask);
    }
    let response = if same {
        headers.remove(CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.set_body(BoxBody::new(()))
    } else {
        response.set_body(BoxBody::new(content))
    };
    Ok(ServiceResponse::new(request, response))
}

/// The state that a handler says its answer shows: what is between the quotes of its `ETag`.
fn state(mark: &HeaderValue) -> Option<String> {
    let mark = mark.to_str().ok()?;
    Some(mark.trim_matches('"').to_owned())
}

fn is_stream(response: &ServiceResponse<BoxBody>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_only_where_it_can_do_no_harm() {
        assert!(is_sane("7f3a-b_c.d:e"));
        let long = "x".repeat(LONGEST_ID + 1);
        for bad in ["", "a b", "a\"b", "é", "<x>", &long] {
            assert!(!is_sane(bad), "{bad}");
        }
    }
}
