//! The price path: a fractal of smooth noises that can be asked for any instant.
//!
//! The logarithm of a price is a sum of octaves, each a smooth line through random heights. Their
//! heights grow with the root of their periods, as those of a random walk do, but not beyond a
//! quarter of an hour, so that the price keeps coming home. Shocks lift it off and put it back at
//! once: they are the gaps that a stop can fall into.

use crate::dice::{hash, mix, named, share};

use super::symbol::Symbol;

/// The octaves' periods in milliseconds, no two of which fall in step.
const PERIODS: [i64; 14] = [
    1_100, 2_300, 4_700, 9_700, 19_300, 41_000, 83_000, 167_000, 337_000, 677_000, 1_361_000,
    2_713_000, 5_437_000, 10_853_000,
];

/// The height of an octave with a period of one second.
const HEIGHT: f64 = 0.0011;

/// Longer octaves are no higher than one of this period.
const HIGHEST: f64 = 600.0;

/// How long a shock lasts, how seldom there is one, and how high it is.
const SHOCK_MS: i64 = 43_000;
const SHOCK_CHANCE: f64 = 0.05;
const SHOCK_HEIGHT: (f64, f64) = (0.004, 0.009);

/// One octave between two of its random heights.
#[derive(Clone, Copy)]
struct Stretch {
    cell: i64,
    left: f64,
    rise: f64,
}

/// Walks along the path of one symbol. Asking for near instants one after the other is cheap.
pub(crate) struct Walk {
    seed: u64,
    home: f64,
    wildness: f64,
    stretches: [Stretch; PERIODS.len()],
    shock: (i64, f64),
}

impl Walk {
    pub(crate) fn new(seed: u64, symbol: &Symbol) -> Self {
        Self {
            seed: named(seed, symbol.name),
            home: symbol.home.in_units() as f64,
            wildness: f64::from(symbol.wildness) / 100.0,
            stretches: [Stretch {
                cell: i64::MIN,
                left: 0.0,
                rise: 0.0,
            }; PERIODS.len()],
            shock: (i64::MIN, 0.0),
        }
    }

    /// The price in the middle of the book at a millisecond, in units of an [`crate::Amount`].
    pub(crate) fn middle(&mut self, at_ms: i64) -> f64 {
        let mut sum = self.shock_at(at_ms);
        for (octave, period) in PERIODS.iter().enumerate() {
            let cell = at_ms.div_euclid(*period);
            let stretch = &mut self.stretches[octave];
            if stretch.cell != cell {
                let seed = mix(self.seed ^ (octave as u64 + 1));
                let left = height(seed, cell);
                let rise = height(seed, cell + 1) - left;
                *stretch = Stretch { cell, left, rise };
            }
            let way = at_ms.rem_euclid(*period) as f64 / *period as f64;
            let smooth = way * way * (3.0 - 2.0 * way);
            let seconds = *period as f64 / 1000.0;
            sum += HEIGHT * seconds.min(HIGHEST).sqrt() * (stretch.left + stretch.rise * smooth);
        }
        self.home * (self.wildness * sum).exp()
    }

    fn shock_at(&mut self, at_ms: i64) -> f64 {
        let cell = at_ms.div_euclid(SHOCK_MS);
        if self.shock.0 != cell {
            let drawn = hash(mix(self.seed), cell);
            let (low, high) = SHOCK_HEIGHT;
            let size = low + (high - low) * share(mix(drawn));
            let signed = if drawn & 1 == 0 { size } else { -size };
            let shock = if share(drawn) < SHOCK_CHANCE {
                signed
            } else {
                0.0
            };
            self.shock = (cell, shock);
        }
        self.shock.1
    }
}

/// A random height between -1 and 1.
fn height(seed: u64, cell: i64) -> f64 {
    2.0 * share(hash(seed, cell)) - 1.0
}
