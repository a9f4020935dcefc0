//! The board: channels by what can be proven of them, and why the others are not on it.

use domain::ids::ChannelId;
use domain::statistics::{LEAST_EFFECTIVE, discoveries};
use serde::Serialize;
use utoipa::ToSchema;

use super::Figures;
use super::claims::ClaimGap;

/// The share of false accusations that is put up with among the channels that are called bad.
const FALSE_DISCOVERIES: f64 = 0.1;

/// Which end of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the lower bound of what a trade earns, the highest first.
    Best,
    /// Only those that lose beyond doubt, by the upper bound, the lowest first.
    Worst,
}

/// A channel that is to be ranked.
#[derive(Clone, Debug, PartialEq)]
pub struct Runner {
    /// Its name.
    pub channel: ChannelId,
    /// What may be said of it.
    pub figures: Figures,
    /// How many of its judged signals are left out, because they were not tried so to the end.
    pub untried: usize,
    /// What it claims against the record.
    pub claims: ClaimGap,
}

/// A channel on the board.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Ranked {
    /// Its place, from 1.
    pub rank: usize,
    /// Its name.
    pub channel: String,
    /// What may be said of it.
    pub figures: Figures,
    /// What it claims against the record, in short; `/v1/analytics/channels/{id}` says the rest. It has no
    /// part in the order.
    pub claims: ClaimGap,
}

/// A channel that is not on the board.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Unranked {
    /// Its name.
    pub channel: String,
    /// Why.
    pub reason: String,
    /// What may be said of it even so.
    pub figures: Figures,
    /// What it claims against the record, in short.
    pub claims: ClaimGap,
}

/// Ranks channels, and says of the others why not.
#[must_use]
pub fn rank(channels: Vec<Runner>, order: Order) -> (Vec<Ranked>, Vec<Unranked>) {
    let (enough, few): (Vec<_>, Vec<_>) = channels
        .into_iter()
        .partition(|runner| runner.figures.is_enough());
    let mut unranked: Vec<Unranked> = few
        .into_iter()
        .map(|runner| {
            let reason = why(&runner);
            runner.without_a_place(reason)
        })
        .collect();
    let chances: Vec<f64> = enough
        .iter()
        .map(|runner| runner.figures.p_of_gain.unwrap_or(1.0))
        .collect();
    let proven = discoveries(&chances, FALSE_DISCOVERIES);
    let mut listed = Vec::new();
    for (runner, loses) in enough.into_iter().zip(proven) {
        if order == Order::Best || loses && bound(&runner.figures, Order::Worst) < 0.0 {
            listed.push(runner);
        } else {
            let reason = "that it loses is not beyond doubt".to_owned();
            unranked.push(runner.without_a_place(reason));
        }
    }
    listed.sort_by(|one, other| {
        let (a, b) = (bound(&one.figures, order), bound(&other.figures, order));
        let by_bound = match order {
            Order::Best => b.total_cmp(&a),
            Order::Worst => a.total_cmp(&b),
        };
        by_bound.then_with(|| one.channel.as_str().cmp(other.channel.as_str()))
    });
    unranked.sort_by(|one, other| one.channel.cmp(&other.channel));
    let ranked = (1..)
        .zip(listed)
        .map(|(rank, runner)| Ranked {
            rank,
            channel: runner.channel.to_string(),
            figures: runner.figures,
            claims: runner.claims,
        })
        .collect();
    (ranked, unranked)
}

impl Runner {
    fn without_a_place(self, reason: String) -> Unranked {
        Unranked {
            channel: self.channel.to_string(),
            reason,
            figures: self.figures,
            claims: self.claims,
        }
    }
}

/// The bound by which it is ranked.
fn bound(figures: &Figures, order: Order) -> f64 {
    let mean = figures.mean_r;
    match order {
        Order::Best => mean.and_then(|mean| mean.low).unwrap_or(f64::NEG_INFINITY),
        Order::Worst => mean.and_then(|mean| mean.high).unwrap_or(f64::INFINITY),
    }
}

fn why(
    Runner {
        figures, untried, ..
    }: &Runner,
) -> String {
    match figures.effective_n {
        _ if figures.judged == 0 && *untried > 0 => format!(
            "none of its {untried} judged signals was tried by these rules under this model to the end"
        ),
        _ if figures.trades == 0 => {
            "no signal with a stop was entered and judged without a gap".to_owned()
        }
        None => "all its trades fall into one block of time".to_owned(),
        Some(n) => format!(
            "its trades say as much as {n:.1} independent ones; {LEAST_EFFECTIVE} are needed"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Known;

    fn channel(name: &str, effective: f64, [low, mean, high]: [f64; 3], p: f64) -> Runner {
        let figures = Figures {
            trades: 100,
            effective_n: Some(effective),
            mean_r: Some(Known {
                value: mean,
                low: Some(low),
                high: Some(high),
            }),
            p_of_gain: Some(p),
            ..Figures::of(&[])
        };
        Runner {
            channel: ChannelId::parse(name).unwrap(),
            figures,
            untried: 0,
            claims: ClaimGap::default(),
        }
    }

    fn names(ranked: &[Ranked]) -> Vec<&str> {
        ranked
            .iter()
            .map(|ranked| ranked.channel.as_str())
            .collect()
    }

    fn some() -> Vec<Runner> {
        vec![
            // A high mean of which nobody knows much, and a lower one that is sure.
            channel("lucky", 35.0, [-0.4, 0.6, 1.6], 0.9),
            channel("sure", 300.0, [0.1, 0.2, 0.3], 1.0),
            channel("few", 12.0, [0.5, 0.9, 1.3], 1.0),
            channel("bad", 200.0, [-0.5, -0.3, -0.1], 0.0005),
            channel("doubtful", 60.0, [-0.5, -0.2, 0.1], 0.09),
        ]
    }

    #[test]
    fn the_best_are_those_with_the_highest_lower_bound_and_not_the_highest_mean() {
        let (ranked, unranked) = rank(some(), Order::Best);
        assert_eq!(names(&ranked), ["sure", "lucky", "bad", "doubtful"]);
        assert_eq!(unranked.len(), 1);
        assert!(
            unranked[0].reason.contains("12.0"),
            "{}",
            unranked[0].reason
        );
    }

    #[test]
    fn the_worst_are_those_that_lose_beyond_doubt() {
        let (ranked, unranked) = rank(some(), Order::Worst);
        assert_eq!(names(&ranked), ["bad"]);
        assert_eq!(unranked.len(), 4);
    }

    #[test]
    fn whoever_was_not_tried_so_is_not_said_to_have_traded_nothing() {
        let nobody = Runner {
            figures: Figures::of(&[]),
            untried: 7,
            ..channel("new", 0.0, [0.0, 0.0, 0.0], 1.0)
        };
        let silent = Runner {
            untried: 0,
            ..nobody.clone()
        };
        let (_, unranked) = rank(vec![nobody, silent], Order::Best);
        assert!(unranked[0].reason.contains("7 judged signals"));
        assert!(unranked[1].reason.starts_with("no signal with a stop"));
    }

    #[test]
    fn among_many_channels_a_small_p_alone_accuses_nobody() {
        let mut many: Vec<_> = (0..30)
            .map(|nth| channel(&format!("c{nth}"), 50.0, [-0.2, 0.1, 0.4], 0.7))
            .collect();
        many.push(channel("unlucky", 50.0, [-0.6, -0.3, -0.01], 0.02));
        assert!(rank(many, Order::Worst).0.is_empty());
    }
}
