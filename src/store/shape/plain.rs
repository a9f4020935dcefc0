//! How single values are kept: numbers, texts, times, and lists of anything kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::chain::{Day, Hash};
use domain::ids::{ChannelId, Epoch, PostKey, Seq, SignalId};
use domain::market::{Instrument, Pair, Price, Venue};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use smol_str::SmolStr;

use super::{Kept, Unreadable, text};

/// Keeps a type as the text that it prints and parses.
macro_rules! kept_text {
    ($($type:ty: $parse:expr),* $(,)?) => {
        $(impl Kept for $type {
            fn keep(&self) -> Value {
                Value::String(self.to_string())
            }

            fn read(value: Value) -> Result<Self, Unreadable> {
                let text = text(value, stringify!($type))?;
                $parse(&text).ok().ok_or_else(|| Unreadable::new(text, stringify!($type)))
            }
        })*
    };
}

/// Keeps a number as a JSON number.
macro_rules! kept_number {
    ($($type:ty: $as:ident),* $(,)?) => {
        $(impl Kept for $type {
            fn keep(&self) -> Value {
                Value::from(*self)
            }

            fn read(value: Value) -> Result<Self, Unreadable> {
                value
                    .$as()
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| Unreadable::new(value, stringify!($type)))
            }
        })*
    };
}

// A decimal keeps its trailing zeros here, unlike in columns: a replayed event must give the
// same bytes as the live one. A float's shortest text reads back to the same bits, which a JSON
// number does not promise.
kept_text! {
    Price: Price::parse,
    Decimal: Decimal::from_str_exact,
    f64: str::parse::<f64>,
    Instrument: Instrument::parse,
    Pair: Pair::parse,
    Venue: venue,
    ChannelId: ChannelId::parse,
    Epoch: epoch,
    Hash: hash,
    PostKey: post_key,
    SignalId: signal_id,
    SmolStr: str::parse::<SmolStr>,
    String: str::parse::<String>,
}
kept_number!(u8: as_u64, u32: as_u64, u64: as_u64, i64: as_i64, bool: as_bool);

fn venue(name: &str) -> Result<Venue, Unreadable> {
    Ok(Venue::new(name))
}

fn epoch(name: &str) -> Result<Epoch, Unreadable> {
    Ok(Epoch::new(name))
}

fn hash(digits: &str) -> Result<Hash, Unreadable> {
    Hash::parse(digits).ok_or_else(|| Unreadable::new(digits, "Hash"))
}

fn post_key(key: &str) -> Result<PostKey, Unreadable> {
    Ok(PostKey::new(key))
}

/// Reads a signal's id.
pub(crate) fn signal_id(id: &str) -> Result<SignalId, uuid::Error> {
    id.parse().map(SignalId::from_uuid)
}

impl Kept for Timestamp {
    fn keep(&self) -> Value {
        self.as_micros().keep()
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        i64::read(value).map(Self::from_micros)
    }
}

impl Kept for Day {
    /// Its first instant.
    fn keep(&self) -> Value {
        self.begin().keep()
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        Timestamp::read(value).map(Self::of)
    }
}

impl Kept for Seq {
    fn keep(&self) -> Value {
        self.get().keep()
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        u64::read(value).map(Self::new)
    }
}

impl Kept for Duration {
    /// Seconds and nanoseconds: no unit is both fine and long enough.
    fn keep(&self) -> Value {
        Value::from(vec![
            Value::from(self.as_secs()),
            Value::from(self.subsec_nanos()),
        ])
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        let parts = Vec::<u64>::read(value)?;
        let nanos = parts.get(1).and_then(|nanos| u32::try_from(*nanos).ok());
        match (parts.first(), nanos) {
            (Some(secs), Some(nanos)) if nanos < 1_000_000_000 => Ok(Self::new(*secs, nanos)),
            _ => Err(Unreadable::new(format!("{parts:?}"), "Duration")),
        }
    }
}

impl<T: Kept> Kept for Option<T> {
    fn keep(&self) -> Value {
        self.as_ref().map_or(Value::Null, Kept::keep)
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Null => Ok(None),
            present @ (Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => T::read(present).map(Some),
        }
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn keep(&self) -> Value {
        Value::Array(self.iter().map(Kept::keep).collect())
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            // A list that an older program did not keep.
            Value::Null => Ok(Self::new()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Unreadable::new(value, "list"))
            }
        }
    }
}

impl<T: Kept> Kept for Box<T> {
    fn keep(&self) -> Value {
        T::keep(self)
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        T::read(value).map(Self::new)
    }
}

impl<T: Kept> Kept for Arc<T> {
    fn keep(&self) -> Value {
        T::keep(self)
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        T::read(value).map(Self::new)
    }
}

impl Kept for &'static str {
    fn keep(&self) -> Value {
        Value::from(*self)
    }

    fn read(value: Value) -> Result<Self, Unreadable> {
        text(value, "text").map(|text| lasting(&text))
    }
}

/// A text that lives as long as the program, the same one for the same text. The domain's
/// reasons and model names are literals; those that ever were are few, so they may stay.
pub(crate) fn lasting(text: &str) -> &'static str {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(same) = known.get(text) {
        return same;
    }
    let lasting: &'static str = text.to_owned().leak();
    known.insert(lasting);
    lasting
}
