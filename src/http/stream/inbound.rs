//! What comes in from a client, looked at before anything keeps it.
//!
//! The WebSocket parser collects a whole frame before it asks how large it is, so frames are read
//! here first. In place of what may not be, the parser is given a goodbye: what came before is
//! still answered, in order. The rest is swallowed: a socket closed over unread bytes would take
//! the close frame with it.

use std::cell::OnceCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

use super::closing::Closing;
use frames::Frames;

mod frames;
mod words;

/// The goodbye that stands for what may not be: a masked close frame that says nothing.
const GOODBYE: [u8; 6] = [0x88, 0x80, 0, 0, 0, 0];

/// Why what a client sent may not be; empty while all of it may. Whoever reads a goodbye looks
/// here whether it is the client's own.
pub type Verdict = Rc<OnceCell<Closing>>;

/// The bytes of a client on their way to its session.
#[derive(Debug)]
pub struct Inbound<S> {
    bytes: Pin<Box<S>>,
    frames: Frames,
    verdict: Verdict,
    /// Nothing that comes is heard any more.
    deaf: bool,
}

impl<S> Inbound<S> {
    /// Lets messages of up to `limit` bytes pass; why one may not pass is put into `verdict`.
    pub fn new(bytes: S, limit: usize, verdict: Verdict) -> Self {
        Self {
            bytes: Box::pin(bytes),
            frames: Frames::within(limit),
            verdict,
            deaf: false,
        }
    }

    /// What the parser is given for these bytes.
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut passed = Vec::with_capacity(bytes.len());
        if let Err(closing) = self.frames.read(bytes, &mut passed) {
            self.deaf = true;
            // There is one verdict, because nothing is heard after it.
            let _ = self.verdict.set(closing);
            passed.extend(GOODBYE);
        }
        self.deaf |= self.frames.ended();
        passed
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>>> Stream for Inbound<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let polled = self.bytes.as_mut().poll_next(cx);
            let Poll::Ready(Some(Ok(bytes))) = polled else {
                return polled;
            };
            if self.deaf {
                continue;
            }
            let passed = self.pass(&bytes);
            if !passed.is_empty() {
                return Poll::Ready(Some(Ok(passed.into())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    use super::*;

    const TEXT: &[u8] = b"\x81\x83\0\0\0\0abc";

    /// What passes of these bytes, which come in pieces of one size, and the verdict.
    fn passed(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<Closing>) {
        let verdict = Verdict::default();
        let pieces: Vec<_> = bytes
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let inbound = Inbound::new(stream::iter(pieces), 1_000, Rc::clone(&verdict));
        let passed: Vec<_> = inbound.collect().now_or_never().unwrap();
        let passed = passed.into_iter().flat_map(Result::unwrap).collect();
        (passed, verdict.get().cloned())
    }

    #[test]
    fn a_goodbye_stands_for_what_may_not_be_and_the_rest_is_swallowed() {
        for piece in [1, 2, 7, 1_000] {
            let reserved = [TEXT, TEXT, b"\xc1\x83\0\0\0\0abc", TEXT].concat();
            let (bytes, verdict) = passed(&reserved, piece);
            assert_eq!(bytes, [TEXT, TEXT, &GOODBYE].concat());
            assert!(matches!(verdict, Some(Closing::Protocol(_))));
        }
    }

    #[test]
    fn a_frame_that_turns_bad_in_its_middle_is_filled_up() {
        for piece in [1, 2, 7, 1_000] {
            let broken = [TEXT, b"\x81\x85\0\0\0\0a\xff", b"bcd", TEXT].concat();
            let (bytes, verdict) = passed(&broken, piece);
            assert_eq!(verdict, Some(Closing::NoText));
            let rest = bytes.strip_prefix(TEXT).unwrap();
            assert_eq!(rest.len(), 6 + 5 + GOODBYE.len());
            assert!(rest.ends_with(&GOODBYE));
        }
    }

    #[test]
    fn after_a_goodbye_of_the_client_nothing_is_heard() {
        let goodbye = b"\x88\x82\0\0\0\0\x03\xe8";
        for piece in [1, 2, 7, 1_000] {
            let (bytes, verdict) = passed(&[TEXT, goodbye, b"\xff\xff", TEXT].concat(), piece);
            assert_eq!(bytes, [TEXT, goodbye].concat());
            assert_eq!(verdict, None);
        }
    }
}
