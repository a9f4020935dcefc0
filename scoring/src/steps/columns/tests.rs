//! What must hold of columns: what taught nothing says nothing.

use super::*;
use crate::dataset::{Row, made};
use crate::steps::logistic::Logistic;
use crate::steps::network::{Eye, Pace, Shape, fit};
use crate::steps::trees::{Growth, Trees};
use crate::steps::{Chance, Step};

fn place(wanted: &str) -> usize {
    (0..raw_width()).find(|nth| name(*nth) == wanted).unwrap()
}

/// A feature that is always the same, one that is never known, one that is hardly ever, one that differs
/// hardly ever, and one that is the same wherever it is known, which is where the signal wins.
const TAUGHT_NOTHING: [&str; 5] = [
    "coin.volume_1d",
    "coin.funding",
    "coin.spread_in_risk",
    "channel.streak",
    "levels.leverage_log",
];

fn rows() -> Vec<Row> {
    let mut rows = made::rows(1_000, 0.6, 1);
    let places = TAUGHT_NOTHING.map(place);
    for (nth, row) in rows.iter_mut().enumerate() {
        let won = row.won();
        let signal = &mut row.features.signal;
        signal[places[0]] = 0.7;
        signal[places[1]] = f32::NAN;
        if nth % 400 != 0 {
            signal[places[2]] = f32::NAN;
            signal[places[3]] = 2.0;
        }
        signal[places[4]] = if won { 3.0 } else { f32::NAN };
    }
    rows
}

fn steps(lessons: &[Lesson<'_>]) -> [Step; 3] {
    let shape = Shape {
        eye: Eye::Shut,
        width: 8,
        earnings: 0.1,
        wide: Some(10.0),
    };
    let pace = Pace {
        batch: 128,
        rounds: 3,
        nets: 1,
        rate: 0.02,
        ..Pace::default()
    };
    let growth = Growth {
        depth: 3,
        rate: 0.1,
        leaf: 10.0,
        trees: 40,
    };
    [
        Step::Logistic(Box::new(Logistic::fit(lessons, 10.0))),
        Step::Trees(Box::new(Trees::fit(lessons, &[], growth, 1).unwrap())),
        Step::Network(Box::new(fit(lessons, &[], shape, pace, 1, || {}))),
    ]
}

fn said(step: &Step, row: &Row) -> Chance {
    step.chances(&[Asked {
        features: &row.features,
        nth: 0,
    }])[0]
}

#[test]
fn what_taught_nothing_moves_no_step_whatever_it_is_elsewhere() {
    let rows = rows();
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &vec![1.0; refs.len()]);
    let mut silent = Columns::fit(&lessons).silent();
    silent.retain(|name| *name != "channel.win_rate");
    silent.sort_unstable();
    let mut wanted = TAUGHT_NOTHING.to_vec();
    wanted.sort_unstable();
    assert_eq!(silent, wanted);
    for step in steps(&lessons) {
        for row in &rows[..20] {
            let before = said(&step, row);
            for feature in &TAUGHT_NOTHING[..4] {
                for value in [-50.0, 0.0, 50.0, f32::NAN] {
                    let mut elsewhere = row.clone();
                    elsewhere.features.signal[place(feature)] = value;
                    assert_eq!(said(&step, &elsewhere), before, "{feature} {}", step.name());
                }
            }
        }
    }
}

#[test]
fn where_only_being_known_told_something_only_that_is_heard() {
    let rows = rows();
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &vec![1.0; refs.len()]);
    let nth = place("levels.leverage_log");
    for step in steps(&lessons) {
        let mut row = rows[0].clone();
        let mut of = |value: f32| {
            row.features.signal[nth] = value;
            said(&step, &row)
        };
        assert_eq!(of(3.0), of(-40.0), "{}", step.name());
        if !matches!(step, Step::Trees(_)) {
            let (known, unknown) = (of(3.0).target, of(f32::NAN).target);
            assert!(known > unknown + 0.05, "{} {known} {unknown}", step.name());
        }
    }
}

#[test]
fn nothing_is_told_farther_off_than_six_deviations() {
    let rows = made::rows(300, 0.6, 2);
    let refs: Vec<&Row> = rows.iter().collect();
    let columns = Columns::fit(&Lesson::all(&refs, &vec![1.0; refs.len()]));
    let mut row = rows[0].clone();
    row.features.signal.fill(50.0);
    row.features.targets[0].fill(-50.0);
    let mut told = Vec::new();
    columns.tell(
        &Asked {
            features: &row.features,
            nth: 0,
        },
        &mut told,
    );
    assert!(told.iter().all(|value| value.abs() <= FAR), "{told:?}");
}

#[test]
fn what_was_always_known_and_is_unknown_now_is_as_usual_to_every_step() {
    let rows = rows();
    let refs: Vec<&Row> = rows.iter().collect();
    let lessons = Lesson::all(&refs, &vec![1.0; refs.len()]);
    let columns = Columns::fit(&lessons);
    let steps = steps(&lessons);
    let known = (0..schema().signal.len())
        .filter(|nth| !columns.flags.contains(nth) && !columns.silent.contains(nth));
    for nth in known {
        let mut usual = rows[7].clone();
        usual.features.signal[nth] = columns.mean[nth];
        let mut unknown = usual.clone();
        unknown.features.signal[nth] = f32::NAN;
        for step in &steps {
            assert_eq!(said(step, &unknown), said(step, &usual), "{}", name(nth));
        }
    }
}
