//! Filters: which signals are asked for, as people and programs write it.
//!
//! Lists over REST, exports and the command line take the same ones and read them here.

use clap::Args;
use domain::ids::ChannelId;
use domain::lifecycle::State;
use domain::market::{MarketKind, Pair, Side, Venue};
use domain::ports::store::SignalQuery;
use domain::post::Origin;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};

/// Which signals. Lists are comma-separated.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignalFilter {
    /// Of these channels.
    #[arg(long, value_name = "NAMES")]
    #[param(pattern = "^[a-z0-9_.-]{1,64}(,[a-z0-9_.-]{1,64})*$")]
    pub channels: Option<String>,
    /// On these symbols: `BTC/USDT,ETH/USDT`.
    #[arg(long, value_name = "SYMBOLS")]
    #[param(
        pattern = "^[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}(,[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20})*$"
    )]
    pub symbols: Option<String>,
    /// `long` or `short`.
    #[arg(long, value_name = "SIDE")]
    #[param(pattern = "^(long|short)$")]
    pub side: Option<String>,
    /// Judged in this market of a venue: `binance:spot`.
    #[arg(long, value_name = "VENUE:KIND")]
    #[param(pattern = "^[^:]+:(spot|perpetual|cfd)$")]
    pub market: Option<String>,
    /// `live`, `import` or `simulator`.
    #[arg(long, value_name = "ORIGIN")]
    #[param(pattern = "^(live|import|simulator)$")]
    pub origin: Option<String>,
    /// Only those still open (`true`) or over (`false`).
    #[arg(long, value_name = "BOOL")]
    pub open: Option<bool>,
    /// In one of these states: `pending,active`, `stopped-out`.
    #[arg(long, value_name = "STATES")]
    #[param(schema_with = states)]
    pub state: Option<String>,
    /// With at least this probability of the first target, 0 to 1.
    #[arg(long, value_name = "P")]
    #[param(minimum = 0, maximum = 1)]
    pub min_score: Option<f64>,
    /// Received at this instant or later: RFC 3339, or whole microseconds UTC.
    #[arg(long, value_name = "WHEN")]
    #[param(schema_with = instants)]
    pub from: Option<String>,
    /// Received before this instant, written alike.
    #[arg(long, value_name = "WHEN")]
    #[param(schema_with = instants)]
    pub to: Option<String>,
}

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct BadFilter {
    /// Which one.
    pub field: String,
    /// Why, and what would be right.
    pub why: String,
}

impl BadFilter {
    pub(crate) fn new(field: impl Into<String>, why: impl ToString) -> Self {
        Self {
            field: field.into(),
            why: why.to_string(),
        }
    }
}

impl SignalFilter {
    /// The question to the store, without a place and a limit.
    ///
    /// # Errors
    ///
    /// [`BadFilter`] names the first one that cannot be read.
    pub fn query(&self) -> Result<SignalQuery, BadFilter> {
        let score = |score: f64| {
            let decimal = Decimal::try_from(score).ok();
            decimal
                .filter(|_| (0.0..=1.0).contains(&score))
                .ok_or_else(|| BadFilter::new("min_score", "a probability lies between 0 and 1"))
        };
        Ok(SignalQuery {
            ids: Vec::new(),
            channels: list("channels", self.channels.as_deref(), ChannelId::parse)?,
            pairs: list("symbols", self.symbols.as_deref(), Pair::parse)?,
            side: side(self.side.as_deref())?,
            origin: origin(self.origin.as_deref())?,
            open: self.open,
            min_score: self.min_score.map(score).transpose()?,
            market: self.market.as_deref().map(market).transpose()?,
            states: list("state", self.state.as_deref(), state)?,
            received_from: instant("from", self.from.as_deref())?,
            received_before: instant("to", self.to.as_deref())?,
            before: None,
            limit: 0,
        })
    }
}

pub(crate) fn list<T, E: ToString>(
    field: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, BadFilter> {
    let parts = text.into_iter().flat_map(|text| text.split(','));
    parts
        .map(|part| read(part).map_err(|error| BadFilter::new(field, error.to_string())))
        .collect()
}

fn label<T>(
    field: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    known: &str,
) -> Result<Option<T>, BadFilter> {
    match text {
        None => Ok(None),
        Some(text) => {
            let read = read(text)
                .ok_or_else(|| BadFilter::new(field, format!("`{text}` is none; use {known}")));
            read.map(Some)
        }
    }
}

pub(crate) fn side(text: Option<&str>) -> Result<Option<Side>, BadFilter> {
    label("side", text, Side::from_label, "long or short")
}

pub(crate) fn origin(text: Option<&str>) -> Result<Option<Origin>, BadFilter> {
    label(
        "origin",
        text,
        Origin::from_label,
        "live, import or simulator",
    )
}

/// `binance:spot` as the venue and the kind of market.
fn market(text: &str) -> Result<(Venue, MarketKind), BadFilter> {
    let parts = text.split_once(':').filter(|(venue, _)| !venue.is_empty());
    parts
        .and_then(|(venue, kind)| Some((Venue::new(venue), MarketKind::from_label(kind)?)))
        .ok_or_else(|| {
            let why = format!("`{text}` is none; write VENUE:KIND, for example binance:spot");
            BadFilter::new("market", why)
        })
}

fn state(text: &str) -> Result<&'static str, String> {
    let mut known = State::LABELS.into_iter();
    known
        .find(|label| *label == text)
        .ok_or_else(|| format!("`{text}` is none; use {}", State::LABELS.join(", ")))
}

/// An instant as people and as programs write it.
pub(crate) fn instant(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, BadFilter> {
    let Some(text) = text else {
        return Ok(None);
    };
    let micros = text.parse::<i64>().ok().or_else(|| {
        let at = text.parse::<jiff::Timestamp>().ok()?;
        Some(at.as_microsecond())
    });
    let micros = micros.ok_or_else(|| {
        let why = format!("`{text}` is none; write 2026-01-31T08:00:00Z or whole microseconds UTC");
        BadFilter::new(field, why)
    })?;
    Ok(Some(Timestamp::from_micros(micros)))
}

/// How states are written in a list.
fn states() -> Schema {
    let one = State::LABELS.join("|");
    let text = ObjectBuilder::new().schema_type(Type::String);
    let list = format!("^({one})(,({one}))*$");
    text.pattern(Some(list)).build().into()
}

/// How instants are written.
pub(crate) fn instants() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let date = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let micros = text().pattern(Some("^-?[0-9]{1,18}$"));
    OneOfBuilder::new().item(date).item(micros).build().into()
}
