//! The REST interface: what there is to trade, and what was traded.

use std::collections::HashMap;

use actix_web::web::{self, Data, Query};
use actix_web::{HttpResponse, Responder};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::topic;
use crate::market::{Kline, MINUTE_MS, Market, Symbol, Trade};
use crate::world::World;

/// How many rows are given at most, and where nobody says how many.
const MOST_ROWS: i64 = 1000;
const ROWS: i64 = 500;

type Asked = Query<HashMap<String, String>>;

pub(super) async fn ping() -> impl Responder {
    web::Json(json!({}))
}

pub(super) async fn time(world: Data<World>) -> impl Responder {
    web::Json(json!({ "serverTime": world.now_ms() }))
}

pub(super) async fn info(asked: Asked, world: Data<World>) -> Result<HttpResponse, Refusal> {
    let symbols: Vec<_> = chosen(&asked, world.press.market())?
        .into_iter()
        .map(listing)
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "timezone": "UTC",
        "serverTime": world.now_ms(),
        "rateLimits": [
            { "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000 },
            { "rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000 },
        ],
        "exchangeFilters": [],
        "symbols": symbols,
    })))
}

fn listing(symbol: &Symbol) -> Value {
    json!({
        "symbol": symbol.name,
        "status": "TRADING",
        "baseAsset": symbol.base,
        "baseAssetPrecision": 8,
        "quoteAsset": symbol.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": true,
        "ocoAllowed": true,
        "quoteOrderQtyMarketAllowed": true,
        "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": symbol.tick.padded(),
                "maxPrice": "1000000.00000000",
                "tickSize": symbol.tick.padded(),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": symbol.step.padded(),
                "maxQty": "90000000.00000000",
                "stepSize": symbol.step.padded(),
            },
            { "filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": true },
        ],
        "permissions": ["SPOT"],
    })
}

pub(super) async fn prices(asked: Asked, world: Data<World>) -> Result<HttpResponse, Refusal> {
    let (market, now_ms) = (world.press.market(), world.now_ms());
    let quote = |symbol: &'static Symbol| {
        let price = market.last_trade(symbol, now_ms).price;
        json!({ "symbol": symbol.name, "price": price.padded() })
    };
    let chosen = chosen(&asked, world.press.market())?;
    Ok(match (asked.contains_key("symbol"), chosen.as_slice()) {
        (true, [only]) => HttpResponse::Ok().json(quote(only)),
        (_, chosen) => HttpResponse::Ok().json(
            chosen
                .iter()
                .map(|symbol| quote(symbol))
                .collect::<Vec<_>>(),
        ),
    })
}

/// The symbols that `symbol` or `symbols` names, or all.
fn chosen(asked: &Asked, market: &Market) -> Result<Vec<&'static Symbol>, Refusal> {
    if asked.contains_key("symbol") {
        return Ok(vec![symbol(asked, market)?]);
    }
    let Some(names) = asked.get("symbols") else {
        return Ok(market.symbols());
    };
    let names: Vec<String> =
        serde_json::from_str(names).map_err(|_| Refusal::illegal("symbols"))?;
    let found = names
        .iter()
        .map(|name| market.find(name).ok_or_else(Refusal::symbol));
    found.collect()
}

fn symbol(asked: &Asked, market: &Market) -> Result<&'static Symbol, Refusal> {
    let name = asked
        .get("symbol")
        .ok_or_else(|| Refusal::missing("symbol"))?;
    market.find(name).ok_or_else(Refusal::symbol)
}

fn number(asked: &Asked, name: &str) -> Result<Option<i64>, Refusal> {
    let number = asked.get(name).map(|text| text.parse());
    number.transpose().map_err(|_| Refusal::illegal(name))
}

fn rows(asked: &Asked) -> Result<i64, Refusal> {
    let asked = number(asked, "limit")?.unwrap_or(ROWS);
    if asked < 1 {
        return Err(Refusal::illegal("limit"));
    }
    Ok(asked.min(MOST_ROWS))
}

/// Which klines are asked for.
struct Span {
    first: i64,
    last: i64,
    minutes: i64,
}

pub(super) async fn klines(asked: Asked, world: Data<World>) -> Result<HttpResponse, Refusal> {
    let symbol = symbol(&asked, world.press.market())?;
    let interval = asked
        .get("interval")
        .ok_or_else(|| Refusal::missing("interval"))?;
    let minutes = topic::minutes(interval).ok_or_else(Refusal::interval)?;
    let (limit, now_ms) = (rows(&asked)?, world.now_ms());
    let long = minutes * MINUTE_MS;
    let end = number(&asked, "endTime")?.unwrap_or(now_ms).min(now_ms);
    let opened = world.press.market().opened(symbol);
    let span = match number(&asked, "startTime")? {
        Some(start) => {
            let start = start.max(opened);
            let first = start + (long - start.rem_euclid(long)).rem_euclid(long);
            let last = end.min(first + (limit - 1) * long);
            Span {
                first,
                last,
                minutes,
            }
        }
        None => {
            let last = end - end.rem_euclid(long);
            let epoch = opened - opened.rem_euclid(long);
            let first = (last - (limit - 1) * long).max(epoch);
            Span {
                first,
                last,
                minutes,
            }
        }
    };
    let market = world.press.market().clone();
    // A thousand long klines are seconds of arithmetic, which must not hold up the streams.
    let rows = web::block(move || kline_rows(&market, symbol, &span, now_ms)).await;
    Ok(rows.map_or_else(
        |_| HttpResponse::ServiceUnavailable().finish(),
        |rows| HttpResponse::Ok().json(rows),
    ))
}

fn kline_rows(market: &Market, symbol: &'static Symbol, span: &Span, now_ms: i64) -> Vec<Value> {
    let long = span.minutes * MINUTE_MS;
    let mut rows = Vec::new();
    let mut open = span.first;
    while open <= span.last {
        let kline = market.kline(symbol, open, span.minutes, now_ms);
        rows.extend(kline.map(|kline| kline_row(&kline, long)));
        open += long;
    }
    rows
}

fn kline_row(kline: &Kline, long: i64) -> Value {
    json!([
        kline.open_ms,
        kline.open.padded(),
        kline.high.padded(),
        kline.low.padded(),
        kline.close.padded(),
        kline.volume.padded(),
        kline.open_ms + long - 1,
        kline.quote_volume.padded(),
        kline.trades(),
        kline.taker_volume.padded(),
        kline.taker_quote_volume.padded(),
        "0",
    ])
}

pub(super) async fn trades(asked: Asked, world: Data<World>) -> Result<HttpResponse, Refusal> {
    let found = found_trades(&asked, &world)?;
    let rows = found.iter().map(|trade| {
        let paid = trade.price.as_f64() * trade.quantity.as_f64();
        json!({
            "id": trade.id,
            "price": trade.price.padded(),
            "qty": trade.quantity.padded(),
            "quoteQty": format!("{paid:.8}"),
            "time": trade.at_ms,
            "isBuyerMaker": trade.buyer_is_maker,
            "isBestMatch": true,
        })
    });
    Ok(HttpResponse::Ok().json(rows.collect::<Vec<_>>()))
}

pub(super) async fn aggregates(asked: Asked, world: Data<World>) -> Result<HttpResponse, Refusal> {
    let found = found_trades(&asked, &world)?;
    let rows = found.iter().map(|trade| {
        json!({
            "a": trade.id,
            "p": trade.price.padded(),
            "q": trade.quantity.padded(),
            "f": trade.id,
            "l": trade.id,
            "T": trade.at_ms,
            "m": trade.buyer_is_maker,
            "M": true,
        })
    });
    Ok(HttpResponse::Ok().json(rows.collect::<Vec<_>>()))
}

/// From a number or a time on, or the last ones.
fn found_trades(asked: &Asked, world: &World) -> Result<Vec<Trade>, Refusal> {
    let symbol = symbol(asked, world.press.market())?;
    let (market, now_ms) = (world.press.market(), world.now_ms());
    let limit = rows(asked)?;
    let end = number(asked, "endTime")?.unwrap_or(now_ms).min(now_ms);
    let last = market.last_id(symbol, end);
    let start = number(asked, "startTime")?.map(|start| market.last_id(symbol, start - 1) + 1);
    let first = number(asked, "fromId")?
        .or(start)
        .unwrap_or(last - limit + 1)
        .max(0);
    let count = usize::try_from((last - first + 1).min(limit)).unwrap_or(0);
    Ok(market.trades(symbol, first).take(count).collect())
}
