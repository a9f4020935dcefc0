//! What can be traded: the assets that a symbol is looked up in.

use std::sync::LazyLock;

use rust_decimal::Decimal;

use super::Map;

/// The assets that exist where a post is read.
pub trait Universe {
    /// Is it a base asset, in upper case?
    fn is_base(&self, symbol: &str) -> bool;
    /// Is it a word of the language too (`NOT`, `ONE`), so that a bare mention proves nothing?
    fn is_word(&self, symbol: &str) -> bool;
    /// Can a whole number be its price in dollars? Otherwise `666` is more likely satoshi.
    fn is_dear(&self, symbol: &str) -> bool;
    /// What it has cost at least in dollars ever since posts were written about it, where that is
    /// known. It tells whether `61.250` is sixty-one thousand.
    fn least_price(&self, symbol: &str) -> Option<Decimal>;
    /// Is it known to be no crypto asset, as gold and currencies are?
    fn is_foreign(&self, symbol: &str) -> bool;
    /// Does only a venue list it, so that nothing is known of what it has ever cost?
    fn is_new(&self, symbol: &str) -> bool;
}

/// A list of assets: the bundled ones and whatever the venues list.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    marks: Map<Box<str>, Marks>,
}

/// From this price in dollars on a whole number can be the price.
const DEAR: Decimal = Decimal::from_parts(20, 0, 0, false, 0);

/// How long the lines of a list are.
const LINE: usize = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    word: bool,
    dear: bool,
    least: Option<u32>,
    foreign: bool,
    new: bool,
}

static BUNDLED: LazyLock<Assets> =
    LazyLock::new(|| Assets::parse(include_str!("../../data/assets.txt")));

impl Assets {
    /// The bundled list.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    fn parse(text: &str) -> Self {
        let mut assets = Self::default();
        let entries = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace);
        for entry in entries {
            let end = entry.find(['$', '?', '!']).unwrap_or(entry.len());
            let (symbol, written) = entry.split_at(end);
            let marks = assets.marks.entry(symbol.into()).or_default();
            marks.word |= written.contains('?');
            marks.dear |= written.contains('$');
            marks.foreign |= written.contains('!');
            let least = written.trim_matches(|c: char| !c.is_ascii_digit());
            marks.least = least.parse().ok().or(marks.least);
        }
        assets
    }

    /// Adds an asset that a venue lists. One that is new may cost anything, and while nobody has
    /// looked whether it is a word of some language too, it is taken for one.
    pub fn add(&mut self, symbol: &str) {
        let known = self.marks.contains_key(symbol.to_uppercase().as_str());
        let marks = self.enter(symbol, true);
        marks.foreign = false;
        marks.new |= !known;
    }

    /// Adds an asset that a venue lists to the list that is to be bundled: as [`Self::add`], but for
    /// its last price in dollars, which tells whether a whole number can be its price.
    pub fn note(&mut self, symbol: &str, dollars: Option<Decimal>) {
        let dear = dollars.is_some_and(|price| price >= DEAR);
        let marks = self.enter(symbol, dear);
        marks.dear |= dear;
    }

    fn enter(&mut self, symbol: &str, dear: bool) -> &mut Marks {
        let symbol = symbol.to_uppercase();
        let word = symbol.chars().all(char::is_alphabetic);
        self.marks.entry(symbol.into()).or_insert(Marks {
            dear,
            word,
            ..Marks::default()
        })
    }

    /// The list as it is bundled: the symbols with their marks in their order, some on each line.
    #[must_use]
    pub fn listed(&self) -> String {
        let mut symbols: Vec<_> = self.marks.iter().collect();
        symbols.sort_by_key(|(symbol, _)| *symbol);
        let mut text = String::new();
        let mut width = 0;
        for (symbol, marks) in symbols {
            let least = marks.least.map(|least| least.to_string());
            let written = [
                symbol.as_ref(),
                if marks.dear || least.is_some() {
                    "$"
                } else {
                    ""
                },
                least.as_deref().unwrap_or_default(),
                if marks.word { "?" } else { "" },
                if marks.foreign { "!" } else { "" },
            ]
            .concat();
            let fits = width > 0 && width + written.len() < LINE;
            if width > 0 {
                text.push(if fits { ' ' } else { '\n' });
            }
            width = if fits { width + 1 } else { 0 } + written.len();
            text.push_str(&written);
        }
        text.push('\n');
        text
    }

    fn marks(&self, symbol: &str) -> Option<Marks> {
        self.marks.get(symbol).copied()
    }
}

impl Universe for Assets {
    fn is_base(&self, symbol: &str) -> bool {
        self.marks(symbol).is_some_and(|marks| !marks.foreign)
    }

    fn is_word(&self, symbol: &str) -> bool {
        self.marks(symbol).is_some_and(|marks| marks.word)
    }

    fn is_dear(&self, symbol: &str) -> bool {
        self.marks(symbol).is_some_and(|marks| marks.dear)
    }

    fn least_price(&self, symbol: &str) -> Option<Decimal> {
        self.marks(symbol)?.least.map(Decimal::from)
    }

    fn is_foreign(&self, symbol: &str) -> bool {
        self.marks(symbol).is_some_and(|marks| marks.foreign)
    }

    fn is_new(&self, symbol: &str) -> bool {
        self.marks(symbol).is_some_and(|marks| marks.new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_assets_carry_their_marks() {
        let assets = Assets::bundled();
        assert!(assets.is_base("BTC") && assets.is_dear("BTC") && !assets.is_word("BTC"));
        assert!(assets.is_base("NOT") && assets.is_word("NOT"));
        assert!(!assets.is_base("XAU") && assets.is_foreign("XAU"));
        assert_eq!(assets.least_price("BTC"), Some(Decimal::from(1_000)));
        assert_eq!(assets.least_price("SOL"), None);
    }

    #[test]
    fn a_list_is_written_as_it_is_read_and_knows_what_a_venue_added() {
        let mut assets = Assets::bundled().clone();
        assets.note("QBT", Some(Decimal::from(21)));
        assets.note("Q2", Some(Decimal::ONE));
        assets.note("BTC", Some(Decimal::from(60_000)));
        let text = assets.listed();
        assert!(text.lines().all(|line| line.len() <= LINE));
        assert_eq!(Assets::parse(&text).marks, assets.marks);
        for entry in ["QBT$?", "Q2", "BTC$1000", "XAU$500!"] {
            assert!(
                text.split_whitespace().any(|other| other == entry),
                "{entry}"
            );
        }
    }

    #[test]
    fn a_venue_adds_what_it_lists() {
        let mut assets = Assets::bundled().clone();
        assets.add("qbt");
        assets.add("BTC");
        assert!(assets.is_base("QBT") && assets.is_dear("QBT") && assets.is_word("QBT"));
        assert!(assets.is_new("QBT") && !assets.is_new("BTC"));
    }
}
