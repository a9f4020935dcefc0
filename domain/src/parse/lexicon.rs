//! The words of the trade: phrases in many languages, and the concepts that they name.
//!
//! The phrases are data, one file per language in `data/lexicon`; each line reads
//! `concept: phrase | phrase`, or `long + entry: buy zone` where a phrase says two things. A word may
//! mean one thing in one language and another in the next: the words around it tell which it is.
//! Adding a language is adding a file and its name to [`LANGUAGES`].

mod concept;

use std::sync::LazyLock;

use smol_str::SmolStr;

use super::Map;
use super::token::{self, Kind};

pub(super) use concept::Concept;

/// The languages, and what is said in each. English words stand in posts of any language, so it comes
/// first.
const LANGUAGES: [(&str, &str); 26] = [
    ("common", include_str!("../../data/lexicon/common.txt")),
    ("en", include_str!("../../data/lexicon/en.txt")),
    ("ar", include_str!("../../data/lexicon/ar.txt")),
    ("de", include_str!("../../data/lexicon/de.txt")),
    ("es", include_str!("../../data/lexicon/es.txt")),
    ("fa", include_str!("../../data/lexicon/fa.txt")),
    ("fr", include_str!("../../data/lexicon/fr.txt")),
    ("hi", include_str!("../../data/lexicon/hi.txt")),
    ("id", include_str!("../../data/lexicon/id.txt")),
    ("it", include_str!("../../data/lexicon/it.txt")),
    ("ja", include_str!("../../data/lexicon/ja.txt")),
    ("ko", include_str!("../../data/lexicon/ko.txt")),
    ("pl", include_str!("../../data/lexicon/pl.txt")),
    ("pt", include_str!("../../data/lexicon/pt.txt")),
    ("ru", include_str!("../../data/lexicon/ru.txt")),
    ("tr", include_str!("../../data/lexicon/tr.txt")),
    ("uk", include_str!("../../data/lexicon/uk.txt")),
    ("vi", include_str!("../../data/lexicon/vi.txt")),
    ("zh", include_str!("../../data/lexicon/zh.txt")),
    ("bn", include_str!("../../data/lexicon/bn.txt")),
    ("cs", include_str!("../../data/lexicon/cs.txt")),
    ("el", include_str!("../../data/lexicon/el.txt")),
    ("nl", include_str!("../../data/lexicon/nl.txt")),
    ("ro", include_str!("../../data/lexicon/ro.txt")),
    ("th", include_str!("../../data/lexicon/th.txt")),
    ("ur", include_str!("../../data/lexicon/ur.txt")),
];

/// A phrase after its first word, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    pub(super) rest: Vec<SmolStr>,
    /// What it says where the language of the text does not say otherwise.
    pub(super) sense: Sense,
    /// What it says in other languages: `no` denies in English and is `in the` in Portuguese.
    pub(super) others: Vec<Sense>,
}

/// What a phrase says in some languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sense {
    /// Those that say so, a bit each.
    tongues: u32,
    /// In the order in which it says them; never empty.
    pub(super) concepts: Vec<Concept>,
}

/// A language, by its place in [`LANGUAGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tongue(u8);

/// How many words of each language a text has that no other has.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally([u16; LANGUAGES.len()]);

impl Tally {
    /// Counts a phrase that stands in one language only.
    pub(super) fn count(&mut self, phrase: &Phrase) {
        let tongues = phrase.sense.tongues;
        if phrase.others.is_empty()
            && tongues.is_power_of_two()
            && let Some(count) = usize::try_from(tongues.trailing_zeros())
                .ok()
                .and_then(|tongue| self.0.get_mut(tongue))
        {
            *count = count.saturating_add(1);
        }
    }

    /// How many words there are of that of some languages that has the most.
    fn of(&self, tongues: u32) -> u16 {
        let said = (0..).zip(&self.0);
        said.filter(|(tongue, _)| tongues & (1 << tongue) != 0)
            .map(|(_, count)| *count)
            .max()
            .unwrap_or_default()
    }
}

impl Phrase {
    /// What it says in a text with these languages: the first language counts unless another has
    /// more words.
    pub(super) fn sense_in(&self, tally: &Tally) -> &Sense {
        self.others.iter().fold(&self.sense, |best, other| {
            if tally.of(other.tongues) > tally.of(best.tongues) {
                other
            } else {
                best
            }
        })
    }

    /// Adds what a language says by it.
    fn say(&mut self, tongue: Tongue, concepts: Vec<Concept>) {
        let senses = std::iter::once(&mut self.sense).chain(&mut self.others);
        for sense in senses {
            if sense.concepts == concepts {
                sense.tongues |= tongue.bit();
                return;
            }
        }
        self.others.push(Sense {
            tongues: tongue.bit(),
            concepts,
        });
    }
}

impl Tongue {
    const fn bit(self) -> u32 {
        1 << self.0
    }
}

/// The phrases that begin with one word.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// The word alone.
    alone: Option<Phrase>,
    /// Longer ones by their second word, the longest first: many begin with one Chinese character.
    longer: Map<SmolStr, Vec<Phrase>>,
}

impl Family {
    /// The longer phrases whose second word this is, the longest first.
    pub(super) fn going_on_with(&self, second: &str) -> &[Phrase] {
        self.longer.get(second).map_or(&[], Vec::as_slice)
    }

    /// The word alone, where it is a phrase.
    pub(super) const fn alone(&self) -> Option<&Phrase> {
        self.alone.as_ref()
    }

    /// The phrase of these words, if it is known.
    fn find(&mut self, rest: &[SmolStr]) -> Option<&mut Phrase> {
        let Some(second) = rest.first() else {
            return self.alone.as_mut();
        };
        let longer = self.longer.get_mut(second)?;
        longer.iter_mut().find(|other| other.rest == rest)
    }

    fn add(&mut self, phrase: Phrase) {
        let Some(second) = phrase.rest.first() else {
            self.alone = Some(phrase);
            return;
        };
        let longer = self.longer.entry(second.clone()).or_default();
        longer.push(phrase);
        longer.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
    }
}

/// All phrases, by their first word.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: Map<SmolStr, Family>,
    /// Phrases whose first word may go on (`закрыва*`), by the first letters of that word.
    stems: Map<SmolStr, Vec<(SmolStr, Family)>>,
}

/// A word's stem is at least so many letters long, and is found by them.
const STEM_HEAD: usize = 2;

static BUNDLED: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon::default();
    for (nth, (language, text)) in (0..).zip(LANGUAGES) {
        lexicon
            .extend(Tongue(nth), text)
            .unwrap_or_else(|line| panic!("the bundled lexicon {language} has a bad line: {line}"));
    }
    lexicon
});

impl Lexicon {
    pub(super) fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// Adds the lines of one language. Those added before count more where nothing else decides.
    fn extend(&mut self, tongue: Tongue, text: &str) -> Result<(), String> {
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = || line.to_owned();
            let (name, phrases) = line.split_once(':').ok_or_else(bad)?;
            let concepts: Vec<Concept> = name
                .split('+')
                .map(|name| Concept::read(name.trim()).ok_or_else(bad))
                .collect::<Result<_, _>>()?;
            for phrase in phrases.split('|') {
                let mut words = words(phrase).into_iter();
                let first = words.next().ok_or_else(bad)?;
                let known = match first.strip_suffix('*') {
                    Some(stem) => self.stem(stem).ok_or_else(bad)?,
                    None => self.phrases.entry(first).or_default(),
                };
                let rest: Vec<SmolStr> = words.collect();
                if let Some(other) = known.find(&rest) {
                    if other.sense.tongues == tongue.bit() && other.sense.concepts != concepts {
                        return Err(format!("{phrase} is said twice: {line}"));
                    }
                    other.say(tongue, concepts.clone());
                    continue;
                }
                known.add(Phrase {
                    rest,
                    sense: Sense {
                        tongues: tongue.bit(),
                        concepts: concepts.clone(),
                    },
                    others: Vec::new(),
                });
            }
        }
        Ok(())
    }

    /// The phrases of a stem; none where it is too short to be one.
    fn stem(&mut self, stem: &str) -> Option<&mut Family> {
        let stems = self.stems.entry(head(stem)?.into()).or_default();
        if let Some(at) = stems.iter().position(|(known, _)| known == stem) {
            return stems.get_mut(at).map(|(_, family)| family);
        }
        stems.push((stem.into(), Family::default()));
        stems.sort_by_key(|(stem, _)| std::cmp::Reverse(stem.len()));
        let at = stems.iter().position(|(known, _)| known == stem)?;
        stems.get_mut(at).map(|(_, family)| family)
    }

    /// The phrases that begin with a word.
    pub(super) fn beginning_with(&self, word: &str) -> Option<&Family> {
        self.phrases.get(word)
    }

    /// The phrases that begin with a stem of a word, those of the longest stem first.
    pub(super) fn stemming(&self, word: &str) -> impl Iterator<Item = &Family> {
        let stems = head(word).and_then(|head| self.stems.get(head));
        stems
            .into_iter()
            .flatten()
            .filter(|(stem, _)| word.starts_with(stem.as_str()))
            .map(|(_, family)| family)
    }

    /// Is a phrase begun by this word?
    pub(super) fn begins(&self, word: &str) -> bool {
        self.phrases.contains_key(word)
    }

    /// Is the word a whole phrase, and which?
    pub(super) fn word(&self, word: &str) -> Option<&Concept> {
        let alone = self.beginning_with(word)?.alone()?;
        alone.sense.concepts.first()
    }
}

/// The letters by which a stem is found.
fn head(word: &str) -> Option<&str> {
    let (end, last) = word.char_indices().nth(STEM_HEAD - 1)?;
    word.get(..end + last.len_utf8())
}

/// A phrase's words, cut as a text's are. A word before a `*` is a stem and keeps it.
fn words(phrase: &str) -> Vec<SmolStr> {
    let mut words = Vec::new();
    for part in phrase.split_whitespace() {
        let (part, stem) = match part.strip_suffix('*') {
            Some(part) => (part, true),
            None => (part, false),
        };
        let plain = super::normalise::plain(part);
        let cut = token::cut(&plain, &Lexicon::default()).into_iter();
        words.extend(cut.filter_map(|token| match token.kind {
            Kind::Word { low, .. } => Some(low),
            Kind::Sign('-') => None,
            Kind::Sign(sign) => Some(SmolStr::new(sign.to_string())),
            Kind::Number(number) => Some(number.written),
            Kind::Index(_) | Kind::Tick | Kind::Link | Kind::Break => None,
        }));
        if stem && let Some(last) = words.last_mut() {
            *last = SmolStr::new(format!("{last}*"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_line_names_a_concept_and_says_it_once() {
        for (language, text) in LANGUAGES {
            assert_eq!(
                Lexicon::default().extend(Tongue(0), text),
                Ok(()),
                "{language}"
            );
        }
    }

    #[test]
    fn the_longest_phrase_comes_first() {
        let mut lexicon = Lexicon::default();
        lexicon
            .extend(Tongue(0), "target: take profit\ntake: take\n")
            .unwrap();
        let family = lexicon.beginning_with("take").unwrap();
        assert_eq!(
            family.going_on_with("profit")[0].sense.concepts,
            [Concept::Target]
        );
        assert_eq!(lexicon.word("take"), Some(&Concept::Take));
    }

    #[test]
    fn the_language_of_the_text_says_what_a_word_means() {
        let mut lexicon = Lexicon::default();
        lexicon.extend(Tongue(0), "not: no\n").unwrap();
        lexicon
            .extend(Tongue(1), "filler: no\ntarget: alvo\n")
            .unwrap();
        let alone = |word: &str| lexicon.beginning_with(word).unwrap().alone().unwrap();
        let phrase = alone("no");
        let mut tally = Tally::default();
        assert_eq!(phrase.sense_in(&tally).concepts, [Concept::Not]);
        tally.count(alone("alvo"));
        assert_eq!(phrase.sense_in(&tally).concepts, [Concept::Filler]);
    }
}
