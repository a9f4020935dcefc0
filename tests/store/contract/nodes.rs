//! Promises about the nodes that serve a record, and about how much of each there is.

use domain::account::Role;
use domain::plan::{Allowance, Plan, PlanId, Prices};
use domain::ports::accounts::{Accounts, Standing};
use domain::ports::mail::Outbox;
use domain::ports::nodes::{Node, Nodes};
use domain::ports::tally::{Tallies, Tally};
use domain::ports::till::{Tidings, Told};

use crate::make::at;
use crate::member::*;

fn node(id: &str, started: i64) -> Node {
    Node {
        id: id.into(),
        host: format!("pod-{id}"),
        version: "0.1.0".into(),
        addresses: vec![
            "http://0.0.0.0:8080".to_owned(),
            "http://0.0.0.0:9090".to_owned(),
        ],
        roles: vec!["relay".into(), "sealer".into()],
        started: at(started),
        seen: at(started),
        left: None,
    }
}

pub(crate) async fn a_node_comes_back_as_it_last_said_and_the_newest_first(store: &impl Nodes) {
    assert_eq!(store.nodes().await.unwrap(), []);
    let bare = Node {
        addresses: Vec::new(),
        roles: Vec::new(),
        ..node("b", 20)
    };
    for node in [&node("a", 10), &bare] {
        store.say(node).await.unwrap();
    }
    assert_eq!(store.nodes().await.unwrap(), [bare.clone(), node("a", 10)]);
    let leaving = Node {
        roles: vec!["sealer".into()],
        seen: at(40),
        left: Some(at(40)),
        ..node("a", 10)
    };
    store.say(&leaving).await.unwrap();
    assert_eq!(store.nodes().await.unwrap(), [bare, leaving]);
}

pub(crate) async fn who_fell_silent_long_ago_is_forgotten(store: &impl Nodes) {
    for node in [&node("a", 10), &node("b", 20)] {
        store.say(node).await.unwrap();
    }
    store.forget(at(20)).await.unwrap();
    assert_eq!(store.nodes().await.unwrap(), [node("b", 20)]);
}

pub(crate) async fn what_there_is_of_everything_is_counted(
    store: &(impl Accounts + Outbox + Tidings + Nodes + Tallies),
) {
    let roles = |users, reviewers, admins| {
        vec![
            (Role::User, users),
            (Role::Reviewer, reviewers),
            (Role::Admin, admins),
        ]
    };
    let nothing = Tally {
        accounts: roles(0, 0, 0),
        ..Tally::default()
    };
    assert_eq!(store.tally(at(0)).await.unwrap(), nothing);

    let pro = PlanId::parse("pro").unwrap();
    let plan = Plan {
        id: pro.clone(),
        title: "Pro".to_owned(),
        rank: 20,
        prices: Prices::default(),
        allows: Allowance::everything(),
    };
    store.write_plan(&plan, false).await.unwrap();
    let anna = opened(store, "anna@example.org").await;
    let max = opened(store, "max@example.org").await;
    let mut gone = opened(store, "gone@example.org").await;
    gone.closed = Some(at(3));
    gone.revision += 1;
    assert!(store.change(&gone).await.unwrap());
    store.subscribe(&subscription(&anna, "cus")).await.unwrap();
    let mut late = subscription(&max, "cus");
    late.standing = Standing::PastDue;
    store.subscribe(&late).await.unwrap();

    for about in ["one", "two", "three", "four"] {
        store.put(&mail(&anna, about)).await.unwrap();
    }
    store.sent(1, at(11)).await.unwrap();
    store.failed(2, "nobody takes it", None).await.unwrap();
    let told = |id: &str| Told {
        id: id.to_owned(),
        kind: "invoice.paid".to_owned(),
        object: None,
        body: "{}".to_owned(),
        received: at(5),
    };
    for id in ["evt_1", "evt_2"] {
        store.keep_told(&told(id)).await.unwrap();
    }
    store.dealt_with("evt_1", at(6)).await.unwrap();
    let left = Node {
        left: Some(at(30)),
        ..node("c", 30)
    };
    for node in [&node("a", 10), &node("b", 20), &left] {
        store.say(node).await.unwrap();
    }

    let counted = store.tally(at(20)).await.unwrap();
    let standing = |standing, many| (pro.clone(), standing, many);
    let expected = Tally {
        accounts: roles(2, 0, 0),
        subscriptions: vec![
            standing(Standing::Trialing, 0),
            standing(Standing::Active, 1),
            standing(Standing::PastDue, 1),
            standing(Standing::Ended, 0),
        ],
        mails: 2,
        oldest_mail: Some(at(10)),
        tidings: 1,
        nodes: 1,
    };
    assert_eq!(counted, expected);
}
