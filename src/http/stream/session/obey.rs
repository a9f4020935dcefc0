//! How a session does what its client says.

use std::rc::Rc;
use std::time::Duration;

use actix::AsyncContext as _;
use actix::fut::{ActorFutureExt as _, WrapFuture as _};
use domain::ids::Seq;
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Ctx, Session, Subscription, Told};
use crate::accounts::door::{Denied, Shown};
use crate::http::stream::closing::Closing;
use crate::http::stream::follow::follow;
use crate::http::stream::protocol::{self, Op, Refusal, Subscribe, Unread, Update, Which, Wish};

impl Session {
    /// Opens a subscription; its follower answers.
    pub(super) fn subscribe(
        &mut self,
        id: Option<i64>,
        wish: Wish,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        let most = self.desk.limits.subscriptions;
        if self.subscriptions.len() >= most {
            let message = format!("a session has at most {most} subscriptions; end one first");
            return Err(Refusal::new("too_many_subscriptions", message));
        }
        if let Some(every) = wish.heartbeat_s.map(Duration::from_secs) {
            self.heartbeat = self.heartbeat.min(every);
            self.beat_later(ctx);
        }
        self.last += 1;
        let sub = self.last;
        let (place, said) = follow(&self.desk, &self.flow, &self.rights, (id, sub), wish);
        let follower = ctx.add_stream(said.map(move |said| Told { id, sub, said }));
        self.subscriptions
            .insert(sub, Subscription { place, follower });
        Ok(())
    }

    fn update(&mut self, id: i64, update: &Update, ctx: &mut Ctx) -> Result<(), Refusal> {
        let place = &self.subscription(update.sub)?.place;
        let interest = protocol::interest(
            update.channels.as_deref(),
            update.symbols.as_deref(),
            update.filter.as_ref(),
        )?;
        self.rights.may_want(&interest)?;
        let terms = self.rights.terms(&interest);
        let realtime = terms.delay.is_zero();
        place.want(interest, terms);
        if !realtime {
            let answer = protocol::done(Some(id), json!({"sub": update.sub}));
            self.say(answer, ctx);
            return Ok(());
        }
        let (hub, join, sub) = (self.desk.hub.clone(), place.join(), update.sub);
        let asked = async move { hub.ask(join).await };
        ctx.spawn(asked.into_actor(self).map(move |asked, session, ctx| {
            let answer = match asked {
                Ok(()) => protocol::done(Some(id), json!({"sub": sub})),
                Err(_) => Refusal::away("the hub").answer(Some(id)),
            };
            session.say(answer, ctx);
        }));
        Ok(())
    }

    fn unsubscribe(&mut self, id: i64, sub: u32, ctx: &mut Ctx) -> Result<(), Refusal> {
        self.subscription(sub)?;
        if let Some(subscription) = self.subscriptions.remove(&sub) {
            ctx.cancel_future(subscription.follower);
            let position = subscription.place.position().map(Seq::get);
            let more = json!({"sub": sub, "epoch": self.epoch.as_str(), "seq": position});
            self.say(protocol::done(Some(id), more), ctx);
        }
        Ok(())
    }

    fn subscription(&self, sub: u32) -> Result<&Subscription, Refusal> {
        self.subscriptions.get(&sub).ok_or_else(|| {
            let message = format!("sub: this session has no subscription {sub}");
            Refusal::new("no_such_subscription", message)
        })
    }

    /// Does what a command says, or refuses it.
    pub(super) fn obey(&mut self, text: &str, ctx: &mut Ctx) {
        if let Err(wait) = self.pace.take(self.desk.clock.now()) {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) + 1;
            self.end(&Closing::TooMany { retry_after_ms }, ctx);
            return;
        }
        let command = match protocol::read(text) {
            Ok(command) => command,
            Err(Unread::NoCommand(id, refusal)) => return self.say(refusal.answer(id), ctx),
            Err(Unread::NoJson(refusal)) => {
                self.say(refusal.answer(None), ctx);
                return self.end(&Closing::BadFrame("a command is one JSON object"), ctx);
            }
        };
        let id = command.id;
        let done = match command.op {
            Op::Subscribe(subscribe) => self.subscribe_as_told(id, &subscribe, ctx),
            Op::Update(update) => self.update(id, &update, ctx),
            Op::Unsubscribe(Which { sub }) => self.unsubscribe(id, sub, ctx),
            Op::Ping => {
                let sent = self.desk.clock.now().as_micros();
                self.say(protocol::done(Some(id), json!({"sent": sent})), ctx);
                Ok(())
            }
            Op::Auth(token) => {
                self.authenticate(id, token.token, ctx);
                Ok(())
            }
            Op::Ack => Err(Refusal::new(
                "not_available",
                "positions are not kept here yet: keep them yourself and resume with `from`",
            )),
        };
        if let Err(refusal) = done {
            self.say(refusal.answer(Some(id)), ctx);
        }
    }

    fn subscribe_as_told(
        &mut self,
        id: i64,
        subscribe: &Subscribe,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        let wish = subscribe.wish()?;
        self.rights.may_want(&wish.interest)?;
        self.subscribe(Some(id), wish, ctx)
    }

    /// Lets a client say who it is. It may say so again, and may become nobody else.
    fn authenticate(&self, id: i64, token: SecretString, ctx: &mut Ctx) {
        let (rights, address) = (Rc::clone(&self.rights), self.address);
        let identified = async move {
            let shown = Shown {
                bearer: Some(token.expose_secret()),
                address,
                ..Shown::default()
            };
            rights.door.identify(&shown).await
        };
        ctx.spawn(
            identified
                .into_actor(self)
                .map(move |identified, session, ctx| {
                    let caller = match identified {
                        Ok(caller) => caller,
                        Err(Denied::Store(_)) => {
                            let refusal = Refusal::away("the store");
                            return session.say(refusal.answer(Some(id)), ctx);
                        }
                        Err(denied) => {
                            let refusal = Refusal::new("unauthenticated", denied.to_string());
                            return session.say(refusal.answer(Some(id)), ctx);
                        }
                    };
                    let before = session.rights.caller();
                    if before.account().is_some() && before.account() != caller.account() {
                        return session.end(&Closing::Another, ctx);
                    }
                    let allows = caller.entitled.plan.as_ref().map(ToString::to_string);
                    session.become_known(caller);
                    session.say(protocol::done(Some(id), json!({"plan": allows})), ctx);
                }),
        );
    }
}
