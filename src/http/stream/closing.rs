//! Why a session ends, as its client is told: 44xx "change something, do not loop", 45xx "come back".

use actix_web_actors::ws::{CloseCode, CloseReason};
use domain::ids::{Epoch, Seq};
use serde_json::{Value, json};

/// The most bytes that the reason of a close frame may have (RFC 6455, 5.5).
const LONGEST: usize = 123;

/// Why a session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// What the client sent breaks the WebSocket protocol itself (RFC 6455).
    Protocol(&'static str),
    /// What it sent as text is no UTF-8.
    NoText,
    /// What the client sent is no command.
    BadFrame(&'static str),
    /// The one who listens is not let in any more: his device was logged out, his key or his account is
    /// over.
    Token,
    /// He said to be somebody else than he was.
    Another,
    /// He did not say who he is.
    NoAuth,
    /// It sent a message larger than it may be.
    TooBig {
        /// How large it may be.
        limit: usize,
    },
    /// It sent too many commands.
    TooMany {
        /// When it may come again.
        retry_after_ms: u64,
    },
    /// Something inside went wrong.
    Internal,
    /// This process stops.
    Draining {
        /// When to come back; of its own for each session.
        retry_after_ms: u64,
    },
    /// It does not read what it asked for.
    TooSlow {
        /// Its subscription.
        sub: u32,
        /// Which history.
        epoch: Epoch,
        /// From where to go on.
        resume: Seq,
    },
    /// It does not answer pings.
    NoPong,
}

impl Closing {
    /// The close code, its name, and what is said with it, the most important first.
    fn row(&self) -> (u16, &'static str, Vec<(&'static str, Value)>) {
        match self {
            Self::Protocol(why) => (1002, "protocol", vec![("why", json!(why))]),
            Self::NoText => (1007, "no_text", vec![("why", json!("text is UTF-8"))]),
            Self::BadFrame(why) => (4400, "bad_frame", vec![("why", json!(why))]),
            Self::Token => (4401, "token", vec![("why", json!("log in again"))]),
            Self::Another => (
                4403,
                "another",
                vec![("why", json!("open a connection of its own"))],
            ),
            Self::NoAuth => (
                4408,
                "no_auth",
                vec![("why", json!("say who you are with auth"))],
            ),
            Self::TooBig { limit } => (4413, "too_big", vec![("limit", json!(limit))]),
            Self::TooMany { retry_after_ms } => (
                4429,
                "too_many",
                vec![("retry_after_ms", json!(retry_after_ms))],
            ),
            Self::Internal => (4500, "internal", vec![("retry_after_ms", json!(1_000))]),
            Self::Draining { retry_after_ms } => (
                4503,
                "draining",
                vec![("retry_after_ms", json!(retry_after_ms))],
            ),
            Self::TooSlow { sub, epoch, resume } => (
                4504,
                "too_slow",
                vec![
                    ("retry_after_ms", json!(500)),
                    ("seq", json!(resume.get())),
                    ("sub", json!(sub)),
                    ("epoch", json!(epoch.as_str())),
                ],
            ),
            Self::NoPong => (4512, "no_pong", vec![("retry_after_ms", json!(500))]),
        }
    }

    /// Its name, for metrics.
    pub(super) fn label(&self) -> &'static str {
        self.row().1
    }

    /// When its client may come back; none where that would not help.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        let (_, _, details) = self.row();
        let retry = details.iter().find(|(name, _)| *name == "retry_after_ms");
        retry.and_then(|(_, value)| value.as_u64())
    }

    /// The goodbye of a connection that knows no close frames.
    pub(super) fn notice(&self) -> String {
        let (code, name, details) = self.row();
        let mut reason = json!({"code": name});
        for (member, value) in details {
            reason[member] = value;
        }
        json!({"type": "closing", "code": code, "reason": reason}).to_string()
    }

    /// The close frame. What does not fit into it is left out.
    #[must_use]
    pub fn reason(&self) -> CloseReason {
        let (code, name, details) = self.row();
        let mut reason = json!({"code": name});
        for (member, value) in details {
            let mut more = reason.clone();
            more[member] = value;
            if more.to_string().len() <= LONGEST {
                reason = more;
            }
        }
        CloseReason {
            code: CloseCode::Other(code),
            description: Some(reason.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_client_is_told_from_where_to_go_on() {
        let closing = Closing::TooSlow {
            sub: 1,
            epoch: Epoch::new("k3"),
            resume: Seq::new(1061),
        };
        let reason = closing.reason().description.unwrap();
        assert_eq!(
            reason,
            r#"{"code":"too_slow","retry_after_ms":500,"seq":1061,"sub":1,"epoch":"k3"}"#
        );
    }

    #[test]
    fn what_does_not_fit_into_a_close_frame_is_left_out() {
        let closing = Closing::TooSlow {
            sub: u32::MAX,
            epoch: Epoch::new("e".repeat(100)),
            resume: Seq::new(u64::MAX),
        };
        let reason = closing.reason().description.unwrap();
        assert!(reason.len() <= LONGEST && reason.contains(&u64::MAX.to_string()));
    }
}
