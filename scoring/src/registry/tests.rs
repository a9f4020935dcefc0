//! What must hold of loading: whole or not at all, and nothing foreign.

use std::sync::OnceLock;

use super::*;
use crate::dataset::made;
use crate::steps::network::{Eye, Pace, Shape};
use crate::steps::trees::Growth;
use crate::training::{Order, Trained, USUAL, train};

/// A small model of the simulator with a window, trained once for all tests.
fn model() -> &'static Path {
    static MODEL: OnceLock<tempfile::TempDir> = OnceLock::new();
    let kept = MODEL.get_or_init(|| {
        let kept = tempfile::tempdir().unwrap();
        write_model(kept.path(), "small", Eye::Shut);
        kept
    });
    kept.path()
}

fn write_model(folder: &Path, name: &str, eye: Eye) -> Card {
    let (trained, rows, name) = trained(name, eye);
    save(&folder.join(&name.name), &name, &trained, &rows).unwrap()
}

fn trained(name: &str, eye: Eye) -> (Trained, Vec<crate::dataset::Row>, Name) {
    let rows = made::rows(450, 0.6, 1);
    let pace = Pace {
        rounds: 2,
        nets: 2,
        batch: 64,
        rate: 0.03,
        ..Pace::default()
    };
    let order = Order {
        seed: 1,
        networks: vec![(
            Shape {
                eye,
                width: 8,
                earnings: 0.1,
                wide: None,
            },
            pace,
        )],
        trees: vec![Growth {
            depth: 2,
            rate: 0.1,
            leaf: 10.0,
            trees: 20,
        }],
        shuffles: 0,
        accept: Vec::new(),
    };
    let trained = train(&rows, &order, |_, _| {}).unwrap();
    let name = Name {
        name: name.to_owned(),
        version: 1,
        trained_on: TrainedOn::Simulator,
        source: "dice".to_owned(),
        seed: 1,
    };
    (trained, rows, name)
}

/// A copy that may be damaged.
fn copy() -> (tempfile::TempDir, PathBuf) {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("small");
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(model().join("small")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    (kept, folder)
}

fn refused(folder: &Path) -> String {
    Loaded::load(folder, Origin::Simulator)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_model_that_is_loaded_says_what_it_said_when_it_was_trained() {
    let folder = model().join("small");
    let loaded = Loaded::load(&folder, Origin::Simulator).unwrap();
    let rows = made::rows(450, 0.6, 1);
    let split = crate::dataset::holdout(&rows);
    let held: Vec<_> = split.test.iter().map(|nth| rows[*nth].clone()).collect();
    let again = loaded.evaluate(&held).table;
    for (name, step) in &loaded.card().ladder {
        let now = &again.steps[name];
        assert!(
            (now.log_loss - step.log_loss).abs() < 1e-6,
            "{name}: {} and {}",
            now.log_loss,
            step.log_loss
        );
    }
}

#[test]
fn every_step_that_speaks_says_falling_chances_and_what_moved_it() {
    let (_kept, folder) = copy();
    let features: Vec<Features> = made::rows(20, 0.6, 9)
        .into_iter()
        .map(|row| row.features)
        .collect();
    for champion in crate::steps::LADDER {
        let mut card = Card::parse(&fs::read(folder.join(CARD)).unwrap()).unwrap();
        card.champion = champion.to_owned();
        fs::write(folder.join(CARD), serde_json::to_vec(&card).unwrap()).unwrap();
        let loaded = Loaded::load(&folder, Origin::Simulator).unwrap();
        for (one, features) in loaded.score(&features).iter().zip(&features) {
            assert!(one.targets[0] >= one.targets[1], "{champion}: {one:?}");
            let sum = one.targets[0] + one.stop + one.neither;
            assert!((sum - 1.0).abs() < 1e-9, "{champion}: {one:?}");
            // Alone or among others, the same is said of it.
            let alone = &loaded.score(std::slice::from_ref(features))[0];
            assert!(
                (alone.targets[0] - one.targets[0]).abs() < 1e-5,
                "{champion}"
            );
            let learned = ["logistic", "gbdt", "burn"].contains(&champion);
            assert_eq!(!one.moved.is_empty(), learned, "{champion}: {one:?}");
            assert!(one.expected_r.is_finite() && one.model == "small/1");
        }
    }
}

#[test]
fn a_model_of_the_simulator_scores_nothing_real() {
    let error = Loaded::load(&model().join("small"), Origin::Live)
        .unwrap_err()
        .to_string();
    assert!(error.contains("was trained on the simulator"), "{error}");
}

#[test]
fn a_model_of_an_older_form_is_refused_with_what_helps_and_keeps_its_number() {
    let (_kept, folder) = copy();
    let mut card: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join(CARD)).unwrap()).unwrap();
    card["form"] = 1.into();
    card["version"] = 7.into();
    card.as_object_mut().unwrap().remove("alarm");
    let text = serde_json::to_vec(&card).unwrap();
    fs::write(folder.join(CARD), &text).unwrap();
    let said = refused(&folder);
    assert!(
        said.contains("of form 1, this program reads form 2; train it again"),
        "{said}"
    );
    assert_eq!(Card::version_of(&text).unwrap(), 7);
}

#[test]
fn what_would_be_refused_at_a_start_is_never_put_in_its_place() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("small");
    let (trained, rows, name) = trained("small", Eye::Shut);
    save(&folder, &name, &trained, &rows).unwrap();
    let card = fs::read(folder.join(CARD)).unwrap();
    let mut broken = trained;
    let line = &mut broken.ladder[3].put_right.earnings;
    // No number: JSON has no word for it.
    line.intercept = f64::NEG_INFINITY;
    let refused = save(&folder, &name, &broken, &rows).unwrap_err();
    assert!(
        refused.to_string().contains("would be refused at a start"),
        "{refused}"
    );
    assert_eq!(fs::read(folder.join(CARD)).unwrap(), card);
    assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 1);
    Loaded::load(&folder, Origin::Simulator).unwrap();
}

#[test]
fn a_missing_folder_or_file_is_named() {
    assert!(refused(&model().join("absent")).contains("card.json cannot be read"));
    let (_kept, folder) = copy();
    fs::remove_file(folder.join("network.bpk")).unwrap();
    assert!(refused(&folder).contains("network.bpk cannot be read"));
}

#[test]
fn a_file_that_is_cut_short_is_refused_at_every_length() {
    let (_kept, folder) = copy();
    for file in [
        "network.bpk",
        "trees.json",
        "steps.json",
        "reference.json",
        CARD,
    ] {
        let whole = fs::read(folder.join(file)).unwrap();
        for part in [0, 1, whole.len() / 3, whole.len() - 1] {
            fs::write(folder.join(file), &whole[..part]).unwrap();
            let said = refused(&folder);
            assert!(said.contains(file) || said.contains("card.json"), "{said}");
        }
        fs::write(folder.join(file), whole).unwrap();
    }
    Loaded::load(&folder, Origin::Simulator).unwrap();
}

#[test]
fn weights_of_another_model_are_refused_even_with_their_digest() {
    let (_kept, folder) = copy();
    let other = tempfile::tempdir().unwrap();
    write_model(other.path(), "other", Eye::Flat);
    fs::copy(
        other.path().join("other/network.bpk"),
        folder.join("network.bpk"),
    )
    .unwrap();
    assert!(refused(&folder).contains("belongs to another model"));
    let mut card = Card::parse(&fs::read(folder.join(CARD)).unwrap()).unwrap();
    let found = digest(&fs::read(folder.join("network.bpk")).unwrap());
    card.files.insert("network.bpk".to_owned(), found);
    fs::write(folder.join(CARD), serde_json::to_vec(&card).unwrap()).unwrap();
    assert!(refused(&folder).contains("network.bpk does not fit its card"));
}

#[test]
fn a_card_that_reaches_out_of_its_folder_is_none() {
    let (_kept, folder) = copy();
    let mut card = Card::parse(&fs::read(folder.join(CARD)).unwrap()).unwrap();
    card.files
        .insert("../small/card.json".to_owned(), String::new());
    fs::write(folder.join(CARD), serde_json::to_vec(&card).unwrap()).unwrap();
    assert!(refused(&folder).contains("outside of its folder"));
}

#[test]
fn the_card_names_every_step_with_its_figures() {
    let card: serde_json::Value =
        serde_json::from_slice(&fs::read(model().join("small").join(CARD)).unwrap()).unwrap();
    for step in crate::steps::LADDER {
        for figure in ["log_loss", "brier", "auc", "ece"] {
            assert!(card["ladder"][step][figure].is_number(), "{step}.{figure}");
        }
    }
    // Each step beside each below it, and beside the usual one.
    for (nth, step) in crate::steps::LADDER.into_iter().enumerate() {
        let below = crate::steps::LADDER[..nth].iter().copied();
        let others = below.chain((nth < 3).then_some(USUAL));
        let others: std::collections::BTreeSet<&str> = others.collect();
        let against = card["ladder"][step]["against"].as_object().unwrap();
        assert!(against.keys().map(String::as_str).eq(others), "{step}");
        for figures in against.values() {
            for figure in [
                "log_loss",
                "auc",
                "calibration_intercept",
                "calibration_slope",
            ] {
                assert!(figures[figure]["value"].is_number(), "{step} {figure}");
            }
        }
    }
    let page = fs::read_to_string(model().join("small/CARD.md")).unwrap();
    assert!(page.contains("used once") && page.contains("| burn |"));
    assert!(page.contains("all of it was received after every lesson"));
    assert_eq!(card["alarm"]["checked"], true);
    assert_eq!(card["data"]["held_before_lessons"], 0);
    for figure in ["Log-loss", "Brier", "AUC", "ECE", "Calibration: slope"] {
        assert!(
            page.contains(&format!("\n{figure} (")) || page.contains(&format!("\n{figure},")),
            "{figure}"
        );
    }
}

#[test]
fn the_model_that_ships_loads_for_the_simulator_alone_and_is_small() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/simulator");
    let loaded = Loaded::load(&shipped, Origin::Simulator).unwrap();
    assert!(loaded.is_learned());
    for one in loaded.score(&[made::rows(1, 0.0, 1).remove(0).features]) {
        assert!((0.0..=1.0).contains(&one.targets[0]), "{one:?}");
    }
    let real = Loaded::load(&shipped, Origin::Live).unwrap_err();
    assert!(real.to_string().contains("was trained on the simulator"));
    let files = fs::read_dir(&shipped).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 2_000_000, "{bytes} bytes");
}
