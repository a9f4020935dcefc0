//! The real house over a real store file, fed by a venue whose tape the benchmark holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix::Arbiter;
use actors::channel::{Arrive, Fate};
use actors::guardian::{Household, Vigil};
use actors::hub::{Interest, Join, Mode, Outbox, Taken};
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Tick, Venue};
use domain::ports::store::ChannelCard;
use domain::ports::{Clock as _, Feed, FeedError, Listed, Nobody, Tape};
use domain::post::{Action, Origin, Post};
use domain::time::Timestamp;
use scoring::geometry::Geometry;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use touchstone::clock::WallClock;
use touchstone::platform::{self, Adapters, House, Posting, Terms};
use touchstone::store::Opened;
use touchstone::wire::Encoder;

use crate::medium::Medium;

/// A house, its store, and the tape of its one market.
pub struct Scene {
    /// Its doors.
    pub house: House,
    /// What it keeps.
    pub store: Opened,
    /// What is traded on its one instrument.
    pub runs: mpsc::Sender<Run>,
    _folder: Option<TempDir>,
}

/// Ticks for the market, handed out so many at a time.
pub struct Run {
    /// The ticks.
    pub ticks: Vec<Tick>,
    /// How many make a batch.
    pub at_once: usize,
    /// Told how long it took, when the market asks for more.
    pub done: oneshot::Sender<Duration>,
}

/// The instrument that the scene's posts are about.
///
/// # Errors
///
/// Never: its name is a constant.
pub fn instrument() -> anyhow::Result<Instrument> {
    Ok(Instrument::parse("bench:spot:BTC/USDT")?)
}

/// The names of so many channels.
///
/// # Errors
///
/// Never: their names are numbers.
pub fn channels(many: usize) -> anyhow::Result<Vec<ChannelId>> {
    let name = |number| Ok(ChannelId::parse(&format!("channel-{number}"))?);
    (0..many).map(name).collect()
}

/// Raises a house whose channels take what is brought to them.
///
/// # Errors
///
/// When the store cannot be made.
pub async fn raise(medium: &Medium, channels: &[ChannelId]) -> anyhow::Result<Scene> {
    let (place, folder) = medium.fresh()?;
    let store = place.open().await?;
    let (runs, tape) = mpsc::channel(1);
    let venue = Held {
        venue: Venue::new("bench"),
        tape: Mutex::new(Some(tape)),
    };
    let posting = |id: &ChannelId| Posting {
        card: ChannelCard {
            id: id.clone(),
            platform: "bench".to_owned(),
            title: id.to_string(),
            origin: Origin::Live,
        },
        source: None,
    };
    let adapters = Adapters {
        chain: None,
        store: store.port(),
        clock: Arc::new(WallClock),
        feeds: vec![Arc::new(venue)],
        channels: channels.iter().map(posting).collect(),
        models: Arc::new(|| Box::new(Geometry)),
        witness: Arc::new(Nobody),
        encode: Arc::new(Encoder),
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
    let household = Household::found(Arc::new(WallClock), Arc::new(|_| {}), Vigil::default());
    let house = platform::raise(adapters, household, terms).await?;
    Ok(Scene {
        house,
        store,
        runs,
        _folder: folder,
    })
}

/// A post of one long signal with these levels.
#[must_use]
pub fn post(channel: &ChannelId, number: usize, levels: [usize; 3], received: Timestamp) -> Post {
    let [entry, target, stop] = levels;
    Post {
        channel: channel.clone(),
        key: PostKey::new(number.to_string()),
        action: Action::Original,
        author: None,
        text: format!("#BTC/USDT\nLONG\nEntry: {entry}\nTarget 1: {target}\nStop loss: {stop}"),
        media: Vec::new(),
        reply_to: None,
        forwarded_from: None,
        posted: received,
        received,
        origin: Origin::Live,
    }
}

/// Which signal a post of [`post`] becomes.
#[must_use]
pub fn signal(post: &Post) -> SignalId {
    SignalId::of(&post.channel, &post.key, 0)
}

/// Brings a post to its channel, and insists that it becomes a signal.
///
/// # Errors
///
/// When it becomes anything else.
pub async fn bring(house: &House, post: Post) -> anyhow::Result<()> {
    let channel = house.crew.door(&post.channel).context("no channel")?;
    // The venue is asked what it lists while the house is raised; a moment later it is known.
    let patience = Instant::now();
    loop {
        match channel.ask(Arrive::post(post.clone(), None)).await? {
            Ok(Fate::Signal) => return Ok(()),
            Ok(fate) => bail!("the post became a {}", fate.label()),
            Err(unsettled) if patience.elapsed() > Duration::from_secs(5) => {
                return Err(unsettled.into());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Now, by the clock of the house.
#[must_use]
pub fn now() -> Timestamp {
    WallClock.now()
}

/// Listens with one outbox on a thread of its own, and notes when each signal's frame is in it.
pub struct Listener {
    seen: std::thread::JoinHandle<anyhow::Result<HashMap<SignalId, (Instant, usize)>>>,
}

impl Listener {
    /// Joins the hub, and listens for so many frames.
    ///
    /// # Errors
    ///
    /// When the hub is away.
    pub async fn join(house: &House, frames: usize) -> anyhow::Result<Self> {
        let outbox = Arc::new(Outbox::new(Mode::Each));
        let join = Join {
            id: u64::MAX,
            interest: Interest::default(),
            outbox: Arc::clone(&outbox),
        };
        house.hub.ask(join).await?;
        let seen = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(listen(&outbox, frames))
        });
        Ok(Self { seen })
    }

    /// What it noted: when each frame was there, and how many bytes it had.
    ///
    /// # Errors
    ///
    /// When a frame was missed.
    pub fn seen(self) -> anyhow::Result<HashMap<SignalId, (Instant, usize)>> {
        self.seen
            .join()
            .map_err(|_| anyhow::anyhow!("the listener panicked"))?
    }
}

async fn listen(
    outbox: &Outbox,
    frames: usize,
) -> anyhow::Result<HashMap<SignalId, (Instant, usize)>> {
    let mut seen = HashMap::with_capacity(frames);
    while seen.len() < frames {
        match outbox.take(64 * 1024) {
            Some(Taken::Frames(frames, _)) => {
                let at = Instant::now();
                let noted = frames
                    .iter()
                    .filter_map(|(frame, _)| Some((frame.signal?, (at, frame.bytes.len()))));
                seen.extend(noted);
            }
            // What was stored before the hub was there; this listener did not wait for it.
            Some(Taken::Lost(lost)) if lost.overflows == 0 => {}
            Some(Taken::Lost(_) | Taken::Deaf) => bail!("the outbox missed a frame"),
            None => outbox.something().await,
        }
    }
    Ok(seen)
}

/// A venue that lists one pair and trades on it what it is told to.
struct Held {
    venue: Venue,
    tape: Mutex<Option<mpsc::Receiver<Run>>>,
}

#[async_trait]
impl Feed for Held {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    async fn listing(&self) -> Result<Vec<Listed>, FeedError> {
        let instrument = instrument().map_err(|error| FeedError::Unreadable {
            venue: self.venue.clone(),
            source: error.into(),
        })?;
        Ok(vec![Listed {
            instrument,
            symbol: "BTCUSDT".into(),
            price: None,
        }])
    }

    fn follow(&self, _: &Instrument, _: Option<Timestamp>) -> Box<dyn Tape> {
        let runs = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(Playing {
            runs: { runs }.take(),
            run: None,
        })
    }
}

struct Playing {
    runs: Option<mpsc::Receiver<Run>>,
    run: Option<(Run, usize, Instant)>,
}

#[async_trait]
impl Tape for Playing {
    async fn next(&mut self) -> Result<Option<Vec<Tick>>, FeedError> {
        loop {
            // A real tape waits for its socket, and lets the others on the thread have their turn.
            tokio::task::yield_now().await;
            if let Some((run, at, begun)) = self.run.take() {
                let end = (at + run.at_once).min(run.ticks.len());
                let batch = run.ticks.get(at..end).unwrap_or_default().to_vec();
                if !batch.is_empty() {
                    self.run = Some((run, end, begun));
                    return Ok(Some(batch));
                }
                run.done.send(begun.elapsed()).ok();
            }
            let Some(runs) = &mut self.runs else {
                return std::future::pending().await;
            };
            match runs.recv().await {
                Some(run) => self.run = Some((run, 0, Instant::now())),
                None => return std::future::pending().await,
            }
        }
    }
}
