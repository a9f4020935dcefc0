//! Putting a record back: the copy is checked and made ready beside the database, and takes its place in
//! one step. What it replaces is kept.

use std::fs;
use std::path::{Path, PathBuf};

use domain::ports::store::StoreError;
use rusqlite::{ErrorCode, OpenFlags};

use super::backup::{self, BackupError, Draft, Held, Progress};
use super::files::{self, Claim};
use super::{Options, SqliteStore};

/// What belongs to a database and is worth nothing without it.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A copy that lies ready beside the database that it will replace. Dropped, it is gone, and nothing has
/// changed.
pub struct Staged {
    draft: Draft,
    place: PathBuf,
    /// What the file held.
    pub held: Held,
    /// No platform starts meanwhile.
    _claim: Claim,
}

impl Staged {
    /// Copies a file beside the database at `place`, and checks everything in it.
    ///
    /// # Errors
    ///
    /// [`BackupError`] when a platform runs there, or the file is missing, damaged or no record.
    pub fn take(file: &Path, place: &Path, progress: Progress<'_>) -> Result<Self, BackupError> {
        let found = fs::canonicalize(file).map_err(|_| BackupError::Missing(file.to_owned()))?;
        if fs::canonicalize(place).is_ok_and(|place| place == found) {
            return Err(BackupError::Itself(file.to_owned()));
        }
        let claim = files::claim(place)?;
        let draft = Draft::new(files::beside(place, ".restoring"));
        backup::copy(file, &draft.0, progress)?;
        let held = backup::inspect(&draft.0, file)?;
        Ok(Self {
            draft,
            place: place.to_owned(),
            held,
            _claim: claim,
        })
    }

    /// Opens the copy where it lies, and brings its schema up to date. It is to be closed before it takes
    /// its place.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when a newer program wrote it, or it has other tables than this one makes.
    pub async fn open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(Options::file(&self.draft.0)).await
    }

    /// Puts the copy in the place of the database, and says where that one lies now, if there was one.
    ///
    /// # Errors
    ///
    /// [`BackupError::Read`] when somebody still has the old database open, [`BackupError::Io`].
    pub fn put_in_place(self) -> Result<Option<PathBuf>, BackupError> {
        let Self {
            draft,
            place,
            held: _,
            _claim: claim,
        } = self;
        if files::beside(&draft.0, "-wal").exists() {
            return Err(BackupError::Damaged {
                path: draft.0.clone(),
                what: "not all of it could be written into the file; is the disk full?".to_owned(),
            });
        }
        let kept = keep(&place)?;
        draft.put_at(&place)?;
        drop(claim);
        Ok(kept)
    }
}

/// Gives the database that is to be replaced a second name. Its own name stays until the copy takes it,
/// so that whoever starts after a power cut finds the one or the other.
fn keep(place: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !place.exists() {
        forget_companions(place);
        return Ok(None);
    }
    let kept = free_name(place);
    // A WAL that were left would be applied to the copy. SQLite takes it away when all of it is in the
    // file; in one that is so damaged that it cannot, there is nothing to protect.
    match settle(place) {
        Ok(true) => {}
        Ok(false) => return Err(BackupError::Read(place.to_owned())),
        Err(error) if !is_beyond_reading(&error) => {
            return Err(BackupError::Sqlite {
                path: place.to_owned(),
                source: error,
            });
        }
        Err(_) => {
            for ending in COMPANIONS {
                let (old, new) = (files::beside(place, ending), files::beside(&kept, ending));
                if old.exists() {
                    fs::rename(&old, &new).map_err(|source| backup::failed(&new, source))?;
                }
            }
        }
    }
    fs::hard_link(place, &kept)
        .or_else(|_| fs::copy(place, &kept).map(drop))
        .map_err(|source| backup::failed(&kept, source))?;
    Ok(Some(kept))
}

/// Brings everything into the file itself. False when somebody else has it open.
fn settle(place: &Path) -> rusqlite::Result<bool> {
    let old = backup::open(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let busy: i64 = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    // Only whoever is alone with it can leave the mode that has a WAL.
    let left = old.pragma_update(None, "journal_mode", "DELETE");
    let alone = busy == 0 && left.is_ok();
    drop(old);
    Ok(alone && !files::beside(place, "-wal").exists())
}

fn is_beyond_reading(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure)
    )
}

fn forget_companions(place: &Path) {
    for ending in COMPANIONS {
        // Most of them are not there.
        fs::remove_file(files::beside(place, ending)).ok();
    }
}

/// A name that says what it is and that nothing has yet.
fn free_name(place: &Path) -> PathBuf {
    let mut names = (1_u32..).map(|nth| files::beside(place, &format!(".replaced-{nth}")));
    let free = names.find(|name| !name.exists());
    free.unwrap_or_else(|| files::beside(place, ".replaced"))
}
