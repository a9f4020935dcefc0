//! What still has to be fetched of a month, decided without touching the world.

use domain::time::Timestamp;

/// A stretch of time, its end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Stretch {
    /// What both have in common; none when that is nothing.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        };
        (both.from < both.until).then_some(both)
    }

    /// Does it hold this instant?
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// The stretches of `wanted` to fetch where `known` is known, each beside what is known by then.
///
/// A file knows of one stretch only, so what lies between the known and the wanted is fetched,
/// too: it is one month at most.
#[must_use]
pub fn missing(known: Option<Stretch>, wanted: Stretch) -> Vec<Stretch> {
    let Some(known) = known else {
        return vec![wanted];
    };
    let before = Stretch {
        from: wanted.from,
        until: known.from,
    };
    let after = Stretch {
        from: known.until,
        until: wanted.until,
    };
    [before, after]
        .into_iter()
        .filter(|stretch| stretch.from < stretch.until)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: i64, until: i64) -> Stretch {
        Stretch {
            from: Timestamp::from_millis(from),
            until: Timestamp::from_millis(until),
        }
    }

    #[test]
    fn only_what_is_not_known_is_fetched_and_what_is_known_stays_one_stretch() {
        let wanted = stretch(10, 20);
        let cases: [(Option<Stretch>, &[Stretch]); 6] = [
            (None, &[stretch(10, 20)]),
            (Some(stretch(10, 20)), &[]),
            (Some(stretch(5, 30)), &[]),
            (Some(stretch(10, 14)), &[stretch(14, 20)]),
            (Some(stretch(12, 14)), &[stretch(10, 12), stretch(14, 20)]),
            (Some(stretch(2, 4)), &[stretch(4, 20)]),
        ];
        for (known, missing_of_it) in cases {
            assert_eq!(missing(known, wanted), missing_of_it, "{known:?}");
        }
        assert_eq!(
            missing(Some(stretch(40, 50)), wanted),
            [stretch(10, 40)],
            "the way to what is known"
        );
    }
}
