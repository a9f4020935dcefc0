//! Promises about keys: those of programs, and those that sign tokens.

use domain::account::{Account, ApiKey, Deed, Sealed, SecondFactor};
use domain::ports::accounts::{Accounts, Locked, Resealed, SigningKey};
use domain::ports::mail::Outbox;

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

pub(crate) async fn a_key_that_is_revoked_retires_sooner_and_none_lives_longer_by_that(
    store: &impl Accounts,
) {
    let keys = ["a", "b", "c", "d"];
    let mut newest = None;
    for (nth, (kid, retire)) in (0..).zip(keys.into_iter().zip([0, 90, 50, 70])) {
        let key = signing(kid, nth);
        let added = store.add_signing_key(&key, newest, at(retire)).await;
        assert!(added.unwrap());
        newest = Some(kid);
    }
    let kept = store.signing_keys().await.unwrap();
    let retire: Vec<_> = kept.iter().map(|key| key.retires).collect();
    assert_eq!(retire, [Some(at(50)), Some(at(50)), Some(at(70)), None]);
}

pub(crate) async fn what_is_sealed_is_sealed_anew_together_or_not_at_all(
    store: &(impl Accounts + Outbox),
) {
    let anna = opened(store, "anna@example.org").await;
    opened(store, "max@example.org").await;
    let guarded = Account {
        second: Some(SecondFactor {
            secret: Sealed(vec![7, 7]),
            confirmed: true,
            last_step: 3,
        }),
        revision: anna.revision + 1,
        ..anna.clone()
    };
    assert!(store.change(&guarded).await.unwrap());
    let key = signing("a", 1);
    assert!(store.add_signing_key(&key, None, at(1)).await.unwrap());
    for about in ["sent", "waits"] {
        store.put(&mail(&anna, about)).await.unwrap();
    }
    store.take(at(10), at(20), 9).await.unwrap();
    store.sent(1, at(11)).await.unwrap();

    let sealed = store.sealed().await.unwrap();
    let words = mail(&anna, "waits").params;
    let expected = [
        (Locked::SigningKey("a".to_owned()), key.private.clone()),
        (Locked::SecondFactor(anna.id), Sealed(vec![7, 7])),
        (Locked::Mail(2), words),
    ];
    assert_eq!(sealed, expected);

    let deed = Deed {
        at: at(12),
        actor: "operator".to_owned(),
        action: "secret.change".to_owned(),
        subject: "accounts.secret".to_owned(),
        detail: "{}".to_owned(),
    };
    let mut things: Vec<_> = (0_u8..)
        .zip(sealed)
        .map(|(nth, (locked, former))| Resealed {
            locked,
            former,
            anew: Sealed(vec![nth, 0, 255]),
        })
        .collect();
    // The last of them is not any more what it was: nothing at all is done.
    let waits = std::mem::replace(&mut things[2].former, Sealed(vec![1]));
    assert!(!store.reseal(&things, &deed).await.unwrap());
    assert_eq!(store.sealed().await.unwrap(), expected);
    assert_eq!(store.deeds(None, 9).await.unwrap(), []);

    things[2].former = waits;
    let before = store.revision().await.unwrap();
    assert!(store.reseal(&things, &deed).await.unwrap());
    let anew: Vec<_> = things
        .iter()
        .map(|thing| (thing.locked.clone(), thing.anew.clone()))
        .collect();
    assert_eq!(store.sealed().await.unwrap(), anew);
    assert!(store.revision().await.unwrap() > before);
    assert_eq!(store.deeds(None, 9).await.unwrap(), [(1, deed)]);
    // Nothing else about him changed, and whoever had read him before does not write the former seal back.
    let now = store.account(anna.id).await.unwrap().unwrap();
    let second = guarded.second.clone().map(|second| SecondFactor {
        secret: Sealed(vec![1, 0, 255]),
        ..second
    });
    let expected = Account {
        second,
        revision: guarded.revision + 1,
        ..guarded.clone()
    };
    assert_eq!(now, expected);
    let late = Account {
        revision: guarded.revision + 1,
        ..guarded
    };
    assert!(!store.change(&late).await.unwrap());
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
