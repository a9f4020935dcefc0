//! The second factor: a code that is shown to an authenticator, its first answer, and the recovery
//! codes for the day on which it is lost.

use actix_web::{HttpResponse, web};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;

use super::account::again;
use super::posted::Posted;
use super::visit::{Member, Visit};
use super::wrong::{Fields, Trouble, Wrong};
use crate::accounts::Desk;
use crate::http::error::ApiError;

type Page = Result<HttpResponse, Trouble>;

/// Begins one: shows what an authenticator needs.
pub(super) async fn begin(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let password = form.secret("second_password");
    match desk.begin_second(&member.person.caller, &password).await {
        Ok((secret, address)) => member.visit.page(
            "second-factor",
            json!({
                "title": "Set up a second factor",
                "picture": picture(&address)?,
                "secret": in_fours(&secret),
            }),
        ),
        Err(refusal) => {
            let fields = Fields {
                password: "second_password",
                form: "second_form",
                ..Fields::USUAL
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

/// The authenticator has it: from now on it is asked for.
pub(super) async fn confirm(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    match desk
        .confirm_second(&member.person.caller, form.text("code"))
        .await
    {
        Ok(codes) => shown(&member, &codes),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            // What the authenticator was given is shown once; it has it by now.
            let told = json!({ "title": "Set up a second factor", "picture": "", "secret": "" });
            member.visit.wrong("second-factor", told, &wrong)
        }
    }
}

/// Takes it away.
pub(super) async fn end(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let password = form.secret("drop_password");
    match desk
        .drop_second(&member.person.caller, &password, form.text("drop_code"))
        .await
    {
        Ok(()) => Ok(Visit::lead("/account?done=second-factor")),
        Err(refusal) => {
            let fields = Fields {
                password: "drop_password",
                code: "drop_code",
                form: "second_form",
                ..Fields::USUAL
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

/// Makes new recovery codes.
pub(super) async fn renew(member: Member, form: Posted, desk: web::Data<Desk>) -> Page {
    let password = form.secret("renew_password");
    match desk
        .renew_codes(&member.person.caller, &password, form.text("renew_code"))
        .await
    {
        Ok(codes) => shown(&member, &codes),
        Err(refusal) => {
            let fields = Fields {
                password: "renew_password",
                code: "renew_code",
                form: "second_form",
                ..Fields::USUAL
            };
            again(&member, &desk, refusal, fields).await
        }
    }
}

fn shown(member: &Member, codes: &[String]) -> Page {
    member.visit.page(
        "codes",
        json!({ "title": "Recovery codes", "codes": codes }),
    )
}

/// The path of a code's dark squares, one unit each, and how many there are on a side with the quiet
/// zone of four around them. The page draws them, so that no markup comes from here.
fn picture(address: &str) -> Result<serde_json::Value, ApiError> {
    let code = QrCode::new(address.as_bytes()).map_err(|error| {
        tracing::error!("a second factor could not be drawn: {error}");
        ApiError::Internal
    })?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .module_dimensions(1, 1)
        .build();
    let path = drawn
        .split(" d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    Ok(json!({ "side": code.width() + 8, "path": path.unwrap_or_default() }))
}

/// For whoever types it.
fn in_fours(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let fours = letters
        .chunks(4)
        .map(|four| four.iter().collect::<String>());
    fours.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_as_a_path_of_squares_within_its_quiet_zone() {
        let picture =
            picture("otpauth://totp/Touchstone:anna@example.org?secret=ABCDEFGH").unwrap();
        let path = picture["path"].as_str().unwrap();
        let side = picture["side"].as_u64().unwrap();
        assert!(path.starts_with("M4 4h1v1H4V4"), "{side}");
        assert!(
            path.chars()
                .all(|c| c.is_ascii_digit() || "MhvHV ".contains(c))
                && (33..=90).contains(&side)
        );
        assert_eq!(in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
