//! A request's body, as far as it may go; what is wrong with it is told as problem details.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The largest body that is taken, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Largest(pub(super) usize);

/// A whole body.
pub struct Body(pub(super) web::Bytes);

impl FromRequest for Body {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request.app_data::<Largest>().map_or(0, |largest| largest.0);
        let given = request.content_type().to_owned();
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_text(&given) {
                return Err(ApiError::UnsupportedMedia { given });
            }
            let bytes = bytes.await;
            bytes.map(Self).map_err(|error| match error.as_error() {
                Some(PayloadError::Overflow) => ApiError::TooLarge { limit },
                Some(other) => ApiError::invalid("body", other),
                None => ApiError::invalid("body", error),
            })
        })
    }
}

/// Whether a body of this kind is text. Scripts that say nothing, or what their tool says for
/// them (`curl -d`), are read, too.
fn is_text(kind: &str) -> bool {
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.contains("json")
        || kind == "application/x-www-form-urlencoded"
        || kind == "application/octet-stream"
}

/// Reads a body, and names the member that cannot be read. Every body is an object: an array would be
/// taken for its members by their order, which nobody describes and nobody means.
pub(super) fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ApiError> {
    if body.0.trim_ascii_start().first() == Some(&b'[') {
        let why = "an array; give an object with named members";
        return Err(ApiError::invalid("body", why));
    }
    let mut json = serde_json::Deserializer::from_slice(&body.0);
    let read = serde_path_to_error::deserialize(&mut json);
    let value = read.map_err(|error| {
        let member = error.path().to_string();
        let field = if member == "." {
            "body".to_owned()
        } else {
            member
        };
        ApiError::invalid(field, error.inner())
    })?;
    let rest = json.end();
    rest.map_err(|error| ApiError::invalid("body", error))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Wish {
        name: String,
    }

    fn body(text: &'static str) -> Body {
        Body(web::Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn an_array_is_not_taken_for_the_members_of_an_object() {
        let wish: Wish = read(&body(r#" {"name":"x"}"#)).unwrap();
        assert_eq!(wish.name, "x");
        let refused = read::<Wish>(&body("\n [\"x\"]")).unwrap_err();
        assert!(refused.to_string().contains("named members"), "{refused}");
    }
}
