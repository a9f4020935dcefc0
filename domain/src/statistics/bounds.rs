//! Bounds: between what and what a rate lies.

/// An interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The interval of Wilson (1927) of a rate that was seen in `n` trials, where `n` may be an
/// effective number; none where there was no trial.
///
/// (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
#[must_use]
pub fn wilson(rate: f64, n: f64, z: f64) -> Option<Bounds> {
    if !(n > 0.0 && (0.0..=1.0).contains(&rate)) {
        return None;
    }
    let share = z * z / n;
    let centre = rate + share / 2.0;
    let spread = (rate * (1.0 - rate) / n + share / (4.0 * n)).sqrt() * z;
    Some(Bounds {
        low: ((centre - spread) / (1.0 + share)).max(0.0),
        high: ((centre + spread) / (1.0 + share)).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Z_95;
    use super::*;

    #[test]
    fn without_a_trial_there_is_no_bound() {
        assert_eq!(wilson(0.5, 0.0, Z_95), None);
        assert_eq!(wilson(f64::NAN, 10.0, Z_95), None);
    }

    #[test]
    fn ten_of_ten_is_no_certainty() {
        let bounds = wilson(1.0, 10.0, Z_95).expect("there were trials");
        assert!((bounds.low - 0.722_467).abs() < 1e-6 && (bounds.high - 1.0).abs() < 1e-12);
    }
}
