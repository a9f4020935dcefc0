//! Keys that are exchanged: the secret that seals, and those that sign tokens; in a file and on a server.

use domain::account::Sealed;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use touchstone::accounts::seal::Seal;

use crate::api::{read, text};
use crate::dumps::{database, tell};
use crate::home::{Home, Said};
use crate::people::{Person, Town, closed, code, person};
use crate::wait::until;

const BEFORE: &str = "the-secret-of-long-ago-which-was-long-enough";
const NOW: &str = "the-secret-of-these-days-which-is-long-enough";
const WRONG: &str = "a-secret-of-somebody-else-which-is-long-enough";
const ROOT: &str = "root@example.org";
const PASSWORD: &str = "quilt hammer saffron 77";

/// Where a record is, past the program.
enum Record {
    File,
    Server(String),
}

impl Record {
    /// Whatever is kept sealed, and for what.
    async fn sealed(&self, home: &Home) -> Vec<(String, Vec<u8>)> {
        let schema = match self {
            Self::File => "",
            Self::Server(_) => "simulator.",
        };
        let sql = format!(
            "SELECT 'signing-key' AS use, private AS sealed, kid AS nth FROM {schema}signing_keys \
             UNION ALL SELECT 'second-factor', second, id FROM {schema}accounts WHERE second IS NOT NULL \
             UNION ALL SELECT 'mail', params, key FROM {schema}mails WHERE sent IS NULL ORDER BY 1, 3"
        );
        let query = AssertSqlSafe(sql);
        match self {
            Self::File => {
                let file = home.path("data/simulator.db");
                let url = format!("sqlite:{}", file.display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                let rows = sqlx::query(query).fetch_all(&mut connection).await;
                let rows = rows.unwrap().into_iter();
                rows.map(|row| (row.get("use"), row.get("sealed")))
                    .collect()
            }
            Self::Server(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let rows = sqlx::query(query).fetch_all(&mut connection).await;
                let rows = rows.unwrap().into_iter();
                rows.map(|row| (row.get("use"), row.get("sealed")))
                    .collect()
            }
        }
    }
}

/// How many of these a secret opens.
fn opened(secret: &str, sealed: &[(String, Vec<u8>)]) -> usize {
    let seal = Seal::new(&secret.into()).unwrap();
    let opens =
        |(used, sealed): &&(String, Vec<u8>)| seal.open(used, &Sealed(sealed.clone())).is_ok();
    sealed.iter().filter(opens).count()
}

fn refused(said: &Said, words: &str) {
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(words), "not `{words}`: {}", said.err);
    for secret in [BEFORE, NOW, WRONG] {
        assert!(!said.err.contains(secret), "{}", said.err);
    }
}

async fn in_charge(town: &Town, code: Option<&str>) -> Person {
    person(ROOT, &town.log_in(ROOT, PASSWORD, code).await)
}

/// Gives him a second factor: the secret that his authenticator keeps.
async fn guarded(town: &Town, whose: &Person) -> String {
    let path = "/v1/account/second-factor";
    let proof = Some(json!({ "password": PASSWORD }));
    let begun = read(&town.ask(&whose.bearer(), Method::POST, path, proof).await);
    let secret = text(&begun, "secret");
    let first = Some(json!({ "code": code(&secret, &whose.email, -1) }));
    let confirmed = town.ask(&whose.bearer(), Method::PUT, path, first).await;
    assert_eq!(confirmed.status, 200, "{:?}", confirmed.body);
    secret
}

/// How often the secret was changed, as the log of what privileged people did has it.
async fn changes(town: &Town, root: &Person) -> Vec<Value> {
    let log = town.told(&root.bearer(), "/v1/admin/audit?limit=500").await;
    let log = log.as_array().unwrap().iter();
    log.filter(|deed| deed["action"] == "secret.change")
        .cloned()
        .collect()
}

/// A place whose secret was changed.
struct Changed {
    home: Home,
    root: Person,
    /// What the log of what privileged people did says of it.
    noted: Vec<Value>,
    /// Whatever is sealed there.
    anew: Vec<(String, Vec<u8>)>,
}

async fn the_secret_is_changed(record: &Record, home: Home) -> Changed {
    let home = home
        .with("ACCOUNTS__SECRET", BEFORE)
        .with("HTTP__DRAIN_MS", "100");
    let made = home.run(
        &["admin", "create", "--email", ROOT],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(made.code, Some(0), "{made:?}");
    let town = Town::at(home).await;
    let root = in_charge(&town, None).await;
    let authenticator = guarded(&town, &root).await;
    let home = town.stop().await;
    // A key, a second factor, and the mail that tells of it.
    let before = record.sealed(&home).await;
    assert_eq!((before.len(), opened(BEFORE, &before)), (3, 3));

    // Neither the new one alone, nor beside a wrong one; and nothing changes by the attempt.
    let home = home.with("ACCOUNTS__SECRET", NOW);
    refused(&home.run(&["serve"], ""), "accounts.secret");
    let home = home.with("ACCOUNTS__SECRET_BEFORE", WRONG);
    refused(&home.run(&["serve"], ""), "accounts.secret_before");
    let home = home.with("ACCOUNTS__SECRET_BEFORE", NOW);
    refused(&home.run(&["serve"], ""), "accounts.secret_before");
    assert_eq!(record.sealed(&home).await, before);
    // A command seals nothing anew: another one may still run with the secret of before.
    let home = home.with("ACCOUNTS__SECRET_BEFORE", BEFORE);
    let asked = home.run(
        &[
            "admin",
            "reset-second-factor",
            "--email",
            "nobody@example.org",
        ],
        "",
    );
    refused(&asked, "nobody");
    assert_eq!(record.sealed(&home).await, before);

    let town = Town::at(home).await;
    // Who was logged in stays so, by token and by device, and his authenticator shows the same codes.
    town.told(&root.bearer(), "/v1/account").await;
    let body = json!({ "refresh_token": root.refresh });
    let root = person(ROOT, &town.post("/v1/auth/refresh", body).await);
    let shown = code(&authenticator, ROOT, 0);
    in_charge(&town, Some(&shown)).await;
    let noted = changes(&town, &root).await;
    assert_eq!((noted.len(), &noted[0]["actor"]), (1, &json!("operator")));
    let detail = json!({ "signing_keys": 1, "second_factors": 1, "mails": 1 });
    assert_eq!(noted[0]["detail"], detail, "{noted:?}");
    let home = town.stop().await;
    let anew = record.sealed(&home).await;
    assert_eq!((opened(NOW, &anew), opened(BEFORE, &anew)), (anew.len(), 0));
    let log = std::fs::read_to_string(home.path("err")).unwrap();
    assert!(log.contains("accounts.secret_before"), "{log}");

    Changed {
        home,
        root,
        noted,
        anew,
    }
}

#[tokio::test]
async fn another_secret_seals_everything_in_a_file_anew_at_one_start_or_nothing() {
    let changed = the_secret_is_changed(&Record::File, closed()).await;
    let Changed {
        mut home,
        root,
        noted,
        anew,
    } = changed;
    // Done twice it does nothing the second time, whatever was before; and then it is not needed.
    for before in [BEFORE, WRONG, ""] {
        let town = Town::at(home.with("ACCOUNTS__SECRET_BEFORE", before)).await;
        town.told(&root.bearer(), "/v1/account").await;
        assert_eq!(changes(&town, &root).await, noted);
        let log = town.running.logged();
        assert_eq!(log.contains("take it away"), !before.is_empty(), "{log}");
        home = town.stop().await;
        assert_eq!(Record::File.sealed(&home).await, anew);
    }
}

#[tokio::test]
async fn another_secret_seals_everything_on_a_server_anew_at_one_start_or_nothing() {
    let name = format!("resealed_{}", std::process::id());
    let url = database(&name).await;
    let home = closed().with("STORE__URL", &url);
    the_secret_is_changed(&Record::Server(url), home).await;
    tell(format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

#[tokio::test]
async fn the_key_beside_the_database_is_made_anew_and_a_backup_of_before_is_put_back() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let mails = town.mails(&anna.email).await;
    let backed = town.home.run(&["backup", "copy.db"], "");
    assert_eq!(backed.code, Some(0), "{backed:?}");
    let home = town.stop().await;
    let (key, aside) = (home.path("data/secret.key"), home.path("before.key"));
    std::fs::rename(&key, &aside).unwrap();
    let before = std::fs::read_to_string(&aside).unwrap();

    let town = Town::at(home.with("ACCOUNTS__SECRET_BEFORE", &before)).await;
    assert_ne!(std::fs::read_to_string(&key).unwrap(), before);
    assert_eq!(town.mails(&anna.email).await, mails);
    town.told(&anna.bearer(), "/v1/account").await;
    let home = town.stop().await;

    let home = home.with("ACCOUNTS__SECRET_BEFORE", "");
    let unopened = home.run(&["restore", "copy.db"], "");
    assert_eq!(unopened.code, Some(1), "{unopened:?}");
    assert!(unopened.err.contains("secret"), "{unopened:?}");
    let home = home.with("ACCOUNTS__SECRET_BEFORE", &before);
    let restored = home.run(&["restore", "copy.db"], "");
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let home = Town::at(home).await.stop().await;
    let town = Town::at(home.with("ACCOUNTS__SECRET_BEFORE", "")).await;
    assert_eq!(town.mails(&anna.email).await, mails);
    town.told(&anna.bearer(), "/v1/account").await;
}

/// The names of the keys whose tokens are believed.
async fn kids(town: &Town) -> Vec<String> {
    let jwks = town.running.api.json("/.well-known/jwks.json").await;
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| text(key, "kid")).collect()
}

async fn status(town: &Town, whose: &Person) -> u16 {
    let bearer = whose.bearer();
    let answer = town.ask(&bearer, Method::GET, "/v1/account", None).await;
    answer.status.as_u16()
}

fn signed_by(whose: &Person) -> String {
    let header = jsonwebtoken::decode_header(&whose.access).unwrap();
    header.kid.unwrap()
}

/// Lets another key sign, and gives its name.
async fn rotated(home: &Home, args: &[&str]) -> String {
    let said = home.run_beside(args).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    said.out.split_once(" signs tokens").unwrap().0.to_owned()
}

#[tokio::test]
async fn another_key_signs_while_the_platform_is_stopped_and_what_a_revoked_one_signed_is_refused()
{
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let first = signed_by(&anna);
    let refused = town.home.run(&["keys", "rotate"], "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("another process"), "{refused:?}");
    let home = town.stop().await;
    let second = rotated(&home, &["keys", "rotate"]).await;

    let town = Town::at(home).await;
    let mut both = kids(&town).await;
    both.sort();
    let mut expected = [first, second.clone()];
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(status(&town, &anna).await, 200);
    let later = town.logged_in(&anna.email, crate::people::PASSWORD).await;
    assert_eq!(signed_by(&later), second);
    let home = town.stop().await;

    let third = rotated(&home, &["keys", "rotate", "--revoke"]).await;
    let town = Town::at(home).await;
    assert_eq!(kids(&town).await, std::slice::from_ref(&third));
    for before in [&anna, &later] {
        assert_eq!(status(&town, before).await, 401);
        // Who is logged in stays so.
        let body = json!({ "refresh_token": before.refresh });
        let again = person(&anna.email, &town.post("/v1/auth/refresh", body).await);
        assert_eq!(signed_by(&again), third);
        assert_eq!(status(&town, &again).await, 200);
    }
}

#[tokio::test]
async fn a_node_on_a_server_hears_of_another_key_and_of_a_revoked_one() {
    let name = format!("rotated_{}", std::process::id());
    let home = closed().with("STORE__URL", &database(&name).await);
    let made = home.run(
        &["admin", "create", "--email", ROOT],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(made.code, Some(0), "{made:?}");
    let town = Town::at(home).await;
    let root = in_charge(&town, None).await;
    let first = signed_by(&root);
    let second = rotated(&town.home, &["keys", "rotate"]).await;
    until("the next key is published", async || {
        kids(&town).await.contains(&second).then_some(())
    })
    .await;
    assert_eq!(
        (kids(&town).await.len(), status(&town, &root).await),
        (2, 200)
    );

    let third = rotated(&town.home, &["keys", "rotate", "--revoke"]).await;
    until("what the others signed is refused", async || {
        (status(&town, &root).await == 401).then_some(())
    })
    .await;
    assert_eq!(kids(&town).await, std::slice::from_ref(&third));
    let body = json!({ "refresh_token": root.refresh });
    let root = person(ROOT, &town.post("/v1/auth/refresh", body).await);
    assert_eq!(signed_by(&root), third);
    let log = town.told(&root.bearer(), "/v1/admin/audit?limit=2").await;
    let told: Vec<_> = log.as_array().unwrap().iter().collect();
    for (deed, (former, revoked)) in told.iter().zip([(second, true), (first, false)]) {
        assert_eq!(
            (&deed["action"], &deed["subject"], &deed["detail"]),
            (
                &json!("keys.rotate"),
                &json!(former),
                &json!({ "revoked": revoked })
            )
        );
    }
    town.stop().await;
    tell(format!("DROP DATABASE {name} WITH (FORCE)")).await;
}
