//! Promises about plans, what people pay for, whose channels are, and what privileged people did.

use std::time::Duration;

use domain::account::Deed;
use domain::plan::{Allowance, Feature, Plan, PlanId, Prices};
use domain::ports::accounts::{Accounts, Standing, Subscription};
use domain::ports::store::Store;

use crate::make::{at, registered};
use crate::member::*;

fn plan(id: &str, rank: u16) -> Plan {
    Plan {
        id: PlanId::parse(id).unwrap(),
        title: format!("The {id} plan"),
        rank,
        prices: Prices {
            monthly: Some(1_900),
            yearly: None,
            trial_days: 7,
        },
        allows: Allowance {
            delay: Duration::from_secs(900),
            channels: Some(5),
            history: Some(Duration::from_secs(30 * 86_400)),
            features: [Feature::Keys, Feature::WhatIf].into(),
            requests_a_minute: 60,
            requests_a_month: Some(1_000_000),
        },
    }
}

pub(crate) async fn a_seeded_plan_leaves_the_one_that_an_admin_wrote(store: &impl Accounts) {
    let everything = Plan {
        prices: Prices::default(),
        allows: Allowance::everything(),
        ..plan("all", 30)
    };
    for seeded in [&everything, &plan("pro", 20)] {
        store.write_plan(seeded, true).await.unwrap();
    }
    assert_eq!(
        store.plans().await.unwrap(),
        [plan("pro", 20), everything.clone()]
    );

    let written = Plan {
        title: "Dearer".to_owned(),
        ..plan("pro", 40)
    };
    let before = store.revision().await.unwrap();
    store.write_plan(&written, false).await.unwrap();
    let after = store.revision().await.unwrap();
    assert!(after > before);
    // The next start changes nothing.
    store.write_plan(&plan("pro", 20), true).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), after);
    assert_eq!(store.plans().await.unwrap(), [everything, written]);
}

pub(crate) async fn what_is_known_of_a_subscription_never_goes_back(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    assert_eq!(store.subscription(anna.id).await.unwrap(), None);
    let active = subscription(&anna, "cus");
    let before = store.revision().await.unwrap();
    store.subscribe(&active).await.unwrap();
    assert!(store.revision().await.unwrap() > before);
    let ended = Subscription {
        standing: Standing::Ended,
        plan: None,
        subscription: None,
        ends: true,
        grace_until: Some(at(70)),
        paid_until: None,
        seen: at(20),
        ..active.clone()
    };
    store.subscribe(&ended).await.unwrap();
    assert_eq!(
        store.subscription(anna.id).await.unwrap().as_ref(),
        Some(&ended)
    );
    // An event that was late.
    store.subscribe(&active).await.unwrap();
    assert_eq!(
        store.subscription(anna.id).await.unwrap().as_ref(),
        Some(&ended)
    );
    // What is known at the same moment, and said last, counts.
    let past_due = Subscription {
        standing: Standing::PastDue,
        ..ended
    };
    store.subscribe(&past_due).await.unwrap();
    assert_eq!(
        store.subscription(anna.id).await.unwrap().as_ref(),
        Some(&past_due)
    );

    let max = subscription(&opened(store, "max@example.org").await, "cus");
    store.subscribe(&max).await.unwrap();
    let of = async |customer: &str| store.by_customer(customer).await.unwrap();
    assert_eq!(of(&past_due.customer).await.as_ref(), Some(&past_due));
    assert_eq!(of("cus_nobody").await, None);
    let mut all = store.subscriptions().await.unwrap();
    all.sort_by_key(|it| it.customer.clone());
    assert_eq!(all, [past_due, max]);
}

pub(crate) async fn a_channel_has_one_owner_at_most(store: &(impl Store + Accounts)) {
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    let alpha = registered(store, "alpha").await;
    let beta = registered(store, "beta").await;
    let owned = async |of: &domain::account::Account| store.owned(of.id).await.unwrap();

    store.give(&beta, Some(anna.id)).await.unwrap();
    let before = store.revision().await.unwrap();
    store.give(&alpha, Some(anna.id)).await.unwrap();
    assert!(store.revision().await.unwrap() > before);
    assert_eq!(owned(&anna).await, [alpha.clone(), beta.clone()]);
    store.give(&alpha, Some(max.id)).await.unwrap();
    assert_eq!(owned(&anna).await, std::slice::from_ref(&beta));
    assert_eq!(owned(&max).await, std::slice::from_ref(&alpha));
    let before = store.revision().await.unwrap();
    store.give(&alpha, None).await.unwrap();
    assert!(store.revision().await.unwrap() > before);
    assert_eq!(owned(&max).await, []);
}

pub(crate) async fn requests_are_counted_by_month_and_account(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    let count = async |month: &str, requests: &[(domain::account::AccountId, u64)]| {
        let requests = requests.iter().copied().collect();
        store
            .count_requests(&month.into(), &requests)
            .await
            .unwrap()
    };
    let (a, m) = (anna.id, max.id);
    assert_eq!(
        count("2026-11", &[(a, 3), (m, 1)]).await,
        [(a, 3), (m, 1)].into()
    );
    assert_eq!(count("2026-11", &[(a, 4)]).await, [(a, 7)].into());
    // Nothing is added, and it is said how many there were.
    assert_eq!(count("2026-11", &[(a, 0)]).await, [(a, 7)].into());
    assert_eq!(count("2026-12", &[(a, 1)]).await, [(a, 1)].into());
    assert_eq!(count("2026-12", &[]).await, [].into());
}

pub(crate) async fn deeds_are_numbered_and_come_newest_first_in_pages(store: &impl Accounts) {
    let deeds: Vec<_> = (1..=4)
        .map(|nth| Deed {
            at: at(nth),
            ..deed(&format!("actor {nth}"))
        })
        .collect();
    for deed in &deeds {
        store.record(deed).await.unwrap();
    }
    let page = async |before| store.deeds(before, 3).await.unwrap();
    let expected = |nth: u64| (nth, deeds[usize::try_from(nth).unwrap() - 1].clone());
    assert_eq!(page(None).await, [4, 3, 2].map(expected));
    assert_eq!(page(Some(2)).await, [expected(1)]);
    assert_eq!(page(Some(1)).await, []);
}
