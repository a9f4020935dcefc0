//! The chain of records: what was stored on a day is hashed into one value, and that into the next.
//!
//! Whoever kept one day's hash can tell that no byte of what was stored until then was changed since.
//! `docs/guide/proof.md` says how, byte by byte, so that nobody needs this program for it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::ids::{ChannelId, Epoch, Seq};
use crate::post::Origin;
use crate::time::Timestamp;

/// What stands before everything that is hashed into a seal: another form gets another word.
const SEAL: &str = "touchstone seal 1";

/// The same for the figures of a day.
const FIGURES: &str = "touchstone figures 1";

/// Microseconds of a day. UTC has no leap second here: every day is as long.
const DAY: i64 = 86_400_000_000;

/// A day in UTC, counted from the first of January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day in which an instant falls.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.as_micros().div_euclid(DAY))
    }

    /// Its first instant.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(DAY))
    }

    /// The first instant after it.
    #[must_use]
    pub const fn end(self) -> Timestamp {
        self.next().begin()
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The day before it.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first seal has before it.
    pub const NOTHING: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut bytes = [0; 32];
        for (nth, byte) in bytes
            .iter_mut()
            .enumerate()
            .take(if digits { 32 } else { 0 })
        {
            *byte = u8::from_str_radix(text.get(nth * 2..nth * 2 + 2)?, 16).ok()?;
        }
        digits.then_some(Self(bytes))
    }

    /// From as many bytes as it has.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes of leaves on their way into one: the tree of RFC 6962, of which only the roots of whole
/// subtrees are kept, so that a million leaves need twenty of them.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The roots of whole subtrees, the largest first; their sizes are the bits of `leaves`.
    roots: Vec<Hash>,
    leaves: u64,
}

impl Tree {
    /// Takes in the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        let mut sizes = self.leaves;
        while sizes & 1 == 1
            && let Some(before) = self.roots.pop()
        {
            root = node(before, root);
            sizes >>= 1;
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Its root; of no leaf the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        match roots.next() {
            Some(smallest) => roots.fold(smallest, |right, left| node(left, right)),
            None => Hash(Sha256::digest([]).into()),
        }
    }
}

fn node(left: Hash, right: Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.0);
    hash.update(right.0);
    Hash(hash.finalize().into())
}

/// The leaf of these bytes. The byte before them keeps anybody from passing off an inner node as one.
#[must_use]
pub fn leaf(bytes: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    Hash(hash.finalize().into())
}

/// What a seal is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The history that it was made in.
    pub epoch: Epoch,
    /// The day that was over.
    pub day: Day,
    /// It covers the records whose places lie after this one…
    pub after: Seq,
    /// … up to this one.
    pub through: Seq,
    /// How many they are.
    pub records: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The hash of what was published of every channel when the day was over.
    pub figures: Hash,
    /// The hash of the seal before it; nothing but zeros before the first.
    pub previous: Hash,
}

/// A day's records and figures, and all before them, in one hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What it is made of.
    pub sealed: Sealed,
    /// The hash of that.
    pub hash: Hash,
}

impl Sealed {
    /// Its hash: of a word, and of each member as text on a line of its own, in the order above.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let Self {
            epoch,
            day,
            after,
            through,
            records,
            root,
            figures,
            previous,
        } = self;
        let day = day.number();
        let text = format!(
            "{SEAL}\n{epoch}\n{day}\n{after}\n{through}\n{records}\n{root}\n{figures}\n{previous}\n"
        );
        Hash(Sha256::digest(text).into())
    }

    /// Closes it.
    #[must_use]
    pub fn seal(self) -> Seal {
        let hash = self.hash();
        Seal { sealed: self, hash }
    }
}

/// What was published of a channel when a day was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Whose figures.
    pub channel: ChannelId,
    /// Of signals of this origin.
    pub origin: Origin,
    /// Under this execution model.
    pub model: String,
    /// By which rules they were computed: `figures/1`.
    pub rules: String,
    /// The figures, as they are shown.
    pub body: String,
}

/// The hash of what was published, in the order of channels, origins and models.
#[must_use]
pub fn figures<'a>(published: impl IntoIterator<Item = &'a Published>) -> Hash {
    let mut hash = Sha256::new();
    hash.update(format!("{FIGURES}\n"));
    for one in published {
        let Published {
            channel,
            origin,
            model,
            rules,
            body,
        } = one;
        // JSON on one line and names without line ends: the text can be read in one way only.
        hash.update(format!("{channel}\n{origin}\n{model}\n{rules}\n{body}\n"));
    }
    Hash(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The roots that RFC 6962's own reference gives for its example leaves.
    #[test]
    fn the_tree_is_that_of_rfc_6962() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), roots[0]);
        for (bytes, root) in leaves.into_iter().zip(&roots[1..]) {
            tree.push(leaf(bytes));
            assert_eq!(tree.root().to_string(), *root);
        }
    }

    #[test]
    fn every_member_of_a_seal_is_in_its_hash() {
        let sealed = || Sealed {
            epoch: Epoch::new("k3"),
            day: Day::of(Timestamp::from_millis(1_700_000_000_000)),
            after: Seq::new(1),
            through: Seq::new(9),
            records: 12,
            root: leaf(b"root"),
            figures: figures([]),
            previous: Hash::NOTHING,
        };
        let other: [fn(&mut Sealed); 8] = [
            |sealed| sealed.epoch = Epoch::new("k4"),
            |sealed| sealed.day = sealed.day.next(),
            |sealed| sealed.after = Seq::new(2),
            |sealed| sealed.through = Seq::new(10),
            |sealed| sealed.records = 13,
            |sealed| sealed.root = leaf(b"toor"),
            |sealed| sealed.figures = leaf(b""),
            |sealed| sealed.previous = leaf(b"before"),
        ];
        for change in other {
            let mut changed = sealed();
            change(&mut changed);
            assert_ne!(changed.hash(), sealed().hash());
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins_also_before_1970() {
        for micros in [-1, 0, 1, DAY - 1, DAY, -DAY, -DAY - 1] {
            let (at, day) = (
                Timestamp::from_micros(micros),
                Day::of(Timestamp::from_micros(micros)),
            );
            assert!(day.begin() <= at && at < day.end(), "{micros}");
            assert_eq!(day.end(), day.next().begin());
            assert_eq!(day.next().previous(), day);
        }
    }

    #[test]
    fn a_hash_reads_as_it_is_written() {
        let hash = leaf(b"x");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "00", "zz", &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }
}
