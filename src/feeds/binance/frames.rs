//! What Binance says over its socket, in Binance's own words.
//!
//! Pure: text in, frames out. Nothing here knows the platform's types but its prices and instants.

use std::time::Duration;

use smol_str::SmolStr;

use domain::market::{BadPrice, Candle, Mark, Price, Trade};
use domain::time::Timestamp;
use rust_decimal::Decimal;

mod raw;

use raw::{Envelope, Kind, RawAggTrade, RawBookTicker, RawKlineFrame, RawMark, RawTrade};

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// `@trade`
    Trade(TradeFrame),
    /// `@aggTrade`
    AggTrade(AggTradeFrame),
    /// `@kline_1m` and others
    Kline(KlineFrame),
    /// `@markPrice`
    Mark(MarkFrame),
    /// `@bookTicker`
    BookTicker(BookTickerFrame),
    /// The answer to a request.
    Answer(Answer),
    /// Something that nobody asked for.
    Other,
}

impl Frame {
    /// Its kind, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Trade(_) => "trade",
            Self::AggTrade(_) => "aggTrade",
            Self::Kline(_) => "kline",
            Self::Mark(_) => "markPrice",
            Self::BookTicker(_) => "bookTicker",
            Self::Answer(_) => "answer",
            Self::Other => "other",
        }
    }
}

/// A single trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeFrame {
    /// `BTCUSDT`
    pub symbol: SmolStr,
    /// When the venue sent it.
    pub sent: Timestamp,
    /// The trade.
    pub trade: Trade,
}

/// Trades of one order at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggTradeFrame {
    /// `BTCUSDT`
    pub symbol: SmolStr,
    /// When the venue sent it.
    pub sent: Timestamp,
    /// The trades.
    pub trades: AggTrade,
}

/// Trades of one order at one price, told as one, with the numbers of the first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AggTrade {
    /// The aggregate's own number.
    pub id: u64,
    /// Of the trades in it, the first.
    pub first: u64,
    /// Of the trades in it, the last.
    pub last: u64,
    /// When they happened.
    pub at: Timestamp,
    /// Their price.
    pub price: Price,
}

/// A candle while it grows, and when it is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KlineFrame {
    /// `BTCUSDT`
    pub symbol: SmolStr,
    /// When the venue sent it.
    pub sent: Timestamp,
    /// The candle so far.
    pub candle: Candle,
    /// The number of its last trade; none when it has no trades.
    pub last_trade: Option<u64>,
    /// Nothing will change in it any more.
    pub closed: bool,
}

/// What the venue reckons open positions of a perpetual at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkFrame {
    /// `BTCUSDT`
    pub symbol: SmolStr,
    /// The price, and when the venue sent it.
    pub mark: Mark,
}

/// The best offers. Spot gives no time with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookTickerFrame {
    /// `BTCUSDT`
    pub symbol: SmolStr,
    /// What a seller gets now; none when nobody buys.
    pub bid: Option<Price>,
    /// What a buyer pays now; none when nobody sells.
    pub ask: Option<Price>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which request.
    pub id: Option<u64>,
    /// What was wrong with it; none when it was done.
    pub error: Option<String>,
}

/// A frame that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// It is not the JSON that it should be.
    #[error("the frame is not as documented")]
    Json(#[from] serde_json::Error),
    /// A number in it is no price.
    #[error(transparent)]
    Price(#[from] BadPrice),
    /// A number in it is no number.
    #[error("`{0}` is no number")]
    Number(String),
    /// A candle contradicts itself.
    #[error(transparent)]
    Candle(#[from] domain::market::BadCandle),
}

/// Reads a frame, bare or as a combined stream wraps it.
///
/// # Errors
///
/// [`BadFrame`] when it is of a known kind and not as documented.
pub fn decode(text: &str) -> Result<Frame, BadFrame> {
    let envelope: Envelope<'_> = serde_json::from_str(text)?;
    if let Some(data) = envelope.data {
        return event(data.get());
    }
    if envelope.e.is_some() || envelope.u.is_some() {
        return event(text);
    }
    if envelope.id.is_some() || envelope.error.is_some() || envelope.code.is_some() {
        let refused = envelope.error.map(|error| error.get().to_owned());
        let refused = refused.or_else(|| envelope.code.map(|_| text.to_owned()));
        return Ok(Frame::Answer(Answer {
            id: envelope.id,
            error: refused,
        }));
    }
    Ok(Frame::Other)
}

fn event(text: &str) -> Result<Frame, BadFrame> {
    let kind: Kind<'_> = serde_json::from_str(text)?;
    Ok(match kind.e {
        Some("trade") => Frame::Trade(trade(&serde_json::from_str(text)?)?),
        Some("aggTrade") => Frame::AggTrade(agg_trade(&serde_json::from_str(text)?)?),
        Some("kline") => Frame::Kline(kline(&serde_json::from_str(text)?)?),
        Some("markPriceUpdate") => Frame::Mark(mark(&serde_json::from_str(text)?)?),
        Some("bookTicker") => Frame::BookTicker(book_ticker(&serde_json::from_str(text)?)?),
        None if kind.u.is_some() && kind.bid_size.is_some() => {
            Frame::BookTicker(book_ticker(&serde_json::from_str(text)?)?)
        }
        Some(_) | None => Frame::Other,
    })
}

fn trade(raw: &RawTrade<'_>) -> Result<TradeFrame, BadFrame> {
    Ok(TradeFrame {
        symbol: raw.s.into(),
        sent: Timestamp::from_millis(raw.sent),
        trade: Trade {
            id: raw.t,
            at: Timestamp::from_millis(raw.at),
            price: Price::parse(raw.p)?,
        },
    })
}

fn agg_trade(raw: &RawAggTrade<'_>) -> Result<AggTradeFrame, BadFrame> {
    Ok(AggTradeFrame {
        symbol: raw.s.into(),
        sent: Timestamp::from_millis(raw.sent),
        trades: AggTrade {
            id: raw.a,
            first: raw.f,
            last: raw.l,
            at: Timestamp::from_millis(raw.at),
            price: Price::parse(raw.p)?,
        },
    })
}

fn kline(raw: &RawKlineFrame<'_>) -> Result<KlineFrame, BadFrame> {
    let kline = &raw.k;
    Ok(KlineFrame {
        symbol: raw.s.into(),
        sent: Timestamp::from_millis(raw.sent),
        candle: candle(
            kline.t,
            kline.end,
            [kline.o, kline.h, kline.l, kline.c],
            kline.v,
        )?,
        last_trade: u64::try_from(kline.last).ok(),
        closed: kline.x,
    })
}

fn mark(raw: &RawMark<'_>) -> Result<MarkFrame, BadFrame> {
    Ok(MarkFrame {
        symbol: raw.s.into(),
        mark: Mark {
            price: Price::parse(raw.p)?,
            at: Timestamp::from_millis(raw.sent),
        },
    })
}

fn book_ticker(raw: &RawBookTicker<'_>) -> Result<BookTickerFrame, BadFrame> {
    let offer = |text: &str| match number(text)? {
        nobody if nobody.is_zero() => Ok(None),
        price => Price::new(price).map(Some).map_err(BadFrame::Price),
    };
    Ok(BookTickerFrame {
        symbol: raw.s.into(),
        bid: offer(raw.b)?,
        ask: offer(raw.a)?,
    })
}

/// A candle from Binance's columns, whose closing time is its last millisecond.
pub(super) fn candle(
    open: i64,
    last: i64,
    prices: [&str; 4],
    volume: &str,
) -> Result<Candle, BadFrame> {
    let span = u64::try_from(last.saturating_sub(open)).unwrap_or(0) + 1;
    let [open_price, high, low, close] = prices;
    Ok(Candle {
        open_time: Timestamp::from_millis(open),
        span: Duration::from_millis(span),
        open: Price::parse(open_price)?,
        high: Price::parse(high)?,
        low: Price::parse(low)?,
        close: Price::parse(close)?,
        volume: number(volume)?,
    }
    .checked()?)
}

fn number(text: &str) -> Result<Decimal, BadFrame> {
    Decimal::from_str_exact(text).map_err(|_| BadFrame::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_from_an_event() {
        assert_eq!(
            decode(r#"{"result":null,"id":3}"#).unwrap(),
            Frame::Answer(Answer {
                id: Some(3),
                error: None
            })
        );
        for refused in [
            r#"{"error":{"code":2,"msg":"Invalid request"},"id":4}"#,
            r#"{"code":2,"msg":"Invalid request","id":4}"#,
        ] {
            let Frame::Answer(answer) = decode(refused).unwrap() else {
                panic!("{refused} is an answer");
            };
            assert_eq!(answer.id, Some(4));
            assert!(answer.error.is_some());
        }
    }

    #[test]
    fn a_trade_keeps_its_number_its_time_and_its_exact_price() {
        let text = r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}"#;
        let Frame::Trade(frame) = decode(text).unwrap() else {
            panic!("a trade");
        };
        assert_eq!(frame.symbol, "BTCUSDT");
        assert_eq!(frame.sent.as_millis(), 1_723_161_255_343);
        assert_eq!(frame.trade.id, 3_735_683_259);
        assert_eq!(frame.trade.at.as_millis(), 1_723_161_255_342);
        assert_eq!(frame.trade.price.to_string(), "61837.63");
    }

    #[test]
    fn a_candle_without_trades_has_no_last_one() {
        let text = r#"{"e":"kline","E":1638747660000,"s":"BNBBTC","k":{"t":1638747660000,"T":1638747719999,"s":"BNBBTC","i":"1m","f":-1,"L":-1,"o":"0.0010","c":"0.0010","h":"0.0010","l":"0.0010","v":"0","n":0,"x":true,"q":"0","V":"0","Q":"0","B":"0"}}"#;
        let Frame::Kline(frame) = decode(text).unwrap() else {
            panic!("a candle");
        };
        assert_eq!(frame.last_trade, None);
        assert!(frame.closed);
        assert_eq!(frame.candle.span, Duration::from_secs(60));
    }

    #[test]
    fn what_is_not_as_documented_is_refused_and_what_is_unknown_is_let_pass() {
        assert!(decode("{").is_err());
        assert!(decode(r#"{"e":"trade","E":1,"s":"X","t":1,"p":"-1","T":1}"#).is_err());
        assert_eq!(
            decode(r#"{"lastUpdateId":1,"bids":[]}"#).unwrap(),
            Frame::Other
        );
        assert_eq!(
            decode(r#"{"stream":"x@depth","data":{"e":"depthUpdate","u":5,"b":[]}}"#).unwrap(),
            Frame::Other
        );
    }
}
