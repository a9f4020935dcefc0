//! The geometry of a signal: what its levels alone say, without a single parameter.
//!
//! A price without drift that starts at the entry reaches a target `t` away before a stop `s` away
//! with probability s / (s + t) (gambler's ruin; Feller, An Introduction to Probability Theory,
//! vol. 1, ch. XIV). For such a price every way of leaving earns nothing on average (optional
//! stopping), so `E[R]` is minus the costs, measured in the risk.

use domain::execution::Costs;
use domain::market::Price;
use domain::ports::{Asked, Scorer};
use domain::reading::Entry;
use domain::score::{Assessed, Score};
use domain::signal::Signal;
use rust_decimal::prelude::ToPrimitive as _;
use smol_str::SmolStr;

/// The model's name and version, stored with every score.
pub const MODEL: &str = "geometry/2";

/// Scores by geometry.
#[derive(Clone, Copy, Debug, Default)]
pub struct Geometry;

impl Scorer for Geometry {
    fn model(&self) -> SmolStr {
        SmolStr::new_static(MODEL)
    }

    fn score(&mut self, asked: &[Asked]) -> Vec<Option<Assessed>> {
        let scores = asked.iter().map(|asked| score(&asked.signal));
        scores.map(|score| score.map(Assessed::from)).collect()
    }
}

/// What a signal's levels say.
#[derive(Clone, Debug, PartialEq)]
pub struct Odds {
    /// The published entry.
    pub entry: f64,
    /// From there to the stop, as a price.
    pub risk: f64,
    /// How far each target is, in risks.
    pub rewards: Vec<f64>,
    /// The probability of each target before the stop.
    pub targets: Vec<f64>,
    /// What a follower pays who reaches a target, in risks.
    pub cost_of_winning: f64,
    /// What he pays who is stopped, in risks.
    pub cost_of_losing: f64,
}

impl Odds {
    /// The probability of the first target.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.targets[0]
    }
}

/// What the levels of a signal say; none without an entry, a stop or a target.
#[must_use]
pub fn odds(signal: &Signal) -> Option<Odds> {
    let entry = match signal.price_at_receipt {
        Some(market) => signal.entry.published_at(market),
        None => signal.entry.published()?,
    };
    let risk = distance(entry, signal.stop?)?;
    let rewards = signal
        .targets
        .iter()
        .map(|target| Some(distance(entry, target.price)? / risk))
        .collect::<Option<Vec<_>>>()?;
    rewards.first()?;
    let entry = entry.get().to_f64()?;
    let [into, limit, stop] = costs(signal)?;
    Some(Odds {
        entry,
        risk,
        targets: rewards.iter().map(|reward| 1.0 / (1.0 + reward)).collect(),
        rewards,
        cost_of_winning: (into + limit) * entry / risk,
        cost_of_losing: (into + stop) * entry / risk,
    })
}

/// The score of one signal; none where its levels say nothing.
fn score(signal: &Signal) -> Option<Score> {
    let odds = odds(signal)?;
    let p = odds.first();
    Some(Score {
        model: SmolStr::new_static(MODEL),
        expected_r: Some(-(p * odds.cost_of_winning + (1.0 - p) * odds.cost_of_losing)),
        targets: odds.targets,
        skill: None,
        moved: Vec::new(),
    })
}

/// How far apart two prices are; none when they are not.
fn distance(from: Price, to: Price) -> Option<f64> {
    let distance = (from.get() - to.get()).abs().to_f64()?;
    (distance > 0.0).then_some(distance)
}

/// What a follower pays to get in, and to get out at a target or at a stop, as fractions of the
/// price: by the rules by which the outcome is reckoned, the venue's fees and how thin the book is.
fn costs(signal: &Signal) -> Option<[f64; 3]> {
    let costs = Costs::of(&signal.instrument);
    let (limit, stop) = (
        costs.maker.to_f64()?,
        (costs.taker + costs.slippage).to_f64()?,
    );
    let into = match signal.entry {
        Entry::Limit(_) | Entry::Zone { .. } | Entry::Ladder(_) => limit,
        Entry::Market(_) | Entry::Breakout(_) => stop,
        Entry::Scaled { .. } => f64::midpoint(limit, stop),
    };
    Some([into, limit, stop])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::{ChannelId, PostKey, SignalId};
    use domain::market::{Instrument, Side};
    use domain::post::Origin;
    use domain::reading::Target;
    use domain::time::Timestamp;

    use super::*;

    fn signal(entry: &str, stop: &str, targets: &[&str]) -> Signal {
        let price = |text: &str| Price::parse(text).unwrap();
        let channel = ChannelId::parse("test").unwrap();
        let post = PostKey::new("1");
        Signal {
            id: SignalId::of(&channel, &post, 0),
            channel,
            post,
            origin: Origin::Live,
            instrument: Instrument::parse("binance:spot:BTC/USDT").unwrap(),
            substituted: false,
            side: Side::Long,
            entry: Entry::Limit(price(entry)),
            targets: targets
                .iter()
                .map(|target| Target {
                    price: price(target),
                    weight: None,
                })
                .collect(),
            stop: Some(price(stop)),
            leverage: None,
            breakeven_after: None,
            posted: Timestamp::from_micros(0),
            received: Timestamp::from_micros(0),
            expires_at: Timestamp::from_micros(0),
            held_at_most: Duration::from_secs(1),
            price_at_receipt: None,
            ambiguous: false,
        }
    }

    #[test]
    fn a_target_as_far_as_the_stop_is_a_coin_and_costs_decide() {
        let score = score(&signal("100", "90", &["110"])).unwrap();
        assert!((score.targets[0] - 0.5).abs() < 1e-12);
        // Maker in 0.10 %, half the time maker 0.10 % and half the time taker 0.12 % out, of 100
        // against a risk of 10.
        assert!((score.expected_r.unwrap() + 0.0021 * 10.0).abs() < 1e-12);
    }

    #[test]
    fn the_venue_and_its_book_decide_what_it_costs() {
        let at = |instrument: &str| {
            let instrument = Instrument::parse(instrument).unwrap();
            let costs = Costs::of(&instrument);
            let there = Signal {
                instrument,
                ..signal("100", "90", &["110"])
            };
            let paid = odds(&there).unwrap().cost_of_losing * 10.0 / 100.0;
            let told = costs.maker + costs.taker + costs.slippage;
            assert!((paid - told.to_f64().unwrap()).abs() < 1e-12);
            paid
        };
        let cheap = at("binance:spot:BTC/USDT");
        assert!(at("coinbase:spot:BTC/USD") > 3.0 * cheap);
        assert!(at("binance:spot:VORN/USDT") > cheap);
    }

    #[test]
    fn farther_targets_are_less_likely() {
        let score = score(&signal("100", "95", &["105", "110", "120"])).unwrap();
        assert!((score.targets[1] - 5.0 / 15.0).abs() < 1e-12);
        assert!(score.targets.windows(2).all(|pair| pair[0] > pair[1]));
    }

    #[test]
    fn without_a_stop_or_a_target_geometry_says_nothing() {
        assert!(score(&signal("100", "95", &[])).is_none());
        let stopless = Signal {
            stop: None,
            ..signal("100", "95", &["105"])
        };
        assert!(score(&stopless).is_none());
    }
}
