//! Reliability: what a model said and what happened, side by side.

use domain::ports::predictions::Fulfilled;
use domain::statistics::count;
use domain::time::Timestamp;
use scoring::measure::{bins, perfect_ece};
use scoring::steps::line::Line;

use super::rule::loss;

/// The dice by which it is reckoned what perfect chances would show.
const SEED: u64 = 1;

/// What a model said and what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Of how many signals.
    pub signals: usize,
    /// How many of them reached the first target.
    pub won: usize,
    /// Of how many signals the time was up. The others are those of the newest that ended fast.
    pub settled: usize,
    /// Mean −log(chance of what happened), in nats; a coin has 0.6931.
    pub log_loss: f64,
    /// Mean square of what was off; a coin has 0.25.
    pub brier: f64,
    /// How far chances were from shares, over the bins.
    pub ece: f64,
    /// What that would be on as many signals were every chance right.
    pub ece_of_perfect: f64,
    /// The line through log-odds that would have put the chances right.
    pub line: Line,
    /// About equally many signals in each, by what was said; those of which the same was said are in one.
    pub bins: Vec<Bin>,
}

/// Signals of which about the same was said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub signals: usize,
    /// What was said on average.
    pub said: f64,
    /// The share that reached the first target.
    pub happened: f64,
}

/// Holds what was said against what happened; none of nothing.
#[must_use]
pub fn reliability(told: &[Fulfilled], now: Timestamp) -> Option<Reliability> {
    if told.is_empty() {
        return None;
    }
    let mut told: Vec<&Fulfilled> = told.iter().collect();
    told.sort_by(|one, other| one.first.total_cmp(&other.first));
    let chances: Vec<f64> = told.iter().map(|told| told.first).collect();
    let places = bins(&chances);
    let mut filled = vec![Bin::default(); places.iter().max().map_or(0, |last| last + 1)];
    for (told, place) in told.iter().zip(&places) {
        let bin = &mut filled[*place];
        bin.signals += 1;
        bin.said += told.first;
        bin.happened += happened(told);
    }
    filled.retain(|bin| bin.signals > 0);
    for bin in &mut filled {
        bin.said /= count(bin.signals);
        bin.happened /= count(bin.signals);
    }
    let all = count(told.len());
    let mean = |of: &dyn Fn(&Fulfilled) -> f64| told.iter().map(|told| of(told)).sum::<f64>() / all;
    let points = told.iter().map(|told| (told.first, told.won, 1.0));
    Some(Reliability {
        signals: told.len(),
        won: told.iter().filter(|told| told.won).count(),
        settled: told.iter().filter(|told| told.due <= now).count(),
        log_loss: mean(&loss),
        brier: mean(&|told| (told.first - happened(told)).powi(2)),
        ece: filled
            .iter()
            .map(|bin| count(bin.signals) / all * (bin.said - bin.happened).abs())
            .sum(),
        ece_of_perfect: perfect_ece(&chances, SEED),
        line: Line::fit(points),
        bins: filled,
    })
}

const fn happened(told: &Fulfilled) -> f64 {
    if told.won { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChannelId, PostKey, SignalId};

    use super::*;

    #[test]
    fn what_was_said_stands_beside_what_happened() {
        let channel = ChannelId::parse("test").unwrap();
        let at = Timestamp::from_micros(0);
        // Of forty told 0.25 a quarter wins, of forty told 0.75 all do.
        let told: Vec<Fulfilled> = (0..80)
            .map(|nth| Fulfilled {
                signal: SignalId::of(&channel, &PostKey::new(nth.to_string()), 0),
                received: at,
                entered: at,
                ended: at,
                due: Timestamp::from_micros(nth / 2),
                first: if nth < 40 { 0.25 } else { 0.75 },
                expected_r: None,
                won: nth >= 40 || nth % 4 == 0,
                r: None,
            })
            .collect();
        let told = reliability(&told, Timestamp::from_micros(9)).unwrap();
        assert_eq!((told.signals, told.won, told.settled), (80, 50, 20));
        assert!((told.ece - 0.125).abs() < 1e-12, "{}", told.ece);
        let last = told.bins.last().unwrap();
        assert!((last.said - 0.75).abs() < 1e-12 && (last.happened - 1.0).abs() < 1e-12);
        assert_eq!(told.bins.iter().map(|bin| bin.signals).sum::<usize>(), 80);
        assert_eq!(reliability(&[], at), None);
    }
}
