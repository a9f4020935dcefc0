//! A session: one client on the stream. The only file that knows the context of actix-web-actors.
//!
//! Reads commands, answers them, and passes on what its subscriptions say. Its context lives inside
//! the stream of bytes that its socket asks for, so while a client does not read, it does nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt as _, WrapFuture as _};
use actix::{Actor, ActorContext as _, AsyncContext as _, SpawnHandle, StreamHandler};
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{self, HandshakeError, Message, ProtocolError, WebsocketContext};
use domain::ids::Epoch;

use super::closing::Closing;
use super::flow::{Counted, Flow};
use super::follow::Said;
use super::inbound::{Inbound, Verdict};
use super::pace::Pace;
use super::pieces::Pieces;
use super::place::Place;
use super::protocol::Wish;
use super::rights::{AGAIN, Rights};
use super::{Chair, Desk, notice};
use crate::accounts::{Caller, Who};

mod obey;

/// How long a client has to say goodbye in return.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long a client has to say who it is.
const AUTH_WITHIN: Duration = Duration::from_secs(10);

/// Over how long sessions spread the look at what changed.
const SPREAD: Duration = Duration::from_millis(200);

/// The subprotocol that may be asked for.
const PROTOCOL: &str = "touchstone.v1+json";

type Ctx = WebsocketContext<Session>;

/// Answers the handshake and begins a session.
pub(super) fn open(
    request: &HttpRequest,
    payload: web::Payload,
    chair: Chair,
    epoch: Epoch,
    rights: Rights,
    first: Option<Wish>,
) -> Result<HttpResponse, HandshakeError> {
    let mut response = ws::handshake_with_protocols(request, &[PROTOCOL])?;
    let verdict = Verdict::default();
    let flow = Flow::new(chair.0.limits.unsent);
    let inbound = Inbound::new(payload, chair.0.limits.frame, Rc::clone(&verdict));
    let session = Session::new(chair, epoch, Rc::clone(&flow), verdict, (rights, first));
    let session = session.from(super::super::guarded::address_of(request));
    let bytes = WebsocketContext::create(session, inbound);
    Ok(response.streaming(Counted::new(bytes, flow)))
}

/// One client on the stream.
struct Session {
    desk: Arc<Desk>,
    _chair: Chair,
    epoch: Epoch,
    flow: Rc<Flow>,
    /// Who listens, and from where.
    rights: Rc<Rights>,
    address: Option<IpAddr>,
    /// Why what came in may not pass.
    verdict: Verdict,
    pieces: Pieces,
    /// What the address asked for.
    first: Option<Wish>,
    subscriptions: BTreeMap<u32, Subscription>,
    /// The last number that a subscription was given.
    last: u32,
    pace: Pace,
    heartbeat: Duration,
    next_heartbeat: Option<SpawnHandle>,
    unanswered_pings: u32,
    ending: bool,
}

/// A subscription as its session knows it.
struct Subscription {
    place: Rc<Place>,
    follower: SpawnHandle,
}

/// What a subscription has to say.
struct Told {
    id: Option<i64>,
    sub: u32,
    said: Said,
}

impl Session {
    fn new(
        chair: Chair,
        epoch: Epoch,
        flow: Rc<Flow>,
        verdict: Verdict,
        (rights, first): (Rights, Option<Wish>),
    ) -> Self {
        let desk = Arc::clone(&chair.0);
        Self {
            pace: Pace::new(desk.limits.commands, desk.clock.now()),
            heartbeat: desk.limits.heartbeat,
            desk,
            _chair: chair,
            epoch,
            flow,
            rights: Rc::new(rights),
            address: None,
            verdict,
            pieces: Pieces::default(),
            first,
            subscriptions: BTreeMap::new(),
            last: 0,
            next_heartbeat: None,
            unanswered_pings: 0,
            ending: false,
        }
    }

    const fn from(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    fn say(&self, text: String, ctx: &mut Ctx) {
        self.flow.put(text.len());
        ctx.text(text);
    }

    /// Says goodbye, and leaves when the client has answered or had time to.
    fn end(&mut self, closing: &Closing, ctx: &mut Ctx) {
        if self.ending {
            return;
        }
        self.ending = true;
        metrics::counter!("touchstone_stream_closed_total", "why" => closing.label()).increment(1);
        for (_, subscription) in std::mem::take(&mut self.subscriptions) {
            ctx.cancel_future(subscription.follower);
        }
        ctx.close(Some(closing.reason()));
        ctx.run_later(GOODBYE, |_, ctx| ctx.stop());
    }

    fn beat_later(&mut self, ctx: &mut Ctx) {
        let next = ctx.run_later(self.heartbeat, Self::beat);
        if let Some(former) = self.next_heartbeat.replace(next) {
            ctx.cancel_future(former);
        }
    }

    /// Tells the position of each subscription, behind everything that was said before it.
    fn beat(&mut self, ctx: &mut Ctx) {
        if self.ending {
            return;
        }
        self.next_heartbeat = None;
        if self.unanswered_pings >= self.desk.limits.unanswered_pings {
            self.end(&Closing::NoPong, ctx);
            return;
        }
        self.unanswered_pings += 1;
        ctx.ping(b"");
        let positions = self
            .subscriptions
            .iter()
            .filter_map(|(sub, it)| Some((*sub, it.place.position()?)))
            .collect();
        let now = self.desk.clock.now();
        self.say(notice::heartbeat(now, &self.epoch, &positions), ctx);
        self.beat_later(ctx);
    }

    /// Looks again who listens whenever anybody's rights change, at a moment of its own.
    fn watch_rights(&self, ctx: &mut Ctx) {
        let rights = Rc::clone(&self.rights);
        let again = async move {
            rights.change().await.then_some(())?;
            tokio::time::sleep(notice::moment_within(SPREAD)).await;
            let caller = rights.caller();
            Some(rights.door.again(&caller).await)
        };
        ctx.spawn(
            again
                .into_actor(self)
                .map(|again, session, ctx| match again {
                    Some(Ok(Some(caller))) => {
                        session.become_known(caller);
                        session.watch_rights(ctx);
                    }
                    Some(Ok(None)) => session.end(&Closing::Token, ctx),
                    // Nobody knows at this moment.
                    Some(Err(_)) => {
                        session.rights.look_again();
                        ctx.run_later(AGAIN, |session, ctx| session.watch_rights(ctx));
                    }
                    None => {}
                }),
        );
    }

    fn become_known(&self, caller: Caller) {
        self.rights.become_known(caller);
        for subscription in self.subscriptions.values() {
            let place = &subscription.place;
            place.entitle(|wanted| self.rights.terms(wanted));
        }
    }

    /// Whoever does not say who he is does not stay.
    fn wait_for_auth(ctx: &mut Ctx) {
        ctx.run_later(AUTH_WITHIN, |session, ctx| {
            if session.rights.caller().who == Who::Stranger {
                session.end(&Closing::NoAuth, ctx);
            }
        });
    }

    fn wait_for_the_drain(&self, ctx: &mut Ctx) {
        let mut drain = self.desk.draining.clone();
        let begun = async move { drain.wait_for(|begun| *begun).await.is_ok() };
        ctx.spawn(begun.into_actor(self).map(|begun, session, ctx| {
            if begun {
                session.drain(ctx);
            }
        }));
    }

    /// Announces the goodbye, at a moment of this session's own, so that not all come back at once.
    fn drain(&mut self, ctx: &mut Ctx) {
        if self.ending {
            return;
        }
        let after = notice::moment_within(self.desk.limits.drain);
        let retry_after_ms = notice::millis(after);
        self.say(notice::drain(retry_after_ms), ctx);
        ctx.run_later(after, move |session, ctx| {
            session.end(&Closing::Draining { retry_after_ms }, ctx);
        });
    }
}

impl Actor for Session {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        self.wait_for_the_drain(ctx);
        self.watch_rights(ctx);
        Self::wait_for_auth(ctx);
        self.beat_later(ctx);
        if let Some(wish) = self.first.take()
            && let Err(refusal) = self.subscribe(None, wish, ctx)
        {
            self.say(refusal.answer(None), ctx);
        }
    }
}

impl StreamHandler<Told> for Session {
    fn handle(&mut self, Told { id, sub, said }: Told, ctx: &mut Ctx) {
        if self.ending {
            return;
        }
        match said {
            Said::Frames(frames) => frames
                .into_iter()
                .for_each(|frame| self.say(frame.text, ctx)),
            Said::Refused(refusal) => {
                self.subscriptions.remove(&sub);
                self.say(refusal.answer(id), ctx);
            }
            Said::Ended(closing) => self.end(&closing, ctx),
        }
    }

    /// A subscription's end is not the session's.
    fn finished(&mut self, _: &mut Ctx) {}
}

impl StreamHandler<Result<Message, ProtocolError>> for Session {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Ctx) {
        let refused = self.verdict.get().cloned();
        if self.ending {
            if refused.is_none() && matches!(message, Ok(Message::Close(_))) {
                ctx.stop();
            }
            return;
        }
        self.unanswered_pings = 0;
        match message {
            Ok(Message::Text(text)) => self.obey(&text, ctx),
            Ok(Message::Ping(told)) => ctx.pong(&told),
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Binary(_) | Message::Continuation(Item::FirstBinary(_))) => {
                self.end(&Closing::BadFrame("send commands as text"), ctx);
            }
            Ok(Message::Continuation(piece)) => match self.pieces.join(piece) {
                Ok(Some(whole)) => self.handle(Ok(whole), ctx),
                Ok(None) => {}
                Err(closing) => self.end(&closing, ctx),
            },
            Ok(Message::Close(reason)) => match refused {
                Some(closing) => self.end(&closing, ctx),
                None => {
                    ctx.close(reason);
                    ctx.stop();
                }
            },
            Err(_) => {
                let broken = Closing::Protocol("no WebSocket frame of a client");
                self.end(&refused.unwrap_or(broken), ctx);
            }
        }
    }
}
