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
use super::page;
use super::place::Place;
use super::protocol::{Refusal, Wish, begin, done};
use super::{Desk, Seat};
use crate::wire::Encoder;

/// How long to rest before the store or the hub is asked again.
const REST: Duration = Duration::from_millis(200);

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
    _seat: Seat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Reading,
    Live,
    Over,
}

/// Opens a subscription: its place, and everything that it has to say. It says nothing while its
/// socket is full. `id` is the command that is answered.
pub(super) fn follow(
    desk: &Arc<Desk>,
    flow: &Rc<Flow>,
    (id, sub): (Option<i64>, u32),
    wish: Wish,
) -> (Rc<Place>, impl Stream<Item = Said> + use<>) {
    let outbox = Outbox::with_room(wish.mode, desk.limits.outbox);
    let place = Place::new(desk.next_subscription(), wish.interest.clone(), outbox);
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
            _seat: Seat::new(place.id, desk),
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
            let said = match self.stage {
                Stage::Beginning => Some(self.begin().await),
                Stage::Reading => self.read_on().await,
                Stage::Live => self.listen().await,
                Stage::Over => return None,
            };
            if said.is_some() {
                return said;
            }
        }
    }

    async fn begin(&mut self) -> Said {
        self.enter(Stage::Over);
        if self.desk.hub.ask(self.place.join()).await.is_err() {
            return Said::Refused(Refusal::away("the hub"));
        }
        let Ok(span) = self.desk.store.span().await else {
            return Said::Refused(Refusal::away("the store"));
        };
        let begin = begin(&self.wish.from, &span);
        let answer = json!({
            "sub": self.sub, "epoch": span.epoch.as_str(), "head": span.head.get(),
            "resumed": begin.resumed,
        });
        let mut frames = vec![Line {
            at: begin.after,
            text: done(self.id, answer),
        }];
        self.epoch = span.epoch;
        self.chain = Chain::new(self.sub, begin.after);
        self.read = begin.after;
        if let Some(to) = begin.lost {
            self.chain.gap(to, Why::Retention);
            self.read = to;
        }
        self.enter(if self.read < span.head {
            Stage::Reading
        } else {
            Stage::Live
        });
        frames.append(&mut self.say());
        Said::Frames(frames)
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
                outbox.something().await;
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
        match self.desk.store.span().await {
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
