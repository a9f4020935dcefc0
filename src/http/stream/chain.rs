//! The frames of one subscription, each with the place of the one before it.

use actors::hub::Frame;
use domain::ids::Seq;
use domain::time::Timestamp;
use serde_json::json;

/// Why something is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is no longer kept.
    Retention,
    /// The client did not read fast enough.
    Slow,
    /// It could no longer be acted upon.
    Expired,
    /// The plan does not go back that far.
    Plan,
}

impl Why {
    const fn label(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Slow => "slow",
            Self::Expired => "expired",
            Self::Plan => "plan",
        }
    }
}

/// A frame, and the place from which its reader can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Seq,
    pub(super) text: String,
}

/// Makes the frames of one subscription.
#[derive(Debug)]
pub(super) struct Chain {
    sub: u32,
    /// The place of the last frame.
    prev: Seq,
    /// Signals after it that had expired, not told yet: up to where, and how many.
    expired: Option<(Seq, u32)>,
    /// What comes is history, whose reader cannot act upon it: nothing of it expires.
    delayed: bool,
    frames: Vec<Line>,
}

impl Chain {
    /// A chain that goes on after `prev`.
    pub(super) const fn new(sub: u32, prev: Seq) -> Self {
        Self {
            sub,
            prev,
            expired: None,
            delayed: false,
            frames: Vec::new(),
        }
    }

    /// Says whether what comes is history.
    pub(super) const fn delay(&mut self, delayed: bool) {
        self.delayed = delayed;
    }

    /// A frame that is no event: it moves nothing.
    pub(super) fn remark(&mut self, text: String) {
        self.settle();
        let at = self.prev;
        self.frames.push(Line { at, text });
    }

    /// An event. One that expired is left out and counted.
    pub(super) fn event(&mut self, frame: &Frame, folded: u32, now: Timestamp) {
        let expired = frame.expires_at.is_some_and(|expires_at| expires_at <= now);
        if expired && !self.delayed {
            let count = self.expired.map_or(0, |(_, count)| count);
            self.expired = Some((frame.seq, count + 1));
            return;
        }
        self.settle();
        let (sub, prev, sent) = (self.sub, self.prev, now.as_micros());
        let mut text = format!(r#"{{"sub":{sub},"prev":{prev},"sent":{sent},"#);
        if folded > 0 {
            text.push_str(&format!(r#""folded":{folded},"#));
        }
        if self.delayed {
            text.push_str(r#""delayed":true,"#);
        }
        text.push_str(&String::from_utf8_lossy(&frame.bytes));
        let at = frame.seq;
        self.frames.push(Line { at, text });
        self.prev = at;
    }

    /// Tells what expired, so that nothing is pending.
    pub(super) fn settle(&mut self) {
        if let Some((to, count)) = self.expired.take() {
            self.leave_out(to, Why::Expired, Some(count));
        }
    }

    /// Tells that everything up to `to` that was not sent is left out.
    pub(super) fn gap(&mut self, to: Seq, why: Why) {
        self.settle();
        self.leave_out(to, why, None);
    }

    fn leave_out(&mut self, to: Seq, why: Why, count: Option<u32>) {
        metrics::counter!("touchstone_stream_gaps_total", "why" => why.label()).increment(1);
        let mut gap = json!({
            "sub": self.sub, "type": "gap", "from": self.prev.next().get(), "to": to.get(),
            "why": why.label(),
        });
        if let Some(count) = count {
            gap["count"] = count.into();
        }
        let text = gap.to_string();
        self.frames.push(Line { at: to, text });
        self.prev = to;
    }

    /// Up to where everything has been told, when everything up to `read` has been put in.
    pub(super) fn told(&self, read: Seq) -> Seq {
        match self.expired {
            Some(_) => self.prev,
            None => read,
        }
    }

    /// Hands out the frames that were made since the last time.
    pub(super) fn frames(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.frames)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;
    use domain::ids::{ChannelId, PostKey, SignalId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn frame(seq: u64, expires_at: Option<i64>) -> Frame {
        let channel = ChannelId::parse("test").unwrap();
        Frame {
            seq: Seq::new(seq),
            signal: Some(SignalId::of(&channel, &PostKey::new("1"), 0)),
            stored: Timestamp::MIN,
            expires_at: expires_at.map(Timestamp::from_micros),
            bytes: Bytes::from(format!(r#""seq":{seq}}}"#)),
        }
    }

    fn texts(chain: &mut Chain) -> Vec<String> {
        chain.frames().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn each_frame_names_the_one_before_it() {
        let mut chain = Chain::new(2, Seq::new(4));
        chain.event(&frame(7, None), 0, NOW);
        chain.event(&frame(9, Some(2_000)), 3, NOW);
        assert_eq!(
            texts(&mut chain),
            [
                r#"{"sub":2,"prev":4,"sent":1000,"seq":7}"#,
                r#"{"sub":2,"prev":7,"sent":1000,"folded":3,"seq":9}"#
            ]
        );
    }

    #[test]
    fn signals_that_expired_one_after_the_other_are_one_gap() {
        let mut chain = Chain::new(1, Seq::new(4));
        [5, 6, 8]
            .iter()
            .for_each(|seq| chain.event(&frame(*seq, Some(1_000)), 0, NOW));
        assert_eq!(chain.told(Seq::new(8)), Seq::new(4));
        chain.event(&frame(9, None), 0, NOW);
        assert_eq!(chain.told(Seq::new(9)), Seq::new(9));
        assert_eq!(
            texts(&mut chain),
            [
                r#"{"sub":1,"type":"gap","from":5,"to":8,"why":"expired","count":3}"#,
                r#"{"sub":1,"prev":8,"sent":1000,"seq":9}"#
            ]
        );
    }

    #[test]
    fn a_gap_takes_the_place_of_the_frame_before() {
        let mut chain = Chain::new(1, Seq::new(4));
        chain.event(&frame(5, Some(1_000)), 0, NOW);
        chain.gap(Seq::new(20), Why::Slow);
        chain.event(&frame(21, None), 0, NOW);
        assert_eq!(chain.frames.last().map(|line| line.at), Some(Seq::new(21)));
        let frames = texts(&mut chain);
        assert!(frames[0].contains(r#""from":5,"to":5,"why":"expired""#));
        assert!(frames[1].contains(r#""from":6,"to":20,"why":"slow""#));
        assert!(frames[2].starts_with(r#"{"sub":1,"prev":20,"#));
    }
}
