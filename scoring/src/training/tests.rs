//! What must hold of training: it finds what is there, and nothing where there is nothing.

use super::*;
use crate::dataset::made;

/// As little as shows that a network learns.
fn small(seed: u64) -> Order {
    let shape = Shape {
        eye: Eye::Shut,
        width: 8,
        earnings: 0.1,
        wide: None,
    };
    let pace = Pace {
        rate: 0.02,
        batch: 128,
        rounds: 20,
        nets: 1,
        ..Pace::default()
    };
    let growth = Growth {
        depth: 2,
        rate: 0.1,
        leaf: 20.0,
        trees: 60,
    };
    Order {
        seed,
        networks: vec![(shape, pace)],
        trees: vec![growth],
        shuffles: 0,
    }
}

#[test]
fn what_is_there_is_found_by_every_step_that_learns() {
    let rows = made::rows(1_200, 0.6, 1);
    let trained = train(&rows, &small(1), |_, _| {}).unwrap();
    let steps = &trained.holdout.steps;
    for name in ["logistic", "gbdt", "burn"] {
        let gained = steps["geometry"].log_loss - steps[name].log_loss;
        assert!(gained > 0.005, "{name} gained {gained}");
        assert!(steps[name].auc > steps["geometry"].auc, "{name}");
    }
    assert!((steps["coin"].log_loss - 2.0_f64.ln()).abs() < 1e-12);
}

#[test]
fn where_nothing_is_there_calibrated_geometry_stays_champion() {
    let rows = made::rows(800, 0.0, 2);
    let trained = train(&rows, &small(1), |_, _| {}).unwrap();
    assert_eq!(trained.champion, USUAL);
}

#[test]
fn the_same_seed_gives_the_same_model_to_the_byte_and_another_does_not() {
    let rows = made::rows(500, 0.6, 3);
    let bytes = |seed| {
        let trained = train(&rows, &small(seed), |_, _| {}).unwrap();
        let last = trained.ladder.last().unwrap();
        let crate::steps::Step::Network(network) = &last.step else {
            panic!("the last step is the network");
        };
        let crate::steps::Step::Trees(trees) = &trained.ladder[5].step else {
            panic!("the last but one is the trees");
        };
        (network.to_bytes().unwrap(), trees.to_json().unwrap())
    };
    let (one, again, other) = (bytes(1), bytes(1), bytes(2));
    assert!(one == again);
    assert!(one.0 != other.0);
}

#[test]
fn shuffled_outcomes_teach_nothing_and_true_ones_stand_out() {
    let rows = made::rows(1_200, 0.6, 4);
    let split = holdout(&rows);
    let kind = Kind::Trees(small(1).trees[0]);
    let found = shuffled::shuffled(&kind, &rows, &split.train, 20, 1).unwrap();
    assert!(found.sees_nothing_in_noise(), "{found:?}");
    assert!(found.stands_out(), "{found:?}");
}

#[test]
fn a_feature_that_peeks_is_caught_by_name() {
    let mut rows = made::rows(1_500, 0.3, 5);
    let nth = crate::features::schema()
        .signal
        .iter()
        .position(|name| *name == "coin.volume_1d")
        .unwrap();
    for row in &mut rows {
        // It has seen the outcome, through a veil.
        row.features.signal[nth] =
            0.5 * row.features.signal[nth] + if row.won() { 1.0 } else { -1.0 };
    }
    let refused = train(&rows, &small(1), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("coin.volume_1d"), "{refused}");
}

#[test]
fn too_few_signals_are_refused_with_what_helps() {
    let refused = train(&made::rows(150, 0.0, 6), &small(1), |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("200 are needed"), "{refused}");
}
