//! How an event's body is kept: everything that it tells, in one JSON object with a version.

use domain::chain::{Seal, Sealed};
use domain::event::{Body, Happening, Told};

use super::{Kept, Unreadable, kept_enum, kept_struct, object};

/// The version of the shape below.
const VERSION: u64 = 1;

/// A happening as text.
pub(crate) fn write_body(happening: &Happening) -> String {
    object([("v", VERSION.keep()), ("happening", happening.keep())]).to_string()
}

/// A seal as text.
pub(crate) fn write_seal(seal: &Seal) -> String {
    object([("v", VERSION.keep()), ("seal", seal.keep())]).to_string()
}

/// What an event tells, from its text.
pub(crate) fn read_body(text: &str) -> Result<Told, Unreadable> {
    let value = super::json(text)?;
    let mut members = super::members(value, "event")?;
    super::version(&mut members, VERSION)?;
    if members.contains_key("seal") {
        super::member(&mut members, "seal").map(Told::Seal)
    } else {
        super::member(&mut members, "happening").map(Told::Happening)
    }
}

kept_struct!(Seal { sealed, hash });
kept_struct!(Sealed {
    epoch,
    day,
    after,
    through,
    records,
    root,
    figures,
    previous,
});

kept_struct!(Happening {
    signal,
    channel,
    instrument,
    side,
    origin,
    posted,
    received,
    scored,
    body,
});
kept_enum!(Body {
    "signal" => Signal { signal, score },
    "instruction" => Instruction { order, post },
    "revision" => Revision { action, post },
    "progress" => Progress(change),
});

#[cfg(test)]
mod tests {
    use domain::chain::{self, Day, Hash};
    use domain::ids::{ChannelId, Epoch, PostKey, Seq, SignalId};
    use domain::lifecycle::{BoundResult, Change, Ending, Evidence, Outcome, State, What};
    use domain::market::{Candle, Instrument, Price, Side, Trade};
    use domain::post::{Action, Origin};
    use domain::reading::{Entry, Order, Target};
    use domain::score::Score;
    use domain::signal::Signal;
    use domain::time::Timestamp;
    use rust_decimal::Decimal;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn happening(body: Body) -> Happening {
        Happening {
            signal: SignalId::from_uuid(uuid::Uuid::nil()),
            channel: ChannelId::parse("alpha").unwrap(),
            instrument: Instrument::parse("sim:spot:BTC/USDT").unwrap(),
            side: Side::Long,
            origin: Origin::Live,
            posted: None,
            received: Timestamp::from_micros(2),
            scored: None,
            body,
        }
    }

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    fn signal(entry: Entry) -> Body {
        Body::Signal {
            signal: Arc::new(Signal {
                id: SignalId::from_uuid(uuid::Uuid::nil()),
                channel: ChannelId::parse("alpha").unwrap(),
                post: PostKey::new("7"),
                origin: Origin::Import,
                instrument: Instrument::parse("sim:perpetual:BTC/USDT").unwrap(),
                substituted: false,
                side: Side::Short,
                entry,
                targets: vec![Target {
                    price: price("1"),
                    weight: None,
                }],
                stop: Some(price("3")),
                leverage: None,
                breakeven_after: Some(1),
                posted: Timestamp::from_micros(1),
                received: Timestamp::from_micros(2),
                expires_at: Timestamp::from_micros(3),
                held_at_most: Duration::from_millis(1_500),
                price_at_receipt: None,
                ambiguous: true,
            }),
            score: Some(Score {
                model: "geometry/1".into(),
                targets: vec![0.1 + 0.2],
                expected_r: None,
                skill: None,
                moved: Vec::new(),
            }),
        }
    }

    fn outcome(policy: Option<u32>) -> Body {
        let bound = BoundResult {
            ending: Ending::StoppedAfterTarget(2),
            r: Some(Decimal::new(-1_50, 2)),
            filled: Decimal::ONE,
            targets: 2,
            entered_at: None,
            ended_at: Timestamp::from_micros(9),
            mfe: None,
            mae: None,
        };
        Body::Progress(Box::new(Change {
            at: Timestamp::from_micros(9),
            what: What::Judged(Box::new(Outcome {
                model: "default/1",
                policy,
                pessimistic: bound.clone(),
                optimistic: bound,
                ambiguous: false,
                incomplete: true,
            })),
            state: State::Ended(Ending::Trailed),
            evidence: Evidence::Candle(Candle {
                open_time: Timestamp::from_micros(5),
                span: Duration::from_secs(60),
                open: price("1"),
                high: price("2"),
                low: price("0.5"),
                close: price("1"),
                volume: Decimal::new(100, 1),
            }),
        }))
    }

    fn filled() -> Body {
        Body::Progress(Box::new(Change {
            at: Timestamp::from_micros(4),
            what: What::Filled {
                share: Decimal::new(50, 2),
                price: price("1.7"),
            },
            state: State::Partial(1),
            evidence: Evidence::Trade(Trade {
                id: 8,
                at: Timestamp::from_micros(4),
                price: price("1.7"),
            }),
        }))
    }

    /// What is on disk somewhere. Whoever must change a line here writes a new version instead.
    #[test]
    fn what_version_one_wrote_can_be_read_for_ever() {
        let zone = Entry::Zone {
            low: price("1.5"),
            high: price("2"),
        };
        let market = signal(Entry::Market(None));
        let word = Body::Instruction {
            order: Order::Retarget(vec![price("4")]),
            post: PostKey::new("8"),
        };
        let gone = Body::Revision {
            action: Action::Deleted,
            post: PostKey::new("7"),
        };
        let written = include_str!("event.v1.txt").lines();
        let bodies = [
            signal(zone),
            market,
            word,
            gone,
            filled(),
            outcome(None),
            outcome(Some(3)),
        ];

        assert_eq!(written.clone().count(), bodies.len());
        for (line, body) in written.zip(bodies) {
            let happening = happening(body);
            assert_eq!(write_body(&happening), line);
            assert_eq!(read_body(line).unwrap(), Told::Happening(happening));
        }
    }

    #[test]
    fn a_seal_comes_back_as_it_was() {
        let sealed = Sealed {
            epoch: Epoch::new("k3"),
            day: Day::of(Timestamp::from_millis(1_700_000_000_000)),
            after: Seq::ZERO,
            through: Seq::new(7),
            records: 9,
            root: Hash::NOTHING,
            figures: chain::leaf(b"x"),
            previous: Hash::NOTHING,
        };
        let seal = sealed.seal();
        let written = write_seal(&seal);
        let zeros = Hash::NOTHING;
        let (figures, hash) = (seal.sealed.figures, seal.hash);
        let wanted = format!(
            "{{\"v\":1,\"seal\":{{\"sealed\":{{\"epoch\":\"k3\",\"day\":1699920000000000,\"after\":0,\
             \"through\":7,\"records\":9,\"root\":\"{zeros}\",\"figures\":\"{figures}\",\
             \"previous\":\"{zeros}\"}},\"hash\":\"{hash}\"}}}}"
        );
        assert_eq!(written, wanted);
        assert_eq!(read_body(&written).unwrap(), Told::Seal(seal));
    }

    #[test]
    fn a_newer_version_is_refused() {
        let newer =
            write_body(&happening(signal(Entry::Market(None)))).replace("\"v\":1", "\"v\":2");

        assert!(
            read_body(&newer)
                .unwrap_err()
                .to_string()
                .contains("version")
        );
    }
}
