//! Refunds, keys and prices, through async-stripe alone.

use stripe::{IdempotencyKey, RequestStrategy, StripeError, StripeRequest as _};
use stripe_core::charge::ListCharge;
use stripe_core::customer::{CreateCustomer, DeleteCustomer, ListCustomer, RetrieveCustomer};
use stripe_core::refund::CreateRefund;
use stripe_product::price::{ListPrice, UpdatePrice};
use stripe_shared::SubscriptionStatus;

use crate::scene::{GOOD, kept, scene, subscribed};

#[actix_web::test]
async fn money_goes_back_and_a_customer_is_deleted() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, GOOD, None).await;
    let customer = bought.customer.id().clone();
    let charges = ListCharge::new()
        .customer(customer.as_str())
        .send(&scene.client)
        .await
        .unwrap();
    let refund = CreateRefund::new()
        .charge(charges.data[0].id.as_str())
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(refund.amount, 1900);
    let deleted = DeleteCustomer::new(customer.as_str())
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(deleted.id, customer);
    assert_eq!(
        kept(&scene, bought.id.as_str()).await.status,
        SubscriptionStatus::Canceled
    );
    RetrieveCustomer::new(customer.as_str())
        .send(&scene.client)
        .await
        .unwrap();
}

#[actix_web::test]
async fn the_same_key_makes_one_customer_and_another_request_under_it_is_refused() {
    let scene = scene();
    let key = RequestStrategy::Idempotent(IdempotencyKey::new("only-once").unwrap());
    let make = |name: &str| {
        CreateCustomer::new()
            .name(name)
            .customize()
            .request_strategy(key.clone())
    };
    let one = make("A").send(&scene.client).await.unwrap();
    let same = make("A").send(&scene.client).await.unwrap();
    assert_eq!(one.id, same.id);
    let StripeError::Stripe(error, 400) = make("B").send(&scene.client).await.unwrap_err() else {
        panic!("it is an error of Stripe's");
    };
    assert_eq!(error.type_.as_str(), "idempotency_error");
    let all = ListCustomer::new().send(&scene.client).await.unwrap();
    assert_eq!(all.data.len(), 1);
}

#[actix_web::test]
async fn prices_are_found_by_their_keys_and_put_away() {
    let scene = scene();
    let price = scene.price("Premium", 1900, "premium_monthly").await;
    scene.price("Pro", 4900, "pro_monthly").await;
    let found = ListPrice::new()
        .lookup_keys(vec!["premium_monthly".to_owned()])
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(
        found.data.iter().map(|kept| &kept.id).collect::<Vec<_>>(),
        [&price.id]
    );
    UpdatePrice::new(price.id.as_str())
        .active(false)
        .send(&scene.client)
        .await
        .unwrap();
    let active = ListPrice::new()
        .active(true)
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(active.data.len(), 1);
}
