//! The one connection to the venue's stream, shared by all tapes.
//!
//! It hears and passes on; it never waits for a tape. What a tape misses, the tape fetches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use smol_str::SmolStr;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use domain::time::Timestamp;

use super::Shared;
use super::desk::Desk;
use super::door::{Follow, Heard, Listener};
use super::protocol::Said;
use super::skew::Meter;
use crate::outbound::{self, Backoff, jittered};

/// How long the venue may take to answer a request.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that lasted this long shows that the venue is well again.
const SOUND: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The connection and all who listen to it.
pub(super) struct Connection {
    shared: Arc<Shared>,
    door: mpsc::Receiver<Follow>,
    listeners: HashMap<SmolStr, Vec<Listener>>,
    desk: Desk,
    meter: Meter,
    backoff: Backoff,
    /// The number of the last frame, where the venue numbers them.
    sequence: Option<u64>,
}

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("nobody listens")]
    Idle,
    #[error("nobody can come any more")]
    Deserted,
    #[error("it was silent for too long")]
    Silent,
    #[error("a request was not answered")]
    Unanswered,
    #[error("it is old enough")]
    Old,
    #[error("the venue closed it")]
    Closed,
    #[error(transparent)]
    Broken(#[from] tungstenite::Error),
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, door: mpsc::Receiver<Follow>) -> Self {
        let rhythm = shared.options.rhythm;
        Self {
            backoff: Backoff::new(rhythm.first_pause, rhythm.longest_pause),
            shared,
            door,
            listeners: HashMap::new(),
            desk: Desk::default(),
            meter: Meter::default(),
            sequence: None,
        }
    }

    /// Connects whenever somebody listens, until nobody can come any more.
    pub(super) async fn run(mut self) {
        loop {
            if self.listeners.is_empty() {
                let Some(follow) = self.door.recv().await else {
                    return;
                };
                self.admit(follow);
            }
            let began = Instant::now();
            let ended = match self.connect().await {
                Ok(socket) => {
                    self.measure().await;
                    self.converse(socket).await
                }
                Err(error) => Ended::Broken(error),
            };
            self.desk.disconnected();
            self.shared.nothing_is_live();
            self.sequence = None;
            match ended {
                Ended::Deserted => return,
                Ended::Idle => continue,
                Ended::Old => tracing::info!("the connection to {} is renewed", self.venue()),
                Ended::Silent | Ended::Unanswered | Ended::Closed | Ended::Broken(_) => {
                    tracing::warn!(
                        feed.venue = self.venue(),
                        error = %ended,
                        "lost the connection to {}: {ended}",
                        self.venue(),
                    );
                }
            }
            self.shared.count("touchstone_feed_reconnects_total");
            if began.elapsed() >= SOUND {
                self.backoff.succeeded();
            }
            tokio::time::sleep(self.backoff.failed()).await;
        }
    }

    async fn connect(&self) -> Result<Socket, tungstenite::Error> {
        let options = &self.shared.options;
        let config = WebSocketConfig::default()
            .read_buffer_size(16 << 10)
            .max_message_size(Some(1 << 20))
            .max_frame_size(Some(1 << 20));
        let url = self.shared.protocol.socket(&options.stream);
        let tls = Connector::Rustls(Arc::new(outbound::tls()));
        let connecting = tokio_tungstenite::connect_async_tls_with_config(
            url.as_str(),
            Some(config),
            true,
            Some(tls),
        );
        let timed_out = |_| tungstenite::Error::Io(std::io::ErrorKind::TimedOut.into());
        let (socket, _) = timeout(CONNECT, connecting).await.map_err(timed_out)??;
        Ok(socket)
    }

    /// Asks the venue for its time, so that there is a measure before the first frame.
    async fn measure(&mut self) {
        let clock = Arc::clone(&self.shared.options.clock);
        let before = clock.now();
        let Ok(Ok(Some(time))) = timeout(CONNECT, self.shared.protocol.time()).await else {
            return;
        };
        let half = clock.now().since(before) / 2;
        self.heard_at(time, before + half);
    }

    /// Talks until the connection ends.
    async fn converse(&mut self, mut socket: Socket) -> Ended {
        let rhythm = self.shared.options.rhythm;
        let mut pulse = interval(rhythm.pulse);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let old = Instant::now() + jittered(rhythm.longest_life);
        let mut may_ask = Instant::now();
        let mut heard = Instant::now();
        let mut heard_at = self.shared.options.clock.now();
        for greeting in self.shared.protocol.greeting() {
            if let Err(error) = socket.send(Message::text(greeting)).await {
                return error.into();
            }
        }
        loop {
            tokio::select! {
                message = socket.next() => {
                    heard = Instant::now();
                    heard_at = self.shared.options.clock.now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.take(text.as_str(), heard_at),
                        Some(Ok(Message::Close(_))) | None => return Ended::Closed,
                        // Pings are answered by the socket itself.
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return error.into(),
                    }
                }
                follow = self.door.recv() => match follow {
                    Some(follow) => self.admit(follow),
                    None => return Ended::Deserted,
                },
                () = sleep_until(may_ask), if self.desk.has_work() => {
                    let now = Instant::now();
                    if let Some(request) = self.desk.request(&*self.shared.protocol, now) {
                        if let Err(error) = socket.send(Message::text(request)).await {
                            return error.into();
                        }
                        may_ask = now + rhythm.between_requests;
                    }
                }
                _ = pulse.tick() => {
                    self.dismiss();
                    if self.listeners.is_empty() {
                        drop(socket.close(None).await);
                        return Ended::Idle;
                    }
                    if heard.elapsed() >= rhythm.silence {
                        return Ended::Silent;
                    }
                    if self.desk.oldest_open().is_some_and(|sent| sent.elapsed() >= ANSWER) {
                        return Ended::Unanswered;
                    }
                    if Instant::now() >= old {
                        return Ended::Old;
                    }
                    // Only what has arrived proves how far time has come.
                    self.tell_time(heard_at);
                    if heard.elapsed() >= rhythm.pulse
                        && let Err(error) = socket.send(Message::Ping("t".into())).await
                    {
                        return error.into();
                    }
                }
            }
        }
    }

    fn take(&mut self, text: &str, received: Timestamp) {
        let frame = match self.shared.protocol.read(text) {
            Ok(frame) => frame,
            Err(error) => {
                self.shared.count_frame("unreadable");
                tracing::warn!(feed.venue = self.venue(), %error, "a frame cannot be read: {error}");
                return;
            }
        };
        self.shared.count_frame(frame.kind);
        if let Some(sent) = frame.sent {
            self.heard_at(sent, received);
        }
        self.notice_lost(frame.sequence);
        for said in frame.said {
            self.pass_on(said);
        }
    }

    /// Frames that never arrived may have told anything, so all have to fetch.
    fn notice_lost(&mut self, sequence: Option<u64>) {
        let Some(sequence) = sequence else { return };
        let last = self.sequence.replace(sequence);
        if last.is_some_and(|last| sequence > last + 1) {
            self.shared.count("touchstone_feed_gaps_total");
            let symbols: Vec<SmolStr> = self.listeners.keys().cloned().collect();
            for symbol in symbols {
                self.tell(&symbol, || Heard::Live);
            }
        }
    }

    fn pass_on(&mut self, said: Said) {
        let settled = match said {
            Said::Trade(symbol, trade) => return self.tell(&symbol, || Heard::Trade(trade)),
            Said::Candle(symbol, candle) => return self.tell(&symbol, || Heard::Candle(candle)),
            Said::Mentioned(symbol, last, at) => {
                return self.tell(&symbol, || Heard::Mentioned(last, at));
            }
            Said::Mark(symbol, mark) => return self.shared.marked(symbol, mark),
            Said::Answered {
                id,
                symbol,
                refused,
            } => {
                if let Some(error) = &refused {
                    tracing::warn!(
                        feed.venue = self.venue(),
                        "the venue refused a request: {error}"
                    );
                }
                self.desk.answered(id, symbol.as_ref(), refused.is_none())
            }
            Said::Subscribed(now) => self.desk.subscribed(&now),
        };
        for symbol in &settled.live {
            self.shared.is_live(symbol);
            self.tell(symbol, || Heard::Live);
        }
        for symbol in &settled.refused {
            self.pass(symbol, || Heard::Refused);
        }
    }

    fn heard_at(&mut self, sent: Timestamp, received: Timestamp) {
        let ahead = self.meter.heard(sent, received, &self.shared.skew);
        self.shared.show_skew(ahead);
    }

    fn tell_time(&mut self, heard_at: Timestamp) {
        let lag = self.shared.options.rhythm.lag;
        let time = self.shared.skew.venue_time(heard_at) - lag;
        let symbols: Vec<SmolStr> = self.listeners.keys().cloned().collect();
        for symbol in symbols {
            self.tell(&symbol, || Heard::Time(time));
        }
    }

    /// Tells all who listen to a symbol, once all of it arrives: what comes before that is
    /// fetched, and told twice it would only have to be thrown away.
    fn tell(&mut self, symbol: &SmolStr, heard: impl Fn() -> Heard) {
        if self.desk.is_live(symbol) {
            self.pass(symbol, heard);
        }
    }

    fn pass(&mut self, symbol: &SmolStr, heard: impl Fn() -> Heard) {
        for listener in self.listeners.get_mut(symbol).into_iter().flatten() {
            if listener.tell(heard()) {
                self.shared.count("touchstone_feed_overruns_total");
            }
        }
    }

    fn admit(&mut self, follow: Follow) {
        let mut listener = Listener::new(follow.tell);
        if self.desk.is_live(&follow.symbol) {
            listener.tell(Heard::Live);
        }
        self.desk.want(&follow.symbol);
        self.listeners
            .entry(follow.symbol)
            .or_default()
            .push(listener);
    }

    /// Lets those go who no longer listen.
    fn dismiss(&mut self) {
        let (desk, shared) = (&mut self.desk, &self.shared);
        self.listeners.retain(|symbol, listeners| {
            listeners.retain(|listener| !listener.is_gone());
            if listeners.is_empty() {
                desk.unwant(symbol);
                shared.forgotten(symbol);
            }
            !listeners.is_empty()
        });
    }

    fn venue(&self) -> &str {
        self.shared.options.venue.as_str()
    }
}
