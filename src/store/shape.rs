//! The shape of what is kept as JSON: event bodies, drafts and track snapshots.
//!
//! The domain knows nothing of JSON, so each kept type is listed here once, by its fields. The
//! lists destructure what they keep: a field that the domain gains does not compile until
//! somebody decided how it is kept. Numbers that must come back exactly are text.

use serde_json::{Map, Value};

mod change;
mod event;
mod idea;
mod plain;
mod track;

pub(crate) use event::{read_body, write_body, write_seal};
pub(crate) use plain::{lasting, signal_id};
pub(crate) use track::{read_snapshot, write_snapshot};

/// What was kept and cannot be read: the program that wrote it knew more than this one.
#[derive(Debug, thiserror::Error)]
#[error("`{found}` is no {wanted}")]
pub(crate) struct Unreadable {
    found: String,
    wanted: &'static str,
}

impl Unreadable {
    fn new(found: impl ToString, wanted: &'static str) -> Self {
        let found = found.to_string();
        Self { found, wanted }
    }
}

/// A type that can be kept as JSON and comes back as it was.
pub(crate) trait Kept: Sized {
    /// As JSON.
    fn keep(&self) -> Value;
    /// From JSON.
    fn read(value: Value) -> Result<Self, Unreadable>;
}

/// Lists the fields by which a struct is kept. Their names are on disk: to rename one in the
/// domain, a new version of the shape is needed.
macro_rules! kept_struct {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl crate::store::shape::Kept for $type {
            fn keep(&self) -> serde_json::Value {
                let Self { $($field),* } = self;
                crate::store::shape::object([$((stringify!($field), $field.keep())),*])
            }

            fn read(value: serde_json::Value) -> Result<Self, crate::store::shape::Unreadable> {
                let mut members = crate::store::shape::members(value, stringify!($type))?;
                Ok(Self { $($field: crate::store::shape::member(&mut members, stringify!($field))?),* })
            }
        }
    };
}

/// Lists the labels by which an enum's variants are kept: a bare variant as its label, one with
/// content as `{"label": content}`.
macro_rules! kept_enum {
    ($type:ident { $($label:literal => $variant:ident $(($inner:ident))? $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
        impl crate::store::shape::Kept for $type {
            fn keep(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? =>
                        kept_enum!(@keep $label $(($inner))? $({ $($field),* })?),)*
                }
            }

            fn read(value: serde_json::Value) -> Result<Self, crate::store::shape::Unreadable> {
                let (label, content) = crate::store::shape::labelled(value, stringify!($type))?;
                match label.as_str() {
                    $($label => kept_enum!(@read content $type $variant $(($inner))? $({ $($field),* })?),)*
                    other => Err(crate::store::shape::Unreadable::new(other, stringify!($type))),
                }
            }
        }
    };
    (@keep $label:literal) => { serde_json::Value::from($label) };
    (@keep $label:literal ($inner:ident)) => {
        crate::store::shape::tagged($label, $inner.keep())
    };
    (@keep $label:literal { $($field:ident),* }) => {
        crate::store::shape::tagged($label, crate::store::shape::object([$((stringify!($field), $field.keep())),*]))
    };
    (@read $content:ident $type:ident $variant:ident) => {{
        drop($content);
        Ok($type::$variant)
    }};
    (@read $content:ident $type:ident $variant:ident ($inner:ident)) => {
        Ok($type::$variant(crate::store::shape::Kept::read($content)?))
    };
    (@read $content:ident $type:ident $variant:ident { $($field:ident),* }) => {{
        let mut members = crate::store::shape::members($content, stringify!($variant))?;
        Ok($type::$variant { $($field: crate::store::shape::member(&mut members, stringify!($field))?),* })
    }};
}

pub(crate) use {kept_enum, kept_struct};

/// A JSON object; what is absent is left out.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Numbers as they are, what is unknown as null.
pub(crate) fn numbers(values: &[f32]) -> Value {
    values.iter().copied().map(Value::from).collect()
}

/// A variant with content, which may be null.
pub(crate) fn tagged(label: &str, content: Value) -> Value {
    let mut members = Map::new();
    members.insert(label.to_owned(), content);
    Value::Object(members)
}

fn members(value: Value, wanted: &'static str) -> Result<Map<String, Value>, Unreadable> {
    if let Value::Object(members) = value {
        Ok(members)
    } else {
        Err(Unreadable::new(value, wanted))
    }
}

/// Takes a member out; an absent one reads as null, which an optional field takes.
fn member<T: Kept>(members: &mut Map<String, Value>, name: &str) -> Result<T, Unreadable> {
    T::read(members.get_mut(name).map_or(Value::Null, Value::take))
}

/// A variant's label and its content, null where it has none.
pub(crate) fn labelled(value: Value, wanted: &'static str) -> Result<(String, Value), Unreadable> {
    if let Value::String(label) = value {
        return Ok((label, Value::Null));
    }
    let mut members = members(value, wanted)?.into_iter();
    match (members.next(), members.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Unreadable::new("several labels at once", wanted)),
    }
}

fn text(value: Value, wanted: &'static str) -> Result<String, Unreadable> {
    if let Value::String(text) = value {
        Ok(text)
    } else {
        Err(Unreadable::new(value, wanted))
    }
}

pub(crate) fn json(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable::new(text, "JSON"))
}

/// Refuses what a newer program wrote in a shape of its own.
fn version(members: &mut Map<String, Value>, known: u64) -> Result<(), Unreadable> {
    let found: u64 = member(members, "v")?;
    if found == known {
        Ok(())
    } else {
        Err(Unreadable::new(found, "version that this program knows"))
    }
}
