//! Values that a file gives as they are, and the environment only as text.

use std::net::SocketAddr;

use serde::de::{DeserializeOwned, Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};

/// One of some words; another is refused with those that are known.
pub(super) fn word<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    T::deserialize(text.into_deserializer())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

/// A list, or text that is separated by commas.
pub(super) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let given = ListOrText::deserialize(from)
        .map_err(|_| D::Error::custom("a list of texts is needed, or texts separated by commas"))?;
    Ok(match given {
        ListOrText::List(list) => list,
        ListOrText::Text(text) => {
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        }
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// A number, or text that is one.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let needed = || D::Error::custom("a whole number is needed");
    match NumberOrText::deserialize(from).map_err(|_| needed())? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.trim().parse().map_err(|_| needed()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FlagOrText {
    Flag(bool),
    Text(String),
}

/// Yes or no, or text that is one.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let needed = || D::Error::custom("`true` or `false` is needed");
    match FlagOrText::deserialize(from).map_err(|_| needed())? {
        FlagOrText::Flag(flag) => Ok(flag),
        FlagOrText::Text(text) => text.trim().parse().map_err(|_| needed()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(i64),
}

/// Text, or a number that stands for one.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let needed = || D::Error::custom("a text or a whole number is needed");
    Ok(
        match TextOrNumber::deserialize(from).map_err(|_| needed())? {
            TextOrNumber::Text(text) => text.trim().to_owned(),
            TextOrNumber::Number(number) => number.to_string(),
        },
    )
}

/// Where to listen, or an empty text for nowhere.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let needed = |_| D::Error::custom("an address and a port are needed, as in 127.0.0.1:9090");
    text.parse().map(Some).map_err(needed)
}
