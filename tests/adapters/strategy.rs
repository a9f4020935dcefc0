//! Strategies as sources: each call is posted once, in time or not at all, across restarts too.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::ChannelId;
use domain::market::{Candle, Instrument, Interval, Price};
use domain::parse::{self, Assets};
use domain::ports::source::{Batch, OpenSource as _, Resume, Source};
use domain::ports::{Candles, Clock, FeedError};
use domain::post::Origin;
use domain::reading::Meaning;
use domain::strategy::Strategy;
use domain::time::Timestamp;
use touchstone::sources::strategy::{Options, StrategySource};

const MINUTE: i64 = 60_000_000;

/// The minute in which the price breaks out.
const CALLED: i64 = 1_000;

/// A venue with a market that stands still and rises in one minute, and a clock.
struct Market {
    now: AtomicI64,
    /// Who is not traded.
    absent: Option<Instrument>,
    asked: Mutex<Vec<(Timestamp, Timestamp)>>,
}

impl Clock for Market {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Candles for Market {
    async fn candles(
        &self,
        instrument: &Instrument,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, FeedError> {
        assert_eq!(interval, Interval::Minute);
        if self.absent.as_ref() == Some(instrument) {
            return Err(FeedError::Unlisted(instrument.clone()));
        }
        self.asked.lock().unwrap().push((from, to));
        let (from, to) = (
            from.as_micros() / MINUTE,
            to.min(self.now()).as_micros() / MINUTE,
        );
        Ok((from..to).map(candle).collect())
    }
}

fn candle(minute: i64) -> Candle {
    let price = |value: f64| Price::parse(&value.to_string()).unwrap();
    let close = if minute < CALLED { 100.0 } else { 110.0 };
    let open = if minute <= CALLED { 100.0 } else { 110.0 };
    Candle {
        open_time: Timestamp::from_micros(minute * MINUTE),
        span: Duration::from_secs(60),
        open: price(open),
        high: price(close + 0.5),
        low: price(open - 0.5),
        close: price(close),
        volume: 1.into(),
    }
}

fn market(at: i64) -> Arc<Market> {
    Arc::new(Market {
        now: AtomicI64::new(at),
        absent: None,
        asked: Mutex::default(),
    })
}

fn open(market: &Arc<Market>, resume: Resume) -> Box<dyn Source> {
    StrategySource::new(Options {
        channel: ChannelId::parse("trend").unwrap(),
        strategy: Strategy::named("breakout").unwrap(),
        interval: Interval::Minute,
        instruments: ["sim:spot:ABC/USDT", "sim:spot:XYZ/USDT"]
            .map(|name| Instrument::parse(name).unwrap())
            .to_vec(),
        candles: Arc::clone(market) as _,
        origin: Origin::Live,
        clock: Arc::clone(market) as _,
    })
    .open(resume)
}

async fn next(source: &mut Box<dyn Source>) -> Batch {
    let next = tokio::time::timeout(Duration::from_secs(20), source.next());
    next.await.expect("nothing came").unwrap().unwrap()
}

#[tokio::test]
async fn a_call_is_posted_when_its_candle_is_over_and_once_across_restarts() {
    let market = market(CALLED * MINUTE + 30 * 1_000_000);
    let mut source = open(&market, Resume::default());
    let before = next(&mut source).await;
    assert_eq!(before.posts, [], "the candle of the breakout still grows");

    market
        .now
        .store((CALLED + 1) * MINUTE + 1_500_000, Ordering::SeqCst);
    let called = next(&mut source).await;
    let keys: Vec<_> = called.posts.iter().map(|post| post.key.as_str()).collect();
    let at = (CALLED + 1) * 60;
    assert_eq!(
        keys,
        [
            format!("breakout/sim:spot:ABC/USDT/1m/{at}"),
            format!("breakout/sim:spot:XYZ/USDT/1m/{at}"),
        ]
    );
    let post = &called.posts[1];
    assert_eq!(post.posted, Timestamp::from_micros((CALLED + 1) * MINUTE));
    assert_eq!(post.received, market.now());
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    let reading = parse::read(&post.text, false, context);
    assert!(matches!(reading.meaning, Meaning::Signals(drafts) if drafts.len() == 1));

    // Whoever begins anew with what was stored posts nothing of it again.
    let resume = Resume {
        cursor: Some(called.cursor),
        ..Resume::default()
    };
    let mut again = open(&market, resume);
    market
        .now
        .store((CALLED + 2) * MINUTE + 1_500_000, Ordering::SeqCst);
    assert_eq!(next(&mut again).await.posts, []);
}

#[tokio::test]
async fn a_call_that_nobody_could_follow_any_more_is_not_posted() {
    let market = market((CALLED + 5) * MINUTE + 1_500_000);
    let mut source = open(&market, Resume::default());
    let batch = next(&mut source).await;
    assert_eq!(batch.posts, []);
    let asked = market.asked.lock().unwrap();
    let back = Strategy::named("breakout").unwrap().warm_up();
    let (from, to) = asked[0];
    assert_eq!(to.since(from), Duration::from_secs(60 * back as u64));
}

#[tokio::test]
async fn a_market_that_is_not_traded_does_not_silence_the_others() {
    let mut quiet = Arc::into_inner(market((CALLED + 1) * MINUTE + 1_500_000)).unwrap();
    quiet.absent = Instrument::parse("sim:spot:ABC/USDT").ok();
    let market = Arc::new(quiet);
    let batch = next(&mut open(&market, Resume::default())).await;
    assert_eq!(batch.posts.len(), 1);
}
