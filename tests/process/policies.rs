//! The walk: every operation of the description refuses whom its `security` says that it refuses.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::Answer;

use crate::api::{read, text};
use crate::people::{Person, Town, closed};
use crate::wait::until;

/// Everybody who may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// Nobody who says who he is.
    Stranger,
    /// Somebody with an account and no more.
    Free,
    /// Somebody whose plan has everything.
    Pro,
    /// A program of the latter with every scope.
    Program,
    /// A program of the latter with another scope than the one that is asked for.
    Other,
    /// Somebody who confirms readings.
    Reviewer,
    /// Somebody who runs the place.
    Admin,
}

use Actor::{Admin, Free, Other, Pro, Program, Reviewer, Stranger};

/// What an actor is answered by an operation whose policy has this name: none where he is let in.
fn refusal(policy: &str, actor: Actor) -> Option<(u16, &'static str)> {
    const UNKNOWN: Option<(u16, &str)> = Some((401, "unauthenticated"));
    const PLAN: Option<(u16, &str)> = Some((403, "plan_required"));
    const NOT: Option<(u16, &str)> = Some((403, "not_allowed"));
    if let Some(policy) = policy.strip_prefix("open ") {
        return refusal(policy, actor).filter(|_| actor != Stranger);
    }
    match (policy, actor) {
        ("anyone", _) => None,
        (_, Stranger) => UNKNOWN,
        ("person" | "owner", Free | Pro | Reviewer | Admin) => None,
        ("reviewer", Reviewer | Admin) | ("admin" | "scraper", Admin) => None,
        ("person" | "owner" | "key_holder" | "reviewer" | "admin" | "scraper", Program | Other) => {
            NOT
        }
        ("reviewer", Free | Pro) | ("admin" | "scraper", Free | Pro | Reviewer) => NOT,
        ("reader" | "listener", Free | Pro | Program | Reviewer | Admin) => None,
        ("key_holder" | "analyst" | "exporter" | "believer" | "follower", Free | Reviewer) => PLAN,
        ("key_holder" | "analyst" | "exporter" | "believer" | "follower", Pro | Admin) => None,
        ("analyst" | "exporter" | "believer" | "follower", Program) => None,
        ("reader" | "listener" | "analyst" | "exporter" | "believer" | "follower", Other) => NOT,
        (unknown, _) => panic!("nobody knows what the policy `{unknown}` asks for: say it here"),
    }
}

/// A scope that does not open what has this policy.
fn another(policy: &str) -> &'static str {
    if policy == "reader" {
        "exports:read"
    } else {
        "signals:read"
    }
}

/// An operation of the description.
struct Operation {
    method: Method,
    template: String,
    policy: String,
}

impl Operation {
    /// Its address with things that are not there, and a day that is one.
    fn path(&self) -> String {
        let filled = self.template.split('/').map(|part| match part {
            "{day}" => "2026-01-01",
            "{symbol}" => "BTC-USDT",
            "{id}"
                if self.template.starts_with("/v1/account")
                    || self.template.starts_with("/v1/admin/accounts") =>
            {
                "00000000-0000-4000-8000-000000000000"
            }
            part if part.starts_with('{') => "nobody",
            part => part,
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {template}");
            let security = operation["security"].as_array();
            let security = security.unwrap_or_else(|| panic!("{at} does not say whom it admits"));
            let named = |entry: &Value| entry["bearer"][0].as_str().map(str::to_owned);
            let policy = match &security[..] {
                [only] => named(only).unwrap_or_else(|| "anyone".to_owned()),
                // Strangers are let in, and everybody else as the policy says.
                [open, other] if named(open).is_none() => format!("open {}", named(other).unwrap()),
                several => panic!("{at} says several things of whom it admits: {several:?}"),
            };
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                template: template.clone(),
                policy,
            });
        }
    }
    all
}

/// Asks; strangers come from another address each time, so that none of them asks too often.
async fn ask(town: &Town, bearer: Option<&str>, operation: &Operation) -> Answer {
    static STRANGERS: AtomicU32 = AtomicU32::new(0);
    let nth = STRANGERS.fetch_add(1, Ordering::Relaxed);
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(203, 0, 113, 0)) + nth % 256).to_string();
    let mut headers = vec![match bearer {
        Some(bearer) => ("authorization", bearer),
        None => ("x-forwarded-for", address.as_str()),
    }];
    let api = &town.running.api;
    if operation.method == Method::GET {
        return api.get(&operation.path(), &headers).await;
    }
    // A body that nobody can read: whoever is let in is told so, and nothing is done.
    headers.push(("content-type", "application/json"));
    api.call(operation.method.clone(), &operation.path(), &headers, "{")
        .await
}

async fn key(town: &Town, whose: &Person, scopes: &[&str]) -> String {
    let wish = Some(json!({ "name": "walker", "scopes": scopes }));
    let made = town
        .ask(&whose.bearer(), Method::POST, "/v1/account/keys", wish)
        .await;
    format!("Bearer {}", text(&read(&made), "secret"))
}

#[tokio::test]
async fn every_operation_refuses_whom_its_description_says_that_it_refuses() {
    let town = Town::at(closed().with("HTTP__TRUSTED_PROXIES", "127.0.0.1")).await;
    let admin = town.admin().await;
    let (free, pro, reviewer) = (
        town.settle("free").await,
        town.settle("pro").await,
        town.settle("reviewer").await,
    );
    town.raise(&pro.email, "granted = 'pro'").await;
    town.raise(&reviewer.email, "role = 'reviewer'").await;
    town.becomes(&reviewer, "/v1/reviews", 200).await;
    until("he has the plan", async || {
        let shown = town.told(&pro.bearer(), "/v1/account").await;
        (shown["allows"]["plan"] == "pro").then_some(())
    })
    .await;
    let all = [
        "stream:read",
        "signals:read",
        "analytics:read",
        "scores:read",
        "exports:read",
        "ingest:write",
    ];
    let program = key(&town, &pro, &all).await;
    let signals = key(&town, &pro, &["signals:read"]).await;
    let exports = key(&town, &pro, &["exports:read"]).await;

    let document = town.running.api.json("/openapi.json").await;
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let operations = operations(&document);
    let mut asked = 0;
    let mut wrong = Vec::new();
    for operation in &operations {
        for actor in [Stranger, Free, Pro, Program, Other, Reviewer, Admin] {
            let other = if another(&operation.policy) == "exports:read" {
                &exports
            } else {
                &signals
            };
            let bearer = match actor {
                Stranger => None,
                Free => Some(free.bearer()),
                Pro => Some(pro.bearer()),
                Program => Some(program.clone()),
                Other => Some(other.clone()),
                Reviewer => Some(reviewer.bearer()),
                Admin => Some(admin.bearer()),
            };
            let expected = refusal(&operation.policy, actor);
            // A stream has no end, so that whoever is let in is not answered.
            if expected.is_none() && operation.template == "/v1/stream/sse" {
                continue;
            }
            let answer = ask(&town, bearer.as_deref(), operation).await;
            asked += 1;
            let code = (answer.status.as_u16() >= 400).then(|| read(&answer)["code"].clone());
            let code = code.as_ref().and_then(Value::as_str).unwrap_or_default();
            let told = (answer.status.as_u16(), code);
            let refused = matches!(
                code,
                "unauthenticated" | "plan_required" | "not_allowed" | "forbidden"
            );
            // Whoever answers for a channel is asked whether it is his; that there is none comes first.
            let holds = match expected {
                Some(expected) => told == expected,
                None => !refused && told.0 < 500,
            };
            if !holds {
                wrong.push(format!(
                    "{} {} ({}), {actor:?}: {told:?}, expected {expected:?}",
                    operation.method, operation.template, operation.policy
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} operations, {asked} questions", operations.len());

    // The walk itself did nothing: everybody is still there, on the same device.
    for person in [&free, &pro, &reviewer, &admin] {
        let sessions = town.told(&person.bearer(), "/v1/account/sessions").await;
        assert_eq!(sessions.as_array().unwrap().len(), 1);
    }
    others_things(&town, &operations, &free, &pro).await;
}

/// Whatever of an account is named in an address is nobody else's: he is told that it is not there.
async fn others_things(town: &Town, operations: &[Operation], thief: &Person, whose: &Person) {
    // The thief has the same plan, so that nothing but whose it is can refuse him.
    town.raise(&thief.email, "granted = 'pro'").await;
    let ids = async |path: &str| {
        let listed = town.told(&whose.bearer(), path).await;
        let ids = listed.as_array().unwrap().iter().map(|it| text(it, "id"));
        ids.collect::<Vec<_>>()
    };
    until("the thief has the plan", async || {
        let shown = town.told(&thief.bearer(), "/v1/account").await;
        (shown["allows"]["plan"] == "pro").then_some(())
    })
    .await;
    let mut named = 0;
    let own = operations
        .iter()
        .filter(|it| it.template.starts_with("/v1/account/"));
    for operation in own.filter(|it| it.template.contains("{id}")) {
        let list = operation.template.split("/{id}").next().unwrap();
        for id in ids(list).await {
            let path = operation.template.replace("{id}", &id);
            let answer = town
                .ask(&thief.bearer(), operation.method.clone(), &path, None)
                .await;
            assert_eq!(answer.status, 404, "{} {path}", operation.method);
            assert!(ids(list).await.contains(&id));
            named += 1;
        }
    }
    // One session and three keys, of which the latter are also exchanged.
    assert_eq!(named, 1 + 2 * 3);
}

#[tokio::test]
async fn every_address_that_is_routed_stands_in_the_description_or_is_a_page() {
    let town = Town::at(closed().with("HTTP__TRUSTED_PROXIES", "127.0.0.1")).await;
    let document = town.running.api.json("/openapi.json").await;
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let mut routed = BTreeSet::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")) {
        let source = std::fs::read_to_string(&file).unwrap();
        // `page` is how `http::people` writes `web::resource`.
        for word in [".route(", "web::resource(", "web::scope(", ".service(page("] {
            for after in source.split(word).skip(1) {
                let Some(rest) = after.trim_start().strip_prefix('"') else {
                    continue;
                };
                routed.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    assert!(routed.len() > 50, "{routed:?}");
    assert_eq!(
        described.difference(&routed).collect::<Vec<_>>(),
        [""; 0],
        "described, and not there"
    );
    for path in routed.difference(&described) {
        assert!(
            !path.starts_with("/v1") && !path.starts_with("/."),
            "{path} is not described"
        );
        if path == "/openapi.json" || path.contains('{') {
            continue;
        }
        let page = town.running.api.get(path, &[("accept", "text/html")]).await;
        let kind = page.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("text/") || page.status.is_redirection() || page.status == 405,
            "{path}: {page:?}"
        );
        // Nobody's form is taken, whoever he is: it is not ours.
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let posted = town.running.api.post(path, &form, "token=00&email=a").await;
        let leads = posted.header("location").unwrap_or_default();
        // Whoever comes without his cookie is asked to go on from here, and nothing is taken.
        let asked = String::from_utf8_lossy(&posted.body).contains("again=1");
        assert!(
            asked || matches!(posted.status.as_u16(), 403 | 405) || leads.starts_with("/login"),
            "{path}: {posted:?}"
        );
    }
    // What is not described is not done, either.
    for path in &described {
        let methods = document["paths"][path].as_object().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if methods.contains_key(method) {
                continue;
            }
            let operation = Operation {
                method: method.to_uppercase().parse().unwrap(),
                template: path.clone(),
                policy: String::new(),
            };
            assert_eq!(
                ask(&town, None, &operation).await.status,
                405,
                "{method} {path}"
            );
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.with_extension("rs")];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
