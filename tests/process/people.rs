//! People with accounts, as they register, read their mail and log in.

use std::path::PathBuf;
use std::time::SystemTime;

use domain::account::{Email, Sealed};
use domain::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row as _};
use touchstone::accounts::seal::Seal;
use touchstone::accounts::{mailer, second};
use touchstone::outbound::Answer;
use url::form_urlencoded;

use crate::api::{Api, read, text};
use crate::home::Home;
use crate::running::Running;
use crate::wait::until;

pub(crate) const PASSWORD: &str = "otter kettle marzipan 41";

/// Who hands mails in here; nobody answers there, so what is written stays in the outbox.
pub(crate) const SMTP: &str = "smtp://touchstone:brandy-ladder-comet@127.0.0.1:9";

/// A place where accounts alone decide, also on this machine.
pub(crate) fn closed() -> Home {
    Home::new()
        .with("ACCOUNTS__OPEN_ON_THIS_MACHINE", "false")
        // Hashing is slow on purpose, and tests have no time.
        .with("ACCOUNTS__ARGON2_MEMORY_KIB", "64")
        .with("ACCOUNTS__ARGON2_PASSES", "1")
        // Nor is anybody here to be slowed down by his plan.
        .with("PLANS__FREE__REQUESTS_A_MINUTE", "60000")
        .with("PLANS__PRO__REQUESTS_A_MINUTE", "60000")
        .with("MAIL__SMTP_URL", SMTP)
}

/// A place with people.
pub(crate) struct Town {
    pub running: Running,
    database: PathBuf,
    seal: Seal,
    /// Its files go with it.
    pub home: Home,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub email: String,
    pub access: String,
    pub refresh: String,
}

impl Person {
    /// What he shows with each request.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.access)
    }
}

impl Town {
    pub(crate) async fn found() -> Self {
        Self::at(closed()).await
    }

    pub(crate) async fn at(home: Home) -> Self {
        let running = home.start(&[]).await;
        let secret = Seal::secret_of(&home.path("data/secret.key")).unwrap();
        Self {
            database: home.path("data/simulator.db"),
            seal: Seal::new(&secret).unwrap(),
            running,
            home,
        }
    }

    /// Stops it, and leaves its files.
    pub(crate) async fn stop(self) -> Home {
        self.running.stop().await;
        self.home
    }

    /// The database, past the program.
    pub(crate) async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(&self.database)
            .busy_timeout(std::time::Duration::from_secs(10));
        SqlitePool::connect_with(options).await.unwrap()
    }

    pub(crate) async fn tell(&self, sql: String) {
        let told = sqlx::query(AssertSqlSafe(sql));
        told.execute(&self.pool().await).await.unwrap();
    }

    pub(crate) fn open(&self, used_for: &str, sealed: Vec<u8>) -> Vec<u8> {
        self.seal.open(used_for, &Sealed(sealed)).unwrap()
    }

    pub(crate) fn seal(&self, used_for: &str, bytes: &[u8]) -> Vec<u8> {
        self.seal.seal(used_for, bytes).unwrap().0
    }

    /// What the mails to an address are about, oldest first.
    pub(crate) async fn templates(&self, email: &str) -> Vec<String> {
        let mails = self.mails(email).await;
        mails.into_iter().map(|(template, _)| template).collect()
    }

    /// The mails to an address: the template and what stands in it, oldest first.
    pub(crate) async fn mails(&self, email: &str) -> Vec<(String, Value)> {
        let sql = "SELECT template, params FROM mails WHERE recipient = $1 ORDER BY number";
        let pool = self.pool().await;
        let rows = sqlx::query(sql).bind(email).fetch_all(&pool).await;
        let opened = rows.unwrap().into_iter().map(|row| {
            let params = self.open(mailer::USE, row.get("params"));
            (
                row.get("template"),
                serde_json::from_slice(&params).unwrap(),
            )
        });
        opened.collect()
    }

    /// The token of the last link that was mailed to an address.
    pub(crate) async fn link(&self, email: &str, template: &str) -> String {
        let mails = self.mails(email).await;
        let (last, params) = mails.last().unwrap();
        assert_eq!(last, template);
        text(params, "token")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let api = &self.running.api;
        api.send(Method::POST, path, &[], Some(body)).await
    }

    /// Asks as somebody.
    pub(crate) async fn ask(
        &self,
        bearer: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let headers = [("authorization", bearer)];
        self.running.api.send(method, path, &headers, body).await
    }

    /// What somebody is told when all is well.
    pub(crate) async fn told(&self, bearer: &str, path: &str) -> Value {
        let answer = self.ask(bearer, Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        read(&answer)
    }

    pub(crate) async fn registered(&self, email: &str, password: &str) {
        let body = json!({ "email": email, "password": password });
        let answer = self.post("/v1/auth/register", body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
    }

    pub(crate) async fn verified(&self, email: &str) {
        let token = self.link(email, "verify").await;
        let answer = self
            .post("/v1/auth/verify", json!({ "token": token }))
            .await;
        assert_eq!(answer.status, 204, "{:?}", answer.body);
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str, code: Option<&str>) -> Answer {
        let body = json!({ "email": email, "password": password, "code": code });
        self.post("/v1/auth/login", body).await
    }

    pub(crate) async fn logged_in(&self, email: &str, password: &str) -> Person {
        let answer = self.log_in(email, password, None).await;
        person(email, &answer)
    }

    /// Somebody new, who is logged in.
    pub(crate) async fn settle(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        self.registered(&email, PASSWORD).await;
        self.verified(&email).await;
        self.logged_in(&email, PASSWORD).await
    }

    /// Somebody who runs the place. The first is made on the command line before it serves; here one
    /// who is registered is raised past the program.
    pub(crate) async fn admin(&self) -> Person {
        let admin = self.settle("root").await;
        self.raise(&admin.email, "role = 'admin'").await;
        self.becomes(&admin, "/v1/admin/audit", 200).await;
        admin
    }

    /// Changes an account past the program, so that every process hears of it.
    pub(crate) async fn raise(&self, email: &str, what: &str) {
        let set =
            format!("UPDATE accounts SET {what}, revision = revision + 1 WHERE email = '{email}'");
        self.tell(set).await;
        self.tell("UPDATE meta SET door = door + 1".to_owned())
            .await;
    }

    /// Waits until somebody is answered so.
    pub(crate) async fn becomes(&self, person: &Person, path: &str, status: u16) {
        until(&format!("{path} answers {status}"), async || {
            let answer = self.ask(&person.bearer(), Method::GET, path, None).await;
            (answer.status == status).then_some(())
        })
        .await;
    }
}

/// Fills in the form of a page and posts it, as a browser does in which nobody is logged in. Gives the
/// cookie by which the form is known, and the answer.
pub(crate) async fn fill(api: &Api, path: &str, fields: &[(&str, &str)]) -> (String, Answer) {
    let page = api.get(path, &[]).await;
    let cookie = page.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let headers = [
        ("cookie", cookie),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", &field(&page, "token"))
        .extend_pairs(fields)
        .finish();
    let answer = api.post(path, &headers, &form).await;
    (cookie.split_once('=').unwrap().1.to_owned(), answer)
}

/// What stands in a hidden field of a page.
pub(crate) fn field(page: &Answer, name: &str) -> String {
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let value = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    let value = value.unwrap_or_else(|| panic!("no {name} in {page}"));
    value.split('"').next().unwrap().to_owned()
}

pub(crate) fn person(email: &str, answer: &Answer) -> Person {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = read(answer);
    Person {
        email: email.to_owned(),
        access: text(&tokens, "access_token"),
        refresh: text(&tokens, "refresh_token"),
    }
}

/// The code that an authenticator with this secret shows now, or so many steps later.
pub(crate) fn code(base32: &str, email: &str, steps: i64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bits = 0_u64;
    let mut held = 0;
    let mut secret = Vec::new();
    for letter in base32.bytes() {
        let value = LETTERS.iter().position(|it| *it == letter).unwrap();
        bits = bits << 5 | u64::try_from(value).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            secret.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    let at = Timestamp::from_millis(now() * 1_000 + steps * 30_000);
    second::code_at(&secret, &Email::parse(email).unwrap(), at).unwrap()
}

/// Seconds of UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "a test stands beside the clock on the wall"
)]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}
