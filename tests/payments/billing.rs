//! Billing over the room, a real store and the real mailer: what is learned, however it is told.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::account::{Account, AccountId, Email, PasswordHash, Role, Stay};
use domain::plan::PlanId;
use domain::ports::Clock;
use domain::ports::accounts::{Accounts, Standing, Subscription};
use domain::ports::mail::Outbox;
use domain::ports::store::Store;
use domain::ports::till::{Period, Tidings, TillError};
use domain::time::Timestamp;
use secrecy::SecretString;
use stripe_webhook::Webhook;
use touchstone::accounts::Door;
use touchstone::accounts::door::Openness;
use touchstone::accounts::mailer::Mailer;
use touchstone::accounts::seal::Seal;
use touchstone::accounts::tokens::Tokens;
use touchstone::billing::stripe::Stripe;
use touchstone::billing::{Billing, Refusal, Rooms};
use touchstone::clock::WallClock;
use touchstone::config::Settings;
use touchstone::store::{Options, SqliteStore};
use uuid::Uuid;

use crate::scene::{GOOD, Inbox, Scene, TIRES, scene};

/// How long a failed payment is borne.
const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// The clock on the wall, so far ahead.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        WallClock.now() + Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

struct House {
    scene: Scene,
    inbox: Inbox,
    billing: Billing,
    store: Arc<SqliteStore>,
    clock: Arc<Ahead>,
    anna: Account,
}

async fn house() -> House {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    let store = Arc::new(SqliteStore::open(Options::memory()).await.unwrap());
    let clock = Arc::<Ahead>::default();
    let time = || Arc::clone(&clock) as Arc<dyn Clock>;
    let accounts = || Arc::clone(&store) as Arc<dyn Accounts>;
    for (name, table) in &Settings::load(None).unwrap().plans {
        let plan = table.plan(name).unwrap();
        store.write_plan(&plan, true).await.unwrap();
    }
    let secret = SecretString::from("the secret of payments that are tested".to_owned());
    let seal = Arc::new(Seal::new(&secret).unwrap());
    let tokens = Tokens::open(accounts(), Arc::clone(&seal), time());
    let tokens = Arc::new(tokens.await.unwrap());
    let reads = Arc::clone(&store) as Arc<dyn Store>;
    let stay = Stay {
        unseen: Duration::from_secs(86_400),
        longest: Duration::from_secs(864_000),
    };
    let door = Door::open(accounts(), reads, tokens, time(), Openness::default(), stay);
    let room = scene.room();
    let key = SecretString::from(room.secret_key().to_owned());
    let billing = Billing::new(Rooms {
        till: Some(Arc::new(Stripe::new(&key, Some(&room.base_url())).unwrap())),
        signs_with: SecretString::from(room.webhook_secret().to_owned()),
        tidings: Arc::clone(&store) as Arc<dyn Tidings>,
        accounts: accounts(),
        door: door.await.unwrap(),
        mailer: Mailer {
            outbox: Arc::clone(&store) as Arc<dyn Outbox>,
            seal,
            clock: time(),
            public_url: "http://127.0.0.1:1".into(),
            bell: Arc::default(),
        },
        clock: time(),
        grace: GRACE,
    });
    let anna = Account {
        id: AccountId::from_uuid(Uuid::from_u128(7)),
        email: Email::parse("anna@example.org").unwrap(),
        password: PasswordHash("none".to_owned()),
        verified: Some(clock.now()),
        role: Role::User,
        language: "en".into(),
        granted: None,
        second: None,
        chosen: Vec::new(),
        created: clock.now(),
        closed: None,
        revision: 1,
    };
    assert!(store.open(&anna).await.unwrap());
    billing.sync().await.unwrap();
    House {
        scene,
        inbox,
        billing,
        store,
        clock,
        anna,
    }
}

fn plan(name: &str) -> PlanId {
    PlanId::parse(name).unwrap()
}

impl House {
    /// Anna buys a plan with a card; nothing is told yet.
    async fn buys(&self, name: &str, card: &str) {
        let wanted = plan(name);
        let page = self.billing.check_out(&self.anna, &wanted, Period::Month);
        let page = page.await.unwrap();
        let fields = format!("action=pay&email=anna%40example.org&number={card}");
        assert_eq!(self.scene.fill_in(&page, &fields).await.0, 303);
    }

    /// Everything that the room has told so far.
    async fn letters(&self) -> Vec<(String, String)> {
        let came = self.inbox.all(&self.scene).await;
        self.inbox.came.lock().unwrap().clear();
        came
    }

    async fn hear(&self, letters: &[(String, String)]) {
        for (body, signature) in letters {
            self.billing.told(body, signature).await.unwrap();
        }
        // A second look finds nothing new to do.
        for _ in 0..letters.len().div_ceil(20) + 1 {
            self.billing.deal_with_all().await.unwrap();
        }
    }

    async fn paid(&self) -> Subscription {
        let paid = self.store.subscription(self.anna.id).await.unwrap();
        paid.unwrap()
    }

    fn passes(&self, span: Duration) {
        self.scene.room().pass(span);
        let seconds = i64::try_from(span.as_secs()).unwrap();
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn mails(&self) -> Vec<String> {
        let (now, later) = (self.clock.now(), self.clock.now() + GRACE);
        let mails = self.store.take(now, later, 100).await.unwrap();
        let mut told: Vec<_> = mails
            .into_iter()
            .map(|waiting| waiting.mail.template.to_string())
            .collect();
        told.sort();
        told
    }
}

#[actix_web::test]
async fn a_bought_plan_is_learned_whatever_order_the_events_come_in() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    let mut letters = house.letters().await;
    letters.reverse();
    letters.extend(letters.clone());
    house.hear(&letters).await;
    let paid = house.paid().await;
    assert_eq!(paid.gives(house.clock.now()), Some(&plan("premium")));
    assert_eq!(paid.standing, Standing::Trialing);
    // Twice as many letters, and one word about it.
    assert_eq!(house.mails().await, ["plan_changed"]);
}

#[actix_web::test]
async fn an_event_that_is_told_again_changes_nothing() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    let letters = house.letters().await;
    let (body, signature) = &letters[0];
    assert!(house.billing.told(body, signature).await.unwrap());
    assert!(!house.billing.told(body, signature).await.unwrap());
}

#[actix_web::test]
async fn what_a_lost_event_left_behind_is_mended_and_told() {
    let house = house().await;
    house.buys("pro", GOOD).await;
    house.letters().await;
    let mended = house.billing.reconcile().await.unwrap();
    assert_eq!(mended.len(), 1, "{mended:?}");
    assert!(mended[0].contains("pro trialing"), "{mended:?}");
    assert_eq!(house.paid().await.plan, Some(plan("pro")));
    assert!(house.billing.reconcile().await.unwrap().is_empty());
}

#[actix_web::test]
async fn a_failed_payment_is_borne_for_the_grace_period_and_then_the_plan_is_gone() {
    let house = house().await;
    house.buys("premium", TIRES).await;
    house.letters().await;
    house.billing.reconcile().await.unwrap();
    // The trial ends, and the renewal fails.
    house.passes(Duration::from_secs(8 * 86_400));
    house.billing.reconcile().await.unwrap();
    let owed = house.paid().await;
    assert_eq!(owed.standing, Standing::PastDue);
    assert_eq!(owed.gives(house.clock.now()), Some(&plan("premium")));
    assert!(house.mails().await.contains(&"payment_failed".to_owned()));
    let over = owed.grace_until.unwrap();
    assert_eq!(owed.gives(over), None);
    // Hearing of it again does not lengthen it.
    house.passes(Duration::from_secs(86_400));
    house.billing.reconcile().await.unwrap();
    assert_eq!(house.paid().await.grace_until, Some(over));
    // Whoever never pays loses it.
    house.passes(Duration::from_secs(30 * 86_400));
    house.billing.reconcile().await.unwrap();
    assert_eq!(house.paid().await.standing, Standing::Ended);
    assert!(
        house
            .mails()
            .await
            .contains(&"subscription_ended".to_owned())
    );
}

#[actix_web::test]
async fn a_dearer_plan_is_not_had_until_it_is_paid() {
    let house = house().await;
    house.buys("premium", TIRES).await;
    house.letters().await;
    house.passes(Duration::from_secs(8 * 86_400));
    house.billing.reconcile().await.unwrap();
    let pro = plan("pro");
    let refused = house.billing.change(house.anna.id, &pro, Period::Month);
    let refused = refused.await.unwrap_err();
    assert!(
        matches!(&refused, Refusal::Till(TillError::Declined(_))),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("another card"), "{refused}");
    house.billing.reconcile().await.unwrap();
    let paid = house.paid().await;
    assert_eq!(paid.gives(house.clock.now()), Some(&plan("premium")));
}

#[actix_web::test]
async fn whoever_paid_on_two_pages_at_once_is_named() {
    let house = house().await;
    let (premium, pro) = (plan("premium"), plan("pro"));
    let one = house
        .billing
        .check_out(&house.anna, &premium, Period::Month);
    let one = one.await.unwrap();
    let other = house.billing.check_out(&house.anna, &pro, Period::Month);
    let other = other.await.unwrap();
    let fields = format!("action=pay&email=anna%40example.org&number={GOOD}");
    for page in [one, other] {
        assert_eq!(house.scene.fill_in(&page, &fields).await.0, 303);
    }
    house.billing.reconcile().await.unwrap();
    let told = house.billing.reconcile().await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("end all but one"), "{told:?}");
}

#[actix_web::test]
async fn a_plan_is_changed_ended_and_taken_back() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    house.billing.reconcile().await.unwrap();
    let pro = plan("pro");
    let again = house.billing.check_out(&house.anna, &pro, Period::Month);
    assert!(matches!(again.await, Err(Refusal::Unfit(_))));
    let id = house.anna.id;
    let changed = house.billing.change(id, &pro, Period::Year);
    assert_eq!(changed.await.unwrap().plan, Some(plan("pro")));
    assert!(house.billing.end(id, true).await.unwrap().ends);
    assert!(!house.billing.end(id, false).await.unwrap().ends);
    assert!(!house.billing.bills(id).await.unwrap().is_empty());
    assert!(
        house
            .billing
            .portal(id)
            .await
            .unwrap()
            .contains("/p/session/")
    );
}

#[actix_web::test]
async fn prices_follow_the_plans_and_twice_is_once() {
    let house = house().await;
    assert!(house.billing.sync().await.unwrap().is_empty());
    let plans = house.store.plans().await.unwrap();
    let mut pro = plans.into_iter().find(|it| it.id == plan("pro")).unwrap();
    pro.prices.monthly = Some(5_900);
    pro.prices.yearly = None;
    house.store.write_plan(&pro, false).await.unwrap();
    let done = house.billing.sync().await.unwrap();
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(house.billing.sync().await.unwrap().is_empty());
}

#[actix_web::test]
async fn whatever_is_not_signed_by_the_till_or_too_old_is_refused() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    let letters = house.letters().await;
    let (body, signature) = &letters[0];
    let secret = house.scene.room().webhook_secret();
    let forged = format!("{body} ");
    let old = Webhook::generate_test_header(body, secret, Some(1_700_000_000));
    let other = Webhook::generate_test_header(body, "whsec_other", None);
    for (body, signature) in [
        (&forged, signature),
        (body, &old),
        (body, &other),
        (body, &String::new()),
    ] {
        let refused = house.billing.told(body, signature).await;
        assert!(matches!(refused, Err(Refusal::Unsigned)), "{refused:?}");
    }
    let nonsense = Webhook::generate_test_header("{}", secret, None);
    let refused = house.billing.told("{}", &nonsense).await;
    assert!(matches!(refused, Err(Refusal::Unreadable)), "{refused:?}");
}

#[actix_web::test]
async fn while_the_till_changes_its_secret_it_signs_with_both_and_either_is_taken() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    let letters = house.letters().await;
    let (body, signature) = &letters[0];
    let other = Webhook::generate_test_header(body, "whsec_other", None);
    let other = other.split_once(",v1=").unwrap().1;
    let (time, ours) = signature.split_once(",v1=").unwrap();
    let twice = [
        format!("{time},v1={other},v1={ours}"),
        format!("{time},v1={ours},v1={other}"),
    ];
    for (signature, new) in twice.iter().zip([true, false]) {
        assert_eq!(house.billing.told(body, signature).await.unwrap(), new);
    }
    let neither = format!("{time},v1={other},v1={other}");
    let refused = house.billing.told(body, &neither).await;
    assert!(matches!(refused, Err(Refusal::Unsigned)), "{refused:?}");
}

#[actix_web::test]
async fn a_till_that_fails_is_asked_again() {
    let house = house().await;
    house.buys("premium", GOOD).await;
    let letters = house.letters().await;
    house.scene.room().mischief().fail(100);
    house.hear(&letters).await;
    assert_eq!(house.paid().await.standing, Standing::Ended);
    house.scene.room().mischief().fail(0);
    house.clock.0.fetch_add(120, Ordering::SeqCst);
    house.hear(&letters).await;
    assert_eq!(house.paid().await.standing, Standing::Trialing);
}

#[actix_web::test]
async fn events_of_every_kind_and_age_are_kept_and_dealt_with() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        println!("left out: ../shared/data is not here");
        return;
    }
    let house = house().await;
    let secret = house.scene.room().webhook_secret();
    let mut told = 0;
    for file in std::fs::read_dir(folder.join("stripe/ruby_mock")).unwrap() {
        let body = std::fs::read_to_string(file.unwrap().path()).unwrap();
        if !body.contains("\"data\"") {
            continue;
        }
        let signature = Webhook::generate_test_header(&body, secret, None);
        house.billing.told(&body, &signature).await.unwrap();
        told += 1;
    }
    assert!(told > 30, "only {told} events are there");
    for _ in 0..5 {
        house.billing.deal_with_all().await.unwrap();
    }
    // They speak of nobody here, so nothing is left to do and nothing was learned.
    let left = house
        .store
        .take_told(house.clock.now() + GRACE, Timestamp::MAX, 100);
    assert!(left.await.unwrap().is_empty());
    assert!(house.store.subscriptions().await.unwrap().is_empty());
}
