//! What is wrong: with a field, said beside it; or altogether, said on a page of its own.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::page;
use crate::accounts::desk::Refusal;
use crate::http::error::ApiError;

/// What is wrong with a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// As what it is answered.
    pub(super) status: StatusCode,
    /// The field that is to blame; `form` for the form as a whole.
    pub(super) field: String,
    /// Why, and the remedy.
    pub(super) why: String,
}

/// The form as a whole.
pub(super) const FORM: &str = "form";

/// What the fields of a form are called that the desk has names of its own for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// The password that proves who it is.
    pub(super) password: &'static str,
    /// The one that is to be set.
    pub(super) new: &'static str,
    /// The second factor.
    pub(super) code: &'static str,
    /// Whatever else is to blame.
    pub(super) form: &'static str,
}

impl Fields {
    /// Their usual names.
    pub(super) const USUAL: Self = Self {
        password: "password",
        new: "password",
        code: "code",
        form: FORM,
    };
}

impl Wrong {
    /// Why the desk refuses, beside the field that is to blame.
    ///
    /// # Errors
    ///
    /// [`Trouble`] where no field is to blame: somebody inside does not answer.
    pub(super) fn of(refusal: Refusal, fields: Fields) -> Result<Self, Trouble> {
        let (field, why) = match &refusal {
            Refusal::WrongPassword => (fields.password, "The password is wrong.".to_owned()),
            Refusal::SecondFactor => (
                fields.code,
                "Enter the code of your authenticator, or a recovery code.".to_owned(),
            ),
            Refusal::WrongCode => (
                fields.code,
                "The code is wrong or was used; wait for the next one.".to_owned(),
            ),
            Refusal::DeadLink => (
                fields.form,
                "The link was used or is too old; ask for another one.".to_owned(),
            ),
            Refusal::Over => (fields.form, "That took too long; log in again.".to_owned()),
            Refusal::Weak(weak) => (fields.new, sentence(&weak.to_string())),
            Refusal::TooMany(_) | Refusal::Unfit(_) | Refusal::Stale => {
                (fields.form, sentence(&refusal.to_string()))
            }
            Refusal::Unknown(what) => (fields.form, format!("There is no such {what} any more.")),
            Refusal::Invalid(field, why) => (*field, sentence(why)),
            Refusal::Reused
            | Refusal::Unhashed(_)
            | Refusal::Unopened(_)
            | Refusal::Store(_)
            | Refusal::Broken(_) => return Err(Trouble(ApiError::from(refusal))),
        };
        Ok(Self {
            field: field.to_owned(),
            why,
            status: ApiError::from(refusal).status_code(),
        })
    }

    /// As a template is told it.
    pub(super) fn told(&self) -> Value {
        json!({ self.field.as_str(): self.why })
    }
}

/// Begins with a capital and ends with a stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut sentence = first.unwrap_or_default() + letters.as_str();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Something that no field is to blame for. It is told as a page.
#[derive(Debug)]
pub(super) struct Trouble(ApiError);

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let told = json!({
            "title": "That did not work",
            "text": sentence(&self.0.to_string()),
            "next": [{ "to": "/account", "words": "Your account" }, { "to": "/", "words": "The signals" }],
            "member": false,
            "path": "",
            "token": "",
        });
        page::draw(self.status_code(), "said", &told, &[], &[])
            .unwrap_or_else(|error| error.error_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::passwords::Weak;

    #[test]
    fn what_is_wrong_stands_beside_the_field_that_is_to_blame() {
        let fields = Fields {
            password: "current",
            new: "new",
            ..Fields::USUAL
        };
        let of = |refusal| Wrong::of(refusal, fields).unwrap();
        assert_eq!(of(Refusal::WrongPassword).field, "current");
        let weak = of(Refusal::Weak(Weak::Length));
        assert_eq!(
            (weak.field.as_str(), weak.status),
            ("new", StatusCode::BAD_REQUEST)
        );
        assert!(weak.why.starts_with("Use 10") && weak.why.ends_with('.'));
        let named = of(Refusal::Invalid("email", "that is none".to_owned()));
        assert_eq!(named.told(), json!({ "email": "That is none." }));
        assert!(Wrong::of(Refusal::Reused, fields).is_err());
    }

    #[test]
    fn trouble_is_told_as_a_page_with_the_status_of_the_api() {
        let page = Trouble::from(ApiError::Internal).error_response();
        assert_eq!(page.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let kind = page.headers().get("content-type").unwrap();
        assert_eq!(kind, "text/html; charset=utf-8");
    }
}
