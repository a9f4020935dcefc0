//! Killed in the middle, again and again: what was shown is stored, and everything goes on.

use std::collections::BTreeMap;

use rand::RngExt as _;
use serde_json::Value;

use crate::api::text;
use crate::home::Home;
use crate::listener::{Heard, Listener, shared};
use crate::records::each_post_is_stored_once;
use crate::running::Running;
use crate::wait::{LONGEST, within};

const KILLS: usize = 4;

/// What a client has seen, by `seq`, over all its connections.
#[derive(Default)]
struct Seen {
    position: Option<String>,
    events: BTreeMap<u64, Value>,
}

impl Seen {
    async fn connect(&self, running: &Running) -> Listener {
        let listener = Listener::connect(&running.api.address, self.position.as_deref()).await;
        let expected = if self.position.is_some() {
            "replay"
        } else {
            "live"
        };
        assert_eq!(listener.resumed, expected);
        listener
    }

    fn keep(&mut self, event: Value, listener: &Listener) {
        let former = self.events.insert(listener.at, shared(event));
        assert!(former.is_none(), "a double: {former:?}");
        self.position = Some(listener.position());
    }

    /// Sees so many events.
    async fn see(&mut self, listener: &mut Listener, events: usize) {
        for _ in 0..events {
            let event = listener.event().await;
            self.keep(event, listener);
        }
    }

    /// Sees what was on its way when the other end died.
    async fn see_the_rest(&mut self, listener: &mut Listener) {
        loop {
            match listener.next().await {
                Heard::Event(event) => self.keep(event, listener),
                Heard::Other(_) => self.position = Some(listener.position()),
                Heard::Closed(code) => {
                    assert_eq!(code, None, "a killed process says no farewell");
                    return;
                }
            }
        }
    }

    /// The signals without an outcome.
    fn open(&self) -> Vec<String> {
        let of = |kind| {
            let events = self.events.values();
            events
                .filter(move |event| event["type"] == kind)
                .map(|event| text(event, "signal"))
        };
        let over: Vec<String> = of("outcome").collect();
        of("signal").filter(|id| !over.contains(id)).collect()
    }
}

#[tokio::test]
async fn nothing_that_was_shown_is_lost_by_kill_minus_nine_and_everything_goes_on() {
    let home = Home::simulated();
    let mut seen = Seen::default();
    let mut epoch = None;
    for _ in 0..KILLS {
        let running = home.start(&[]).await;
        let mut listener = seen.connect(&running).await;
        assert_eq!(*epoch.get_or_insert(listener.epoch.clone()), listener.epoch);
        let until = rand::rng().random_range(1..60);
        seen.see(&mut listener, until).await;
        running.kill();
        seen.see_the_rest(&mut listener).await;
    }
    let open = seen.open();
    assert!(!open.is_empty(), "nothing was open at the kill");

    let running = home.start(&[]).await;
    let mut listener = seen.connect(&running).await;
    assert_eq!(epoch, Some(listener.epoch.clone()));
    within(LONGEST, "an outcome of what was open at the kill", async {
        loop {
            seen.see(&mut listener, 1).await;
            let last = seen.events.values().next_back().unwrap();
            if last["type"] == "outcome" && open.contains(&text(last, "signal")) {
                return;
            }
        }
    })
    .await;
    let events = running.api.events().await;
    for (seq, event) in &seen.events {
        let stored = &events[usize::try_from(*seq).unwrap() - 1];
        assert_eq!(stored, event, "shown and not stored so");
    }
    running.stop().await;
    let posts = each_post_is_stored_once(&home.path("data/simulator.db")).await;
    println!(
        "{KILLS} kills: {} events, {} of them shown, {posts} posts, {} signals open at the last kill",
        events.len(),
        seen.events.len(),
        open.len()
    );
}
