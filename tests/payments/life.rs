//! A subscription's life, through async-stripe alone.

use std::time::Duration;

use stripe::StripeError;
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::ListInvoice;
use stripe_billing::subscription::{
    CancelSubscription, UpdateSubscription, UpdateSubscriptionItems,
    UpdateSubscriptionProrationBehavior,
};
use stripe_checkout::checkout_session::{ExpireCheckoutSession, RetrieveCheckoutSession};
use stripe_shared::{
    CheckoutSessionStatus, InvoiceBillingReason, InvoiceStatus, SubscriptionStatus,
};

use crate::scene::{DECLINED, GOOD, TIRES, kept, scene, subscribed};

#[actix_web::test]
async fn a_plan_is_bought_on_the_page_and_renews_by_itself() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, GOOD, None).await;
    assert_eq!(bought.status, SubscriptionStatus::Active);
    assert_eq!(bought.metadata["account"], "a_7");
    let first = &bought.items.data[0];
    scene.room().pass(Duration::from_secs(32 * 86_400));
    let renewed = kept(&scene, bought.id.as_str()).await;
    assert_eq!(
        renewed.items.data[0].current_period_start,
        first.current_period_end
    );
    let bills = ListInvoice::new()
        .subscription(bought.id.as_str())
        .send(&scene.client)
        .await
        .unwrap();
    let told: Vec<_> = bills
        .data
        .iter()
        .map(|bill| {
            (
                bill.amount_paid,
                bill.status.clone(),
                bill.billing_reason.clone(),
            )
        })
        .collect();
    let paid = Some(InvoiceStatus::Paid);
    assert_eq!(
        told,
        [
            (
                1900,
                paid.clone(),
                Some(InvoiceBillingReason::SubscriptionCycle)
            ),
            (1900, paid, Some(InvoiceBillingReason::SubscriptionCreate)),
        ]
    );
    let about = bills.data[0]
        .parent
        .as_ref()
        .unwrap()
        .subscription_details
        .as_ref()
        .unwrap();
    assert_eq!(about.subscription.id(), &bought.id);
}

#[actix_web::test]
async fn a_declined_card_leaves_the_checkout_open_and_an_expired_one_takes_none() {
    let scene = scene();
    let price = scene.price("Premium", 1900, "premium_monthly").await;
    let session = scene.checkout(&price, None).await;
    assert_eq!(scene.buy(&session, DECLINED).await.0, 422);
    let open = RetrieveCheckoutSession::new(session.id.clone())
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(open.status, Some(CheckoutSessionStatus::Open));
    let url = session.url.clone().unwrap();
    let left = scene.fill_in(&url, "action=cancel").await;
    assert_eq!(left, (303, Some("http://127.0.0.1:1/back".to_owned())));
    ExpireCheckoutSession::new(session.id.clone())
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(scene.buy(&session, GOOD).await.0, 410);
}

#[actix_web::test]
async fn a_card_that_fails_later_makes_the_plan_past_due_and_the_portal_mends_it() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, TIRES, None).await;
    scene.room().pass(Duration::from_secs(31 * 86_400 + 7200));
    let owed = kept(&scene, bought.id.as_str()).await;
    assert_eq!(owed.status, SubscriptionStatus::PastDue);
    let customer = bought.customer.id().to_string();
    let portal = CreateBillingPortalSession::new()
        .customer(customer)
        .send(&scene.client)
        .await
        .unwrap();
    let changed = scene
        .fill_in(&portal.url, &format!("action=card&number={GOOD}"))
        .await;
    assert_eq!(changed.0, 303);
    scene.room().pass(Duration::from_secs(4 * 86_400));
    assert_eq!(
        kept(&scene, bought.id.as_str()).await.status,
        SubscriptionStatus::Active
    );
}

#[actix_web::test]
async fn whoever_never_pays_loses_the_plan_after_the_last_attempt() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, TIRES, Some(7)).await;
    assert_eq!(bought.status, SubscriptionStatus::Trialing);
    scene.room().pass(Duration::from_secs(24 * 86_400));
    let lost = kept(&scene, bought.id.as_str()).await;
    assert_eq!(lost.status, SubscriptionStatus::Canceled);
}

#[actix_web::test]
async fn another_plan_is_prorated_by_the_second_and_invoiced_when_asked() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, GOOD, None).await;
    let pro = scene.price("Pro", 4900, "pro_monthly").await;
    let item = &bought.items.data[0];
    let whole = item.current_period_end - item.current_period_start;
    scene
        .room()
        .pass(Duration::from_secs(u64::try_from(whole / 2).unwrap()));
    let mut change = UpdateSubscriptionItems::new();
    change.id = Some(item.id.to_string());
    change.price = Some(pro.id.to_string());
    let changed = UpdateSubscription::new(bought.id.as_str())
        .items(vec![change])
        .proration_behavior(UpdateSubscriptionProrationBehavior::AlwaysInvoice)
        .send(&scene.client)
        .await
        .unwrap();
    assert_eq!(changed.items.data[0].price.id, pro.id);
    let bills = ListInvoice::new()
        .subscription(bought.id.as_str())
        .send(&scene.client)
        .await
        .unwrap();
    let amounts: Vec<_> = bills.data[0]
        .lines
        .data
        .iter()
        .map(|line| line.amount)
        .collect();
    assert!(
        (-951..=-949).contains(&amounts[0]) && (2449..=2451).contains(&amounts[1]),
        "{amounts:?}"
    );
    assert_eq!(bills.data[0].amount_paid, amounts.iter().sum::<i64>());
}

#[actix_web::test]
async fn an_end_with_the_period_can_be_taken_back_and_one_at_once_cannot() {
    let scene = scene();
    let bought = subscribed(&scene, 1900, GOOD, None).await;
    let id = bought.id.as_str();
    for ends in [true, false, true] {
        let changed = UpdateSubscription::new(id)
            .cancel_at_period_end(ends)
            .send(&scene.client)
            .await
            .unwrap();
        assert_eq!(changed.cancel_at_period_end, ends);
    }
    scene.room().pass(Duration::from_secs(32 * 86_400));
    assert_eq!(kept(&scene, id).await.status, SubscriptionStatus::Canceled);
    let again = CancelSubscription::new(id)
        .send(&scene.client)
        .await
        .unwrap_err();
    assert!(matches!(again, StripeError::Stripe(_, 404)), "{again:?}");
}
