//! The history: what every channel had said between two instants, as it was seen at each of them.
//!
//! Nothing runs for it. Whoever wants months of posts to learn from need not wait for months.

use crate::channels::{CHANNELS, Kind, Press};
use crate::market::Market;

/// One version of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The channel's name.
    pub channel: &'static str,
    /// How its posts reach the world.
    pub kind: Kind,
    /// The post's number.
    pub id: i64,
    /// When this version appeared, in microseconds since 1970.
    pub at: i64,
    /// What happened to the post then.
    pub what: Happened,
    /// Its words; none where it was deleted.
    pub text: String,
    /// Whether a picture comes with it.
    pub photo: bool,
    /// The post that it answers visibly.
    pub reply_to: Option<i64>,
}

/// What happened to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It appeared.
    Posted,
    /// It was rewritten.
    Edited,
    /// It vanished.
    Deleted,
}

/// Every version of every post that appeared between two instants (in microseconds since 1970), with
/// what became of it later, in the order of time. The same seed and pace give the same posts that a
/// running simulator shows.
#[must_use]
pub fn history(market: &Market, pace: f64, after: i64, until: i64) -> Vec<Version> {
    let press = Press::new(market.clone(), pace);
    let mut versions = Vec::new();
    for channel in &CHANNELS {
        for story in press.between(channel, after, until) {
            let post = &story.post;
            if post.at <= after || post.at > until {
                continue;
            }
            let version = |at, what, text: &str| Version {
                channel: channel.name,
                kind: channel.kind,
                id: post.id,
                at,
                what,
                text: text.to_owned(),
                photo: post.photo,
                reply_to: post.reply_to,
            };
            versions.push(version(post.at, Happened::Posted, &post.text));
            // What came by webhook is out of its author's hands.
            if channel.kind == Kind::Preview {
                let edited = story.edit.as_ref();
                versions.extend(edited.map(|edit| version(edit.at, Happened::Edited, &edit.text)));
                let deleted = story.deleted;
                versions.extend(deleted.map(|at| version(at, Happened::Deleted, "")));
            }
        }
    }
    versions.sort_by_key(|version| (version.at, version.channel, version.id));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::EPOCH_MS;

    #[test]
    fn a_history_is_what_a_running_simulator_shows_and_has_every_kind_of_fate() {
        let market = Market::new(7);
        let begin = EPOCH_MS * 1_000 + 40 * 86_400_000_000;
        let (middle, end) = (begin + 600_000_000, begin + 1_200_000_000);
        let whole = history(&market, 1.0, begin, end);
        assert!(whole.is_sorted_by_key(|version| version.at));
        for what in [Happened::Posted, Happened::Edited, Happened::Deleted] {
            assert!(whole.iter().any(|version| version.what == what), "{what:?}");
        }
        // A part of it says the same of its posts, whatever became of them later.
        let part = history(&market, 1.0, begin, middle);
        let posted: Vec<_> = part
            .iter()
            .filter(|version| version.what == Happened::Posted)
            .map(|version| (version.channel, version.id))
            .collect();
        let early: Vec<_> = whole
            .iter()
            .filter(|version| posted.contains(&(version.channel, version.id)))
            .cloned()
            .collect();
        assert!(part.iter().any(|version| version.at > middle));
        assert_eq!(part, early);
    }
}
