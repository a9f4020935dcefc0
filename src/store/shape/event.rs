//! How an event's body is kept: everything of its happening, in one JSON object with a version.

use domain::event::{Body, Happening};

use super::{Kept, Unreadable, kept_enum, kept_struct, object};

/// The version of the shape below.
const VERSION: u64 = 1;

/// A happening as text.
pub(crate) fn write_body(happening: &Happening) -> String {
    object([("v", VERSION.keep()), ("happening", happening.keep())]).to_string()
}

/// A happening from its text.
pub(crate) fn read_body(text: &str) -> Result<Happening, Unreadable> {
    let value = super::json(text)?;
    let mut members = super::members(value, "event")?;
    super::version(&mut members, VERSION)?;
    super::member(&mut members, "happening")
}

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
