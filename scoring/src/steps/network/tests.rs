//! What must hold of networks, however they see.

use super::*;
use crate::dataset::{Row, made};
use crate::steps::Lesson;
use crate::steps::logistic::Logistic;

fn fitted(eye: Eye) -> (Network, Vec<Row>) {
    let rows = made::rows(40, 0.6, 1);
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &[1.0; 40]);
    let shape = Shape {
        eye,
        width: 8,
        earnings: 0.1,
        wide: None,
    };
    let pace = Pace {
        batch: 40,
        rounds: 2,
        nets: 2,
        rate: 0.05,
        ..Pace::default()
    };
    (fit(&lessons, &[], shape, pace, 1, || {}), rows)
}

fn said(network: &Network, rows: &[Row]) -> Vec<Chance> {
    let asked: Vec<Asked<'_>> = rows
        .iter()
        .map(|row| Asked {
            features: &row.features,
            nth: 1,
        })
        .collect();
    network.chances(&asked)
}

#[test]
fn every_eye_learns_and_its_weights_come_back_as_they_were() {
    for eye in [Eye::Shut, Eye::Flat, Eye::Convolution, Eye::Recurrent] {
        let (network, rows) = fitted(eye);
        let before = said(&network, &rows);
        let back = Network::from_bytes(network.plan(), network.to_bytes().unwrap()).unwrap();
        for (one, other) in before.iter().zip(said(&back, &rows)) {
            assert!((one.target - other.target).abs() < 1e-6, "{eye:?}");
        }
        let levels = |row: &Row| row.features.odds.targets[1];
        let learned = rows
            .iter()
            .zip(&before)
            .any(|(row, said)| (said.target - levels(row)).abs() > 0.05);
        assert!(learned, "{eye:?}");
        assert!(!network.tensors().is_empty());
    }
}

#[test]
fn what_begins_where_a_regression_stands_and_has_learned_nothing_more_says_the_same() {
    let rows = made::rows(40, 0.6, 1);
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &[1.0; 40]);
    let shape = Shape {
        eye: Eye::Shut,
        width: 8,
        earnings: 0.1,
        wide: Some(10.0),
    };
    let pace = Pace {
        rounds: 0,
        ..Pace::default()
    };
    let network = fit(&lessons, &[], shape, pace, 1, || {});
    let regression = Logistic::fit(&lessons, 10.0);
    let asked: Vec<Asked<'_>> = lessons.iter().map(Lesson::asked).collect();
    for (deep, plain) in network
        .chances(&asked)
        .iter()
        .zip(regression.chances(&asked))
    {
        // It knows a third risk besides, and is as sure of the target against the stop.
        let told = deep.target / (1.0 - deep.neither);
        assert!(
            (told - plain.target).abs() < 1e-5,
            "{told} {}",
            plain.target
        );
    }
    let back = Network::from_bytes(network.plan(), network.to_bytes().unwrap()).unwrap();
    assert_eq!(back.chances(&asked[..1]), network.chances(&asked[..1]));
    let narrower = Plan {
        shape: Shape {
            wide: None,
            ..shape
        },
        ..network.plan()
    };
    let refused = Network::from_bytes(narrower, network.to_bytes().unwrap());
    assert!(refused.is_err(), "weights of another shape");
}

#[test]
fn what_has_learned_nothing_says_what_the_levels_say() {
    let rows = made::rows(10, 0.6, 2);
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &[1.0; 10]);
    let shape = Shape {
        eye: Eye::Flat,
        width: 8,
        earnings: 0.0,
        wide: None,
    };
    let idle = Pace {
        rounds: 0,
        nets: 1,
        ..Pace::default()
    };
    let network = fit(&lessons, &[], shape, idle, 1, || {});
    for (row, said) in rows.iter().zip(said(&network, &rows)) {
        // The third risk takes its usual share.
        let odds = said.target / (1.0 - said.target - said.neither);
        let levels = row.features.odds.targets[1];
        assert!((odds - levels / (1.0 - levels)).abs() < 1e-4);
    }
}
