//! Promises about what the till told: kept once, and until it has been dealt with.

use domain::ports::till::{Tidings, Told};

use crate::make::at;

fn told(id: &str, second: i64) -> Told {
    Told {
        id: id.to_owned(),
        kind: "invoice.paid".to_owned(),
        object: (id != "evt_2").then(|| "in_1".to_owned()),
        body: "{\"object\":\"event\"}".to_owned(),
        received: at(second),
    }
}

pub(crate) async fn what_the_till_told_twice_is_kept_once(store: &impl Tidings) {
    assert!(store.keep_told(&told("evt_1", 10)).await.unwrap());
    let again = Told {
        kind: "charge.refunded".to_owned(),
        ..told("evt_1", 11)
    };
    assert!(!store.keep_told(&again).await.unwrap());
    let due = store.take_told(at(12), at(20), 9).await.unwrap();
    assert_eq!(due, [(told("evt_1", 10), 0)]);
    // Nor is it new when it has been dealt with.
    store.dealt_with("evt_1", at(13)).await.unwrap();
    assert!(!store.keep_told(&again).await.unwrap());
    assert_eq!(store.take_told(at(999), at(1_000), 9).await.unwrap(), []);
}

pub(crate) async fn what_the_till_told_is_due_until_it_was_dealt_with(store: &impl Tidings) {
    for (id, second) in [("evt_3", 3), ("evt_1", 1), ("evt_2", 2)] {
        store.keep_told(&told(id, second)).await.unwrap();
    }
    let take = async |second, again, limit| {
        let due = store.take_told(at(second), at(again), limit).await.unwrap();
        let due = due.into_iter().map(|(told, tried)| (told.id, tried));
        due.collect::<Vec<_>>()
    };
    let due = |all: &[(&str, u32)]| -> Vec<(String, u32)> {
        all.iter()
            .map(|(id, tried)| ((*id).to_owned(), *tried))
            .collect()
    };
    assert_eq!(take(10, 20, 2).await, due(&[("evt_1", 0), ("evt_2", 0)]));
    assert_eq!(take(10, 30, 9).await, due(&[("evt_3", 0)]));
    store
        .not_dealt_with("evt_1", "it does not answer", Some(at(15)))
        .await
        .unwrap();
    store
        .not_dealt_with("evt_2", "nobody knows what it is", None)
        .await
        .unwrap();
    assert_eq!(take(15, 40, 9).await, due(&[("evt_1", 1)]));
    assert_eq!(take(30, 40, 9).await, due(&[("evt_3", 1)]));
    assert_eq!(
        take(1_000_000_000, 1_000_000_001, 9).await,
        due(&[("evt_1", 2), ("evt_3", 2)])
    );
}
