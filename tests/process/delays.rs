//! A plan that tells late tells everything late: not the signal alone, but how it stands, too.

use serde_json::{Value, json};

use crate::api::text;
use crate::people::{Town, closed};
use crate::wait::until;

/// How late.
const DELAY_S: &str = "10";

/// The signals of a list, by their ids.
fn by_id(list: &Value) -> Vec<(String, &Value)> {
    let signals = list["signals"].as_array().unwrap();
    signals.iter().map(|it| (text(it, "id"), it)).collect()
}

/// How a story says that a signal stands, by what happened in it.
fn stands(story: &Value) -> (bool, bool) {
    let events = story["events"].as_array().unwrap();
    let any = |wanted: &str| events.iter().any(|event| event["type"] == wanted);
    (any("outcome"), any("progress") || any("outcome"))
}

#[tokio::test]
async fn whoever_is_told_late_does_not_learn_how_a_signal_stands_now() {
    let home = closed()
        .with("PLANS__FREE__DELAY_S", DELAY_S)
        .with("SIMULATOR__PACE", "100");
    let town = Town::at(home).await;
    let admin = town.admin().await.bearer();
    let late = town.settle("late").await.bearer();
    let (id, channel, state) = until(
        "a signal stands otherwise than the other is told",
        async || {
            let told = town.told(&late, "/v1/signals?limit=20").await;
            // Asked later, so whatever is told to the one has happened for the other.
            let now = town.told(&admin, "/v1/signals?limit=500").await;
            let now = by_id(&now);
            by_id(&told).into_iter().find_map(|(id, seen)| {
                let (_, live) = now.iter().find(|(other, _)| *other == id)?;
                let hidden = seen["state"] != live["state"];
                hidden.then(|| (id, text(seen, "channel"), text(seen, "state")))
            })
        },
    )
    .await;

    // What the list says is what the story says, for each that is shown.
    let told = town.told(&late, "/v1/signals?limit=10").await;
    for (id, signal) in by_id(&told) {
        let story = town.told(&late, &format!("/v1/signals/{id}")).await;
        let (over, moved) = stands(&story);
        // The story was asked a moment later.
        assert!(over || signal["outcome"].is_null(), "{signal} {story}");
        assert!(moved || signal["state"] == "pending", "{signal} {story}");
    }

    // A filter does not tell either: it goes by what is shown.
    let shown = async || {
        let story = town.told(&late, &format!("/v1/signals/{id}")).await;
        story["signal"]["state"] == json!(state)
    };
    let path = format!("/v1/signals?limit=500&channels={channel}&state={state}");
    let (before, listed) = until("nothing changes while it is asked", async || {
        let before = shown().await;
        let list = town.told(&late, &path).await;
        let all = by_id(&list);
        let fits = all
            .iter()
            .all(|(_, signal)| signal["state"] == json!(state));
        assert!(fits, "{list}");
        let listed = all.iter().any(|(other, _)| *other == id);
        (shown().await == before).then_some((before, listed))
    })
    .await;
    assert_eq!(before, listed, "{id} as {state}");
    town.stop().await;
}
