//! Webhooks: signed for real, read by async-stripe, and unreliable where that is switched on.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use stripe_checkout::checkout_session::ExpireCheckoutSession;
use stripe_core::charge::ListCharge;
use stripe_core::customer::DeleteCustomer;
use stripe_core::refund::CreateRefund;
use stripe_webhook::{Event, Webhook, WebhookError};

use crate::scene::{GOOD, Inbox, Scene, TIRES, scene, subscribed};

/// Somebody buys a plan and keeps it for some days.
async fn bustle(scene: &Scene, days: u64) {
    let price = scene.price("Premium", 1900, "premium_monthly").await;
    let session = scene.checkout(&price, None).await;
    assert_eq!(scene.buy(&session, "4242424242424242").await.0, 303);
    scene.room().pass(Duration::from_secs(days * 86_400));
}

fn read(scene: &Scene, came: &[(String, String)]) -> Vec<Event> {
    let secret = scene.room().webhook_secret();
    let open = |(body, signature): &(String, String)| {
        Webhook::construct_event(body, signature, secret)
            .unwrap_or_else(|error| panic!("{error}: {body}"))
    };
    came.iter().map(open).collect()
}

fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.id.to_string()).collect()
}

#[actix_web::test]
async fn every_event_of_a_subscriptions_life_is_signed_and_readable() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    bustle(&scene, 32).await;
    let events = read(&scene, &inbox.all(&scene).await);
    let types: BTreeSet<_> = events
        .iter()
        .map(|event| event.type_.as_str().to_owned())
        .collect();
    for told in [
        "checkout.session.completed",
        "customer.created",
        "customer.subscription.created",
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.updated",
        "charge.succeeded",
        "payment_method.attached",
        "price.created",
        "product.created",
    ] {
        assert!(types.contains(told), "{told} is not among {types:?}");
    }
}

#[actix_web::test]
async fn what_goes_wrong_is_readable_too() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    let good = subscribed(&scene, 1900, GOOD, None).await;
    let his = good.customer.id().as_str();
    let charges = ListCharge::new()
        .customer(his)
        .send(&scene.client)
        .await
        .unwrap();
    let charge = charges.data[0].id.as_str();
    CreateRefund::new()
        .charge(charge)
        .amount(100)
        .send(&scene.client)
        .await
        .unwrap();
    scene.room().dispute(charge, "fraudulent").unwrap();
    DeleteCustomer::new(his).send(&scene.client).await.unwrap();
    let price = scene.price("Pro", 4900, "pro_monthly").await;
    let left = scene.checkout(&price, None).await;
    ExpireCheckoutSession::new(left.id)
        .send(&scene.client)
        .await
        .unwrap();
    let tried = scene.checkout(&price, Some(7)).await;
    assert_eq!(scene.buy(&tried, TIRES).await.0, 303);
    scene.room().pass(Duration::from_secs(30 * 86_400));
    let events = read(&scene, &inbox.all(&scene).await);
    let types: BTreeSet<_> = events
        .iter()
        .map(|event| event.type_.as_str().to_owned())
        .collect();
    for told in [
        "charge.dispute.created",
        "charge.failed",
        "charge.refunded",
        "checkout.session.expired",
        "customer.deleted",
        "customer.subscription.deleted",
        "customer.subscription.trial_will_end",
        "invoice.payment_failed",
    ] {
        assert!(types.contains(told), "{told} is not among {types:?}");
    }
}

#[actix_web::test]
async fn a_body_that_was_changed_or_another_secret_is_noticed() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    scene.price("Premium", 1900, "premium_monthly").await;
    let came = inbox.all(&scene).await;
    let (body, signature) = &came[0];
    let forged = body.replace("Premium", "Free");
    let refused = Webhook::construct_event(&forged, signature, scene.room().webhook_secret());
    assert!(matches!(refused, Err(WebhookError::BadSignature)));
    let refused = Webhook::construct_event(body, signature, "whsec_other");
    assert!(matches!(refused, Err(WebhookError::BadSignature)));
}

#[actix_web::test]
async fn a_webhook_that_is_turned_away_comes_again() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    *inbox.turns_away.lock().unwrap() = 3;
    scene.price("Premium", 1900, "premium_monthly").await;
    let events = read(&scene, &inbox.all(&scene).await);
    assert_eq!(events.len(), 2);
}

#[actix_web::test]
async fn webhooks_come_twice_or_the_newest_first_or_not_at_all_where_that_is_switched_on() {
    let scene = scene();
    let inbox = Inbox::of(&scene);
    scene.room().mischief().deliver_twice(true);
    scene.price("Premium", 1900, "premium_monthly").await;
    let twice = ids(&read(&scene, &inbox.all(&scene).await));
    assert_eq!(twice.len(), 2 * twice.iter().collect::<HashSet<_>>().len());

    scene.room().mischief().deliver_twice(false);
    scene.room().mischief().lose(2);
    scene.price("Lost", 1900, "lost_monthly").await;
    assert_eq!(inbox.all(&scene).await.len(), twice.len());

    scene.room().mischief().disorder(true);
    scene.price("Pro", 4900, "pro_monthly").await;
    let came = read(&scene, &inbox.all(&scene).await[twice.len()..]);
    let types: Vec<_> = came.iter().map(|event| event.type_.as_str()).collect();
    assert_eq!(types, ["price.created", "product.created"]);
}
