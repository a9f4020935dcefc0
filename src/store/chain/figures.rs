//! What is published of a channel when a day is over: its figures, of what was stored up to a place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::chain::Published;
use domain::event::{Body, Told};
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, Seq, SignalId};
use domain::lifecycle::State;
use domain::ports::store::{SignalQuery, SignalRecord, StoreError};
use domain::post::{Action, Origin};
use sqlx::SqlStr;

use crate::figures::{Figures, RULES};
use crate::store::columns;
use crate::store::database::{Database, Session, values};
use crate::store::read::signals;
use crate::store::shape;

const CHANNELS: &str = "SELECT DISTINCT channel FROM signals WHERE seq <= $1 ORDER BY channel";

const JUDGED: &str = "SELECT o.signal, o.place FROM outcomes o JOIN signals s ON s.id = o.signal \
     WHERE s.channel = $1";

const REVISED: &str = "SELECT e.seq, e.signal, e.body FROM events e JOIN signals s ON s.id = e.signal \
     WHERE s.channel = $1 AND (s.edited OR s.deleted) AND e.type = 'revision' ORDER BY e.seq";

const FIRST: &str = "SELECT MIN(seq) AS first FROM events";

/// How many signals are read at once.
const PAGE: usize = 500;

/// What is stored of a channel's signals, with the places of what came of them.
pub(super) struct History {
    channel: ChannelId,
    records: Vec<SignalRecord>,
    /// Where each outcome became known.
    judged: HashMap<SignalId, Seq>,
    /// Where each edit and deletion became known, of those that are still told.
    revised: HashMap<SignalId, Vec<(Seq, Action)>>,
    /// The first event that is still kept.
    first: Seq,
}

/// The channels that have signals up to a place.
pub(super) async fn channels<D: Database>(
    database: &D,
    through: Seq,
) -> Result<Vec<ChannelId>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(CHANNELS), values![through])
        .await?;
    rows.iter()
        .map(|row| columns::parsed(row, "channel", |id| ChannelId::parse(id).ok()))
        .collect()
}

/// The figures of every channel of what was stored up to a place.
pub(super) async fn at<D: Database>(
    database: &D,
    through: Seq,
) -> Result<Vec<Published>, StoreError> {
    let mut published = Vec::new();
    for channel in channels(database, through).await? {
        let history = Arc::new(History::read(database, channel).await?);
        published.extend(history.published(through).await?.0);
    }
    Ok(published)
}

impl History {
    /// Reads what is stored of a channel now.
    pub(super) async fn read<D: Database>(
        database: &D,
        channel: ChannelId,
    ) -> Result<Self, StoreError> {
        let mut records: Vec<SignalRecord> = Vec::new();
        loop {
            let query = SignalQuery {
                channels: vec![channel.clone()],
                before: records.last().map(|record| record.seq),
                limit: PAGE,
                ..SignalQuery::default()
            };
            let page = signals::matching(database, &query).await?;
            let last = page.len() < PAGE;
            records.extend(page);
            if last {
                break;
            }
        }
        // As they came: the order of equal instants decides nothing then.
        records.reverse();
        let mut session = database.read().await?;
        let mut judged = HashMap::new();
        let rows = session
            .ask(SqlStr::from_static(JUDGED), values![&channel])
            .await?;
        for row in &rows {
            let signal = columns::parsed(row, "signal", |id| shape::signal_id(id).ok())?;
            let place: Option<u64> = columns::maybe_whole(row, "place")?;
            // Without a place yet: it comes after everything that is sealed.
            judged.insert(signal, Seq::new(place.unwrap_or(u64::MAX)));
        }
        let mut revised: HashMap<SignalId, Vec<(Seq, Action)>> = HashMap::new();
        let rows = session
            .ask(SqlStr::from_static(REVISED), values![&channel])
            .await?;
        for row in &rows {
            let told = shape::read_body(&columns::text(row, "body")?);
            if let Ok(Told::Happening(about)) = told
                && let Body::Revision { action, .. } = about.body
            {
                let seq = columns::seq(row, "seq")?;
                revised.entry(about.signal).or_default().push((seq, action));
            }
        }
        let rows = session.ask(SqlStr::from_static(FIRST), values![]).await?;
        let first = rows
            .first()
            .map_or(Ok(None), |row| columns::maybe_whole(row, "first"))?;
        Ok(Self {
            channel,
            records,
            judged,
            revised,
            first: Seq::new(first.unwrap_or(0)),
        })
    }

    /// What is to be published of it at a place, one for each origin, and whether that is certain: where
    /// the events are gone that tell when a post was edited, nobody can say.
    pub(super) async fn published(
        self: &Arc<Self>,
        through: Seq,
    ) -> Result<(Vec<Published>, bool), StoreError> {
        let history = Arc::clone(self);
        let computed = tokio::task::spawn_blocking(move || history.compute(through)).await;
        computed.map_err(|error| StoreError::Unreachable(error.into()))
    }

    fn compute(&self, through: Seq) -> (Vec<Published>, bool) {
        let mut certain = true;
        let mut by_origin: BTreeMap<&'static str, (Origin, Vec<SignalRecord>)> = BTreeMap::new();
        for record in self.records.iter().filter(|record| record.seq <= through) {
            let (record, sure) = self.known(record, through);
            certain &= sure;
            let origin = record.signal.origin;
            let (_, records) = by_origin
                .entry(origin.label())
                .or_insert((origin, Vec::new()));
            records.push(record);
        }
        let published = by_origin.into_values().map(|(origin, records)| Published {
            channel: self.channel.clone(),
            origin,
            model: ExecutionModel::DEFAULT.name.to_owned(),
            rules: RULES.to_owned(),
            body: serde_json::to_string(&Figures::of(&records)).unwrap_or_default(),
        });
        (published.collect(), certain)
    }

    /// A signal as it was known at a place, and whether that is certain.
    fn known(&self, record: &SignalRecord, through: Seq) -> (SignalRecord, bool) {
        let mut record = record.clone();
        let id = record.signal.id;
        if self.judged.get(&id).is_some_and(|place| *place > through) {
            record.outcome = None;
            record.state = State::Active;
        }
        let told = self.revised.get(&id).map_or(&[][..], Vec::as_slice);
        let mut certain = true;
        let mut as_of = |flag: bool, action: Action| {
            let mut known = told.iter().filter(|(_, other)| *other == action).peekable();
            match known.peek() {
                Some((first, _)) if *first > through => {
                    // One that is no longer told may have come before.
                    certain &= record.seq >= self.first;
                    false
                }
                Some(_) => flag,
                // The events that told of it are gone: they came before all that are kept.
                None => {
                    certain &= !flag || through.next() >= self.first;
                    flag
                }
            }
        };
        let (edited, deleted) = (
            as_of(record.edited, Action::Edited),
            as_of(record.deleted, Action::Deleted),
        );
        record.edited = edited;
        record.deleted = deleted;
        (record, certain)
    }
}
