//! What can be set of a strategy, by name, and what it is unless somebody sets it.

use super::{Rule, Strategy};

/// The longest period, in candles.
const LONGEST: f64 = 500.0;

/// A little above three round trips in the spot market: what is nearer the platform holds for a
/// person, whoever posts it.
const LEAST_STOP: f64 = 0.7;

/// A parameter that a strategy does not have, or that cannot be what it is set to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadParameter(pub String);

impl Strategy {
    /// The names of all strategies.
    pub const NAMES: [&'static str; 6] = [
        "breakout",
        "moving_average_cross",
        "rsi_reversal",
        "bollinger_reversion",
        "momentum",
        "pullback",
    ];

    /// The strategy of a name, with its usual parameters.
    ///
    /// Who follows a move gives it room (stop 2, targets up to 6 ranges: the Turtles' stop); who
    /// trades a return has it short.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (rule, stop, targets) = match name {
            "breakout" => (Rule::Breakout { lookback: 20 }, 2.0, [2.0, 4.0, 6.0]),
            "moving_average_cross" => (
                Rule::MovingAverageCross { fast: 20, slow: 50 },
                2.0,
                [2.0, 4.0, 6.0],
            ),
            "rsi_reversal" => (
                Rule::RsiReversal {
                    period: 14,
                    extreme: 30.0,
                },
                1.5,
                [1.0, 2.0, 3.0],
            ),
            "bollinger_reversion" => (
                Rule::BollingerReversion {
                    period: 20,
                    widths: 2.0,
                },
                1.5,
                [1.0, 2.0, 3.0],
            ),
            "momentum" => (
                Rule::Momentum {
                    lookback: 24,
                    strength: 4.0,
                },
                2.0,
                [1.5, 3.0, 5.0],
            ),
            "pullback" => (Rule::Pullback { fast: 20, slow: 50 }, 1.5, [1.5, 3.0, 4.5]),
            _ => return None,
        };
        Some(Self {
            rule,
            atr: 14,
            stop,
            least_stop: LEAST_STOP,
            targets: targets.to_vec(),
            rest: 10,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.rule {
            Rule::Breakout { .. } => "breakout",
            Rule::MovingAverageCross { .. } => "moving_average_cross",
            Rule::RsiReversal { .. } => "rsi_reversal",
            Rule::BollingerReversion { .. } => "bollinger_reversion",
            Rule::Momentum { .. } => "momentum",
            Rule::Pullback { .. } => "pullback",
        }
    }

    /// Sets its targets, in average true ranges.
    ///
    /// # Errors
    ///
    /// [`BadParameter`] when they are not one to ten rising numbers above zero.
    pub fn set_targets(&mut self, targets: Vec<f64>) -> Result<(), BadParameter> {
        let fit = (1..=10).contains(&targets.len())
            && targets
                .iter()
                .all(|target| *target > 0.0 && *target <= 100.0)
            && targets.is_sorted_by(|near, far| near < far);
        if !fit {
            return Err(BadParameter(
                "`targets` are one to ten rising numbers above 0, in average true ranges"
                    .to_owned(),
            ));
        }
        self.targets = targets;
        Ok(())
    }

    /// Sets a parameter.
    ///
    /// # Errors
    ///
    /// [`BadParameter`] when it has none of that name, or it cannot have that value.
    pub fn set(&mut self, parameter: &str, value: f64) -> Result<(), BadParameter> {
        match parameter {
            "atr" => self.atr = period(parameter, value)?,
            "stop" => self.stop = number(parameter, value, 100.0)?,
            "least_stop" if value == 0.0 => self.least_stop = 0.0,
            "least_stop" => self.least_stop = number(parameter, value, 50.0)?,
            "rest" if value == 0.0 => self.rest = 0,
            "rest" => self.rest = period(parameter, value)?,
            _ => self.set_rule(parameter, value)?,
        }
        Ok(())
    }

    fn set_rule(&mut self, parameter: &str, value: f64) -> Result<(), BadParameter> {
        let name = self.name();
        match (&mut self.rule, parameter) {
            (Rule::Breakout { lookback } | Rule::Momentum { lookback, .. }, "lookback") => {
                *lookback = period(parameter, value)?;
            }
            (Rule::MovingAverageCross { fast, .. } | Rule::Pullback { fast, .. }, "fast") => {
                *fast = period(parameter, value)?;
            }
            (Rule::MovingAverageCross { slow, .. } | Rule::Pullback { slow, .. }, "slow") => {
                *slow = period(parameter, value)?;
            }
            (
                Rule::RsiReversal { period: of, .. } | Rule::BollingerReversion { period: of, .. },
                "period",
            ) => {
                *of = period(parameter, value)?;
            }
            (Rule::RsiReversal { extreme, .. }, "extreme") => {
                *extreme = number(parameter, value, 49.0)?;
            }
            (Rule::BollingerReversion { widths, .. }, "widths") => {
                *widths = number(parameter, value, 10.0)?;
            }
            (Rule::Momentum { strength, .. }, "strength") => {
                *strength = number(parameter, value, 100.0)?;
            }
            _ => {
                return Err(BadParameter(format!(
                    "the strategy `{name}` has no parameter `{parameter}`"
                )));
            }
        }
        Ok(())
    }
}

/// A whole number of candles.
fn period(parameter: &str, value: f64) -> Result<usize, BadParameter> {
    if !(1.0..=LONGEST).contains(&value) || value.fract() > 0.0 {
        return Err(BadParameter(format!(
            "`{parameter}` is a whole number of candles from 1 to {LONGEST}"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within its bounds"
    )]
    Ok(value as usize)
}

fn number(parameter: &str, value: f64, most: f64) -> Result<f64, BadParameter> {
    if value > 0.0 && value <= most {
        Ok(value)
    } else {
        Err(BadParameter(format!(
            "`{parameter}` is a number above 0 and up to {most}"
        )))
    }
}
