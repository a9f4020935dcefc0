//! Scrutiny: what a channel is held against, read page by page, and never more than is shown.

use std::collections::BTreeMap;

use domain::ids::{ChannelId, PostKey, SignalId};
use domain::ports::scrutiny::{ClaimQuery, Scrutiny, Twin};
use domain::ports::store::{SignalRecord, Store, StoreError};
use domain::post::Origin;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::claims::{Claims, Said};
use super::copies::Copies;
use crate::wire::revision::{Revised, RevisionOut};

/// So many claims are read at once.
const PAGE: usize = 500;

/// So many of the newest posts that were changed are shown.
const SHOWN: usize = 50;

/// What a channel did to its posts after it had published them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revisions {
    /// Posts with a signal that were changed or deleted later.
    pub posts: usize,
    /// Changes of the newest of them, newest first.
    pub newest: Vec<RevisionOut>,
    /// Posts that were changed and are not shown: the older ones.
    pub left_out: usize,
}

/// What was read of a channel.
pub struct Held {
    said: Vec<Said>,
    twins: Vec<Twin>,
    revised: Vec<Revised>,
    posts: usize,
}

/// What is said of it.
pub struct Told {
    /// Its claims against the record.
    pub claims: Claims,
    /// First calls and copies.
    pub copies: Copies,
    /// Edits and deletions.
    pub revisions: Revisions,
}

/// Whose, and of which time.
pub struct About<'a> {
    /// The channel.
    pub channel: &'a ChannelId,
    /// Where its signals come from.
    pub origin: Origin,
    /// Since when.
    pub from: Option<Timestamp>,
    /// What was received before this instant.
    pub at: Timestamp,
}

/// Reads what the signals of a channel are held against.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub async fn held(
    store: &dyn Store,
    scrutiny: &dyn Scrutiny,
    about: &About<'_>,
    signals: &[SignalRecord],
) -> Result<Held, StoreError> {
    let ids: Vec<SignalId> = signals.iter().map(|record| record.signal.id).collect();
    let (revised, posts) = revised(store, scrutiny, about, signals).await?;
    Ok(Held {
        said: said(scrutiny, about).await?,
        twins: scrutiny.twins(&ids).await?,
        revised,
        posts,
    })
}

impl Held {
    /// What is said of these signals, as they were known at the instant.
    #[must_use]
    pub fn told(&self, signals: &[SignalRecord], at: Timestamp) -> Told {
        let known = self.twins.iter().filter(|twin| twin.received < at);
        let twins: Vec<Twin> = known.cloned().collect();
        let mut newest: Vec<RevisionOut> = self
            .revised
            .iter()
            .flat_map(|post| RevisionOut::all(post, at))
            .collect();
        newest.sort_by_key(|revision| std::cmp::Reverse(revision.at));
        newest.truncate(SHOWN);
        Told {
            claims: Claims::of(signals, &self.said),
            copies: Copies::of(signals, &twins),
            revisions: Revisions {
                posts: self.posts,
                newest,
                left_out: self.posts - self.revised.len(),
            },
        }
    }
}

/// What a channel claims, oldest post first.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read.
pub async fn said(scrutiny: &dyn Scrutiny, about: &About<'_>) -> Result<Vec<Said>, StoreError> {
    let mut query = ClaimQuery {
        channel: about.channel.clone(),
        origin: about.origin,
        received_from: about.from,
        received_before: about.at,
        after: None,
        limit: PAGE,
    };
    let mut said = Vec::new();
    loop {
        let page = scrutiny.claims(&query).await?;
        said.extend(page.iter().map(Said::from));
        query.after = page.last().map(|claim| claim.place);
        if page.len() < PAGE {
            return Ok(said);
        }
    }
}

/// The newest posts that were changed, and how many there are in all.
async fn revised(
    store: &dyn Store,
    scrutiny: &dyn Scrutiny,
    about: &About<'_>,
    signals: &[SignalRecord],
) -> Result<(Vec<Revised>, usize), StoreError> {
    let mut posts: BTreeMap<&PostKey, Vec<&SignalRecord>> = BTreeMap::new();
    for record in signals {
        if (record.edited || record.deleted) && record.signal.received < about.at {
            posts.entry(&record.signal.post).or_default().push(record);
        }
    }
    let count = posts.len();
    let mut newest: Vec<(&PostKey, Vec<&SignalRecord>)> = posts.into_iter().collect();
    newest.sort_by_key(|(_, records)| records.iter().map(|record| record.seq).min());
    let mut revised = Vec::new();
    for (post, records) in newest.into_iter().rev().take(SHOWN) {
        let mut signals = Vec::with_capacity(records.len());
        for record in records {
            let events = store.events_of(record.signal.id).await?;
            signals.push((record.clone(), events));
        }
        revised.push(Revised {
            versions: store.versions(about.channel, post).await?,
            drafts: scrutiny.drafts(about.channel, post).await?,
            signals,
        });
    }
    Ok((revised, count))
}
