//! The edge: what browsers, bots and scripts talk to.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, middleware, web};

pub mod accounts;
pub mod analytics;
pub mod body;
pub mod chain;
pub mod channels;
mod complete;
mod counted;
mod described;
pub mod discover;
pub mod entitled;
pub mod error;
pub mod exports;
pub mod guard;
pub mod guarded;
pub mod health;
pub mod ingest;
mod manners;
pub mod markets;
pub mod ml;
pub mod monitoring;
pub mod nodes;
pub mod owners;
mod page;
pub mod pages;
pub mod people;
pub mod rates;
pub mod records;
pub mod reviews;
pub mod roster;
pub mod stream;
pub mod system;

use analytics::Analytics;
use analytics::signal::Looking;
use analytics::what_if::Asking;
use body::Largest;
use discover::Discovery;
use error::ApiError;
use exports::Exports;
use health::Health;
use ingest::Inlets;
use markets::Markets;
use records::Records;
use stream::StreamState;
use system::System;

use crate::accounts::{Desk, Door};
use crate::billing::Billing;
use crate::registrar::Registrar;

/// How many threads answer. Each session lives on one of them.
const WORKERS: usize = 2;

/// What the edge is given.
#[derive(Clone)]
pub struct Edge {
    /// Who stands there.
    pub door: Door,
    /// What people ask of their accounts.
    pub desk: Desk,
    /// Plans that are bought.
    pub billing: Billing,
    /// How often somebody may ask.
    pub rates: rates::Rates,
    /// What pages with forms are made with.
    pub forms: people::Forms,
    /// What dashboards and bots connect to.
    pub stream: StreamState,
    /// The channels that take posts.
    pub inlets: Inlets,
    /// Whose prices are followed.
    pub markets: Markets,
    /// How posts arrive.
    pub health: Health,
    /// Who is asked about models.
    pub ml: ml::Ml,
    /// What people say of readings.
    pub reviews: reviews::Desk,
    /// Who makes channels.
    pub registrar: Arc<Registrar>,
    /// What is asked about the system.
    pub system: System,
    /// Who is asked about nodes.
    pub census: nodes::Census,
    /// What is kept.
    pub records: Records,
    /// The seals over it.
    pub links: chain::Links,
    /// What may be said of channels.
    pub analytics: Analytics,
    /// What writes records as files.
    pub exports: Exports,
    /// What one signal is looked at with.
    pub looking: Looking,
    /// What a follower's questions are answered with.
    pub asking: Asking,
    /// Who looks at channels that nobody reads yet.
    pub discovery: Discovery,
    /// Which hosts and origins may talk to it.
    pub guard: guard::Guard,
    /// What time it is.
    pub time: records::Time,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// What a test serves besides; the program serves nothing but what is described.
    pub besides: Services,
}

/// Addresses that are served.
pub type Services = fn(&mut web::ServiceConfig);

/// Serves the edge on a socket when the result is awaited.
///
/// # Errors
///
/// When the socket cannot be listened on.
pub fn serve(edge: Edge, listener: TcpListener, drain: Duration) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        let edge = edge.clone();
        let unreadable = |field: &'static str, why: String| {
            actix_web::Error::from(ApiError::invalid(field, why))
        };
        let cors = edge.guard.cors();
        let besides = edge.besides;
        App::new()
            .app_data(web::Data::new(edge.guard))
            .app_data(web::Data::new(edge.door))
            .app_data(web::Data::new(edge.desk))
            .app_data(web::Data::new(edge.rates))
            .app_data(web::Data::new(edge.billing))
            .app_data(web::Data::new(edge.forms))
            .app_data(web::Data::new(edge.stream))
            .app_data(web::Data::new(edge.inlets))
            .app_data(web::Data::new(edge.markets))
            .app_data(web::Data::new(edge.health))
            .app_data(web::Data::from(edge.registrar))
            .app_data(web::Data::new(edge.ml))
            .app_data(web::Data::new(edge.reviews))
            .app_data(web::Data::new(edge.system))
            .app_data(web::Data::new(edge.census))
            .app_data(web::Data::new(edge.records))
            .app_data(web::Data::new(edge.time))
            .app_data(web::Data::new(edge.links))
            .app_data(web::Data::new(edge.analytics))
            .app_data(web::Data::new(edge.exports))
            .app_data(web::Data::new(edge.looking))
            .app_data(web::Data::new(edge.asking))
            .app_data(web::Data::new(edge.discovery))
            .app_data(web::PayloadConfig::new(edge.body_limit))
            .app_data(Largest(edge.body_limit))
            .app_data(
                web::QueryConfig::default()
                    .error_handler(move |error, _| unreadable("query", error.to_string())),
            )
            .app_data(
                web::PathConfig::default()
                    .error_handler(move |error, _| unreadable("path", error.to_string())),
            )
            // From the inside out.
            .wrap(middleware::from_fn(manners::marked))
            .wrap(middleware::from_fn(rates::within))
            .wrap(middleware::from_fn(guarded::identify))
            .wrap(cors)
            .wrap(middleware::from_fn(guard::only_known_hosts))
            .wrap(middleware::from_fn(manners::named))
            .wrap(manners::security())
            .wrap(middleware::from_fn(counted::each))
            .wrap(middleware::Compress::default())
            .configure(besides)
            .configure(routes)
    })
    // A client that takes nothing is cut off by the system: its session is not run any more.
    .on_connect(|connection, _| stream::stalled::cut_after(stream::stalled::STALLED, connection))
    .workers(WORKERS)
    .shutdown_timeout(drain.as_secs().max(1))
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(pages::live))
        .route("/docs", web::get().to(pages::docs))
        .route("/openapi.json", web::get().to(pages::openapi))
        .route("/healthz", web::get().to(system::healthz))
        .route("/readyz", web::get().to(system::readyz))
        .route("/metrics", web::get().to(system::metrics))
        .route("/v1/system/actors", web::get().to(system::actors))
        .route("/v1/system/nodes", web::get().to(nodes::nodes))
        .route("/v1/stream", web::get().to(stream::stream))
        .route("/v1/stream/sse", web::get().to(stream::sse::sse))
        .route("/v1/stream/position", web::get().to(stream::position))
        .route("/v1/ingest/{channel}", web::post().to(ingest::ingest))
        .service(
            web::resource("/v1/channels")
                .get(channels::channels)
                .post(roster::make)
                .default_service(web::to(described::elsewhere)),
        )
        .service(
            web::resource("/v1/channels/{id}")
                .get(channels::channel)
                .patch(roster::change)
                .delete(roster::archive)
                .default_service(web::to(described::elsewhere)),
        )
        .route("/v1/channels/{id}/key", web::post().to(roster::rekey))
        .route("/v1/channels/{id}/posts", web::get().to(owners::posts))
        .route("/v1/channels/{id}/figures", web::get().to(owners::figures))
        .route("/v1/channels/{id}/words", web::put().to(owners::say))
        .route("/v1/ml/predict", web::post().to(ml::predict))
        .route("/v1/ml/models", web::get().to(ml::models))
        .route("/v1/ml/models/{id}", web::get().to(ml::model))
        .route("/v1/ml/models/{id}/promote", web::post().to(ml::promote))
        .route("/v1/reviews", web::get().to(reviews::reviews))
        .route("/v1/reviews/{id}", web::post().to(reviews::review))
        .route("/v1/signals", web::get().to(records::signals))
        .route("/v1/signals/{id}", web::get().to(records::signal))
        .route(
            "/v1/analytics/leaderboard",
            web::get().to(analytics::leaderboard),
        )
        .route(
            "/v1/analytics/channels/{id}",
            web::get().to(analytics::channel),
        )
        .route("/v1/exports/signals", web::get().to(exports::signals))
        .route("/v1/exports/outcomes", web::get().to(exports::outcomes))
        .route("/v1/exports/figures", web::get().to(exports::figures))
        .route(
            "/v1/analytics/signals/{id}",
            web::get().to(analytics::signal::signal),
        )
        .route(
            "/v1/analytics/what-if",
            web::post().to(analytics::what_if::what_if),
        )
        .route("/v1/discover/telegram", web::get().to(discover::telegram))
        .route("/v1/events", web::get().to(records::events))
        .route("/v1/chain", web::get().to(chain::chain))
        .route("/v1/chain/{day}", web::get().to(chain::sealed))
        .route("/v1/sources", web::get().to(health::sources))
        .route("/v1/feeds", web::get().to(health::feeds))
        .route("/v1/markets", web::get().to(markets::markets))
        .route(
            "/v1/markets/{symbol}/candles",
            web::get().to(markets::candles),
        )
        .configure(account_routes)
        .configure(people::routes)
        .default_service(web::to(described::elsewhere));
}

fn account_routes(config: &mut web::ServiceConfig) {
    use accounts::{admin, auth, billing, keys, own, plans};
    config
        .route("/.well-known/jwks.json", web::get().to(auth::jwks))
        .route("/v1/auth/register", web::post().to(auth::register))
        .route("/v1/auth/verify", web::post().to(auth::verify))
        .route("/v1/auth/login", web::post().to(auth::login))
        .route("/v1/auth/refresh", web::post().to(auth::refresh))
        .route("/v1/auth/logout", web::post().to(auth::logout))
        .route("/v1/auth/forgot", web::post().to(auth::forgot))
        .route("/v1/auth/reset", web::post().to(auth::reset))
        .service(
            web::resource("/v1/account")
                .get(own::account)
                .patch(own::prefer)
                .delete(own::erase)
                .default_service(web::to(described::elsewhere)),
        )
        .route("/v1/account/export", web::get().to(own::export))
        .route("/v1/account/password", web::post().to(own::password))
        .route("/v1/account/sessions", web::get().to(own::sessions))
        .route(
            "/v1/account/sessions/{id}",
            web::delete().to(own::end_session),
        )
        .service(
            web::resource("/v1/account/second-factor")
                .post(own::begin_second)
                .put(own::confirm_second)
                .delete(own::drop_second)
                .default_service(web::to(described::elsewhere)),
        )
        .route(
            "/v1/account/recovery-codes",
            web::post().to(own::renew_codes),
        )
        .service(
            web::resource("/v1/account/keys")
                .get(keys::keys)
                .post(keys::make)
                .default_service(web::to(described::elsewhere)),
        )
        .route("/v1/account/keys/{id}", web::delete().to(keys::end))
        .route("/v1/account/keys/{id}/rotate", web::post().to(keys::rotate))
        .route(
            "/v1/billing/subscription",
            web::get().to(billing::subscription),
        )
        .route("/v1/billing/checkout", web::post().to(billing::checkout))
        .route("/v1/billing/portal", web::post().to(billing::portal))
        .route("/v1/billing/change", web::post().to(billing::change))
        .route("/v1/billing/end", web::post().to(billing::end))
        .route("/v1/billing/invoices", web::get().to(billing::invoices))
        .route("/v1/billing/webhook", web::post().to(billing::webhook))
        .route("/v1/plans", web::get().to(plans::plans))
        .route("/v1/admin/accounts", web::get().to(admin::accounts))
        .route(
            "/v1/admin/accounts/{id}",
            web::patch().to(admin::change_account),
        )
        .route(
            "/v1/admin/accounts/{id}/second-factor",
            web::delete().to(admin::reset_second),
        )
        .route("/v1/admin/plans/{id}", web::put().to(admin::write_plan))
        .route(
            "/v1/admin/channels/{id}/owner",
            web::put().to(admin::give_channel),
        )
        .route("/v1/admin/audit", web::get().to(admin::audit));
}
