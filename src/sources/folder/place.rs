//! How far each file was read: what of it survives the end of the process.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use domain::ids::Cursor;
use domain::time::Timestamp;

/// So many bytes before the place are compared to know a file again.
const KNOWN_BY: u64 = 256;

/// Which file it is, whatever it is called: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Identity(u64, u64);

impl Identity {
    pub(super) fn of(file: &Metadata) -> Self {
        Self(file.dev(), file.ino())
    }
}

/// How far a file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// What it was called when it was last seen.
    pub name: String,
    /// Bytes that were read, always whole lines unless `skips`.
    pub offset: u64,
    /// Lines that were read.
    pub line: u64,
    /// The end of a line that is too long is still to come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skips: bool,
    /// What the bytes before `offset` are known by: inodes are used again.
    pub before: String,
}

/// How far all files of a folder were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub files: BTreeMap<Identity, Place>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    first_look: i64,
    files: Vec<(Identity, Place)>,
}

impl Places {
    /// What a cursor says: when the folder was first read, and how far. A cursor that cannot be
    /// read begins anew, and the store knows again what it has.
    pub(super) fn resume(cursor: Option<&Cursor>) -> (Self, Option<Timestamp>) {
        let stored = cursor.and_then(|cursor| serde_json::from_str(cursor.as_str()).ok());
        let Some(Stored { first_look, files }) = stored else {
            return (Self::default(), None);
        };
        let files = files.into_iter().collect();
        (Self { files }, Some(Timestamp::from_micros(first_look)))
    }

    pub(super) fn cursor(&self, first_look: Timestamp) -> Cursor {
        let stored = Stored {
            first_look: first_look.as_micros(),
            files: self.files.clone().into_iter().collect(),
        };
        Cursor::new(serde_json::to_string(&stored).unwrap_or_default())
    }
}

/// The hash of the last bytes before `offset`.
pub(super) fn known_by(file: &mut File, offset: u64) -> io::Result<String> {
    let from = offset.saturating_sub(KNOWN_BY);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(offset - from).read_to_end(&mut bytes)?;
    let hash = Sha256::digest(&bytes);
    Ok(hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
