//! The edge: what browsers, bots and scripts talk to.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, middleware, web};

pub mod error;
pub mod guard;
pub mod ingest;
pub mod page;
pub mod records;
pub mod stream;
pub mod system;

use error::ApiError;
use ingest::Inlets;
use stream::StreamState;
use system::System;

/// How many connections wait to be accepted; more are refused by the kernel.
const BACKLOG: u32 = 1_024;

/// What the edge is given.
#[derive(Clone)]
pub struct Edge {
    /// What dashboards and bots connect to.
    pub stream: StreamState,
    /// The channels that take posts.
    pub inlets: Inlets,
    /// What is asked about the system.
    pub system: System,
    /// Which hosts and origins may talk to it.
    pub guard: guard::Guard,
    /// The largest request body, in bytes.
    pub body_limit: usize,
}

/// Binds the edge; it serves when the result is awaited. Returns where it listens, too.
///
/// # Errors
///
/// When the address cannot be bound.
pub fn bind(edge: Edge, listen: SocketAddr, drain: Duration) -> std::io::Result<(Server, Vec<SocketAddr>)> {
    let server = HttpServer::new(move || {
        let edge = edge.clone();
        let limit = edge.body_limit;
        App::new()
            .wrap(middleware::from_fn(guard::only_known_hosts))
            .wrap(middleware::DefaultHeaders::new()
                .add(("X-Content-Type-Options", "nosniff"))
                .add(("Referrer-Policy", "no-referrer")))
            .app_data(web::Data::new(edge.guard))
            .app_data(web::Data::new(edge.stream))
            .app_data(web::Data::new(edge.inlets))
            .app_data(web::Data::new(edge.system))
            .app_data(web::PayloadConfig::new(limit).mimetype_opt())
            .app_data(web::QueryConfig::default().error_handler(|error, _| ApiError::invalid("query", error).into()))
            .app_data(web::PathConfig::default().error_handler(|error, _| ApiError::invalid("path", error).into()))
            .configure(routes)
            .default_service(web::to(|| async { Err::<&str, _>(ApiError::NotFound("such page".to_owned())) }))
    })
    .backlog(BACKLOG)
    .workers(2)
    .shutdown_timeout(drain.as_secs().max(1))
    .disable_signals()
    .bind(listen)?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}
