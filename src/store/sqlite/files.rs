//! The files of a database: private to their owner, and written by one process at a time.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use domain::ports::store::StoreError;

/// The right to write to a database; it goes with the process, however that ends.
#[derive(Debug)]
pub(super) struct Claim {
    _lock: File,
}

/// Another process has the database, or the file system does not let this one have it.
#[derive(Debug, thiserror::Error)]
enum Unavailable {
    #[error("another process has the database {}; its lock is {}", .path.display(), .lock.display())]
    Taken { path: PathBuf, lock: PathBuf },
    #[error("failed to open {}", .path.display())]
    Closed {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Makes what is missing on the way to the database, and claims it.
pub(super) fn prepare(path: &Path) -> Result<Claim, StoreError> {
    let prepared = take(path).and_then(|claim| {
        // SQLite would make the file readable for everybody; its WAL takes the mode of the file.
        private_file().open(path).map_err(closed(path))?;
        Ok(claim)
    });
    prepared.map_err(|error| StoreError::Unreachable(error.into()))
}

/// Claims a database that may not be there, and makes none.
pub(super) fn claim(path: &Path) -> Result<Claim, StoreError> {
    take(path).map_err(|error| StoreError::Unreachable(error.into()))
}

fn closed(path: &Path) -> impl FnOnce(io::Error) -> Unavailable {
    let path = path.to_owned();
    move |source| Unavailable::Closed { path, source }
}

fn take(path: &Path) -> Result<Claim, Unavailable> {
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        private_directory().create(parent).map_err(closed(parent))?;
    }
    let beside = beside(path, ".lock");
    let lock = private_file().open(&beside).map_err(closed(&beside))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Unavailable::Taken {
            path: path.to_owned(),
            lock: beside.clone(),
        },
        TryLockError::Error(source) => closed(&beside)(source),
    })?;
    Ok(Claim { _lock: lock })
}

/// What stands beside a database under its name and an ending. The lock is there because SQLite's own
/// locks come and go with transactions.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Has the directory of a file written down, so that its new name survives a power cut.
pub(super) fn settle_name(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// A file for its owner alone, made where there is none.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn private_directory() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
