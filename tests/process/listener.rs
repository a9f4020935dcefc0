//! A bot on the stream that trusts nothing: it checks the chain of `prev` with every frame.

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::api::{number, text};
use crate::wait::{LONGEST, within};

/// It wants every channel, so each event follows the one before it.
pub(crate) struct Listener {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub epoch: String,
    pub resumed: String,
    /// The last event that it has.
    pub at: u64,
}

/// What it hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Event(Value),
    /// A heartbeat, a drain or a gap.
    Other(Value),
    /// With the code, where a close frame came.
    Closed(Option<u16>),
}

impl Listener {
    /// Subscribes to everything from now on, or after a position: `EPOCH:SEQ`.
    pub(crate) async fn connect(address: &str, from: Option<&str>) -> Self {
        let from = from.map_or_else(String::new, |from| format!("&from={from}"));
        let url = format!("ws://{address}/v1/stream?channels=*{from}");
        let (mut socket, _) = connect_async(url).await.unwrap();
        let answer = within(LONGEST, "the answer to the subscription", socket.next()).await;
        let answer: Value =
            serde_json::from_str(answer.unwrap().unwrap().to_text().unwrap()).unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
        let resumed = text(&answer, "resumed");
        let head = number(&answer, "head");
        let at = match from.rsplit_once(':') {
            Some((_, seq)) if resumed == "replay" => seq.parse().unwrap(),
            Some(_) | None => head,
        };
        Self {
            socket,
            epoch: text(&answer, "epoch"),
            resumed,
            at,
        }
    }

    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            let next = within(LONGEST, "a frame", self.socket.next()).await;
            match next {
                Some(Ok(Message::Text(frame))) => {
                    return self.hear(serde_json::from_str(&frame).unwrap());
                }
                Some(Ok(Message::Close(frame))) => {
                    return Heard::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    fn hear(&mut self, frame: Value) -> Heard {
        if frame["type"] == "gap" {
            assert_eq!(number(&frame, "from"), self.at + 1, "{frame}");
            self.at = number(&frame, "to");
            return Heard::Other(frame);
        }
        if frame.get("seq").is_none() {
            return Heard::Other(frame);
        }
        assert_eq!(number(&frame, "prev"), self.at, "the chain broke: {frame}");
        assert_eq!(number(&frame, "seq"), self.at + 1, "a hole or a double");
        self.at += 1;
        Heard::Event(frame)
    }

    /// The next event; fails when the connection ends.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            match self.next().await {
                Heard::Event(event) => return event,
                Heard::Other(_) => {}
                Heard::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    /// The next event of a type.
    pub(crate) async fn event_of(&mut self, kind: &str) -> Value {
        loop {
            let event = self.event().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Where it would go on.
    pub(crate) fn position(&self) -> String {
        format!("{}:{}", self.epoch, self.at)
    }
}

/// The event alone, as every client and the REST API see it.
pub(crate) fn shared(mut event: Value) -> Value {
    let members = event.as_object_mut().unwrap();
    for own in ["sub", "prev", "sent"] {
        members.shift_remove(own).unwrap();
    }
    event
}
