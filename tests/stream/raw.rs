//! A client that sends frames as they must not be, too.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const MORE: u8 = 0x00;
pub(crate) const TEXT: u8 = 0x01;
pub(crate) const BYTES: u8 = 0x02;
pub(crate) const CLOSE: u8 = 0x08;
pub(crate) const PING: u8 = 0x09;
pub(crate) const PONG: u8 = 0x0a;
/// The last, or the only, frame of a message.
pub(crate) const END: u8 = 0x80;

/// A masked frame; `first` is its first byte.
pub(crate) fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    if let Some(short) = u8::try_from(body.len()).ok().filter(|short| *short < 126) {
        frame.push(0x80 | short);
    } else if let Ok(wide) = u16::try_from(body.len()) {
        frame.push(0x80 | 126);
        frame.extend(wide.to_be_bytes());
    } else {
        frame.push(0x80 | 127);
        frame.extend((body.len() as u64).to_be_bytes());
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    frame.extend(mask);
    let masked = body.iter().zip(mask.iter().cycle());
    frame.extend(masked.map(|(byte, key)| byte ^ key));
    frame
}

/// A close frame with a code and a reason.
pub(crate) fn close(code: u16, why: &[u8]) -> Vec<u8> {
    frame(END | CLOSE, &[&code.to_be_bytes(), why].concat())
}

/// A frame of the server: its first byte, and its body.
pub(crate) type Heard = (u8, Vec<u8>);

pub(crate) struct Raw {
    socket: TcpStream,
    /// What the server answered to the handshake, in small letters.
    pub(crate) hello: String,
}

impl Raw {
    /// Shakes hands; `headers` are more lines of the request.
    pub(crate) async fn connect(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let hello = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        socket.write_all(hello.as_bytes()).await.unwrap();
        let mut hello = Vec::new();
        while !hello.ends_with(b"\r\n\r\n") {
            hello.push(socket.read_u8().await.unwrap());
        }
        let hello = String::from_utf8(hello).unwrap().to_lowercase();
        assert!(hello.starts_with("http/1.1 101"), "{hello}");
        Self { socket, hello }
    }

    /// Sends bytes in pieces of one size.
    pub(crate) async fn send(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece) {
            // It may have hung up already: what it said is read all the same.
            if self.socket.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The next frame, or nothing when the server has hung up.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        let heard = tokio::time::timeout(PATIENCE, self.read()).await;
        heard.expect("the server neither says anything nor hangs up")
    }

    async fn read(&mut self) -> Option<Heard> {
        let first = self.socket.read_u8().await.ok()?;
        let length = match self.socket.read_u8().await.unwrap() {
            126 => u64::from(self.socket.read_u16().await.unwrap()),
            127 => self.socket.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut body).await.unwrap();
        Some((first, body))
    }

    /// Everything until the server hangs up.
    pub(crate) async fn all(&mut self) -> Vec<Heard> {
        let mut all = Vec::new();
        while let Some(heard) = self.hear().await {
            all.push(heard);
        }
        all
    }
}
