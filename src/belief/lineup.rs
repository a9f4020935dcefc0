//! The line-up: which model speaks, and which are tried beside it.
//!
//! Models lie in folders. One that is missing, damaged, foreign or of another world is refused by its
//! name and reason, and whoever is left speaks; where nobody is left geometry does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::post::Origin;
use scoring::registry::{CARD, Loaded, TrainedOn};
use smol_str::SmolStr;

/// The models of one world, the simulator's or the real one.
pub struct Lineup {
    folder: PathBuf,
    origin: Origin,
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
    /// The folder's name, by which people name the model.
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
    /// Loads the models of `folder` that score signals of this origin. The one of `wanted` speaks
    /// that is there first.
    #[must_use]
    pub fn load(folder: &Path, origin: Origin, wanted: &[String]) -> Self {
        let lineup = Self {
            folder: folder.to_owned(),
            origin,
            changes: AtomicU64::new(1),
            inside: Mutex::default(),
        };
        lineup.reload(wanted);
        lineup
    }

    /// Looks at the folder again.
    pub fn reload(&self, wanted: &[String]) {
        let models = entrants(&self.folder, self.origin);
        let mut inside = self.inside();
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
        let speaks = wanted.iter().find(ready).cloned();
        match &speaks {
            Some(id) => tracing::info!(model = %id, "the model `{id}` speaks"),
            None => tracing::warn!(
                "no model speaks for signals of origin `{}` (wanted: {}); they are scored by geometry alone",
                self.origin,
                wanted.join(", ")
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

    /// Whose signals are scored here.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The models of a folder, by name. Those that were trained in the other world do not belong here
/// and are not tried.
fn entrants(folder: &Path, origin: Origin) -> Vec<Entrant> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let world = match origin {
        Origin::Simulator => TrainedOn::Simulator,
        Origin::Live | Origin::Import => TrainedOn::Real,
    };
    let load = |id: String| {
        let at = folder.join(&id);
        let loaded = Loaded::load(&at, origin).map_err(|bad| bad.to_string());
        let other = at.join(CARD).is_file()
            && match &loaded {
                Ok(model) => model.card().trained_on != world,
                Err(_) => false,
            };
        (!other).then_some(Entrant { id, model: loaded })
    };
    let mut models: Vec<Entrant> = names.into_iter().filter_map(load).collect();
    refuse_twins(&mut models);
    models
}

/// Predictions are kept by name and version, so two folders of one name and version would be one.
fn refuse_twins(models: &mut [Entrant]) {
    let mut known: HashMap<SmolStr, String> = HashMap::new();
    for entrant in models {
        let Ok(model) = &entrant.model else { continue };
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
