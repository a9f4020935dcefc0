//! Restart budgets: how much misfortune is ordinary.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How much misfortune is ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartBudget {
    /// So many deaths …
    pub deaths: usize,
    /// … within this time are borne; one more is escalated.
    pub within: Duration,
    /// How long the first rest lasts before the next life; it doubles with each death.
    pub first_pause: Duration,
    /// The longest rest.
    pub longest_pause: Duration,
}

impl Default for RestartBudget {
    fn default() -> Self {
        Self {
            deaths: 5,
            within: Duration::from_secs(60),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// What a budget says of one more death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Raise it again after this rest.
    After(Duration),
    /// Too many: escalate.
    Spent,
}

/// The deaths of one child that still count.
#[derive(Debug, Default)]
pub(crate) struct Deaths(VecDeque<Instant>);

impl Deaths {
    /// Counts a death at `now` against the budget.
    pub(crate) fn count(&mut self, budget: &RestartBudget, now: Instant) -> Verdict {
        while self
            .0
            .front()
            .is_some_and(|death| now.duration_since(*death) > budget.within)
        {
            self.0.pop_front();
        }
        self.0.push_back(now);
        if self.0.len() > budget.deaths {
            return Verdict::Spent;
        }
        let doublings = u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX).min(16);
        let pause = budget.first_pause.saturating_mul(1 << doublings);
        Verdict::After(pause.min(budget.longest_pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: RestartBudget = RestartBudget {
        deaths: 3,
        within: Duration::from_secs(10),
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_millis(300),
    };

    #[test]
    fn each_death_doubles_the_rest_up_to_the_longest() {
        let mut deaths = Deaths::default();
        let now = Instant::now();
        let rests: Vec<_> = (0..3).map(|_| deaths.count(&BUDGET, now)).collect();
        assert_eq!(
            rests,
            [100, 200, 300].map(|millis| Verdict::After(Duration::from_millis(millis)))
        );
    }

    #[test]
    fn one_death_too_many_spends_the_budget_and_old_deaths_are_forgiven() {
        let mut deaths = Deaths::default();
        let start = Instant::now();
        for _ in 0..3 {
            deaths.count(&BUDGET, start);
        }
        assert_eq!(deaths.count(&BUDGET, start), Verdict::Spent);
        let later = start + Duration::from_secs(11);
        assert_eq!(
            deaths.count(&BUDGET, later),
            Verdict::After(Duration::from_millis(100))
        );
    }
}
