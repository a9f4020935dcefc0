//! What the tests share: the room, a client of async-stripe, somebody who fills pages in, and an
//! inbox for webhooks.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::future::LocalBoxFuture;
use simulator::{Options, Payments, PaymentsOptions, Simulator, start};
use stripe::{Client, ClientBuilder};
use stripe_billing::subscription::RetrieveSubscription;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    RetrieveCheckoutSession,
};
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval};
use stripe_product::product::CreateProduct;
use stripe_shared::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionStatus, Price, Subscription,
};
use stripe_types::Currency;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const GOOD: &str = "4242424242424242";
pub(crate) const TIRES: &str = "4000000000000341";
pub(crate) const DECLINED: &str = "4000000000000002";

pub(crate) struct Scene {
    simulator: Simulator,
    pub(crate) client: Client,
}

pub(crate) fn scene() -> Scene {
    let payments = PaymentsOptions {
        first_pause: Duration::from_millis(50),
        ..PaymentsOptions::default()
    };
    let simulator = start(Options {
        payments: Some(payments),
        ..Options::default()
    });
    let simulator = simulator.unwrap();
    let room = simulator.payments().unwrap();
    let client = ClientBuilder::new(room.secret_key()).url(room.base_url());
    Scene {
        client: client.build().unwrap(),
        simulator,
    }
}

impl Scene {
    pub(crate) const fn of(client: Client, simulator: Simulator) -> Self {
        Self { simulator, client }
    }

    /// Stops it, and returns when it has stopped.
    pub(crate) fn stop(self) {
        self.simulator.stop();
    }

    pub(crate) fn room(&self) -> &Payments {
        self.simulator.payments().unwrap()
    }

    pub(crate) async fn price(&self, name: &str, cents: i64, key: &str) -> Price {
        let product = CreateProduct::new(name).send(&self.client).await.unwrap();
        CreatePrice::new(Currency::USD)
            .product(product.id.as_str())
            .unit_amount(cents)
            .lookup_key(key)
            .recurring(CreatePriceRecurring::new(
                CreatePriceRecurringInterval::Month,
            ))
            .send(&self.client)
            .await
            .unwrap()
    }

    pub(crate) async fn checkout(&self, price: &Price, trial_days: Option<u32>) -> CheckoutSession {
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price = Some(price.id.to_string());
        line.quantity = Some(1);
        let mut data = CreateCheckoutSessionSubscriptionData::new();
        data.trial_period_days = trial_days;
        data.metadata = Some([("account".to_owned(), "a_7".to_owned())].into());
        CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .line_items(vec![line])
            .subscription_data(data)
            .client_reference_id("a_7")
            .success_url("http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}")
            .cancel_url("http://127.0.0.1:1/back")
            .send(&self.client)
            .await
            .unwrap()
    }

    /// Fills a page in; the status, and where it leads.
    pub(crate) async fn fill_in(&self, url: &str, fields: &str) -> (u16, Option<String>) {
        let base = self.room().base_url();
        let place = base.trim_start_matches("http://").trim_end_matches('/');
        let path = url.strip_prefix(base.trim_end_matches('/')).unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{fields}",
            fields.len()
        );
        let mut stream = tokio::net::TcpStream::connect(place).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let place = answer
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        (status, place.map(str::to_owned))
    }

    /// Completes a checkout with a card.
    pub(crate) async fn buy(&self, session: &CheckoutSession, card: &str) -> (u16, Option<String>) {
        let url = session.url.clone().unwrap();
        let fields = format!("action=pay&email=seven%40example.com&number={card}");
        self.fill_in(&url, &fields).await
    }
}

/// Somebody who has just subscribed. In a box: async-stripe's objects are large.
pub(crate) fn subscribed<'a>(
    scene: &'a Scene,
    cents: i64,
    card: &'a str,
    trial: Option<u32>,
) -> LocalBoxFuture<'a, Subscription> {
    Box::pin(async move {
        let price = scene.price("Premium", cents, "premium_monthly").await;
        let session = scene.checkout(&price, trial).await;
        let (status, place) = scene.buy(&session, card).await;
        let done = format!("http://127.0.0.1:1/done?session={}", session.id);
        assert_eq!((status, place), (303, Some(done)));
        let session = RetrieveCheckoutSession::new(session.id);
        let session = session.send(&scene.client).await.unwrap();
        assert_eq!(session.status, Some(CheckoutSessionStatus::Complete));
        kept(scene, session.subscription.unwrap().id().as_str()).await
    })
}

pub(crate) async fn kept(scene: &Scene, id: &str) -> Subscription {
    RetrieveSubscription::new(id)
        .send(&scene.client)
        .await
        .unwrap()
}

/// Webhooks as they came: the body and its signature.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    pub(crate) came: Arc<Mutex<Vec<(String, String)>>>,
    pub(crate) turns_away: Arc<Mutex<u32>>,
    first: Arc<Mutex<Option<Instant>>>,
}

impl Inbox {
    /// Listens, and tells the room where.
    pub(crate) fn of(scene: &Scene) -> Self {
        let inbox = Self::default();
        let shared = Data::new(inbox.clone());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .route("/hook", web::post().to(take))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .listen(listener)
            .unwrap()
            .run();
        actix_web::rt::spawn(server);
        scene.room().send_webhooks_to(&url).unwrap();
        inbox
    }

    /// When the first of them came.
    pub(crate) fn first_came(&self) -> Option<Instant> {
        *self.first.lock().unwrap()
    }

    /// Everything that came once the room has nothing left to deliver.
    pub(crate) async fn all(&self, scene: &Scene) -> Vec<(String, String)> {
        let mut quiet = 0;
        while quiet < 10 {
            let before = self.came.lock().unwrap().len();
            tokio::time::sleep(Duration::from_millis(100)).await;
            let still = scene.room().waiting() == 0 && self.came.lock().unwrap().len() == before;
            quiet = if still { quiet + 1 } else { 0 };
        }
        self.came.lock().unwrap().clone()
    }
}

async fn take(request: HttpRequest, body: String, inbox: Data<Inbox>) -> HttpResponse {
    let signature = request.headers().get("Stripe-Signature").unwrap();
    let signature = signature.to_str().unwrap().to_owned();
    let mut turns_away = inbox.turns_away.lock().unwrap();
    if *turns_away > 0 {
        *turns_away -= 1;
        return HttpResponse::ServiceUnavailable().finish();
    }
    inbox.first.lock().unwrap().get_or_insert_with(Instant::now);
    inbox.came.lock().unwrap().push((body, signature));
    HttpResponse::NoContent().finish()
}
