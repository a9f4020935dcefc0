//! Clients that take nothing any more, cut off by the system.
//!
//! A session lives inside the stream of bytes that its socket asks for, so it cannot end itself
//! while the socket is full, and a full socket of a client that is still there never fails. The
//! system counts how long sent bytes wait for their acknowledgement or for room over there, and
//! fails the socket; that drops the session, its subscriptions and what waits for them.

use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// How long a client may take nothing of what waits for it.
pub const STALLED: Duration = Duration::from_secs(30);

/// Has the system fail a connection whose client takes nothing for so long. For
/// [`HttpServer::on_connect`](actix_web::HttpServer::on_connect).
pub fn cut_after(stalled: Duration, connection: &dyn Any) {
    if let Some(socket) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = SockRef::from(socket).set_tcp_user_timeout(Some(stalled))
    {
        tracing::warn!("a stalled client will not be cut off: {error}");
    }
}
