//! Backups: one file that holds a whole record as it stood at one moment, taken while it is written to.
//!
//! SQLite's backup API copies pages behind one reading transaction, so whoever writes meanwhile waits
//! for nothing and the copy is one state of the record. It is checked before it gets its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::ids::{Epoch, Seq};
use domain::ports::store::StoreError;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::files;

/// So many pages are copied between two words about how far it is.
const PAGES: i32 = 1_024;

/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told of a copy's progress: pages that are copied, and all of them.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which history.
    pub epoch: Epoch,
    /// How far it goes.
    pub head: Seq,
    /// How large the file is.
    pub bytes: u64,
}

/// Why a record was not copied or put back. Where nothing else is said, everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// Something has the name already.
    #[error("{} is there already, and a backup never replaces one: give it another name", .0.display())]
    There(PathBuf),
    /// The file is the database itself.
    #[error("{} is the database itself", .0.display())]
    Itself(PathBuf),
    /// The file cannot be believed.
    #[error("{} is damaged: {what}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file is no record of this program.
    #[error("{} is no record of Touchstone: {what}", .path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it lacks.
        what: String,
    },
    /// Somebody reads the database that is to be replaced.
    #[error("another program has {} open: close it first", .0.display())]
    Read(PathBuf),
    /// Another process has the database, or it cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SQLite could not do it.
    #[error("SQLite failed to copy into {}", .path.display())]
    Sqlite {
        /// Into which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file system does not let it.
    #[error("failed to write {}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Copies a record into a file, also while a platform writes to it, and says what the copy holds. There
/// is no file of that name until the copy is whole, checked and on the disk.
///
/// # Errors
///
/// [`BackupError`]; then there is no such file.
pub fn backup(from: &Path, to: &Path, progress: Progress<'_>) -> Result<Held, BackupError> {
    if !from.exists() {
        return Err(BackupError::Missing(from.to_owned()));
    }
    if to.exists() {
        return Err(BackupError::There(to.to_owned()));
    }
    let draft = Draft::new(files::beside(to, ".part"));
    copy(from, &draft.0, progress)?;
    let held = inspect(&draft.0, from)?;
    draft.put_at(to)?;
    Ok(held)
}

/// A file on its way, taken away unless it arrives.
pub(super) struct Draft(pub(super) PathBuf);

impl Draft {
    /// Nothing yet; what an earlier attempt left there goes.
    pub(super) fn new(path: PathBuf) -> Self {
        let draft = Self(path);
        draft.clear();
        draft
    }

    /// Gives it its name, and has both written down.
    pub(super) fn put_at(self, to: &Path) -> Result<(), BackupError> {
        let failed = |source| failed(to, source);
        let file = fs::File::open(&self.0).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&self.0, to).map_err(failed)?;
        files::settle_name(to).map_err(failed)
    }

    fn clear(&self) {
        for ending in ["", "-wal", "-shm", "-journal", ".lock"] {
            // Most of them are not there.
            fs::remove_file(files::beside(&self.0, ending)).ok();
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Copies one state of a database, with everything that its WAL holds, into a file that stands alone.
pub(super) fn copy(from: &Path, to: &Path, progress: Progress<'_>) -> Result<(), BackupError> {
    let mut made = files::private_file();
    made.create_new(true)
        .open(to)
        .map_err(|source| failed(to, source))?;
    let copied = copy_pages(from, to, progress);
    let whole = copied.map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => damaged(from, &source),
        Some(ErrorCode::NotADatabase) => BackupError::Foreign {
            path: from.to_owned(),
            what: "it is no database of SQLite".to_owned(),
        },
        Some(_) | None => BackupError::Sqlite {
            path: to.to_owned(),
            source,
        },
    })?;
    // SQLite takes what is missing of the last page for zeros. What a WAL holds may not be in the file yet.
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let there = length(from);
    if there < whole && length(&files::beside(from, "-wal")) == 0 {
        return Err(BackupError::Damaged {
            path: from.to_owned(),
            what: format!("it was cut off: of {whole} bytes {there} are there"),
        });
    }
    Ok(())
}

/// Gives how many bytes all of it has.
fn copy_pages(from: &Path, to: &Path, progress: Progress<'_>) -> rusqlite::Result<u64> {
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // Without a transaction of ours the copy would begin again with every commit of the platform.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_master", (), |_| Ok(()))?;
    let whole = bytes(&source)?;
    let mut target = open(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Nobody believes the draft before it is whole and synced, so no step of it needs to be safe.
    target.pragma_update(None, "journal_mode", "OFF")?;
    target.pragma_update(None, "synchronous", "OFF")?;
    {
        let backup = Backup::new(&source, &mut target)?;
        while backup.step(PAGES)? != StepResult::Done {
            let at = backup.progress();
            progress(pages(at.pagecount - at.remaining), pages(at.pagecount));
        }
    }
    // The copy says of itself that it has a WAL, as its source does; alone it must need none.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(whole)
}

/// Reads everything in a file that stands alone, and says what it holds. `named` is what people call it.
pub(super) fn inspect(path: &Path, named: &Path) -> Result<Held, BackupError> {
    let looked = look(path).map_err(|source| damaged(named, &source))?;
    match looked {
        Ok(held) => Ok(held),
        Err(Flaw::Damage(what)) => Err(BackupError::Damaged {
            path: named.to_owned(),
            what,
        }),
        Err(Flaw::Foreign(what)) => Err(BackupError::Foreign {
            path: named.to_owned(),
            what: what.to_owned(),
        }),
    }
}

enum Flaw {
    Damage(String),
    Foreign(&'static str),
}

fn look(path: &Path) -> rusqlite::Result<Result<Held, Flaw>> {
    let file = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sound: String = file.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if sound != "ok" {
        return Ok(Err(Flaw::Damage(sound)));
    }
    let orphan = file.query_row("PRAGMA foreign_key_check", (), |row| {
        row.get::<_, String>(0)
    });
    if let Some(table) = orphan.optional()? {
        let what = format!("a row of {table} refers to one that is not there");
        return Ok(Err(Flaw::Damage(what)));
    }
    let ours = "SELECT count(*) FROM sqlite_master WHERE type = 'table' \
                AND name IN ('_sqlx_migrations', 'meta', 'events', 'signals', 'posts')";
    if file.query_row(ours, (), |row| row.get::<_, i64>(0))? != 5 {
        return Ok(Err(Flaw::Foreign("its tables are not there")));
    }
    let meta = file.query_row("SELECT epoch, head FROM meta WHERE one = 1", (), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let Some((epoch, head)) = meta.optional()? else {
        return Ok(Err(Flaw::Foreign("it does not say which history it holds")));
    };
    let bytes = bytes(&file)?;
    Ok(Ok(Held {
        epoch: Epoch::new(epoch),
        head: Seq::new(u64::try_from(head).unwrap_or(0)),
        bytes,
    }))
}

/// How large a database is, as it says itself.
fn bytes(file: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = file.query_row(sql, (), |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// A connection of this module's own, beside those of the store.
pub(super) fn open(path: &Path, how: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

pub(super) fn failed(path: &Path, source: io::Error) -> BackupError {
    BackupError::Io {
        path: path.to_owned(),
        source,
    }
}

fn damaged(path: &Path, source: &rusqlite::Error) -> BackupError {
    BackupError::Damaged {
        path: path.to_owned(),
        what: source.to_string(),
    }
}

fn pages(count: i32) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
