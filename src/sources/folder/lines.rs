//! Reads on in a file that grows: whole lines, from where it was left.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::place::{Place, known_by};

/// So many bytes are read at once; a line that is longer is none.
const PIECE: u64 = 256 << 10;

/// A line's number from 1, and its text or why it has none.
pub(super) type Numbered = (u64, Result<String, String>);

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Each whole line that is not empty.
    pub lines: Vec<Numbered>,
    /// There is more to read at once.
    pub more: bool,
    /// The file was truncated or replaced, and is read from its beginning.
    pub anew: bool,
}

/// Reads the next whole lines of a file, and moves `place` behind them. The last line counts when
/// its newline is there.
///
/// # Errors
///
/// When the file cannot be read; `place` is as it was then.
pub(super) fn read_on(path: &Path, length: u64, place: &mut Place) -> io::Result<Piece> {
    let mut piece = Piece::default();
    let mut now = place.clone();
    if length == now.offset {
        return Ok(piece);
    }
    let mut file = File::open(path)?;
    if length < now.offset || known_by(&mut file, now.offset)? != now.before {
        piece.anew = now.offset > 0;
        now = Place {
            name: now.name,
            ..Place::default()
        };
    }
    file.seek(SeekFrom::Start(now.offset))?;
    let mut bytes = Vec::new();
    file.by_ref().take(PIECE).read_to_end(&mut bytes)?;
    let full = bytes.len() as u64 == PIECE;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let (whole, rest) = bytes.split_at(whole);
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        now.line += 1;
        if std::mem::take(&mut now.skips) {
            continue;
        }
        let line = if now.line == 1 {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        } else {
            line
        };
        if !line.trim_ascii().is_empty() {
            let text = std::str::from_utf8(line.trim_ascii());
            let text = text
                .map(str::to_owned)
                .map_err(|error| format!("it is no UTF-8: {error}"));
            piece.lines.push((now.line, text));
        }
    }
    now.offset += whole.len() as u64;
    if full && whole.is_empty() {
        // Its beginning is passed over now, its end when it comes.
        if !now.skips {
            let why = format!("the line is longer than {PIECE} bytes");
            piece.lines.push((now.line + 1, Err(why)));
        }
        now.skips = true;
        now.offset += rest.len() as u64;
    }
    piece.more = full;
    now.before = known_by(&mut file, now.offset)?;
    *place = now;
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Growing {
        folder: tempfile::TempDir,
        place: Place,
    }

    impl Growing {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
                place: Place::default(),
            }
        }

        fn append(&self, bytes: &[u8]) {
            let path = self.folder.path().join("file");
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap();
            file.write_all(bytes).unwrap();
        }

        fn read(&mut self) -> (Vec<Numbered>, bool) {
            let path = self.folder.path().join("file");
            let length = std::fs::metadata(&path).unwrap().len();
            let piece = read_on(&path, length, &mut self.place).unwrap();
            (piece.lines, piece.anew)
        }

        fn texts(&mut self) -> Vec<String> {
            self.read()
                .0
                .into_iter()
                .map(|(_, line)| line.unwrap())
                .collect()
        }
    }

    #[test]
    fn a_half_written_line_waits_for_its_end() {
        let mut file = Growing::new();
        file.append(b"\xef\xbb\xbfone\r\n\ntw");
        assert_eq!(file.texts(), ["one"]);
        assert!(file.texts().is_empty());
        file.append(b"o\nthree\n");
        assert_eq!(file.texts(), ["two", "three"]);
        assert_eq!(file.place.line, 4);
    }

    #[test]
    fn a_truncated_file_is_read_anew_even_when_it_has_grown_beyond_the_place() {
        let mut file = Growing::new();
        file.append(b"one\ntwo\n");
        file.read();
        std::fs::write(file.folder.path().join("file"), "1\n").unwrap();
        assert_eq!(file.read(), (vec![(1, Ok("1".to_owned()))], true));
        std::fs::write(file.folder.path().join("file"), "x\nyyy\n").unwrap();
        let (lines, anew) = file.read();
        assert!(anew && lines.len() == 2, "{lines:?}");
    }

    #[test]
    fn a_line_without_an_end_is_named_once_and_passed_over() {
        let mut file = Growing::new();
        file.append(b"one\n");
        file.append(&vec![b'x'; 700_000]);
        file.append(b"\ntwo\n");
        let mut all = Vec::new();
        for _ in 0..6 {
            all.extend(file.read().0);
        }
        let numbers: Vec<(u64, bool)> = all
            .iter()
            .map(|(line, read)| (*line, read.is_ok()))
            .collect();
        assert_eq!(numbers, [(1, true), (2, false), (3, true)]);
    }

    #[test]
    fn a_line_of_another_encoding_is_named() {
        let mut file = Growing::new();
        file.append(b"one\n\xff\xfe\nthree\n");
        let (lines, _) = file.read();
        assert!(lines[1].1.as_ref().unwrap_err().contains("UTF-8"));
        assert_eq!(lines[2].1.as_deref(), Ok("three"));
    }
}
