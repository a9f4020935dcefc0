//! What Coinbase says over the socket of Advanced Trade, in Coinbase's own words.
//!
//! Pure: text in, frames out.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;

use domain::market::{BadPrice, Price, Trade};

use crate::feeds::venue::protocol::{Frame, Said};
use crate::feeds::venue::time::{BadTime, instant};

/// A frame that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadFrame {
    /// It is not the JSON that it should be.
    #[error("the frame is not as documented")]
    Json(#[from] serde_json::Error),
    /// A number in it is no price.
    #[error(transparent)]
    Price(#[from] BadPrice),
    /// The number of a trade is none.
    #[error("`{0}` is no number of a trade")]
    Number(String),
    /// A time in it is none.
    #[error(transparent)]
    Time(#[from] BadTime),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    channel: Option<&'a str>,
    timestamp: Option<&'a str>,
    sequence_num: Option<u64>,
    #[serde(borrow)]
    events: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Traded<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    trades: Vec<RawTrade<'a>>,
}

#[derive(Deserialize)]
struct RawTrade<'a> {
    trade_id: &'a str,
    product_id: &'a str,
    price: &'a str,
    time: &'a str,
}

#[derive(Deserialize)]
struct Subscribed {
    subscriptions: HashMap<String, Vec<String>>,
}

/// Reads a frame.
///
/// # Errors
///
/// [`BadFrame`] when it is of a known kind and not as documented.
pub(super) fn decode(text: &str) -> Result<Frame, BadFrame> {
    let envelope: Envelope<'_> = serde_json::from_str(text)?;
    let sent = envelope.timestamp.map(instant).transpose()?;
    let (kind, said) = match (envelope.channel, envelope.kind) {
        (Some("market_trades"), _) => trades(envelope.events)?,
        (Some("subscriptions"), _) => ("answer", subscribed(envelope.events)?),
        (Some("heartbeats"), _) => ("heartbeat", Vec::new()),
        (None, Some("error")) => {
            let refused = Said::Answered {
                id: None,
                symbol: None,
                refused: Some(envelope.message.unwrap_or_default()),
            };
            ("answer", vec![refused])
        }
        (Some(_) | None, _) => ("other", Vec::new()),
    };
    Ok(Frame {
        kind,
        sent,
        sequence: envelope.sequence_num,
        said,
    })
}

/// The trades of a frame, in order: within one Coinbase may tell the newest first. What was traded
/// before the subscription is fetched like everything else that was missed.
fn trades(events: Option<&RawValue>) -> Result<(&'static str, Vec<Said>), BadFrame> {
    let events: Vec<Traded<'_>> = match events {
        Some(events) => serde_json::from_str(events.get())?,
        None => Vec::new(),
    };
    if events.iter().any(|event| event.kind == "snapshot") {
        return Ok(("snapshot", Vec::new()));
    }
    let mut told = Vec::new();
    for raw in events.iter().flat_map(|event| &event.trades) {
        let trade = Trade {
            id: number(raw.trade_id)?,
            at: instant(raw.time)?,
            price: Price::parse(raw.price)?,
        };
        told.push((SmolStr::from(raw.product_id), trade));
    }
    told.sort_by_key(|(_, trade)| trade.id);
    let said = told
        .into_iter()
        .map(|(symbol, trade)| Said::Trade(symbol, trade));
    Ok(("trade", said.collect()))
}

fn subscribed(events: Option<&RawValue>) -> Result<Vec<Said>, BadFrame> {
    let mut events: Vec<Subscribed> = match events {
        Some(events) => serde_json::from_str(events.get())?,
        None => Vec::new(),
    };
    let now = events
        .iter_mut()
        .filter_map(|event| event.subscriptions.remove("market_trades"))
        .flatten()
        .map(SmolStr::from);
    Ok(vec![Said::Subscribed(now.collect())])
}

pub(super) fn number(text: &str) -> Result<u64, BadFrame> {
    text.parse().map_err(|_| BadFrame::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trades_of_a_frame_are_told_in_the_order_of_their_numbers() {
        let text = r#"{"channel":"market_trades","client_id":"","timestamp":"2026-04-07T14:30:02.789012Z","sequence_num":5,"events":[{"type":"update","trades":[
            {"trade_id":"12","product_id":"BTC-USD","price":"68900.00","size":"1","side":"SELL","time":"2026-04-07T14:30:02.8Z"},
            {"trade_id":"11","product_id":"BTC-USD","price":"68900.50","size":"1","side":"BUY","time":"2026-04-07T14:30:02.789012Z"}]}]}"#;
        let frame = decode(text).unwrap();
        assert_eq!(frame.sequence, Some(5));
        let trade = |id, price, at| {
            let (price, at) = (Price::parse(price).unwrap(), instant(at).unwrap());
            Said::Trade("BTC-USD".into(), Trade { id, at, price })
        };
        assert_eq!(
            frame.said,
            [
                trade(11, "68900.5", "2026-04-07T14:30:02.789012Z"),
                trade(12, "68900", "2026-04-07T14:30:02.8Z"),
            ]
        );
    }

    #[test]
    fn an_error_answers_whatever_was_asked_last() {
        let frame = decode(r#"{"type":"error","message":"no such product"}"#).unwrap();
        let refused = Some("no such product".to_owned());
        assert_eq!(
            frame.said,
            [Said::Answered {
                id: None,
                symbol: None,
                refused
            }]
        );
    }

    #[test]
    fn what_is_not_as_documented_is_refused_and_what_is_unknown_is_let_pass() {
        assert!(decode("{").is_err());
        let trade = |id: &str, price: &str, time: &str| {
            format!(
                r#"{{"channel":"market_trades","events":[{{"type":"update","trades":[{{"trade_id":"{id}","product_id":"A-B","price":"{price}","time":"{time}"}}]}}]}}"#
            )
        };
        let time = "2026-04-07T14:30:02Z";
        assert!(decode(&trade("1", "5", time)).is_ok());
        for bad in [
            trade("one", "5", time),
            trade("1", "-5", time),
            trade("1", "5", "soon"),
        ] {
            assert!(decode(&bad).is_err(), "{bad}");
        }
        assert_eq!(decode(r#"{"channel":"l2_data"}"#).unwrap().kind, "other");
    }
}
