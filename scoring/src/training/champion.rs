//! The champion: which step of a ladder may speak.

use super::Shuffled;
use crate::measure::Table;

/// The step that speaks where no other is surely better: it has two numbers and nothing to forget.
pub const USUAL: &str = "geometry_calibrated";

/// The step with the least log-loss among those that are surely better than calibrated geometry
/// (the whole interval of the difference lies below nought) and may speak; calibrated geometry where
/// none is. It may stand anywhere on the ladder: what needs no learning may be the best, too.
#[must_use]
pub(super) fn of(walk: &Table, shuffled: &[Shuffled]) -> &'static str {
    let surely_better = |name: &&&'static str| {
        let against = walk
            .steps
            .get(**name)
            .and_then(|step| step.against.get(USUAL));
        against
            .and_then(|against| against.get("log_loss"))
            .and_then(|difference| difference.high)
            .is_some_and(|high| high < 0.0)
    };
    let loss = |name: &&'static str| {
        walk.steps
            .get(*name)
            .map_or(f64::INFINITY, |step| step.log_loss)
    };
    crate::steps::LADDER
        .iter()
        .filter(surely_better)
        .filter(|name| may_speak(name, shuffled))
        .min_by(|one, other| loss(one).total_cmp(&loss(other)))
        .copied()
        .unwrap_or(USUAL)
}

/// May a step speak by what it made of shuffled outcomes and of the true ones? One that was not asked
/// about them may, as may those that learn nothing of features: no shuffle changes what they say.
#[must_use]
pub fn may_speak(step: &str, shuffled: &[Shuffled]) -> bool {
    let of_it = shuffled.iter().find(|of_it| of_it.step == step);
    of_it.is_none_or(Shuffled::may_speak)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::measure::{Between, Standing};

    /// A step of this log-loss, whose difference to calibrated geometry ends at `high`.
    fn step(log_loss: f64, high: Option<f64>) -> Standing {
        let difference = Between {
            value: -0.01,
            low: high.map(|_| -0.02),
            high,
        };
        let none = Between {
            value: 0.0,
            low: None,
            high: None,
        };
        let against = BTreeMap::from([("log_loss".to_owned(), difference)]);
        Standing {
            log_loss,
            brier: 0.25,
            auc: 0.5,
            ece: 0.0,
            ece_of_perfect: 0.0,
            calibration_intercept: none,
            calibration_slope: none,
            top_precision: none,
            top_r: none,
            between: BTreeMap::new(),
            against: BTreeMap::from([(USUAL.to_owned(), against)]),
        }
    }

    /// What the network made of shuffled outcomes, of which the 95th percentile is 0.53.
    fn burn(mean_auc: f64, true_auc: f64) -> Shuffled {
        Shuffled {
            step: "burn".to_owned(),
            rows: 1_000,
            times: 20,
            mean_auc,
            auc_95: 0.53,
            true_auc,
        }
    }

    fn champion(steps: [(&str, f64, Option<f64>); 3]) -> &'static str {
        chosen(steps, &[])
    }

    fn chosen(steps: [(&str, f64, Option<f64>); 3], shuffled: &[Shuffled]) -> &'static str {
        let steps = steps.map(|(name, loss, high)| (name.to_owned(), step(loss, high)));
        let table = Table {
            rows: 1_000,
            won: 500,
            mean_r: 0.0,
            blocks: 10,
            block_hours: 24.0,
            steps: steps.into_iter().collect(),
        };
        of(&table, shuffled)
    }

    #[test]
    fn who_finds_something_in_shuffled_outcomes_may_not_speak() {
        let surely = Some(-0.001);
        let steps = [
            ("logistic", 0.680, surely),
            ("gbdt", 0.678, surely),
            ("burn", 0.670, surely),
        ];
        assert_eq!(chosen(steps, &[burn(0.505, 0.6)]), "burn");
        assert_eq!(chosen(steps, &[burn(0.52, 0.6)]), "gbdt");
    }

    #[test]
    fn who_tells_the_truth_no_better_than_noise_may_not_speak_either() {
        let surely = Some(-0.001);
        let steps = [
            ("logistic", 0.680, surely),
            ("gbdt", 0.678, surely),
            ("burn", 0.670, surely),
        ];
        assert_eq!(chosen(steps, &[burn(0.505, 0.52)]), "gbdt");
    }

    #[test]
    fn a_step_below_calibrated_geometry_speaks_where_it_is_surely_better() {
        let steps = |high| {
            [
                ("channel_base_rate", 0.56, Some(high)),
                ("geometry_calibrated", 0.67, None),
                ("burn", 0.66, Some(-0.001)),
            ]
        };
        assert_eq!(chosen(steps(-0.01), &[]), "channel_base_rate");
        assert_eq!(chosen(steps(0.01), &[]), "burn");
    }

    #[test]
    fn only_who_is_surely_better_may_speak_and_of_those_the_best() {
        let surely = Some(-0.001);
        assert_eq!(
            champion([
                ("logistic", 0.680, surely),
                ("gbdt", 0.678, surely),
                ("burn", 0.670, Some(0.001))
            ]),
            "gbdt"
        );
        assert_eq!(
            champion([
                ("logistic", 0.680, surely),
                ("gbdt", 0.678, surely),
                ("burn", 0.670, surely)
            ]),
            "burn"
        );
        // Without bounds nobody is surely better.
        assert_eq!(
            champion([
                ("logistic", 0.680, None),
                ("gbdt", 0.678, Some(0.0)),
                ("burn", 0.670, None)
            ]),
            USUAL
        );
    }
}
