//! Records: what of each table is hashed, and in which order.
//!
//! A record is hashed as JSON on one line: its table under `record`, then each of its columns that holds
//! something. Times are microseconds, exact numbers canonical decimals as text, bytes hexadecimal
//! digits.

use domain::chain::{self, Hash};
use domain::ids::Seq;
use domain::ports::store::StoreError;
use serde_json::{Map, Value as Json};

use crate::store::columns;
use crate::store::copy::{self, Kind, TABLES};
use crate::store::database::{Row, Session, Value, limit, values};

/// A kind of record that is hashed.
pub(super) struct Record {
    /// Its table.
    pub(super) table: &'static str,
    /// What it is read from, where its columns stand in.
    from: &'static str,
    /// Its columns there.
    alias: &'static str,
    /// Its place there.
    place: &'static str,
    /// Its key in its table, as text.
    key: &'static str,
    /// What of it is hashed, in this order. A column that is added here must be empty in every record
    /// that is stored already: its hash was taken without it.
    hashed: &'static [&'static [&'static str]],
    /// Those of them that a program of before does not know, which may run beside this one for the time of
    /// a deploy: it hashes a record without them.
    newer: &'static [&'static str],
}

/// What came of a signal, as it was judged live and as it was tried again.
const VERDICT: [&str; 20] = [
    "ambiguous",
    "incomplete",
    "p_ending",
    "p_ending_k",
    "p_r",
    "p_filled",
    "p_targets",
    "p_entered_at",
    "p_ended_at",
    "p_mfe",
    "p_mae",
    "o_ending",
    "o_ending_k",
    "o_r",
    "o_filled",
    "o_targets",
    "o_entered_at",
    "o_ended_at",
    "o_mfe",
    "o_mae",
];

/// Every kind, by name.
pub(super) const RECORDS: [Record; 8] = [
    Record {
        table: "events",
        from: "events e",
        alias: "e",
        place: "e.seq",
        key: "CAST(e.seq AS TEXT)",
        hashed: &[&["seq", "signal", "instrument", "type", "stored", "body"]],
        newer: &[],
    },
    Record {
        table: "outcomes",
        from: "outcomes o",
        alias: "o",
        place: "o.place",
        key: "o.signal",
        hashed: &[&["signal", "model"], &VERDICT, &["policy"]],
        newer: &["policy"],
    },
    Record {
        table: "predictions",
        from: "predictions p JOIN signals s ON s.id = p.signal",
        alias: "p",
        place: "s.seq",
        key: "p.signal || '/' || p.model",
        hashed: &[&[
            "signal",
            "model",
            "speaks",
            "targets",
            "first",
            "expected_r",
            "skill",
            "moved",
            "predicted",
        ]],
        newer: &[],
    },
    Record {
        table: "readings",
        from: "readings r JOIN versions v ON v.channel = r.channel AND v.key = r.key \
               AND v.version = r.version",
        alias: "r",
        place: "v.place",
        key: "r.channel || '/' || r.key || '/' || r.version",
        hashed: &[&[
            "channel",
            "key",
            "version",
            "parser",
            "class",
            "reason",
            "drafts",
            "claim_pair",
            "claim_percent",
        ]],
        newer: &[],
    },
    Record {
        table: "retrials",
        from: "retrials x",
        alias: "x",
        place: "x.place",
        key: "x.signal || '/' || x.model || '/' || x.policy || '/' || x.revision",
        hashed: &[
            &[
                "signal",
                "model",
                "policy",
                "revision",
                "tried",
                "source",
                "span",
                "path_from",
                "path_to",
                "ticks",
                "gaps",
                "missing",
            ],
            &VERDICT,
        ],
        newer: &[],
    },
    Record {
        table: "signals",
        from: "signals s",
        alias: "s",
        place: "s.seq",
        key: "s.id",
        hashed: &[&[
            "id",
            "seq",
            "channel",
            "post",
            "origin",
            "instrument",
            "pair",
            "substituted",
            "side",
            "entry",
            "entry_low",
            "entry_high",
            "entry_rungs",
            "stop",
            "leverage",
            "breakeven_after",
            "posted",
            "received",
            "expires_at",
            "held_at_most",
            "price_at_receipt",
            "ambiguous",
            "score_model",
            "score_targets",
            "score_first",
            "score_expected_r",
            "score_skill",
            "score_moved",
        ]],
        newer: &[],
    },
    Record {
        table: "targets",
        from: "targets t JOIN signals s ON s.id = t.signal",
        alias: "t",
        place: "s.seq",
        key: "t.signal || '/' || t.k",
        hashed: &[&["signal", "k", "price", "weight"]],
        newer: &[],
    },
    Record {
        table: "versions",
        from: "versions v",
        alias: "v",
        place: "v.place",
        key: "v.channel || '/' || v.key || '/' || v.version",
        hashed: &[&[
            "channel",
            "key",
            "version",
            "digest",
            "action",
            "author",
            "text",
            "media",
            "reply_to",
            "forwarded_from",
            "posted",
            "received",
            "origin",
        ]],
        newer: &[],
    },
];

/// Where a record stands among those of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    /// Its place.
    pub(super) place: Seq,
    /// Its key.
    pub(super) key: String,
}

/// The records after one, up to a place.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// After this one.
    pub(super) after: At,
    /// Up to this place.
    pub(super) through: Seq,
}

impl Span {
    /// Those whose places lie after one place, up to another.
    pub(super) fn between(after: Seq, through: Seq) -> Self {
        let after = At {
            place: after.next(),
            // No record's key is before it.
            key: String::new(),
        };
        Self { after, through }
    }
}

/// What a record hashes to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hashed {
    /// All of it.
    pub(super) whole: Hash,
    /// What a program of before knows of it, where that is less.
    before: Option<Hash>,
}

impl Hashed {
    /// It hashed to this when it was first looked at.
    pub(super) fn is(&self, sealed: Hash) -> bool {
        self.whole == sealed || self.before == Some(sealed)
    }
}

/// A record and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Where it stands.
    pub(super) at: At,
    /// The hash.
    pub(super) hash: Hash,
}

impl Record {
    /// What is hashed, with the kinds of the columns.
    fn columns(&self) -> impl Iterator<Item = &'static (&'static str, Kind)> {
        let table = TABLES.iter().find(|table| table.name == self.table);
        let of = table.map_or(&[][..], |table| table.columns);
        let kind = move |name: &&'static str| of.iter().find(|(other, _)| other == name);
        self.hashed.iter().copied().flatten().filter_map(kind)
    }

    /// Some records of a span as they are now, in order, each with its hash, or why it has none.
    pub(super) async fn page<S: Session>(
        &self,
        session: &mut S,
        span: &Span,
        most: usize,
    ) -> Result<Vec<(At, Result<Hashed, StoreError>)>, StoreError> {
        let Self {
            from,
            alias,
            place,
            key,
            ..
        } = self;
        let names: String = self
            .columns()
            .map(|(name, _)| format!("{alias}.{name}, "))
            .collect();
        let sql = format!(
            "SELECT {names}{place} AS at_place, {key} AS at_key FROM {from} \
             WHERE {place} >= $1 AND {place} <= $2 AND ({place} > $1 OR {key} > $3) \
             ORDER BY {place}, at_key LIMIT $4"
        );
        let values = values![span.after.place, span.through, &span.after.key, limit(most),];
        let rows = session.ask(copy::safe(sql), values).await?;
        rows.iter()
            .map(|row| {
                let at = At {
                    place: columns::seq(row, "at_place")?,
                    key: columns::text(row, "at_key")?,
                };
                Ok((at, self.hash(row)))
            })
            .collect()
    }

    fn hash<R: Row>(&self, row: &R) -> Result<Hashed, StoreError> {
        let mut members = self.members(row)?;
        let hash = |members: &Map<String, Json>| {
            let text = Json::Object(members.clone()).to_string();
            chain::leaf(text.as_bytes())
        };
        let whole = hash(&members);
        let all = members.len();
        members.retain(|name, _| !self.newer.contains(&name.as_str()));
        let before = (members.len() < all).then(|| hash(&members));
        Ok(Hashed { whole, before })
    }

    /// What is hashed of a row.
    fn members<R: Row>(&self, row: &R) -> Result<Map<String, Json>, StoreError> {
        let mut members = Map::new();
        members.insert("record".to_owned(), self.table.into());
        for (name, kind) in self.columns() {
            if let Some(value) = said(copy::cell(row, name, *kind)?) {
                members.insert((*name).to_owned(), value);
            }
        }
        Ok(members)
    }
}

/// A cell as JSON; none where it is empty.
fn said(cell: Value) -> Option<Json> {
    Some(match cell {
        Value::Int(value) => value?.into(),
        // The shortest text that reads back to the same bits, which a JSON number does not promise.
        Value::Real(value) => value?.to_string().into(),
        Value::Text(value) => value?.into(),
        Value::Flag(value) => value?.into(),
        Value::Bytes(value) => {
            let digits = value?.iter().map(|byte| format!("{byte:02x}")).collect();
            Json::String(digits)
        }
        Value::Time(value) => value?.as_micros().into(),
        Value::Exact(value) => value?.normalize().to_string().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hashed_column_is_one_of_its_table() {
        for record in &RECORDS {
            assert_eq!(
                record.columns().count(),
                record.hashed.concat().len(),
                "{}",
                record.table
            );
        }
    }

    #[test]
    fn the_kinds_stand_in_the_order_in_which_they_are_hashed() {
        assert!(RECORDS.is_sorted_by_key(|record| record.table));
    }
}
