//! Reading a post: what a channel's text says, and whether it can be believed to say it.
//!
//! A text is normalised, cut into tokens, its phrases are named by the lexicon and its pairs by the
//! [`Universe`]; the fields that come out of it are put together to a trade, which is checked, or
//! they are a later word about one. What contradicts itself is held for a person and never repaired.
//!
//! A language is a file of phrases in `data/lexicon`, so a speaker adds one without Rust.

mod check;
mod fields;
mod layout;
mod lexicon;
mod normalise;
mod number;
mod phrase;
mod speech;
mod spelling;
mod symbol;
mod token;
mod trade;
mod universe;

pub use check::{FARTHEST_STOP, NEAREST_STOP, ROUND_TRIP_COST};
pub use universe::{Assets, Universe};

use std::collections::HashMap;

use crate::reading::{Draft, Meaning, Reading};

/// What is looked up for every word of every post. The keys are the project's own lists, so nobody can
/// choose them to collide, and the standard library's guard against that would cost more than the rest
/// of a look-up.
type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// The parser's name and version, stored with every reading.
pub const PARSER: &str = "rules/6";

/// Longer texts are not read: the networks' own limit is 4096 characters, so these are no posts.
pub const LONGEST_TEXT: usize = 32 * 1024;

/// What the platform knows where a post is read.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The assets that exist.
    pub assets: &'a dyn Universe,
}

/// What is wrong with a trade that was put together of what is known already; nothing where it agrees
/// with itself.
#[must_use]
pub fn fault(draft: &Draft) -> Option<String> {
    check::fault(draft)
}

/// Reads one version of a post. The same text always gives the same reading.
#[must_use]
pub fn read(text: &str, has_media: bool, context: Context<'_>) -> Reading {
    Reading {
        parser: PARSER,
        meaning: meaning(text, has_media, context),
    }
}

fn meaning(text: &str, has_media: bool, context: Context<'_>) -> Meaning {
    if text.len() > LONGEST_TEXT {
        return Meaning::Noise("too-long");
    }
    let plain = normalise::plain(text);
    if plain.trim().is_empty() {
        return Meaning::Noise(if has_media { "image-only" } else { "empty" });
    }
    let lexicon = lexicon::Lexicon::bundled();
    let tokens = token::cut(&plain, lexicon);
    if tokens.len() > token::MOST_TOKENS {
        return Meaning::Noise("too-long");
    }
    let mut lexemes = symbol::name(phrase::name(tokens, lexicon), context.assets);
    spelling::mend(&mut lexemes);
    let mut lexemes = layout::plain(lexemes);
    trade::regroup(&mut lexemes, context.assets);
    let mut meaning = speech::recap(&lexemes, context.assets)
        .or_else(|| trade::read(&lexemes, context.assets))
        .unwrap_or_else(|| speech::read(&lexemes, context.assets));
    if let Meaning::Noise("chat" | "levels-in-talk" | "trade-without-entry") = meaning
        && let Some(reason) = trade::suspect(&lexemes)
    {
        meaning = Meaning::Quarantined {
            drafts: Vec::new(),
            reason,
        };
    }
    trade::restore(&mut meaning, text);
    meaning
}
