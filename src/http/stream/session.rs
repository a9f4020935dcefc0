//! Sessions: one actor for each connection. The only file that knows actix-web-actors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, SpawnHandle, StreamHandler,
    WrapFuture as _,
};
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{
    self, CloseCode, CloseReason, Message, ProtocolError, WebsocketContext,
};
use actors::hub::{Hub, Interest, Outbox};
use actors::supervise::Door;
use bytes::BytesMut;
use futures_util::stream;
use rand::RngExt as _;
use serde_json::json;

use super::flow::{Counted, Flow};
use super::protocol::{self, Begin, Command, Refusal, begin};
use super::pump::{Pump, Shared, Texts};
use super::{AtOnce, Place, StreamState};

/// The subprotocol that may be asked for.
const PROTOCOL: &str = "touchstone.v1+json";

/// The largest message that a client may send, in bytes.
const LARGEST: usize = 64 * 1024;

/// The most subscriptions of one connection.
const SUBSCRIPTIONS: usize = 16;

/// The most commands that a client may send in one second.
const COMMANDS: u32 = 20;

/// How often a client is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(10);

/// How long a client may stay silent.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a client may read nothing while something waits for it.
const STALLED: Duration = Duration::from_secs(30);

/// Answers the handshake and begins a session.
pub(super) fn open(
    request: &HttpRequest,
    payload: web::Payload,
    state: StreamState,
    place: Place,
    at_once: Option<AtOnce>,
) -> Result<HttpResponse, actix_web::Error> {
    let mut response = ws::handshake_with_protocols(request, &[PROTOCOL])?;
    let flow = Arc::<Flow>::default();
    let session = Session {
        state,
        flow: Arc::clone(&flow),
        at_once,
        subscriptions: BTreeMap::new(),
        next_sub: 1,
        heartbeat: None,
        fragments: None,
        commands: (Instant::now(), 0),
        heard: Instant::now(),
        moved: (Instant::now(), 0),
        _place: place,
    };
    let codec = actix_http::ws::Codec::new().max_size(LARGEST);
    let bytes = WebsocketContext::with_codec(session, payload, codec);
    Ok(response.streaming(Counted::new(Box::pin(bytes), flow)))
}

/// One connection.
struct Session {
    state: StreamState,
    flow: Arc<Flow>,
    at_once: Option<AtOnce>,
    subscriptions: BTreeMap<u32, (Arc<Shared>, Option<SpawnHandle>)>,
    next_sub: u32,
    heartbeat: Option<SpawnHandle>,
    /// The parts of a message that is not whole yet.
    fragments: Option<BytesMut>,
    /// The commands of the present second.
    commands: (Instant, u32),
    /// When the client last gave a sign of life.
    heard: Instant,
    /// When something last left, and how much had left then.
    moved: (Instant, u64),
    _place: Place,
}

/// What a subscription is to be.
struct Wish {
    id: Option<i64>,
    interest: Interest,
    outbox: Outbox,
    pause: Option<Duration>,
    from: Option<protocol::From>,
}

impl Session {
    fn say(&self, text: String, ctx: &mut WebsocketContext<Self>) {
        self.flow.wrote(text.len());
        ctx.text(text);
    }

    /// Closes with a code of ours; 44xx: change something, 45xx: come back.
    fn close(
        &self,
        code: u16,
        why: &str,
        retry_after_ms: Option<u64>,
        ctx: &mut WebsocketContext<Self>,
    ) {
        metrics::counter!("touchstone_stream_closed_total", "code" => code.to_string())
            .increment(1);
        let resume: BTreeMap<String, u64> = self
            .subscriptions
            .iter()
            .map(|(sub, (shared, _))| (sub.to_string(), shared.position()))
            .collect();
        let full =
            json!({"code": why, "retry_after_ms": retry_after_ms, "resume": resume}).to_string();
        // A close frame holds at most 123 bytes of reason.
        let short = json!({"code": why, "retry_after_ms": retry_after_ms}).to_string();
        let description = if full.len() <= 123 { full } else { short };
        ctx.close(Some(CloseReason {
            code: CloseCode::from(code),
            description: Some(description),
        }));
        ctx.stop();
    }

    fn obey(&mut self, text: &str, ctx: &mut WebsocketContext<Self>) {
        let second = Duration::from_secs(1);
        if self.commands.0.elapsed() > second {
            self.commands = (Instant::now(), 0);
        }
        self.commands.1 += 1;
        if self.commands.1 > COMMANDS {
            self.close(4429, "too_many_commands", Some(1_000), ctx);
            return;
        }
        match protocol::read(text) {
            Ok(command) => self.command(command, ctx),
            Err((id, refusal)) => {
                self.say(refusal.answer(id), ctx);
                if id.is_none() {
                    self.close(4400, refusal.code, None, ctx);
                }
            }
        }
    }

    fn command(&mut self, command: Command, ctx: &mut WebsocketContext<Self>) {
        match command {
            Command::Subscribe {
                id,
                stream,
                channels,
                symbols,
                filter,
                from,
                mode,
                hz,
                heartbeat_s,
            } => {
                let wish = match stream.as_deref() {
                    None | Some("signals") => {
                        protocol::interest(channels.as_deref(), symbols.as_deref(), filter.as_ref())
                    }
                    Some(other) => Err(Refusal::new(
                        "no_such_stream",
                        format!("stream: `{other}`; use signals"),
                    )),
                }
                .and_then(|interest| wish(Some(id), interest, mode.as_deref(), hz, from));
                match wish {
                    Ok(wish) => {
                        self.beat(heartbeat_s, ctx);
                        self.subscribe(wish, ctx);
                    }
                    Err(refusal) => self.say(refusal.answer(Some(id)), ctx),
                }
            }
            Command::Update {
                id,
                sub,
                channels,
                symbols,
                filter,
            } => {
                let interest =
                    protocol::interest(channels.as_deref(), symbols.as_deref(), filter.as_ref());
                match (interest, self.subscriptions.get(&sub)) {
                    (Ok(interest), Some((shared, _))) => {
                        *shared
                            .interest
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner) = interest;
                        self.tell_hub(Arc::clone(shared), id, ctx);
                    }
                    (Err(refusal), _) => self.say(refusal.answer(Some(id)), ctx),
                    (Ok(_), None) => self.say(no_such_sub(sub).answer(Some(id)), ctx),
                }
            }
            Command::Unsubscribe { id, sub } => match self.subscriptions.remove(&sub) {
                Some((shared, pump)) => {
                    if let Some(pump) = pump {
                        ctx.cancel_future(pump);
                    }
                    self.say(
                        protocol::done(id, json!({"sub": sub, "position": shared.position()})),
                        ctx,
                    );
                }
                None => self.say(no_such_sub(sub).answer(Some(id)), ctx),
            },
            Command::Ping { id } => {
                let sent = self.state.clock.now().as_micros();
                self.say(
                    protocol::done(id, json!({"type": "pong", "sent": sent})),
                    ctx,
                );
            }
            Command::Ack { id, .. } => {
                let why = "a durable position belongs to an account, and there are none yet; resume with `from`";
                self.say(Refusal::new("not_available", why).answer(Some(id)), ctx);
            }
            Command::Auth { id, .. } | Command::Refresh { id, .. } => {
                let why =
                    "there are no accounts yet: every session on this address sees everything";
                self.say(Refusal::new("not_available", why).answer(Some(id)), ctx);
            }
        }
    }

    /// Finds out where the subscription begins, answers, and lets it flow.
    fn subscribe(&mut self, wish: Wish, ctx: &mut WebsocketContext<Self>) {
        if self.subscriptions.len() >= SUBSCRIPTIONS {
            let why =
                format!("at most {SUBSCRIPTIONS} subscriptions in one connection; unsubscribe one");
            self.say(
                Refusal::new("too_many_subscriptions", why).answer(wish.id),
                ctx,
            );
            return;
        }
        let sub = self.next_sub;
        self.next_sub += 1;
        let shared = Shared::new(
            self.state.number(),
            sub,
            wish.outbox,
            wish.interest,
            domain::ids::Seq::ZERO,
        );
        let shared = Arc::new(shared);
        // Taken at once, so that a second subscription finds the place taken.
        self.subscriptions.insert(sub, (Arc::clone(&shared), None));
        let (hub, store, join) = (
            self.state.hub.clone(),
            Arc::clone(&self.state.store),
            shared.join(),
        );
        let asking = async move {
            // The outbox comes first: whatever is stored after the look into the store is in it.
            hub.ask(join).await.map_err(|away| away.to_string())?;
            store.span().await.map_err(|error| error.to_string())
        };
        ctx.wait(
            asking
                .into_actor(self)
                .map(move |span, session, ctx| match span {
                    Ok(span) => {
                        let begin = begin(wish.from.as_ref(), &span);
                        if let Some(id) = wish.id {
                            let answer = json!({
                                "sub": sub,
                                "epoch": span.epoch.as_str(),
                                "head": span.head.get(),
                                "resumed": begin.resumed,
                            });
                            session.say(protocol::done(id, answer), ctx);
                        }
                        session.flow(&shared, begin, wish.from.as_ref(), wish.pause, ctx);
                    }
                    Err(why) => {
                        session.subscriptions.remove(&sub);
                        session.say(Refusal::new("unavailable", why).answer(wish.id), ctx);
                    }
                }),
        );
    }

    fn flow(
        &mut self,
        shared: &Arc<Shared>,
        begin: Begin,
        from: Option<&protocol::From>,
        pause: Option<Duration>,
        ctx: &mut WebsocketContext<Self>,
    ) {
        let prev = match (begin.resumed, from) {
            ("replay", Some(from)) => domain::ids::Seq::new(from.seq),
            (_, _) => begin.after,
        };
        let pump = Pump {
            shared: Arc::clone(shared),
            hub: self.state.hub.clone(),
            store: Arc::clone(&self.state.store),
            clock: Arc::clone(&self.state.clock),
            flow: Arc::clone(&self.flow),
            pause,
            prev,
            gap: begin.gap,
            position: begin.after,
        };
        shared.begin_at(begin.after);
        let handle = ctx.add_stream(stream::unfold(pump, Pump::next));
        if let Some((_, slot)) = self.subscriptions.get_mut(&shared.sub) {
            *slot = Some(handle);
        }
    }

    fn tell_hub(&self, shared: Arc<Shared>, id: i64, ctx: &mut WebsocketContext<Self>) {
        let hub: Door<Hub> = self.state.hub.clone();
        let join = shared.join();
        let asking = async move { hub.ask(join).await }.into_actor(self);
        ctx.wait(asking.map(move |answer, session, ctx| {
            let text = match answer {
                Ok(()) => protocol::done(id, json!({"sub": shared.sub})),
                Err(away) => Refusal::new("unavailable", away.to_string()).answer(Some(id)),
            };
            session.say(text, ctx);
        }));
    }

    /// Says the positions, queued behind every event up to them.
    fn heartbeat(&mut self, ctx: &mut WebsocketContext<Self>) {
        let positions: BTreeMap<String, u64> = self
            .subscriptions
            .iter()
            .map(|(sub, (shared, _))| (sub.to_string(), shared.position()))
            .collect();
        let sent = self.state.clock.now().as_micros();
        let state = self.state.clone();
        let asking = async move { state.epoch().await }.into_actor(self);
        ctx.spawn(asking.map(move |epoch, session, ctx| {
            if let Ok(epoch) = epoch {
                let beat = json!({"type": "heartbeat", "sent": sent, "epoch": epoch.as_str(), "positions": positions});
                session.say(beat.to_string(), ctx);
            }
        }));
    }

    /// Begins to beat, or beats as often as a bot asks.
    fn beat(&mut self, heartbeat_s: Option<u64>, ctx: &mut WebsocketContext<Self>) {
        let asked = heartbeat_s.map(|seconds| Duration::from_secs(seconds.clamp(2, 60)));
        if self.heartbeat.is_some() && asked.is_none() {
            return;
        }
        if let Some(former) = self.heartbeat.take() {
            ctx.cancel_future(former);
        }
        let every = asked.unwrap_or(self.state.heartbeat);
        self.heartbeat = Some(ctx.run_interval(every, Self::heartbeat));
    }

    /// Looks after a client that is silent or does not read.
    fn look_after(&mut self, ctx: &mut WebsocketContext<Self>) {
        if self.heard.elapsed() > SILENCE {
            self.close(4512, "no_pong", Some(1_000), ctx);
            return;
        }
        let left = self.flow.left();
        if left != self.moved.1 || self.flow.waiting() == 0 {
            self.moved = (Instant::now(), left);
        } else if self.moved.0.elapsed() > STALLED {
            self.close(4504, "too_slow", Some(1_000), ctx);
            return;
        }
        ctx.ping(b"");
    }

    /// Announces the end, at a moment of this session's own, so that not all come back at once.
    fn drain(&mut self, ctx: &mut WebsocketContext<Self>) {
        let within = u64::try_from(self.state.drain_for.as_millis()).unwrap_or(u64::MAX);
        let delay = rand::rng().random_range(0..=within * 4 / 5);
        self.say(
            json!({"type": "drain", "reconnect_in_ms": delay}).to_string(),
            ctx,
        );
        ctx.run_later(Duration::from_millis(delay), |session, ctx| {
            session.close(4503, "draining", Some(500), ctx);
        });
    }

    fn begin_at_once(&mut self, ctx: &mut WebsocketContext<Self>) {
        let Some(at_once) = self.at_once.take() else {
            return;
        };
        let interest = protocol::interest(
            Some(&at_once.channels),
            at_once.symbols.as_deref(),
            Some(&at_once.filter),
        );
        let wished = interest.and_then(|interest| {
            wish(
                Some(0),
                interest,
                at_once.mode.as_deref(),
                at_once.hz,
                at_once.from,
            )
        });
        match wished {
            Ok(wish) => {
                self.beat(at_once.heartbeat_s, ctx);
                self.subscribe(wish, ctx);
            }
            Err(refusal) => {
                self.say(refusal.answer(None), ctx);
                self.close(4400, refusal.code, None, ctx);
            }
        }
    }

    /// Puts the parts of a message together.
    fn fragment(&mut self, item: Item, ctx: &mut WebsocketContext<Self>) {
        let (part, last) = match item {
            Item::FirstText(part) => {
                self.fragments = Some(BytesMut::new());
                (part, false)
            }
            Item::Continue(part) => (part, false),
            Item::Last(part) => (part, true),
            Item::FirstBinary(_) => {
                self.close(4400, "binary", None, ctx);
                return;
            }
        };
        let Some(whole) = &mut self.fragments else {
            return;
        };
        whole.extend_from_slice(&part);
        if whole.len() > LARGEST {
            self.close(4413, "too_big", None, ctx);
        } else if last && let Some(whole) = self.fragments.take() {
            match std::str::from_utf8(&whole) {
                Ok(text) => self.obey(text, ctx),
                Err(_) => self.close(4400, "not_utf8", None, ctx),
            }
        }
    }
}

fn no_such_sub(sub: u32) -> Refusal {
    Refusal::new(
        "no_such_subscription",
        format!("sub: there is no subscription {sub} in this connection"),
    )
}

fn wish(
    id: Option<i64>,
    interest: Interest,
    mode: Option<&str>,
    hz: Option<f64>,
    from: Option<protocol::From>,
) -> Result<Wish, Refusal> {
    let (mode, hz) = protocol::mode(mode, hz)?;
    Ok(Wish {
        id,
        interest,
        outbox: Outbox::new(mode),
        pause: hz.map(|hz| Duration::from_secs_f64(1.0 / hz)),
        from,
    })
}

impl Actor for Session {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PING_EVERY, Self::look_after);
        let mut draining = self.state.draining.clone();
        let drained = async move { draining.wait_for(|draining| *draining).await.is_ok() };
        ctx.spawn(drained.into_actor(self).map(|draining, session, ctx| {
            if draining {
                session.drain(ctx);
            }
        }));
        self.begin_at_once(ctx);
    }
}

impl StreamHandler<Texts> for Session {
    fn handle(&mut self, Texts(texts): Texts, ctx: &mut Self::Context) {
        metrics::counter!("touchstone_stream_frames_total").increment(texts.len() as u64);
        for text in texts {
            self.say(text, ctx);
        }
    }

    /// A pump that ends leaves the others running.
    fn finished(&mut self, _: &mut Self::Context) {}
}

impl StreamHandler<Result<Message, ProtocolError>> for Session {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        self.heard = Instant::now();
        match message {
            Ok(Message::Text(text)) => self.obey(&text, ctx),
            Ok(Message::Ping(payload)) => {
                self.flow.wrote(payload.len());
                ctx.pong(&payload);
            }
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Continuation(item)) => self.fragment(item, ctx),
            Ok(Message::Binary(_)) => self.close(4400, "binary", None, ctx),
            Ok(Message::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            Err(ProtocolError::Overflow) => self.close(4413, "too_big", None, ctx),
            Err(_) => self.close(4400, "bad_frame", None, ctx),
        }
    }
}
