//! Stories: what a signal is, where it stands and what it earned follow from its events.

use std::collections::HashMap;

use domain::event::{Body, Happening, Told};
use domain::execution::ExecutionModel;
use domain::ids::{Seq, SignalId};
use domain::lifecycle::{Change, Outcome, State, Unsound, What, audit};
use domain::ports::store::{SignalRecord, StoreError};
use domain::post::Action;
use serde_json::Value as Json;

use super::{Part, Verified};
use crate::store::columns;
use crate::store::copy;
use crate::store::database::{Database, Row, Session, Value, limit, values};
use crate::store::read::signals;
use crate::store::shape::{self, Kept};

/// How many signals are held in memory at once.
const PAGE: usize = 200;

/// What the events of a signal say.
#[derive(Default)]
struct Story {
    seqs: Vec<Seq>,
    told: Vec<Happening>,
    /// An event of it cannot be read.
    torn: bool,
}

pub(super) async fn verify<D: Database>(
    database: &D,
    part: &Part,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let mut after = part.after;
    let (mut untold, mut unsure) = (0_u64, 0_u64);
    loop {
        let mut session = database.read().await?;
        let ids = ids(&mut session, after, part.through).await?;
        let Some((_, last)) = ids.last() else {
            break;
        };
        let last = *last;
        let records = match signals::between(&mut session, after, last, PAGE).await {
            Ok(records) => records,
            Err(StoreError::Unknown(_)) => one_by_one(&mut session, &ids, verified).await?,
            Err(error) => return Err(error),
        };
        let mut stories = stories(&mut session, &ids, verified).await?;
        let flags = flags(&mut session, after, last).await?;
        for record in records {
            let id = record.signal.id;
            if record.seq < part.first {
                untold += 1;
                continue;
            }
            if record.seq <= verified.gone {
                unsure += 1;
                continue;
            }
            let story = stories.remove(&id).unwrap_or_default();
            if is_broken(&record, &story, verified) {
                continue;
            }
            verified.signals += 1;
            signal(&record, &story, verified);
            if let Some((ended, judged)) = flags.get(&id) {
                let should = (
                    matches!(record.state, State::Ended(_)),
                    record.outcome.is_some(),
                );
                if (*ended, *judged) != should {
                    let why = format!(
                        "ended and judged: expected {should:?}, found {:?}",
                        (ended, judged)
                    );
                    verified.find("signals", id.to_string(), why);
                }
            }
        }
        after = last;
    }
    if unsure > 0 {
        verified.note(format!(
            "{unsure} signals were not made again: an event is gone that may have been theirs"
        ));
    }
    if untold > 0 {
        verified.note(format!(
            "{untold} signals began before {}, the first event that is kept: what they earned was not \
             reckoned again",
            part.first
        ));
    }
    Ok(())
}

/// A record of it was changed and is named already, or an event of it cannot be read.
fn is_broken(record: &SignalRecord, story: &Story, verified: &Verified) -> bool {
    let id = record.signal.id.to_string();
    // One target more than there are: one of them may be gone.
    let mut targets = (1..=record.signal.targets.len() + 9).map(|k| format!("{id}/{k}"));
    story.torn
        || verified.is_broken("signals", &id)
        || verified.is_broken("outcomes", &id)
        || targets.any(|target| verified.is_broken("targets", &target))
        || (story.seqs.iter()).any(|seq| verified.is_broken("events", &seq.to_string()))
}

fn signal(record: &SignalRecord, story: &Story, verified: &mut Verified) {
    let id = record.signal.id.to_string();
    let changes: Vec<&Change> = story
        .told
        .iter()
        .filter_map(|about| match &about.body {
            Body::Progress(change) => Some(&**change),
            Body::Signal { .. } | Body::Instruction { .. } | Body::Revision { .. } => None,
        })
        .collect();
    match story.told.first().map(|about| &about.body) {
        Some(Body::Signal { signal, score }) => {
            if **signal != *record.signal {
                let differ = differ(&**signal, &*record.signal);
                verified.find("signals", id.clone(), differ);
            }
            if *score != record.score {
                verified.find("signals", id.clone(), differ(score, &record.score));
            }
        }
        Some(Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_)) | None => {
            let why = format!("event {} does not tell of it", record.seq);
            verified.find("signals", id.clone(), why);
        }
    }
    let state = changes.last().map_or(State::Pending, |change| change.state);
    if state != record.state {
        verified.find("signals", id.clone(), differ(&state, &record.state));
    }
    for (name, action, found) in [
        ("edited", Action::Edited, record.edited),
        ("deleted", Action::Deleted, record.deleted),
    ] {
        let told = story.told.iter().any(
            |about| matches!(&about.body, Body::Revision { action: other, .. } if *other == action),
        );
        if told != found {
            let why = format!("{name}: its events say {told}, found {found}");
            verified.find("signals", id.clone(), why);
        }
    }
    let judged = changes.iter().find_map(|change| match &change.what {
        What::Judged(outcome) => Some(&**outcome),
        What::Filled { .. }
        | What::Target { .. }
        | What::StopMoved { .. }
        | What::Retargeted
        | What::EntryMoved { .. }
        | What::Reduced { .. }
        | What::Ignored { .. }
        | What::Ended { .. } => None,
    });
    match (judged, &record.outcome) {
        (None, None) => {}
        (Some(told), Some(found)) if told == found => {
            reckon(record, &changes, found, verified);
        }
        (Some(told), Some(found)) => verified.find("outcomes", id, differ(told, found)),
        (Some(_), None) => verified.find("outcomes", id, "its events tell one; it is gone"),
        (None, Some(_)) => verified.find("outcomes", id, "no event tells of it"),
    }
}

/// Reckons what it earned from what decided it.
fn reckon(record: &SignalRecord, changes: &[&Change], outcome: &Outcome, verified: &mut Verified) {
    let id = record.signal.id.to_string();
    let Some(model) = ExecutionModel::named(outcome.model) else {
        let note = format!(
            "outcomes {id}: this program does not know the model {}",
            outcome.model
        );
        return verified.note(note);
    };
    let changes: Vec<Change> = changes.iter().map(|change| (*change).clone()).collect();
    match audit(&record.signal, &model, &changes, outcome) {
        Ok(()) => verified.outcomes += 1,
        Err(Unsound::Rules(rules)) => verified.note(format!(
            "outcomes {id}: this program does not know rules {rules}"
        )),
        Err(Unsound::Doubt(doubt)) => {
            verified.outcomes += 1;
            verified.find("outcomes", id, doubt.to_string());
        }
    }
}

/// Where two values that are kept alike differ, as expected and found.
fn differ<T: Kept>(expected: &T, found: &T) -> String {
    let (expected, found) = (expected.keep(), found.keep());
    let (Json::Object(ours), Json::Object(theirs)) = (&expected, &found) else {
        return format!("its events say {expected}, found {found}");
    };
    let names = ours
        .keys()
        .chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
    let nothing = Json::Null;
    let told: Vec<String> = names
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let of = |members: &serde_json::Map<String, Json>| {
                members.get(name).unwrap_or(&nothing).to_string()
            };
            format!("{name}: its events say {}, found {}", of(ours), of(theirs))
        })
        .collect();
    told.join("; ")
}

async fn ids<S: Session>(
    session: &mut S,
    after: Seq,
    through: Seq,
) -> Result<Vec<(SignalId, Seq)>, StoreError> {
    let sql = "SELECT id, seq FROM signals WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3";
    let rows = session
        .ask(
            sqlx::SqlStr::from_static(sql),
            values![after, through, limit(PAGE)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((signal_id(row, "id")?, columns::seq(row, "seq")?)))
        .collect()
}

async fn flags<S: Session>(
    session: &mut S,
    after: Seq,
    through: Seq,
) -> Result<HashMap<SignalId, (bool, bool)>, StoreError> {
    let sql = "SELECT id, ended, judged FROM signals WHERE seq > $1 AND seq <= $2";
    let rows = session
        .ask(sqlx::SqlStr::from_static(sql), values![after, through])
        .await?;
    rows.iter()
        .map(|row| {
            let flags = (columns::flag(row, "ended")?, columns::flag(row, "judged")?);
            Ok((signal_id(row, "id")?, flags))
        })
        .collect()
}

fn signal_id<R: Row>(row: &R, column: &str) -> Result<SignalId, StoreError> {
    columns::parsed(row, column, |id| shape::signal_id(id).ok())
}

/// The signals of a page of which one cannot be read; that one is a finding.
async fn one_by_one<S: Session>(
    session: &mut S,
    ids: &[(SignalId, Seq)],
    verified: &mut Verified,
) -> Result<Vec<SignalRecord>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    for (id, seq) in ids {
        let before = Seq::new(seq.get().saturating_sub(1));
        match signals::between(session, before, *seq, 1).await {
            Ok(one) => records.extend(one),
            Err(StoreError::Unknown(why)) => {
                let id = id.to_string();
                let named = ["signals", "outcomes"]
                    .into_iter()
                    .any(|table| verified.is_broken(table, &id));
                if !named {
                    verified.find("signals", id, why);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(records)
}

/// The events of these signals, in order.
async fn stories<S: Session>(
    session: &mut S,
    ids: &[(SignalId, Seq)],
    verified: &mut Verified,
) -> Result<HashMap<SignalId, Story>, StoreError> {
    let sql = format!(
        "SELECT seq, signal, body FROM events WHERE signal IN ({}) ORDER BY seq",
        copy::places(0, ids.len())
    );
    let values: Vec<Value> = ids.iter().map(|(id, _)| Value::from(*id)).collect();
    let mut stories: HashMap<SignalId, Story> = HashMap::new();
    for row in session.ask(copy::safe(sql), values).await? {
        let seq = columns::seq(&row, "seq")?;
        let story = stories.entry(signal_id(&row, "signal")?).or_default();
        story.seqs.push(seq);
        match shape::read_body(&columns::text(&row, "body")?) {
            Ok(Told::Happening(about)) => story.told.push(about),
            Ok(Told::Seal(_)) | Err(_) => {
                story.torn = true;
                let key = seq.to_string();
                if !verified.is_broken("events", &key) {
                    verified.find("events", key, "what it tells cannot be read");
                }
            }
        }
    }
    Ok(stories)
}
