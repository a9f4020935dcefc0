//! Manner: what an author says about how to trade his idea, beside its levels.

use std::time::Duration;

use rust_decimal::Decimal;

/// What is said beside the levels. It is told to followers, and judging uses none of it: outcomes are
/// measured in the trade's own risk, whatever share of an account is put into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Which margin he wants.
    pub margin: Option<Margin>,
    /// How much of the account he puts in, in percent; a range has its lower end here.
    pub size: Option<Decimal>,
    /// How much of the account he risks, in percent; a range has its lower end here.
    pub risk: Option<Decimal>,
    /// The timeframe that the idea was seen on.
    pub timeframe: Option<Duration>,
    /// Behind the last target he stays in.
    pub open_target: bool,
    /// He says to trail the stop, and does not say in numbers how.
    pub trailing: bool,
}

/// What a position is secured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// All of the account.
    Cross,
    /// What was put into this position.
    Isolated,
}

impl Margin {
    /// `cross` or `isolated`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cross => "cross",
            Self::Isolated => "isolated",
        }
    }
}
