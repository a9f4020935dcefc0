//! The commands that do not serve.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::Value;

use crate::home::Home;

#[test]
fn help_lists_the_commands() {
    let said = Home::new().run(&["--help"], "");
    assert_eq!(said.code, Some(0));
    for command in ["serve", "replay", "parse", "check", "migrate"] {
        let listed = said
            .out
            .lines()
            .any(|line| line.trim_start().starts_with(command));
        assert!(listed, "no {command} in {}", said.out);
    }
}

#[test]
fn check_says_what_would_start_and_connects_to_nothing() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    door.set_nonblocking(true).unwrap();
    let at = door.local_addr().unwrap();
    let home = Home::new().configured(&format!(
        "[simulator]\nenabled = false\n\
         [venues.far]\nkind = \"binance-spot\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
         [channels.capo]\nsource = \"telegram\"\nname = \"CryptoCapoTG\"\nbase_url = \"http://{at}\"\n\
         [channels.bot]\nsource = \"webhook\"\nkey = \"correct horse battery\"\n"
    ));
    let said = home.run(&["check"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    for word in [
        "127.0.0.1:0",
        "data/touchstone.db",
        "far",
        "s/CryptoCapoTG",
        "/v1/ingest/bot",
    ] {
        assert!(said.out.contains(word), "no {word} in {}", said.out);
    }
    assert!(!said.out.contains("horse"), "a key was said");
    assert!(!home.path("data").exists(), "a database was made");
    assert_eq!(
        door.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "it connected"
    );
}

#[test]
fn check_says_that_the_simulator_would_start() {
    let said = Home::new().run(&["check"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("simulator seed 7") && said.out.contains("data/simulator.db"),
        "{said:?}"
    );
}

#[test]
fn migrate_makes_a_fresh_database_and_leaves_a_current_one_as_it_is() {
    let home = Home::new();
    let fresh = home.run(&["migrate"], "");
    assert_eq!(fresh.code, Some(0), "{fresh:?}");
    assert!(
        fresh.out.contains("applied") && fresh.out.contains("up to date"),
        "{fresh:?}"
    );
    let current = home.run(&["migrate"], "");
    assert_eq!(current.code, Some(0), "{current:?}");
    assert!(
        !current.out.contains("applied") && current.out.contains("up to date"),
        "{current:?}"
    );
}

#[tokio::test]
async fn a_database_that_is_in_use_is_refused_by_its_name() {
    let home = Home::simulated();
    let running = home.start(&[]).await;
    for command in ["migrate", "serve"] {
        let said = home.run(&[command], "");
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains("simulator.db") && said.err.contains("another process"),
            "{said:?}"
        );
    }
    running.stop().await;
}

#[test]
fn parse_reads_one_post_a_line_and_prints_one_reading_a_line() {
    let input = concat!(
        r#"{"id":7,"text":"BUY #BTC/USDT\nEntry: 60000\nTarget 1: 61000\nTarget 2: 62000\nStop: 59000"}"#,
        "\n\n",
        r#"{"id":"chat","text":"good morning everybody"}"#,
        "\n"
    );
    let said = Home::new().run(&["parse"], input);
    assert_eq!(said.code, Some(0), "{said:?}");
    let read: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(read.len(), 2, "{read:?}");
    assert_eq!(
        (&read[0]["id"], &read[0]["kind"]),
        (&7.into(), &"signal".into())
    );
    assert_eq!(
        (&read[1]["id"], &read[1]["kind"]),
        (&"chat".into(), &"noise".into())
    );
    assert_eq!(
        read[0]["signals"][0]["targets"].as_array().unwrap().len(),
        2,
        "{read:?}"
    );
}

#[test]
fn parse_names_the_line_that_is_no_post_after_printing_those_before_it() {
    for bad in ["BUY BTC", r#"{"id":1}"#, "[]"] {
        let input = format!("{{\"id\":1,\"text\":\"hello\"}}\n{bad}\n");
        let said = Home::new().run(&["parse"], &input);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains("line 2") && said.err.contains(r#"{"id","text"}"#),
            "{said:?}"
        );
        assert_eq!(said.out.lines().count(), 1, "{said:?}");
    }
}

#[test]
fn parse_says_by_channel_what_became_what_and_shows_samples() {
    let home = Home::new();
    let posts = home.path("posts.jsonl");
    let post = |id: u8, ts: &str, text: &str| {
        format!("{{\"channel\":\"desk\",\"msg_id\":{id},\"ts\":{ts},\"text\":\"{text}\"}}\n")
    };
    let trade = "BUY #BTC/USDT\\nEntry: 60000\\nTarget: 61000\\nStop: 59000";
    let text = [
        post(1, "\"2025-01-01T00:00:00Z\"", trade),
        post(2, "null", "BTC: close half and move SL to entry"),
        post(3, "\"2025-01-01T02:00:00Z\"", "good morning everybody"),
    ]
    .concat();
    std::fs::write(&posts, text).unwrap();
    let file = posts.to_str().unwrap();
    let said = home.run(&["parse", file, "--samples", "5", "--class", "update"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    for row in ["posts", "signal", "update", "noise"] {
        assert!(said.out.contains(row), "{said:?}");
    }
    let sample = said
        .out
        .lines()
        .find(|line| line.starts_with("desk 2 update:"));
    assert!(sample.is_some(), "{said:?}");
    let reading = said
        .out
        .lines()
        .find(|line| line.starts_with("  {"))
        .unwrap();
    let reading: Value = serde_json::from_str(reading.trim()).unwrap();
    let orders = reading["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2, "{reading}");
    assert_eq!(orders[0]["order"], "close_share", "{reading}");
    assert_eq!(orders[0]["value"], "0.5", "{reading}");
    assert_eq!(orders[1]["symbol"], "BTC/USDT", "{reading}");

    let refused = home.run(&["parse", "--samples", "5"], "");
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn a_configuration_is_named_by_the_environment_and_by_word_before_it() {
    let home = Home::new();
    let real = "[simulator]\nenabled = false\n[venues.kraken]\nkind = \"kraken\"\n";
    std::fs::write(home.path("real.toml"), real).unwrap();
    std::fs::write(home.path("demo.toml"), "[simulator]\nseed = 99\n").unwrap();
    let home = home.told("TOUCHSTONE_CONFIG", "real.toml");
    let said = home.run(&["check"], "");
    assert!(
        said.out.contains("kraken") && !said.out.contains("simulator"),
        "{said:?}"
    );
    let said = home.run(&["check", "--config", "demo.toml"], "");
    assert!(
        said.out.contains("seed 99") && !said.out.contains("kraken"),
        "{said:?}"
    );
    let home = home.told("TOUCHSTONE_CONFIG", "nowhere.toml");
    let said = home.run(&["check"], "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("nowhere.toml"), "{said:?}");
}
