//! What a source remembers of its channel, and what a look at the page means in its light.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::Cursor;
use domain::ports::source::Resume;
use domain::post::Digest;

use super::page::{Page, Shown};

/// Which reading of pages made the known digests. A newer reading may see the same page otherwise,
/// and that must not look like the authors' edits: raise it whenever text or media are read anew.
const READER: u32 = 1;

/// What is remembered of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// The highest id that was handed out or passed over; none before the first look.
    read: Option<u64>,
    /// The posts up to this one stood there before the first look.
    backlog: u64,
    /// The last posts that still stand, with the digest of their newest version.
    known: BTreeMap<u64, Digest>,
    /// Known posts that the last look missed.
    missed: BTreeSet<u64>,
    /// The known digests were made by an older reading.
    stale: bool,
}

/// A stretch of the channel that was looked at.
#[derive(Debug)]
pub(super) struct View {
    pub page: Page,
    /// Asked for posts before this one; none for the newest.
    pub before: Option<u64>,
}

impl View {
    /// The lowest id that the page could have left out, if anything can be concluded from it.
    fn from(&self) -> Option<u64> {
        let lowest = *self.page.ids.first()?;
        self.page
            .whole
            .then_some(if self.page.has_older { lowest } else { 0 })
    }

    /// Was it asked for with this post in mind?
    fn asked(&self, id: u64) -> bool {
        let reached = self.page.ids.first().is_none_or(|lowest| *lowest <= id);
        self.before.is_some_and(|before| id < before) && (reached || !self.page.has_older)
    }

    fn covers(&self, id: u64) -> bool {
        self.from().is_some_and(|from| from <= id) && self.before.is_none_or(|before| id < before)
    }
}

/// What a look found out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Posts never handed out, rising.
    pub new: Vec<Shown>,
    /// Posts whose content is another than before.
    pub edited: Vec<Shown>,
    /// Posts missed by this look and by the one before.
    pub deleted: Vec<u64>,
    /// Posts missed for the first time.
    pub missed: BTreeSet<u64>,
    /// Posts whose content is taken as known without a word.
    learnt: Vec<(u64, Digest)>,
}

impl Memory {
    pub(super) fn resume(resume: &Resume) -> Self {
        let mut memory = Self::default();
        let mut parts = resume
            .cursor
            .iter()
            .flat_map(|cursor| cursor.as_str().split('/'));
        memory.read = parts.next().and_then(|read| read.parse().ok());
        memory.backlog = parts.next().and_then(|id| id.parse().ok()).unwrap_or(0);
        memory.stale = parts.next().and_then(|reader| reader.parse().ok()) != Some(READER);
        memory.known = resume
            .recent
            .iter()
            .filter_map(|(key, digest)| Some((key.as_str().parse().ok()?, *digest)))
            .collect();
        memory
    }

    /// `1313/1294/1`: read up to 1313, of which all up to 1294 stood there before, by reader 1.
    pub(super) fn cursor(&self) -> Cursor {
        let read = self.read.unwrap_or(0);
        Cursor::new(format!("{read}/{}/{READER}", self.backlog))
    }

    pub(super) const fn read(&self) -> Option<u64> {
        self.read
    }

    /// Did this post stand there before the channel was first read?
    pub(super) const fn is_backlog(&self, id: u64) -> bool {
        id <= self.backlog
    }

    /// The oldest of the last `count` known posts.
    pub(super) fn oldest_watched(&self, count: usize) -> Option<u64> {
        self.known.keys().rev().take(count).next_back().copied()
    }

    /// The known posts that the last look missed.
    pub(super) const fn missed(&self) -> &BTreeSet<u64> {
        &self.missed
    }

    /// What the views say, without touching the memory.
    pub(super) fn compare(&self, views: &[View], digest: impl Fn(&Shown) -> Digest) -> Findings {
        let mut findings = Findings::default();
        let mut shown = BTreeMap::new();
        for post in views.iter().flat_map(|view| &view.page.posts) {
            shown.insert(post.id, post);
        }
        let oldest = self.known.keys().next().copied();
        for (id, post) in &shown {
            let digest = digest(post);
            match self.known.get(id) {
                Some(known) if *known == digest => {}
                Some(_) if self.stale => findings.learnt.push((*id, digest)),
                Some(_) => findings.edited.push((*post).clone()),
                None if self.read.is_none_or(|read| *id > read) => {
                    findings.new.push((*post).clone());
                }
                // Within the stretch that is remembered and yet unknown: told again rather than
                // never. What lies before that stretch is none of ours.
                None if oldest.is_some_and(|oldest| *id > oldest) => {
                    findings.new.push((*post).clone());
                }
                None => {}
            }
        }
        // A page on which nothing known stands may be another channel's, or last year's.
        let trusted = |view: &View| {
            let known = |id: &u64| self.known.contains_key(id);
            view.page.ids.iter().any(known)
        };
        for id in self.known.keys() {
            let gone = |view: &View| trusted(view) && view.covers(*id);
            if views.iter().any(|view| view.page.ids.contains(id)) {
                continue;
            }
            if !views.iter().any(gone) {
                // Its turn for a second look has not come, or nothing could be told from it.
                if self.missed.contains(id) && !views.iter().any(|view| view.asked(*id)) {
                    findings.missed.insert(*id);
                }
                continue;
            }
            // The second look is another page than the first one, so that a stale copy of one
            // page cannot make a deletion.
            let asked = |view: &View| view.asked(*id) && gone(view);
            if self.missed.contains(id) && views.iter().any(asked) {
                findings.deleted.push(*id);
            } else {
                findings.missed.insert(*id);
            }
        }
        findings
    }

    /// Takes in what was found: it is handed out now.
    pub(super) fn take(
        &mut self,
        views: &[View],
        findings: &Findings,
        keep: usize,
        digest: impl Fn(&Shown) -> Digest,
    ) {
        self.known.extend(findings.learnt.iter().copied());
        for post in findings.new.iter().chain(&findings.edited) {
            self.known.insert(post.id, digest(post));
        }
        for id in &findings.deleted {
            self.known.remove(id);
        }
        self.missed.clone_from(&findings.missed);
        let seen = views.iter().filter_map(|view| view.page.ids.last());
        self.read = seen.copied().chain(self.read).max().or(Some(0));
        self.stale = false;
        while self.known.len() > keep {
            self.known.pop_first();
        }
    }

    /// Says, on the first look, up to which post all stood there before.
    pub(super) const fn set_backlog(&mut self, upto: u64) {
        self.backlog = upto;
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::PostKey;
    use domain::time::Timestamp;

    use super::*;

    fn shown(id: u64, text: &str) -> Shown {
        Shown {
            id,
            posted: Timestamp::from_micros(0),
            author: None,
            text: text.into(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            edited: false,
        }
    }

    fn digest(post: &Shown) -> Digest {
        let mut bytes = [0; 32];
        for (byte, letter) in bytes.iter_mut().zip(post.text.bytes()) {
            *byte = letter;
        }
        Digest(bytes)
    }

    fn view(before: Option<u64>, ids: &[u64]) -> View {
        View {
            page: Page {
                title: None,
                posts: ids.iter().map(|id| shown(*id, "text")).collect(),
                ids: ids.to_vec(),
                has_older: true,
                whole: true,
            },
            before,
        }
    }

    fn knowing(ids: &[u64]) -> Memory {
        let mut memory = Memory::default();
        let views = [view(None, ids)];
        let findings = memory.compare(&views, digest);
        memory.take(&views, &findings, 100, digest);
        memory
    }

    fn look(memory: &mut Memory, views: &[View]) -> Findings {
        let findings = memory.compare(views, digest);
        memory.take(views, &findings, 100, digest);
        findings
    }

    #[test]
    fn the_newest_post_is_deleted_only_when_a_second_look_misses_it_too() {
        let mut memory = knowing(&[4, 5, 6]);
        let first = look(&mut memory, &[view(None, &[4, 5])]);
        assert_eq!((first.deleted.as_slice(), first.missed.len()), (&[][..], 1));

        let same_page = memory.compare(&[view(None, &[4, 5])], digest);
        assert!(
            same_page.deleted.is_empty(),
            "the same page is no second look"
        );

        let second = look(&mut memory, &[view(None, &[4, 5]), view(Some(7), &[4, 5])]);
        assert_eq!(second.deleted, [6]);
        assert!(look(&mut memory, &[view(None, &[4, 5])]).missed.is_empty());
    }

    #[test]
    fn a_post_that_comes_back_before_the_second_look_was_never_gone() {
        let mut memory = knowing(&[4, 5, 6]);
        look(&mut memory, &[view(None, &[4, 5])]);
        look(&mut memory, &[view(None, &[4, 5, 6])]);
        assert!(memory.missed().is_empty());
    }

    #[test]
    fn nothing_is_concluded_from_a_page_that_is_broken_empty_or_strange() {
        let memory = knowing(&[4, 5, 6]);
        let mut broken = view(None, &[5, 6]);
        broken.page.whole = false;
        broken.page.has_older = false;
        for views in [
            [broken],
            [view(None, &[])],
            [view(None, &[5, 6])],
            [view(None, &[40, 41])],
        ] {
            assert!(
                memory.compare(&views, digest).missed.is_empty(),
                "{views:?}"
            );
        }
    }

    #[test]
    fn a_page_without_older_posts_shows_that_all_before_it_are_gone() {
        let memory = knowing(&[4, 5, 6]);
        let mut last = view(None, &[6]);
        last.page.has_older = false;
        let missed = memory.compare(&[last], digest).missed;
        assert_eq!(missed.into_iter().collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn an_edit_made_while_nobody_read_is_noticed_by_what_was_stored() {
        let stored = |id: u64, text: &str| (PostKey::new(id.to_string()), digest(&shown(id, text)));
        let resume = |cursor: &str| Resume {
            cursor: Some(Cursor::new(cursor)),
            recent: vec![stored(4, "text"), stored(5, "other")],
        };
        let current = Memory::resume(&resume("5/3/1"));
        let found = current.compare(&[view(None, &[4, 5, 6])], digest);
        assert_eq!(found.edited, [shown(5, "text")]);
        assert_eq!(found.new, [shown(6, "text")]);
        assert!(current.is_backlog(3) && !current.is_backlog(4));

        let by_an_older_reader = Memory::resume(&resume("5/3/0"));
        let found = by_an_older_reader.compare(&[view(None, &[4, 5, 6])], digest);
        assert!(found.edited.is_empty(), "a new reader is no edit");
    }

    #[test]
    fn a_cursor_says_where_it_was_read() {
        let mut memory = knowing(&[4, 5, 6]);
        memory.set_backlog(5);
        assert_eq!(memory.cursor(), Cursor::new("6/5/1"));
    }
}
