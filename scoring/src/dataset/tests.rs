//! What must hold of splits and weights.

use super::*;

#[test]
fn nothing_is_learned_from_that_reaches_into_what_is_measured() {
    let rows = made::rows(1_000, 0.0, 1);
    let split = holdout(&rows);
    assert_eq!(split.test.len(), 201);
    let first = split
        .test
        .iter()
        .map(|nth| rows[*nth].received)
        .min()
        .unwrap();
    assert!(
        split
            .train
            .iter()
            .all(|nth| rows[*nth].ended + EMBARGO <= first)
    );
    for fold in folds(&rows, &split.train, 4) {
        let begin = rows[fold.test[0]].received;
        assert!(
            fold.train
                .iter()
                .all(|nth| rows[*nth].ended + EMBARGO <= begin)
        );
        assert!(!fold.test.iter().any(|nth| split.test.contains(nth)));
    }
}

#[test]
fn each_channel_gives_its_own_last_fifth() {
    let mut rows = made::rows(300, 0.0, 2);
    // One channel ended long before the others began.
    for row in rows
        .iter_mut()
        .filter(|row| row.channel.to_string() == "one")
    {
        row.received = row.received - std::time::Duration::from_secs(400 * 86_400);
        row.ended = row.ended - std::time::Duration::from_secs(400 * 86_400);
    }
    sort(&mut rows);
    let split = holdout(&rows);
    let held = |name: &str| {
        let mine = split
            .test
            .iter()
            .filter(|nth| rows[**nth].channel.to_string() == name);
        mine.count()
    };
    assert_eq!((held("one"), held("two"), held("three")), (20, 20, 20));
}

#[test]
fn signals_that_share_their_way_count_less() {
    let mut rows = made::rows(3, 0.0, 3);
    let hour = std::time::Duration::from_secs(3600);
    // Two go the same way together, one goes alone.
    let begin = rows[0].received;
    (rows[0].ended, rows[1].received, rows[1].ended) = (begin + hour, begin, begin + hour);
    (rows[2].received, rows[2].ended) = (begin + hour * 2, begin + hour * 3);
    let weights = uniqueness(&rows.iter().collect::<Vec<_>>());
    assert!(
        (weights[0] - 0.75).abs() < 1e-9 && (weights[2] - 1.5).abs() < 1e-9,
        "{weights:?}"
    );
}
