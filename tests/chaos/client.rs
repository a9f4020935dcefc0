//! A client that resumes, whatever happens, and writes down what it hears. It judges nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rand::RngExt as _;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::checker::{Heard, Wants};
use crate::stored::digest;

/// Before the second attempt to connect, at most; it doubles with each.
const FIRST_REST: Duration = Duration::from_millis(100);

/// Before any attempt, at most.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// A connection on which nothing came for so long is given up: a heartbeat is due every two seconds.
const SILENCE: Duration = Duration::from_secs(10);

/// What a client has written down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) heard: Vec<Heard>,
    /// Where it would go on.
    pub(crate) position: Option<(String, u64)>,
    /// How its connections ended.
    pub(crate) ends: Vec<End>,
    /// How often it was asked to subscribe later.
    pub(crate) refused: usize,
    /// From the end of a connection to the beginning of the next subscription.
    pub(crate) pauses: Vec<Duration>,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The code of the close frame, if there was one.
    pub(crate) code: Option<u16>,
    /// It had been told when to come back.
    pub(crate) announced: bool,
}

pub(crate) struct Client {
    pub(crate) wants: Wants,
    log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

/// Any frame, as far as it matters.
#[derive(Deserialize)]
struct Frame {
    ok: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<String>,
    epoch: Option<String>,
    head: Option<u64>,
    resumed: Option<String>,
    prev: Option<u64>,
    seq: Option<u64>,
    from: Option<u64>,
    to: Option<u64>,
    why: Option<String>,
    positions: Option<BTreeMap<String, u64>>,
    reconnect_in_ms: Option<u64>,
    error: Option<Refusal>,
}

/// Why a subscription could not begin.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    retry_after_ms: Option<u64>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Client {
    /// Connects, and connects again whenever it must.
    pub(crate) fn start(address: &str, wants: Wants) -> Self {
        let log = Arc::<Mutex<Log>>::default();
        let listening = listen(address.to_owned(), wants.clone(), Arc::clone(&log));
        Self {
            wants,
            log,
            task: tokio::spawn(listening),
        }
    }

    /// The place up to which it has heard everything, as it was told.
    pub(crate) fn at(&self) -> Option<u64> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.position.as_ref().map(|(_, seq)| *seq)
    }

    /// Looks at what it has written down.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Log) -> T) -> T {
        at(&self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hangs up.
    pub(crate) async fn leave(self) -> (Wants, Log) {
        self.task.abort();
        let ended = self.task.await;
        assert!(ended.is_err_and(|end| end.is_cancelled()), "it panicked");
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        (self.wants, log)
    }
}

async fn listen(address: String, wants: Wants, log: Arc<Mutex<Log>>) {
    let (mut ended, mut rest): (Option<Instant>, _) = (None, FIRST_REST);
    loop {
        let from = log.lock().unwrap().position.clone();
        let Ok((mut socket, _)) = connect_async(url(&address, &wants, from.as_ref())).await else {
            // As a good client does it: later and later, and not all at the same moment.
            let pause = rest.mul_f64(rand::rng().random_range(0.1..1.0));
            tokio::time::sleep(pause).await;
            rest = LONGEST_REST.min(rest * 2);
            continue;
        };
        rest = FIRST_REST;
        let heard = log.lock().unwrap().heard.len();
        let pause = hear(&mut socket, &log, from.map(|(_, seq)| seq), ended).await;
        // One that was refused is still away.
        if log.lock().unwrap().heard.len() > heard {
            ended = Some(Instant::now());
        }
        drop(socket);
        tokio::time::sleep(pause).await;
    }
}

fn url(address: &str, wants: &Wants, from: Option<&(String, u64)>) -> String {
    let channels = if wants.channels.is_empty() {
        "*".to_owned()
    } else {
        wants.channels.join(",")
    };
    let mut url = format!("ws://{address}/v1/stream?channels={channels}&heartbeat_s=2");
    if !wants.symbols.is_empty() {
        url.push_str(&format!("&symbols={}", wants.symbols.join(",")));
    }
    if let Some((epoch, seq)) = from {
        url.push_str(&format!("&from={epoch}:{seq}"));
    }
    url
}

/// Hears everything until the connection ends; gives how long it was asked to stay away.
async fn hear(
    socket: &mut Socket,
    log: &Mutex<Log>,
    from: Option<u64>,
    ended: Option<Instant>,
) -> Duration {
    let mut announced = None;
    let end = |code: Option<u16>, announced: Option<u64>| {
        let mut log = log.lock().unwrap();
        log.ends.push(End {
            code,
            announced: announced.is_some(),
        });
    };
    loop {
        let frame = match tokio::time::timeout(SILENCE, socket.next()).await {
            Ok(Some(Ok(Message::Text(frame)))) => frame,
            Ok(Some(Ok(Message::Close(frame)))) => {
                end(frame.as_ref().map(|frame| frame.code.into()), announced);
                return retry_after(frame.as_ref().map(|frame| frame.reason.as_str()));
            }
            Ok(Some(Ok(_))) => continue,
            Ok(Some(Err(_)) | None) | Err(_) => {
                end(None, announced);
                return Duration::ZERO;
            }
        };
        let read: Frame = serde_json::from_str(&frame).unwrap();
        let mut log = log.lock().unwrap();
        if let Some(refusal) = &read.error {
            // Too many resume at once, or the store is away: it says when to ask again.
            assert_eq!(refusal.code, "unavailable", "{frame}");
            log.refused += 1;
            let asked = Duration::from_millis(refusal.retry_after_ms.unwrap_or(1_000));
            return asked.mul_f64(rand::rng().random_range(1.0..2.0));
        }
        if let Some(ms) = read.reconnect_in_ms {
            announced = Some(ms);
        }
        let Some((heard, at)) = understood(&read, &frame, from) else {
            continue;
        };
        if let Heard::Began { .. } = heard {
            log.pauses.extend(ended.map(|ended| ended.elapsed()));
        }
        let epoch = match (&heard, &log.position) {
            (Heard::Began { epoch, .. }, _) => epoch.clone(),
            (_, Some((epoch, _))) => epoch.clone(),
            (_, None) => panic!("an event before the answer: {frame}"),
        };
        log.position = Some((epoch, at));
        log.heard.push(heard);
    }
}

/// What a frame means, and where its reader would go on.
fn understood(read: &Frame, frame: &str, from: Option<u64>) -> Option<(Heard, u64)> {
    if let Some(ok) = read.ok {
        assert!(ok, "{frame}");
        let resumed = read.resumed.clone().unwrap();
        let head = read.head.unwrap();
        let after = from.filter(|_| resumed == "replay").unwrap_or(head);
        let epoch = read.epoch.clone().unwrap();
        let began = Heard::Began {
            after,
            resumed,
            epoch,
        };
        return Some((began, after));
    }
    if let (Some(seq), Some(prev)) = (read.seq, read.prev) {
        let digest = digest(frame);
        return Some((Heard::Event { prev, seq, digest }, seq));
    }
    match read.kind.as_deref() {
        Some("gap") => {
            let (from, to) = (read.from.unwrap(), read.to.unwrap());
            let why = read.why.clone().unwrap();
            Some((Heard::Gap { from, to, why }, to))
        }
        Some("heartbeat") => {
            // Before the answer there is no position yet.
            let at = *read.positions.as_ref()?.values().next()?;
            Some((Heard::Position(at), at))
        }
        Some("drain") => None,
        _ => panic!("not in docs/STREAM.md: {frame}"),
    }
}

/// How long a goodbye asks to stay away.
fn retry_after(reason: Option<&str>) -> Duration {
    #[derive(Deserialize)]
    struct Reason {
        retry_after_ms: Option<u64>,
    }
    let reason = reason.and_then(|reason| serde_json::from_str::<Reason>(reason).ok());
    let pause = reason.and_then(|reason| reason.retry_after_ms);
    Duration::from_millis(pause.unwrap_or(0))
}
