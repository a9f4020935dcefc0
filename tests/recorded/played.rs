//! A platform that goes by a clock in the hand, over candles that are played to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::market::{Instrument, Interval};
use domain::ports::Clock;
use domain::time::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::header::HeaderMap;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use scoring::features::SEEN_AFTER;
use simulator::{Amount, Hand, Recording};
use touchstone::config::Settings;
use touchstone::outbound::{Limits, Outbound, Reach};
use touchstone::serve::{self, Running};
use url::Url;

/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time that the platform and its market go by.
struct Played(simulator::Clock);

impl Clock for Played {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now())
    }
}

/// A candle of a minute, as a file has it.
pub(crate) struct Row {
    pub(crate) open_ms: i64,
    pub(crate) numbers: Vec<String>,
}

impl Row {
    /// The rows of a file whose first line names its columns.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let rows = text.lines().skip(1).map(|line| {
            let mut cells = line.split(',').map(str::to_owned);
            Self {
                open_ms: cells.next().unwrap().parse().unwrap(),
                numbers: cells.take(5).collect(),
            }
        });
        rows.collect()
    }

    fn candle(&self) -> simulator::Candle {
        let amount = |nth: usize| {
            let number: Decimal = self.numbers[nth].parse().unwrap();
            Amount::units((number * Decimal::from(100_000_000)).to_i64().unwrap())
        };
        simulator::Candle {
            open_ms: self.open_ms,
            open: amount(0),
            high: amount(1),
            low: amount(2),
            close: amount(3),
            volume: amount(4),
        }
    }
}

/// A post as it is brought.
pub(crate) struct Post {
    pub(crate) at: Timestamp,
    pub(crate) channel: String,
    /// A line of a folder's file.
    pub(crate) line: String,
}

/// A platform and the hand that moves its time.
pub(crate) struct Stage {
    pub(crate) running: Running,
    hand: Hand,
    clock: simulator::Clock,
    folder: PathBuf,
    brought: usize,
    _market: simulator::Simulator,
}

impl Stage {
    /// Starts a platform whose channels read the files of the posts, at an instant. `more` goes into its
    /// configuration.
    pub(crate) async fn start(
        folder: &Path,
        coins: &BTreeMap<&'static str, Vec<Row>>,
        posts: &[Post],
        begin: Timestamp,
        more: &str,
        counted: Option<PrometheusHandle>,
    ) -> Self {
        let (clock, hand) = simulator::Clock::by_hand(begin.as_micros());
        let recordings = coins.iter().map(|(coin, rows)| {
            let candles = rows.iter().map(Row::candle).collect();
            Recording::new(coin, "USDT", 60_000, candles).unwrap()
        });
        let market = simulator::start(simulator::Options {
            recordings: recordings.collect(),
            clock: clock.clone(),
            ..simulator::Options::default()
        })
        .unwrap();
        let config = folder.join("touchstone.toml");
        let mut text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\ndrain_ms = 1\n[store]\npath = {:?}\n[simulator]\nenabled = false\n\
             [venues.binance]\nkind = \"binance-spot\"\njudge_by = \"candles\"\nws_url = \"ws://{at}\"\nrest_url = \"http://{at}\"\n\
             {more}",
            folder.join("record.db"),
            at = market.address(),
        );
        let rooms: BTreeSet<&str> = posts.iter().map(|post| post.channel.as_str()).collect();
        for room in rooms {
            let path = folder.join(room);
            std::fs::create_dir(&path).unwrap();
            let source = format!("source = \"folder\"\npath = {path:?}");
            writeln!(text, "[channels.{room}]\n{source}").unwrap();
        }
        std::fs::write(&config, text).unwrap();
        let settings = Settings::load(Some(&config)).unwrap();
        let time: Arc<dyn Clock> = Arc::new(Played(clock.clone()));
        let running = serve::start_at(&settings, false, counted, time)
            .await
            .unwrap();
        Self {
            running,
            hand,
            clock,
            folder: folder.to_owned(),
            brought: 0,
            _market: market,
        }
    }

    /// Brings the next post at its time.
    pub(crate) async fn bring(&mut self, post: &Post) {
        self.pass(post.at).await;
        let file = self.folder.join(&post.channel).join("room.jsonl");
        let mut open = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&file)
            .unwrap();
        open.write_all(format!("{}\n", post.line).as_bytes())
            .unwrap();
        self.until("the post is stored", async |running| {
            let channels = running.store().channels().await.unwrap();
            channels.iter().map(|channel| channel.posts).sum::<u64>() > self.brought as u64
        })
        .await;
        self.brought += 1;
        self.until("what is followed arrives as it happens", async |running| {
            !feeds(running).await.contains("connecting")
        })
        .await;
    }

    /// Lets time pass up to an instant, and waits until what it brought is dealt with.
    ///
    /// Whoever lets it leap while the venue is asked what time it is makes the venue seem hours ahead.
    pub(crate) async fn pass(&self, to: Timestamp) {
        self.hand.set(to.as_micros());
        let minute = to.as_micros().div_euclid(60_000_000) * 60_000_000;
        self.until("the candles up to then are judged", async |running| {
            let followed = running.house.followed.all();
            let told = |last: actors::market::Last| last.at.as_micros() >= minute;
            followed.iter().all(|seen| seen.last.is_some_and(told))
        })
        .await;
        // Models see what was over a moment ago.
        let over = Interval::Minute.begin_of(to - SEEN_AFTER);
        self.until("the models know the candles up to then", async |running| {
            let followed = running.house.followed.all();
            let listed = followed
                .iter()
                .filter(|seen| seen.instrument.venue.as_str() == "binance");
            // Bitcoin is watched whether or not anybody calls it.
            let bitcoin = Instrument::parse("binance:spot:BTC/USDT").unwrap();
            let watched = listed.map(|seen| seen.instrument.clone()).chain([bitcoin]);
            let known = |on: &Instrument| running.knowledge().known_until(on);
            watched
                .into_iter()
                .all(|on| known(&on).is_some_and(|until| until >= over))
        })
        .await;
    }

    pub(crate) async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Running) -> bool) {
        let waiting = async {
            while !holds(&self.running).await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            let (feeds, followed) = (
                feeds(&self.running).await,
                self.running.house.followed.all(),
            );
            let known = followed
                .iter()
                .map(|seen| self.running.knowledge().known_until(&seen.instrument));
            let known: Vec<_> = known.collect();
            panic!(
                "{what}: it never came to that after post {} at {}; {feeds}; {followed:?}; {known:?}",
                self.brought,
                Timestamp::from_micros(self.clock.now()),
            );
        }
    }
}

/// What is said of the feeds.
async fn feeds(running: &Running) -> String {
    let limits = Limits {
        time: PATIENCE,
        connect: PATIENCE,
        body: 1 << 20,
        redirects: 0,
    };
    let outbound = Outbound::new(Reach::Anywhere, limits).unwrap();
    let feeds = Url::parse(&format!("http://{}/v1/feeds", running.address)).unwrap();
    let told = outbound.get(feeds, HeaderMap::new()).await.unwrap();
    String::from_utf8_lossy(&told.body).into_owned()
}
