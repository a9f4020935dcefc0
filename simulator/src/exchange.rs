//! The exchange: Binance's spot protocol, WebSocket and REST, over the simulated market.

mod feed;
mod refusal;
mod rest;
mod socket;
mod topic;

use actix_web::web::{self, ServiceConfig};

/// The routes of the exchange.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/api/v3/ping", web::get().to(rest::ping))
        .route("/api/v3/time", web::get().to(rest::time))
        .route("/api/v3/exchangeInfo", web::get().to(rest::info))
        .route("/api/v3/ticker/price", web::get().to(rest::prices))
        .route("/api/v3/klines", web::get().to(rest::klines))
        .route("/api/v3/trades", web::get().to(rest::trades))
        .route("/api/v3/historicalTrades", web::get().to(rest::trades))
        .route("/api/v3/aggTrades", web::get().to(rest::aggregates))
        .route("/stream", web::get().to(socket::combined))
        .route("/ws", web::get().to(socket::raw))
        .route("/ws/{streams:.*}", web::get().to(socket::raw));
}
