//! Promises about the roster: channels that are made while the platform runs.

use std::time::Duration;

use domain::ports::roster::{KeyDigest, Made, Roster, Way, Words};
use domain::ports::store::{ChannelCard, Store};
use domain::post::Origin;

use crate::make::*;

fn card(id: &str, platform: &str) -> ChannelCard {
    ChannelCard {
        id: channel(id),
        platform: platform.to_owned(),
        title: format!("The {id}"),
        origin: Origin::Live,
    }
}

fn first(way: Way) -> Made {
    Made {
        way,
        archived: None,
        revision: 1,
    }
}

fn webhook() -> Made {
    first(Way::Webhook {
        key: KeyDigest([7; 32]),
    })
}

pub(crate) async fn a_made_channel_comes_back_as_it_was(store: &(impl Store + Roster)) {
    let every = Duration::from_secs(60);
    let all = [
        (
            card("a-feed", "rss"),
            first(Way::Feed {
                url: "https://a.example/rss".to_owned(),
                every,
            }),
        ),
        (card("a-hook", "webhook"), webhook()),
        (
            card("whales", "telegram"),
            first(Way::Telegram {
                name: "whales".to_owned(),
                every,
            }),
        ),
    ];
    for (card, made) in &all {
        assert!(store.make(card, made, at(3)).await.unwrap());
    }

    assert_eq!(store.made().await.unwrap(), all);
    let told = store.channels().await.unwrap();
    let made: Vec<_> = told
        .into_iter()
        .map(|told| (told.card, told.made.unwrap()))
        .collect();
    assert_eq!(made, all);
}

pub(crate) async fn a_name_that_is_taken_is_not_made_again(store: &(impl Store + Roster)) {
    let alpha = registered(store, "alpha").await;
    let beta = card("beta", "webhook");
    assert!(store.make(&beta, &webhook(), NOW).await.unwrap());

    assert!(
        !store
            .make(&card("alpha", "webhook"), &webhook(), NOW)
            .await
            .unwrap()
    );
    assert!(
        !store
            .make(&card("beta", "rss"), &webhook(), NOW)
            .await
            .unwrap()
    );

    let told = store.channels().await.unwrap();
    assert_eq!((&told[0].card.id, &told[0].made), (&alpha, &None));
    assert_eq!(told[1].card, beta);
}

pub(crate) async fn a_channel_is_changed_once_for_each_revision(store: &(impl Store + Roster)) {
    let mut beta = card("beta", "webhook");
    store.make(&beta, &webhook(), NOW).await.unwrap();
    let second = Made {
        archived: Some(at(9)),
        revision: 2,
        ..webhook()
    };
    beta.title = "Another".to_owned();

    assert!(store.change(&beta, &second).await.unwrap());
    assert!(!store.change(&beta, &second).await.unwrap());
    let unknown = card("nobody", "webhook");
    assert!(!store.change(&unknown, &second).await.unwrap());

    assert_eq!(store.made().await.unwrap(), [(beta, second)]);
}

pub(crate) async fn what_is_said_of_a_channel_stands_beside_it_and_replaces_what_was_said(
    store: &(impl Store + Roster),
) {
    let alpha = registered(store, "alpha").await;
    let beta = registered(store, "beta").await;
    let said = async || {
        let told = store.channels().await.unwrap().into_iter();
        told.map(|told| told.words).collect::<Vec<_>>()
    };
    assert_eq!(said().await, [None, None]);
    let first = Words {
        description: Some("Breakouts of majors.".to_owned()),
        statement: Some("We stopped.\nThen we began again: \u{1f680}".to_owned()),
        at: at(5),
    };
    assert!(store.say(&alpha, &first).await.unwrap());
    assert_eq!(said().await, [Some(first), None]);
    let second = Words {
        description: None,
        statement: None,
        at: at(6),
    };
    assert!(store.say(&alpha, &second).await.unwrap());
    assert!(store.say(&beta, &second).await.unwrap());
    assert_eq!(said().await, [Some(second.clone()), Some(second.clone())]);
    assert!(!store.say(&channel("nobody"), &second).await.unwrap());
}
