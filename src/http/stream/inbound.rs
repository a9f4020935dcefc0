//! What comes in from a client, looked at before anything keeps it.
//!
//! The WebSocket parser collects a whole frame before it asks how large it is, so the heads of
//! frames are read here first. After a frame that may not be, the rest is swallowed: a socket
//! closed over unread bytes would take the close frame with it.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

use super::closing::Closing;

/// The most bytes that a control frame may carry (RFC 6455, 5.5).
const CONTROL: u64 = 125;

/// The bytes of a client on their way to its session.
pub(super) struct Inbound<S> {
    bytes: Pin<Box<S>>,
    heads: Heads,
    verdict: Rc<Cell<Option<Closing>>>,
    refused: bool,
}

impl<S> Inbound<S> {
    /// Lets frames of up to `limit` bytes pass; why one may not pass is put into `verdict`.
    pub(super) fn new(bytes: S, limit: usize, verdict: Rc<Cell<Option<Closing>>>) -> Self {
        Self {
            bytes: Box::pin(bytes),
            heads: Heads {
                limit,
                head: Vec::with_capacity(14),
                body: 0,
            },
            verdict,
            refused: false,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>>> Stream for Inbound<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let polled = self.bytes.as_mut().poll_next(cx);
            if let Poll::Ready(Some(Ok(bytes))) = &polled {
                if self.refused {
                    continue;
                }
                if let Err(closing) = self.heads.read(bytes) {
                    self.refused = true;
                    self.verdict.set(Some(closing));
                    return Poll::Ready(Some(Err(PayloadError::Overflow)));
                }
            }
            return polled;
        }
    }
}

/// Reads the heads of frames and skips their bodies.
struct Heads {
    limit: usize,
    /// What is known of the next head.
    head: Vec<u8>,
    /// How much of the last frame's body is still to come.
    body: u64,
}

impl Heads {
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Closing> {
        while !bytes.is_empty() {
            let skipped = bytes
                .len()
                .min(usize::try_from(self.body).unwrap_or(usize::MAX));
            self.body -= skipped as u64;
            bytes = &bytes[skipped..];
            if let Some((byte, rest)) = bytes.split_first() {
                self.head.push(*byte);
                bytes = rest;
                if let Some(body) = self.body_of_next()? {
                    self.head.clear();
                    self.body = body;
                }
            }
        }
        Ok(())
    }

    /// The length of the next frame's body, once its head is complete.
    fn body_of_next(&self) -> Result<Option<u64>, Closing> {
        let [first, second, rest @ ..] = self.head.as_slice() else {
            return Ok(None);
        };
        let (finished, reserved, op) = (first & 0x80 != 0, first & 0x70 != 0, first & 0x0f);
        let (masked, short) = (second & 0x80 != 0, u64::from(second & 0x7f));
        if reserved || !masked || !matches!(op, 0..=2 | 8..=10) {
            return Err(Closing::BadFrame("no WebSocket frame of a client"));
        }
        if !finished || op == 0 {
            return Err(Closing::BadFrame("send each command in one frame"));
        }
        if op == 2 {
            return Err(Closing::BadFrame("send commands as text"));
        }
        let wide = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if rest.len() < wide {
            return Ok(None);
        }
        let length = match wide {
            0 => short,
            wide => rest[..wide]
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        if length > self.limit as u64 {
            return Err(Closing::TooBig { limit: self.limit });
        }
        if op >= 8 && length > CONTROL {
            return Err(Closing::BadFrame("no WebSocket frame of a client"));
        }
        Ok((rest.len() == wide + 4).then_some(length))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    use super::*;

    const LIMIT: usize = 1_000;

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match u8::try_from(length) {
            Ok(short) if short < 126 => frame.push(0x80 | short),
            Ok(_) | Err(_) => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(vec![b'x'; length]);
        frame
    }

    /// Feeds the bytes in pieces of each size and tells what became of them.
    fn verdict(bytes: &[u8]) -> Option<Closing> {
        let verdicts = [1, 2, 7, 1 << 20].map(|piece| {
            let mut heads = Heads {
                limit: LIMIT,
                head: Vec::new(),
                body: 0,
            };
            bytes
                .chunks(piece)
                .find_map(|piece| heads.read(piece).err())
        });
        assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]));
        verdicts[0].clone()
    }

    #[test]
    fn frames_within_the_limit_pass() {
        let frames = [
            frame(0x81, 0),
            frame(0x81, 125),
            frame(0x8a, 3),
            frame(0x81, LIMIT),
        ];
        assert_eq!(verdict(&frames.concat()), None);
    }

    #[test]
    fn a_large_frame_is_refused_by_its_head_alone() {
        let frames = [frame(0x81, 10), frame(0x81, LIMIT + 1)[..4].to_vec()];
        assert_eq!(
            verdict(&frames.concat()),
            Some(Closing::TooBig { limit: LIMIT })
        );
        let endless = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(verdict(&endless), Some(Closing::TooBig { limit: LIMIT }));
    }

    #[test]
    fn pieces_binaries_and_noise_are_bad_frames() {
        for first in [0x01, 0x80, 0x82, 0x83, 0xc1] {
            assert!(matches!(
                verdict(&frame(first, 5)),
                Some(Closing::BadFrame(_))
            ));
        }
        assert!(matches!(verdict(&[0x81, 0x05]), Some(Closing::BadFrame(_))));
        assert!(matches!(
            verdict(&frame(0x89, 126)),
            Some(Closing::BadFrame(_))
        ));
    }

    #[test]
    fn after_a_refusal_the_rest_is_swallowed() {
        let verdict = Rc::new(Cell::new(None));
        let pieces = [frame(0x81, 3), frame(0x82, 3), frame(0x81, 3)];
        let pieces = stream::iter(pieces.map(|piece| Ok(Bytes::from(piece))));
        let inbound = Inbound::new(pieces, LIMIT, Rc::clone(&verdict));
        let passed: Vec<_> = inbound.collect().now_or_never().unwrap();
        assert_eq!(
            passed.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, false]
        );
        assert!(verdict.take().is_some());
    }
}
