//! Promises about accounts: the people, their recovery codes, and the links that are mailed to them.

use domain::account::{Account, Email, Purpose, Role, Sealed, SecondFactor};
use domain::plan::PlanId;
use domain::ports::accounts::{Accounts, Credential, Place};
use domain::ports::mail::Outbox;
use domain::ports::store::Store;

use crate::make::*;
use crate::member::*;

pub(crate) async fn an_account_comes_back_as_it_was(store: &impl Accounts) {
    let full = Account {
        verified: Some(at(1)),
        role: Role::Admin,
        language: "ru".into(),
        granted: Some(PlanId::parse("pro").unwrap()),
        second: Some(SecondFactor {
            secret: Sealed(vec![0, 1, 255]),
            confirmed: true,
            last_step: 57_000_000,
        }),
        chosen: vec![channel("beta"), channel("alpha")],
        closed: Some(at(9)),
        ..account("full@example.org")
    };
    let plain = account("plain@example.org");
    for account in [&full, &plain] {
        assert!(store.open(account).await.unwrap());
        assert_eq!(
            store.account(account.id).await.unwrap().as_ref(),
            Some(account)
        );
        let found = store.by_email(&account.email).await.unwrap();
        assert_eq!(found.as_ref(), Some(account));
    }
    assert_eq!(store.account(id(99)).await.unwrap(), None);
    let nobody = Email::parse("nobody@example.org").unwrap();
    assert_eq!(store.by_email(&nobody).await.unwrap(), None);
}

pub(crate) async fn an_address_has_one_account_however_it_is_written(store: &impl Accounts) {
    let first = opened(store, "anna@example.org").await;
    let again = Account {
        id: id(77),
        ..account("Anna@Example.ORG")
    };
    assert!(!store.open(&again).await.unwrap());
    assert_eq!(store.account(again.id).await.unwrap(), None);
    assert_eq!(store.by_email(&again.email).await.unwrap(), Some(first));
}

pub(crate) async fn accounts_come_in_pages_in_the_order_in_which_they_were_made(
    store: &impl Accounts,
) {
    let mut made = Vec::new();
    for (name, second) in [("zoe", 1), ("anna", 2), ("max", 3), ("ben", 3), ("eve", 4)] {
        let account = Account {
            created: at(second),
            ..account(&format!("{name}@example.org"))
        };
        assert!(store.open(&account).await.unwrap());
        made.push(account);
    }
    // Of those that were made in the same instant the names decide.
    made.sort_by_key(|it| (it.created, it.id));
    let first = store.accounts(None, 3).await.unwrap();
    assert_eq!(first, made[..3]);
    let last = Place::of(&first[2]);
    assert_eq!(store.accounts(Some(last), 9).await.unwrap(), made[3..]);

    // Where the place is of one who was erased meanwhile, the list goes on all the same.
    assert!(store.erase(last.id).await.unwrap());
    assert_eq!(store.accounts(Some(last), 9).await.unwrap(), made[3..]);
    let end = Place::of(&made[4]);
    assert_eq!(store.accounts(Some(end), 9).await.unwrap(), []);
}

pub(crate) async fn an_account_is_changed_once_for_each_revision(store: &impl Accounts) {
    let mut changed = opened(store, "anna@example.org").await;
    let stale = changed.clone();
    changed.role = Role::Reviewer;
    changed.revision += 1;
    let before = store.revision().await.unwrap();

    assert!(store.change(&changed).await.unwrap());
    let after = store.revision().await.unwrap();
    assert!(after > before);
    // Neither a second time, nor from an older state, nor over somebody who is not there.
    assert!(!store.change(&changed).await.unwrap());
    assert!(!store.change(&stale).await.unwrap());
    let nobody = Account {
        revision: 2,
        ..account("nobody@example.org")
    };
    assert!(!store.change(&nobody).await.unwrap());
    assert_eq!(store.revision().await.unwrap(), after);
    assert_eq!(store.account(changed.id).await.unwrap(), Some(changed));
}

pub(crate) async fn a_password_is_hashed_anew_in_the_place_of_the_same_one_alone(
    store: &impl Accounts,
) {
    let mut anna = opened(store, "anna@example.org").await;
    store
        .rehash(anna.id, &hash("opened"), &hash("same at another cost"))
        .await
        .unwrap();
    anna.password = hash("another");
    anna.revision += 1;
    assert!(store.change(&anna).await.unwrap());

    // Somebody logged in with the former one while it was changed.
    store
        .rehash(anna.id, &hash("same at another cost"), &hash("the former"))
        .await
        .unwrap();

    assert_eq!(store.account(anna.id).await.unwrap(), Some(anna));
}

pub(crate) async fn a_code_of_an_authenticator_is_taken_once(store: &impl Accounts) {
    let mut anna = account("anna@example.org");
    anna.second = Some(SecondFactor {
        secret: Sealed(vec![1]),
        confirmed: true,
        last_step: 10,
    });
    store.open(&anna).await.unwrap();

    assert!(store.take_step(anna.id, 12).await.unwrap());
    for old in [12, 11, 10] {
        assert!(!store.take_step(anna.id, old).await.unwrap(), "{old}");
    }
    // Who read the account before and writes it now brings no code back.
    anna.language = "ru".into();
    anna.revision += 1;
    assert!(store.change(&anna).await.unwrap());
    assert!(!store.take_step(anna.id, 12).await.unwrap());
    assert!(store.take_step(anna.id, 13).await.unwrap());

    // Another authenticator counts for itself.
    anna.second = Some(SecondFactor {
        secret: Sealed(vec![2]),
        confirmed: false,
        last_step: 0,
    });
    anna.revision += 1;
    assert!(store.change(&anna).await.unwrap());
    assert!(store.take_step(anna.id, 3).await.unwrap());
}

pub(crate) async fn a_recovery_code_is_taken_once_and_by_its_owner(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    let codes = [digest(1), digest(2)];
    store.keep_recovery(anna.id, &codes).await.unwrap();
    assert_eq!(store.recovery_left(anna.id).await.unwrap(), 2);

    assert!(!store.take_recovery(max.id, codes[0]).await.unwrap());
    assert!(store.take_recovery(anna.id, codes[0]).await.unwrap());
    assert!(!store.take_recovery(anna.id, codes[0]).await.unwrap());
    assert_eq!(store.recovery_left(anna.id).await.unwrap(), 1);

    store.keep_recovery(anna.id, &[digest(3)]).await.unwrap();
    assert!(!store.take_recovery(anna.id, codes[1]).await.unwrap());
    assert!(store.take_recovery(anna.id, digest(3)).await.unwrap());
    assert_eq!(store.recovery_left(anna.id).await.unwrap(), 0);
}

pub(crate) async fn a_mailed_link_is_taken_once_in_time_and_only_the_newest(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let keep = async |purpose, nth| {
        let kept = store.keep_link(anna.id, purpose, digest(nth), at(100));
        kept.await.unwrap();
    };
    let take = async |purpose, nth, second| {
        let taken = store.take_link(purpose, digest(nth), at(second));
        taken.await.unwrap()
    };
    keep(Purpose::Verify, 1).await;
    keep(Purpose::Reset, 2).await;
    // For nothing else than what it was mailed for.
    assert_eq!(take(Purpose::Reset, 1, 50).await, None);
    assert_eq!(take(Purpose::Verify, 1, 50).await, Some(anna.id));
    assert_eq!(take(Purpose::Verify, 1, 50).await, None);

    keep(Purpose::Reset, 3).await;
    assert_eq!(take(Purpose::Reset, 2, 50).await, None);
    assert_eq!(take(Purpose::Reset, 3, 100).await, None, "too old");
    assert_eq!(take(Purpose::Reset, 3, 50).await, None, "and spent");
}

pub(crate) async fn an_erased_account_leaves_nothing_but_what_privileged_people_did(
    store: &(impl Store + Accounts + Outbox),
) {
    let alpha = registered(store, "alpha").await;
    let mut kept = Vec::new();
    for name in ["anna", "max"] {
        let it = opened(store, &format!("{name}@example.org")).await;
        furnish(store, &it).await;
        kept.push(it);
    }
    let [anna, max] = &kept[..] else { panic!() };
    store.give(&alpha, Some(anna.id)).await.unwrap();
    store.record(&deed(&anna.id.to_string())).await.unwrap();
    let before = store.revision().await.unwrap();

    assert!(store.erase(anna.id).await.unwrap());
    assert!(!store.erase(anna.id).await.unwrap());

    assert!(store.revision().await.unwrap() > before);
    assert_eq!(store.account(anna.id).await.unwrap(), None);
    assert_eq!(furniture(store, anna).await, Furniture::default());
    assert_eq!(store.owned(anna.id).await.unwrap(), []);
    let waiting = store.take(at(999), at(999), 9).await.unwrap();
    let theirs: Vec<_> = waiting.iter().map(|it| it.mail.account).collect();
    assert_eq!(theirs, [Some(max.id)]);
    // The channel is nobody's, the log stays, the others have what they had.
    assert_eq!(store.channels().await.unwrap().len(), 1);
    assert_eq!(store.deeds(None, 9).await.unwrap().len(), 1);
    assert_ne!(furniture(store, max).await, Furniture::default());

    // The address is free, and nothing of the former one comes with it.
    let again = Account {
        id: id(200),
        ..account("anna@example.org")
    };
    assert!(store.open(&again).await.unwrap());
    assert_eq!(furniture(store, &again).await, Furniture::default());
}

/// Gives an account one of each thing that an account has; each digest says whose it is.
async fn furnish(store: &(impl Accounts + Outbox), of: &Account) {
    let own = of.email.as_str().as_bytes()[0];
    store.keep_recovery(of.id, &[digest(own)]).await.unwrap();
    let link = store.keep_link(of.id, Purpose::Reset, digest(own), at(999));
    link.await.unwrap();
    let device = session(of, own);
    let with = Credential::Refresh(digest(own));
    store.begin(&device, with).await.unwrap();
    store.make_key(&key(of, own)).await.unwrap();
    store.subscribe(&subscription(of, "cus")).await.unwrap();
    let month = "2026-11".into();
    let requests = [(of.id, 7)].into();
    store.count_requests(&month, &requests).await.unwrap();
    assert!(store.put(&mail(of, "verify")).await.unwrap());
}

/// What an account has.
#[derive(Debug, Default, PartialEq)]
struct Furniture {
    codes: u32,
    sessions: usize,
    keys: usize,
    pays: bool,
}

async fn furniture(store: &impl Accounts, of: &Account) -> Furniture {
    let own = of.email.as_str().as_bytes()[0];
    Furniture {
        codes: store.recovery_left(of.id).await.unwrap(),
        sessions: store.sessions(of.id, at(0)).await.unwrap().len(),
        keys: store.keys(of.id).await.unwrap().len()
            + usize::from(
                store
                    .key(digest(own))
                    .await
                    .unwrap()
                    .is_some_and(|key| key.account == of.id),
            ),
        pays: store.subscription(of.id).await.unwrap().is_some(),
    }
}
