//! Promises about devices that are logged in, and the tokens by which they come back.

use domain::account::Session;
use domain::ports::accounts::{Accounts, Credential, Ending, Rotated};

use crate::make::at;
use crate::member::*;

pub(crate) async fn a_refresh_token_is_exchanged_once_and_a_second_time_ends_its_session(
    store: &impl Accounts,
) {
    let anna = opened(store, "anna@example.org").await;
    let (stolen, other) = (session(&anna, 1), session(&anna, 2));
    begin(store, &stolen, Credential::Refresh(digest(10))).await;
    begin(store, &other, Credential::Refresh(digest(20))).await;
    let rotate = async |former, next, second| {
        let rotated = store.rotate(digest(former), digest(next), at(second), STAY);
        rotated.await.unwrap()
    };
    let seen = |second: i64| Session {
        seen: at(second),
        expires: at(second + 100),
        ..stolen.clone()
    };

    assert_eq!(rotate(10, 11, 5).await, Rotated::Fresh(seen(5)));
    assert_eq!(rotate(11, 12, 6).await, Rotated::Fresh(seen(6)));
    let before = store.revision().await.unwrap();
    assert_eq!(rotate(10, 13, 7).await, Rotated::Reused(seen(6)));
    assert!(store.revision().await.unwrap() > before);

    // The whole family is dead, the newest token and the one that was refused included.
    for dead in [10, 11, 12, 13] {
        assert_eq!(rotate(dead, 14, 8).await, Rotated::Unknown, "{dead}");
    }
    assert_eq!(store.sessions(anna.id, at(8)).await.unwrap(), [other]);
    assert!(matches!(rotate(20, 21, 8).await, Rotated::Fresh(_)));
}

pub(crate) async fn a_refresh_token_dies_with_its_time(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    begin(store, &session(&anna, 1), Credential::Refresh(digest(10))).await;
    let late = store.rotate(digest(10), digest(11), at(100), STAY);
    assert_eq!(late.await.unwrap(), Rotated::Unknown);
    // It was not spent by that: nothing happened.
    let in_time = store.rotate(digest(10), digest(11), at(99), STAY);
    assert!(matches!(in_time.await.unwrap(), Rotated::Fresh(_)));
    let unknown = store.rotate(digest(77), digest(78), at(99), STAY);
    assert_eq!(unknown.await.unwrap(), Rotated::Unknown);
}

pub(crate) async fn of_two_who_exchange_one_token_at_once_one_is_the_thief(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    begin(store, &session(&anna, 1), Credential::Refresh(digest(10))).await;
    let rotate = |next| store.rotate(digest(10), digest(next), at(5), STAY);
    let (one, other) = tokio::join!(rotate(11), rotate(12));
    let both = [one.unwrap(), other.unwrap()];
    let fresh = both.iter().filter(|it| matches!(it, Rotated::Fresh(_)));
    let reused = both.iter().filter(|it| matches!(it, Rotated::Reused(_)));
    assert_eq!((fresh.count(), reused.count()), (1, 1), "{both:?}");
    assert_eq!(store.sessions(anna.id, at(5)).await.unwrap(), []);
}

pub(crate) async fn a_cookie_is_shown_again_and_again_until_its_time_or_its_end(
    store: &impl Accounts,
) {
    let anna = opened(store, "anna@example.org").await;
    let browser = session(&anna, 1);
    begin(store, &browser, Credential::Cookie(digest(30))).await;
    let shown = async |second| store.by_cookie(digest(30), at(second)).await.unwrap();
    for second in [1, 99] {
        assert_eq!(shown(second).await.as_ref(), Some(&browser), "{second}");
    }
    assert_eq!(shown(100).await, None);
    assert_eq!(store.by_cookie(digest(31), at(1)).await.unwrap(), None);
    // It is no refresh token, and the other way round.
    let rotated = store.rotate(digest(30), digest(31), at(1), STAY);
    assert_eq!(rotated.await.unwrap(), Rotated::Unknown);

    store.touch(browser.id, at(50), STAY).await.unwrap();
    let seen = shown(120).await.unwrap();
    assert_eq!((seen.seen, seen.expires), (at(50), at(150)));
    assert_eq!(
        store.end(anna.id, Ending::One(browser.id)).await.unwrap(),
        1
    );
    assert_eq!(shown(60).await, None);
}

pub(crate) async fn sessions_are_ended_alone_all_but_one_or_all_and_never_anothers(
    store: &impl Accounts,
) {
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    for nth in 1..=4 {
        let of = if nth == 4 { &max } else { &anna };
        begin(store, &session(of, nth), Credential::Cookie(digest(nth))).await;
    }
    let left = async || {
        let mut left: Vec<_> = store.sessions(anna.id, at(5)).await.unwrap();
        left.extend(store.sessions(max.id, at(5)).await.unwrap());
        left.into_iter().map(|it| it.agent).collect::<Vec<_>>()
    };
    let end = async |which| store.end(anna.id, which).await.unwrap();

    assert_eq!(end(Ending::One(session(&max, 4).id)).await, 0);
    let before = store.revision().await.unwrap();
    assert_eq!(end(Ending::Others(session(&anna, 2).id)).await, 2);
    assert!(store.revision().await.unwrap() > before);
    assert_eq!(left().await, ["device 2", "device 4"]);
    assert_eq!(end(Ending::All).await, 1);
    assert_eq!(left().await, ["device 4"]);
    let before = store.revision().await.unwrap();
    assert_eq!(end(Ending::All).await, 0);
    assert_eq!(store.revision().await.unwrap(), before);
}

pub(crate) async fn sessions_are_listed_while_they_hold_the_last_seen_first(store: &impl Accounts) {
    let anna = opened(store, "anna@example.org").await;
    let short = Session {
        expires: at(20),
        address: None,
        ..session(&anna, 1)
    };
    let long = session(&anna, 2);
    begin(store, &short, Credential::Refresh(digest(1))).await;
    begin(store, &long, Credential::Refresh(digest(2))).await;
    store.touch(long.id, at(10), STAY).await.unwrap();
    let long = Session {
        seen: at(10),
        expires: at(110),
        ..long
    };
    let listed = async |second| store.sessions(anna.id, at(second)).await.unwrap();
    assert_eq!(listed(19).await, [long.clone(), short]);
    assert_eq!(listed(20).await, [long]);
}

pub(crate) async fn a_device_comes_back_until_its_longest_day_however_often_it_is_seen(
    store: &impl Accounts,
) {
    let anna = opened(store, "anna@example.org").await;
    let (browser, other) = (session(&anna, 1), session(&anna, 2));
    begin(store, &browser, Credential::Cookie(digest(30))).await;
    begin(store, &other, Credential::Refresh(digest(0))).await;
    // Both began in the first second, and may stay a thousand.
    for nth in 1..=12 {
        let second = i64::from(nth) * 80;
        store.touch(browser.id, at(second), STAY).await.unwrap();
        let rotated = store.rotate(digest(nth - 1), digest(nth), at(second), STAY);
        let Rotated::Fresh(rotated) = rotated.await.unwrap() else {
            panic!("it was over in second {second}");
        };
        assert_eq!(rotated.expires, at((second + 100).min(1_001)));
    }
    let shown = async |second| store.by_cookie(digest(30), at(second)).await.unwrap();
    assert_eq!(shown(1_000).await.unwrap().expires, at(1_001));
    assert_eq!(shown(1_001).await, None);
    let late = store.rotate(digest(12), digest(13), at(1_001), STAY);
    assert_eq!(late.await.unwrap(), Rotated::Unknown);
    // One that is gone is not brought back by having been seen.
    store.end(anna.id, Ending::All).await.unwrap();
    store.touch(browser.id, at(50), STAY).await.unwrap();
    assert_eq!(store.sessions(anna.id, at(50)).await.unwrap(), []);
}

async fn begin(store: &impl Accounts, session: &Session, with: Credential) {
    let before = store.revision().await.unwrap();
    store.begin(session, with).await.unwrap();
    // Nobody's rights change by it.
    assert_eq!(store.revision().await.unwrap(), before);
}
