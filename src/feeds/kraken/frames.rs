//! What Kraken says over version 2 of its socket, in Kraken's own words.
//!
//! Pure: text in, frames out. Prices stand there as JSON numbers; they are read from their digits,
//! never through a binary fraction.

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
    /// A time in it is none.
    #[error(transparent)]
    Time(#[from] BadTime),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    channel: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    method: Option<&'a str>,
    req_id: Option<u64>,
    success: Option<bool>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    symbol: Option<&'a str>,
    error: Option<String>,
    time_out: Option<&'a str>,
}

/// What a request was about, as its answer repeats it.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    symbol: Option<&'a str>,
}

#[derive(Deserialize)]
struct RawTrade<'a> {
    symbol: &'a str,
    #[serde(borrow)]
    price: &'a RawValue,
    trade_id: u64,
    timestamp: &'a str,
}

/// Reads a frame.
///
/// # Errors
///
/// [`BadFrame`] when it is of a known kind and not as documented.
pub(super) fn decode(text: &str) -> Result<Frame, BadFrame> {
    let envelope: Envelope<'_> = serde_json::from_str(text)?;
    if envelope.method.is_some() {
        return answer(&envelope);
    }
    match (envelope.channel, envelope.kind) {
        (Some("trade"), Some("update")) => trades(&envelope),
        (Some("trade"), _) => Ok(Frame::silent("snapshot")),
        (Some("ohlc"), _) => Ok(Frame::silent("ohlc")),
        (Some("heartbeat"), _) => Ok(Frame::silent("heartbeat")),
        (Some("status"), _) => Ok(Frame::silent("status")),
        (Some(_) | None, _) => Ok(Frame::silent("other")),
    }
}

fn trades(envelope: &Envelope<'_>) -> Result<Frame, BadFrame> {
    let raw: Vec<RawTrade<'_>> = match envelope.data {
        Some(data) => serde_json::from_str(data.get())?,
        None => Vec::new(),
    };
    let mut said = Vec::with_capacity(raw.len());
    for raw in &raw {
        let trade = Trade {
            id: raw.trade_id,
            at: instant(raw.timestamp)?,
            price: Price::parse(raw.price.get())?,
        };
        said.push((SmolStr::from(raw.symbol), trade));
    }
    said.sort_by_key(|(_, trade)| trade.id);
    Ok(Frame {
        kind: "trade",
        // Nothing else says when it was sent; that it is a little earlier errs on the safe side.
        sent: said.iter().map(|(_, trade)| trade.at).max(),
        sequence: None,
        said: said
            .into_iter()
            .map(|(symbol, trade)| Said::Trade(symbol, trade))
            .collect(),
    })
}

fn answer(envelope: &Envelope<'_>) -> Result<Frame, BadFrame> {
    let sent = envelope.time_out.map(instant).transpose()?;
    if !matches!(envelope.method, Some("subscribe" | "unsubscribe")) {
        return Ok(Frame {
            sent,
            ..Frame::silent("answer")
        });
    }
    let about: Option<About<'_>> = match envelope.result {
        Some(result) => Some(serde_json::from_str(result.get())?),
        None => None,
    };
    let symbol = about.and_then(|about| about.symbol).or(envelope.symbol);
    let refused = (envelope.success != Some(true)).then(|| {
        let why = envelope.error.clone();
        why.unwrap_or_else(|| "without a reason".to_owned())
    });
    Ok(Frame {
        kind: "answer",
        sent,
        sequence: None,
        said: vec![Said::Answered {
            id: envelope.req_id,
            symbol: symbol.map(SmolStr::from),
            refused,
        }],
    })
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn a_trade_keeps_its_number_its_time_and_its_exact_price() {
        let text = r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":105944.20,"qty":0.00027625,"ord_type":"limit","trade_id":10218208,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;
        let frame = decode(text).unwrap();
        let at = Timestamp::from_micros(1_696_613_755_440_295);
        assert_eq!(frame.sent, Some(at));
        let price = Price::parse("105944.2").unwrap();
        let id = 10_218_208;
        assert_eq!(
            frame.said,
            [Said::Trade("BTC/USD".into(), Trade { id, at, price })]
        );
    }

    #[test]
    fn an_answer_names_its_request_and_its_symbol() {
        let done = r#"{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD","snapshot":false},"success":true,"time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z","req_id":1}"#;
        let said = Said::Answered {
            id: Some(1),
            symbol: Some("BTC/USD".into()),
            refused: None,
        };
        let frame = decode(done).unwrap();
        assert_eq!(frame.said, [said]);
        assert!(frame.sent.is_some());

        let refused = r#"{"error":"Currency pair not supported NO/USD","method":"subscribe","req_id":2,"success":false,"symbol":"NO/USD","time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z"}"#;
        let said = decode(refused).unwrap().said;
        assert!(
            matches!(&said[..], [Said::Answered { id: Some(2), symbol: Some(symbol), refused: Some(why) }]
                if symbol == "NO/USD" && why.contains("not supported"))
        );
    }

    #[test]
    fn what_is_not_as_documented_is_refused_and_what_is_unknown_is_let_pass() {
        assert!(decode("{").is_err());
        let negative = r#"{"channel":"trade","type":"update","data":[{"symbol":"A/B","price":-1,"trade_id":1,"timestamp":"2023-10-06T17:35:55Z"}]}"#;
        assert!(decode(negative).is_err());
        let timeless = r#"{"channel":"trade","type":"update","data":[{"symbol":"A/B","price":1,"trade_id":1,"timestamp":"soon"}]}"#;
        assert!(decode(timeless).is_err());
        assert_eq!(decode(r#"{"channel":"book"}"#).unwrap().kind, "other");
    }
}
