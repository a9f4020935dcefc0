//! Rates: how often somebody may ask, a minute and a month, as his plan says.
//!
//! Counted in this process, or where a Redis is configured there, for all nodes together; while it is
//! away each node counts for itself. What costs more to answer counts as more requests. Whoever sits
//! at the machine is not counted.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use domain::account::AccountId;
use domain::ports::Clock;
use domain::ports::accounts::Accounts;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use smol_str::{SmolStr, format_smolstr};

use super::error::ApiError;
use super::guarded::address_of;
use super::people;
use crate::accounts::limiter::place;
use crate::accounts::{Caller, Who};
use crate::bus::Redis;
use crate::bus::redis::Left;

/// How often what was counted is written down.
const WRITES: Duration = Duration::from_secs(2);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

type Counter =
    RateLimiter<SmolStr, DashMapStateStore<SmolStr>, DefaultClock, StateInformationMiddleware>;

/// Counts requests.
#[derive(Clone)]
pub struct Rates(Arc<Inside>);

struct Inside {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    redis: Option<Arc<Redis>>,
    /// One for each number of requests a minute that a plan has.
    counters: Mutex<HashMap<u32, Arc<Counter>>>,
    month: Mutex<Month>,
    wall: DefaultClock,
}

/// The requests of a month.
#[derive(Default)]
struct Month {
    name: SmolStr,
    /// Written down, on all nodes together, when it was last done.
    written: HashMap<AccountId, u64>,
    /// Not written down yet.
    new: BTreeMap<AccountId, u64>,
}

impl Rates {
    /// Counts against what accounts may.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        redis: Option<Arc<Redis>>,
    ) -> Self {
        Self(Arc::new(Inside {
            accounts,
            clock,
            redis,
            counters: Mutex::default(),
            month: Mutex::default(),
            wall: DefaultClock::default(),
        }))
    }

    fn month(&self) -> MutexGuard<'_, Month> {
        self.0.month.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counter(&self, a_minute: u32) -> Arc<Counter> {
        let counters = &self.0.counters;
        let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counters.entry(a_minute).or_insert_with(|| {
            let most = NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN);
            let counter = RateLimiter::dashmap(Quota::per_minute(most))
                .with_middleware::<StateInformationMiddleware>();
            Arc::new(counter)
        });
        Arc::clone(counter)
    }

    /// Counts a request that costs so much, and says what is left.
    async fn spend(&self, whose: &SmolStr, a_minute: u32, cost: u32) -> Left {
        if let Some(redis) = &self.0.redis {
            let each = Duration::from_secs(60) / a_minute.max(1);
            if let Ok(left) = redis.spend(whose, (each, a_minute), cost).await {
                return left;
            }
            metrics::counter!("touchstone_rates_counted_alone_total").increment(1);
        }
        let cost = NonZeroU32::new(cost.min(a_minute)).unwrap_or(NonZeroU32::MIN);
        match self.counter(a_minute).check_key_n(whose, cost) {
            Ok(Ok(state)) => Left {
                fits: true,
                remaining: state.remaining_burst_capacity(),
                wait: Duration::ZERO,
            },
            Ok(Err(until)) => Left {
                fits: false,
                remaining: 0,
                wait: until.wait_time_from(self.0.wall.now()),
            },
            // It costs more than there ever is; `min` above does not let that be.
            Err(_) => Left {
                fits: false,
                remaining: 0,
                wait: Duration::from_secs(60),
            },
        }
    }

    /// Counts a request of a month, and says how many there were.
    fn count(&self, account: AccountId) -> u64 {
        let name = month_of(self.0.clock.now());
        let mut month = self.month();
        if month.name != name {
            *month = Month {
                name,
                ..Month::default()
            };
        }
        let new = month.new.entry(account).or_default();
        *new += 1;
        *new + month.written.get(&account).copied().unwrap_or(0)
    }

    /// Writes down what was counted, again and again.
    pub async fn write(self) {
        loop {
            tokio::time::sleep(WRITES).await;
            if let Err(error) = self.write_down().await {
                tracing::warn!("the requests of this month could not be written down: {error}");
            }
            let counters = &self.0.counters;
            let counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters
                .values()
                .for_each(|counter| counter.retain_recent());
        }
    }

    async fn write_down(&self) -> Result<(), StoreError> {
        let (name, new) = {
            let mut month = self.month();
            (month.name.clone(), std::mem::take(&mut month.new))
        };
        if new.is_empty() {
            return Ok(());
        }
        let written = self.0.accounts.count_requests(&name, &new).await;
        let mut month = self.month();
        match written {
            Ok(written) if month.name == name => month.written.extend(written),
            Ok(_) => {}
            Err(error) => {
                for (account, more) in new {
                    *month.new.entry(account).or_default() += more;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// A month as it is counted: `2026-11`.
fn month_of(now: Timestamp) -> SmolStr {
    let at = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
    let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    format_smolstr!("{:04}-{:02}", day.year(), day.month())
}

/// How long the month goes on.
fn rest_of_month(now: Timestamp) -> Duration {
    let at = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC);
    let next = zoned
        .last_of_month()
        .and_then(|last| last.tomorrow())
        .and_then(|next| next.start_of_day());
    next.ok()
        .and_then(|next| u64::try_from(next.timestamp().as_second() - at.as_second()).ok())
        .map_or(Duration::from_secs(86_400), Duration::from_secs)
}

/// How many requests this one counts as.
fn cost(path: &str) -> u32 {
    let of = |prefix: &str| path.starts_with(prefix);
    if of("/v1/exports/") || of("/v1/analytics/what-if") {
        10
    } else if of("/v1/analytics/") || of("/v1/ml/predict") || path.ends_with("/figures") {
        3
    } else {
        1
    }
}

/// What is answered whoever asks however often. Whoever watches the process must not be sent away, and
/// guesses at passwords are counted where they are made: nobody may lock out another by asking much.
const FREE: [&str; 7] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/auth/login",
    "/login",
    "/login/code",
    "/pages.css",
];

/// Where programs bring what they show another secret for than an account's, many from few addresses.
const BROUGHT: [&str; 2] = ["/v1/ingest/", "/v1/billing/webhook"];

/// How often they may from one address. Alerts of all who use a service come from a handful of addresses,
/// and all at once as a candle ends.
const BROUGHT_A_MINUTE: u32 = 6_000;

/// Lets requests through as often as the plan says, and says in the answer what is left.
pub(super) async fn within(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = request.extensions().get::<Caller>().cloned();
    let rates = request.app_data::<web::Data<Rates>>().cloned();
    let (Some(caller), Some(rates)) = (caller, rates) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    // The path that is routed by: the one of the request may hold letters in another writing.
    let path = request.match_info().get_ref().path().to_owned();
    if caller.who == Who::Operator || FREE.contains(&path.as_str()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let brought = BROUGHT.iter().any(|door| path.starts_with(door));
    let whose = match caller.account() {
        Some(account) => format_smolstr!("{account}"),
        None => match address_of(request.request()).map(place) {
            Some(address) if brought => format_smolstr!("brings {address}"),
            Some(address) => format_smolstr!("{address}"),
            None => SmolStr::new("stranger"),
        },
    };
    let allows = &caller.entitled.allows;
    let a_minute = match caller.account() {
        None if brought => BROUGHT_A_MINUTE,
        _ => allows.requests_a_minute,
    };
    let cost = cost(&path);
    let left = rates.spend(&whose, a_minute, cost).await;
    let mut refused = (!left.fits).then(|| seconds(left.wait));
    if left.fits
        && let Some(account) = caller.account()
        && allows
            .requests_a_month
            .is_some_and(|most| rates.count(account) > most)
    {
        refused = Some(seconds(rest_of_month(rates.0.clock.now())));
    }
    let mut response = match refused {
        None => next.call(request).await?.map_into_boxed_body(),
        Some(seconds) => {
            metrics::counter!("touchstone_requests_refused_total", "why" => "rate").increment(1);
            let refused = people::refused(request.path(), ApiError::TooMany { seconds });
            request.error_response(refused)
        }
    };
    let emptied = a_minute.saturating_sub(left.remaining);
    let reset = u64::from(emptied) * 60 / u64::from(a_minute.max(1));
    let headers = response.headers_mut();
    tell(headers, LIMIT, a_minute.into());
    tell(headers, REMAINING, left.remaining.into());
    tell(headers, RESET, refused.unwrap_or(reset));
    Ok(response)
}

fn tell(headers: &mut HeaderMap, name: HeaderName, number: u64) {
    headers.insert(name, HeaderValue::from(number));
}

/// Whole seconds, and never none.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_micros(at.as_microsecond())
    }

    #[test]
    fn a_month_is_counted_from_its_first_to_its_last_moment() {
        assert_eq!(month_of(at("2026-11-30T23:59:59Z")), "2026-11");
        assert_eq!(month_of(at("2026-12-01T00:00:00Z")), "2026-12");
        assert_eq!(rest_of_month(at("2026-12-31T23:59:00Z")).as_secs(), 60);
        assert_eq!(
            rest_of_month(at("2028-02-28T00:00:00Z")).as_secs(),
            2 * 86_400
        );
    }

    #[test]
    fn what_costs_more_to_answer_counts_as_more() {
        assert!(cost("/v1/exports/signals") > cost("/v1/analytics/leaderboard"));
        assert!(cost("/v1/analytics/leaderboard") > cost("/v1/signals"));
    }
}
