//! Plans: what somebody may see, how soon, and how often he may ask.
//!
//! A plan is a row that an operator edits; nothing in the program knows one by its name except that
//! the cheapest is everybody's. What a plan does not have is named, never silently missing.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use smol_str::SmolStr;

use crate::ids::ChannelId;

/// A plan's name: 1 to 32 lower-case letters, digits or `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(SmolStr);

/// A text that names no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no plan's name: use 1 to 32 lower-case letters, digits or `-`")]
pub struct BadPlanId(pub String);

impl PlanId {
    /// Reads a plan's name.
    ///
    /// # Errors
    ///
    /// [`BadPlanId`] when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, BadPlanId> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(BadPlanId(text.to_owned()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that a plan has or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// The whole leaderboard and the figures of channels, with everything behind them.
    Analytics,
    /// Files of signals, outcomes and figures.
    Exports,
    /// Scores on signals, and what a trade would score.
    Scores,
    /// What a follower with other rules would have made.
    WhatIf,
    /// Keys for programs, which may then read and listen.
    Keys,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Analytics,
        Self::Exports,
        Self::Scores,
        Self::WhatIf,
        Self::Keys,
    ];

    /// As it stands in the configuration, in the store and on the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Exports => "exports",
            Self::Scores => "scores",
            Self::WhatIf => "what_if",
            Self::Keys => "keys",
        }
    }

    /// Reads a label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }
}

/// What a plan allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How long signals and what becomes of them are withheld; zero for realtime.
    pub delay: Duration,
    /// Of how many channels signals are shown; none for all.
    pub channels: Option<u32>,
    /// How far back signals are shown; none for everything.
    pub history: Option<Duration>,
    /// What else.
    pub features: BTreeSet<Feature>,
    /// How many requests a minute.
    pub requests_a_minute: u32,
    /// How many requests a month; none without an end.
    pub requests_a_month: Option<u64>,
}

impl Allowance {
    /// Everything at once: of whoever runs the platform.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            delay: Duration::ZERO,
            channels: None,
            history: None,
            features: Feature::ALL.into(),
            requests_a_minute: 60_000,
            requests_a_month: None,
        }
    }

    /// Nothing but what everybody may see.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            channels: Some(0),
            history: Some(Duration::ZERO),
            features: BTreeSet::new(),
            requests_a_minute: 120,
            ..Self::everything()
        }
    }

    /// Whether it has it.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

/// What is asked for a plan, in cents of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// A month; none when it is not sold by the month.
    pub monthly: Option<u32>,
    /// A year.
    pub yearly: Option<u32>,
    /// So many days are free at first.
    pub trial_days: u16,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub id: PlanId,
    /// Its name for people.
    pub title: String,
    /// Its place among the plans, from the least.
    pub rank: u16,
    /// What it costs; nothing for the one that everybody has.
    pub prices: Prices,
    /// What it allows.
    pub allows: Allowance,
}

/// What somebody may see now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// By which plan; none for whoever runs the platform, and for strangers.
    pub plan: Option<PlanId>,
    /// What it allows.
    pub allows: Allowance,
    /// Which channels he chose, where the plan shows only some.
    pub chosen: Vec<ChannelId>,
}

impl Entitlement {
    /// Whoever runs the platform sees everything.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            plan: None,
            allows: Allowance::everything(),
            chosen: Vec::new(),
        }
    }

    /// A stranger sees what everybody may see.
    #[must_use]
    pub fn stranger() -> Self {
        Self {
            plan: None,
            allows: Allowance::nothing(),
            chosen: Vec::new(),
        }
    }

    /// Whether signals of this channel are shown.
    #[must_use]
    pub fn shows(&self, channel: &ChannelId) -> bool {
        self.allows.channels.is_none() || self.chosen.contains(channel)
    }
}

/// The cheapest plan that satisfies, for whoever has to be told what would.
pub fn cheapest(plans: &[Plan], satisfies: impl Fn(&Allowance) -> bool) -> Option<&Plan> {
    let mut fit: Vec<_> = plans
        .iter()
        .filter(|plan| satisfies(&plan.allows))
        .collect();
    fit.sort_by_key(|plan| plan.rank);
    fit.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(id: &str, rank: u16, features: &[Feature]) -> Plan {
        Plan {
            id: PlanId::parse(id).unwrap(),
            title: id.to_owned(),
            rank,
            prices: Prices::default(),
            allows: Allowance {
                features: features.iter().copied().collect(),
                ..Allowance::nothing()
            },
        }
    }

    #[test]
    fn whoever_lacks_something_is_told_the_cheapest_plan_that_has_it() {
        let plans = [
            plan("pro", 2, &Feature::ALL),
            plan("premium", 1, &[Feature::Exports]),
            plan("free", 0, &[]),
        ];
        let with =
            |feature| cheapest(&plans, |allows| allows.has(feature)).map(|it| it.id.as_str());
        assert_eq!(with(Feature::Exports), Some("premium"));
        assert_eq!(with(Feature::Scores), Some("pro"));
        assert_eq!(cheapest(&plans, |allows| allows.channels.is_none()), None);
    }

    #[test]
    fn a_feature_is_read_back_from_its_label() {
        for feature in Feature::ALL {
            assert_eq!(Feature::from_label(feature.label()), Some(feature));
        }
        assert_eq!(Feature::from_label("all"), None);
    }

    #[test]
    fn a_limited_plan_shows_the_chosen_channels_alone() {
        let (a, b) = (
            ChannelId::parse("a").unwrap(),
            ChannelId::parse("b").unwrap(),
        );
        let mut entitled = Entitlement::stranger();
        entitled.allows.channels = Some(1);
        entitled.chosen = vec![a.clone()];
        assert!(entitled.shows(&a) && !entitled.shows(&b));
        assert!(Entitlement::operator().shows(&b));
    }
}
