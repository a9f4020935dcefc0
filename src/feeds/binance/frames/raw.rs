//! The members of Binance's frames, by the letters that Binance gives them.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    pub(super) id: Option<u64>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) code: Option<i64>,
    #[serde(borrow)]
    pub(super) e: Option<&'a str>,
    pub(super) u: Option<u64>,
    #[serde(rename = "result")]
    pub(super) _result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) e: Option<&'a str>,
    pub(super) u: Option<u64>,
    #[serde(rename = "B", borrow)]
    pub(super) bid_size: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct RawTrade<'a> {
    #[serde(rename = "E")]
    pub(super) sent: i64,
    pub(super) s: &'a str,
    pub(super) t: u64,
    pub(super) p: &'a str,
    #[serde(rename = "T")]
    pub(super) at: i64,
}

#[derive(Deserialize)]
pub(super) struct RawAggTrade<'a> {
    #[serde(rename = "E")]
    pub(super) sent: i64,
    pub(super) s: &'a str,
    pub(super) a: u64,
    pub(super) f: u64,
    pub(super) l: u64,
    pub(super) p: &'a str,
    #[serde(rename = "T")]
    pub(super) at: i64,
}

#[derive(Deserialize)]
pub(super) struct RawKlineFrame<'a> {
    #[serde(rename = "E")]
    pub(super) sent: i64,
    pub(super) s: &'a str,
    #[serde(borrow)]
    pub(super) k: RawKline<'a>,
}

#[derive(Deserialize)]
pub(super) struct RawKline<'a> {
    pub(super) t: i64,
    #[serde(rename = "T")]
    pub(super) end: i64,
    #[serde(rename = "L")]
    pub(super) last: i64,
    pub(super) o: &'a str,
    pub(super) h: &'a str,
    pub(super) l: &'a str,
    pub(super) c: &'a str,
    pub(super) v: &'a str,
    pub(super) x: bool,
}

#[derive(Deserialize)]
pub(super) struct RawMark<'a> {
    #[serde(rename = "E")]
    pub(super) sent: i64,
    pub(super) s: &'a str,
    pub(super) p: &'a str,
}

#[derive(Deserialize)]
pub(super) struct RawBookTicker<'a> {
    pub(super) s: &'a str,
    pub(super) b: &'a str,
    pub(super) a: &'a str,
}
