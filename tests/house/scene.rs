//! A house over a real store, and channels that post one signal after the other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Arbiter;
use actors::guardian::{Household, RootCause, Vigil};
use async_trait::async_trait;
use domain::event::{Body, Event, Happening};
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, Cursor, PostKey, Seq, SignalId};
use domain::market::{Instrument, Price, Side, Venue};
use domain::ports::source::{Batch, OpenSource, Resume, Source, SourceError};
use domain::ports::store::{ChannelCard, Store};
use domain::ports::{Clock, Encode, Feed, Nobody, View};
use domain::post::{Action, Origin, Post};
use domain::reading;
use domain::signal::Signal;
use domain::time::Timestamp;
use touchstone::clock::WallClock;
use touchstone::platform::{self, Adapters, House, Posting, Terms};
use touchstone::store::{Options, SqliteStore};

use super::faults::{Faulty, FaultyModel, Plan, Quiet};

/// How many posts each channel makes.
pub(crate) const POSTS: u64 = 12;

/// What is wrong, and who posts.
pub(crate) struct Wrong {
    pub(crate) commits: Plan,
    pub(crate) answers: Plan,
    pub(crate) reads: Plan,
    pub(crate) model: Plan,
}

impl Wrong {
    pub(crate) fn nothing() -> Self {
        Self {
            commits: Plan::none(),
            answers: Plan::none(),
            reads: Plan::none(),
            model: Plan::none(),
        }
    }
}

pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) causes: Arc<Mutex<Vec<RootCause>>>,
}

/// Posts number 1, 2, 3, … from wherever its cursor stands.
struct Counting(ChannelId);

struct At {
    channel: ChannelId,
    next: u64,
}

impl OpenSource for Counting {
    fn open(&self, resume: Resume) -> Box<dyn Source> {
        let stored = resume
            .cursor
            .map_or(0, |cursor| cursor.as_str().parse().unwrap());
        Box::new(At {
            channel: self.0.clone(),
            next: stored + 1,
        })
    }
}

#[async_trait]
impl Source for At {
    async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        if self.next > POSTS {
            std::future::pending::<()>().await;
        }
        let number = self.next;
        self.next += 1;
        let now = WallClock.now();
        let entry = 50_000 + number * 100;
        let post = Post {
            channel: self.channel.clone(),
            key: PostKey::new(number.to_string()),
            action: Action::Original,
            author: None,
            text: format!(
                "#BTC/USDT\nLONG\nEntry: {entry}\nTarget 1: {}\nStop loss: {}",
                entry + 3_000,
                entry - 2_000
            ),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: now,
            received: now,
            origin: Origin::Live,
        };
        Ok(Some(Batch {
            posts: vec![post],
            cursor: Cursor::new(number.to_string()),
        }))
    }
}

struct NobodyListens;

impl Encode for NobodyListens {
    fn encode(&self, _: &Event, _: View) -> bytes::Bytes {
        bytes::Bytes::new()
    }
}

pub(crate) fn channel(name: &str) -> ChannelId {
    ChannelId::parse(name).unwrap()
}

pub(crate) async fn memory() -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(Options::memory()).await.unwrap())
}

/// Raises a house with the channels `a` and `b`; what is wrong with reads is wrong for `a` alone.
pub(crate) async fn raise(store: Arc<SqliteStore>, wrong: Wrong) -> Scene {
    let quiet = Arc::new(Quiet(Venue::new("quiet")));
    let counting = |channel: &ChannelId| Some(Arc::new(Counting(channel.clone())) as _);
    raise_on(quiet, counting, store, wrong).await
}

/// Raises a house on another venue, with other sources or with none.
pub(crate) async fn raise_on(
    venue: Arc<dyn Feed>,
    source: impl Fn(&ChannelId) -> Option<Arc<dyn OpenSource>>,
    store: Arc<SqliteStore>,
    wrong: Wrong,
) -> Scene {
    let faulty = Faulty {
        store: Arc::clone(&store),
        commits: wrong.commits,
        answers: wrong.answers,
        reads: wrong.reads,
        reads_of: channel("a"),
    };
    let causes: Arc<Mutex<Vec<RootCause>>> = Arc::default();
    let heard = Arc::clone(&causes);
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let vigil = Vigil {
        health_every: Duration::from_millis(100),
        ..Vigil::default()
    };
    let escalate = Arc::new(move |cause| heard.lock().unwrap().push(cause));
    let household = Household::found(Arc::clone(&clock), escalate, vigil);
    let model = wrong.model;
    let posting = |name: &str| Posting {
        card: ChannelCard {
            id: channel(name),
            platform: "test".to_owned(),
            title: name.to_owned(),
            origin: Origin::Live,
        },
        source: source(&channel(name)),
    };
    let adapters = Adapters {
        chain: None,
        store: Arc::new(faulty),
        clock,
        feeds: vec![venue],
        channels: vec![posting("a"), posting("b")],
        models: Arc::new(move || Box::new(FaultyModel(model.clone()))),
        witness: Arc::new(Nobody),
        encode: Arc::new(NobodyListens),
        bus: None,
        retrials: None,
    };
    let terms = Terms {
        channels: Arbiter::new().handle(),
        markets: Arbiter::new().handle(),
        records: Arbiter::new().handle(),
        patient: false,
        model: ExecutionModel::DEFAULT,
    };
    let house = platform::raise(adapters, household, terms).await.unwrap();
    Scene {
        house,
        store,
        causes,
    }
}

impl Scene {
    /// The posts of a channel that became signals, in the order of the stream, with their scores.
    pub(crate) async fn signals(&self, name: &str) -> Vec<(u64, bool)> {
        let events = self.store.events(Seq::ZERO, 1_000).await.unwrap();
        events
            .iter()
            .filter_map(|event| event.happening())
            .filter(|about| about.channel == channel(name))
            .filter_map(|about| match &about.body {
                Body::Signal { signal, score } => {
                    Some((signal.post.as_str().parse().unwrap(), score.is_some()))
                }
                Body::Instruction { .. } | Body::Revision { .. } | Body::Progress(_) => None,
            })
            .collect()
    }

    pub(crate) async fn posts(&self, name: &str) -> Vec<u64> {
        self.signals(name)
            .await
            .into_iter()
            .map(|(post, _)| post)
            .collect()
    }

    /// Waits until a channel has stored all its posts.
    pub(crate) async fn all_of(&self, name: &str) -> Vec<u64> {
        self.until(|posts| posts.len() as u64 >= POSTS, name).await
    }

    pub(crate) async fn until(&self, holds: impl Fn(&[u64]) -> bool, name: &str) -> Vec<u64> {
        let waiting = async {
            loop {
                let posts = self.posts(name).await;
                if holds(&posts) {
                    return posts;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(10), waiting).await {
            Ok(posts) => posts,
            Err(_) => panic!(
                "the condition never held: {:?} {:#?}",
                self.store.channels().await,
                self.house.household.tree().await
            ),
        }
    }

    /// The stream has neither a gap nor a double.
    pub(crate) async fn whole(&self) {
        let events = self.store.events(Seq::ZERO, 1_000).await.unwrap();
        let seqs: Vec<_> = events.iter().map(|event| event.seq.get()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    }
}

/// 1, 2, 3, … in order, each once.
pub(crate) fn everything() -> Vec<u64> {
    (1..=POSTS).collect()
}

/// Any trade of a channel.
pub(crate) fn idea(channel: &ChannelId, key: &str, now: Timestamp) -> Happening {
    let price = |text| Price::parse(text).unwrap();
    let post = PostKey::new(key);
    let signal = Signal {
        id: SignalId::of(channel, &post, 0),
        channel: channel.clone(),
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("quiet:spot:BTC/USDT").unwrap(),
        substituted: false,
        side: Side::Long,
        entry: reading::Entry::Limit(price("100")),
        targets: vec![reading::Target {
            price: price("110"),
            weight: None,
        }],
        stop: Some(price("95")),
        leverage: None,
        breakeven_after: None,
        posted: now,
        received: now,
        expires_at: now + Duration::from_secs(86_400),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: None,
        ambiguous: false,
    };
    Happening {
        signal: signal.id,
        channel: channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: signal.origin,
        posted: Some(now),
        received: now,
        scored: None,
        body: Body::Signal {
            signal: Arc::new(signal),
            score: None,
        },
    }
}
