//! The markets: every instrument's recent bars, and what they say together.

use std::collections::BTreeMap;

use domain::market::Instrument;
use domain::statistics::count;
use domain::time::Timestamp;

use crate::bars::{Bar, Length, Series};

/// Every instrument's recent bars.
#[derive(Clone, Debug, Default)]
pub struct Markets {
    series: BTreeMap<Instrument, Series>,
}

/// With fewer instruments than this nothing is said of their breadth.
const ENOUGH: usize = 4;

impl Markets {
    /// Takes an instrument's next finished candle.
    pub fn push(&mut self, on: &Instrument, bar: &Bar) {
        if let Some(series) = self.series.get_mut(on) {
            series.push(bar);
        } else {
            let mut series = Series::default();
            series.push(bar);
            self.series.insert(on.clone(), series);
        }
    }

    /// An instrument's recent bars.
    #[must_use]
    pub fn series(&self, on: &Instrument) -> Option<&Series> {
        self.series.get(on)
    }

    /// The recent bars of bitcoin against a dollar: of the market that is told the most of at this
    /// instant.
    #[must_use]
    pub fn bitcoin(&self, at: Timestamp) -> Option<&Series> {
        let known = |series: &&Series| {
            series.until(Length::Quarter, at).count() + series.until(Length::Hour, at).count()
        };
        let dollars = ["USDT", "USD", "USDC", "FDUSD"];
        self.series
            .iter()
            .filter(|(on, _)| on.pair.base() == "BTC" && dollars.contains(&on.pair.quote()))
            .map(|(_, series)| series)
            .max_by_key(known)
            .filter(|series| known(series) > 0)
    }

    /// The share of instruments that stand above their price of a day ago; none of too few.
    #[must_use]
    pub fn breadth(&self, at: Timestamp) -> Option<f64> {
        let risen = |series: &Series| {
            let mut newest_first = series.until(Length::Hour, at).rev();
            let now = newest_first.next()?.close;
            Some(now > newest_first.nth(23)?.close)
        };
        let risen: Vec<bool> = self.series.values().filter_map(risen).collect();
        let up = risen.iter().filter(|risen| **risen).count();
        (risen.len() >= ENOUGH).then(|| count(up) / count(risen.len()))
    }

    /// Forgets an instrument.
    pub fn forget(&mut self, on: &Instrument) {
        self.series.remove(on);
    }
}
