//! Who reads in Redis, and knows nothing but its address.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use domain::ids::Epoch;
use fred::clients::{Client, SubscriberClient};
use fred::interfaces::{
    ClientLike as _, EventInterface as _, KeysInterface as _, PubsubInterface as _,
    StreamsInterface as _,
};
use fred::types::Builder;
use fred::types::config::Config;
use touchstone::bus::redis;

use super::Server;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Reader(Client);

/// What is in a stream: ids, and events.
pub(crate) type Entries = Vec<(String, String)>;

impl Reader {
    pub(crate) async fn connect(server: &Server) -> Self {
        let config = Config::from_url(&server.url()).unwrap();
        let client = Builder::from_config(config).build().unwrap();
        client.init().await.unwrap();
        Self(client)
    }

    /// Everything in the stream of an epoch.
    pub(crate) async fn entries(&self, epoch: &str) -> Entries {
        let stream = redis::stream(&Epoch::new(epoch));
        let read: Vec<(String, HashMap<String, String>)> =
            self.0.xrange_values(stream, "-", "+", None).await.unwrap();
        read.into_iter()
            .map(|(id, mut members)| (id, members.remove("event").unwrap()))
            .collect()
    }

    /// Waits until the stream of an epoch holds so many.
    pub(crate) async fn until(&self, epoch: &str, many: usize) -> Entries {
        self.until_they(epoch, |entries| entries.len() >= many)
            .await
    }

    /// Waits until it holds of the stream of an epoch.
    pub(crate) async fn until_they(&self, epoch: &str, hold: impl Fn(&Entries) -> bool) -> Entries {
        let mut entries = Vec::new();
        let waiting = async {
            loop {
                entries = self.entries(epoch).await;
                if hold(&entries) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let held = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(held.is_ok(), "it never held: {:?}", ids(&entries));
        entries
    }

    /// Which epoch is told.
    pub(crate) async fn epoch(&self) -> Option<String> {
        self.0.get(redis::epoch_key()).await.unwrap()
    }

    /// In how many seconds the stream of an epoch goes; -1 when it stays.
    pub(crate) async fn goes_in(&self, epoch: &str) -> i64 {
        self.0.ttl(redis::stream(&Epoch::new(epoch))).await.unwrap()
    }

    /// Takes everything away.
    pub(crate) async fn flush(&self) {
        self.0.flushall::<()>(false).await.unwrap();
    }
}

/// The ids that `many` events have after so many others.
pub(crate) fn numbered(after: u64, many: u64) -> Vec<String> {
    (after + 1..=after + many)
        .map(|seq| format!("{seq}-0"))
        .collect()
}

pub(crate) fn ids(entries: &Entries) -> Vec<String> {
    entries.iter().map(|(id, _)| id.clone()).collect()
}

/// Listens to the bell.
pub(crate) struct Ear {
    client: SubscriberClient,
    heard: tokio::sync::broadcast::Receiver<fred::types::Message>,
}

impl Ear {
    pub(crate) async fn listen(server: &Server, epoch: &str) -> Self {
        let config = Config::from_url(&server.url()).unwrap();
        let client = Builder::from_config(config)
            .build_subscriber_client()
            .unwrap();
        client.init().await.unwrap();
        let heard = client.message_rx();
        client
            .subscribe(redis::bell(&Epoch::new(epoch)))
            .await
            .unwrap();
        Self { client, heard }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> String {
        assert!(self.client.is_connected());
        let message = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        let event: Bytes = message.unwrap().unwrap().value.convert().unwrap();
        String::from_utf8(event.to_vec()).unwrap()
    }
}
