//! Signals for the tests of figures, as plain as they can be.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{ChannelId, PostKey, Seq, SignalId};
use domain::lifecycle::{BoundResult, Ending, Outcome, POLICY, State};
use domain::market::{Instrument, Price, Side};
use domain::ports::store::SignalRecord;
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// Some second.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis((1_735_689_600 + second) * 1_000)
}

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

/// A long of BTC from 100 to 110, received at this second, that is open.
pub(crate) fn open(post: &str, second: i64, stop: &str) -> SignalRecord {
    let channel = ChannelId::parse("alpha").unwrap();
    let post = PostKey::new(post);
    let signal = Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("sim:spot:BTC/USDT").unwrap(),
        substituted: false,
        side: Side::Long,
        entry: Entry::Limit(price("100")),
        targets: vec![Target {
            price: price("110"),
            weight: None,
        }],
        stop: Some(price(stop)),
        leverage: None,
        breakeven_after: None,
        posted: at(second),
        received: at(second),
        expires_at: at(second + 86_400),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: None,
        ambiguous: false,
    };
    SignalRecord {
        signal: Arc::new(signal),
        seq: Seq::new(u64::try_from(second).unwrap() + 1),
        score: None,
        state: State::Active,
        outcome: None,
        edited: false,
        deleted: false,
    }
}

/// The same, an hour later: it earned so much, and its best price was worth so much; none was not
/// entered.
pub(crate) fn ended(record: SignalRecord, earned: Option<(&str, &str)>) -> SignalRecord {
    let received = record.signal.received;
    let ending = earned.map_or(Ending::ExpiredUnfilled, |_| Ending::ClosedByAuthor);
    let bound = BoundResult {
        ending,
        r: earned.map(|(r, _)| decimal(r)),
        filled: Decimal::from(i64::from(earned.is_some())),
        targets: 0,
        entered_at: earned.map(|_| received + Duration::from_secs(60)),
        ended_at: received + Duration::from_secs(3_600),
        mfe: earned.map(|(_, best)| decimal(best)),
        mae: None,
    };
    SignalRecord {
        state: State::Ended(ending),
        outcome: Some(Outcome {
            model: "default/1",
            policy: Some(POLICY),
            pessimistic: bound.clone(),
            optimistic: bound,
            ambiguous: false,
            incomplete: false,
        }),
        ..record
    }
}
