//! A handler that falls over while it holds a secret: nothing of it is told, and nobody else is disturbed.
//!
//! The program has no such handler. This test serves one besides, in its own process, where all that is logged and
//! all that a panic says is caught.

use std::fmt::Debug;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use actix_web::{HttpResponse, web};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use touchstone::accounts::Desk;
use touchstone::accounts::seal::Seal;
use touchstone::config::{Log, LogFormat, Settings};
use touchstone::http::accounts::{auth, keys, own};
use touchstone::http::guarded::{Anyone, Guarded};
use touchstone::http::ingest;
use touchstone::telemetry;
use tracing_subscriber::EnvFilter;

use crate::api::{Api, read, text};
use crate::people::code;

const PASSWORD: &str = "otter kettle marzipan 41";
const OTHER: &str = "walnut sleigh parsnip 12";
const FELL: &str = "a handler fell over";

/// Everything that was logged, and everything that panics said.
static TOLD: OnceLock<Told> = OnceLock::new();

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Catches all of it from now on.
fn listen() -> Told {
    let told = TOLD.get_or_init(Told::default).clone();
    let writer = told.clone();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_writer(move || writer.clone())
        .init();
    let heard = told.clone();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let backtrace = std::backtrace::Backtrace::force_capture();
        writeln!(heard.clone(), "{panic}\n{backtrace}").unwrap();
        if !panic.to_string().contains(FELL) {
            before(panic);
        }
    }));
    told
}

/// Reads a body as an operation does, and falls over with it in hand, saying all that can be said of it.
fn falls<T: DeserializeOwned + Debug>(guarded: &Guarded<Anyone>, body: &[u8]) -> HttpResponse {
    let read: T =
        serde_json::from_slice(body).unwrap_or_else(|error| panic!("{FELL}, unread: {error:?}"));
    panic!("{FELL}: {guarded:?} {read:?}");
}

async fn fall(
    guarded: Guarded<Anyone>,
    as_what: web::Path<String>,
    query: web::Query<ingest::Query>,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    match as_what.as_str() {
        "registration" => falls::<auth::Registration>(&guarded, &body),
        "login" => falls::<auth::Login>(&guarded, &body),
        "link" => falls::<auth::LinkToken>(&guarded, &body),
        "refresh" => falls::<auth::Refresh>(&guarded, &body),
        "reset" => falls::<auth::Reset>(&guarded, &body),
        "password" => falls::<own::NewPassword>(&guarded, &body),
        "proof" => falls::<own::Proof>(&guarded, &body),
        "code" => falls::<own::FirstCode>(&guarded, &body),
        "key" => falls::<keys::NewApiKey>(&guarded, &body),
        "query" => panic!("{FELL}: {guarded:?} {query:?}"),
        "settings" => panic!("{FELL}: {:?}", settings()),
        // Something that is held, and half done.
        "desk" => {
            let secret = secrecy::SecretString::from(PASSWORD.to_owned());
            let known = desk.register("max@example.org", &secret, None, None).await;
            panic!("{FELL}: {known:?} {secret:?} {guarded:?}");
        }
        other => panic!("nobody falls over {other}"),
    }
}

/// A configuration with each secret that there may be.
fn settings() -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("touchstone.toml");
    std::fs::write(&file, SETTINGS).unwrap();
    Settings::load(Some(&file)).unwrap()
}

const SETTINGS: &str = "
[store]
url = \"postgres://touchstone:geheim-and-long-37@127.0.0.1:9/touchstone\"
[accounts]
secret = \"a-seal-that-is-long-enough-for-anybody-91\"
[mail]
smtp_url = \"smtps://touchstone:brandy-ladder-comet@127.0.0.1:9\"
[payments]
secret_key = \"sk_test_marzipan0otter0kettle0brandy\"
webhook_secret = \"whsec_saffron0quilt0hammer\"
[redis]
url = \"redis://:ladder-of-the-bus-73@127.0.0.1:9/0\"
[simulator]
enabled = false
[venues.binance]
kind = \"binance-spot\"
[channels.desk]
source = \"webhook\"
key = \"hook-key-of-the-desk-55\"
[channels.bot]
source = \"telegram_bot\"
chat = \"@desk\"
token = \"123456789:AAladder-of-the-bot-in-the-channel-x\"
";

const SET: [&str; 8] = [
    "geheim-and-long-37",
    "a-seal-that-is-long-enough-for-anybody-91",
    "brandy-ladder-comet",
    "sk_test_marzipan0otter0kettle0brandy",
    "whsec_saffron0quilt0hammer",
    "ladder-of-the-bus-73",
    "hook-key-of-the-desk-55",
    "123456789:AAladder-of-the-bot-in-the-channel-x",
];

#[test]
fn a_handler_that_falls_over_with_a_secret_in_hand_tells_nobody() {
    let told = listen();
    let counted = telemetry::count().unwrap();
    let mut used = SET.map(str::to_owned).to_vec();
    let fell = actix_web::rt::System::new().block_on(fall_over(&mut used));
    let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
    let times = told.matches(FELL).count();
    assert_eq!(times, fell, "a panic was not heard");
    assert_eq!(told.matches("unread").count(), 0);
    // Each is a request of which it is counted how it ended.
    let labels = "method=\"POST\",route=\"unmatched\",status=\"panicked\"";
    let line = format!("touchstone_http_requests_total{{{labels}}} {fell}\n");
    let counted = counted.render();
    assert!(counted.contains(&line), "no {line} in {counted}");
    println!(
        "{} secrets, {fell} panics, {} bytes",
        used.len(),
        told.len()
    );
    let mut spilt = Vec::new();
    for secret in &used {
        if let Some(line) = told.lines().find(|line| line.contains(secret.as_str())) {
            println!("{secret} was told: {}", line.replace(FELL, "it fell"));
            spilt.push(secret);
        }
    }
    assert_eq!(spilt, [""; 0]);
}

/// Says to this test, run anew as a process of its own, that it is the one that falls over.
const CHILD: &str = "TOUCHSTONE_TEST_FALLS_OVER";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks which of its two it is"
)]
fn a_panic_is_one_line_of_a_log_for_machines_and_tells_no_secret() {
    let name = "panics::a_panic_is_one_line_of_a_log_for_machines_and_tells_no_secret";
    if std::env::var(CHILD).is_ok() {
        fall_over_in_json();
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
    let said = child.output().unwrap();
    assert!(said.status.success(), "{said:?}");
    // The harness speaks on the other stream.
    let said = String::from_utf8(said.stderr).unwrap();
    let lines = said.lines().map(|line| {
        let read = serde_json::from_str::<Value>(line);
        read.unwrap_or_else(|_| panic!("no JSON: {line}"))
    });
    let panics: Vec<_> = lines
        .filter(|line| line["target"] == "touchstone::panic")
        .collect();
    let [handler, thread] = panics.as_slice() else {
        panic!("two panics are told as {panics:?}");
    };
    assert!(text(handler, "message").contains(FELL), "{handler}");
    assert_eq!(text(thread, "message"), "panicked: one line\nand another");
    assert_eq!(thread["panic.thread"], "somebody");
    for panic in [handler, thread] {
        assert_eq!(panic["level"], "ERROR");
        let place = text(panic, "panic.location");
        assert!(place.starts_with("tests/process/panics.rs:"), "{place}");
    }
    assert!(!said.contains(PASSWORD), "{said}");
}

/// A handler falls over with a password in hand, and then a thread that nobody watches.
fn fall_over_in_json() {
    let log = Log {
        format: LogFormat::Json,
        filter: "info".to_owned(),
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("touchstone.toml");
    let configured = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\ndrain_ms = 100\n[store]\npath = \"{0}/t.db\"\n\
         [simulator]\nenabled = false\n",
        folder.path().display()
    );
    std::fs::write(&file, configured).unwrap();
    let settings = Settings::load(Some(&file)).unwrap();
    telemetry::start(&log, &settings.monitoring).unwrap();
    actix_web::rt::System::new().block_on(async {
        let running = touchstone::serve::start_with(&settings, |config| {
            config.route("/falls/{as}", web::post().to(fall));
        });
        let running = running.await.unwrap();
        let api = Api::new(&running.address.to_string());
        let login = json!({ "email": "anna@example.org", "password": PASSWORD });
        let kind = [("content-type", "application/json")];
        let answered = api
            .is_answered("/falls/login", &kind, &login.to_string())
            .await;
        assert!(!answered);
        running.stop().await;
    });
    let thread = std::thread::Builder::new().name("somebody".to_owned());
    let fell = thread.spawn(|| panic!("one line\nand another"));
    assert!(fell.unwrap().join().is_err());
}

/// A life in which a handler falls over with each secret that it uses; how often that was.
async fn fall_over(used: &mut Vec<String>) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("touchstone.toml");
    let configured = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\ndrain_ms = 100\n[store]\npath = \"{0}/t.db\"\n\
         [simulator]\nenabled = false\n[mail]\nfolder = \"{0}/mail\"\n\
         [accounts]\nopen_on_this_machine = false\nargon2_memory_kib = 64\nargon2_passes = 1\n\
         [plans.free]\nfeatures = [\"keys\"]\nrequests_a_minute = 60000\n",
        folder.path().display()
    );
    std::fs::write(&file, configured).unwrap();
    let settings = Settings::load(Some(&file)).unwrap();
    let running = touchstone::serve::start_with(&settings, |config| {
        config.route("/falls/{as}", web::post().to(fall));
    });
    let running = running.await.unwrap();
    let api = Api::new(&running.address.to_string());
    let post = async |path: &str, body: Value| api.send(Method::POST, path, &[], Some(body)).await;

    // A life in which each secret is made.
    let email = "anna@example.org";
    let register = json!({ "email": email, "password": PASSWORD });
    assert_eq!(
        post("/v1/auth/register", register.clone()).await.status,
        202
    );
    let verify = mailed(folder.path(), "verify").await;
    assert_eq!(
        post("/v1/auth/verify", json!({ "token": verify }))
            .await
            .status,
        204
    );
    let login = json!({ "email": email, "password": PASSWORD });
    let tokens = read(&post("/v1/auth/login", login).await);
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let bearer = format!("Bearer {access}");
    let ask = async |method: Method, path: &str, body: Value| {
        let headers = [("authorization", bearer.as_str())];
        let answer = api.send(method, path, &headers, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {:?}", answer.body);
        read(&answer)
    };
    let factor = "/v1/account/second-factor";
    let begun = ask(Method::POST, factor, json!({ "password": PASSWORD })).await;
    let base32 = text(&begun, "secret");
    let first = code(&base32, email, -1);
    let confirmed = ask(Method::PUT, factor, json!({ "code": first })).await;
    let spare = confirmed["recovery_codes"][0].as_str().unwrap().to_owned();
    let wish = json!({ "name": "bot", "scopes": ["signals:read"] });
    let key = text(
        &ask(Method::POST, "/v1/account/keys", wish.clone()).await,
        "secret",
    );
    assert_eq!(
        post("/v1/auth/forgot", json!({ "email": email }))
            .await
            .status,
        202
    );
    let reset = mailed(folder.path(), "reset").await;
    let seal = Seal::secret_of(&folder.path().join("secret.key")).unwrap();
    let seal = secrecy::ExposeSecret::expose_secret(&seal).to_owned();
    for secret in [
        PASSWORD, OTHER, &verify, &access, &refresh, &base32, &spare, &key, &reset, &seal,
    ] {
        used.push(secret.to_owned());
    }
    // Six digits stand everywhere; those of a code stand between quotes.
    used.push(format!("\"{first}\""));

    // And a handler falls over with it.
    let mut fell = 0;
    for (what, body) in [
        ("registration", register),
        (
            "login",
            json!({ "email": email, "password": PASSWORD, "code": spare }),
        ),
        (
            "login",
            json!({ "email": email, "password": PASSWORD, "code": first }),
        ),
        ("link", json!({ "token": verify })),
        ("refresh", json!({ "refresh_token": refresh })),
        ("reset", json!({ "token": reset, "password": OTHER })),
        ("password", json!({ "current": PASSWORD, "new": OTHER })),
        ("proof", json!({ "password": PASSWORD, "code": spare })),
        ("code", json!({ "code": first })),
        ("key", wish),
        ("query", json!({})),
        ("settings", json!({})),
        ("desk", json!({})),
    ] {
        for shown in [
            ("authorization", bearer.clone()),
            ("authorization", format!("Bearer {key}")),
            ("x-touchstone-key", SET[6].to_owned()),
        ] {
            let path = format!("/falls/{what}?key={}", SET[6]);
            let headers = [
                (shown.0, shown.1.as_str()),
                ("content-type", "application/json"),
            ];
            // The connection falls with it.
            let answered = api.is_answered(&path, &headers, &body.to_string()).await;
            assert!(!answered, "{what} was answered");
            fell += 1;
        }
        // Nobody else is disturbed.
        assert_eq!(api.get("/healthz", &[]).await.status, 200);
        let shown = [("authorization", bearer.as_str())];
        let account = read(&api.get("/v1/account", &shown).await);
        assert_eq!(account["email"], email);
    }
    running.stop().await;
    fell
}

/// The token of the last mail of a kind.
async fn mailed(folder: &std::path::Path, page: &str) -> String {
    crate::wait::until("a mail is there", async || {
        let mails = std::fs::read_dir(folder.join("mail")).ok()?;
        mails.flatten().find_map(|file| {
            let mail = std::fs::read_to_string(file.path())
                .ok()?
                .replace("=\r\n", "");
            let after = mail.split(&format!("/{page}?token=")).nth(1)?;
            let token = after
                .trim_start_matches("3D")
                .split(|it: char| !it.is_ascii_alphanumeric() && it != '_')
                .next()?;
            Some(token.to_owned())
        })
    })
    .await
}
