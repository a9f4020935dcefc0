//! A visitor of the demo buys a plan with a test card, and sees it take effect.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::outbound::{Limits, Outbound, Reach};
use url::Url;

use crate::api::{Api, read};
use crate::home::Home;
use crate::wait::until;

/// A password that nobody guesses.
const PASSWORD: &str = "otter kettle marzipan";

/// Fills in the page on which is paid.
pub(crate) async fn pay(page: &str, number: &str) -> u16 {
    let limits = Limits {
        time: Duration::from_secs(30),
        connect: Duration::from_secs(5),
        body: 1 << 20,
        redirects: 0,
    };
    let outbound = Outbound::new(Reach::Anywhere, limits).unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    headers.insert(reqwest::header::CONTENT_TYPE, form);
    let fields = format!("action=pay&email=user%40example.org&number={number}");
    let url = Url::parse(page).unwrap();
    let paid = outbound.post(url, headers, fields.into()).await.unwrap();
    paid.status.into()
}

struct Visitor<'a> {
    api: &'a Api,
    token: String,
}

impl<'a> Visitor<'a> {
    async fn log_in(api: &'a Api, email: &str) -> Self {
        let wish = json!({"email": email, "password": PASSWORD});
        let answer = api
            .send(Method::POST, "/v1/auth/login", &[], Some(wish))
            .await;
        let token = read(&answer)["access_token"].as_str().unwrap().to_owned();
        Self { api, token }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str())];
        let answer = self.api.send(method, path, &headers, body).await;
        let status = answer.status.into();
        (
            status,
            serde_json::from_slice(&answer.body).unwrap_or_default(),
        )
    }

    async fn plan(&self) -> Option<String> {
        let (_, account) = self.ask(Method::GET, "/v1/account", None).await;
        account["allows"]["plan"].as_str().map(str::to_owned)
    }
}

#[tokio::test]
async fn a_visitor_of_the_demo_buys_a_plan_and_has_it_after_a_crash_too() {
    let home = Home::simulated().with("ACCOUNTS__OPEN_ON_THIS_MACHINE", "false");
    for email in ["admin@example.org", "user@example.org"] {
        let made = home.run(
            &["admin", "create", "--email", email],
            &format!("{PASSWORD}\n"),
        );
        assert_eq!(made.code, Some(0), "{made:?}");
    }
    let running = home.start(&[]).await;
    let admin = Visitor::log_in(&running.api, "admin@example.org").await;
    let (_, page) = admin.ask(Method::GET, "/v1/admin/accounts", None).await;
    let id = page["accounts"][1]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/accounts/{id}");
    let (status, _) = admin
        .ask(Method::PATCH, &path, Some(json!({"role": "user"})))
        .await;
    assert_eq!(status, 200);

    let user = Visitor::log_in(&running.api, "user@example.org").await;
    assert_eq!(user.plan().await.as_deref(), Some("free"));
    let (status, refused) = user.ask(Method::GET, "/v1/ml/models", None).await;
    assert_eq!((status, &refused["plan"]), (403, &json!("Pro")));
    // The room learns the prices while the platform starts.
    let wish = json!({"plan": "pro", "period": "month"});
    let checkout = until("the plan is sold", async || {
        let wish = Some(wish.clone());
        let (status, page) = user.ask(Method::POST, "/v1/billing/checkout", wish).await;
        (status == 200).then(|| page["url"].as_str().unwrap().to_owned())
    })
    .await;
    assert_eq!(pay(&checkout, "4000000000000002").await, 422);
    assert_eq!(pay(&checkout, "4242424242424242").await, 303);
    until("the plan takes effect", async || {
        (user.plan().await.as_deref() == Some("pro")).then_some(())
    })
    .await;
    assert_eq!(user.ask(Method::GET, "/v1/ml/models", None).await.0, 200);
    let (_, bills) = user.ask(Method::GET, "/v1/billing/invoices", None).await;
    assert_eq!(bills.as_array().unwrap().len(), 1, "{bills}");
    running.kill();

    let running = home.start(&[]).await;
    let user = Visitor::log_in(&running.api, "user@example.org").await;
    assert_eq!(user.plan().await.as_deref(), Some("pro"));
    let (status, ended) = user
        .ask(Method::POST, "/v1/billing/end", Some(json!({"ends": true})))
        .await;
    assert_eq!((status, &ended["ends"]), (200, &json!(true)));
    running.stop().await;
}
