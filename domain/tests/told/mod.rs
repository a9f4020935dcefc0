//! What tests of the parser share: a reading as one line, and many cases at once.

use domain::reading::{Draft, Meaning};

/// The trades that are read, each as `shown`; why they are held; or what else the text is.
pub(crate) fn meaning(meaning: &Meaning, shown: impl Fn(&Draft) -> String) -> String {
    match meaning {
        Meaning::Signals(drafts) => drafts.iter().map(shown).collect::<Vec<_>>().join("; "),
        Meaning::Quarantined { reason, .. } => format!("held: {reason}"),
        Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_) => meaning.label().to_owned(),
    }
}

/// Each text with what is expected of it; all that are told otherwise are named.
#[track_caller]
pub(crate) fn all(cases: &[(&str, &str)], told: impl Fn(&str) -> String) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let told = told(text);
            (told != *expected).then(|| format!("{text}\n  expected {expected}\n  got      {told}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
