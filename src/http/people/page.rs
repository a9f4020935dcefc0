//! A page as it is sent: its template, its headers, and what a browser may do with it.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;

use crate::http::error::ApiError;

const STYLE: &str = include_str!("../../../web/pages/pages.css");

macro_rules! templates {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../../web/pages/", $name, ".html"))),)+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates! {
    "frame" "parts" "said" "signed-out" "register" "verify" "login" "code" "logout" "forgot" "reset"
    "account" "second-factor" "codes" "keys" "plan"
};

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, source) in TEMPLATES {
        let added = environment.add_template(name, source);
        added.expect("the pages in the program are read by its tests");
    }
    environment
});

/// What a page may do: have its style, and post its forms to this server and to where payments are
/// made. Nothing on it is a script.
fn policy(forms_to: &[String]) -> String {
    let mut policy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'"
            .to_owned();
    for origin in forms_to {
        policy.push(' ');
        policy.push_str(origin);
    }
    policy
}

/// Draws a page.
///
/// # Errors
///
/// [`ApiError::Internal`] when its template was not told all that it wants.
pub(super) fn draw(
    status: StatusCode,
    template: &str,
    told: &Value,
    forms_to: &[String],
    cookies: &[Cookie<'static>],
) -> Result<HttpResponse, ApiError> {
    let drawn = PAGES
        .get_template(template)
        .and_then(|it| it.render(Serde(told)));
    let drawn = drawn.map_err(|error| {
        // What it was told stays out of the log: it may be a secret that is shown once.
        tracing::error!(
            "the page {template} could not be drawn: {} at line {:?}",
            error.kind(),
            error.line()
        );
        ApiError::Internal
    })?;
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy(forms_to)))
        // Not `no-referrer`: a browser then hides from us that a form is our own (`Origin: null`).
        // The path, which may hold a mailed token, is told to nobody this way either.
        .insert_header((REFERRER_POLICY, "strict-origin"));
    for cookie in cookies {
        response.cookie(cookie.clone());
    }
    Ok(response.body(drawn))
}

/// How the pages look.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_read_and_no_page_holds_a_script_or_a_style_of_its_own() {
        assert_eq!(PAGES.templates().count(), TEMPLATES.len());
        for (name, source) in TEMPLATES {
            for forbidden in [
                "<script",
                "style=",
                "<style",
                "javascript:",
                "onclick",
                "|safe",
            ] {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    #[test]
    fn every_form_of_every_page_shows_its_token() {
        let mut forms = 0;
        for (name, source) in TEMPLATES {
            for form in source.split("<form").skip(1) {
                let form = form.split("</form>").next().unwrap_or_default();
                assert!(form.contains("method=\"post\""), "{name}: {form}");
                assert!(form.contains("{{ proof(token) }}"), "{name}: {form}");
                forms += 1;
            }
        }
        assert!(forms > 15, "{forms}");
    }

    #[test]
    fn what_a_page_is_told_is_text_and_never_markup() {
        let told = serde_json::json!({ "title": "<b>", "text": "<script>", "next": [], "member": false, "path": "", "token": "" });
        let page = draw(
            StatusCode::OK,
            "said",
            &told,
            &["https://pay.example".to_owned()],
            &[],
        )
        .unwrap();
        let headers = page.headers();
        let policy = headers
            .get(CONTENT_SECURITY_POLICY)
            .unwrap()
            .to_str()
            .unwrap();
        assert!(
            policy.ends_with("form-action 'self' https://pay.example")
                && !policy.contains("unsafe")
        );
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "no-store");
        let body = actix_web::body::MessageBody::try_into_bytes(page.into_body()).unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("&lt;script&gt;") && !body.contains("<script"));
    }
}
