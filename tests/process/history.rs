//! A channel's history is imported once, judged from the store like from its file, and left alone
//! by the server.

use crate::home::Home;

/// Calls, a word about one of them, an edit, a report and small talk.
const ROOM: &str = r##"{"channel":"room","msg_id":1,"ts":"2026-05-01T10:00:30Z","text":"LONG #SOL/USDT\nEntry: 100\nTarget 1: 103\nTarget 2: 106\nStop: 95"}
{"channel":"room","msg_id":2,"ts":"2026-05-01T11:00:00Z","text":"good morning everybody"}
{"channel":"room","msg_id":3,"ts":"2026-05-01T11:30:00Z","reply_to":1,"text":"Move stop to entry"}
{"channel":"room","msg_id":4,"ts":"2026-05-01T12:00:10Z","text":"SHORT #SOL/USDT\nEntry: 104\nTarget: 90\nStop: 109"}
{"channel":"room","msg_id":5,"ts":"2026-05-01T13:00:00Z","text":"SOL/USDT target 1 hit, +3% profit"}
"##;

fn home() -> Home {
    Home::new().configured("[simulator]\nenabled = false\n")
}

/// Four hundred minutes that rise from 100 to 108 and fall again.
fn with_candles(home: &Home) {
    let folder = home.path("csv/binance_spot");
    std::fs::create_dir_all(&folder).unwrap();
    let mut csv = "open_time,open,high,low,close,volume\n".to_owned();
    let begin = 1_777_629_600_000_i64;
    for minute in 0..400_i64 {
        let price = |minute: i64| 10_000 + 4 * (200 - (minute - 200).abs());
        let (open, close) = (price(minute), price(minute + 1));
        let (high, low) = (open.max(close), open.min(close));
        let written = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        csv.push_str(&format!(
            "{},{},{},{},{},1\n",
            begin + minute * 60_000,
            written(open),
            written(high),
            written(low),
            written(close)
        ));
    }
    std::fs::write(folder.join("SOLUSDT-1m.csv"), csv).unwrap();
}

#[test]
fn an_imported_history_is_judged_from_the_store_like_from_its_file() {
    let home = home();
    with_candles(&home);
    std::fs::write(home.path("room.jsonl"), ROOM).unwrap();
    let said = home.run(&["import", "room.jsonl"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("room: 5 posts: "), "{said:?}");
    assert!(said.out.contains("2 signal"), "{said:?}");
    assert!(said.out.contains("1 update"), "{said:?}");

    let again = home.run(&["import", "room.jsonl"], "");
    assert!(
        again.out.contains("room: 5 posts: 5 duplicate"),
        "{again:?}"
    );

    let report = |posts: [&str; 2], name: &str| {
        let args = [
            "replay",
            "--candles",
            "csv",
            posts[0],
            posts[1],
            "--report",
            name,
        ];
        let said = home.run(&args, "");
        assert_eq!(said.code, Some(0), "{said:?}");
        std::fs::read_to_string(home.path(name)).unwrap()
    };
    let of_store = report(["--channel", "room"], "store.json");
    assert_eq!(of_store, report(["--posts", "room.jsonl"], "file.json"));
    assert!(!of_store.contains("\"judged\": 0"), "{of_store}");

    let unknown = home.run(
        &[
            "replay",
            "--candles",
            "csv",
            "--channel",
            "other",
            "--report",
            "x.json",
        ],
        "",
    );
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.err.contains("touchstone import"), "{unknown:?}");
}

#[test]
fn a_file_with_a_bad_line_stores_nothing_and_names_the_line() {
    let home = home();
    let bad = format!("{ROOM}{{\"channel\":\"room\",\"msg_id\":6}}\n");
    std::fs::write(home.path("room.jsonl"), bad).unwrap();
    let said = home.run(&["import", "room.jsonl"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("room.jsonl") && said.err.contains("line 6"),
        "{said:?}"
    );
    assert!(!home.path("data/touchstone.db").exists());

    std::fs::write(home.path("room.jsonl"), ROOM).unwrap();
    let simulated = Home::new();
    std::fs::write(simulated.path("room.jsonl"), ROOM).unwrap();
    let said = simulated.run(&["import", "room.jsonl"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("TOUCHSTONE__SIMULATOR__ENABLED"),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_server_does_not_follow_what_was_imported() {
    let exchange = simulator::start(simulator::Options::default()).unwrap();
    let at = exchange.address();
    let home = Home::new().configured(&format!(
        "[simulator]\nenabled = false\n\
         [venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n"
    ));
    // The venue lists this pair: a live signal on it would be followed.
    let room = ROOM.replace("SOL/USDT", "ZET/USDT");
    std::fs::write(home.path("room.jsonl"), room).unwrap();
    let said = home.run(&["import", "room.jsonl", "--channel", "their-room"], "");
    assert!(said.out.contains("their-room: 5 posts"), "{said:?}");
    let running = home.start(&[]).await;
    let signals = running.api.json("/v1/signals").await;
    let text = signals.to_string();
    assert!(text.contains("unlisted:spot:ZET/USDT"), "{text}");
    assert!(text.contains("\"origin\":\"import\""), "{text}");
    assert!(!text.contains("sim:spot"), "{text}");
    running.stop().await;
}
