//! Told to stop: sessions are sent away in order, and the next start goes on.

use std::collections::BTreeSet;

use crate::api::text;
use crate::home::Home;
use crate::listener::{Heard, Listener};
use crate::records::each_post_is_stored_once;
use crate::wait::{LONGEST, within};

/// So many events before the stop, so that something is open.
const EVENTS: usize = 40;

#[tokio::test]
async fn it_leaves_in_order_when_told_by_sigterm_and_goes_on_at_the_next_start() {
    leaves_and_goes_on("TERM").await;
}

#[tokio::test]
async fn it_leaves_in_order_when_told_by_sigint_and_goes_on_at_the_next_start() {
    leaves_and_goes_on("INT").await;
}

async fn leaves_and_goes_on(signal: &str) {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    for _ in 0..EVENTS {
        listener.event().await;
    }
    running.signal(signal);
    is_sent_away(&mut listener).await;
    assert_eq!(running.ended().await, Some(0));

    let running = home.start(&[]).await;
    let (epoch, head) = running.api.position().await;
    assert_eq!(epoch, listener.epoch);
    assert!(head >= listener.at, "the stream went back to {head}");
    let mut resumed = Listener::connect(&running.api.address, Some(&listener.position())).await;
    assert_eq!(resumed.resumed, "replay");
    let before = running.api.events().await;
    let mut open: BTreeSet<String> = running.api.open_signals().await.into_iter().collect();
    open.retain(|id| {
        before[..listener_end(listener.at)]
            .iter()
            .any(|event| text(event, "signal") == *id)
    });
    assert!(!open.is_empty(), "nothing was open at the stop");
    within(LONGEST, "outcomes of what was open", async {
        let mut outcomes = 0;
        while outcomes < 3 {
            let outcome = resumed.event_of("outcome").await;
            outcomes += usize::from(open.contains(&text(&outcome, "signal")));
        }
    })
    .await;
    let after = running.api.events().await;
    assert_eq!(after[..before.len()], before, "what was stored has changed");
    running.stop().await;
    let posts = each_post_is_stored_once(&home.path("data/simulator.db")).await;
    println!(
        "SIG{signal}: {} events, {posts} posts, {} signals of before the stop were open",
        after.len(),
        open.len()
    );
}

fn listener_end(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

/// First the word, then events as long as there are any, then the close.
async fn is_sent_away(listener: &mut Listener) {
    let mut announced = false;
    loop {
        match listener.next().await {
            Heard::Other(frame) if frame["type"] == "drain" => {
                assert!(frame["reconnect_in_ms"].is_u64(), "{frame}");
                announced = true;
            }
            Heard::Event(_) | Heard::Other(_) => {}
            Heard::Closed(code) => {
                assert_eq!(code, Some(4503));
                assert!(announced, "closed without a word");
                return;
            }
        }
    }
}
