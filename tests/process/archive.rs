//! Candles are fetched from the simulator's exchange through kills and refusals, and replayed.

use std::process::Command;
use std::time::Duration;

use domain::market::{Candle, Price};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use simulator::{SYMBOLS, Simulator};
use touchstone::archive::file;

use crate::home::Home;
use crate::wait::until;

/// 2026-06-02T00:00:30Z: in the middle of a minute.
const NOW_MS: i64 = 1_780_358_430_000;

const MINUTE_MS: i64 = 60_000;

/// The first minute that is fetched: 2026-05-20.
const FROM_MS: i64 = 1_779_235_200_000;

const MAY: &str = "data/candles/sim_spot/ZETUSDT/1m/ZETUSDT-1m-2026-05.parquet";
const JUNE: &str = "data/candles/sim_spot/ZETUSDT/1m/ZETUSDT-1m-2026-06.parquet";

const FETCH: [&str; 5] = ["candles", "fetch", "zetusdt", "--from", "2026-05-20"];

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

/// What was really so, minute by minute, as far as it is over.
fn truth(simulator: &Simulator) -> Vec<Candle> {
    let symbol = SYMBOLS.iter().find(|symbol| symbol.name == "ZETUSDT");
    let minutes = (NOW_MS - FROM_MS) / MINUTE_MS;
    (0..minutes)
        .filter_map(|nth| {
            let open_ms = FROM_MS + nth * MINUTE_MS;
            let kline = simulator
                .market()
                .kline(symbol.unwrap(), open_ms, 1, NOW_MS)?;
            let price = |amount: simulator::Amount| Price::parse(&amount.padded()).unwrap();
            Some(Candle {
                open_time: Timestamp::from_millis(open_ms),
                span: Duration::from_secs(60),
                open: price(kline.open),
                high: price(kline.high),
                low: price(kline.low),
                close: price(kline.close),
                volume: Decimal::from_str_exact(&kline.volume.padded()).unwrap(),
            })
        })
        .collect()
}

fn archived(home: &Home) -> Vec<Candle> {
    let files = [MAY, JUNE].map(|path| file::read(&home.path(path)).unwrap());
    files.into_iter().flat_map(|kept| kept.candles).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn candles_are_fetched_exactly_through_a_kill_a_refusal_and_an_interrupt_and_only_once() {
    let simulator = exchange();
    let home = home(&simulator);

    // Killed in the middle of May: what was stored by then is whole.
    let (mut child, _) = home.begin(&FETCH);
    until("a part of May is stored", async || {
        home.path(MAY).exists().then_some(())
    })
    .await;
    simulator.faults().exchange.stall(true);
    child.kill().unwrap();
    child.wait().unwrap();
    let part = file::read(&home.path(MAY)).unwrap();
    assert_eq!(part.known.from, Timestamp::from_millis(FROM_MS));
    assert_eq!(part.candles.len(), 10_000, "it was too quick to be killed");

    // Refused, it waits; interrupted, it says how to go on.
    simulator.faults().exchange.stall(false);
    simulator
        .faults()
        .exchange
        .refuse(Some(Duration::from_secs(3_600)));
    let (mut child, err) = home.begin(&FETCH);
    until("it says that it waits", async || {
        let said = std::fs::read_to_string(&err).unwrap();
        said.contains("Too many requests").then_some(())
    })
    .await;
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.unwrap().success());
    let ended = until("it ends", async || child.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(130));
    assert_eq!(file::read(&home.path(MAY)).unwrap(), part);

    // The third goes on where the first was, and the fourth has nothing to do.
    simulator.faults().exchange.refuse(None);
    let run = |args: &'static [&'static str]| tokio::task::block_in_place(|| home.run(args, ""));
    let said = run(&FETCH);
    assert_eq!(said.code, Some(0), "{said:?}");
    let truth = truth(&simulator);
    let new = format!(
        "{} candles ({} new",
        truth.len(),
        truth.len() - part.candles.len()
    );
    assert!(said.out.contains(&new), "{said:?}");
    assert!(archived(&home) == truth, "the archive is not the market");
    let said = run(&FETCH);
    assert!(said.out.contains("(0 new, in 0 answers)"), "{said:?}");

    // What comes before is put before it.
    let said = run(&[
        "candles",
        "fetch",
        "ZETUSDT",
        "--from",
        "2026-05-19T23:00:00Z",
    ]);
    assert!(said.out.contains("(60 new, in 1 answers)"), "{said:?}");
    let known = file::read(&home.path(MAY)).unwrap();
    assert_eq!(
        known.known.from,
        Timestamp::from_millis(FROM_MS - 60 * MINUTE_MS)
    );
    assert_eq!(known.candles[60..], truth[..known.candles.len() - 60]);

    replays_like_lines(&home, &archived(&home));
}

/// The report on the archive is that on the same candles as CSV, byte for byte.
fn replays_like_lines(home: &Home, candles: &[Candle]) {
    let folder = home.path("csv/sim_spot");
    std::fs::create_dir_all(&folder).unwrap();
    let mut csv = "open_time,open,high,low,close,volume\n".to_owned();
    for candle in candles {
        let Candle {
            open,
            high,
            low,
            close,
            volume,
            ..
        } = candle;
        let at = candle.open_time.as_millis();
        csv.push_str(&format!("{at},{open},{high},{low},{close},{volume}\n"));
    }
    std::fs::write(folder.join("ZETUSDT-1m.csv"), csv).unwrap();
    let price = candles[2_000].close.get();
    let (target, stop) = (price * Decimal::new(1_02, 2), price * Decimal::new(98, 2));
    let text = format!("LONG #ZET/USDT\\nEntry: {price}\\nTarget: {target}\\nStop: {stop}");
    let line =
        format!(r#"{{"channel":"room","msg_id":1,"ts":"2026-05-21T10:00:00Z","text":"{text}"}}"#);
    std::fs::write(home.path("room.jsonl"), line).unwrap();
    let report = |candles: &str, report: &str| {
        let args = [
            "replay",
            "--candles",
            candles,
            "--posts",
            "room.jsonl",
            "--report",
            report,
        ];
        let said = tokio::task::block_in_place(|| home.run(&args, ""));
        assert_eq!(said.code, Some(0), "{said:?}");
        std::fs::read_to_string(home.path(report)).unwrap()
    };
    let of_archive = report("data/candles", "archive.json");
    assert_eq!(of_archive, report("csv", "csv.json"));
    assert!(of_archive.contains("\"judged\": 1"), "{of_archive}");
}

#[test]
fn a_fetch_that_cannot_be_meant_is_refused_with_the_remedy() {
    let home = Home::new();
    let said = home.run(&FETCH, "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("[venues.binance]"), "{said:?}");
    for (wrong, remedy) in [
        (["--from", "May"], "2025-03-01"),
        (["--interval", "7m"], "5m, 15m"),
    ] {
        let said = home.run(&[&FETCH[..3], &wrong[..]].concat(), "");
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains(remedy), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_assets_is_made_anew_from_what_a_venue_lists() {
    let simulator = exchange();
    let home = home(&simulator);
    let done = home.run(&["assets", "--out", "assets.txt"], "");
    assert_eq!(done.code, Some(0), "{}", done.err);
    let text = std::fs::read_to_string(home.path("assets.txt")).unwrap();
    let entries: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    assert!(entries.contains(&"BTC$1000") && entries.contains(&"NOT?"));
    for symbol in &SYMBOLS {
        let base = symbol.name.strip_suffix("USDT").unwrap();
        let listed = |entry: &&str| entry.trim_end_matches(['$', '?']) == base;
        assert!(entries.iter().any(listed), "{base}");
    }
}
