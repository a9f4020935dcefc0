//! Reviews: a person looks at what was read, and says whether it is right.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use domain::ids::ChannelId;
use domain::market::{MarketKind, Pair, Price, Side};
use domain::ports::Clock;
use domain::ports::review::{Review, ReviewId, ReviewQuery, Reviewable, Reviews};
use domain::reading::{Draft, Entry, Ladder, MAX_TARGETS, Manner, Meaning, Rung, Target};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::body::{self, Body};
use super::error::{ApiError, Problem};
use super::guarded::{Guarded, Reviewer};
use super::page;
use crate::accounts::Desk as People;
use crate::wire::review::{ReviewableOut, read_id, written};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 2_000;

/// What reviews are read from and kept in.
#[derive(Clone)]
pub struct Desk {
    /// Where they are kept.
    pub reviews: Arc<dyn Reviews>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Which readings.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewParams {
    /// `open` (nobody has looked at them; so when nothing is said), `done` or `all`.
    #[param(pattern = "^(open|done|all)$")]
    state: Option<String>,
    /// Read as one of these, separated by commas; `quarantined` when nothing is said.
    #[param(
        pattern = "^(signal|update|close|cancel|claim|noise|quarantined)(,(signal|update|close|cancel|claim|noise|quarantined))*$"
    )]
    class: Option<String>,
    /// Of these channels, separated by commas.
    #[param(pattern = "^[a-z0-9_.-]{1,64}(,[a-z0-9_.-]{1,64})*$")]
    channels: Option<String>,
    /// Those that became known before this one: the `next` of the page before.
    #[param(pattern = "^[0-9]{1,14}[.][0-9]{1,9}$")]
    before: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of readings, newest posts first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewPage {
    /// The readings.
    readings: Vec<ReviewableOut>,
    /// Where the next page begins (`before`); none at the end.
    next: Option<String>,
}

/// What a person says of a reading.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewIn {
    /// `confirmed`: the reading is right as it is. `corrected`: `class` and `signals` are what it should
    /// have been.
    #[schema(pattern = "^(confirmed|corrected)$")]
    verdict: String,
    /// For a correction: what the post is.
    #[schema(pattern = "^(signal|update|close|cancel|claim|noise|quarantined)$")]
    class: Option<String>,
    /// For a correction to `signal` or `quarantined`: the trades.
    #[serde(default)]
    #[schema(max_items = 50)]
    signals: Vec<TradeIn>,
    /// Why, for whoever learns from it.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// A trade as it should have been read. Prices are texts, so that they stay what they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TradeIn {
    /// `BTC/USDT`.
    symbol: String,
    /// `spot`, `perpetual` or `cfd`, where the words say so.
    #[schema(pattern = "^(spot|perpetual|cfd)$")]
    market: Option<String>,
    /// `long` or `short`.
    #[schema(pattern = "^(long|short)$")]
    side: String,
    /// How it is entered.
    entry: EntryIn,
    /// In the order in which they are reached.
    #[serde(default)]
    #[schema(max_items = 16)]
    targets: Vec<String>,
    /// Where the author is wrong.
    stop: Option<String>,
    /// Claimed leverage.
    leverage: Option<String>,
}

/// How a trade is entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryIn {
    /// `market`, `limit`, `zone`, `ladder`, `breakout` or `market_and_limit`.
    #[schema(pattern = "^(market|limit|zone|ladder|breakout|market_and_limit)$")]
    kind: String,
    /// The lowest published price.
    low: Option<String>,
    /// The highest one of a zone.
    high: Option<String>,
    /// The orders of a ladder, which has neither `low` nor `high`.
    #[serde(default)]
    #[schema(max_items = 5)]
    rungs: Vec<RungIn>,
}

/// An order of a ladder.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RungIn {
    /// The limit.
    price: String,
    /// The share of the position, above 0; those of a ladder make up 1.
    share: String,
}

/// What was read, for a person to look at. Without parameters: what is held and nobody has looked at.
#[utoipa::path(get, path = "/v1/reviews", tag = "reviews", security(("bearer" = ["reviewer"])), params(ReviewParams), responses(
    (status = 200, body = ReviewPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
))]
pub async fn reviews(
    _: Guarded<Reviewer>,
    params: web::Query<ReviewParams>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, ApiError> {
    let query = ReviewQuery {
        limit: page::limit(params.limit)?,
        ..params.query()?
    };
    let (shown, next) = page_of(&desk, query).await?;
    Ok(page::answer(
        "/v1/reviews",
        &*params,
        "before",
        next.as_deref(),
        &shown,
    ))
}

/// A page of readings, and where the next one begins.
pub(super) async fn page_of(
    desk: &Desk,
    mut query: ReviewQuery,
) -> Result<(ReviewPage, Option<String>), ApiError> {
    let limit = query.limit;
    // One more than shown, so that the last page is known to be the last.
    query.limit += 1;
    let mut found = desk.reviews.readings(&query).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|reading| written(reading.id));
    let next = last.filter(|_| more);
    let shown = ReviewPage {
        readings: found.into_iter().map(ReviewableOut::from).collect(),
        next: next.clone(),
    };
    Ok((shown, next))
}

/// Confirms a reading or corrects it. That is a labelled example to learn from; the record and every
/// ranking stay as they are, since a signal's clock starts at its receipt.
#[utoipa::path(post, path = "/v1/reviews/{id}", tag = "reviews", security(("bearer" = ["reviewer"])), request_body = ReviewIn,
    params(("id" = String, Path, description = "the reading's name")), responses(
    (status = 200, body = ReviewableOut),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 404, description = "no such reading", body = Problem),
))]
pub async fn review(
    guarded: Guarded<Reviewer>,
    id: web::Path<String>,
    body: Body,
    desk: web::Data<Desk>,
    people: web::Data<People>,
) -> Result<web::Json<ReviewableOut>, ApiError> {
    let said: ReviewIn = body::read(&body)?;
    let missing = || ApiError::NotFound(format!("reading `{id}`"));
    let name = read_id(&id).ok_or_else(missing)?;
    let found = desk.reviews.reading(name).await?.ok_or_else(missing)?;
    let review = said.review(&found, desk.clock.now())?;
    let detail = json!({ "confirmed": review.confirmed, "class": review.class });
    let reviewed = async {
        let there = desk.reviews.review(name, &review).await?;
        there.then_some(()).ok_or_else(missing)
    };
    let about = (&guarded.caller, "review", id.as_str());
    people.carry_out(about, detail, reviewed).await?;
    let review = Some(review);
    Ok(web::Json(ReviewableOut::from(Reviewable {
        review,
        ..found
    })))
}

impl ReviewParams {
    fn query(&self) -> Result<ReviewQuery, ApiError> {
        let reviewed = match self.state.as_deref() {
            None | Some("open") => Some(false),
            Some("done") => Some(true),
            Some("all") => None,
            Some(_) => return Err(ApiError::invalid("state", "use `open`, `done` or `all`")),
        };
        let classes = self.class.as_deref().unwrap_or("quarantined").split(',');
        let classes = classes.map(|label| class("class", label));
        let channels = self.channels.as_deref().map(|names| names.split(','));
        let channels = channels.into_iter().flatten().map(ChannelId::parse);
        Ok(ReviewQuery {
            reviewed,
            channels: channels
                .collect::<Result<_, _>>()
                .map_err(|error| ApiError::invalid("channels", error))?,
            classes: classes.collect::<Result<_, _>>()?,
            before: place(self.before.as_deref())?,
            limit: 0,
        })
    }
}

impl ReviewIn {
    fn review(
        self,
        found: &Reviewable,
        reviewed: domain::time::Timestamp,
    ) -> Result<Review, ApiError> {
        let note = self.note.filter(|note| !note.trim().is_empty());
        let long = |note: &String| note.chars().count() > LONGEST_NOTE;
        if note.as_ref().is_some_and(long) {
            let why = format!("at most {LONGEST_NOTE} characters");
            return Err(ApiError::invalid("note", why));
        }
        match self.verdict.as_str() {
            "confirmed" if self.class.is_some() || !self.signals.is_empty() => {
                Err(ApiError::invalid(
                    "class",
                    "what is confirmed stays as it was read; say `corrected`, or leave `class` and \
                     `signals` out",
                ))
            }
            "confirmed" => Ok(Review {
                confirmed: true,
                class: found.class,
                drafts: found.drafts.clone(),
                note,
                reviewed,
            }),
            "corrected" => {
                let wanted = "say what the post is: signal, update, close, cancel, claim, noise or \
                              quarantined";
                let label = self.class.as_deref();
                let label = label.ok_or_else(|| ApiError::invalid("class", wanted))?;
                let class = class("class", label)?;
                let trades = self.signals.iter().enumerate();
                let drafts = trades.map(|(nth, trade)| trade.draft(&format!("signals[{nth}]")));
                let drafts: Vec<Draft> = drafts.collect::<Result<_, _>>()?;
                match (class, drafts.is_empty()) {
                    ("signal", true) => Err(ApiError::invalid(
                        "signals",
                        "a signal has at least one trade",
                    )),
                    ("signal" | "quarantined", _) | (_, true) => Ok(Review {
                        confirmed: false,
                        class,
                        drafts,
                        note,
                        reviewed,
                    }),
                    (_, false) => Err(ApiError::invalid(
                        "signals",
                        "only a signal, or what is held, has trades",
                    )),
                }
            }
            _ => Err(ApiError::invalid(
                "verdict",
                "use `confirmed` or `corrected`",
            )),
        }
    }
}

impl TradeIn {
    /// The trade that it says; `at` is its place in the body, empty where it is the body.
    pub(super) fn draft(&self, at: &str) -> Result<Draft, ApiError> {
        let field = |name: &str| match at {
            "" => name.to_owned(),
            at => format!("{at}.{name}"),
        };
        let price = |name: &str, text: &str| {
            Price::parse(text).map_err(|error| ApiError::invalid(field(name), error))
        };
        let maybe = |name: &str, text: &Option<String>| {
            text.as_deref().map(|text| price(name, text)).transpose()
        };
        let side = match self.side.as_str() {
            "long" => Side::Long,
            "short" => Side::Short,
            _ => return Err(ApiError::invalid(field("side"), "use `long` or `short`")),
        };
        let kinds = [MarketKind::Spot, MarketKind::Perpetual, MarketKind::Cfd];
        let kind = match &self.market {
            None => None,
            Some(label) => {
                let known = kinds.into_iter().find(|kind| kind.label() == label);
                let why = "use `spot`, `perpetual` or `cfd`";
                Some(known.ok_or_else(|| ApiError::invalid(field("market"), why))?)
            }
        };
        if self.targets.len() > MAX_TARGETS {
            let why = format!("at most {MAX_TARGETS}");
            return Err(ApiError::invalid(field("targets"), why));
        }
        let targets = self.targets.iter().map(|text| {
            let price = price("targets", text)?;
            Ok::<_, ApiError>(Target {
                price,
                weight: None,
            })
        });
        let leverage = self.leverage.as_deref().map(|text| {
            let number = text.parse::<Decimal>().ok();
            let fits = number.filter(|number| *number > Decimal::ZERO);
            fits.ok_or_else(|| ApiError::invalid(field("leverage"), "a number above 0"))
        });
        let low = maybe("entry.low", &self.entry.low)?;
        let high = maybe("entry.high", &self.entry.high)?;
        Ok(Draft {
            pair: Pair::parse(&self.symbol)
                .map_err(|error| ApiError::invalid(field("symbol"), error))?,
            quote_implied: false,
            venue: None,
            kind,
            side,
            entry: self.entry.read(&field("entry"), low, high)?,
            targets: targets.collect::<Result<_, _>>()?,
            stop: maybe("stop", &self.stop)?,
            stop_percent: None,
            target_percents: Vec::new(),
            leverage: leverage.transpose()?,
            breakeven_after: None,
            valid_for: None,
            manner: Manner::default(),
            spans: Vec::new(),
        })
    }
}

impl EntryIn {
    fn read(
        &self,
        field: &str,
        low: Option<Price>,
        high: Option<Price>,
    ) -> Result<Entry, ApiError> {
        if self.kind == "ladder" {
            return self.ladder(field);
        }
        if self.rungs.is_empty() {
            return entry(&self.kind, low, high).map_err(|why| ApiError::invalid(field, why));
        }
        Err(ApiError::invalid(
            format!("{field}.rungs"),
            "only an entry of the kind `ladder` has them",
        ))
    }

    fn ladder(&self, field: &str) -> Result<Entry, ApiError> {
        let rungs = self.rungs.iter().enumerate().map(|(nth, rung)| {
            let wrong = |name: &str, why: String| {
                ApiError::invalid(format!("{field}.rungs[{nth}].{name}"), why)
            };
            Ok::<_, ApiError>(Rung {
                price: Price::parse(&rung.price)
                    .map_err(|error| wrong("price", error.to_string()))?,
                share: Decimal::from_str_exact(&rung.share)
                    .map_err(|error| wrong("share", error.to_string()))?,
            })
        });
        let rungs = rungs.collect::<Result<_, _>>()?;
        let ladder = Ladder::new(rungs)
            .map_err(|error| ApiError::invalid(format!("{field}.rungs"), error))?;
        Ok(Entry::Ladder(ladder))
    }
}

fn entry(kind: &str, low: Option<Price>, high: Option<Price>) -> Result<Entry, &'static str> {
    match (kind, low, high) {
        ("market", price, None) => Ok(Entry::Market(price)),
        ("limit", Some(price), None) => Ok(Entry::Limit(price)),
        ("breakout", Some(price), None) => Ok(Entry::Breakout(price)),
        ("zone", Some(low), Some(high)) if low < high => Ok(Entry::Zone { low, high }),
        ("market_and_limit", Some(low), None) => Ok(Entry::Scaled { low, high: low }),
        ("market_and_limit", Some(low), Some(high)) if low <= high => {
            Ok(Entry::Scaled { low, high })
        }
        ("market" | "limit" | "breakout", _, _) => Err("it has one price, `low`, and no `high`"),
        ("zone" | "market_and_limit", _, _) => Err("it goes from `low` to a higher `high`"),
        _ => Err("use `market`, `limit`, `zone`, `ladder`, `breakout` or `market_and_limit`"),
    }
}

/// Where a page begins, of a reading's name.
pub(super) fn place(before: Option<&str>) -> Result<Option<ReviewId>, ApiError> {
    let wrong = || ApiError::invalid("before", "take it from `next` of the page before");
    before
        .map(|before| read_id(before).ok_or_else(wrong))
        .transpose()
}

pub(super) fn class(field: &str, label: &str) -> Result<&'static str, ApiError> {
    let known = Meaning::LABELS.into_iter().find(|known| *known == label);
    known.ok_or_else(|| ApiError::invalid(field, format!("use {}", Meaning::LABELS.join(", "))))
}
