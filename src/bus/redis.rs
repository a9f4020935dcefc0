//! Redis as the bus: a stream for each epoch, and a channel of pub/sub beside it.
//!
//! The hash tag `{signals}` keeps all keys in one slot of a cluster. What must hold whoever else
//! writes is said in scripts, which Redis runs as one step.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use domain::ids::{Epoch, Seq};
use domain::ports::bus::{Appended, Bus, BusError, Tail};
use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{
    ClientLike as _, EventInterface as _, LuaInterface as _, PubsubInterface as _,
    StreamsInterface as _,
};
use fred::types::config::{
    Config, ConnectionConfig, Options, PerformanceConfig, ReconnectPolicy, UnresponsiveConfig,
};
use fred::types::{Builder, ConnectHandle, Value};
use secrecy::{ExposeSecret as _, SecretString};

/// What every key begins with.
const PREFIX: &str = "touchstone:{signals}:";

/// How long a command may take before Redis counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many commands may wait for the connection.
const COMMANDS: usize = 256;

/// Pauses between attempts to reconnect: they double from the first to the second, and up to the
/// third is added at random, so that nodes do not come back in step.
const PAUSES_MS: (u32, u32, u32) = (100, 5_000, 250);

const ANNOUNCE: &str = include_str!("announce.lua");
const APPEND: &str = include_str!("append.lua");
const TAIL: &str = include_str!("tail.lua");
const QUOTA: &str = include_str!("quota.lua");

/// A connection to Redis that mends itself.
pub struct Redis {
    client: Client,
    /// The client for commands that do not wait for a connection.
    now: WithOptions<Client>,
    connection: ConnectHandle,
    /// Why the last attempt to connect failed.
    fault: Arc<Mutex<Option<Error>>>,
}

/// Reads the address of a server.
///
/// # Errors
///
/// Why it cannot be one, without the address: it may hold a password.
pub fn read_url(url: &SecretString) -> Result<Config, String> {
    let url = url.expose_secret();
    if !["redis://", "rediss://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err("it must begin with redis:// or, for TLS, rediss://".to_owned());
    }
    Config::from_url_centralized(url).map_err(|error| error.details().to_owned())
}

/// What is left of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whether what was asked for fits.
    pub fits: bool,
    /// How many requests more would.
    pub remaining: u32,
    /// After how long it would, where it does not.
    pub wait: Duration,
}

impl Redis {
    /// Counts requests against an allowance that all nodes share: `most` at once, and one more after each
    /// `each`.
    ///
    /// # Errors
    ///
    /// [`BusError`] when it does not answer.
    pub async fn spend(
        &self,
        whose: &str,
        (each, most): (Duration, u32),
        cost: u32,
    ) -> Result<Left, BusError> {
        let key = format!("{PREFIX}quota:{whose}");
        let args = vec![
            each.as_micros().to_string(),
            most.to_string(),
            cost.to_string(),
        ];
        let spent = self.way()?.eval(QUOTA, key, args).await;
        let (fits, remaining, wait): (i64, i64, i64) = spent.map_err(|error| failure(&error))?;
        Ok(Left {
            fits: fits == 1,
            remaining: u32::try_from(remaining).unwrap_or(0),
            wait: Duration::from_micros(u64::try_from(wait).unwrap_or(0)),
        })
    }
}

impl Redis {
    /// Begins to connect, and goes on in the background for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the address cannot be one.
    pub fn connect(url: &SecretString) -> Result<Self, BusError> {
        let mut config = read_url(url).map_err(BusError::Unknown)?;
        // The platform starts without Redis, too.
        config.fail_fast = false;
        let (first, longest, jitter) = PAUSES_MS;
        let mut policy = ReconnectPolicy::new_exponential(0, first, longest, 2);
        policy.set_jitter(jitter);
        let mut builder = Builder::from_config(config);
        builder
            .set_policy(policy)
            .set_performance_config(PerformanceConfig {
                default_command_timeout: PATIENCE,
                ..PerformanceConfig::default()
            })
            .set_connection_config(ConnectionConfig {
                connection_timeout: PATIENCE,
                internal_command_timeout: PATIENCE,
                max_command_attempts: 1,
                max_command_buffer_len: COMMANDS,
                reconnect_on_auth_error: true,
                unresponsive: UnresponsiveConfig {
                    max_timeout: Some(PATIENCE),
                    interval: PATIENCE / 4,
                },
                ..ConnectionConfig::default()
            });
        let client = builder.build().map_err(|error| failure(&error))?;
        client.on_reconnect(async |_| {
            metrics::counter!("touchstone_redis_reconnects_total").increment(1);
            Ok(())
        });
        let fault = Arc::<Mutex<Option<Error>>>::default();
        let keep = Arc::clone(&fault);
        client.on_error(move |(error, _)| {
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            std::future::ready(Ok(()))
        });
        let connection = client.connect();
        let now = client.with_options(&Options {
            fail_fast: true,
            max_attempts: Some(1),
            timeout: Some(PATIENCE),
            ..Options::default()
        });
        Ok(Self {
            client,
            now,
            connection,
            fault,
        })
    }

    /// Waits until it is connected, but not for long.
    pub async fn connected(&self) -> bool {
        let connected = tokio::time::timeout(PATIENCE, self.client.wait_for_connect());
        matches!(connected.await, Ok(Ok(())))
    }

    /// The way to it. While there is none nobody waits, and is told why there is none.
    fn way(&self) -> Result<&WithOptions<Client>, BusError> {
        if self.client.is_connected() {
            return Ok(&self.now);
        }
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = || BusError::Unreachable("it is not connected yet".into());
        Err(fault.as_ref().map_or_else(unknown, failure))
    }

    /// Says goodbye.
    pub async fn close(&self) {
        tokio::time::timeout(PATIENCE, self.client.quit())
            .await
            .ok();
        self.connection.abort();
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// The stream of an epoch.
#[must_use]
pub fn stream(epoch: &Epoch) -> String {
    format!("{PREFIX}{epoch}")
}

/// The channel on which the bell of an epoch rings.
#[must_use]
pub fn bell(epoch: &Epoch) -> String {
    format!("{PREFIX}bell:{epoch}")
}

/// Where it stands which epoch is told.
#[must_use]
pub fn epoch_key() -> String {
    format!("{PREFIX}epoch")
}

#[async_trait::async_trait]
impl Bus for Redis {
    async fn announce(&self, epoch: &Epoch, keep: Duration) -> Result<(), BusError> {
        let args = vec![epoch.as_str().to_owned(), keep.as_secs().to_string()];
        let keys = vec![epoch_key(), PREFIX.to_owned()];
        let said: Result<(), _> = self.way()?.eval(ANNOUNCE, keys, args).await;
        said.map_err(|error| failure(&error))
    }

    async fn tail(&self, epoch: &Epoch) -> Result<Tail, BusError> {
        let read = self.way()?.eval(TAIL, stream(epoch), None::<String>).await;
        let (seq, event): (u64, Option<Bytes>) = read.map_err(|error| failure(&error))?;
        Ok(Tail {
            seq: Seq::new(seq),
            // The other bytes are the event's own, and without the brace it stays unlike any.
            event: event.map(|event| {
                event
                    .strip_prefix(b"{")
                    .map_or_else(Bytes::new, |rest| event.slice_ref(rest))
            }),
        })
    }

    async fn append(
        &self,
        epoch: &Epoch,
        after: Seq,
        events: &[(Seq, Bytes)],
    ) -> Result<Appended, BusError> {
        let Some((first, _)) = events.first() else {
            return Ok(Appended::All { already: 0 });
        };
        let mut args = vec![
            Value::from(after.get().to_string()),
            Value::from(first.get().to_string()),
        ];
        args.extend(events.iter().map(|(_, event)| Value::Bytes(whole(event))));
        let appended = self.way()?.eval(APPEND, stream(epoch), args).await;
        let (last, already): (u64, i64) = appended.map_err(|error| failure(&error))?;
        Ok(
            u64::try_from(already).map_or(Appended::Elsewhere(Seq::new(last)), |already| {
                Appended::All { already }
            }),
        )
    }

    async fn trim(&self, epoch: &Epoch, first: Seq) -> Result<u64, BusError> {
        let cap = ("MINID", "=", format!("{first}-0"));
        let trimmed = self.way()?.xtrim(stream(epoch), cap).await;
        trimmed.map_err(|error| failure(&error))
    }

    async fn ring(&self, epoch: &Epoch, events: &[Bytes]) -> Result<(), BusError> {
        let channel = bell(epoch);
        let pipeline = self.way()?.pipeline();
        for event in events {
            let queued: Result<(), _> = pipeline.publish(channel.as_str(), whole(event)).await;
            queued.map_err(|error| failure(&error))?;
        }
        let heard: Result<Vec<i64>, _> = pipeline.all().await;
        heard.map(drop).map_err(|error| failure(&error))
    }
}

/// An event as a whole JSON object.
fn whole(event: &Bytes) -> Bytes {
    let mut whole = BytesMut::with_capacity(event.len() + 1);
    whole.put_u8(b'{');
    whole.extend_from_slice(event);
    whole.freeze()
}

/// What went wrong, told apart by what helps.
fn failure(error: &Error) -> BusError {
    let why = format!("{}: {}", error.kind().to_str(), error.details()).into();
    match error.kind() {
        ErrorKind::IO
        | ErrorKind::Routing
        | ErrorKind::Tls
        | ErrorKind::Canceled
        | ErrorKind::Timeout
        | ErrorKind::Cluster
        | ErrorKind::Sentinel
        | ErrorKind::Backpressure => BusError::Unreachable(why),
        ErrorKind::Auth
        | ErrorKind::Config
        | ErrorKind::InvalidCommand
        | ErrorKind::InvalidArgument
        | ErrorKind::Url
        | ErrorKind::Protocol
        | ErrorKind::Unknown
        | ErrorKind::Parse
        | ErrorKind::NotFound => BusError::Refused(why),
    }
}
