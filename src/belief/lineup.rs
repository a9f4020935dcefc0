//! The line-up: which model speaks, and which are tried beside it.
//!
//! Models lie in folders: those that came with the program or were trained by hand, and those that the
//! [school](super::school) trained. One that is missing, damaged, foreign or of another world is refused
//! by its name and reason, and whoever is left speaks; where nobody is left geometry does. Where another
//! step than the network speaks for a model, its network is tried as an entrant of its own.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::post::Origin;
use scoring::registry::{CARD, Loaded, NETWORK, TrainedOn};
use smol_str::SmolStr;

/// The models of one world, the simulator's or the real one.
pub struct Lineup {
    folders: Vec<PathBuf>,
    origin: Origin,
    /// Who speaks where nobody does yet, the first that is there.
    wanted: Vec<String>,
    /// Counts changes, so that whoever has copies knows when to make new ones.
    changes: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// The folder of the model that speaks.
    speaks: Option<String>,
    models: Vec<Entrant>,
}

/// A model's folder, and what is in it.
#[derive(Clone)]
pub struct Entrant {
    /// The folder's name, by which people name the model; `NAME.burn` for the network of one for which
    /// another step speaks.
    pub id: String,
    /// The model, or why it is refused.
    pub model: Result<Loaded, String>,
}

/// Copies of the models, for one thread.
#[derive(Clone, Default)]
pub struct Cast {
    /// As of which change.
    pub change: u64,
    /// Who speaks; geometry where there is none.
    pub speaks: Option<Loaded>,
    /// Who is tried beside him.
    pub tried: Vec<Loaded>,
}

impl Lineup {
    /// Loads the models of these folders that score signals of this origin. The one of `wanted` speaks
    /// that is there first.
    #[must_use]
    pub fn load(folders: &[PathBuf], origin: Origin, wanted: &[String]) -> Self {
        let lineup = Self {
            folders: folders.to_vec(),
            origin,
            wanted: wanted.to_vec(),
            changes: AtomicU64::new(1),
            inside: Mutex::default(),
        };
        lineup.reload();
        lineup
    }

    /// Looks at the folders again. Who speaks goes on speaking if he is still there.
    pub fn reload(&self) {
        let models = entrants(&self.folders, self.origin);
        for refused in models.iter().filter_map(|entrant| {
            let why = entrant.model.as_ref().err()?;
            Some((&entrant.id, why))
        }) {
            tracing::warn!(model = %refused.0, "a model is refused: {}", refused.1);
        }
        let ready = |id: &&String| {
            let mut models = models.iter();
            models.any(|entrant| entrant.id == **id && entrant.model.is_ok())
        };
        let mut inside = self.inside();
        let before = inside.speaks.take();
        let speaks = before.iter().chain(&self.wanted).find(ready).cloned();
        match &speaks {
            Some(id) => tracing::info!(model = %id, "the model `{id}` speaks"),
            None => tracing::warn!(
                "no model speaks for signals of origin `{}` (wanted: {}); they are scored by geometry alone",
                self.origin,
                self.wanted.join(", ")
            ),
        }
        *inside = Inside { speaks, models };
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Lets another model speak from the next signal on; `false` where it cannot.
    pub fn promote(&self, id: &str) -> bool {
        let mut inside = self.inside();
        let ready = inside
            .models
            .iter()
            .any(|entrant| entrant.id == id && entrant.model.is_ok());
        if ready {
            inside.speaks = Some(id.to_owned());
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
        ready
    }

    /// How often it has changed.
    #[must_use]
    pub fn change(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Copies of who speaks and who is tried.
    #[must_use]
    pub fn cast(&self) -> Cast {
        let inside = self.inside();
        let mut cast = Cast {
            change: self.change(),
            ..Cast::default()
        };
        for entrant in &inside.models {
            match &entrant.model {
                Ok(model) if inside.speaks.as_ref() == Some(&entrant.id) => {
                    cast.speaks = Some(model.clone());
                }
                Ok(model) => cast.tried.push(model.clone()),
                Err(_) => {}
            }
        }
        cast
    }

    /// All models, and which of them speaks.
    #[must_use]
    pub fn all(&self) -> (Vec<Entrant>, Option<String>) {
        let inside = self.inside();
        (inside.models.clone(), inside.speaks.clone())
    }

    /// How many are tried beside who speaks.
    #[must_use]
    pub fn tried(&self) -> usize {
        let inside = self.inside();
        let ready = inside
            .models
            .iter()
            .filter(|entrant| entrant.model.is_ok() && inside.speaks.as_ref() != Some(&entrant.id));
        ready.count()
    }

    /// Whose signals are scored here.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The models of some folders, by name, each followed by its network where that is tried by itself.
/// Those that were trained in the other world do not belong here and are not tried.
fn entrants(folders: &[PathBuf], origin: Origin) -> Vec<Entrant> {
    let mut places: Vec<(String, PathBuf)> =
        folders.iter().flat_map(|folder| named(folder)).collect();
    places.sort();
    let world = world(origin);
    let load = |(id, at): (String, PathBuf)| {
        let loaded = Loaded::load(&at, origin).map_err(|bad| bad.to_string());
        let other = at.join(CARD).is_file()
            && match &loaded {
                Ok(model) => model.card().trained_on != world,
                Err(_) => false,
            };
        (!other).then_some(Entrant { id, model: loaded })
    };
    let models: Vec<Entrant> = places.into_iter().filter_map(load).collect();
    let mut all = Vec::with_capacity(models.len());
    for entrant in models {
        let network = entrant.model.as_ref().ok().and_then(Loaded::network);
        let tried = network.map(|network| Entrant {
            id: format!("{}.{NETWORK}", entrant.id),
            model: Ok(network),
        });
        all.push(entrant);
        all.extend(tried);
    }
    refuse_twins(&mut all);
    all
}

/// On whose signals a model must have been trained to be tried here.
#[must_use]
pub const fn world(origin: Origin) -> TrainedOn {
    match origin {
        Origin::Simulator => TrainedOn::Simulator,
        Origin::Live | Origin::Import => TrainedOn::Real,
    }
}

/// The folders of models in a folder, by name; none where there is no such folder.
fn named(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let named =
        folders.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    named.filter(|(name, _)| !name.starts_with('.')).collect()
}

/// What is said is kept by name and version, and models are named by their folders: of two with either in
/// common only one can be told apart.
fn refuse_twins(models: &mut [Entrant]) {
    let mut known: HashMap<SmolStr, String> = HashMap::new();
    let mut folders: HashSet<String> = HashSet::new();
    for entrant in models {
        let Ok(model) = &entrant.model else { continue };
        if !folders.insert(entrant.id.clone()) {
            entrant.model = Err(format!(
                "another model is called `{}` as well; rename the folder of one of them",
                entrant.id
            ));
            continue;
        }
        match known.entry(model.model()) {
            Entry::Vacant(place) => {
                place.insert(entrant.id.clone());
            }
            Entry::Occupied(other) => {
                entrant.model = Err(format!(
                    "the model {} cannot be loaded: `{}` is {} as well; remove one of them, or train this one \
                     again under a name of its own",
                    entrant.id,
                    other.get(),
                    other.key(),
                ));
            }
        }
    }
}
