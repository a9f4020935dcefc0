//! Reading signals: one, those of a post, the open ones, and lists by what is asked for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{ChannelId, PostKey, Seq, SignalId};
use domain::market::{Instrument, Side};
use domain::ports::retrial::Wanting;
use domain::ports::store::{OpenSignal, SignalQuery, SignalRecord, StoreError, TrackRecord};
use domain::post::Origin;
use domain::reading::{Entry, Ladder, Target};
use domain::score::Score;
use domain::signal::Signal;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::{Question, outcomes};
use crate::store::columns;
use crate::store::database::{Database, Row, Session, Value, values};
use crate::store::shape::{self, Kept as _};

const SIGNALS: &str = "SELECT s.id, s.seq, s.channel, s.post, s.origin, s.instrument, \
     s.substituted, s.side, s.entry, s.entry_low, s.entry_high, s.entry_rungs, s.stop, s.leverage, \
     s.breakeven_after, s.posted, s.received, s.expires_at, s.held_at_most, s.price_at_receipt, \
     s.ambiguous, s.score_model, s.score_targets, s.score_expected_r, s.score_skill, s.score_moved, \
     s.state, s.state_k, s.edited, s.deleted, o.model AS outcome_model, \
     o.policy AS outcome_policy, o.ambiguous AS outcome_ambiguous, \
     o.incomplete AS outcome_incomplete, \
     o.p_ending, o.p_ending_k, o.p_r, o.p_filled, o.p_targets, o.p_entered_at, o.p_ended_at, \
     o.p_mfe, o.p_mae, o.o_ending, o.o_ending_k, o.o_r, o.o_filled, o.o_targets, o.o_entered_at, \
     o.o_ended_at, o.o_mfe, o.o_mae \
     FROM signals s LEFT JOIN outcomes o ON o.signal = s.id";

const TARGETS: &str = "SELECT signal, price, weight FROM targets";

/// A signal whose newest retrial by some rules is incomplete; the rules come after it.
const INCOMPLETE: &str = "s.id IN (SELECT r.signal FROM retrials r WHERE r.incomplete \
     AND r.revision = (SELECT MAX(x.revision) FROM retrials x \
     WHERE x.signal = r.signal AND x.model = r.model AND x.policy = r.policy) AND r.policy =";

const TRACKS: &str = "SELECT signal, step, heard, snapshot FROM tracks";

const UNJUDGED: &str =
    "SELECT DISTINCT instrument FROM signals WHERE NOT judged ORDER BY instrument";

/// How many signals' targets or tracks are asked for at once: databases limit placeholders.
const AT_ONCE: usize = 500;

pub(crate) async fn one<D: Database>(
    database: &D,
    id: SignalId,
) -> Result<Option<SignalRecord>, StoreError> {
    let records = ask(database, Question::new(SIGNALS).and("s.id =", id)).await?;
    Ok(records.into_iter().next())
}

pub(crate) async fn in_post<D: Database>(
    database: &D,
    channel: &ChannelId,
    post: &PostKey,
) -> Result<Vec<SignalRecord>, StoreError> {
    let question = Question::new(SIGNALS)
        .and("s.channel =", channel)
        .and("s.post =", post);
    ask(database, question.then("ORDER BY s.seq")).await
}

pub(crate) async fn open_of<D: Database>(
    database: &D,
    channel: &ChannelId,
) -> Result<Vec<SignalRecord>, StoreError> {
    let question = Question::new(SIGNALS)
        .so("NOT s.ended")
        .and("s.channel =", channel);
    ask(database, question.then("ORDER BY s.seq")).await
}

pub(crate) async fn since<D: Database>(
    database: &D,
    channel: &ChannelId,
    since: Timestamp,
) -> Result<Vec<Arc<Signal>>, StoreError> {
    let question = Question::new(SIGNALS)
        .and("s.channel =", channel)
        .and("s.received >=", since);
    let records = ask(database, question.then("ORDER BY s.seq")).await?;
    Ok(records.into_iter().map(|record| record.signal).collect())
}

pub(crate) async fn matching<D: Database>(
    database: &D,
    query: &SignalQuery,
) -> Result<Vec<SignalRecord>, StoreError> {
    let mut question = Question::new(SIGNALS)
        .among("s.id", query.ids.iter().copied().map(Value::from))
        .among("s.channel", query.channels.iter().map(Value::from))
        .among(
            "s.pair",
            query.pairs.iter().map(|pair| Value::from(pair.to_string())),
        );
    if let Some(side) = query.side {
        question = question.and("s.side =", side.label());
    }
    if let Some(origin) = query.origin {
        question = question.and("s.origin =", origin.label());
    }
    if let Some((venue, kind)) = &query.market {
        // An instrument is written VENUE:KIND:PAIR, and its pair stands beside it.
        let market = format!("{venue}:{kind}:");
        question = question.and("replace(s.instrument, s.pair, '') =", market);
    }
    let states = query.states.iter();
    question = question.among("s.state", states.map(|label| Value::from(*label)));
    if let Some(from) = query.received_from {
        question = question.and("s.received >=", from);
    }
    if let Some(before) = query.received_before {
        question = question.and("s.received <", before);
    }
    match query.open {
        Some(true) => question = question.so("NOT s.ended"),
        Some(false) => question = question.so("s.ended"),
        None => {}
    }
    // By way of the text, because that gives the very float that a model's 0.6 is.
    let least = query
        .min_score
        .map(|score| score.to_string().parse::<f64>());
    if let Some(Ok(least)) = least {
        question = question.and("s.score_first >=", least);
    }
    if let Some(before) = query.before {
        question = question.and("s.seq <", before);
    }
    ask(
        database,
        question.then("ORDER BY s.seq DESC").limit(query.limit),
    )
    .await
}

/// Judged signals that are to be tried again.
pub(crate) async fn wanting<D: Database>(
    database: &D,
    which: Wanting,
    after: Seq,
    limit: usize,
) -> Result<Vec<SignalRecord>, StoreError> {
    let judged = Question::new(SIGNALS).so("s.judged");
    let question = match which {
        Wanting::Untried(policy) => judged.and("s.retried <", policy),
        Wanting::Incomplete(policy) => judged.and(INCOMPLETE, policy).closed(),
        Wanting::All => judged,
    };
    let question = question.and("s.seq >", after).then("ORDER BY s.seq");
    ask(database, question.limit(limit)).await
}

/// Signals after a place up to another, oldest first.
pub(crate) async fn between<S: Session>(
    session: &mut S,
    after: Seq,
    through: Seq,
    limit: usize,
) -> Result<Vec<SignalRecord>, StoreError> {
    let question = Question::new(SIGNALS)
        .and("s.seq >", after)
        .and("s.seq <=", through);
    records(session, question.then("ORDER BY s.seq").limit(limit)).await
}

pub(crate) async fn open_instruments<D: Database>(
    database: &D,
) -> Result<Vec<Instrument>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(UNJUDGED), values![])
        .await?;
    rows.iter().map(instrument).collect()
}

pub(crate) async fn open_on<D: Database>(
    database: &D,
    instrument: &Instrument,
) -> Result<Vec<OpenSignal>, StoreError> {
    let mut session = database.read().await?;
    let question = Question::new(SIGNALS)
        .so("NOT s.judged")
        .and("s.instrument =", instrument)
        .then("ORDER BY s.seq");
    let records = records(&mut session, question).await?;
    let mut tracks = tracks(&mut session, &records).await?;
    let open = |record: SignalRecord| OpenSignal {
        track: tracks.remove(&record.signal.id),
        signal: record.signal,
        seq: record.seq,
    };
    Ok(records.into_iter().map(open).collect())
}

async fn ask<D: Database>(
    database: &D,
    question: Question,
) -> Result<Vec<SignalRecord>, StoreError> {
    let mut session = database.read().await?;
    records(&mut session, question).await
}

async fn records<S: Session>(
    session: &mut S,
    question: Question,
) -> Result<Vec<SignalRecord>, StoreError> {
    let rows = question.ask(session).await?;
    let ids: Vec<SignalId> = rows
        .iter()
        .map(|row| id(row, "id"))
        .collect::<Result<_, _>>()?;

    let mut targets: HashMap<SignalId, Vec<Target>> = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let some = some.iter().copied().map(Value::from);
        let question = Question::new(TARGETS).among("signal", some);
        for row in question.then("ORDER BY signal, k").ask(session).await? {
            let of = id(&row, "signal")?;
            targets.entry(of).or_default().push(target(&row)?);
        }
    }
    rows.iter()
        .zip(ids)
        .map(|(row, id)| record(row, id, targets.remove(&id).unwrap_or_default()))
        .collect()
}

async fn tracks<S: Session>(
    session: &mut S,
    records: &[SignalRecord],
) -> Result<HashMap<SignalId, TrackRecord>, StoreError> {
    let mut tracks = HashMap::new();
    for some in records.chunks(AT_ONCE) {
        let some = some.iter().map(|record| Value::from(record.signal.id));
        for row in Question::new(TRACKS)
            .among("signal", some)
            .ask(session)
            .await?
        {
            let track = outcomes::track(&row)?;
            tracks.insert(track.signal, track);
        }
    }
    Ok(tracks)
}

fn record<R: Row>(row: &R, id: SignalId, targets: Vec<Target>) -> Result<SignalRecord, StoreError> {
    Ok(SignalRecord {
        signal: Arc::new(Signal {
            id,
            channel: columns::parsed(row, "channel", |id| ChannelId::parse(id).ok())?,
            post: PostKey::new(columns::text(row, "post")?),
            origin: columns::parsed(row, "origin", Origin::from_label)?,
            instrument: instrument(row)?,
            substituted: columns::flag(row, "substituted")?,
            side: columns::parsed(row, "side", Side::from_label)?,
            entry: entry(row)?,
            targets,
            stop: columns::maybe_price(row, "stop")?,
            leverage: columns::maybe_decimal(row, "leverage")?,
            breakeven_after: columns::maybe_whole(row, "breakeven_after")?,
            posted: columns::time(row, "posted")?,
            received: columns::time(row, "received")?,
            expires_at: columns::time(row, "expires_at")?,
            held_at_most: Duration::from_micros(columns::whole(row, "held_at_most")?),
            price_at_receipt: columns::maybe_price(row, "price_at_receipt")?,
            ambiguous: columns::flag(row, "ambiguous")?,
        }),
        seq: columns::seq(row, "seq")?,
        score: score(row)?,
        state: columns::state(row)?,
        outcome: outcomes::outcome(row)?,
        edited: columns::flag(row, "edited")?,
        deleted: columns::flag(row, "deleted")?,
    })
}

pub(super) fn id<R: Row>(row: &R, column: &str) -> Result<SignalId, StoreError> {
    columns::parsed(row, column, |id| shape::signal_id(id).ok())
}

fn instrument<R: Row>(row: &R) -> Result<Instrument, StoreError> {
    columns::parsed(row, "instrument", |name| Instrument::parse(name).ok())
}

fn entry<R: Row>(row: &R) -> Result<Entry, StoreError> {
    let kind = columns::text(row, "entry")?;
    let low = columns::maybe_price(row, "entry_low")?;
    let high = columns::maybe_price(row, "entry_high")?;
    match (kind.as_str(), low, high) {
        ("market", price, None) => Ok(Entry::Market(price)),
        ("limit", Some(price), None) => Ok(Entry::Limit(price)),
        ("breakout", Some(price), None) => Ok(Entry::Breakout(price)),
        ("zone", Some(low), Some(high)) => Ok(Entry::Zone { low, high }),
        ("market_and_limit", Some(low), Some(high)) => Ok(Entry::Scaled { low, high }),
        ("ladder", Some(_), Some(_)) => {
            let ladder = columns::parsed(row, "entry_rungs", |text| {
                Ladder::read(shape::json(text).ok()?).ok()
            })?;
            Ok(Entry::Ladder(ladder))
        }
        _ => Err(columns::unknown("entry", &kind)),
    }
}

fn target<R: Row>(row: &R) -> Result<Target, StoreError> {
    Ok(Target {
        price: columns::price(row, "price")?,
        weight: columns::maybe_decimal(row, "weight")?,
    })
}

fn score<R: Row>(row: &R) -> Result<Option<Score>, StoreError> {
    let Some(model) = row.text("score_model")? else {
        return Ok(None);
    };
    Ok(Some(Score {
        model: model.into(),
        targets: columns::parsed(row, "score_targets", |json| {
            Vec::read(serde_json::from_str(json).ok()?).ok()
        })?,
        expected_r: row.real("score_expected_r")?,
        skill: row.real("score_skill")?,
        moved: columns::maybe_parsed(row, "score_moved", |json| {
            Vec::read(serde_json::from_str(json).ok()?).ok()
        })?
        .unwrap_or_default(),
    }))
}
