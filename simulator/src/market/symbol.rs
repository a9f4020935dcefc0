//! The assets of the simulated venue, all invented, from tiny prices to large ones.

use crate::amount::{Amount, ONE};

/// A pair that the venue trades.
#[derive(Debug, PartialEq, Eq)]
pub struct Symbol {
    /// As the venue spells it: `QBTUSDT`.
    pub name: &'static str,
    /// The invented asset.
    pub base: &'static str,
    /// What it is paid in.
    pub quote: &'static str,
    /// The smallest step of its price.
    pub tick: Amount,
    /// The smallest step of its quantity.
    pub step: Amount,
    /// Where its price has its home.
    pub(crate) home: Amount,
    /// How wild it is, in hundredths of the ordinary.
    pub(crate) wildness: u8,
}

const fn symbol(
    names: (&'static str, &'static str),
    home: i64,
    tick: i64,
    step: i64,
    wildness: u8,
) -> Symbol {
    Symbol {
        name: names.0,
        base: names.1,
        quote: "USDT",
        tick: Amount::units(tick),
        step: Amount::units(step),
        home: Amount::units(home),
        wildness,
    }
}

/// All of them. Prices span nine orders of magnitude, so that every way to write one is met.
pub static SYMBOLS: [Symbol; 8] = [
    symbol(("QBTUSDT", "QBT"), 48_200 * ONE, 1_000_000, 1_000, 90),
    symbol(("ZETUSDT", "ZET"), 2_350 * ONE, 1_000_000, 10_000, 100),
    symbol(("VORNUSDT", "VORN"), 164 * ONE, 1_000_000, 100_000, 110),
    symbol(("KELDUSDT", "KELD"), 2_170_000_000, 100_000, 1_000_000, 100),
    symbol(("MUXAUSDT", "MUXA"), 342_000_000, 10_000, 10_000_000, 115),
    symbol(("DRAZUSDT", "DRAZ"), 53_200_000, 1_000, ONE / 10, 105),
    symbol(("OBLYUSDT", "OBLY"), 1_873_000, 100, ONE, 120),
    symbol(("FENQUSDT", "FENQ"), 4_217, 1, ONE, 125),
];

/// The symbol of that name, spelled in capitals.
#[must_use]
pub fn find(name: &str) -> Option<&'static Symbol> {
    SYMBOLS.iter().find(|symbol| symbol.name == name)
}
