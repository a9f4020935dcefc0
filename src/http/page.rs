//! Pages of a list: cursors that only this server reads, and the `Link` to what comes next.

use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use domain::ids::Seq;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::error::ApiError;

/// The most that one page holds.
pub(super) const LONGEST_PAGE: usize = 500;

/// How many one page holds when nothing is said.
const PAGE: usize = 100;

/// The parameters that say which page of a list, not which list.
const WHICH_PAGE: [&str; 2] = ["cursor", "limit"];

/// How many rows of a page are wanted.
///
/// # Errors
///
/// [`ApiError::Invalid`] outside of 1 to 500.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=LONGEST_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::invalid(
            "limit",
            format!("between 1 and {LONGEST_PAGE}"),
        ))
    }
}

/// Makes the cursor after a place in the list that `params` ask for. It names the place by its
/// `seq`, so what is stored meanwhile moves nothing; and it belongs to this list alone.
pub(super) fn cursor<P: Serialize>(params: &P, place: Seq) -> String {
    format!("{:016x}{}", place.get(), mark(params))
}

/// The place that a cursor of this list names.
///
/// # Errors
///
/// [`ApiError::Invalid`] when it is none, [`ApiError::NotFound`] when it is one of another list.
pub(super) fn place<P: Serialize>(params: &P, cursor: &str) -> Result<Seq, ApiError> {
    let wrong = |why: &str| ApiError::invalid("cursor", why);
    let parts = cursor.split_at_checked(16);
    let (place, of) = parts.ok_or_else(|| wrong("take it from `next` of the page before"))?;
    // Only the digits that are written here: a sign would be read as well.
    let digits = place.bytes().all(|byte| byte.is_ascii_hexdigit());
    let place = u64::from_str_radix(place, 16)
        .ok()
        .filter(|place| digits && i64::try_from(*place).is_ok())
        .ok_or_else(|| wrong("take it from `next` of the page before"))?;
    if of == mark(params) {
        Ok(Seq::new(place))
    } else {
        Err(ApiError::NotFound(
            "such page: the cursor is of a list with other filters; begin again without one"
                .to_owned(),
        ))
    }
}

/// Answers with a page and, where there is more, the `Link` to it: the same list from `next`,
/// which is the value of the parameter `name`.
pub(super) fn answer<P: Serialize, B: Serialize>(
    path: &str,
    params: &P,
    name: &str,
    next: Option<&str>,
    body: &B,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(next) = next {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (other, value) in pairs(params).iter().filter(|(other, _)| other != name) {
            query.append_pair(other, value);
        }
        let query = query.append_pair(name, next).finish();
        response.insert_header((LINK, format!("<{path}?{query}>; rel=\"next\"")));
    }
    response.json(body)
}

/// Tells lists apart.
fn mark<P: Serialize>(params: &P) -> String {
    let mut digest = Sha256::new();
    for (name, value) in pairs(params) {
        if !WHICH_PAGE.contains(&name.as_str()) {
            digest.update(format!("{name}={value}\n"));
        }
    }
    let digest = digest.finalize();
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The parameters that were given, as they stand in an address.
fn pairs<P: Serialize>(params: &P) -> Vec<(String, String)> {
    let Ok(Value::Object(members)) = serde_json::to_value(params) else {
        return Vec::new();
    };
    let given = members.into_iter().filter_map(|(name, value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some((name, value.to_string()))
        }
    });
    given.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Params {
        side: Option<&'static str>,
        limit: Option<usize>,
        cursor: Option<String>,
    }

    fn of(side: &'static str) -> Params {
        Params {
            side: Some(side),
            limit: Some(2),
            cursor: None,
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_and_its_list_alone() {
        let cursor = cursor(&of("long"), Seq::new(77));
        let other_page = Params {
            limit: Some(9),
            ..of("long")
        };
        assert_eq!(place(&other_page, &cursor), Ok(Seq::new(77)));
        assert!(place(&of("short"), &cursor).is_err());
        for wrong in ["", "7", "é", "+00000000000004d", "zzzzzzzzzzzzzzzzzz"] {
            assert!(place(&of("long"), wrong).is_err(), "{wrong}");
        }
        let beyond = format!("ffffffffffffffff{}", &cursor[16..]);
        assert!(place(&of("long"), &beyond).is_err());
    }

    #[test]
    fn the_link_asks_for_the_same_list_from_the_next_place() {
        let before = Params {
            cursor: Some("old".to_owned()),
            ..of("a&b")
        };
        let response = answer("/v1/x", &before, "cursor", Some("new"), &());
        assert_eq!(
            response.headers().get(LINK).unwrap(),
            "</v1/x?side=a%26b&limit=2&cursor=new>; rel=\"next\""
        );
        assert!(
            answer("/v1/x", &before, "cursor", None, &())
                .headers()
                .get(LINK)
                .is_none()
        );
    }
}
