//! How many candles a second one core judges, every signal asked and by the book:
//! `cargo run --release -p touchstone-domain --example pace`. `bench-judging` measures more.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement speaks to a person"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::lifecycle::{Book, Track};
use domain::market::{Candle, Instrument, Price, Side, Tick};
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use domain::time::Timestamp;
use rust_decimal::Decimal;

const SIGNALS: usize = 1_000;
const CANDLES: usize = 10_000;

fn main() {
    let price = |cents: i64| Price::new(Decimal::new(cents, 2)).unwrap();
    let channel = ChannelId::parse("pace").unwrap();
    // Far levels: every signal is entered and then lives through all candles.
    let signal = |i: usize| {
        let away = i64::try_from(i).unwrap();
        Signal {
            id: SignalId::of(&channel, &PostKey::new("1"), i),
            channel: channel.clone(),
            post: PostKey::new("1"),
            origin: Origin::Live,
            instrument: Instrument::parse("binance:spot:BTC/USDT").unwrap(),
            substituted: false,
            side: if i.is_multiple_of(2) {
                Side::Long
            } else {
                Side::Short
            },
            entry: Entry::Market(None),
            targets: vec![Target {
                price: price(if i.is_multiple_of(2) {
                    6_000_000 + away
                } else {
                    1_000_000
                }),
                weight: None,
            }],
            stop: Some(price(if i.is_multiple_of(2) {
                1_000_000
            } else {
                6_000_000 + away
            })),
            leverage: None,
            breakeven_after: None,
            posted: Timestamp::from_millis(0),
            received: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(0) + ENTRY_VALID_FOR,
            held_at_most: HELD_AT_MOST,
            price_at_receipt: None,
            ambiguous: false,
        }
    };
    let mut tracks: Vec<Track> = (0..SIGNALS)
        .map(|i| Track::open(&signal(i), &ExecutionModel::DEFAULT))
        .collect();
    let span = Duration::from_secs(60);
    let mut seed: u64 = 7;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    let mut last = 3_000_000;
    let candles: Vec<Tick> = (0..CANDLES)
        .map(|i| {
            let open = last;
            last += random(2_001) - 1_000;
            let (high, low) = (open.max(last) + random(300), open.min(last) - random(300));
            Tick::Candle(Candle {
                open_time: Timestamp::from_millis(i64::try_from(i).unwrap() * 60_000),
                span,
                open: price(open),
                high: price(high),
                low: price(low),
                close: price(last),
                volume: Decimal::ONE,
            })
        })
        .collect();
    let mut book = Book::new();
    for (i, track) in tracks.iter().enumerate() {
        book.insert(i, track.clone());
    }
    let mut out = Vec::new();
    let begun = Instant::now();
    for candle in &candles {
        for track in &mut tracks {
            black_box(track).step(black_box(candle), &mut out);
        }
    }
    let spent = begun.elapsed();
    let steps = u32::try_from(SIGNALS * CANDLES).unwrap();
    println!(
        "every signal asked: {steps} steps in {spent:.2?}, {:?} a step, {} changes, {} bytes a track",
        spent / steps,
        out.len(),
        size_of::<Track>()
    );
    let mut told = Vec::new();
    let begun = Instant::now();
    for candle in &candles {
        book.step(black_box(candle), &mut told);
    }
    let spent = begun.elapsed();
    for (i, track) in tracks.iter().enumerate() {
        assert_eq!(book.get(&i), Some(track));
    }
    println!(
        "by the book: the same in {spent:.2?}, {:.0} million steps a second, {} changes",
        f64::from(steps) / spent.as_secs_f64() / 1e6,
        told.len(),
    );
}
