//! Chance without memory: hashes of (seed, place), so any instant can be asked first.

/// Mixes the bits of a number until they look drawn by lot (the finaliser of SplitMix64).
pub(crate) const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The hash of a place within a seed.
pub(crate) const fn hash(seed: u64, place: i64) -> u64 {
    mix(mix(seed) ^ place.cast_unsigned())
}

/// The seed of something that has a name.
pub(crate) fn named(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(mix(seed), |so_far, byte| mix(so_far ^ u64::from(byte)))
}

/// A share in `[0, 1)` out of a hash.
pub(crate) fn share(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// The nearest whole number; what does not fit is cut off, which prices here never reach.
#[expect(clippy::cast_possible_truncation, reason = "rounding is the purpose")]
pub(crate) fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// A sequence of draws that belongs to one place.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn at(seed: u64, place: i64) -> Self {
        Self(hash(seed, place))
    }

    pub(crate) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    pub(crate) fn chance(&mut self, of: f64) -> bool {
        share(self.draw()) < of
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * share(self.draw())
    }

    /// A number below `count`, which is at least one.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from(self.draw() % count).unwrap_or(0)
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_draws_the_same_lots() {
        let draws = |seed| {
            let mut dice = Dice::at(seed, 41);
            (0..9).map(|_| dice.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn shares_fill_the_unit_interval_evenly() {
        let mut tenths = [0_u32; 10];
        let mut dice = Dice::at(1, 1);
        for _ in 0..10_000 {
            tenths[dice.below(10)] += 1;
        }
        assert!(tenths.iter().all(|n| (850..1150).contains(n)), "{tenths:?}");
    }
}
