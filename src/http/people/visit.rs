//! A visit: who looks at a page, in which browser, and how he is answered.

use std::sync::Arc;

use actix_web::cookie::time::Duration as Span;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::future::{Ready, ready};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::posted::{Forms, GUEST, holder};
use super::wrong::{Trouble, Wrong};
use super::{page, posted};
use crate::accounts::desk::From;
use crate::accounts::secrets;
use crate::http::accounts::auth;
use crate::http::error::ApiError;
use crate::http::guarded::{Anyone, COOKIE, Guarded, Person};

/// Where whoever has logged in may be led: nowhere else, whatever an address says.
const PLACES: [&str; 4] = ["/account", "/account/keys", "/account/plan", "/"];

/// Somebody who looks at a page.
pub(super) struct Visit {
    /// Who.
    pub(super) guarded: Guarded<Anyone>,
    /// From where.
    pub(super) from: From,
    path: String,
    query: Vec<(String, String)>,
    token: String,
    cookies: Vec<Cookie<'static>>,
    /// He came by a link on another site, so that his browser kept his cookie to itself.
    from_elsewhere: bool,
    stays: Span,
    pub(super) mails_are_files: bool,
    forms_to: Arc<[String]>,
}

/// A cookie that no script reads, that no other site sends, and that crosses no network in the clear.
/// Browsers take `Secure` cookies from this very machine without TLS, too.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .finish()
}

fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(name, String::new());
    cookie.set_max_age(Span::ZERO);
    cookie
}

impl Visit {
    fn of(request: &HttpRequest) -> Result<Self, Trouble> {
        let guarded = Guarded::<Anyone>::from_request(request, &mut Payload::None).into_inner()?;
        let forms = request
            .app_data::<web::Data<Forms>>()
            .ok_or(ApiError::Internal)?;
        let stays = Span::seconds(i64::try_from(forms.stays.as_secs()).unwrap_or(i64::MAX));
        let mut cookies = Vec::new();
        let guest = request.cookie(GUEST).map(|it| it.value().to_owned());
        let holder = match holder(&guarded.caller, guest.as_deref()) {
            Some(holder) => {
                // It is kept as long as the session, which each visit makes longer.
                if let Some(shown) = request.cookie(COOKIE).filter(|_| guarded.caller.by_cookie) {
                    let mut again = cookie(COOKIE, shown.value().to_owned());
                    again.set_max_age(stays);
                    cookies.push(again);
                }
                holder
            }
            None => {
                let fresh = secrets::fresh("").expose_secret().to_owned();
                cookies.push(cookie(GUEST, fresh.clone()));
                posted::holder(&guarded.caller, Some(&fresh)).ok_or(ApiError::Internal)?
            }
        };
        let site = request.headers().get("sec-fetch-site");
        let site = site.and_then(|site| site.to_str().ok());
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        Ok(Self {
            guarded,
            from: auth::from(request),
            path: request.path().to_owned(),
            query: query.into_owned().collect(),
            token: forms.token(&holder)?,
            cookies,
            from_elsewhere: site.is_none_or(|site| site == "cross-site"),
            stays,
            mails_are_files: forms.mails_are_files,
            forms_to: Arc::clone(&forms.leads_to),
        })
    }

    /// Whether somebody is logged in.
    pub(super) const fn is_member(&self) -> bool {
        self.guarded.caller.by_cookie
    }

    /// What an address says beside its path; empty where it says nothing.
    pub(super) fn asks(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// A page.
    pub(super) fn page(&self, template: &str, told: Value) -> Result<HttpResponse, Trouble> {
        self.draw(StatusCode::OK, template, told, &json!({}))
    }

    /// A page with a form that was filled in wrongly.
    pub(super) fn wrong(
        &self,
        template: &str,
        told: Value,
        wrong: &Wrong,
    ) -> Result<HttpResponse, Trouble> {
        self.draw(wrong.status, template, told, &wrong.told())
    }

    fn draw(
        &self,
        status: StatusCode,
        template: &str,
        mut told: Value,
        wrong: &Value,
    ) -> Result<HttpResponse, Trouble> {
        told["token"] = Value::from(self.token.as_str());
        told["member"] = Value::from(self.is_member());
        told["path"] = Value::from(self.path.as_str());
        told["wrong"] = wrong.clone();
        Ok(page::draw(
            status,
            template,
            &told,
            &self.forms_to,
            &self.cookies,
        )?)
    }

    /// Leads on to another page of this site.
    pub(super) fn lead(to: &str) -> HttpResponse {
        Self::leading(to).finish()
    }

    fn leading(to: &str) -> actix_web::HttpResponseBuilder {
        let mut response = HttpResponse::SeeOther();
        response
            .insert_header((LOCATION, to))
            .insert_header((CACHE_CONTROL, "no-store"));
        response
    }

    /// Leads whoever has logged in to where he wanted to go.
    pub(super) fn let_in(&self, secret: &SecretString, next: &str) -> HttpResponse {
        let mut session = cookie(COOKIE, secret.expose_secret().to_owned());
        session.set_max_age(self.stays);
        Self::leading(place(next))
            .cookie(session)
            .cookie(gone(GUEST))
            .finish()
    }

    /// Leads whoever has logged out away.
    pub(super) fn let_out(to: &str) -> HttpResponse {
        Self::leading(to).cookie(gone(COOKIE)).finish()
    }

    /// What is told to whoever is not logged in, or came by a link on another site.
    fn signed_out(&self) -> Result<HttpResponse, Trouble> {
        let home = PLACES
            .into_iter()
            .filter(|place| *place != "/" && self.path.starts_with(place));
        let home = home.max_by_key(|place| place.len()).unwrap_or("/account");
        if self.from_elsewhere && self.asks("again").is_empty() {
            let told = json!({ "title": "Go on to your account", "home": home });
            return self.page("signed-out", told);
        }
        Ok(Self::lead(&format!("/login?next={home}")))
    }
}

/// A place of this site; one's account where another is named.
pub(super) fn place(next: &str) -> &'static str {
    let known = PLACES.into_iter().find(|place| *place == next);
    known.unwrap_or("/account")
}

impl FromRequest for Visit {
    type Error = Trouble;
    type Future = Ready<Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// Somebody who looks at his own account.
pub(super) struct Member {
    /// His visit.
    pub(super) visit: Visit,
    /// Who he is.
    pub(super) person: Guarded<Person>,
}

impl FromRequest for Member {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            Visit::of(request)
                .map_err(actix_web::Error::from)
                .and_then(|visit| {
                    let person = Guarded::<Person>::from_request(request, payload).into_inner();
                    match person {
                        Ok(person) if visit.is_member() => Ok(Self { visit, person }),
                        Ok(_) | Err(_) => {
                            let answer = visit.signed_out()?;
                            Err(actix_web::error::InternalError::from_response(
                                "nobody is logged in",
                                answer,
                            )
                            .into())
                        }
                    }
                }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_this_site() {
        assert_eq!(place("/account/plan"), "/account/plan");
        for other in [
            "",
            "//evil.example",
            "https://evil.example",
            "/account/plan/../..",
            "/logout",
        ] {
            assert_eq!(place(other), "/account", "{other}");
        }
    }

    #[test]
    fn cookies_are_kept_from_scripts_from_other_sites_and_from_the_network() {
        let shown = cookie(COOKIE, "x".to_owned()).to_string();
        assert_eq!(
            shown,
            "__Host-touchstone=x; HttpOnly; SameSite=Strict; Secure; Path=/"
        );
        assert!(gone(GUEST).to_string().contains("Max-Age=0"));
    }
}
