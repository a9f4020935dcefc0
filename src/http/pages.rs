//! Pages: the live stream for people, and the description of the API.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use utoipa::OpenApi;

use super::accounts::{admin, auth, billing, keys, own, plans};
use super::complete::complete;
use super::{
    analytics, chain, channels, discover, error, exports, health, ingest, markets, ml, nodes,
    owners, records, reviews, roster, stream, system,
};

/// The live page: one file, without a build step.
const LIVE: &str = include_str!("../../web/live.html");

/// The description of the API for people: it reads `/openapi.json`.
const DOCS: &str = include_str!("../../web/docs.html");

/// What the pages may do: their own style and script, and talk to this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Touchstone",
        description = "Which trading signals deserve belief: signals, what became of them, and the stream.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        stream::stream,
        stream::sse::sse,
        stream::position,
        ingest::ingest,
        channels::channels,
        channels::channel,
        roster::make,
        roster::change,
        roster::archive,
        roster::rekey,
        reviews::reviews,
        reviews::review,
        records::signals,
        records::signal,
        records::events,
        chain::chain,
        chain::sealed,
        analytics::leaderboard,
        analytics::channel,
        exports::signals,
        exports::outcomes,
        exports::figures,
        analytics::signal::signal,
        analytics::what_if::what_if,
        health::sources,
        health::feeds,
        owners::posts,
        owners::figures,
        owners::say,
        markets::markets,
        markets::candles,
        ml::predict,
        ml::models,
        ml::model,
        ml::promote,
        discover::telegram,
        auth::jwks,
        auth::register,
        auth::verify,
        auth::login,
        auth::refresh,
        auth::logout,
        auth::forgot,
        auth::reset,
        own::account,
        own::prefer,
        own::erase,
        own::export,
        own::password,
        own::sessions,
        own::end_session,
        own::begin_second,
        own::confirm_second,
        own::drop_second,
        own::renew_codes,
        keys::keys,
        keys::make,
        keys::rotate,
        keys::end,
        plans::plans,
        billing::subscription,
        billing::checkout,
        billing::portal,
        billing::change,
        billing::end,
        billing::invoices,
        billing::webhook,
        admin::accounts,
        admin::change_account,
        admin::reset_second,
        admin::write_plan,
        admin::give_channel,
        admin::audit,
        system::healthz,
        system::readyz,
        system::actors,
        nodes::nodes,
        system::metrics,
    ),
    components(schemas(error::Problem))
)]
struct Api;

static OPENAPI: LazyLock<String> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    complete(&mut document);
    document.to_string()
});

/// The description as it is served.
pub(crate) fn document() -> &'static str {
    &OPENAPI
}

/// The live stream, for people.
pub(super) async fn live() -> HttpResponse {
    page(LIVE)
}

/// The API, for people.
pub(super) async fn docs() -> HttpResponse {
    page(DOCS)
}

/// The API, for programs.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(OPENAPI.as_str())
}

fn page(text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(text)
}
