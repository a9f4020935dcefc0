//! A board of many channels: computed once for what is stored, and again for those alone that something
//! happened to.

use std::time::Instant;

use domain::ids::ChannelId;
use domain::ports::store::{ChannelCard, Entry, Store as _};
use domain::post::Origin;
use serde_json::Value;
use touchstone::store::{Durability, Options, SqliteStore};

use crate::alerts::{KEY, outcome};
use crate::analytics::{day, judged};
use crate::home::Home;
use crate::wait::until;

/// So many channels, each with so many judged signals.
const CHANNELS: i64 = 20;
const SIGNALS: i64 = 250;

async fn recorded(home: &Home) {
    std::fs::create_dir_all(home.path("data")).unwrap();
    let store = SqliteStore::open(Options {
        durability: Durability::Normal,
        ..Options::file(home.path("data/touchstone.db"))
    });
    let store = store.await.unwrap();
    for nth in 0..CHANNELS {
        let id = ChannelId::parse(&format!("channel-{nth}")).unwrap();
        let card = ChannelCard {
            id: id.clone(),
            platform: "file".to_owned(),
            title: format!("Channel {nth}"),
            origin: Origin::Live,
        };
        store.register(&card, day(0)).await.unwrap();
        let earned = |of: i64| Some((of * 37 + nth * 11) % 300 - 120);
        let entries: Vec<Entry> = (0..SIGNALS)
            .map(|of| Entry::Post(Box::new(judged(&id, of, earned(of)))))
            .collect();
        store.commit(&entries, day(SIGNALS + 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_board_is_computed_again_for_those_alone_that_something_happened_to() {
    let exchange = simulator::start(simulator::Options::default()).unwrap();
    let at = exchange.address();
    let home = Home::new()
        .configured(&format!(
            "[http]\ndrain_ms = 100\n[simulator]\nenabled = false\n\
             [venues.exchange]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
             [channels.desk]\nsource = \"webhook\"\n"
        ))
        .with("CHANNELS__DESK__KEY", KEY);
    recorded(&home).await;
    let running = home.start(&[]).await;
    let api = &running.api;
    let told = async |what: &str, path: &str| {
        let began = Instant::now();
        let board = api.json(path).await;
        println!("{what}: {:?}", began.elapsed());
        board
    };
    let computed = async || {
        let metrics = api.get("/metrics", &[]).await;
        let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
        let counted = metrics.lines().find_map(|line| {
            let count = line.strip_prefix("touchstone_figures_computed_total ")?;
            count.parse::<i64>().ok()
        });
        counted.unwrap_or(0)
    };
    let board = "/v1/analytics/leaderboard";
    let first = told("the first time", board).await;
    assert_eq!(first["ranked"].as_array().unwrap().len() as i64, CHANNELS);
    let after_first = computed().await;
    assert_eq!(
        after_first,
        CHANNELS + 1,
        "each channel once, and the empty desk"
    );
    told("again", board).await;
    assert_eq!(computed().await, after_first);

    // Something happens in one channel.
    let now = jiff::Timestamp::now().as_millisecond();
    let pair = simulator::find("QBTUSDT").unwrap();
    let price = exchange.market().last_trade(pair, now).price.as_f64();
    let [one, stop] = [1.04, 0.95].map(|share| price * share);
    let signal = format!("BUY #QBT/USDT\nEntry: {price:.1}\nTarget 1: {one:.1}\nStop: {stop:.1}");
    let headers = [("x-touchstone-key", KEY), ("content-type", "text/plain")];
    until("the signal is taken", async || {
        let answer = api.post("/v1/ingest/desk", &headers, &signal).await;
        (answer.status == 200).then(|| outcome(&answer))
    })
    .await;
    let next = told("after a signal in one channel", board).await;
    let desk = |board: &Value| {
        let unranked = board["unranked"].as_array().unwrap().clone();
        unranked.into_iter().find(|one| one["channel"] == "desk")
    };
    assert_eq!(desk(&first), None);
    assert_eq!(desk(&next).unwrap()["figures"]["signals"], 1, "{next}");
    assert_eq!(next["ranked"], first["ranked"]);
    let after_signal = computed().await;
    assert!(
        after_signal > after_first,
        "the desk was not computed again"
    );
    // The signal may have been entered meanwhile, too, and nobody else is concerned.
    assert!(
        after_signal <= after_first + 2,
        "{after_first} {after_signal}"
    );

    // Many who ask for the same at once wait for one.
    let windowed = "/v1/analytics/leaderboard?window=365d&order=worst";
    let before = computed().await;
    let asked = (0..8).map(|_| told("one of eight at once", windowed));
    let boards = futures_util::future::join_all(asked).await;
    assert!(
        boards
            .iter()
            .all(|board| board["ranked"] == boards[0]["ranked"])
    );
    let together = computed().await - before;
    assert!(together <= CHANNELS + 3, "{together}");
}
