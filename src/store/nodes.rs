//! Nodes over a database: one row for each process, written by itself alone.

use domain::ports::nodes::{Node, Nodes};
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use sqlx::SqlStr;

use super::SqlStore;
use super::columns;
use super::database::{Database, Row, Session, values};

const SAY: &str = "INSERT INTO nodes (id, host, version, addresses, roles, started, seen, departed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET \
     roles = excluded.roles, seen = excluded.seen, departed = excluded.departed";

const NODES: &str = "SELECT id, host, version, addresses, roles, started, seen, departed FROM nodes \
     ORDER BY started DESC, id";

const FORGET: &str = "DELETE FROM nodes WHERE seen < $1";

#[async_trait::async_trait]
impl<D: Database> Nodes for SqlStore<D> {
    async fn say(&self, node: &Node) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        let values = values![
            node.id.as_str(),
            &node.host,
            node.version.as_str(),
            node.addresses.join("\n"),
            node.roles.join("\n"),
            node.started,
            node.seen,
            node.left,
        ];
        session.tell(SqlStr::from_static(SAY), values).await?;
        session.commit().await
    }

    async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        let mut session = self.database.read().await?;
        let rows = session.ask(SqlStr::from_static(NODES), values![]).await?;
        rows.iter().map(node).collect()
    }

    async fn forget(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut session = self.database.write().await?;
        session
            .tell(SqlStr::from_static(FORGET), values![before])
            .await?;
        session.commit().await
    }
}

fn node<R: Row>(row: &R) -> Result<Node, StoreError> {
    let words = |column: &str| columns::text(row, column);
    Ok(Node {
        id: words("id")?.into(),
        host: words("host")?,
        version: words("version")?.into(),
        addresses: words("addresses")?.lines().map(str::to_owned).collect(),
        roles: words("roles")?.lines().map(Into::into).collect(),
        started: columns::time(row, "started")?,
        seen: columns::time(row, "seen")?,
        left: columns::maybe_time(row, "departed")?,
    })
}
