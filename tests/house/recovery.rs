//! What a fault costs, and what it must not cost.

use std::time::Duration;

use super::faults::{Fault, Plan};
use super::scene::{POSTS, Wrong, everything, memory, raise};

#[actix::test]
async fn without_faults_every_post_is_stored_once_and_scored() {
    let scene = raise(memory().await, Wrong::nothing()).await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    assert!(scene.signals("a").await.iter().all(|(_, scored)| *scored));
    scene.whole().await;
}

#[actix::test]
async fn a_panicking_channel_is_reborn_with_its_order_kept_and_delays_no_other() {
    let reads = Plan::new(Fault::Panic, 2);
    let scene = raise(
        memory().await,
        Wrong {
            reads: reads.clone(),
            ..Wrong::nothing()
        },
    )
    .await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    assert_eq!(reads.left(), 0, "it did panic");
    let tree = scene.house.household.tree().await;
    let restarts = |name: &str| {
        tree.iter()
            .find(|branch| branch.name == name)
            .unwrap()
            .restarts
    };
    assert_eq!((restarts("channel a"), restarts("channel b")), (2, 0));
    scene.whole().await;
}

#[actix::test]
async fn a_post_that_kills_its_channel_again_and_again_is_set_aside_and_the_next_is_read() {
    let reads = Plan::new(Fault::Panic, 3);
    let scene = raise(
        memory().await,
        Wrong {
            reads,
            ..Wrong::nothing()
        },
    )
    .await;
    let posts = scene.until(|posts| posts.last() == Some(&POSTS), "a").await;
    assert_eq!(
        posts,
        everything()[1..],
        "the first is stored unread, the others are signals"
    );
    assert_eq!(scene.all_of("b").await, everything());
}

#[actix::test]
async fn a_reborn_ledger_loses_nothing_and_doubles_nothing() {
    let commits = Plan::new(Fault::Panic, 2);
    let scene = raise(
        memory().await,
        Wrong {
            commits: commits.clone(),
            ..Wrong::nothing()
        },
    )
    .await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    assert_eq!(commits.left(), 0, "it did panic");
    scene.whole().await;
}

#[actix::test]
async fn an_answer_lost_after_the_commit_doubles_nothing() {
    let answers = Plan::new(Fault::Panic, 3);
    let scene = raise(
        memory().await,
        Wrong {
            answers: answers.clone(),
            ..Wrong::nothing()
        },
    )
    .await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    assert_eq!(answers.left(), 0, "it did panic");
    scene.whole().await;
}

#[actix::test]
async fn a_store_that_is_away_makes_channels_wait_and_nothing_is_dropped() {
    let commits = Plan::new(Fault::Fail, 5);
    let scene = raise(
        memory().await,
        Wrong {
            commits,
            ..Wrong::nothing()
        },
    )
    .await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    scene.whole().await;
}

#[actix::test]
async fn a_frozen_scorer_is_replaced_and_its_signals_go_out_unscored() {
    let model = Plan::new(Fault::Hang, 1);
    let scene = raise(
        memory().await,
        Wrong {
            model,
            ..Wrong::nothing()
        },
    )
    .await;
    scene.all_of("a").await;
    scene.all_of("b").await;
    let signals = [scene.signals("a").await, scene.signals("b").await].concat();
    let unscored = signals.iter().filter(|(_, scored)| !scored).count();
    assert!(unscored >= 1, "somebody met the frozen thread");
    assert_eq!(signals.len() as u64, 2 * POSTS);
    assert!(scene.causes.lock().unwrap().is_empty());
}

#[actix::test]
async fn a_model_that_panics_costs_the_score_and_never_the_signal() {
    let model = Plan::new(Fault::Panic, 2);
    let scene = raise(
        memory().await,
        Wrong {
            model,
            ..Wrong::nothing()
        },
    )
    .await;
    assert_eq!(scene.all_of("a").await, everything());
    assert_eq!(scene.all_of("b").await, everything());
    scene.whole().await;
}

#[actix::test]
async fn a_ledger_that_dies_too_often_takes_the_process_down_and_the_next_start_goes_on() {
    let store = memory().await;
    let scene = raise(
        store.clone(),
        Wrong {
            commits: Plan::new(Fault::Panic, 1_000),
            ..Wrong::nothing()
        },
    )
    .await;
    let given_up = async {
        while scene.causes.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), given_up)
        .await
        .expect("it never gave up");
    assert_eq!(scene.causes.lock().unwrap()[0].child, "ledger");
    assert!(scene.posts("a").await.is_empty());
    scene.house.household.stop().await;

    let next = raise(store, Wrong::nothing()).await;
    assert_eq!(next.all_of("a").await, everything());
    assert_eq!(next.all_of("b").await, everything());
    next.whole().await;
}

#[actix::test]
async fn a_stop_drains_every_post_already_taken_and_the_next_start_goes_on() {
    let store = memory().await;
    let scene = raise(store.clone(), Wrong::nothing()).await;
    scene.until(|posts| !posts.is_empty(), "a").await;
    scene.house.household.stop().await;
    let stored = scene.posts("a").await;
    assert_eq!(
        stored,
        everything()[..stored.len()],
        "what was taken is stored, in order"
    );

    let next = raise(store, Wrong::nothing()).await;
    assert_eq!(next.all_of("a").await, everything());
    assert_eq!(next.all_of("b").await, everything());
    next.whole().await;
}
