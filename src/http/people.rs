//! Pages for people: registering, logging in, one's account, keys and plan. They need no script.
//!
//! Every form shows a token that only this server's own page has (see `posted`), every answer says
//! that nobody keeps it, and whatever is wrong stands beside the field that is to blame.

use actix_web::web;

mod account;
mod entrance;
mod keys;
mod page;
mod plan;
mod posted;
mod second;
mod visit;
mod wrong;

pub use posted::Forms;

use super::described;
use super::error::ApiError;

/// The pages, and whether each takes a form.
pub(super) const PAGES: [(&str, &[&str]); 24] = [
    ("/pages.css", &["GET"]),
    ("/register", &["GET", "POST"]),
    ("/verify", &["GET", "POST"]),
    ("/login", &["GET", "POST"]),
    ("/login/code", &["POST"]),
    ("/logout", &["GET", "POST"]),
    ("/forgot", &["GET", "POST"]),
    ("/reset", &["GET", "POST"]),
    ("/account", &["GET"]),
    ("/account/language", &["POST"]),
    ("/account/password", &["POST"]),
    ("/account/sessions/end", &["POST"]),
    ("/account/second-factor", &["POST"]),
    ("/account/second-factor/confirm", &["POST"]),
    ("/account/second-factor/end", &["POST"]),
    ("/account/recovery-codes", &["POST"]),
    ("/account/delete", &["POST"]),
    ("/account/keys", &["GET", "POST"]),
    ("/account/keys/rotate", &["POST"]),
    ("/account/keys/end", &["POST"]),
    ("/account/plan", &["GET", "POST"]),
    ("/account/plan/channels", &["POST"]),
    ("/account/plan/portal", &["POST"]),
    ("/account/plan/end", &["POST"]),
];

/// Whether a form is posted there. Each of these handlers takes [`posted::Posted`], which lets no
/// form through that another site made.
pub(super) fn takes_forms(path: &str) -> bool {
    PAGES
        .iter()
        .any(|(page, methods)| *page == path && methods.contains(&"POST"))
}

/// What is told somebody who asks too much: on a page where he asked for one.
pub(super) fn refused(path: &str, error: ApiError) -> actix_web::Error {
    if PAGES.iter().any(|(page, _)| *page == path) {
        wrong::Trouble::from(error).into()
    } else {
        error.into()
    }
}

/// Where the pages are.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let page = |path: &str| web::resource(path).default_service(web::to(described::elsewhere));
    config
        .service(page("/pages.css").get(page::style))
        .service(
            page("/register")
                .get(entrance::registering)
                .post(entrance::register),
        )
        .service(
            page("/verify")
                .get(entrance::verifying)
                .post(entrance::verify),
        )
        .service(
            page("/login")
                .get(entrance::logging_in)
                .post(entrance::log_in),
        )
        .service(page("/login/code").post(entrance::code))
        .service(
            page("/logout")
                .get(entrance::leaving)
                .post(entrance::log_out),
        )
        .service(
            page("/forgot")
                .get(entrance::forgetting)
                .post(entrance::forgot),
        )
        .service(
            page("/reset")
                .get(entrance::resetting)
                .post(entrance::reset),
        )
        .service(page("/account").get(account::account))
        .service(page("/account/language").post(account::language))
        .service(page("/account/password").post(account::password))
        .service(page("/account/sessions/end").post(account::end_session))
        .service(page("/account/delete").post(account::erase))
        .service(page("/account/second-factor").post(second::begin))
        .service(page("/account/second-factor/confirm").post(second::confirm))
        .service(page("/account/second-factor/end").post(second::end))
        .service(page("/account/recovery-codes").post(second::renew))
        .service(page("/account/keys").get(keys::keys).post(keys::make))
        .service(page("/account/keys/rotate").post(keys::rotate))
        .service(page("/account/keys/end").post(keys::end))
        .service(page("/account/plan").get(plan::plan).post(plan::choose))
        .service(page("/account/plan/channels").post(plan::show))
        .service(page("/account/plan/portal").post(plan::portal))
        .service(page("/account/plan/end").post(plan::end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_taken_at_the_addresses_of_pages_alone() {
        assert!(takes_forms("/login") && takes_forms("/account/keys/end"));
        for path in [
            "/account",
            "/v1/account",
            "/account/keys/",
            "/login/x",
            "/v1/auth/login",
            "/pages.css",
        ] {
            assert!(!takes_forms(path), "{path}");
        }
    }
}
