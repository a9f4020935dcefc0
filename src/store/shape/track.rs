//! How a track is kept between two lives of its market.

use domain::execution::Costs;
use domain::ids::SignalId;
use domain::lifecycle::{Goal, Leg, Run, Terms, Track, Unheard, Waiting, Wanted, Watch, Word};
use serde_json::Value;

use super::{Kept, Unreadable, kept_enum, kept_struct, labelled, members, object, tagged};

/// The version of the shape below.
const VERSION: u64 = 1;

/// A track as text.
pub(crate) fn write_snapshot(track: &Track) -> String {
    object([("v", VERSION.keep()), ("track", track.keep())]).to_string()
}

/// A track from its text.
pub(crate) fn read_snapshot(text: &str) -> Result<Track, Unreadable> {
    let value = super::json(text)?;
    let mut members = super::members(value, "track")?;
    super::version(&mut members, VERSION)?;
    super::member(&mut members, "track")
}

kept_struct!(Track {
    terms,
    published,
    pessimistic,
    optimistic,
    started,
    last,
    seen_until,
    ambiguous,
    incomplete,
    judged,
    unheard,
    watch,
    deadline,
});
kept_struct!(Unheard { at, word });
kept_struct!(Terms {
    model,
    policy,
    side,
    entry,
    legs,
    stop,
    goals,
    zone_legs,
    breakeven_after,
    received,
    expires_at,
    held_at_most,
    price_at_receipt,
    costs,
    nearest_stop,
    stop_follows_from,
    first_target_only,
    delay,
});
kept_struct!(Leg { limit, share });
kept_struct!(Goal { k, price, weight });
kept_struct!(Costs {
    maker,
    taker,
    slippage,
});
kept_struct!(Run {
    state,
    legs_filled,
    legs_moved,
    legs_since,
    legs_cancelled,
    filled,
    open,
    basis,
    cash,
    stop,
    stop_before,
    stop_since,
    goals,
    goals_since,
    reached,
    waiting,
    entered_at,
    ended_at,
    best,
    worst,
});
kept_struct!(Waiting { since, what });
kept_enum!(Wanted {
    "share" => Share(share),
    "end" => End(ending),
});
kept_struct!(Watch { below, above });

impl Kept for Word {
    fn keep(&self) -> Value {
        match self {
            Self::Order(order, post) => {
                let said = object([("order", order.keep()), ("post", post.keep())]);
                tagged("order", said)
            }
            Self::Opposite(signal) => tagged("opposite", signal.keep()),
        }
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        let (label, content) = labelled(value, "Word")?;
        match label.as_str() {
            "order" => {
                let mut said = members(content, "Word")?;
                Ok(Self::Order(
                    super::member(&mut said, "order")?,
                    super::member(&mut said, "post")?,
                ))
            }
            "opposite" => SignalId::read(content).map(Self::Opposite),
            other => Err(Unreadable::new(other, "Word")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::execution::ExecutionModel;
    use domain::ids::{ChannelId, PostKey};
    use domain::market::{Instrument, Price, Side};
    use domain::post::Origin;
    use domain::reading::{Entry, Order};
    use domain::signal::Signal;
    use domain::time::Timestamp;

    use super::*;

    fn track(model: &str) -> Track {
        let (channel, post) = (ChannelId::parse("alpha").unwrap(), PostKey::new("7"));
        let price = |text| Price::parse(text).unwrap();
        let signal = Signal {
            id: SignalId::of(&channel, &post, 0),
            channel,
            post,
            origin: Origin::Live,
            instrument: Instrument::parse("sim:spot:BTC/USDT").unwrap(),
            substituted: false,
            side: Side::Long,
            entry: Entry::Limit(price("100")),
            targets: Vec::new(),
            stop: Some(price("95")),
            leverage: None,
            breakeven_after: None,
            posted: Timestamp::from_micros(1),
            received: Timestamp::from_micros(2),
            expires_at: Timestamp::from_micros(3),
            held_at_most: Duration::from_secs(9),
            price_at_receipt: None,
            ambiguous: false,
        };
        Track::open(&signal, &ExecutionModel::named(model).unwrap())
    }

    #[test]
    fn words_that_a_late_follower_has_not_heard_are_kept() {
        let mut late = track("default-5m/1");
        let order = Word::Order(Order::Breakeven, PostKey::new("8"));
        let turn = Word::Opposite(SignalId::from_uuid(uuid::Uuid::nil()));
        for (at, word) in [(5, order), (6, turn)] {
            late.hear(&word, Timestamp::from_micros(at), &mut Vec::new());
        }
        assert_eq!(late.unheard.len(), 2);
        assert_eq!(read_snapshot(&write_snapshot(&late)).unwrap(), late);
    }

    #[test]
    fn a_track_of_before_words_were_kept_and_legs_were_counted_goes_on() {
        let mut track = track("default/1");
        let written = write_snapshot(&track);
        let older = written.replace(r#","unheard":[]"#, "");
        let older = older.replace(r#""zone_legs":3,"#, "");
        assert_eq!(written.len() - older.len(), 13 + 14, "{written}");
        track.terms.zone_legs = None;
        assert_eq!(read_snapshot(&older).unwrap(), track);
    }
}
