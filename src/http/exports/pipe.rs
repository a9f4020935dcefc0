//! A pipe from what writes a file to the answer that carries it: a few pieces long, and never
//! quietly cut off.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

/// A piece of an answer is so large, at least.
const PIECE: usize = 64 << 10;

/// So many pieces wait for a slow reader; then whoever writes waits, too.
const PIECES: usize = 4;

enum Said {
    Piece(Bytes),
    /// All is written. An answer without this is broken off, so that nobody takes it for whole.
    End,
}

/// Where the file is written. To be used where it may wait.
pub(super) struct Inlet {
    gathered: BytesMut,
    pieces: mpsc::Sender<Said>,
}

/// Says that all is written.
pub(super) struct Ending(mpsc::Sender<Said>);

/// A pipe, who may end it, and what comes out of it.
pub(super) fn pipe() -> (Inlet, Ending, impl Stream<Item = io::Result<Bytes>>) {
    let (pieces, taken) = mpsc::channel(PIECES);
    let inlet = Inlet {
        gathered: BytesMut::with_capacity(PIECE),
        pieces: pieces.clone(),
    };
    let outlet = stream::unfold(Some(taken), |taken| async {
        let mut taken = taken?;
        match taken.recv().await {
            Some(Said::Piece(piece)) => Some((Ok(piece), Some(taken))),
            Some(Said::End) => None,
            None => {
                let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "the export was broken off");
                Some((Err(cut), None))
            }
        }
    });
    (inlet, Ending(pieces), outlet)
}

impl Ending {
    /// Has whoever asked gone away?
    pub(super) fn is_for_nobody(&self) -> bool {
        self.0.is_closed()
    }

    pub(super) async fn all_is_written(self) {
        // Whoever has gone need not be told.
        self.0.send(Said::End).await.ok();
    }
}

impl Inlet {
    fn send(&mut self) -> io::Result<()> {
        let piece = self.gathered.split().freeze();
        let sent = self.pieces.blocking_send(Said::Piece(piece));
        sent.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the client went away"))
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Sends what is gathered. Only a whole file is flushed, so that pieces are large.
    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            Ok(())
        } else {
            self.send()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, pin_mut};

    use super::*;

    #[tokio::test]
    async fn what_is_not_ended_is_broken_off() {
        for whole in [true, false] {
            let (mut inlet, ending, outlet) = pipe();
            let written = tokio::task::spawn_blocking(move || {
                inlet.write_all(b"half")?;
                inlet.flush()
            });
            pin_mut!(outlet);
            assert_eq!(outlet.next().await.unwrap().unwrap(), "half");
            written.await.unwrap().unwrap();
            if whole {
                ending.all_is_written().await;
                assert!(outlet.next().await.is_none());
            } else {
                drop(ending);
                let cut = outlet.next().await.unwrap().unwrap_err();
                assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
                assert!(outlet.next().await.is_none());
            }
        }
    }

    #[tokio::test]
    async fn whoever_writes_learns_that_nobody_reads() {
        let (mut inlet, _ending, outlet) = pipe();
        drop(outlet);
        let written = tokio::task::spawn_blocking(move || inlet.write_all(&[0; PIECE]));
        let gone = written.await.unwrap().unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
    }
}
