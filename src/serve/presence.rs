//! Presence: this node says that it is here, what it does, and at last that it leaves.

use std::net::SocketAddr;
use std::sync::Arc;

use actors::guardian::Household;
use domain::ports::Clock;
use domain::ports::nodes::{Node, Nodes, REMEMBERED, SAYS_EVERY};
use domain::ports::store::StoreError;
use smol_str::SmolStr;

use crate::accounts::secrets;

/// Rooms of which one is enough, on whichever node.
const ROLES: [&str; 3] = ["relay", "sealer", "retrier"];

/// What this node says of itself.
#[derive(Clone)]
pub(super) struct Presence {
    nodes: Arc<dyn Nodes>,
    clock: Arc<dyn Clock>,
    household: Household,
    node: Node,
}

impl Presence {
    /// A node that starts now, and listens there.
    pub(super) fn new(
        nodes: Arc<dyn Nodes>,
        clock: Arc<dyn Clock>,
        household: Household,
        listens: &[SocketAddr],
    ) -> Self {
        let now = clock.now();
        let node = Node {
            id: SmolStr::new(secrets::opaque().hyphenated().to_string()),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            version: SmolStr::new_static(env!("CARGO_PKG_VERSION")),
            addresses: listens.iter().map(|it| format!("http://{it}")).collect(),
            roles: Vec::new(),
            started: now,
            seen: now,
            left: None,
        };
        Self {
            nodes,
            clock,
            household,
            node,
        }
    }

    /// Its name.
    pub(super) fn id(&self) -> SmolStr {
        self.node.id.clone()
    }

    /// Says so again and again, and forgets who fell silent long ago.
    pub(super) async fn watch(mut self) {
        let mut told = true;
        loop {
            let said = self.say().await;
            if let (Err(error), true) = (&said, told) {
                tracing::warn!(node.id = %self.node.id, "others cannot see that this node is here: {error}");
            }
            told = said.is_ok();
            tokio::time::sleep(SAYS_EVERY).await;
        }
    }

    async fn say(&mut self) -> Result<(), StoreError> {
        let inside = self.household.tree().await;
        let roles = ROLES.into_iter().filter(|role| {
            let mut rooms = inside.iter();
            rooms.any(|branch| branch.room == *role && branch.alive)
        });
        self.node.roles = roles.map(SmolStr::new_static).collect();
        self.node.seen = self.clock.now();
        self.nodes.say(&self.node).await?;
        self.nodes.forget(self.node.seen - REMEMBERED).await
    }

    /// Says that it leaves. Whoever looks later sees that nothing went wrong.
    pub(super) async fn leave(mut self) {
        self.node.seen = self.clock.now();
        self.node.left = Some(self.node.seen);
        if let Err(error) = self.nodes.say(&self.node).await {
            tracing::warn!(node.id = %self.node.id, "others will take this node for dead: {error}");
        }
    }
}
