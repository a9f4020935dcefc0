//! Frames as they come in: what each may be, alone and after those before it (RFC 6455, 5).

use super::words::{self, Text};
use crate::http::stream::closing::Closing;

/// The most bytes that a control frame may carry (RFC 6455, 5.5).
const CONTROL: u64 = 125;

/// The most frames that one message may come in.
const PIECES: usize = 256;

/// Reads frames and refuses what may not be.
#[derive(Debug)]
pub(super) struct Frames {
    /// The most bytes of a message.
    limit: usize,
    /// What is known of the next frame's head; nobody was given it yet.
    head: Vec<u8>,
    /// The frame whose body is being read.
    frame: Option<Frame>,
    /// The message that is not complete.
    message: Option<Message>,
    ended: bool,
}

#[derive(Debug)]
struct Frame {
    op: Op,
    finished: bool,
    mask: [u8; 4],
    /// How much of the body was read, and how much is still to come.
    read: usize,
    left: usize,
    /// Of a goodbye, what it says; it is held back until it is known to be one.
    said: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Data,
    Close,
    /// Ping or pong.
    Sign,
}

#[derive(Debug)]
struct Message {
    /// What was read of a text; none of bytes.
    text: Option<Text>,
    bytes: usize,
    pieces: usize,
}

impl Frames {
    pub(super) const fn within(limit: usize) -> Self {
        Self {
            limit,
            head: Vec::new(),
            frame: None,
            message: None,
            ended: false,
        }
    }

    /// The client has said goodbye.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Reads the next bytes; what may be is put into `passed`, in whole frames as far as it goes.
    pub(super) fn read(&mut self, mut bytes: &[u8], passed: &mut Vec<u8>) -> Result<(), Closing> {
        while !self.ended {
            if let Some(mut frame) = self.frame.take() {
                let (now, later) = bytes.split_at(bytes.len().min(frame.left));
                bytes = later;
                if let Err(closing) = self.body(&mut frame, now, passed) {
                    if frame.op == Op::Data {
                        // The parser has seen the head: it gets as much as that promised.
                        passed.resize(passed.len() + frame.left, 0);
                    }
                    return Err(closing);
                }
                if frame.left > 0 {
                    self.frame = Some(frame);
                    return Ok(());
                }
            } else if let Some((byte, rest)) = bytes.split_first() {
                bytes = rest;
                self.head.push(*byte);
                self.frame = self.head()?;
                if let Some(frame) = &self.frame
                    && frame.op != Op::Close
                {
                    passed.append(&mut self.head);
                }
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads a part of a frame's body.
    fn body(&mut self, frame: &mut Frame, now: &[u8], passed: &mut Vec<u8>) -> Result<(), Closing> {
        let mask = frame.mask.iter().cycle().skip(frame.read % 4);
        let plain = now.iter().zip(mask).map(|(byte, key)| byte ^ key);
        frame.read += now.len();
        frame.left -= now.len();
        let over = frame.left == 0;
        match frame.op {
            Op::Close => {
                frame.said.extend(plain);
                self.head.extend(now);
                if over {
                    words::goodbye(&frame.said)?;
                    passed.append(&mut self.head);
                    self.ended = true;
                }
            }
            Op::Sign => passed.extend(now),
            Op::Data => {
                passed.extend(now);
                let text = self.message.as_mut().and_then(|it| it.text.as_mut());
                if let Some(text) = text {
                    text.take(&plain.collect::<Vec<_>>())?;
                    if over && frame.finished {
                        text.end()?;
                    }
                }
                if over && frame.finished {
                    self.message = None;
                }
            }
        }
        Ok(())
    }

    /// The next frame, once its head is complete.
    fn head(&mut self) -> Result<Option<Frame>, Closing> {
        let [first, second, rest @ ..] = self.head.as_slice() else {
            return Ok(None);
        };
        let (finished, op) = (first & 0x80 != 0, first & 0x0f);
        let (masked, short) = (second & 0x80 != 0, second & 0x7f);
        if first & 0x70 != 0 {
            return Err(Closing::Protocol("no extension was agreed on"));
        }
        if !masked {
            return Err(Closing::Protocol("a client masks its frames"));
        }
        let kind = match op {
            0..=2 => Op::Data,
            8 => Op::Close,
            9 | 10 => Op::Sign,
            _ => return Err(Closing::Protocol("no known kind of frame")),
        };
        if kind == Op::Data && (op == 0) != self.message.is_some() {
            let why = "a message goes on where it is not finished, and only there";
            return Err(Closing::Protocol(why));
        }
        if kind != Op::Data && (!finished || u64::from(short) > CONTROL) {
            return Err(Closing::Protocol("a control frame is short and whole"));
        }
        let wide = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if rest.len() < wide {
            return Ok(None);
        }
        let (length, mask) = rest.split_at(wide);
        let length = match wide {
            0 => u64::from(short),
            _ => length
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let before = self.message.as_ref().map_or(0, |it| it.bytes);
        let left = usize::try_from(length).unwrap_or(usize::MAX);
        if kind == Op::Data && left > self.limit - before {
            return Err(Closing::TooBig { limit: self.limit });
        }
        let Ok(mask) = <[u8; 4]>::try_from(mask) else {
            return Ok(None);
        };
        if kind == Op::Data {
            let message = self.message.get_or_insert_with(|| Message {
                text: (op == 1).then(Text::default),
                bytes: 0,
                pieces: 0,
            });
            message.bytes += left;
            message.pieces += 1;
            if message.pieces > PIECES {
                return Err(Closing::BadFrame("a message has at most 256 pieces"));
            }
        }
        Ok(Some(Frame {
            op: kind,
            finished,
            mask,
            read: 0,
            left,
            said: Vec::new(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1_000;

    fn frame(first: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match u8::try_from(body.len()) {
            Ok(short) if short < 126 => frame.push(0x80 | short),
            Ok(_) | Err(_) => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        frame.extend(mask);
        frame.extend(body.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
        frame
    }

    /// Feeds the frames in pieces of each size and tells what became of them.
    fn verdict(frames: &[Vec<u8>]) -> Option<Closing> {
        let bytes = frames.concat();
        let verdicts = [1, 2, 7, 1 << 20].map(|piece| {
            let (mut frames, mut passed) = (Frames::within(LIMIT), Vec::new());
            let verdict = bytes
                .chunks(piece)
                .find_map(|piece| frames.read(piece, &mut passed).err());
            assert!(verdict.is_some() || passed == bytes);
            verdict
        });
        assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]));
        verdicts[0].clone()
    }

    fn is_protocol(frames: &[Vec<u8>]) -> bool {
        matches!(verdict(frames), Some(Closing::Protocol(_)))
    }

    #[test]
    fn messages_within_the_limit_pass_whole_or_in_pieces() {
        let whole = [
            frame(0x81, b""),
            frame(0x8a, b"abc"),
            frame(0x81, &[b'x'; LIMIT]),
        ];
        assert_eq!(verdict(&whole), None);
        let pieces = [
            frame(0x01, &"κ".as_bytes()[..1]),
            frame(0x89, &[0xff; 125]),
            frame(0x00, b""),
            frame(0x80, &"κ".as_bytes()[1..]),
            frame(0x82, &[0xff; 126]),
        ];
        assert_eq!(verdict(&pieces), None);
    }

    #[test]
    fn a_large_message_is_refused_by_the_head_that_makes_it_so() {
        let too_big = Some(Closing::TooBig { limit: LIMIT });
        let head = frame(0x81, &[b'x'; LIMIT + 1])[..4].to_vec();
        assert_eq!(verdict(&[frame(0x81, b"x"), head]), too_big);
        let endless = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(verdict(&[endless.to_vec()]), too_big);
        let last = frame(0x80, b"x")[..2].to_vec();
        assert_eq!(verdict(&[frame(0x01, &[b'x'; LIMIT]), last]), too_big);
    }

    #[test]
    fn a_message_in_too_many_pieces_is_refused() {
        let mut pieces = vec![frame(0x01, b"")];
        pieces.extend(vec![frame(0x00, b""); PIECES - 1]);
        assert_eq!(verdict(&pieces), None);
        pieces.push(frame(0x80, b""));
        assert!(matches!(verdict(&pieces), Some(Closing::BadFrame(_))));
    }

    #[test]
    fn what_is_no_frame_of_a_client_is_refused() {
        for first in [0xc1, 0xa1, 0x91, 0x83, 0x8b, 0x08, 0x09, 0x80, 0x00] {
            assert!(is_protocol(&[frame(first, b"abc")]), "{first:#x}");
        }
        assert!(is_protocol(&[vec![0x81, 0x05]]));
        assert!(is_protocol(&[frame(0x89, &[0; 126])]));
        assert!(is_protocol(&[frame(0x01, b"a"), frame(0x81, b"b")]));
    }
}
