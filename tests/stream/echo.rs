//! An echo behind the checks of the stream, which exists for the frames of these tests alone.
//!
//! Everything up to the message is the stream's own: its checks of bytes (`inbound`), its parser,
//! its joining of pieces and its goodbyes.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext as _, StreamHandler};
use actix_http::ws::{Codec, Item};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws::{self, Message, ProtocolError, WebsocketContext};
use touchstone::http::stream::closing::Closing;
use touchstone::http::stream::inbound::{Inbound, Verdict};
use touchstone::http::stream::pieces::Pieces;

/// The largest message. More than the stream's, because one case sends as much.
const LIMIT: usize = 512 * 1024;

/// Says again what it is told.
#[derive(Default)]
struct Echo {
    verdict: Verdict,
    pieces: Pieces,
    ending: bool,
}

impl Echo {
    fn end(&mut self, closing: &Closing, ctx: &mut WebsocketContext<Self>) {
        self.ending = true;
        ctx.close(Some(closing.reason()));
        ctx.run_later(Duration::from_millis(50), |_, ctx| ctx.stop());
    }
}

impl Actor for Echo {
    type Context = WebsocketContext<Self>;
}

impl StreamHandler<Result<Message, ProtocolError>> for Echo {
    fn handle(
        &mut self,
        message: Result<Message, ProtocolError>,
        ctx: &mut WebsocketContext<Self>,
    ) {
        let refused = self.verdict.get().cloned();
        if self.ending {
            return;
        }
        match message {
            Ok(Message::Text(text)) => ctx.text(text),
            Ok(Message::Binary(bytes)) => ctx.binary(bytes),
            Ok(Message::Ping(told)) => ctx.pong(&told),
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Continuation(piece)) => self.join(piece, ctx),
            Ok(Message::Close(reason)) => match refused {
                Some(closing) => self.end(&closing, ctx),
                None => {
                    ctx.close(reason);
                    ctx.stop();
                }
            },
            Err(error) => match refused {
                Some(closing) => self.end(&closing, ctx),
                None => panic!("the checks let pass what the parser refuses: {error}"),
            },
        }
    }
}

impl Echo {
    fn join(&mut self, piece: Item, ctx: &mut WebsocketContext<Self>) {
        match self.pieces.join(piece) {
            Ok(Some(whole)) => self.handle(Ok(whole), ctx),
            Ok(None) => {}
            Err(closing) => self.end(&closing, ctx),
        }
    }
}

async fn echo(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let mut response = ws::handshake(&request).unwrap();
    let actor = Echo::default();
    let inbound = Inbound::new(payload, LIMIT, Rc::clone(&actor.verdict));
    let codec = Codec::new().max_size(LIMIT);
    response.streaming(WebsocketContext::with_codec(actor, inbound, codec))
}

/// Serves the echo on a port of its own.
pub(crate) fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(|| App::new().route("/echo", web::get().to(echo)))
        .workers(1)
        // It hangs up at once after a goodbye; usually it waits a second for its client to do so.
        .client_disconnect_timeout(Duration::ZERO)
        .disable_signals()
        .listen(listener);
    actix_web::rt::spawn(server.unwrap().run());
    address
}
