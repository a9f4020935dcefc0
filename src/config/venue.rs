//! The venues of a configuration: which protocol, and where, if not where the world knows it.

use domain::market::MarketKind;
use serde::Deserialize;
use url::Url;

use super::{ConfigError, from_environment, words, wrong};
use crate::feeds::{binance, coinbase, kraken};

/// A venue whose prices judge.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Venue {
    /// Which protocol it speaks.
    #[serde(deserialize_with = "from_environment::word")]
    pub kind: VenueKind,
    /// Where its stream is, if not where the world knows it.
    pub ws_url: Option<Url>,
    /// Where its requests go, if not where the world knows it.
    pub rest_url: Option<Url>,
    /// What of its prices decides about signals: `trades`, or `candles` of a minute (Binance's alone).
    #[serde(default, deserialize_with = "from_environment::word")]
    pub judge_by: JudgeBy,
    /// Venues are asked in this order, the lowest first; of equal ones in that of their names.
    #[serde(default, deserialize_with = "from_environment::number")]
    pub preference: u64,
}

/// The protocols of venues.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum VenueKind {
    /// Binance's spot market.
    BinanceSpot,
    /// Binance's perpetuals margined in the quote.
    BinanceUsdm,
    /// Kraken's spot market.
    Kraken,
    /// Coinbase's spot market.
    Coinbase,
}

/// What of a venue's prices decides about signals.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum JudgeBy {
    /// Every trade.
    #[default]
    Trades,
    /// Finished candles of a minute.
    Candles,
}

words!(JudgeBy {
    "trades" => Trades,
    "candles" => Candles,
});

words!(VenueKind {
    "binance-spot" => BinanceSpot,
    "binance-usdm" => BinanceUsdm,
    "kraken" => Kraken,
    "coinbase" => Coinbase,
});

impl VenueKind {
    /// What is traded there.
    #[must_use]
    pub const fn market(self) -> MarketKind {
        match self {
            Self::BinanceSpot | Self::Kraken | Self::Coinbase => MarketKind::Spot,
            Self::BinanceUsdm => MarketKind::Perpetual,
        }
    }

    /// Where the world knows the stream of this kind.
    #[must_use]
    pub const fn stream(self) -> &'static str {
        match self {
            Self::BinanceSpot => binance::SPOT_STREAM,
            Self::BinanceUsdm => binance::USDM_STREAM,
            Self::Kraken => kraken::STREAM,
            Self::Coinbase => coinbase::STREAM,
        }
    }

    /// Where the world asks this kind.
    #[must_use]
    pub const fn rest(self) -> &'static str {
        match self {
            Self::BinanceSpot => binance::SPOT_REST,
            Self::BinanceUsdm => binance::USDM_REST,
            Self::Kraken => kraken::REST,
            Self::Coinbase => coinbase::REST,
        }
    }
}

impl Venue {
    /// Where its stream is.
    #[must_use]
    pub fn stream(&self) -> &str {
        let own = self.ws_url.as_ref().map(Url::as_str);
        own.unwrap_or_else(|| self.kind.stream())
    }

    /// Where its requests go.
    #[must_use]
    pub fn rest(&self) -> &str {
        let own = self.rest_url.as_ref().map(Url::as_str);
        own.unwrap_or_else(|| self.kind.rest())
    }

    pub(super) fn check(&self, key: &str) -> Result<(), ConfigError> {
        let fits = |url: &Option<Url>, schemes: [&str; 2]| {
            url.as_ref()
                .is_none_or(|url| schemes.contains(&url.scheme()) && url.has_host())
        };
        if !fits(&self.ws_url, ["wss", "ws"]) {
            let (key, why) = (format!("{key}.ws_url"), "it is no address of a socket");
            return Err(wrong(&key, why, "begin it with wss:// or leave it out"));
        }
        if !fits(&self.rest_url, ["https", "http"]) {
            let (key, why) = (format!("{key}.rest_url"), "it is no address of a server");
            return Err(wrong(&key, why, "begin it with https:// or leave it out"));
        }
        let binance = matches!(self.kind, VenueKind::BinanceSpot | VenueKind::BinanceUsdm);
        if self.judge_by == JudgeBy::Candles && !binance {
            let (key, why) = (
                format!("{key}.judge_by"),
                "this kind tells no finished candles",
            );
            return Err(wrong(&key, why, "write trades or leave it out"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{load, refusal};

    #[test]
    fn a_venue_needs_no_more_than_its_kind_and_a_wrong_address_is_refused_by_its_key() {
        let venue = "[simulator]\nenabled = false\n[venues.kraken]\nkind = \"kraken\"\n";
        let settings = load(venue, &[("TOUCHSTONE__VENUES__KRAKEN__PREFERENCE", "2")]).unwrap();
        let kraken = &settings.venues["kraken"];
        assert_eq!((kraken.kind, kraken.preference), (VenueKind::Kraken, 2));
        assert_eq!(kraken.stream(), "wss://ws.kraken.com");
        let said = refusal(&format!("{venue}ws_url = \"https://ws.kraken.com\"\n"));
        assert!(
            said.contains("venues.kraken.ws_url") && said.contains("wss://"),
            "{said}"
        );
        let said = refusal("[venues.kraken]\nkind = \"krakken\"\n");
        assert!(
            said.contains("venues.kraken.kind") && said.contains("binance-usdm"),
            "{said}"
        );
    }

    #[test]
    fn the_addresses_that_the_world_knows_are_addresses() {
        for kind in [
            VenueKind::BinanceSpot,
            VenueKind::BinanceUsdm,
            VenueKind::Kraken,
            VenueKind::Coinbase,
        ] {
            let venue = Venue {
                kind,
                ws_url: Url::parse(kind.stream()).ok(),
                rest_url: Url::parse(kind.rest()).ok(),
                judge_by: JudgeBy::Trades,
                preference: 0,
            };
            assert!(venue.ws_url.is_some() && venue.rest_url.is_some());
            assert!(venue.check("venues.x").is_ok());
        }
    }
}
