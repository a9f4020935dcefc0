//! How a subscription follows the stream: from the store up to the head, then from its outbox.
//!
//! The outbox is there before the store is read, so nothing falls between the two, and what is in
//! both is known by its place. Whatever the outbox lost is read in the store, or is told as a gap
//! when it was the client who did not keep pace.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::hub::{Frame, Lost, Mode, Outbox, Taken};
use domain::ids::{Epoch, Seq};
use domain::ports::store::StoreError;
use domain::ports::{Advice, Encode as _};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::chain::{Chain, Line, Why};
use super::closing::Closing;
use super::flow::Flow;
use super::moment::head_at;
use super::page;
use super::place::Place;
use super::protocol::{Refusal, Wish, begin, done};
use super::rights::{Rights, Terms};
use super::{Desk, Seat};
use crate::http::entitled::before;
use crate::wire::Encoder;

/// How long to rest before the store or the hub is asked again.
const REST: Duration = Duration::from_millis(200);

/// Between these, whoever is told history looks whether more of it may be told.
const LEAST: Duration = Duration::from_millis(50);
const MOST: Duration = Duration::from_secs(60);

/// What a subscription has to say to its session.
#[derive(Debug)]
pub(super) enum Said {
    /// These frames, in order.
    Frames(Vec<Line>),
    /// It could not begin.
    Refused(Refusal),
    /// The session cannot go on.
    Ended(Closing),
}

/// Follows the stream for one subscription.
struct Follower {
    desk: Arc<Desk>,
    flow: Rc<Flow>,
    place: Rc<Place>,
    /// The command that is answered, and the subscription's number in its session.
    id: Option<i64>,
    sub: u32,
    wish: Wish,
    stage: Stage,
    chain: Chain,
    epoch: Epoch,
    /// Everything up to here has been put into the chain.
    read: Seq,
    /// It kept pace since it last read the store.
    keeps_pace: bool,
    /// Not before then is anything said.
    not_before: Instant,
    /// What it gets, and how often that had changed.
    terms: Terms,
    changed: u64,
    seat: Seat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Reading,
    Live,
    /// It is told what was stored some time ago, as history.
    Lagging,
    Over,
}

/// Opens a subscription: its place, and everything that it has to say. It says nothing while its
/// socket is full. `id` is the command that is answered.
pub(super) fn follow(
    desk: &Arc<Desk>,
    flow: &Rc<Flow>,
    rights: &Rights,
    (id, sub): (Option<i64>, u32),
    wish: Wish,
) -> (Rc<Place>, impl Stream<Item = Said> + use<>) {
    let outbox = Outbox::with_room(wish.mode, desk.limits.outbox);
    let terms = rights.terms(&wish.interest);
    let place = Place::new(
        desk.next_subscription(),
        wish.interest.clone(),
        terms,
        outbox,
    );
    let follower = Follower::new(desk, flow, &place, (id, sub), wish);
    let said = stream::unfold(follower, |mut follower| async move {
        let said = follower.next().await?;
        Some((said, follower))
    });
    (place, said)
}

impl Follower {
    fn new(
        desk: &Arc<Desk>,
        flow: &Rc<Flow>,
        place: &Rc<Place>,
        (id, sub): (Option<i64>, u32),
        wish: Wish,
    ) -> Self {
        Self {
            seat: Seat::new(place.id, desk),
            terms: place.terms(),
            changed: place.changed(),
            desk: Arc::clone(desk),
            flow: Rc::clone(flow),
            place: Rc::clone(place),
            id,
            sub,
            wish,
            stage: Stage::Beginning,
            chain: Chain::new(sub, Seq::ZERO),
            epoch: Epoch::new(""),
            read: Seq::ZERO,
            keeps_pace: false,
            not_before: Instant::now(),
        }
    }

    async fn next(&mut self) -> Option<Said> {
        loop {
            if self.place.changed() != self.changed
                && !matches!(self.stage, Stage::Beginning | Stage::Over)
            {
                return Some(self.go_on_otherwise().await);
            }
            let said = match self.stage {
                Stage::Beginning => Some(self.begin().await),
                Stage::Reading => self.read_on().await,
                Stage::Live => self.listen().await,
                Stage::Lagging => self.lag().await,
                Stage::Over => return None,
            };
            if said.is_some() {
                return said;
            }
        }
    }

    async fn begin(&mut self) -> Said {
        self.enter(Stage::Over);
        let realtime = self.terms.delay.is_zero();
        if realtime && self.desk.hub.ask(self.place.join()).await.is_err() {
            return Said::Refused(Refusal::away("the hub"));
        }
        let Ok(mut span) = self.desk.span().await else {
            return Said::Refused(Refusal::away("the store"));
        };
        let now = self.desk.clock.now();
        if !realtime {
            // Its head is where the stream stood then.
            let moment = before(now, self.terms.delay);
            match head_at(&self.desk.store, &span, moment).await {
                Ok(head) => span.head = head,
                Err(_) => return Said::Refused(Refusal::away("the store")),
            }
        }
        let begin = begin(&self.wish.from, &span);
        let oldest = match self.terms.history {
            Some(history) if begin.after < span.head => {
                let moment = before(now, history);
                match head_at(&self.desk.store, &span, moment).await {
                    Ok(oldest) => Some(oldest.min(span.head)),
                    Err(_) => return Said::Refused(Refusal::away("the store")),
                }
            }
            Some(_) | None => None,
        };
        let mut answer = json!({
            "sub": self.sub, "epoch": span.epoch.as_str(), "head": span.head.get(),
            "resumed": begin.resumed,
        });
        if let Some(answer) = answer.as_object_mut() {
            answer.extend(self.terms.withheld.clone());
        }
        let mut frames = vec![Line {
            at: begin.after,
            text: done(self.id, answer),
        }];
        self.epoch = span.epoch;
        self.chain = Chain::new(self.sub, begin.after);
        self.chain.delay(!realtime);
        self.read = begin.after;
        if let Some(to) = begin.lost {
            self.chain.gap(to, Why::Retention);
            self.read = to;
        }
        if let Some(to) = oldest.filter(|to| *to > self.read) {
            self.chain.gap(to, Why::Plan);
            self.read = to;
        }
        self.enter(if !realtime {
            Stage::Lagging
        } else if self.read < span.head {
            Stage::Reading
        } else {
            Stage::Live
        });
        frames.append(&mut self.say());
        Said::Frames(frames)
    }

    /// Goes on with other rights, from where it stands, and says so.
    async fn go_on_otherwise(&mut self) -> Said {
        self.changed = self.place.changed();
        self.terms = self.place.terms();
        let mut remark = json!({"sub": self.sub, "type": "entitlement"});
        if let Some(remark) = remark.as_object_mut() {
            remark.extend(self.terms.withheld.clone());
        }
        self.chain.remark(remark.to_string());
        self.read = self.read.max(self.place.told());
        let outbox = Outbox::with_room(self.wish.mode, self.desk.limits.outbox);
        self.place.renew(outbox);
        if self.terms.delay.is_zero() {
            self.chain.delay(false);
            self.enter(Stage::Reading);
            while self.desk.hub.ask(self.place.join()).await.is_err() {
                sleep(REST).await;
            }
        } else {
            self.chain.delay(true);
            self.enter(Stage::Lagging);
            self.seat.leave().await;
        }
        Said::Frames(self.say())
    }

    /// Reads what was stored so long ago that it may be told, or waits until something was.
    async fn lag(&mut self) -> Option<Said> {
        self.flow.has_room().await;
        let limit = self.desk.limits.page;
        let events = match self.desk.store.events(self.read, limit).await {
            Ok(events) => events,
            Err(error) => return self.bear(&error).await,
        };
        if let Some(first) = events.first().filter(|first| first.seq > self.read.next()) {
            let last = Seq::new(first.seq.get() - 1);
            self.chain.gap(last, Why::Retention);
        }
        let now = self.desk.clock.now();
        let due = before(now, self.terms.delay);
        let (old, young) = events.split_at(events.partition_point(|event| event.stored <= due));
        let interest = self.place.interest();
        for (event, folded) in page::wanted(old, &interest, self.wish.mode) {
            let bytes = Encoder.encode(event, interest.view);
            self.chain.event(&Frame::new(event, bytes), folded, now);
        }
        if let Some(last) = old.last() {
            self.read = last.seq;
        }
        let said = self.said();
        if said.is_some() || !old.is_empty() {
            return said;
        }
        // What is not stored yet is not to be told before the whole delay has passed.
        let wait = young
            .first()
            .map_or(self.terms.delay, |next| next.stored.since(due));
        tokio::select! {
            () = sleep(wait.clamp(LEAST, MOST)) => {}
            () = self.place.change(self.changed) => {}
        }
        None
    }

    /// Reads a page of the store.
    async fn read_on(&mut self) -> Option<Said> {
        self.flow.has_room().await;
        let limit = self.desk.limits.page;
        let events = match self.desk.store.events(self.read, limit).await {
            Ok(events) => events,
            Err(error) => return self.bear(&error).await,
        };
        if let Some(first) = events.first().filter(|first| first.seq > self.read.next()) {
            let last = Seq::new(first.seq.get() - 1);
            self.chain.gap(last, Why::Retention);
        }
        let now = self.desk.clock.now();
        let interest = self.place.interest();
        for (event, folded) in page::wanted(&events, &interest, self.wish.mode) {
            let bytes = Encoder.encode(event, interest.view);
            self.chain.event(&Frame::new(event, bytes), folded, now);
        }
        if let Some(last) = events.last() {
            self.read = last.seq;
        }
        if events.len() < limit {
            self.chain.settle();
            self.enter(Stage::Live);
        }
        self.said()
    }

    /// Takes what is in the outbox, or waits for it.
    async fn listen(&mut self) -> Option<Said> {
        sleep_until(self.not_before).await;
        self.flow.has_room().await;
        self.read = self.read.max(self.place.told());
        let outbox = self.place.outbox();
        // From here to the session nothing is awaited: what left the outbox has been said before
        // anybody asks for the position.
        match outbox.take(self.flow.room()) {
            None => {
                self.keeps_pace = true;
                tokio::select! {
                    () = outbox.something() => {}
                    () = self.place.change(self.changed) => {}
                }
                None
            }
            Some(Taken::Frames(frames, seen)) => {
                self.keeps_pace = true;
                let now = self.desk.clock.now();
                let new = |(frame, _): &&(Frame, u32)| frame.seq > self.read;
                for (frame, folded) in frames.iter().filter(new) {
                    metrics::histogram!("touchstone_stage_seconds", "stage" => "stored_to_sent")
                        .record(now.since(frame.stored).as_secs_f64());
                    self.chain.event(frame, *folded, now);
                }
                self.chain.settle();
                self.read = self.read.max(seen);
                if let Some(hz) = self.wish.hz {
                    self.not_before = Instant::now() + Duration::from_secs_f64(hz.recip());
                }
                self.said()
            }
            Some(Taken::Lost(lost)) => self.bear_loss(lost),
            Some(Taken::Deaf) => self.join_anew().await,
        }
    }

    /// Decides how to go on when something is not in the outbox.
    fn bear_loss(&mut self, lost: Lost) -> Option<Said> {
        if lost.to <= self.read {
            return None;
        }
        if lost.overflows == 0 || !self.keeps_pace {
            // The hub was not told, or it overflowed while the store was read.
            self.enter(Stage::Reading);
            return None;
        }
        if lost.overflows > 1 && self.wish.mode == Mode::Each {
            self.enter(Stage::Over);
            return Some(Said::Ended(Closing::TooSlow {
                sub: self.sub,
                epoch: self.epoch.clone(),
                resume: self.place.told(),
            }));
        }
        self.chain.gap(lost.to, Why::Slow);
        self.read = lost.to;
        self.said()
    }

    /// The hub was born anew and knows nothing of this subscription.
    async fn join_anew(&mut self) -> Option<Said> {
        self.enter(Stage::Reading);
        let outbox = Outbox::with_room(self.wish.mode, self.desk.limits.outbox);
        self.place.renew(outbox);
        while self.desk.hub.ask(self.place.join()).await.is_err() {
            sleep(REST).await;
        }
        match self.desk.span().await {
            Ok(span) if span.epoch == self.epoch => None,
            // The record went back meanwhile: whoever comes back is told so.
            Ok(_) => Some(Said::Ended(Closing::Internal)),
            Err(error) => self.bear(&error).await,
        }
    }

    /// Bears a failing store, unless that is hopeless.
    async fn bear(&mut self, error: &StoreError) -> Option<Said> {
        tracing::warn!("could not read events for a subscription: {error}");
        if error.advice() == Advice::Stop {
            self.enter(Stage::Over);
            return Some(Said::Ended(Closing::Internal));
        }
        sleep(REST).await;
        None
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.keeps_pace = false;
        self.place.go_live(stage == Stage::Live);
    }

    /// The frames that the chain has ready; none when there are none.
    fn said(&mut self) -> Option<Said> {
        let frames = self.say();
        (!frames.is_empty()).then_some(Said::Frames(frames))
    }

    fn say(&mut self) -> Vec<Line> {
        self.place.tell(self.chain.told(self.read));
        self.chain.frames()
    }
}
