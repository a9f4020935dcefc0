//! Promises about mails that must arrive: none twice, none lost.

use domain::ports::accounts::Accounts;
use domain::ports::mail::{Mail, Outbox, Waiting};

use crate::make::at;
use crate::member::*;

pub(crate) async fn a_mail_about_the_same_thing_is_not_kept_twice(
    store: &(impl Accounts + Outbox),
) {
    let anna = opened(store, "anna@example.org").await;
    let first = mail(&anna, "verify");
    assert!(store.put(&first).await.unwrap());
    let second = Mail {
        template: "reset".into(),
        ..first.clone()
    };
    assert!(!store.put(&second).await.unwrap());
    let nobodys = Mail {
        account: None,
        ..mail(&anna, "about-nobody")
    };
    assert!(store.put(&nobodys).await.unwrap());

    let taken = store.take(at(10), at(20), 9).await.unwrap();
    let mails: Vec<_> = taken.into_iter().map(|it| it.mail).collect();
    assert_eq!(mails, [first.clone(), nobodys]);
    // Not even when it was sent.
    store.sent(1, at(11)).await.unwrap();
    assert!(!store.put(&first).await.unwrap());
}

pub(crate) async fn a_mail_that_was_taken_is_due_again_until_it_was_sent(
    store: &(impl Accounts + Outbox),
) {
    let anna = opened(store, "anna@example.org").await;
    for about in ["one", "two", "three"] {
        store.put(&mail(&anna, about)).await.unwrap();
    }
    let take = async |second, again, limit| {
        let taken: Vec<Waiting> = store.take(at(second), at(again), limit).await.unwrap();
        taken
            .iter()
            .map(|it| (it.number, it.attempts))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        take(9, 20, 9).await,
        [],
        "none is due before it was written"
    );
    assert_eq!(take(10, 20, 2).await, [(1, 0), (2, 0)]);
    // Another courier takes what the first one has not.
    assert_eq!(take(10, 30, 9).await, [(3, 0)]);
    assert_eq!(take(19, 30, 9).await, []);
    store.sent(1, at(15)).await.unwrap();
    store
        .failed(2, "the server is away", Some(at(25)))
        .await
        .unwrap();
    assert_eq!(
        take(24, 99, 9).await,
        [],
        "the second is due later, the third, too"
    );
    // Whoever took the third died with it.
    assert_eq!(take(30, 40, 9).await, [(2, 1), (3, 1)]);
    store
        .failed(2, "there is no such person", None)
        .await
        .unwrap();
    assert_eq!(take(40, 50, 9).await, [(3, 2)]);
    store.sent(3, at(41)).await.unwrap();
    assert_eq!(take(1_000_000_000, 1_000_000_001, 9).await, []);
}

pub(crate) async fn of_two_couriers_each_takes_other_mails(store: &(impl Accounts + Outbox)) {
    let anna = opened(store, "anna@example.org").await;
    for nth in 0..6 {
        store.put(&mail(&anna, &nth.to_string())).await.unwrap();
    }
    let take = || store.take(at(10), at(20), 4);
    let (one, other) = tokio::join!(take(), take());
    let (one, other) = (one.unwrap(), other.unwrap());
    let mut numbers: Vec<_> = one.iter().chain(&other).map(|it| it.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}
