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
        accept: Vec::new(),
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
fn where_nothing_is_there_no_step_that_learns_features_speaks() {
    let rows = made::rows(800, 0.0, 2);
    let trained = train(&rows, &small(1), |_, _| {}).unwrap();
    // The levels of these rows say the truth as they are, so nothing need be put right either.
    let champion = trained.champion;
    assert!([USUAL, "geometry"].contains(&champion), "{champion}");
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

#[test]
fn where_nearly_all_ended_alike_training_refuses_with_what_helps() {
    for alike in [crate::dataset::Fate::Stop, crate::dataset::Fate::Target] {
        let mut rows = made::rows(600, 0.0, 7);
        for row in rows.iter_mut().skip(8) {
            row.fates.fill(alike);
        }
        let refused = train(&rows, &small(1), |_, _| {}).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("at least 10 of each are needed"),
            "{refused}"
        );
    }
}

#[test]
fn where_everything_ended_alike_no_step_is_sure_and_every_one_can_be_kept() {
    let mut rows = made::rows(400, 0.0, 8);
    rows.iter_mut()
        .for_each(|row| row.fates.fill(crate::dataset::Fate::Stop));
    let among: Vec<usize> = (0..rows.len()).collect();
    let features: Vec<&crate::features::Features> = rows.iter().map(|row| &row.features).collect();
    // A network goes on for as long as it is let; that training refuses such rows is what bounds it.
    let plain = Order {
        networks: Vec::new(),
        ..small(1)
    };
    for kind in plain.kinds() {
        let step = kind.fit(&rows, &among, 1).unwrap();
        for said in step.of_signals(&features) {
            let p = said[0].target;
            assert!((1e-5..1.0 - 1e-5).contains(&p), "{} {p}", kind.name());
        }
        if let crate::steps::Step::Trees(trees) = step {
            let text = trees.to_json().unwrap();
            crate::steps::trees::Trees::from_json(&text, trees.columns().clone()).unwrap();
        }
    }
}

/// One channel ended long before the others began.
fn one_was_early() -> Vec<Row> {
    let mut rows = made::rows(1_500, 0.3, 9);
    for row in rows.iter_mut().filter(|row| row.channel.as_str() == "one") {
        let long = std::time::Duration::from_secs(400 * 86_400);
        (row.received, row.ended) = (row.received - long, row.ended - long);
    }
    dataset::sort(&mut rows);
    rows
}

#[test]
fn what_is_held_out_before_later_lessons_is_counted_and_the_rest_measured_by_itself() {
    let rows = one_was_early();
    let trained = train(&rows, &small(1), |_, _| {}).unwrap();
    assert_eq!(trained.held_before_lessons, 100);
    let after = trained.holdout_after.unwrap();
    assert_eq!(after.rows, trained.holdout.rows - 100);
    for (name, step) in &after.steps {
        assert!(step.log_loss.is_finite(), "{name}");
    }
    let burn = |table: &Table| table.steps["burn"].log_loss;
    assert!((burn(&after) - burn(&trained.holdout)).abs() > 1e-9);
    // Where all of it lies after every lesson there is no other.
    let together = train(&made::rows(600, 0.3, 9), &small(1), |_, _| {}).unwrap();
    assert_eq!(
        (together.held_before_lessons, together.holdout_after),
        (0, None)
    );
}
