//! Copying: a whole record from one database into another, and the proof that it arrived.
//!
//! All of it is read in one transaction, so that it is one state of the record, and written in one,
//! so that a copy that was stopped leaves the target as empty as it was.

use std::fmt;

use domain::ports::store::StoreError;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::Opened;
use super::database::{Database, Row, Session, Value, limit};
use super::postgres::without_zero;

/// How many rows are held in memory at once.
const PAGE: usize = 500;

/// How many values one statement brings: a statement for each row would be a journey for each.
const AT_ONCE: usize = 2_000;

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// The SHA-256 of everything in it, in the order of its key, in hexadecimal digits.
    pub digest: String,
}

/// Why a record was not copied. The target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the two databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something in the target.
    #[error(
        "the target is not empty: its table {table} has {rows} rows; a record is copied into an empty database"
    )]
    NotEmpty {
        /// The first table that has rows.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// What arrived is not what was sent.
    #[error("the table {table} arrived otherwise than it was sent: {sent} and {arrived}")]
    Different {
        /// Which table.
        table: &'static str,
        /// What was read.
        sent: String,
        /// What was found in the target.
        arrived: String,
    },
}

/// What kind of value a column holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Int,
    Real,
    Text,
    Flag,
    Bytes,
    Time,
    Exact,
}

impl Kind {
    /// As PostgreSQL calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Real => "double precision",
            Self::Text => "text",
            Self::Flag => "boolean",
            Self::Bytes => "bytea",
            Self::Time => "timestamp with time zone",
            Self::Exact => "numeric",
        }
    }
}

pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns by which its rows are in order.
    key: &'static [&'static str],
    pub(super) columns: &'static [(&'static str, Kind)],
}

macro_rules! tables {
    ($($name:ident ($($key:ident),+) { $($column:ident: $kind:ident),+ $(,)? })+) => {
        /// Every table, those first that others refer to.
        pub(super) const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            key: &[$(stringify!($key)),+],
            columns: &[$((stringify!($column), Kind::$kind)),+],
        }),+];
    };
}

tables! {
    channels (id) { id: Text, platform: Text, title: Text, origin: Text, since: Time }
    made (channel) {
        channel: Text, source: Text, address: Text, interval_s: Int, key: Bytes, archived: Time,
        revision: Int,
    }
    cursors (channel) { channel: Text, place: Text }
    posts (number) {
        number: Int, channel: Text, key: Text, version: Int, digest: Bytes, received: Time,
        stands: Flag, edited: Flag, deleted: Flag,
    }
    versions (channel, key, version) {
        channel: Text, key: Text, version: Int, digest: Bytes, action: Text, author: Text, text: Text,
        media: Text, reply_to: Text, forwarded_from: Text, posted: Time, received: Time, origin: Text,
        place: Int,
    }
    readings (channel, key, version) {
        channel: Text, key: Text, version: Int, parser: Text, class: Text, reason: Text, drafts: Text,
        claim_pair: Text, claim_percent: Exact,
    }
    rereadings (channel, key, version, parser) {
        channel: Text, key: Text, version: Int, parser: Text, class: Text, reason: Text, drafts: Text,
        read: Time,
    }
    reviews (channel, key, version, revision) {
        channel: Text, key: Text, version: Int, revision: Int, verdict: Text, class: Text, drafts: Text,
        note: Text, reviewed: Time,
    }
    signals (id) {
        id: Text, seq: Int, channel: Text, post: Text, origin: Text, instrument: Text, pair: Text,
        substituted: Flag, side: Text, entry: Text, entry_low: Exact, entry_high: Exact, entry_rungs: Text, stop: Exact,
        leverage: Exact, breakeven_after: Int, posted: Time, received: Time, expires_at: Time,
        held_at_most: Int, price_at_receipt: Exact, ambiguous: Flag, score_model: Text,
        score_targets: Text, score_first: Real, score_expected_r: Real, state: Text, state_k: Int,
        ended: Flag, judged: Flag, edited: Flag, deleted: Flag, retried: Int,
        score_skill: Real, score_moved: Text,
    }
    predictions (signal, model) {
        signal: Text, model: Text, speaks: Flag, targets: Text, first: Real, expected_r: Real, skill: Real,
        moved: Text, predicted: Time,
    }
    seen (signal) { signal: Text, schema: Text, vector: Text }
    promotions (origin, revision) {
        origin: Text, revision: Int, model: Text, promoted: Time, why: Text,
    }
    targets (signal, k) { signal: Text, k: Int, price: Exact, weight: Exact }
    outcomes (signal) {
        signal: Text, model: Text, ambiguous: Flag, incomplete: Flag,
        p_ending: Text, p_ending_k: Int, p_r: Exact, p_filled: Exact, p_targets: Int,
        p_entered_at: Time, p_ended_at: Time, p_mfe: Exact, p_mae: Exact,
        o_ending: Text, o_ending_k: Int, o_r: Exact, o_filled: Exact, o_targets: Int,
        o_entered_at: Time, o_ended_at: Time, o_mfe: Exact, o_mae: Exact, place: Int,
        policy: Int,
    }
    retrials (signal, model, policy, revision) {
        signal: Text, model: Text, policy: Int, revision: Int, tried: Time, source: Text, span: Int,
        path_from: Time, path_to: Time, ticks: Int, gaps: Int, missing: Int,
        ambiguous: Flag, incomplete: Flag,
        p_ending: Text, p_ending_k: Int, p_r: Exact, p_filled: Exact, p_targets: Int,
        p_entered_at: Time, p_ended_at: Time, p_mfe: Exact, p_mae: Exact,
        o_ending: Text, o_ending_k: Int, o_r: Exact, o_filled: Exact, o_targets: Int,
        o_entered_at: Time, o_ended_at: Time, o_mfe: Exact, o_mae: Exact, place: Int,
    }
    tracks (signal) { signal: Text, instrument: Text, step: Int, heard: Int, snapshot: Text }
    events (seq) { seq: Int, signal: Text, instrument: Text, type: Text, stored: Time, body: Text }
    leaves (record, place, key) { record: Text, place: Int, key: Text, digest: Bytes }
    seals (day) {
        day: Time, seq: Int, epoch: Text, after: Int, through: Int, records: Int, root: Bytes,
        figures: Bytes, previous: Bytes, hash: Bytes,
    }
    published (day, channel, origin, model) {
        day: Time, channel: Text, origin: Text, model: Text, rules: Text, body: Text,
    }
    accounts (id) {
        id: Text, number: Int, email: Text, password: Text, verified: Time, role: Text, language: Text,
        granted: Text, second: Bytes, second_confirmed: Flag, second_step: Int, chosen: Text,
        created: Time, closed: Time, revision: Int,
    }
    recovery_codes (account, digest) { account: Text, digest: Bytes }
    links (account, purpose) { account: Text, purpose: Text, digest: Bytes, expires: Time }
    sessions (id) {
        id: Text, account: Text, cookie: Bytes, agent: Text, address: Text, began: Time, seen: Time, expires: Time,
    }
    refreshes (digest) { digest: Bytes, session: Text, newest: Flag }
    api_keys (id) {
        id: Text, account: Text, name: Text, prefix: Text, digest: Bytes, scopes: Text, networks: Text,
        created: Time, expires: Time, used: Time,
    }
    signing_keys (kid) { kid: Text, private: Bytes, public: Bytes, made: Time, retires: Time }
    plans (id) {
        id: Text, title: Text, rank: Int, monthly: Int, yearly: Int, trial_days: Int, delay_s: Int,
        channels: Int, history_s: Int, features: Text, requests_a_minute: Int, requests_a_month: Int,
    }
    subscriptions (account) {
        account: Text, customer: Text, subscription: Text, plan: Text, standing: Text, paid_until: Time,
        ends: Flag, grace_until: Time, seen: Time,
    }
    owners (channel) { channel: Text, account: Text }
    words (channel) { channel: Text, description: Text, statement: Text, at: Time }
    requests (month, account) { month: Text, account: Text, count: Int }
    deeds (number) { number: Int, at: Time, actor: Text, action: Text, subject: Text, detail: Text }
    mails (number) {
        number: Int, key: Text, account: Text, recipient: Text, template: Text, language: Text,
        params: Bytes, created: Time, due: Time, attempts: Int, sent: Time, failure: Text,
    }
    payment_events (id) {
        id: Text, kind: Text, object: Text, body: Text, received: Time, due: Time, attempts: Int,
        done: Time, failure: Text,
    }
}

/// Every column of every table but the one row of `meta` and the nodes, which serve this database and
/// not another, with the type that PostgreSQL has for it, so
/// that a test can see that none is missing and none is another.
#[must_use]
pub fn columns_of_all() -> Vec<(&'static str, &'static str, &'static str)> {
    TABLES
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|(name, kind)| (table.name, *name, kind.name()))
        })
        .collect()
}

/// Copies everything, and verifies it. `progress` is told the table and the rows so far.
///
/// # Errors
///
/// [`CopyError`]; then the target is as empty as it was.
pub async fn copy(
    from: &Opened,
    to: &Opened,
    progress: impl FnMut(&'static str, u64),
) -> Result<Vec<Copied>, CopyError> {
    match (from, to) {
        (Opened::Sqlite(from), Opened::Sqlite(to)) => {
            between(&from.database, &to.database, progress).await
        }
        (Opened::Sqlite(from), Opened::Postgres(to)) => {
            between(&from.database, &to.database, progress).await
        }
        (Opened::Postgres(from), Opened::Sqlite(to)) => {
            between(&from.database, &to.database, progress).await
        }
        (Opened::Postgres(from), Opened::Postgres(to)) => {
            between(&from.database, &to.database, progress).await
        }
    }
}

async fn between<F: Database, T: Database>(
    from: &F,
    to: &T,
    mut progress: impl FnMut(&'static str, u64),
) -> Result<Vec<Copied>, CopyError> {
    let mut source = from.read().await?;
    let mut target = to.write().await?;
    for table in TABLES {
        let rows = rows(&mut target, table).await?;
        if rows > 0 {
            let table = table.name;
            return Err(CopyError::NotEmpty { table, rows });
        }
    }
    let (epoch, head) = super::write::meta(&mut source).await?;
    // The ranges of the stream must reach as far as its numbers do.
    to.reach(&mut target, head).await?;
    let mut sent = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let mut copied = 0;
        let mut digest = Sha256::new();
        let mut page = Page::first(table);
        while let Some(rows) = page.next(&mut source).await? {
            copied += rows.len() as u64;
            rows.iter().for_each(|row| feed(&mut digest, row));
            let width = table.columns.len();
            let mut cells = rows.into_iter().flatten().peekable();
            while cells.peek().is_some() {
                let some: Vec<Value> = cells.by_ref().take(AT_ONCE / width * width).collect();
                target.tell(insert(table, some.len() / width), some).await?;
            }
            progress(table.name, copied);
        }
        sent.push(Copied {
            table: table.name,
            rows: copied,
            digest: hex(&digest.finalize()),
        });
    }
    to.counted(&mut target).await?;
    let meta = "UPDATE meta SET epoch = $1, head = $2 WHERE one = 1";
    let values = vec![Value::from(&epoch), Value::from(head)];
    target.tell(SqlStr::from_static(meta), values).await?;
    // Read again from where it arrived, before anybody else can see it.
    for (table, sent) in TABLES.iter().zip(&sent) {
        let arrived = told(&mut target, table).await?;
        if arrived != *sent {
            return Err(CopyError::Different {
                table: table.name,
                sent: sent.to_string(),
                arrived: arrived.to_string(),
            });
        }
    }
    target.commit().await?;
    Ok(sent)
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {}", self.rows, self.digest)
    }
}

/// What a table holds.
async fn told<S: Session>(session: &mut S, table: &'static Table) -> Result<Copied, StoreError> {
    let mut digest = Sha256::new();
    let mut count = 0;
    let mut page = Page::first(table);
    while let Some(rows) = page.next(session).await? {
        count += rows.len() as u64;
        rows.iter().for_each(|row| feed(&mut digest, row));
    }
    Ok(Copied {
        table: table.name,
        rows: count,
        digest: hex(&digest.finalize()),
    })
}

async fn rows<S: Session>(session: &mut S, table: &Table) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) AS n FROM {}", table.name);
    let rows = session.ask(safe(sql), Vec::new()).await?;
    let n = rows.first().map_or(Ok(None), |row| row.int("n"))?;
    Ok(n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}

/// Pages through a table in the order of its key.
struct Page {
    table: &'static Table,
    after: Option<Vec<Value>>,
    done: bool,
}

impl Page {
    const fn first(table: &'static Table) -> Self {
        Self {
            table,
            after: None,
            done: false,
        }
    }

    async fn next<S: Session>(
        &mut self,
        session: &mut S,
    ) -> Result<Option<Vec<Vec<Value>>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let table = self.table;
        let key = table.key.join(", ");
        let mut sql = format!("SELECT {} FROM {}", columns(table), table.name);
        let mut values = self.after.take().unwrap_or_default();
        if !values.is_empty() {
            sql.push_str(&format!(" WHERE ({key}) > ({})", places(0, values.len())));
        }
        values.push(Value::Int(Some(limit(PAGE))));
        sql.push_str(&format!(" ORDER BY {key} LIMIT ${}", values.len()));
        let found = session.ask(safe(sql), values).await?;
        self.done = found.len() < PAGE;
        let rows = found
            .iter()
            .map(|row| {
                let cells = table.columns.iter();
                cells.map(|(name, kind)| cell(row, name, *kind)).collect()
            })
            .collect::<Result<Vec<Vec<Value>>, StoreError>>()?;
        let place = |name: &&str| {
            let at = table.columns.iter().position(|(column, _)| column == name);
            at.unwrap_or_default()
        };
        self.after = rows.last().map(|row| {
            table
                .key
                .iter()
                .map(|name| row[place(name)].clone())
                .collect()
        });
        Ok((!rows.is_empty()).then_some(rows))
    }
}

pub(super) fn cell<R: Row>(row: &R, column: &str, kind: Kind) -> Result<Value, StoreError> {
    Ok(match kind {
        Kind::Int => Value::Int(row.int(column)?),
        Kind::Real => Value::Real(row.real(column)?),
        // What PostgreSQL cannot keep arrives as the same sign that it gives for it.
        Kind::Text => Value::Text(row.text(column)?.map(without_zero)),
        Kind::Flag => Value::Flag(row.flag(column)?),
        Kind::Bytes => Value::Bytes(row.bytes(column)?),
        Kind::Time => Value::Time(row.time(column)?),
        Kind::Exact => Value::Exact(row.exact(column)?.map(|exact| exact.normalize())),
    })
}

fn columns(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// `$1, $2, $3`, after so many others.
pub(super) fn places(before: usize, count: usize) -> String {
    let places: Vec<String> = (1..=count)
        .map(|nth| format!("${}", before + nth))
        .collect();
    places.join(", ")
}

fn insert(table: &Table, rows: usize) -> SqlStr {
    let width = table.columns.len();
    let row = |nth: usize| format!("({})", places(nth * width, width));
    let rows: Vec<String> = (0..rows).map(row).collect();
    safe(format!(
        "INSERT INTO {} ({}) VALUES {}",
        table.name,
        columns(table),
        rows.join(", ")
    ))
}

/// The text is made of the names above alone; what comes from outside is bound.
pub(super) fn safe(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}

/// Takes a row into a digest: each cell as its kind, its length and its bytes, whatever the database.
pub(super) fn feed(digest: &mut Sha256, row: &[Value]) {
    let mut take = |kind: u8, bytes: Option<&[u8]>| {
        digest.update([kind, u8::from(bytes.is_some())]);
        let bytes = bytes.unwrap_or_default();
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    for cell in row {
        match cell {
            Value::Int(value) => take(
                0,
                value
                    .map(i64::to_be_bytes)
                    .as_ref()
                    .map(<[u8; 8]>::as_slice),
            ),
            Value::Real(value) => {
                take(
                    1,
                    value
                        .map(f64::to_be_bytes)
                        .as_ref()
                        .map(<[u8; 8]>::as_slice),
                );
            }
            Value::Text(value) => take(2, value.as_deref().map(str::as_bytes)),
            Value::Flag(value) => take(
                3,
                value
                    .map(|flag| [u8::from(flag)])
                    .as_ref()
                    .map(<[u8; 1]>::as_slice),
            ),
            Value::Bytes(value) => take(4, value.as_deref()),
            Value::Time(value) => {
                let micros = value.map(|at| at.as_micros().to_be_bytes());
                take(5, micros.as_ref().map(<[u8; 8]>::as_slice));
            }
            Value::Exact(value) => {
                let text = value.map(|exact: Decimal| exact.normalize().to_string());
                take(6, text.as_deref().map(str::as_bytes));
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
