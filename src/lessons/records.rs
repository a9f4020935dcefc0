//! Records: what a store holds of each signal, as lessons need it.

use domain::ids::SignalId;
use domain::parse::{self, Assets};
use domain::ports::store::{SignalQuery, SignalRecord, Store, StoreError, VersionRecord};
use domain::post::Action;
use domain::reading::Meaning;
use scoring::dataset::walk::Told;
use scoring::features::confidence;
use scoring::so_far::Revised;

/// So many signals are read at once.
const PAGE: usize = 500;

/// What is on record of every signal.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub async fn told(store: &dyn Store) -> Result<Vec<Told>, StoreError> {
    let mut told = Vec::new();
    let mut before = None;
    loop {
        let query = SignalQuery {
            before,
            limit: PAGE,
            ..SignalQuery::default()
        };
        let page = store.signals(&query).await?;
        before = page.last().map(|record| record.seq);
        let last = page.len() < PAGE;
        for record in page {
            told.push(one(store, record).await?);
        }
        if last {
            told.reverse();
            return Ok(told);
        }
    }
}

async fn one(store: &dyn Store, record: SignalRecord) -> Result<Told, StoreError> {
    let signal = record.signal;
    let versions = store.versions(&signal.channel, &signal.post).await?;
    // The version that was received with it; what came later revised it.
    let opened = versions
        .iter()
        .find(|version| version.post.received == signal.received)
        .or(versions.first());
    let text = opened.map(|version| version.post.text.clone());
    let confidence = text.as_deref().and_then(|text| {
        read_so_surely(text, |nth| {
            SignalId::of(&signal.channel, &signal.post, nth) == signal.id
        })
    });
    let later = versions
        .iter()
        .filter(|version| version.post.received > signal.received);
    Ok(Told {
        revised: later.filter_map(revised).collect(),
        outcome: record.outcome,
        signal,
        text,
        confidence,
    })
}

fn revised(version: &VersionRecord) -> Option<(domain::time::Timestamp, Revised)> {
    let how = match version.post.action {
        Action::Edited => Revised::Edited,
        Action::Deleted => Revised::Deleted,
        Action::Original | Action::Forwarded => return None,
    };
    Some((version.post.received, how))
}

/// How surely the trade that is meant was read in a text.
fn read_so_surely(text: &str, meant: impl Fn(usize) -> bool) -> Option<f64> {
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    match parse::read(text, false, context).meaning {
        Meaning::Signals(drafts) => {
            let nth = (0..drafts.len()).find(|nth| meant(*nth))?;
            confidence(&drafts[nth])
        }
        Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)
        | Meaning::Quarantined { .. } => None,
    }
}
