//! Signals that are tried again: under every model, from the venue's candles and from files, and what a
//! follower asks about them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Happening};
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::lifecycle::{
    BoundResult, Change, Ending, Evidence, Outcome, POLICY, State, What, Word,
};
use domain::market::{Candle, Instrument, Price, Side, Tick};
use domain::ports::retrial::{Retrials as _, Retried};
use domain::ports::store::{ChannelCard, Entry, PostEntry, Store as _};
use domain::post::{Action, Origin, Post};
use domain::reading::{self, Meaning, Order, Reading, Target};
use domain::retrial::{Retrial, Said, Seen};
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulator::{SYMBOLS, Simulator};
use touchstone::store::{Durability, Options, SqliteStore};

use crate::api::{problem, read};
use crate::home::Home;
use crate::wait::until;

/// 2026-06-02T00:00:30Z: as far as the market goes.
const NOW_MS: i64 = 1_780_358_430_000;

/// The first signal is received in this minute: 2026-05-30T00:00Z.
const FROM_MS: i64 = 1_780_099_200_000;

const MINUTE_MS: i64 = 60_000;

const SIGNALS: i64 = 6;

fn exchange() -> Simulator {
    let (clock, _) = simulator::Clock::by_hand(NOW_MS * 1_000);
    simulator::start(simulator::Options {
        clock,
        ..simulator::Options::default()
    })
    .unwrap()
}

fn home(simulator: &Simulator) -> Home {
    let at = simulator.address();
    Home::new().configured(&format!(
        "[simulator]\nenabled = false\n\
         [venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n"
    ))
}

/// What was really so, minute by minute.
fn truth(simulator: &Simulator) -> Vec<Candle> {
    let symbol = SYMBOLS.iter().find(|symbol| symbol.name == "ZETUSDT");
    let minutes = (NOW_MS - FROM_MS) / MINUTE_MS;
    (0..minutes)
        .filter_map(|nth| {
            let open_ms = FROM_MS + nth * MINUTE_MS;
            let market = simulator.market();
            let kline = market.kline(symbol.unwrap(), open_ms, 1, NOW_MS)?;
            let price = |amount: simulator::Amount| Price::parse(&amount.padded()).unwrap();
            Some(Candle {
                open_time: Timestamp::from_millis(open_ms),
                span: Duration::from_secs(60),
                open: price(kline.open),
                high: price(kline.high),
                low: price(kline.low),
                close: price(kline.close),
                volume: Decimal::ONE,
            })
        })
        .collect()
}

/// The levels of the `nth` signal are so many thousandths from the price at its receipt.
fn signal(channel: &ChannelId, candles: &[Candle], nth: i64) -> Signal {
    let minute = usize::try_from(nth * 400 + 7).unwrap();
    let price = candles[minute].close;
    let side = if nth % 2 == 0 {
        Side::Long
    } else {
        Side::Short
    };
    let level = |thousandths: i64| {
        let away = Decimal::new(thousandths, 3) * side.sign();
        Price::new((price.get() * (Decimal::ONE + away)).round_dp(6)).unwrap()
    };
    let entry = match nth % 3 {
        0 => reading::Entry::Market(Some(price)),
        1 => reading::Entry::Limit(level(-2)),
        _ => reading::Entry::Zone {
            low: level(-4).min(level(-1)),
            high: level(-4).max(level(-1)),
        },
    };
    let target = |thousandths| Target {
        price: level(thousandths),
        weight: None,
    };
    let key = PostKey::new(nth.to_string());
    let received = candles[minute].open_time + Duration::from_millis(30_250);
    Signal {
        id: SignalId::of(channel, &key, 0),
        channel: channel.clone(),
        post: key,
        origin: Origin::Live,
        instrument: Instrument::parse("sim:spot:ZET/USDT").unwrap(),
        substituted: false,
        side,
        entry,
        targets: vec![target(6), target(12)],
        stop: Some(level(-12)),
        leverage: None,
        breakeven_after: None,
        posted: received,
        received,
        expires_at: received + Duration::from_secs(2 * 3_600),
        held_at_most: Duration::from_secs(5 * 3_600),
        price_at_receipt: Some(price),
        ambiguous: false,
    }
}

/// What was decided live, which no retrial may change.
fn live(signal: &Signal) -> Outcome {
    let bound = BoundResult {
        ending: Ending::StoppedOut,
        r: Some(Decimal::new(-11, 1)),
        filled: Decimal::ONE,
        targets: 0,
        entered_at: Some(signal.received + Duration::from_secs(1)),
        ended_at: signal.received + Duration::from_secs(3_600),
        mfe: None,
        mae: None,
    };
    Outcome {
        model: "default/1",
        policy: Some(POLICY),
        pessimistic: bound.clone(),
        optimistic: bound,
        ambiguous: false,
        incomplete: false,
    }
}

/// The author withdraws what is not entered of every third signal after an hour, and closes the rest.
fn word(signal: &Signal, nth: i64) -> Option<(Order, Timestamp)> {
    let at = signal.received + Duration::from_secs(3_600);
    (nth % 3 == 2).then_some((Order::Close, at))
}

fn stored(signal: &Signal, nth: i64) -> PostEntry {
    let happening = |body, received| Happening {
        signal: signal.id,
        channel: signal.channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: signal.origin,
        posted: Some(signal.posted),
        received,
        scored: None,
        body,
    };
    let called = Body::Signal {
        signal: Arc::new(signal.clone()),
        score: None,
    };
    let mut happenings = vec![happening(called, signal.received)];
    happenings.extend(word(signal, nth).map(|(order, at)| {
        let post = PostKey::new(format!("{nth}-word"));
        happening(Body::Instruction { order, post }, at)
    }));
    let ended = signal.received + Duration::from_secs(3_600);
    let judged = Change {
        at: ended,
        what: What::Judged(Box::new(live(signal))),
        state: State::Ended(Ending::StoppedOut),
        evidence: Evidence::Time(ended),
    };
    happenings.push(happening(Body::Progress(Box::new(judged)), ended));
    PostEntry {
        post: Post {
            channel: signal.channel.clone(),
            key: signal.post.clone(),
            action: Action::Original,
            author: None,
            text: format!("call {nth}"),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: signal.received,
            received: signal.received,
            origin: Origin::Live,
        },
        reading: Reading {
            parser: "rules/1",
            meaning: Meaning::Signals(Vec::new()),
        },
        note: None,
        happenings,
        assessments: Vec::new(),
        cursor: None,
    }
}

/// The author claims six tenths of a percent for the first signal, which was stopped out.
fn claim(signal: &Signal) -> PostEntry {
    let mut entry = stored(signal, 0);
    entry.post.key = PostKey::new("brag");
    entry.post.text = "TP1 hit, +0.6 % profit".to_owned();
    entry.post.reply_to = Some(signal.post.clone());
    entry.post.received = signal.received + Duration::from_secs(600);
    entry.reading.meaning = Meaning::Claim {
        pair: None,
        percent: Some(Decimal::new(6, 1)),
    };
    entry.happenings.clear();
    entry
}

async fn opened(home: &Home) -> SqliteStore {
    std::fs::create_dir_all(home.path("data")).unwrap();
    let file = Options::file(home.path("data/touchstone.db"));
    let durability = Durability::Normal;
    let store = SqliteStore::open(Options { durability, ..file }).await;
    store.unwrap()
}

/// Stores the signals as if they had been judged live, and gives them.
async fn recorded(home: &Home, candles: &[Candle]) -> Vec<Signal> {
    let store = opened(home).await;
    let id = ChannelId::parse("room").unwrap();
    let card = ChannelCard {
        id: id.clone(),
        platform: "file".to_owned(),
        title: "Room".to_owned(),
        origin: Origin::Live,
    };
    let now = Timestamp::from_millis(NOW_MS);
    store.register(&card, now).await.unwrap();
    let signals: Vec<Signal> = (0..SIGNALS).map(|nth| signal(&id, candles, nth)).collect();
    let entries = (0..).zip(&signals);
    let entries = entries.map(|(nth, signal)| Entry::Post(Box::new(stored(signal, nth))));
    let mut entries: Vec<Entry> = entries.collect();
    entries.push(Entry::Post(Box::new(claim(&signals[0]))));
    store.commit(&entries, now).await.unwrap();
    store.close().await;
    signals
}

/// What comes of the `nth` signal on these candles, by model; what a candle of it is missing is a hole.
fn expected(signal: &Signal, nth: i64, candles: &[Candle]) -> BTreeMap<&'static str, Outcome> {
    // No other call of the channel turns against it: each has its own time.
    let said = word(signal, nth).map(|(order, at)| Said {
        seq: domain::ids::Seq::new(2),
        at,
        word: Word::Order(order, PostKey::new("word")),
    });
    let mut said: Vec<Said> = said.into_iter().collect();
    let channel = &signal.channel;
    let others = (nth + 1..SIGNALS).map(|nth| self::signal(channel, candles, nth));
    let turns = others.filter(|other| other.side == signal.side.opposite());
    said.extend(turns.map(|other| Said {
        seq: domain::ids::Seq::new(3),
        at: other.received,
        word: Word::Opposite(other.id),
    }));
    let mut retrial = Retrial::new(signal, &ExecutionModel::ALL, said);
    for candle in candles {
        retrial.step(&Tick::Candle(*candle));
    }
    let verdicts = ExecutionModel::ALL.iter().zip(retrial.verdicts());
    verdicts
        .map(|(model, verdict)| (model.name, verdict.unwrap().outcome.clone()))
        .collect()
}

fn told(outcome: &Value) -> (Option<String>, Option<String>, Option<i64>) {
    let bound = &outcome["pessimistic"];
    let text = |member: &str| bound[member].as_str().map(str::to_owned);
    (text("state"), text("r"), bound["ended_at"].as_i64())
}

fn known(outcome: &Outcome) -> (Option<String>, Option<String>, Option<i64>) {
    let bound = &outcome.pessimistic;
    (
        Some(bound.ending.label().to_owned()),
        bound.r.map(|r| r.normalize().to_string()),
        Some(bound.ended_at.as_micros()),
    )
}

/// The analysis of a signal, once it was tried under every model.
async fn analysis(running: &crate::running::Running, id: SignalId) -> Value {
    let path = format!("/v1/analytics/signals/{id}");
    until("it was tried under every model", async || {
        let all = running.api.json(&path).await;
        let models = all["models"].as_array().unwrap();
        let tried = |model: &Value| model["retried"].is_object();
        models.iter().all(tried).then_some(all.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judged_signal_is_tried_under_every_model_on_the_venues_candles() {
    let simulator = exchange();
    let home = home(&simulator);
    let candles = truth(&simulator);
    let signals = recorded(&home, &candles).await;
    let running = home.start(&[]).await;
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut endings = std::collections::BTreeSet::new();
    for (nth, signal) in (0..).zip(&signals) {
        let all = analysis(&running, signal.id).await;
        for (model, outcome) in expected(signal, nth, &candles) {
            let models = all["models"].as_array().unwrap();
            let found = models.iter().find(|found| found["model"] == model).unwrap();
            let retried = &found["retried"];
            assert_eq!(told(&retried["outcome"]), known(&outcome), "{nth} {model}");
            assert_eq!(
                retried["outcome"]["ambiguous"], outcome.ambiguous,
                "{nth} {model}"
            );
            assert_eq!(
                retried["unclear"].as_array().unwrap().is_empty(),
                !outcome.ambiguous && !outcome.incomplete,
                "{retried}"
            );
            assert_eq!(retried["path"]["source"], "sim");
            assert_eq!(retried["path"]["interval_s"], 60);
            assert_eq!(
                (&retried["policy"], &retried["revision"]),
                (&POLICY.into(), &1.into())
            );
            *sums.entry(model).or_default() += outcome.pessimistic.r.unwrap_or_default();
            endings.insert(outcome.pessimistic.ending.label());
        }
        // What was judged live stays what it was.
        assert_eq!(told(&all["signal"]["outcome"]), known(&live(signal)));
        assert_eq!(
            all["events"].as_array().unwrap().len(),
            2 + usize::from(nth % 3 == 2)
        );
        let way = &all["path"];
        let shown = way["candles"].as_array().unwrap();
        assert!((10..=400).contains(&shown.len()), "{}", shown.len());
        assert_eq!(way["gaps"], json!([]));
        let received = signal.received.as_micros();
        assert!(way["from"].as_i64().unwrap() < received && received < way["to"].as_i64().unwrap());
    }
    assert!(endings.len() >= 3, "the test looks at nothing: {endings:?}");
    assert!(sums["default/1"] != sums["breakeven/1"], "{sums:?}");

    boards_speak_of_each_model(&running, &sums).await;
    files_speak_of_each_model(&running, &signals, &candles).await;
    a_follower_asks(&running, &signals, &candles).await;
    running.stop().await;

    // The command writes the same file.
    let said = tokio::task::block_in_place(|| {
        home.run(
            &[
                "export",
                "outcomes",
                "--model",
                "breakeven",
                "--format",
                "json",
            ],
            "",
        )
    });
    assert_eq!(said.code, Some(0), "{said:?}");
    let rows: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), signals.len());
    let of_breakeven = |row: &Value| row["model"] == "breakeven/1" && row["policy"] == POLICY;
    assert!(rows.as_array().unwrap().iter().all(of_breakeven), "{rows}");
    let figures = ["export", "figures", "--model", "best"];
    let said = tokio::task::block_in_place(|| home.run(&figures, ""));
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("model: `best` is none"), "{said:?}");
}

/// The files of outcomes and figures under a model hold what was found under it, and without one what was
/// judged live.
async fn files_speak_of_each_model(
    running: &crate::running::Running,
    signals: &[Signal],
    candles: &[Candle],
) {
    let api = &running.api;
    for model in ["market/1", "default-1h/1"] {
        let path = format!("/v1/exports/outcomes?format=json&model={model}&policy={POLICY}");
        let rows = api.json(&path).await;
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), signals.len());
        // The newest first.
        for (row, (nth, signal)) in rows.iter().rev().zip((0..).zip(signals)) {
            let wanted = &expected(signal, nth, candles)[model];
            let bound = &wanted.pessimistic;
            assert_eq!(row["signal"], signal.id.to_string());
            assert_eq!(row["state"], bound.ending.label(), "{row}");
            let r = bound.r.map(|r| r.normalize().to_string());
            assert_eq!(row["r"].as_str(), r.as_deref(), "{row}");
            assert_eq!(
                (
                    &row["model"],
                    &row["policy"],
                    &row["revision"],
                    &row["prices"]
                ),
                (&model.into(), &POLICY.into(), &1.into(), &"sim".into())
            );
            assert_eq!((&row["interval_s"], &row["gaps"]), (&60.into(), &0.into()));
        }
    }
    let live = api.json("/v1/exports/outcomes?format=json").await;
    for row in live.as_array().unwrap() {
        assert_eq!(
            (&row["r"], &row["model"], &row["policy"], &row["prices"]),
            (
                &"-1.1".into(),
                &"default/1".into(),
                &POLICY.into(),
                &Value::Null
            )
        );
    }
    let page = api.json("/v1/analytics/channels/room?model=market").await;
    let file = api
        .json("/v1/exports/figures?format=json&model=market")
        .await;
    let (figures, row) = (&page["figures"], &file[0]);
    assert_eq!(
        (&row["model"], &row["untried"]),
        (&"market/1".into(), &0.into())
    );
    assert_eq!(row["policy"], POLICY);
    for (column, wanted) in [
        ("sum_r", &figures["sum_r"]),
        ("mean_r_low", &figures["mean_r"]["low"]),
        ("claims", &page["claims"]["claims"]),
        ("claimed_r", &page["claims"]["claimed_r"]),
        ("measured_r", &page["claims"]["measured_r"]),
        ("claim_gap_r", &page["claims"]["gap_r"]["value"]),
        ("claim_gap_r_high", &page["claims"]["gap_r"]["high"]),
        ("lost_claimed", &page["claims"]["lost_claimed"]),
    ] {
        assert_eq!(row[column], *wanted, "{column}: {row}");
    }
}

/// Rules of another version tried these signals before: today's try them all again, and what was found by
/// the old ones is still told to whoever names them.
#[tokio::test(flavor = "multi_thread")]
async fn todays_rules_try_everything_again_and_what_the_old_ones_found_stays_readable() {
    let simulator = exchange();
    let home = home(&simulator);
    let candles = truth(&simulator);
    let signals = recorded(&home, &candles).await;
    let old_rules = POLICY - 1;
    assert!(old_rules >= 1, "there are no old rules");
    let store = opened(&home).await;
    for signal in &signals {
        let of = |model: &'static str| {
            let mut outcome = live(signal);
            outcome.model = model;
            outcome.policy = Some(old_rules);
            outcome.pessimistic.r = Some(Decimal::new(-5, 1));
            Retried {
                signal: signal.id,
                policy: old_rules,
                revision: 1,
                tried: Timestamp::from_millis(FROM_MS),
                source: "sim".to_owned(),
                seen: Seen {
                    from: signal.received,
                    to: signal.received + Duration::from_secs(3_600),
                    span: Duration::from_secs(60),
                    ticks: 60,
                    gaps: 0,
                    missing: Duration::ZERO,
                },
                outcome,
            }
        };
        let found: Vec<Retried> = ExecutionModel::ALL.map(|model| of(model.name)).into();
        let kept = store.keep(signal.id, &found, Some(old_rules)).await;
        assert_eq!(kept.unwrap(), found.len());
    }
    store.close().await;

    let running = home.start(&[]).await;
    let api = &running.api;
    for (nth, signal) in (0..).zip(&signals) {
        let path = format!("/v1/analytics/signals/{}", signal.id);
        let all = until("today's rules tried it", async || {
            let all = api.json(&path).await;
            let models = all["models"].as_array().unwrap();
            let today = |model: &Value| model["retried"]["policy"] == POLICY;
            models.iter().all(today).then_some(all.clone())
        })
        .await;
        let wanted = expected(signal, nth, &candles);
        let old = api.json(&format!("{path}?policy={old_rules}")).await;
        let both = all["models"].as_array().unwrap().iter();
        for (model, old) in both.zip(old["models"].as_array().unwrap()) {
            let name = model["model"].as_str().unwrap();
            let outcome = &model["retried"]["outcome"];
            assert_eq!(told(outcome), known(&wanted[name]), "{nth} {name}");
            let before = &model["earlier"][0];
            assert_eq!(before["policy"], old_rules);
            assert_eq!(before["outcome"]["pessimistic"]["r"], "-0.5");
            assert_eq!((&old["model"], &old["retried"]), (&name.into(), before));
        }
    }
    let sum = async |query: &str| {
        let channel = format!("/v1/analytics/channels/room?{query}");
        let board = format!("/v1/analytics/leaderboard?{query}");
        let file = format!("/v1/exports/figures?format=json&{query}");
        let found = [
            api.json(&channel).await["figures"]["sum_r"].clone(),
            api.json(&board).await["unranked"][0]["figures"]["sum_r"].clone(),
            api.json(&file).await[0]["sum_r"].clone(),
        ];
        assert!(
            found.iter().all(|sum| *sum == found[0]),
            "{query}: {found:?}"
        );
        found[0].as_f64().unwrap()
    };
    for model in ["default", "market", "first-target"] {
        let old = sum(&format!("model={model}&policy={old_rules}")).await;
        assert!((old + 3.0).abs() < 1e-9, "{model}: {old}");
        let today = sum(&format!("model={model}&policy={POLICY}")).await;
        let all = (0..).zip(&signals).map(|(nth, signal)| {
            let wanted = expected(signal, nth, &candles);
            wanted[&*format!("{model}/1")].pessimistic.r
        });
        let wanted: Decimal = all.flatten().sum();
        let wanted: f64 = wanted.to_string().parse().unwrap();
        assert!((today - wanted).abs() < 1e-5, "{model}: {today} {wanted}");
        assert!((today - old).abs() > 1e-3, "{model}: nothing differs");
    }
    let rows = format!("/v1/exports/outcomes?format=json&model=market&policy={old_rules}");
    let rows = api.json(&rows).await;
    let of_old = |row: &Value| row["r"] == "-0.5" && row["policy"] == old_rules;
    assert_eq!(rows.as_array().unwrap().len(), signals.len());
    assert!(rows.as_array().unwrap().iter().all(of_old), "{rows}");
    running.stop().await;
}

async fn boards_speak_of_each_model(
    running: &crate::running::Running,
    sums: &BTreeMap<&str, Decimal>,
) {
    let sum = |figures: &Value| figures["sum_r"].as_f64().unwrap();
    let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-5, "{one} and {other}");
    let api = &running.api;
    let judged = api.json("/v1/analytics/channels/room").await;
    near(sum(&judged["figures"]), -6.6);
    assert_eq!(
        (&judged["policy"], &judged["untried"]),
        (&Value::Null, &0.into())
    );
    let delays = judged["delays"].as_array().unwrap();
    let of = |member: &str| -> Vec<u64> {
        delays
            .iter()
            .map(|one| one[member].as_u64().unwrap())
            .collect()
    };
    assert_eq!(of("delay_s"), [60, 300, 900, 3_600]);
    assert_eq!(of("signals"), [6; 4]);
    for (model, wanted) in sums {
        let wanted: f64 = wanted.to_string().parse().unwrap();
        let family = model.split('/').next().unwrap();
        for path in [
            format!("/v1/analytics/channels/room?model={family}&policy={POLICY}"),
            format!("/v1/analytics/leaderboard?model={model}&policy={POLICY}"),
        ] {
            let said = api.json(&path).await;
            assert_eq!(
                (&said["model"], &said["policy"]),
                (&(*model).into(), &POLICY.into())
            );
            assert_eq!(said["untried"], 0, "{said}");
            let figures = match said.get("figures") {
                Some(figures) => figures,
                None => &said["unranked"][0]["figures"],
            };
            near(sum(figures), wanted);
        }
    }
    // What it claims is told beside what it earned, on the board as on its own page.
    let board = api.json("/v1/analytics/leaderboard").await;
    let (short, claims) = (&board["unranked"][0]["claims"], &judged["claims"]);
    let claimed = short["claimed_r"].as_f64().unwrap();
    assert!((0.45..0.55).contains(&claimed), "{short}");
    near(short["gap_r"]["value"].as_f64().unwrap(), claimed + 1.1);
    for member in ["claims", "compared", "claimed_r", "measured_r", "gap_r"] {
        assert_eq!(short[member], claims[member], "{member}");
    }
    assert_eq!(
        (&short["claims"], &short["compared"]),
        (&1.into(), &1.into())
    );
    for (path, field) in [
        ("/v1/analytics/leaderboard?model=best/1", "model"),
        ("/v1/exports/outcomes?model=best", "model"),
        ("/v1/exports/figures?policy=9", "policy"),
        ("/v1/analytics/leaderboard?policy=4", "policy"),
        ("/v1/analytics/channels/room?model=none", "model"),
        ("/v1/analytics/channels/room?policy=0", "policy"),
        ("/v1/analytics/signals/seven", "id"),
        (
            "/v1/analytics/signals/00000000-0000-0000-0000-000000000000?policy=9",
            "policy",
        ),
    ] {
        let said = problem(&api.get(path, &[]).await, 400, "invalid_request");
        assert_eq!(said["field"], field, "{path}: {said}");
    }
    let nobody = "/v1/analytics/signals/00000000-0000-0000-0000-000000000000";
    problem(&api.get(nobody, &[]).await, 404, "not_found");
}

async fn a_follower_asks(
    running: &crate::running::Running,
    signals: &[Signal],
    candles: &[Candle],
) {
    let api = &running.api;
    let ask = async |body: Value| {
        let json = [("content-type", "application/json")];
        let answer = api
            .post("/v1/analytics/what-if", &json, &body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        read(&answer)
    };
    let compared = |said: &Value, model: &str| {
        let tried = said["signals"].as_array().unwrap();
        assert_eq!(tried.len(), signals.len());
        // The newest first.
        for (tried, (nth, signal)) in tried.iter().rev().zip((0..).zip(signals)) {
            let wanted = expected(signal, nth, candles);
            assert_eq!(tried["id"], signal.id.to_string());
            assert_eq!(
                told(&tried["what_if"]),
                known(&wanted[model]),
                "{nth} {model}"
            );
            assert_eq!(
                told(&tried["default"]),
                known(&wanted["default/1"]),
                "{nth}"
            );
            assert_eq!(told(&tried["judged"]), known(&live(signal)));
        }
        assert_eq!(
            (&said["more"], &said["left_out"]),
            (&false.into(), &json!([]))
        );
    };
    for (body, model) in [
        (
            json!({"channels": ["room"], "model": "first-target"}),
            "first-target/1",
        ),
        (json!({"own": {}}), "default/1"),
        (
            json!({"own": {"breakeven_after": 1, "stop_follows_from": 2}}),
            "moving-stop/1",
        ),
        (json!({"own": {"getting_in": "at-market"}}), "market/1"),
        (json!({"own": {"delay_s": 300}}), "default-5m/1"),
    ] {
        compared(&ask(body).await, model);
    }
    // Whoever pays nothing earns more.
    let free = json!({"maker": "0", "taker": "0", "slippage": "0"});
    let said = ask(json!({"own": {"fees": free}})).await;
    let mean = |figures: &Value| figures["mean_r"]["value"].as_f64().unwrap();
    assert!(mean(&said["what_if"]) > mean(&said["default"]), "{said}");
    let two = ask(json!({"model": "default/1", "limit": 2, "symbols": ["ZET/USDT"]})).await;
    assert_eq!(
        (&two["more"], two["signals"].as_array().unwrap().len()),
        (&true.into(), 2)
    );
    let none = ask(json!({"model": "default/1", "to": "2026-05-01T00:00:00Z"})).await;
    assert_eq!(none["signals"], json!([]));

    for (body, field) in [
        (json!({}), "model"),
        (json!({"model": "default", "own": {}}), "model"),
        (json!({"model": "best"}), "model"),
        (json!({"model": "default", "limit": 201}), "limit"),
        (
            json!({"model": "default", "channels": ["No Name"]}),
            "channels",
        ),
        (json!({"model": "default", "from": "soon"}), "from"),
        (json!({"own": {"zone_legs": 0}}), "own.zone_legs"),
        (
            json!({"own": {"stop_follows_from": 1}}),
            "own.stop_follows_from",
        ),
        (json!({"own": {"delay_s": 100_000}}), "own.delay_s"),
        (json!({"own": {"getting_in": "late"}}), "own.getting_in"),
        (
            json!({"own": {"fees": {"maker": "5", "taker": "0", "slippage": "0"}}}),
            "own.fees.maker",
        ),
    ] {
        let answer = api
            .post("/v1/analytics/what-if", &[], &body.to_string())
            .await;
        let said = problem(&answer, 400, "invalid_request");
        assert_eq!(said["field"], field, "{body}: {said}");
    }
    let unknown = api
        .post("/v1/analytics/what-if", &[], r#"{"modell":"default"}"#)
        .await;
    problem(&unknown, 400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_at_a_time_is_answered_and_a_venue_that_is_away_costs_signals_not_the_answer()
{
    let simulator = exchange();
    let home = home(&simulator);
    recorded(&home, &truth(&simulator)).await;
    simulator.faults().exchange.stall(true);
    let running = home.start(&[]).await;
    let api = &running.api;
    let ask = async || {
        let body = r#"{"model":"market","limit":1}"#;
        api.post("/v1/analytics/what-if", &[], body).await
    };
    let (first, second) = tokio::join!(ask(), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        ask().await
    });
    problem(&second, 429, "too_many_requests");
    assert!(second.header("retry-after").is_some());
    assert_eq!(first.status, 200);
    let said = read(&first);
    assert_eq!(said["signals"], json!([]));
    assert_eq!(said["left_out"].as_array().unwrap().len(), 1, "{said}");
    // The rest of the platform does not wait.
    assert_eq!(api.get("/v1/analytics/leaderboard", &[]).await.status, 200);
    simulator.faults().exchange.stall(false);
    running.stop().await;
}

/// Candles as a file that `rejudge` reads.
fn written(home: &Home, folder: &str, candles: &[Candle]) {
    let folder = home.path(folder).join("sim_spot");
    std::fs::create_dir_all(&folder).unwrap();
    let mut csv = "open_time,open,high,low,close,volume\n".to_owned();
    for candle in candles {
        let Candle {
            open,
            high,
            low,
            close,
            ..
        } = candle;
        let at = candle.open_time.as_millis();
        csv.push_str(&format!("{at},{open},{high},{low},{close},1\n"));
    }
    std::fs::write(folder.join("ZETUSDT-1m.csv"), csv).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_candle_changes_what_it_touches_and_what_was_found_before_stays_readable() {
    let simulator = exchange();
    let home = home(&simulator);
    let candles = truth(&simulator);
    let signals = recorded(&home, &candles).await;
    // Of the first signal's time an hour is missing; the archive ends within the last one's.
    let holed: Vec<Candle> = (0..)
        .zip(&candles)
        .filter(|(nth, _)| !(20..80).contains(nth))
        .map(|(_, candle)| *candle)
        .collect();
    let last = candles
        .iter()
        .position(|candle| candle.end() > signals[5].received)
        .unwrap();
    written(&home, "holed", &holed[..last - 60 + 10]);
    written(&home, "whole", &candles);
    let run = |args: &[&str]| tokio::task::block_in_place(|| home.run(args, ""));

    let said = run(&["rejudge", "--candles", "holed"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("6 signals tried") && said.out.contains("1  are not over"),
        "{said:?}"
    );
    let said = run(&["rejudge", "--candles", "whole"]);
    assert!(
        said.out.contains("1 signals tried"),
        "only the one that was not over: {said:?}"
    );
    let said = run(&["rejudge", "--candles", "whole"]);
    assert!(said.out.contains("0 signals tried"), "{said:?}");
    let said = run(&["rejudge", "--incomplete", "--candles", "whole"]);
    assert!(
        said.out.contains("1 signals tried"),
        "only the one with the gap: {said:?}"
    );
    let said = run(&["rejudge", "--all", "--candles", "whole"]);
    assert!(
        said.out.contains("6 signals tried") && said.out.contains("0 outcomes are new"),
        "{said:?}"
    );
    let said = run(&["rejudge", "--candles", "nowhere"]);
    assert_eq!(said.code, Some(1), "{said:?}");

    let running = home.start(&[]).await;
    let first = running
        .api
        .json(&format!("/v1/analytics/signals/{}", signals[0].id))
        .await;
    let of = |name: &str| {
        let models = first["models"].as_array().unwrap();
        models
            .iter()
            .find(|model| model["model"] == name)
            .cloned()
            .unwrap()
    };
    // A quarter of an hour after its receipt begins the hour that was missing.
    let late = of("default-15m/1");
    assert_eq!(late["retried"]["path"]["source"], "archive");
    assert_eq!(
        (
            &late["retried"]["revision"],
            &late["retried"]["path"]["gaps"]
        ),
        (&2.into(), &0.into())
    );
    let before = &late["earlier"][0];
    assert_eq!(
        (&before["revision"], &before["outcome"]["incomplete"]),
        (&1.into(), &true.into())
    );
    assert!(
        before["unclear"].to_string().contains("nothing is known"),
        "{before}"
    );
    for (nth, signal) in (0..).zip(&signals) {
        let all = running
            .api
            .json(&format!("/v1/analytics/signals/{}", signal.id))
            .await;
        for (model, outcome) in expected(signal, nth, &candles) {
            let found = all["models"]
                .as_array()
                .unwrap()
                .iter()
                .find(|found| found["model"] == model)
                .unwrap()
                .clone();
            assert_eq!(
                told(&found["retried"]["outcome"]),
                known(&outcome),
                "{nth} {model}"
            );
        }
    }
    running.stop().await;
}
