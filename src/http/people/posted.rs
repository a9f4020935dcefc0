//! Forms: what was filled in, and the proof that our own page was.
//!
//! Each form holds a token: the name of the browser's session, sealed. Before anybody is logged in
//! it is the name of a cookie that the page brings. Another site can make a browser post a form with
//! its cookies, and can neither read such a token nor make one. A token is sealed anew on every page,
//! so that nothing can be learned of it from how well a page packs.

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use domain::account::Sealed;
use futures_util::future::LocalBoxFuture;
use secrecy::SecretString;
use url::form_urlencoded;

use super::wrong::Trouble;
use crate::accounts::seal::Seal;
use crate::accounts::{Caller, Who, secrets};
use crate::http::error::ApiError;

/// The cookie of a browser in which nobody is logged in.
pub(super) const GUEST: &str = "__Host-touchstone-form";

/// What tokens of forms are sealed for.
const FORM: &str = "form";

/// The field that holds the token.
const TOKEN: &str = "token";

/// The largest form, in bytes.
const LARGEST: usize = 16_384;

/// What pages with forms are made with.
#[derive(Clone)]
pub struct Forms {
    /// Seals their tokens.
    pub seal: Arc<Seal>,
    /// How long a device stays logged in without being seen.
    pub stays: Duration,
    /// Mails become files, which whoever waits for one must be told.
    pub mails_are_files: bool,
    /// The origins of the pages on which people pay: browsers must be told that forms may lead there.
    pub leads_to: Arc<[String]>,
}

impl Forms {
    /// A token for whoever is named by `holder`.
    pub(super) fn token(&self, holder: &str) -> Result<String, ApiError> {
        let sealed = self.seal.seal(FORM, holder.as_bytes());
        let sealed = sealed.map_err(|error| {
            tracing::error!("the token of a form could not be sealed: {error}");
            ApiError::Internal
        })?;
        Ok(secrets::hex(&sealed.0))
    }

    fn is_of(&self, token: &str, holder: &str) -> bool {
        secrets::unhex(token)
            .and_then(|sealed| self.seal.open(FORM, &Sealed(sealed)).ok())
            .is_some_and(|opened| opened == holder.as_bytes())
    }
}

/// To whom the forms of a browser belong: to its session, else to the cookie that it was given.
pub(super) fn holder(caller: &Caller, guest: Option<&str>) -> Option<String> {
    match &caller.who {
        Who::Member { session, .. } if caller.by_cookie => Some(format!("session:{session}")),
        Who::Member { .. } | Who::Stranger | Who::Operator | Who::Program { .. } => {
            guest.map(|guest| format!("guest:{guest}"))
        }
    }
}

/// What was filled in. It does not print: passwords stand in it.
pub(super) struct Posted(Vec<(String, String)>);

impl Posted {
    /// A field, without the space around it; empty where it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field that is a secret.
    pub(super) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.raw(name).to_owned())
    }

    /// Everything that was chosen under a name.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let chosen = self.0.iter().filter(|(field, _)| field == name);
        chosen.map(|(_, value)| value.clone()).collect()
    }

    fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }
}

impl FromRequest for Posted {
    type Error = Trouble;
    type Future = LocalBoxFuture<'static, Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request.content_type() == "application/x-www-form-urlencoded";
        let caller = request.extensions().get::<Caller>().cloned();
        let guest = request.cookie(GUEST);
        let holder = caller.and_then(|caller| holder(&caller, guest.as_ref().map(Cookie::value)));
        let forms = request.app_data::<web::Data<Forms>>().cloned();
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_form {
                return Err(Trouble::from(ApiError::Forbidden {
                    why: "it is no form of this site".to_owned(),
                }));
            }
            let body = body.await;
            let body = body.map_err(|_| ApiError::TooLarge { limit: LARGEST })?;
            if body.len() > LARGEST {
                return Err(Trouble::from(ApiError::TooLarge { limit: LARGEST }));
            }
            let posted = Self(form_urlencoded::parse(&body).into_owned().collect());
            let ours = forms
                .zip(holder)
                .is_some_and(|(forms, holder)| forms.is_of(posted.raw(TOKEN), &holder));
            if ours {
                return Ok(posted);
            }
            metrics::counter!("touchstone_requests_refused_total", "why" => "form").increment(1);
            Err(Trouble::from(ApiError::Forbidden {
                why: "the form is of another session, or the browser keeps no cookies here; open the page again".to_owned(),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::account::{AccountId, SessionId};
    use uuid::Uuid;

    use super::*;

    fn forms() -> Forms {
        let secret = SecretString::from("a secret that is long enough for anybody".to_owned());
        Forms {
            seal: Arc::new(Seal::new(&secret).unwrap()),
            stays: Duration::from_secs(60),
            mails_are_files: false,
            leads_to: Arc::from([]),
        }
    }

    #[test]
    fn a_token_is_new_on_every_page_and_good_for_its_holder_alone() {
        let forms = forms();
        let (one, other) = (
            forms.token("session:1").unwrap(),
            forms.token("session:1").unwrap(),
        );
        assert_ne!(one, other);
        assert!(forms.is_of(&one, "session:1") && forms.is_of(&other, "session:1"));
        for (token, holder) in [
            (one.as_str(), "session:2"),
            (one.as_str(), "guest:1"),
            ("", "session:1"),
            ("00ff", "session:1"),
        ] {
            assert!(!forms.is_of(token, holder), "{token} {holder}");
        }
    }

    #[test]
    fn the_forms_of_a_session_belong_to_it_whatever_cookie_lies_beside() {
        let member = |by_cookie| Caller {
            who: Who::Member {
                account: AccountId::from_uuid(Uuid::nil()),
                session: SessionId::from_uuid(Uuid::nil()),
            },
            by_cookie,
            ..Caller::stranger()
        };
        let by_cookie = holder(&member(true), Some("x")).unwrap();
        assert!(by_cookie.starts_with("session:"));
        assert_eq!(
            holder(&member(false), Some("x")).as_deref(),
            Some("guest:x")
        );
        assert_eq!(holder(&Caller::stranger(), None), None);
    }
}
