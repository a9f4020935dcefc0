//! The school: trains a challenger whenever enough is new of what signals came to.
//!
//! It learns of what models saw live and of nothing else, on a thread of its own, and only of signals whose
//! time is up: of the newest, those are over first that ended fast. What it made is tried beside whoever
//! speaks, and replaces him by the [rule](super::rule) alone. One that has not won after a fair trial steps
//! down when the next is ready; what it said stays on record.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

use domain::ports::predictions::settled;
use domain::ports::store::{Store, StoreError};
use domain::post::Origin;
use domain::time::Timestamp;
use scoring::dataset::Row;
use scoring::features::schema;
use scoring::registry::{self, CARD, Card, Name};
use scoring::steps::network::Eye;
use scoring::training::{self, BadTraining, Order};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::jury::{COMPARED, Jury, champion};
use super::lineup::world;
use crate::lessons::kept;

/// Where those that stepped down lie, beside the others. What begins with a point is no model.
const RETIRED: &str = ".retired";

/// Up to when an entry must have been valid for its signal to be learned from, beside the card.
const LEARNED: &str = "learned_until.json";

/// So many challengers are tried at once: each costs every signal time, and makes it harder to win.
const AT_ONCE: usize = 3;

/// After so many blocks of time that are over a challenger had its trial.
const TRIAL: usize = 30;

/// Before every signal.
const BEGINNING: Timestamp = Timestamp::from_micros(0);

/// Who trains challengers.
pub struct School {
    jury: Jury,
    store: Arc<dyn Store>,
    terms: Terms,
    /// Up to where the last training learned that came to nothing: the same again would, too.
    in_vain: Mutex<Option<Timestamp>>,
}

/// On which terms challengers are trained.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The folder that they are written into.
    pub folder: PathBuf,
    /// So many signals must be new; nought trains nobody.
    pub after: u64,
    /// What is tried.
    pub order: Order,
}

/// What came of a look at the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Too little is new.
    Waits {
        /// So much is.
        new: u64,
    },
    /// Enough is new, and as many as can be are still being tried.
    Full {
        /// So many.
        tried: usize,
    },
    /// A challenger was trained; it is tried from now on.
    Trained {
        /// Its folder's name.
        id: String,
    },
    /// Nothing could be learned.
    InVain {
        /// Why.
        why: String,
    },
}

/// Why nobody was trained, through no fault of the record.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The challenger could not be written.
    #[error("could not write a challenger into {}: {source}; is `scoring.trained` a folder that may be written?", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no thread to train on.
    #[error("there is no thread to train on: {0}")]
    Thread(#[source] io::Error),
    /// The thread ended without an answer.
    #[error("training ended without a model; what it said is in the log")]
    Died,
}

/// What is tried in training on what is kept: the usual, without eyes for candles that are not kept, and
/// one network instead of three, because somebody else is being served meanwhile.
#[must_use]
pub fn order(seed: u64) -> Order {
    let mut order = Order::usual(seed);
    order.networks.retain(|(shape, _)| shape.eye == Eye::Shut);
    for (_, pace) in &mut order.networks {
        pace.nets = 1;
    }
    order
}

impl School {
    /// One that trains for the line-up of this jury on these records.
    #[must_use]
    pub fn new(jury: Jury, store: Arc<dyn Store>, terms: Terms) -> Self {
        Self {
            jury,
            store,
            terms,
            in_vain: Mutex::default(),
        }
    }

    /// Looks at the record, again and again, for as long as it is awaited.
    pub async fn attend(self, every: Duration) {
        if self.terms.after == 0 {
            return;
        }
        loop {
            match self.look().await {
                Ok(Looked::Waits { new }) => {
                    tracing::debug!(
                        "{new} outcomes are new, {} are waited for",
                        self.terms.after
                    );
                }
                Ok(Looked::Full { tried }) => {
                    tracing::debug!("enough is new, but {tried} challengers are still being tried");
                }
                Ok(Looked::Trained { id }) => {
                    metrics::counter!("touchstone_trainings_total", "outcome" => "trained")
                        .increment(1);
                    tracing::info!(model = %id, "the model `{id}` was trained on what is stored, and is tried from now on");
                }
                Ok(Looked::InVain { why }) => {
                    metrics::counter!("touchstone_trainings_total", "outcome" => "in_vain")
                        .increment(1);
                    tracing::info!("no challenger was trained: {why}");
                }
                Err(trouble) => {
                    metrics::counter!("touchstone_trainings_total", "outcome" => "trouble")
                        .increment(1);
                    tracing::warn!("no challenger was trained: {trouble}");
                }
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Looks at the record once, and trains where enough is new.
    ///
    /// # Errors
    ///
    /// [`Trouble`]; then whoever was tried before goes on being tried.
    pub async fn look(&self) -> Result<Looked, Trouble> {
        let origin = self.jury.lineup.origin();
        let (name, now) = (name(origin), self.jury.clock.now());
        let taught = self.taught(name);
        let learned = taught.iter().map(|taught| taught.until).max();
        let after = learned.max(*self.in_vain()).unwrap_or(BEGINNING);
        let (predictions, until) = (&*self.jury.predictions, settled(now));
        let new = predictions.taught(origin, &schema().hash, after, until);
        let new = new.await?;
        if new < self.terms.after {
            return Ok(Looked::Waits { new });
        }
        let on_trial = self.on_trial(name).await?;
        if on_trial.len() >= AT_ONCE {
            let tried = on_trial.len();
            return Ok(Looked::Full { tried });
        }
        let rows = kept::rows(&*self.store, predictions, origin, now).await?;
        // A folder may be gone; what its model said and whether it won is on record under its name still.
        let spoken = predictions.spoken().await?;
        let said = spoken
            .iter()
            .filter_map(|it| it.model.split_once('/').filter(|(of, _)| *of == name))
            .filter_map(|(_, version)| version.parse().ok());
        let version = taught.iter().map(|taught| taught.version).chain(said).max();
        let version = version.unwrap_or(0) + 1;
        let id = format!("{name}.{version}");
        let named = Name {
            name: name.to_owned(),
            version,
            trained_on: world(origin),
            source: format!(
                "what was seen live of {} signals whose time is up, and what came of them",
                rows.len()
            ),
            seed: self.terms.order.seed,
        };
        let (order, folder) = (self.terms.order.clone(), self.terms.folder.join(&id));
        match train(rows, order, folder, named, until).await? {
            Ok(()) => {
                let stay: Vec<String> = on_trial.into_iter().chain([id.clone()]).collect();
                self.retire(name, &stay)
                    .map_err(|source| self.folder(source))?;
                self.jury.lineup.reload();
                Ok(Looked::Trained { id })
            }
            Err(Failed::Training(bad)) => {
                *self.in_vain() = Some(until);
                Ok(Looked::InVain {
                    why: bad.to_string(),
                })
            }
            Err(Failed::Writing(source)) => Err(self.folder(source)),
        }
    }

    /// The challengers that were trained so far, those that stepped down among them.
    fn taught(&self, name: &str) -> Vec<Taught> {
        let folders = [self.terms.folder.clone(), self.terms.folder.join(RETIRED)];
        let cards = folders.iter().flat_map(|folder| challengers(folder, name));
        let taught = cards.map(|(version, at)| {
            let until = parsed(&at.join(LEARNED)).map(Timestamp::from_micros);
            let by_card = || {
                let card: Card = parsed(&at.join(CARD))?;
                Some(Timestamp::from_millis(card.data.to_ms + 1))
            };
            // One that cannot be read still has its number.
            let until = until.or_else(by_card).unwrap_or(BEGINNING);
            Taught { version, until }
        });
        taught.collect()
    }

    /// The challengers that have not had their trial yet: as long a time as a good one needs to win, or all
    /// the signals that are ever compared.
    async fn on_trial(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let (entrants, speaks) = self.jury.lineup.all();
        let champion = champion(&entrants, speaks.as_deref());
        let mut on_trial = Vec::new();
        for entrant in &entrants {
            let Ok(model) = &entrant.model else { continue };
            if version(&entrant.id, name).is_none() || is_heard(&entrant.id, speaks.as_deref()) {
                continue;
            }
            let so_far = self.jury.compare(&champion, &model.model()).await?;
            if so_far.blocks < TRIAL && so_far.signals < COMPARED {
                on_trial.push(entrant.id.clone());
            }
        }
        Ok(on_trial)
    }

    /// Lets every challenger step down but these and the one that speaks.
    fn retire(&self, name: &str, stay: &[String]) -> io::Result<()> {
        let (_, speaks) = self.jury.lineup.all();
        let retired = self.terms.folder.join(RETIRED);
        for (version, at) in challengers(&self.terms.folder, name) {
            let other = format!("{name}.{version}");
            if !stay.contains(&other) && !is_heard(&other, speaks.as_deref()) {
                fs::create_dir_all(&retired)?;
                fs::rename(at, retired.join(other))?;
            }
        }
        Ok(())
    }

    fn folder(&self, source: io::Error) -> Trouble {
        Trouble::Folder {
            folder: self.terms.folder.clone(),
            source,
        }
    }

    fn in_vain(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.in_vain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A challenger that was trained.
struct Taught {
    version: u32,
    /// Up to when an entry must have been valid for it to have learned from.
    until: Timestamp,
}

/// What challengers are called.
const fn name(origin: Origin) -> &'static str {
    match origin {
        Origin::Simulator => "retrained-simulator",
        Origin::Live | Origin::Import => "retrained",
    }
}

/// The challengers of a folder, each with its version; none where there is no such folder.
fn challengers(folder: &Path, name: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| {
        let called = entry.file_name().into_string().ok()?;
        Some((version(&called, name)?, entry.path()))
    });
    versions.collect()
}

/// Which version of a challenger is called so; none where it is none.
fn version(called: &str, name: &str) -> Option<u32> {
    called.strip_prefix(name)?.strip_prefix('.')?.parse().ok()
}

/// Whether it is who speaks, itself or its network.
fn is_heard(id: &str, speaks: Option<&str>) -> bool {
    let rest = speaks.and_then(|speaks| speaks.strip_prefix(id));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a file says; none where it cannot be read.
fn parsed<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Why a training made no model.
enum Failed {
    Training(BadTraining),
    Writing(io::Error),
}

/// Trains on a thread of its own: it takes minutes, and whoever serves must not wait.
async fn train(
    rows: Vec<Row>,
    order: Order,
    folder: PathBuf,
    name: Name,
    until: Timestamp,
) -> Result<Result<(), Failed>, Trouble> {
    let (tell, told) = oneshot::channel();
    let work = move || {
        let trained = training::train(&rows, &order, |_, _| {}).map_err(Failed::Training);
        let saved = trained.and_then(|trained| {
            let saved = registry::save(&folder, &name, &trained, &rows);
            let learned = until.as_micros().to_string();
            let noted = saved.and_then(|_| fs::write(folder.join(LEARNED), learned));
            noted.map_err(Failed::Writing)
        });
        // Nobody listens any more where the platform is going down.
        tell.send(saved).ok();
    };
    let thread = thread::Builder::new().name("training".to_owned());
    thread.spawn(work).map_err(Trouble::Thread)?;
    told.await.map_err(|_| Trouble::Died)
}
