//! A plan that tells late tells everything late: not the signal alone, but how it stands, too.

use serde_json::Value;

use crate::api::text;
use crate::people::{Town, closed};
use crate::wait::until;

/// How late.
const DELAY_S: &str = "4";

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
    let path = "/v1/signals?limit=100";
    let moved = until(
        "a signal has moved that the other is not told of yet",
        async || {
            let told = town.told(&late, path).await;
            // Asked later, so whatever is told to the one has happened for the other.
            let now = town.told(&admin, path).await;
            let now = by_id(&now);
            by_id(&told).into_iter().find_map(|(id, seen)| {
                let (_, live) = now.iter().find(|(other, _)| *other == id)?;
                let hidden = seen["state"] == "pending" && live["state"] != "pending";
                hidden.then(|| (id, text(seen, "channel")))
            })
        },
    )
    .await;
    let (id, channel) = moved;

    // What the list says is what the story says, for each that is shown.
    let told = town.told(&late, path).await;
    for (id, signal) in by_id(&told).into_iter().take(20) {
        let story = town.told(&late, &format!("/v1/signals/{id}")).await;
        let (over, moved) = stands(&story);
        // The story was asked a moment later.
        assert!(over || signal["outcome"].is_null(), "{signal} {story}");
        assert!(moved || signal["state"] == "pending", "{signal} {story}");
    }

    // A filter does not tell either: what is shown as pending is among the open ones, and among those of
    // its state alone.
    let of = |filter: &str| format!("{path}&channels={channel}&{filter}");
    let shown = async |who: &str, filter: &str| {
        let list = town.told(who, &of(filter)).await;
        let shown = by_id(&list).into_iter();
        let fits = shown
            .clone()
            .all(|(_, it)| filter != "state=pending" || it["state"] == "pending");
        assert!(fits, "{list}");
        shown.map(|(id, _)| id).collect::<Vec<_>>()
    };
    let kept = until("both filters agree with what is shown", async || {
        let story = town.told(&late, &format!("/v1/signals/{id}")).await;
        let pending = shown(&late, "state=pending").await.contains(&id);
        let again = town.told(&late, &format!("/v1/signals/{id}")).await;
        let steady = story["signal"]["state"] == again["signal"]["state"];
        steady.then(|| (story["signal"]["state"] == "pending", pending))
    })
    .await;
    assert_eq!(kept.0, kept.1, "{id}");
    town.stop().await;
}
