//! Promises about keys: those of programs, and those that sign tokens.

use domain::account::{ApiKey, Sealed};
use domain::ports::accounts::{Accounts, SigningKey};

use crate::make::at;
use crate::member::*;

pub(crate) async fn a_key_comes_back_as_it_was_and_is_found_by_its_digest(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let first = key(&anna, 1);
    let second = ApiKey {
        networks: Vec::new(),
        expires: Some(at(50)),
        ..key(&anna, 2)
    };
    for key in [&second, &first] {
        store.make_key(key).await.unwrap();
    }
    assert_eq!(store.keys(anna.id).await.unwrap(), [first.clone(), second]);
    assert_eq!(store.key(digest(1)).await.unwrap(), Some(first));
    assert_eq!(store.key(digest(9)).await.unwrap(), None);
}

pub(crate) async fn a_key_ends_at_its_moment_never_later_and_by_its_owner(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    let his = key(&anna, 1);
    store.make_key(&his).await.unwrap();
    let end = async |account, second| store.end_key(account, his.id, at(second)).await.unwrap();
    let expires = async || store.keys(anna.id).await.unwrap()[0].expires;

    assert!(!end(max.id, 10).await);
    assert_eq!(expires().await, None);
    let before = store.revision().await.unwrap();
    // A former key goes on for a while beside the new one.
    assert!(end(anna.id, 60).await);
    assert!(store.revision().await.unwrap() > before);
    assert_eq!(expires().await, Some(at(60)));
    // And may be ended sooner, but lives no longer than was said.
    assert!(end(anna.id, 20).await);
    assert!(!end(anna.id, 60).await);
    assert_eq!(expires().await, Some(at(20)));
}

pub(crate) async fn when_a_key_was_used_never_goes_back(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let his = key(&anna, 1);
    store.make_key(&his).await.unwrap();
    let before = store.revision().await.unwrap();
    for second in [30, 20] {
        let used = [(his.id, at(second)), (key(&anna, 7).id, at(second))];
        store.used_keys(&used.into()).await.unwrap();
        assert_eq!(store.keys(anna.id).await.unwrap()[0].used, Some(at(30)));
    }
    // Nobody may do anything else by that.
    assert_eq!(store.revision().await.unwrap(), before);
}

pub(crate) async fn one_key_signs_at_first_and_the_next_one_follows_the_newest(
    store: &impl Accounts,
) {
    assert_eq!(store.signing_keys().await.unwrap(), []);
    let (a, b) = (signing("a", 1), signing("b", 1));
    let add = |key, expected| store.add_signing_key(key, expected, at(90));
    // Two nodes start at once: one of them makes the first key.
    let (one, other) = tokio::join!(add(&a, None), add(&b, None));
    assert!(one.unwrap() ^ other.unwrap());
    let first = store.signing_keys().await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].retires, None);

    let before = store.revision().await.unwrap();
    let (c, d) = (signing("c", 2), signing("d", 2));
    let expected = Some(first[0].kid.as_str());
    let (one, other) = tokio::join!(add(&c, expected), add(&d, expected));
    assert!(one.unwrap() ^ other.unwrap());
    assert!(store.revision().await.unwrap() > before);
    let kept = store.signing_keys().await.unwrap();
    let former = SigningKey {
        retires: Some(at(90)),
        ..first[0].clone()
    };
    assert_eq!((kept.len(), &kept[0]), (2, &former));
    assert!(kept[1] == c || kept[1] == d);

    // A third turn leaves the date of the first as it was.
    let e = signing("e", 3);
    let added = store.add_signing_key(&e, Some(&kept[1].kid), at(95));
    assert!(added.await.unwrap());
    let kept = store.signing_keys().await.unwrap();
    let retire: Vec<_> = kept.iter().map(|key| key.retires).collect();
    assert_eq!(retire, [Some(at(90)), Some(at(95)), None]);
}

fn signing(kid: &str, made: i64) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        private: Sealed(vec![1, 2, 0]),
        public: vec![3; 32],
        made: at(made),
        retires: None,
    }
}
