//! A price path in as few bytes as it needs: each candle as what differs from the one before.
//!
//! Prices are exact numbers, and a year of minutes is half a million candles. As ticks they take
//! over a hundred bytes each; as differences in units of the last decimal some 15.

use std::time::Duration;

use domain::market::{Candle, Price, Tick};
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// A price path, packed.
#[derive(Clone, Debug, Default)]
pub struct Path {
    bytes: Vec<u8>,
    len: usize,
}

/// What differs only now and then: told when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    /// How long a candle lasts.
    span: Duration,
    /// Decimals of the prices.
    price_scale: u32,
    /// Decimals of the volume.
    volume_scale: u32,
}

/// Where the path stands between two ticks.
#[derive(Clone, Copy, Debug)]
struct Place {
    terms: Terms,
    /// When the last tick was over, in microseconds.
    end: i64,
    /// The last price, in units of the last decimal.
    close: i128,
}

const START: Place = Place {
    terms: Terms {
        span: Duration::ZERO,
        price_scale: 0,
        volume_scale: 0,
    },
    end: 0,
    close: 0,
};

/// What follows a head.
const CANDLE: u8 = 0;
const CANDLE_ON_NEW_TERMS: u8 = 1;
const HOLE: u8 = 2;
const CANDLE_AS_IT_IS: u8 = 3;

/// The largest number of units that a [`Decimal`] holds.
const MOST_UNITS: i128 = (1 << 96) - 1;

impl Path {
    /// Packs the candles and holes of a path; other ticks do not come from files.
    #[must_use]
    pub fn pack(ticks: impl IntoIterator<Item = Tick>) -> Self {
        let mut packing = Packing {
            path: Self::default(),
            place: START,
        };
        for tick in ticks {
            match tick {
                Tick::Candle(candle) => packing.candle(&candle),
                Tick::Hole { from, to } => packing.hole(from, to),
                Tick::Trade(_) | Tick::Time(_) => {}
            }
        }
        packing.path.bytes.shrink_to_fit();
        packing.path
    }

    /// How many ticks.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The ticks, unpacked one by one.
    #[must_use]
    pub fn ticks(self) -> Ticks {
        Ticks {
            bytes: self.bytes.into_iter(),
            place: START,
        }
    }
}

struct Packing {
    path: Path,
    place: Place,
}

impl Packing {
    fn candle(&mut self, candle: &Candle) {
        if self.difference(candle).is_none() {
            self.as_it_is(candle);
        }
        self.place.end = candle.end().as_micros();
        self.path.len += 1;
    }

    /// Writes how a candle differs from the one before; none, and nothing written, where its
    /// numbers and the ones before have no common unit.
    fn difference(&mut self, candle: &Candle) -> Option<()> {
        let prices = [candle.open, candle.high, candle.low, candle.close].map(Price::get);
        let volume = candle.volume.normalize();
        let scale = prices.iter().map(Decimal::scale).max().unwrap_or(0);
        let terms = Terms {
            span: candle.span,
            price_scale: scale.max(self.place.terms.price_scale),
            volume_scale: volume.scale().max(self.place.terms.volume_scale),
        };
        let [open, high, low, close] = [
            units(prices[0], terms.price_scale)?,
            units(prices[1], terms.price_scale)?,
            units(prices[2], terms.price_scale)?,
            units(prices[3], terms.price_scale)?,
        ];
        let volume = units(volume, terms.volume_scale)?;
        let place = self.place.on(terms)?;
        if terms == self.place.terms {
            self.byte(CANDLE);
        } else {
            self.byte(CANDLE_ON_NEW_TERMS);
            self.number(i128::try_from(terms.span.as_micros()).unwrap_or(i128::MAX));
            self.number(terms.price_scale.into());
            self.number(terms.volume_scale.into());
            self.place = place;
        }
        self.number(i128::from(candle.open_time.as_micros()) - i128::from(self.place.end));
        self.number(open - self.place.close);
        self.number(close - open);
        self.number(high - open.max(close));
        self.number(low - open.min(close));
        self.number(volume);
        self.place.close = close;
        Some(())
    }

    fn as_it_is(&mut self, candle: &Candle) {
        self.byte(CANDLE_AS_IT_IS);
        self.number(i128::from(candle.open_time.as_micros()) - i128::from(self.place.end));
        self.number(i128::try_from(candle.span.as_micros()).unwrap_or(i128::MAX));
        let prices = [candle.open, candle.high, candle.low, candle.close].map(Price::get);
        for number in prices.into_iter().chain([candle.volume]) {
            self.number(number.mantissa());
            self.number(number.scale().into());
        }
    }

    fn hole(&mut self, from: Timestamp, to: Timestamp) {
        self.byte(HOLE);
        self.number(i128::from(from.as_micros()) - i128::from(self.place.end));
        self.number(i128::from(to.as_micros()) - i128::from(from.as_micros()));
        self.place.end = to.as_micros();
        self.path.len += 1;
    }

    fn byte(&mut self, byte: u8) {
        self.path.bytes.push(byte);
    }

    /// Small numbers of either sign in few bytes: zigzag, then seven bits a byte.
    fn number(&mut self, number: i128) {
        let mut rest = ((number << 1) ^ (number >> 127)).cast_unsigned();
        loop {
            let low = u8::try_from(rest & 0x7F).unwrap_or(0);
            rest >>= 7;
            if rest == 0 {
                return self.byte(low);
            }
            self.byte(low | 0x80);
        }
    }
}

impl Place {
    /// The same place, counted in other units.
    fn on(self, terms: Terms) -> Option<Self> {
        let finer = 10_i128.checked_pow(terms.price_scale.checked_sub(self.terms.price_scale)?)?;
        let close = self.close.checked_mul(finer)?;
        Some(Self {
            terms,
            close,
            ..self
        })
    }
}

/// A number as a whole number of its last decimal; none where that is too large.
fn units(number: Decimal, scale: u32) -> Option<i128> {
    let finer = 10_i128.checked_pow(scale.checked_sub(number.scale())?)?;
    let units = number.mantissa().checked_mul(finer)?;
    (units.abs() <= MOST_UNITS).then_some(units)
}

/// The ticks of a packed path.
#[derive(Debug)]
pub struct Ticks {
    bytes: std::vec::IntoIter<u8>,
    place: Place,
}

impl Iterator for Ticks {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        match self.bytes.next()? {
            HOLE => {
                let from = self.instant()?;
                self.place.end = from.as_micros();
                let to = self.instant()?;
                self.place.end = to.as_micros();
                return Some(Tick::Hole { from, to });
            }
            CANDLE_ON_NEW_TERMS => {
                let span = u64::try_from(self.number()?).ok()?;
                let terms = Terms {
                    span: Duration::from_micros(span),
                    price_scale: u32::try_from(self.number()?).ok()?,
                    volume_scale: u32::try_from(self.number()?).ok()?,
                };
                self.place = self.place.on(terms)?;
            }
            CANDLE_AS_IT_IS => {
                let candle = self.as_it_is()?;
                self.place.end = candle.end().as_micros();
                return Some(Tick::Candle(candle));
            }
            _ => {}
        }
        let open_time = self.instant()?;
        let open = self.place.close + self.number()?;
        let close = open + self.number()?;
        let high = open.max(close) + self.number()?;
        let low = open.min(close) + self.number()?;
        let volume = self.number()?;
        let terms = self.place.terms;
        let candle = Candle {
            open_time,
            span: terms.span,
            open: price(open, terms)?,
            high: price(high, terms)?,
            low: price(low, terms)?,
            close: price(close, terms)?,
            volume: Decimal::try_from_i128_with_scale(volume, terms.volume_scale)
                .ok()?
                .normalize(),
        };
        self.place.close = close;
        self.place.end = candle.end().as_micros();
        Some(Tick::Candle(candle))
    }
}

impl Ticks {
    fn as_it_is(&mut self) -> Option<Candle> {
        Some(Candle {
            open_time: self.instant()?,
            span: Duration::from_micros(u64::try_from(self.number()?).ok()?),
            open: Price::new(self.decimal()?).ok()?,
            high: Price::new(self.decimal()?).ok()?,
            low: Price::new(self.decimal()?).ok()?,
            close: Price::new(self.decimal()?).ok()?,
            volume: self.decimal()?,
        })
    }

    fn decimal(&mut self) -> Option<Decimal> {
        let units = self.number()?;
        let scale = u32::try_from(self.number()?).ok()?;
        Decimal::try_from_i128_with_scale(units, scale).ok()
    }

    fn instant(&mut self) -> Option<Timestamp> {
        let later = i64::try_from(self.number()?).ok()?;
        Some(Timestamp::from_micros(self.place.end + later))
    }

    fn number(&mut self) -> Option<i128> {
        let mut packed: u128 = 0;
        for shift in (0..128).step_by(7) {
            let byte = self.bytes.next()?;
            packed |= u128::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some((packed >> 1).cast_signed() ^ -((packed & 1).cast_signed()))
    }
}

fn price(units: i128, terms: Terms) -> Option<Price> {
    Price::new(Decimal::try_from_i128_with_scale(units, terms.price_scale).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle(second: i64, prices: [&str; 4], volume: &str) -> Tick {
        let [open, high, low, close] = prices.map(|price| Price::parse(price).unwrap());
        Tick::Candle(Candle {
            open_time: Timestamp::from_millis(second * 1_000),
            span: Duration::from_secs(60),
            open,
            high,
            low,
            close,
            volume: volume.parse().unwrap(),
        })
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let hole = Tick::Hole {
            from: Timestamp::from_millis(180_000),
            to: Timestamp::from_millis(360_000),
        };
        let ticks = vec![
            candle(
                0,
                ["94098.9", "94098.91", "94049.47", "94049.47"],
                "7.50148",
            ),
            candle(60, ["94049.46", "94049.46", "93980", "93980.36"], "4"),
            candle(
                120,
                ["1", "1000000000000", "0.000000000000000001", "2"],
                "0",
            ),
            hole,
            candle(
                360,
                ["0.0000001", "0.00000012", "0.00000009", "0.0000001"],
                "79228162514264337593543950335",
            ),
            candle(
                420,
                ["94098.9", "94098.91", "94049.47", "94049.47"],
                "0.00000001",
            ),
        ];
        let path = Path::pack(ticks.clone());
        assert_eq!(path.len(), ticks.len());
        assert_eq!(path.ticks().collect::<Vec<_>>(), ticks);
    }

    #[test]
    fn a_candle_takes_a_sixth_of_a_tick() {
        let ticks = (0..1_000_i64).map(|nth| {
            let price = |more: i64| format!("{}.{:02}", 94_000 + (nth * 37 + more) % 91, nth % 100);
            let close = price(0);
            let high = format!("{}", 94_200 + nth % 7);
            candle(nth * 60, [&close, &high, "93900.5", &close], "17.53211")
        });
        let path = Path::pack(ticks);
        let each = path.bytes() / path.len();
        assert!(each * 6 <= size_of::<Tick>(), "{each} bytes a candle");
    }
}
