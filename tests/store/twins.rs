//! The two schemas are twins: the same migrations by name, and the same tables, columns and keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, Row as _};

use crate::server::House;

fn names(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(database);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A column as both databases see it: its kind, whether it may be absent, its place in the key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    kinds: &'static [&'static str],
    nullable: bool,
    key: i64,
}

#[test]
fn every_migration_has_a_twin_of_the_same_name() {
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_columns_and_keys() {
    let sqlite = sqlite().await;
    let postgres = postgres().await;
    let ours: BTreeSet<_> = sqlite.keys().collect();
    assert_eq!(ours, postgres.keys().collect::<BTreeSet<_>>());
    for (name, ours) in &sqlite {
        let theirs = &postgres[name];
        assert!(
            ours.kinds.contains(&theirs.0.as_str()),
            "{name:?}: {ours:?} and {theirs:?}"
        );
        assert_eq!((ours.nullable, ours.key), (theirs.1, theirs.2), "{name:?}");
    }
}

#[tokio::test]
async fn a_copy_leaves_no_table_and_no_column_out_and_mistakes_no_type() {
    let copied: BTreeSet<(String, String, String)> = touchstone::store::copy::columns_of_all()
        .into_iter()
        .map(|(table, column, kind)| (table.to_owned(), column.to_owned(), kind.to_owned()))
        .collect();
    let there: BTreeSet<_> = postgres()
        .await
        .into_iter()
        // A copy is another history's first, and served by other nodes.
        .filter(|((table, _), _)| table != "meta" && table != "nodes")
        .map(|((table, column), (kind, ..))| (table, column, kind))
        .collect();
    assert_eq!(copied, there);
}

async fn sqlite() -> BTreeMap<(String, String), Column> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    sqlx::migrate!("migrations/sqlite")
        .run(&pool)
        .await
        .unwrap();
    let mut columns = BTreeMap::new();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
         AND name NOT LIKE 'sqlite%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    for table in tables {
        let rows = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info({table})")))
            .fetch_all(&pool)
            .await
            .unwrap();
        for row in rows {
            let kind: String = row.get("type");
            let key: i64 = row.get("pk");
            let column = Column {
                kinds: match kind.as_str() {
                    "INTEGER" => &["bigint", "boolean", "timestamp with time zone"],
                    "TEXT" => &["text", "numeric"],
                    "REAL" => &["double precision"],
                    "BLOB" => &["bytea"],
                    other => panic!("{other}"),
                },
                nullable: row.get::<i64, _>("notnull") == 0 && key == 0,
                key,
            };
            columns.insert((table.clone(), row.get("name")), column);
        }
    }
    columns
}

async fn postgres() -> BTreeMap<(String, String), (String, bool, i64)> {
    let house = House::make().await;
    touchstone::store::PgStore::migrate(house.options())
        .await
        .unwrap();
    let mut person = house.person().await;
    let rows = sqlx::query(
        "SELECT c.table_name::text, c.column_name::text, c.data_type::text, \
         c.is_nullable = 'YES' AS nullable, COALESCE(k.ordinal_position, 0)::bigint AS key \
         FROM information_schema.columns c \
         LEFT JOIN (SELECT u.table_name, u.column_name, u.ordinal_position \
         FROM information_schema.table_constraints t \
         JOIN information_schema.key_column_usage u USING (constraint_name, table_name) \
         WHERE t.constraint_type = 'PRIMARY KEY') k \
         ON k.table_name = c.table_name AND k.column_name = c.column_name \
         WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_%' \
         AND c.table_name !~ '^events_[0-9]+$'",
    )
    .fetch_all(&mut person)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let name = (row.get("table_name"), row.get("column_name"));
            (
                name,
                (row.get("data_type"), row.get("nullable"), row.get("key")),
            )
        })
        .collect()
}
