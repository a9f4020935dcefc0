//! Plans, what people pay for, and whose channels are.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::account::AccountId;
use domain::ids::ChannelId;
use domain::plan::{Allowance, Feature, Plan, PlanId, Prices};
use domain::ports::accounts::{Standing, Subscription};
use domain::ports::store::StoreError;
use smol_str::SmolStr;
use sqlx::SqlStr;

use super::knock;
use crate::store::columns;
use crate::store::database::{Database, Row, Session, count, values};

const PLANS: &str = "SELECT id, title, rank, monthly, yearly, trial_days, delay_s, channels, history_s, \
     features, requests_a_minute, requests_a_month FROM plans ORDER BY rank, id";

const SEED: &str = "INSERT INTO plans (id, title, rank, monthly, yearly, trial_days, delay_s, channels, \
     history_s, features, requests_a_minute, requests_a_month) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING";

const WRITE: &str = "INSERT INTO plans (id, title, rank, monthly, yearly, trial_days, delay_s, channels, \
     history_s, features, requests_a_minute, requests_a_month) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO UPDATE SET \
     title = excluded.title, rank = excluded.rank, monthly = excluded.monthly, \
     yearly = excluded.yearly, trial_days = excluded.trial_days, delay_s = excluded.delay_s, \
     channels = excluded.channels, history_s = excluded.history_s, features = excluded.features, \
     requests_a_minute = excluded.requests_a_minute, requests_a_month = excluded.requests_a_month";

const SUBSCRIPTION: &str = "SELECT account, customer, subscription, plan, standing, paid_until, ends, \
     grace_until, seen FROM subscriptions WHERE account = $1";

const BY_CUSTOMER: &str = "SELECT account, customer, subscription, plan, standing, paid_until, ends, \
     grace_until, seen FROM subscriptions WHERE customer = $1";

const SUBSCRIPTIONS: &str = "SELECT account, customer, subscription, plan, standing, paid_until, ends, \
     grace_until, seen FROM subscriptions ORDER BY account";

/// What is known up to an earlier moment never overwrites what is known up to a later one.
const SUBSCRIBE: &str = "INSERT INTO subscriptions (account, customer, subscription, plan, standing, \
     paid_until, ends, grace_until, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (account) DO UPDATE SET customer = excluded.customer, \
     subscription = excluded.subscription, plan = excluded.plan, standing = excluded.standing, \
     paid_until = excluded.paid_until, ends = excluded.ends, grace_until = excluded.grace_until, \
     seen = excluded.seen WHERE subscriptions.seen <= excluded.seen";

const OWNED: &str = "SELECT channel FROM owners WHERE account = $1 ORDER BY channel";

const GIVE: &str = "INSERT INTO owners (channel, account) VALUES ($1, $2) \
     ON CONFLICT (channel) DO UPDATE SET account = excluded.account";

const TAKE: &str = "DELETE FROM owners WHERE channel = $1";

const COUNT: &str = "INSERT INTO requests (month, account, count) VALUES ($1, $2, $3) \
     ON CONFLICT (month, account) DO UPDATE SET count = requests.count + excluded.count";

const COUNTED: &str = "SELECT count FROM requests WHERE month = $1 AND account = $2";

pub(super) async fn plans<D: Database>(database: &D) -> Result<Vec<Plan>, StoreError> {
    let mut session = database.read().await?;
    let rows = session.ask(SqlStr::from_static(PLANS), values![]).await?;
    rows.iter().map(plan).collect()
}

fn plan<R: Row>(row: &R) -> Result<Plan, StoreError> {
    let features = columns::text(row, "features")?;
    Ok(Plan {
        id: columns::parsed(row, "id", |id| PlanId::parse(id).ok())?,
        title: columns::text(row, "title")?,
        rank: columns::whole(row, "rank")?,
        prices: Prices {
            monthly: columns::maybe_whole(row, "monthly")?,
            yearly: columns::maybe_whole(row, "yearly")?,
            trial_days: columns::whole(row, "trial_days")?,
        },
        allows: Allowance {
            delay: Duration::from_secs(columns::whole(row, "delay_s")?),
            channels: columns::maybe_whole(row, "channels")?,
            history: columns::maybe_whole(row, "history_s")?.map(Duration::from_secs),
            features: features
                .split_whitespace()
                .filter_map(Feature::from_label)
                .collect(),
            requests_a_minute: columns::whole(row, "requests_a_minute")?,
            requests_a_month: columns::maybe_whole(row, "requests_a_month")?,
        },
    })
}

pub(super) async fn write<D: Database>(
    database: &D,
    plan: &Plan,
    seed: bool,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let features: Vec<_> = plan.allows.features.iter().map(|it| it.label()).collect();
    let allows = &plan.allows;
    let values = values![
        plan.id.as_str(),
        &plan.title,
        i64::from(plan.rank),
        plan.prices.monthly.map(i64::from),
        plan.prices.yearly.map(i64::from),
        i64::from(plan.prices.trial_days),
        count(allows.delay.as_secs()),
        allows.channels.map(i64::from),
        allows.history.map(|history| count(history.as_secs())),
        features.join(" "),
        i64::from(allows.requests_a_minute),
        allows.requests_a_month.map(count),
    ];
    let sql = if seed { SEED } else { WRITE };
    if session.tell(SqlStr::from_static(sql), values).await? == 1 {
        knock(&mut session).await?;
    }
    session.commit().await
}

pub(super) async fn subscription<D: Database>(
    database: &D,
    id: AccountId,
) -> Result<Option<Subscription>, StoreError> {
    let mut session = database.read().await?;
    let values = values![id.to_string()];
    let rows = session
        .ask(SqlStr::from_static(SUBSCRIPTION), values)
        .await?;
    rows.first().map(paid).transpose()
}

pub(super) async fn by_customer<D: Database>(
    database: &D,
    customer: &str,
) -> Result<Option<Subscription>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(BY_CUSTOMER), values![customer])
        .await?;
    rows.first().map(paid).transpose()
}

pub(super) async fn subscriptions<D: Database>(
    database: &D,
) -> Result<Vec<Subscription>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(SUBSCRIPTIONS), values![])
        .await?;
    rows.iter().map(paid).collect()
}

fn paid<R: Row>(row: &R) -> Result<Subscription, StoreError> {
    Ok(Subscription {
        account: columns::parsed(row, "account", AccountId::parse)?,
        customer: columns::text(row, "customer")?,
        subscription: row.text("subscription")?,
        plan: columns::maybe_parsed(row, "plan", |plan| PlanId::parse(plan).ok())?,
        standing: columns::parsed(row, "standing", Standing::from_label)?,
        paid_until: columns::maybe_time(row, "paid_until")?,
        ends: columns::flag(row, "ends")?,
        grace_until: columns::maybe_time(row, "grace_until")?,
        seen: columns::time(row, "seen")?,
    })
}

pub(super) async fn subscribe<D: Database>(
    database: &D,
    paid: &Subscription,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let values = values![
        paid.account.to_string(),
        &paid.customer,
        paid.subscription.clone(),
        paid.plan.as_ref().map(|plan| plan.as_str().to_owned()),
        paid.standing.label(),
        paid.paid_until,
        paid.ends,
        paid.grace_until,
        paid.seen,
    ];
    session.tell(SqlStr::from_static(SUBSCRIBE), values).await?;
    knock(&mut session).await?;
    session.commit().await
}

pub(super) async fn owned<D: Database>(
    database: &D,
    id: AccountId,
) -> Result<Vec<ChannelId>, StoreError> {
    let mut session = database.read().await?;
    let rows = session
        .ask(SqlStr::from_static(OWNED), values![id.to_string()])
        .await?;
    let read = |row| columns::parsed(row, "channel", |id| ChannelId::parse(id).ok());
    rows.iter().map(read).collect()
}

pub(super) async fn give<D: Database>(
    database: &D,
    channel: &ChannelId,
    to: Option<AccountId>,
) -> Result<(), StoreError> {
    let mut session = database.write().await?;
    let (sql, values) = match to {
        Some(account) => (GIVE, values![channel, account.to_string()]),
        None => (TAKE, values![channel]),
    };
    session.tell(SqlStr::from_static(sql), values).await?;
    knock(&mut session).await?;
    session.commit().await
}

pub(super) async fn count_requests<D: Database>(
    database: &D,
    month: &SmolStr,
    requests: &BTreeMap<AccountId, u64>,
) -> Result<BTreeMap<AccountId, u64>, StoreError> {
    let mut session = database.write().await?;
    let mut counted = BTreeMap::new();
    for (account, more) in requests {
        let values = values![month.as_str(), account.to_string(), count(*more)];
        session.tell(SqlStr::from_static(COUNT), values).await?;
        let values = values![month.as_str(), account.to_string()];
        let rows = session.ask(SqlStr::from_static(COUNTED), values).await?;
        if let Some(row) = rows.first() {
            counted.insert(*account, columns::whole(row, "count")?);
        }
    }
    session.commit().await?;
    Ok(counted)
}
