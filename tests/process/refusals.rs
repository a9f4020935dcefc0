//! Configurations that are refused, each by its key and with the remedy.

use crate::home::{Home, Said};

const VENUE: &str = "[venues.sim]\nkind = \"binance-spot\"\nws_url = \"ws://127.0.0.1:9\"\nrest_url = \"http://127.0.0.1:9\"\n";

fn refused(home: &Home, words: &[&str]) {
    for command in ["check", "serve", "migrate"] {
        let Said { code, out, err } = home.run(&[command], "");
        assert_eq!(code, Some(1), "{command}: {out}{err}");
        assert_eq!(out, "", "{command} began before it refused");
        for word in words {
            assert!(err.contains(word), "{command}: no {word} in: {err}");
        }
    }
    assert!(!home.path("data").exists(), "it began before it refused");
}

#[test]
fn an_unknown_key_of_the_file_is_refused_by_its_name_with_the_known_ones() {
    let home = Home::new().configured("[http]\nlisen = \"127.0.0.1:1\"\n");
    refused(&home, &["http.lisen", "`listen`"]);
    let home = Home::new().configured("[htpp]\nlisten = \"127.0.0.1:1\"\n");
    refused(&home, &["htpp", "`http`"]);
}

#[test]
fn an_unknown_key_of_the_environment_is_refused_by_its_name_with_the_known_ones() {
    refused(
        &Home::new().with("HTTP__LISEN", "127.0.0.1:1"),
        &["http.lisen", "`listen`"],
    );
}

#[test]
fn a_wrong_value_is_refused_by_its_key_with_what_would_be_right() {
    let home = Home::new().configured("[store]\ndurability = \"maybe\"\n");
    refused(&home, &["store.durability", "full or normal"]);
    let home = Home::new().with("SIMULATOR__PACE", "0");
    refused(&home, &["simulator.pace", "use 1.0"]);
    let home = Home::new().with("HTTP__BODY_LIMIT", "many");
    refused(&home, &["http.body_limit", "integer"]);
}

#[test]
fn a_real_channel_beside_the_simulator_is_refused() {
    let home =
        Home::new().configured("[channels.capo]\nsource = \"telegram\"\nname = \"CryptoCapoTG\"\n");
    refused(&home, &["channels.capo", "enabled = false", "[venues]"]);
}

#[test]
fn a_webhook_with_a_short_key_is_refused_and_the_key_is_not_said() {
    let text = format!(
        "[simulator]\nenabled = false\n{VENUE}[channels.bot]\nsource = \"webhook\"\nkey = \"hunter2\"\n"
    );
    let home = Home::new().configured(&text);
    refused(&home, &["channels.bot.key", "16", "openssl rand"]);
    assert!(!home.run(&["check"], "").err.contains("hunter2"));
}

#[test]
fn a_missing_file_is_refused_by_its_name() {
    let said = Home::new().run(&["--config", "nowhere.toml", "check"], "");
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("nowhere.toml"), "{said:?}");
}

#[test]
fn every_kind_of_key_can_stand_in_the_environment() {
    let home = Home::new()
        .configured(VENUE)
        .with("SIMULATOR__ENABLED", "false")
        .with(
            "HTTP__ALLOWED_ORIGINS",
            "https://a.example,https://b.example",
        )
        .with("CHANNELS__BOT__SOURCE", "webhook")
        // A key of digits alone is a key, its leading zeros included.
        .with("CHANNELS__BOT__KEY", "0123456789012345")
        .with("CHANNELS__CAPO__SOURCE", "telegram")
        .with("CHANNELS__CAPO__NAME", "CryptoCapoTG")
        .with("CHANNELS__CAPO__INTERVAL_S", "20");
    let said = home.run(&["check"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("/v1/ingest/bot") && said.out.contains("every 20 s"),
        "{said:?}"
    );
}
