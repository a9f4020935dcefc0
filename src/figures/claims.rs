//! Claims: what a channel says that its trades earned, against what they did.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::ids::PostKey;
use domain::market::Pair;
use domain::ports::scrutiny::ClaimRecord;
use domain::ports::store::SignalRecord;
use domain::statistics::{DAY, Trade, expectancy, mean};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Known, SEED, published, rounded, trades};

mod leverage;

/// So long after a trade ended a claim that names its pair alone may still speak of it.
const STILL_SPOKEN_OF: Duration = DAY.saturating_mul(7);

/// So many of the newest claims are shown.
const SHOWN: usize = 50;

/// So much of R may be lost in what people round.
const ROUNDED_BY: f64 = 0.01;

/// What the channel claims, and what the record says of the same trades.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Claims {
    /// Posts that claim a result.
    pub claims: usize,
    /// How many of them name a percentage.
    pub with_percent: usize,
    /// How many of them belong to one trade of this channel.
    pub matched: usize,
    /// How many answer no trade and name no pair.
    pub unnamed: usize,
    /// How many speak of a trade that the record of this window does not have.
    pub of_no_trade: usize,
    /// How many fit several trades, so that nobody can say which is meant.
    pub of_several: usize,
    /// Trades of which a percentage is claimed; of several claims the highest counts.
    pub trades: usize,
    /// How many of those trades are not judged, or have a hole in their path.
    pub not_judged: usize,
    /// How many of those have no stop or no published entry, so that no R is claimed.
    pub without_risk: usize,
    /// How many could be compared: the rest of them.
    pub compared: usize,
    /// Compared trades with a claimed gain that were never entered.
    pub gain_never_entered: usize,
    /// Compared trades with a claimed gain that earned nothing or lost.
    pub gain_not_earned: usize,
    /// Compared and entered trades of which more is claimed than the best price of their life gave.
    pub beyond_best_price: usize,
    /// What the compared trades earned on average by the channel's words, in R.
    pub claimed_r: Option<f64>,
    /// What they earned by the record, in R net of costs; nothing where they were not entered.
    pub measured_r: Option<f64>,
    /// The difference, with the interval of its resampled mean.
    pub gap_r: Option<Known>,
    /// Trades that won, by the record.
    pub won: usize,
    /// How many of them the channel claims a result of.
    pub won_claimed: usize,
    /// Trades that earned nothing or lost, by the record.
    pub lost: usize,
    /// How many of them the channel claims a result of.
    pub lost_claimed: usize,
    /// The newest claims with a percentage that belong to a trade.
    pub newest: Vec<Claim>,
    /// How many more there are.
    pub left_out: usize,
}

/// What a channel claims against the record, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ClaimGap {
    /// Posts that claim a result.
    pub claims: usize,
    /// Trades of which a percentage is claimed that could be compared with the record.
    pub compared: usize,
    /// What those trades earned on average by the channel's words, in R.
    pub claimed_r: Option<f64>,
    /// What they earned by the record, in R net of costs, as they were judged live.
    pub measured_r: Option<f64>,
    /// The difference, with the interval of its resampled mean.
    pub gap_r: Option<Known>,
}

impl From<&Claims> for ClaimGap {
    fn from(claims: &Claims) -> Self {
        Self {
            claims: claims.claims,
            compared: claims.compared,
            claimed_r: claims.claimed_r,
            measured_r: claims.measured_r,
            gap_r: claims.gap_r,
        }
    }
}

/// A claim beside the record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Claim {
    /// The post that claims.
    pub post: String,
    /// When it was received, in microseconds UTC.
    pub received: i64,
    /// The trade that it speaks of.
    pub signal: String,
    /// The percentage that it claims.
    pub percent: String,
    /// The leverage that it is divided by: the claim's own, else the signal's, else 1.
    pub leverage: String,
    /// That in R of the published risk; none without a stop or a published entry.
    pub claimed_r: Option<f64>,
    /// What the trade earned; none while that is not known.
    pub measured_r: Option<f64>,
}

/// A claim, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    post: PostKey,
    reply_to: Option<PostKey>,
    received: Timestamp,
    pair: Option<Pair>,
    percent: Option<Decimal>,
    leverage: Option<Decimal>,
}

impl Said {
    /// When it was received.
    #[must_use]
    pub const fn received(&self) -> Timestamp {
        self.received
    }
}

impl From<&ClaimRecord> for Said {
    fn from(claim: &ClaimRecord) -> Self {
        Self {
            post: claim.post.key.clone(),
            reply_to: claim.post.reply_to.clone(),
            received: claim.post.received,
            pair: claim.pair.clone(),
            percent: claim.percent,
            leverage: leverage::said(&claim.post.text),
        }
    }
}

/// Which trade is meant.
enum Meant {
    One(usize),
    Unnamed,
    NoTrade,
    Several,
}

/// The trades of a channel, by what a claim may say of them.
struct Book<'a> {
    records: &'a [SignalRecord],
    by_post: HashMap<&'a PostKey, Vec<usize>>,
    by_pair: HashMap<&'a Pair, Vec<usize>>,
    /// Claims that were understood: who answers them means the same trade.
    by_claim: HashMap<PostKey, usize>,
}

impl<'a> Book<'a> {
    fn of(records: &'a [SignalRecord]) -> Self {
        let mut book = Self {
            records,
            by_post: HashMap::new(),
            by_pair: HashMap::new(),
            by_claim: HashMap::new(),
        };
        for (nth, record) in records.iter().enumerate() {
            let signal = &record.signal;
            book.by_post.entry(&signal.post).or_default().push(nth);
            let same = book.by_pair.entry(&signal.instrument.pair);
            same.or_default().push(nth);
        }
        book
    }

    /// The trade that is answered, else the one of that pair that was there to be spoken of.
    fn meant(&self, said: &Said) -> Meant {
        let answered = said.reply_to.as_ref().map(|post| {
            let claim = self.by_claim.get(post).map(std::slice::from_ref);
            let trades = self.by_post.get(post).map(Vec::as_slice);
            trades.or(claim).unwrap_or_default()
        });
        let of_pair = |nth: &usize| {
            let pair = &self.records[*nth].signal.instrument.pair;
            said.pair.as_ref().is_none_or(|named| named == pair)
        };
        let mut fitting: Vec<usize> = answered
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(of_pair)
            .collect();
        if fitting.is_empty() {
            let Some(pair) = &said.pair else {
                return match answered {
                    Some(_) => Meant::NoTrade,
                    None => Meant::Unnamed,
                };
            };
            let same = self.by_pair.get(pair).into_iter().flatten().copied();
            fitting.extend(same.filter(|nth| spoken_of(&self.records[*nth], said.received)));
        }
        match fitting.as_slice() {
            [] => Meant::NoTrade,
            [one] => Meant::One(*one),
            _ => Meant::Several,
        }
    }
}

/// May a claim of this instant, which names the pair alone, speak of it?
fn spoken_of(record: &SignalRecord, at: Timestamp) -> bool {
    let over = record
        .outcome
        .as_ref()
        .map(|outcome| outcome.pessimistic.ended_at);
    record.signal.received < at && over.is_none_or(|over| at < over + STILL_SPOKEN_OF)
}

/// What is claimed of a trade in R of its published risk:
/// percent / 100 · entry / (leverage · |entry − stop|).
fn claimed_r(record: &SignalRecord, percent: Decimal, leverage: Decimal) -> Option<f64> {
    let entry = published(&record.signal)?.get();
    let risk = (entry - record.signal.stop?.get()).abs();
    let moved = percent
        .checked_mul(entry)?
        .checked_div(Decimal::ONE_HUNDRED)?;
    moved.checked_div(leverage.checked_mul(risk)?)?.to_f64()
}

/// What it earned: nothing where it was not entered; none where that is not known.
fn measured_r(record: &SignalRecord) -> Option<f64> {
    let outcome = record
        .outcome
        .as_ref()
        .filter(|outcome| !outcome.incomplete)?;
    match outcome.pessimistic.entered_at {
        None => Some(0.0),
        Some(_) => outcome.pessimistic.r?.to_f64(),
    }
}

impl Claims {
    /// These claims, oldest first, against the trades of these signals.
    #[must_use]
    pub fn of(records: &[SignalRecord], said: &[Said]) -> Self {
        let mut book = Book::of(records);
        let mut claims = Self::none();
        // Of each trade that is spoken of, the highest percentage by its leverage.
        let mut highest: BTreeMap<usize, Option<(Decimal, Decimal)>> = BTreeMap::new();
        let mut shown = Vec::new();
        for one in said {
            claims.claims += 1;
            claims.with_percent += usize::from(one.percent.is_some());
            let nth = match book.meant(one) {
                Meant::One(nth) => nth,
                Meant::Unnamed => {
                    claims.unnamed += 1;
                    continue;
                }
                Meant::NoTrade => {
                    claims.of_no_trade += 1;
                    continue;
                }
                Meant::Several => {
                    claims.of_several += 1;
                    continue;
                }
            };
            claims.matched += 1;
            book.by_claim.insert(one.post.clone(), nth);
            let of_trade = highest.entry(nth).or_default();
            let Some(percent) = one.percent else {
                continue;
            };
            let leverage = one.leverage.or(records[nth].signal.leverage);
            let leverage = leverage.unwrap_or(Decimal::ONE).max(Decimal::ONE);
            let plain = |(percent, leverage): (Decimal, Decimal)| percent / leverage;
            let claimed = (percent, leverage);
            if of_trade.is_none_or(|before| plain(before) < plain(claimed)) {
                *of_trade = Some(claimed);
            }
            shown.push(Claim::of(one, &records[nth], claimed));
        }
        claims.compare(records, &highest);
        claims.count_silence(records, &highest);
        claims.left_out = shown.len().saturating_sub(SHOWN);
        claims.newest = shown.split_off(claims.left_out);
        claims.newest.reverse();
        claims
    }

    fn compare(
        &mut self,
        records: &[SignalRecord],
        highest: &BTreeMap<usize, Option<(Decimal, Decimal)>>,
    ) {
        let mut pairs: Vec<(f64, f64)> = Vec::new();
        let mut gaps: Vec<Trade> = Vec::new();
        for (nth, claimed) in highest {
            let Some((percent, leverage)) = *claimed else {
                continue;
            };
            let record = &records[*nth];
            self.trades += 1;
            let outcome = record
                .outcome
                .as_ref()
                .filter(|outcome| !outcome.incomplete);
            let Some(outcome) = outcome else {
                self.not_judged += 1;
                continue;
            };
            let both = claimed_r(record, percent, leverage).zip(measured_r(record));
            let Some((claimed, measured)) = both else {
                self.without_risk += 1;
                continue;
            };
            let entered = outcome.pessimistic.entered_at;
            self.compared += 1;
            self.gain_never_entered += usize::from(claimed > 0.0 && entered.is_none());
            self.gain_not_earned += usize::from(claimed > 0.0 && measured <= 0.0);
            let best = outcome.optimistic.mfe.and_then(|best| best.to_f64());
            self.beyond_best_price +=
                usize::from(best.is_some_and(|best| claimed > best + ROUNDED_BY));
            pairs.push((claimed, measured));
            gaps.push(Trade {
                received: record.signal.received,
                entered: entered.unwrap_or(record.signal.received),
                ended: outcome.pessimistic.ended_at,
                r: claimed - measured,
            });
        }
        let average =
            |of: fn(&(f64, f64)) -> f64| mean(&pairs.iter().map(of).collect::<Vec<f64>>());
        self.claimed_r = average(|pair| pair.0).map(rounded);
        self.measured_r = average(|pair| pair.1).map(rounded);
        self.gap_r = average(|pair| pair.0 - pair.1).map(|gap| {
            let bounds = expectancy(&gaps, SEED).map(|told| told.bounds);
            Known::of(gap, bounds)
        });
    }

    /// Of which trades it keeps silent.
    fn count_silence(
        &mut self,
        records: &[SignalRecord],
        spoken: &BTreeMap<usize, Option<(Decimal, Decimal)>>,
    ) {
        let spoken: Vec<_> = spoken.keys().map(|nth| records[*nth].signal.id).collect();
        let spoken: std::collections::HashSet<_> = spoken.into_iter().collect();
        for counted in trades(records) {
            let claimed = usize::from(spoken.contains(&counted.record.signal.id));
            if counted.trade.r > 0.0 {
                self.won += 1;
                self.won_claimed += claimed;
            } else {
                self.lost += 1;
                self.lost_claimed += claimed;
            }
        }
    }

    const fn none() -> Self {
        Self {
            claims: 0,
            with_percent: 0,
            matched: 0,
            unnamed: 0,
            of_no_trade: 0,
            of_several: 0,
            trades: 0,
            not_judged: 0,
            without_risk: 0,
            compared: 0,
            gain_never_entered: 0,
            gain_not_earned: 0,
            beyond_best_price: 0,
            claimed_r: None,
            measured_r: None,
            gap_r: None,
            won: 0,
            won_claimed: 0,
            lost: 0,
            lost_claimed: 0,
            newest: Vec::new(),
            left_out: 0,
        }
    }
}

impl Claim {
    fn of(said: &Said, record: &SignalRecord, (percent, leverage): (Decimal, Decimal)) -> Self {
        Self {
            post: said.post.to_string(),
            received: said.received.as_micros(),
            signal: record.signal.id.to_string(),
            percent: percent.normalize().to_string(),
            leverage: leverage.normalize().to_string(),
            claimed_r: claimed_r(record, percent, leverage).map(rounded),
            measured_r: measured_r(record).map(rounded),
        }
    }
}

#[cfg(test)]
mod tests;
