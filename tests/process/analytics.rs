//! What is said of channels: from a record whose figures can be worked out by hand.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Happening};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::lifecycle::{BoundResult, Change, Ending, Evidence, Outcome, POLICY, State, What};
use domain::market::{Instrument, Price, Side};
use domain::ports::store::{ChannelCard, Entry, PostEntry, Store as _};
use domain::post::{Action, Origin, Post};
use domain::reading::{self, Meaning, Reading, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use touchstone::store::{Durability, Options, SqliteStore};

use crate::api::problem;
use crate::home::Home;

const DAY: i64 = 86_400;

/// 2025-01-01.
pub(crate) fn day(nth: i64) -> Timestamp {
    Timestamp::from_millis((1_735_689_600 + nth * DAY) * 1_000)
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

/// A long of one day that earned so much, in hundredths of R; none was not filled.
pub(crate) fn judged(channel: &ChannelId, nth: i64, hundredths: Option<i64>) -> PostEntry {
    let key = PostKey::new(format!("{nth}"));
    let received = day(nth);
    let ended = received + Duration::from_secs(3_600);
    let signal = Signal {
        id: SignalId::of(channel, &key, 0),
        channel: channel.clone(),
        post: key.clone(),
        origin: Origin::Live,
        instrument: Instrument::parse("sim:spot:BTC/USDT").unwrap(),
        substituted: false,
        side: if nth % 2 == 0 {
            Side::Long
        } else {
            Side::Short
        },
        entry: reading::Entry::Limit(price("100")),
        targets: vec![Target {
            price: price("130"),
            weight: None,
        }],
        stop: Some(price("90")),
        leverage: None,
        breakeven_after: None,
        posted: received,
        received,
        expires_at: received + Duration::from_secs(86_400),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: None,
        ambiguous: false,
    };
    let ending = match hundredths {
        None => Ending::ExpiredUnfilled,
        Some(r) if r > 0 => Ending::AllTargets,
        Some(_) => Ending::StoppedOut,
    };
    let bound = BoundResult {
        ending,
        r: hundredths.map(|r| Decimal::new(r, 2)),
        filled: Decimal::from(i64::from(hundredths.is_some())),
        targets: 0,
        entered_at: hundredths.map(|_| received + Duration::from_secs(60)),
        ended_at: ended,
        mfe: None,
        mae: None,
    };
    let change = Change {
        at: ended,
        what: What::Judged(Box::new(Outcome {
            model: "default/1",
            policy: Some(POLICY),
            pessimistic: bound.clone(),
            optimistic: bound,
            ambiguous: false,
            incomplete: false,
        })),
        state: State::Ended(ending),
        evidence: Evidence::Time(ended),
    };
    let happening = |body| Happening {
        signal: signal.id,
        channel: channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: Origin::Live,
        posted: Some(received),
        received,
        scored: None,
        body,
    };
    PostEntry {
        post: Post {
            channel: channel.clone(),
            key,
            action: Action::Original,
            author: None,
            text: format!("call {nth}"),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: received,
            received,
            origin: Origin::Live,
        },
        reading: Reading {
            parser: "rules/1",
            meaning: Meaning::Signals(Vec::new()),
        },
        note: None,
        happenings: vec![
            happening(Body::Signal {
                signal: Arc::new(signal.clone()),
                score: None,
            }),
            happening(Body::Progress(Box::new(change))),
        ],
        assessments: Vec::new(),
        cursor: None,
    }
}

/// Three channels: one earns, one loses, and of one nobody knows much.
async fn recorded(home: &Home) {
    std::fs::create_dir_all(home.path("data")).unwrap();
    let store = SqliteStore::open(Options {
        durability: Durability::Normal,
        ..Options::file(home.path("data/touchstone.db"))
    })
    .await
    .unwrap();
    let earns = |nth: i64| Some(if nth % 2 == 0 { 200 } else { -100 });
    let loses = |nth: i64| Some(if nth % 4 == 0 { 50 } else { -100 });
    let unfilled = |nth: i64| (nth == 1).then_some(300);
    type Earned = dyn Fn(i64) -> Option<i64>;
    let channels: [(&str, i64, &Earned); 3] = [
        ("earns", 80, &earns),
        ("loses", 80, &loses),
        ("few", 4, &unfilled),
    ];
    for (name, days, r) in channels {
        let id = ChannelId::parse(name).unwrap();
        let card = ChannelCard {
            id: id.clone(),
            platform: "file".to_owned(),
            title: name.to_owned(),
            origin: Origin::Live,
        };
        store.register(&card, day(0)).await.unwrap();
        let entries: Vec<Entry> = (0..days)
            .map(|nth| Entry::Post(Box::new(judged(&id, nth, r(nth)))))
            .collect();
        store.commit(&entries, day(100)).await.unwrap();
    }
    drop(store);
}

fn near(value: &serde_json::Value, wanted: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - wanted).abs() < 1e-6, "{value} is not {wanted}");
}

#[tokio::test]
async fn channels_are_ranked_by_what_can_be_proven_of_them() {
    let home = Home::new().configured("[simulator]\nenabled = false\n");
    recorded(&home).await;
    let running = home.start(&[]).await;
    let best = running.api.json("/v1/analytics/leaderboard").await;
    assert_eq!(
        (&best["order"], &best["origin"]),
        (&"best".into(), &"live".into())
    );
    let names = |list: &serde_json::Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["channel"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&best["ranked"]), ["earns", "loses"]);
    assert_eq!(names(&best["unranked"]), ["few"]);
    let reason = best["unranked"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("one block"), "{reason}");

    let worst = running
        .api
        .json("/v1/analytics/leaderboard?order=worst")
        .await;
    assert_eq!(names(&worst["ranked"]), ["loses"]);
    assert_eq!(names(&worst["unranked"]), ["earns", "few"]);

    // 40 × 2 − 40 × 1 = 40 R in 80 trades: 0.5 R, of which each day made one.
    let earns = &best["ranked"][0]["figures"];
    assert_eq!((&earns["trades"], &earns["won"]), (&80.into(), &40.into()));
    near(&earns["mean_r"]["value"], 0.5);
    near(&earns["sum_r"], 40.0);
    near(&earns["profit_factor"], 2.0);
    near(&earns["max_drawdown_r"], 1.0);
    near(&earns["win_rate"]["value"], 0.5);
    near(&earns["fill_rate"], 1.0);
    // Risk 10 and gain 30 of longs: a price that goes nowhere wins one in four.
    near(&earns["geometry_win_rate"], 0.25);
    let low = earns["mean_r"]["low"].as_f64().unwrap();
    assert!(0.0 < low && low < 0.5, "{low}");
    near(&best["unranked"][0]["figures"]["fill_rate"], 0.25);

    let board = running
        .api
        .json("/v1/analytics/leaderboard?origin=simulator")
        .await;
    assert_eq!(
        names(&board["ranked"]).len() + names(&board["unranked"]).len(),
        0
    );
}

#[tokio::test]
async fn a_channels_figures_know_only_what_had_ended() {
    let home = Home::new().configured("[simulator]\nenabled = false\n");
    recorded(&home).await;
    let running = home.start(&[]).await;
    let all = running.api.json("/v1/analytics/channels/earns").await;
    let parts = &all["parts"];
    assert_eq!(parts["curve"].as_array().unwrap().len(), 80);
    near(&parts["curve"][79]["sum_r"], 40.0);
    let months = parts["months"].as_array().unwrap();
    assert_eq!(months.len(), 3);
    assert_eq!(
        (&months[0]["name"], &months[0]["trades"]),
        (&"2025-01".into(), &31.into())
    );
    near(&months[0]["sum_r"], 17.0);
    near(&parts["sides"][0]["mean_r"], 2.0);
    near(&parts["sides"][1]["mean_r"], -1.0);
    assert_eq!(parts["symbols"][0]["name"], "BTC/USDT");
    assert_eq!(parts["hours"][0]["name"], "00");

    // Half an hour after the call of the third day: two trades had ended, and the third was open.
    let then = running
        .api
        .json("/v1/analytics/channels/earns?at=2025-01-03T00:30:00Z")
        .await;
    let figures = &then["figures"];
    assert_eq!(
        (&figures["signals"], &figures["open"]),
        (&3.into(), &1.into())
    );
    near(&figures["sum_r"], 1.0);

    for (path, field) in [
        ("/v1/analytics/leaderboard?order=first", "order"),
        ("/v1/analytics/leaderboard?window=2d", "window"),
        ("/v1/analytics/leaderboard?model=best/1", "model"),
        ("/v1/analytics/leaderboard?origin=import", "origin"),
        ("/v1/analytics/channels/earns?at=soon", "at"),
        ("/v1/analytics/channels/earns?origin=mars", "origin"),
    ] {
        let said = problem(&running.api.get(path, &[]).await, 400, "invalid_request");
        assert_eq!(said["field"], field, "{path}: {said}");
    }
    let nobody = running.api.get("/v1/analytics/channels/nobody", &[]).await;
    problem(&nobody, 404, "not_found");
}
