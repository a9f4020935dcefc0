//! One look at a folder: what was appended, what is new, what went.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use domain::ids::PostKey;
use domain::time::Timestamp;

use super::lines::read_on;
use super::place::{Identity, Place, Places};
use crate::post_line::{self, Line};

/// So many files are followed.
const FILES: usize = 1_000;

/// A look ends after about so many posts; the rest waits for the next one.
const POSTS: usize = 500;

/// A text file that was changed less than this ago may still be in the middle of being written.
const SETTLED: Duration = Duration::from_secs(1);

/// The largest text file.
const TEXT: u64 = 256 << 10;

/// What is known of a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub places: Places,
    /// Text files that were read: their length and when they were changed.
    pub texts: HashMap<String, (u64, Timestamp)>,
}

/// What a look found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub known: Known,
    pub posts: Vec<Line>,
    /// What cannot be read: where, and why.
    pub bad: Vec<(String, String)>,
    /// There is more: look again at once.
    pub more: bool,
    /// A file is too young: look again soon.
    pub soon: bool,
}

/// A file in the folder.
struct Entry {
    name: String,
    path: PathBuf,
    length: u64,
    changed: Timestamp,
    identity: Identity,
}

/// Looks at the folder once.
///
/// # Errors
///
/// When the folder cannot be listed or has too many files. A file that cannot be read is among
/// the bad ones.
pub(super) fn scan(folder: &Path, mut known: Known, now: Timestamp) -> io::Result<Found> {
    let entries = list(folder)?;
    let mut found = Found::default();
    follow(&entries, &mut known.places, &mut found)?;
    texts(&entries, &mut known.texts, now, &mut found);
    found.known = known;
    Ok(found)
}

fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        // A file that went since it was listed is looked for no more.
        let Ok(file) = fs::metadata(&path) else {
            continue;
        };
        if name.starts_with('.') || !file.is_file() {
            continue;
        }
        let changed = file
            .modified()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        entries.push(Entry {
            name: name.to_owned(),
            length: file.len(),
            changed: Timestamp::default() + changed.unwrap_or_default(),
            identity: Identity::of(&file),
            path,
        });
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// Reads on in every `*.jsonl`, and to the end in those that were renamed meanwhile.
fn follow(entries: &[Entry], places: &mut Places, found: &mut Found) -> io::Result<()> {
    let followed = |entry: &&Entry| entry.name.ends_with(".jsonl");
    let (lines, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(followed);
    let renamed = others
        .into_iter()
        .filter(|entry| places.files.contains_key(&entry.identity));
    let mut files: Vec<&Entry> = renamed.collect();
    files.extend(lines);
    if files.len() > FILES {
        let why = format!("it has more than {FILES} files that grow; move old ones elsewhere");
        return Err(io::Error::other(why));
    }
    let mut kept: BTreeMap<Identity, Place> = BTreeMap::new();
    for entry in files {
        let mut place = places.files.remove(&entry.identity).unwrap_or_default();
        place.name.clone_from(&entry.name);
        if found.posts.len() < POSTS {
            read(entry, &mut place, found);
        } else if entry.length != place.offset {
            found.more = true;
        }
        kept.insert(entry.identity, place);
    }
    // Whatever is left is not in the folder any more.
    places.files = kept;
    Ok(())
}

fn read(entry: &Entry, place: &mut Place, found: &mut Found) {
    let piece = match read_on(&entry.path, entry.length, place) {
        Ok(piece) => piece,
        // It went between being listed and being read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            found.bad.push((entry.name.clone(), error.to_string()));
            return;
        }
    };
    if piece.anew {
        tracing::info!(
            "{} was truncated or replaced; it is read from its beginning",
            entry.name
        );
    }
    found.more |= piece.more;
    for (number, line) in piece.lines {
        let post = line.and_then(|line| post_line::read(&line).map_err(|error| error.to_string()));
        match post {
            Ok(post) => found.posts.push(post),
            Err(why) => found
                .bad
                .push((format!("{}, line {number}", entry.name), why)),
        }
    }
}

/// Reads every `*.txt` that is new or was changed.
fn texts(
    entries: &[Entry],
    known: &mut HashMap<String, (u64, Timestamp)>,
    now: Timestamp,
    found: &mut Found,
) {
    let mut there = HashSet::new();
    for entry in entries.iter().filter(|entry| entry.name.ends_with(".txt")) {
        there.insert(entry.name.as_str());
        let version = (entry.length, entry.changed);
        if known.get(&entry.name) == Some(&version) {
            continue;
        }
        if entry.changed <= now && now.since(entry.changed) < SETTLED {
            found.soon = true;
            continue;
        }
        if found.posts.len() >= POSTS {
            found.more = true;
            continue;
        }
        known.insert(entry.name.clone(), version);
        match text(entry) {
            Ok(Some(text)) => found.posts.push(Line {
                channel: None,
                key: PostKey::new(entry.name.as_str()),
                posted: Some(entry.changed),
                edited: None,
                reply_to: None,
                author: None,
                forwarded_from: None,
                text,
                media: Vec::new(),
            }),
            Ok(None) => {}
            Err(why) => found.bad.push((entry.name.clone(), why)),
        }
    }
    known.retain(|name, _| there.contains(name.as_str()));
}

fn text(entry: &Entry) -> Result<Option<String>, String> {
    if entry.length > TEXT {
        return Err(format!("a post has at most {TEXT} bytes"));
    }
    let bytes = fs::read(&entry.path).map_err(|error| error.to_string())?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is no UTF-8: {error}"))?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
