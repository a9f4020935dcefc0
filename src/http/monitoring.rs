//! The second door: how the platform is, for whoever counts and watches inside a cluster.
//!
//! A kubelet comes by the address of a pod, and Prometheus has no account. So nobody is asked here
//! who he is or by which name he comes, and nothing is told but what the three addresses say.

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, middleware, web};

use super::error::ApiError;
use super::system::{Ready, System};

/// Serves what watches on a socket when the result is awaited.
///
/// # Errors
///
/// When the socket cannot be listened on.
pub fn serve(system: System, listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(system.clone()))
            .wrap(middleware::Compress::default())
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

async fn healthz() -> HttpResponse {
    System::lives()
}

async fn readyz(system: web::Data<System>) -> Result<web::Json<Ready>, ApiError> {
    system.ready().await
}

async fn metrics(system: web::Data<System>) -> Result<HttpResponse, ApiError> {
    system.counted().await
}
