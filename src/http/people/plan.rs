//! The page of plans: which there are, which one has, and where one pays, where payments are taken.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use domain::ids::ChannelId;
use domain::plan::{Feature, Plan, PlanId};
use domain::ports::accounts::{Standing, Subscription};
use domain::ports::store::ChannelCard;
use domain::ports::till::{Bill, Period};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::account::{day, minute};
use super::posted::Posted;
use super::visit::{Member, Visit};
use super::wrong::{FORM, Fields, Trouble, Wrong, sentence};
use crate::accounts::desk::{self as accounts, Owned};
use crate::accounts::{Desk, Door};
use crate::billing::{Billing, Refusal};
use crate::http::error::ApiError;
use crate::http::records::Records;

type Page = Result<HttpResponse, Trouble>;

/// What was done, by its short name in the address that led here.
const DONE: [(&str, &str); 5] = [
    (
        "paid",
        "Thank you. The plan holds as soon as the payment is confirmed, which takes seconds; this page shows it then.",
    ),
    (
        "changed",
        "Your plan is changed, and the difference is billed.",
    ),
    (
        "ends",
        "Your plan ends with what is paid. You can take that back until then.",
    ),
    ("goes-on", "Your plan goes on."),
    ("channels", "Your choice of channels holds."),
];

/// What the page is made of.
pub(super) struct Counter {
    member: Member,
    owned: Owned,
    door: web::Data<Door>,
    desk: web::Data<Desk>,
    billing: web::Data<Billing>,
    store: web::Data<Records>,
}

impl FromRequest for Counter {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let member = Member::from_request(request, payload).into_inner();
        let rooms = (
            request.app_data::<web::Data<Door>>().cloned(),
            request.app_data::<web::Data<Desk>>().cloned(),
            request.app_data::<web::Data<Billing>>().cloned(),
            request.app_data::<web::Data<Records>>().cloned(),
        );
        Box::pin(async move {
            let member = member?;
            let (Some(door), Some(desk), Some(billing), Some(store)) = rooms else {
                return Err(Trouble::from(ApiError::Internal).into());
            };
            let owned = desk.everything_of(&member.person.caller).await;
            let owned = owned.map_err(|refusal| Trouble::from(ApiError::from(refusal)))?;
            Ok(Self {
                member,
                owned,
                door,
                desk,
                billing,
                store,
            })
        })
    }
}

impl Counter {
    /// What is paid for, and not over.
    fn running(&self) -> Option<&Subscription> {
        let bought = self.owned.subscription.as_ref();
        bought.filter(|it| it.subscription.is_some() && it.standing != Standing::Ended)
    }

    async fn told(&self) -> Result<Value, Trouble> {
        let member = &self.member;
        let current = member.person.caller.entitled.plan.as_ref();
        let running = self.running();
        let mine = running.and_then(|it| it.gives(self.desk.now()));
        let plans: Vec<_> = self
            .door
            .plans()
            .iter()
            .map(|it| told(it, current, mine))
            .collect();
        let bought = self
            .owned
            .subscription
            .as_ref()
            .filter(|it| it.subscription.is_some());
        let bills = match bought {
            Some(it) if self.billing.takes_payments() => self.billing.bills(it.account).await,
            Some(_) | None => Ok(Vec::new()),
        };
        // The page is worth seeing without them.
        let (bills, trouble) = match bills {
            Ok(bills) => (bills, String::new()),
            Err(refusal) => (Vec::new(), sentence(&ApiError::from(refusal).to_string())),
        };
        let asked = if member.visit.asks("paid") == "1" {
            "paid"
        } else {
            member.visit.asks("done")
        };
        Ok(json!({
            "title": "Your plan",
            "choice": self.choice().await?,
            "done": DONE.iter().find(|(name, _)| *name == asked).map_or("", |(_, words)| words),
            "plans": plans,
            "all": current.is_none(),
            "granted": self.owned.account.granted.is_some(),
            "bought": bought.map(|it| standing(it, &self.door)),
            "runs": running.is_some(),
            "ends": running.is_some_and(|it| it.ends),
            "till": self.billing.takes_payments(),
            "bills": bills.iter().map(bill).collect::<Vec<_>>(),
            "bills_trouble": trouble,
        }))
    }

    /// Among which channels he chooses; none where his plan shows all.
    async fn choice(&self) -> Result<Option<Value>, Trouble> {
        let entitled = &self.member.person.caller.entitled;
        let Some(most) = entitled.allows.channels else {
            return Ok(None);
        };
        let channels = self.store.channels().await.map_err(ApiError::from)?;
        let own = |card: &ChannelCard| self.owned.channels.contains(&card.id);
        let mut others: Vec<_> = channels
            .iter()
            .map(|record| &record.card)
            .filter(|card| !own(card))
            .collect();
        others.sort_by_key(|card| (card.title.to_lowercase(), &card.id));
        let others = others.into_iter().map(|card| {
            json!({
                "id": card.id.as_str(),
                "title": card.title,
                "chosen": entitled.chosen.contains(&card.id),
            })
        });
        let own = self.owned.channels.iter().map(ChannelId::as_str);
        Ok(Some(json!({
            "most": most,
            "channels": others.collect::<Vec<_>>(),
            "own": own.collect::<Vec<_>>(),
        })))
    }

    /// The page, with what was refused.
    async fn again(&self, refusal: Refusal) -> Page {
        let error = ApiError::from(refusal);
        let wrong = Wrong {
            status: actix_web::ResponseError::status_code(&error),
            field: FORM.to_owned(),
            why: sentence(&error.to_string()),
        };
        self.member.visit.wrong("plan", self.told().await?, &wrong)
    }
}

/// The plans, and one's own.
pub(super) async fn plan(counter: Counter) -> Page {
    counter.member.visit.page("plan", counter.told().await?)
}

/// Keeps which channels he sees.
pub(super) async fn show(counter: Counter, form: Posted) -> Page {
    let picked = form.all("shown_channels");
    let read = |id: &String| ChannelId::parse(id).ok();
    let chosen: Option<_> = picked.iter().map(read).collect();
    let kept = match chosen {
        Some(chosen) => {
            let caller = &counter.member.person.caller;
            counter.desk.prefer(caller, None, Some(chosen)).await
        }
        None => Err(accounts::Refusal::Unknown("channel")),
    };
    match kept {
        Ok(()) => Ok(Visit::lead("/account/plan?done=channels")),
        Err(refusal) => {
            let wrong = Wrong::of(refusal, Fields::USUAL)?;
            let mut told = counter.told().await?;
            // What he picked stays picked.
            let channels = told.pointer_mut("/choice/channels");
            let channels = channels.and_then(Value::as_array_mut);
            for channel in channels.into_iter().flatten() {
                let is_picked = picked.iter().any(|id| channel["id"] == id.as_str());
                channel["chosen"] = Value::from(is_picked);
            }
            counter.member.visit.wrong("plan", told, &wrong)
        }
    }
}

fn bill(bill: &Bill) -> Value {
    json!({
        "day": day(bill.at),
        "amount": money(bill.amount, &bill.currency),
        "state": bill.status,
        "number": bill.number,
        "address": bill.url,
    })
}

fn told(plan: &Plan, current: Option<&PlanId>, paid: Option<&PlanId>) -> Value {
    let allows = &plan.allows;
    let mut has = vec![
        match allows.delay.as_secs() {
            0 => "signals in realtime".to_owned(),
            seconds if seconds % 60 == 0 => format!("signals {} minutes late", seconds / 60),
            seconds => format!("signals {seconds} seconds late"),
        },
        match allows.channels {
            None => "all channels".to_owned(),
            Some(1) => "1 channel".to_owned(),
            Some(most) => format!("{most} channels"),
        },
        match allows.history {
            None => "the whole history".to_owned(),
            Some(history) => format!("{} days of history", history.as_secs() / 86_400),
        },
    ];
    let features = Feature::ALL
        .into_iter()
        .filter(|feature| allows.has(*feature));
    has.extend(features.map(|feature| words(feature).to_owned()));
    has.push(match allows.requests_a_month {
        None => format!(
            "{} requests a minute",
            grouped(allows.requests_a_minute.into())
        ),
        Some(most) => format!(
            "{} requests a minute, {} a month",
            grouped(allows.requests_a_minute.into()),
            grouped(most)
        ),
    });
    json!({
        "id": plan.id.as_str(),
        "title": plan.title,
        "monthly": plan.prices.monthly.map(dollars),
        "yearly": plan.prices.yearly.map(dollars),
        "trial_days": plan.prices.trial_days,
        "has": has,
        "current": current == Some(&plan.id),
        "paid": paid == Some(&plan.id),
    })
}

const fn words(feature: Feature) -> &'static str {
    match feature {
        Feature::Analytics => "the full leaderboard and all figures",
        Feature::Exports => "exports as files",
        Feature::Scores => "scores on signals, and scoring of your own",
        Feature::WhatIf => "what-if: another follower’s result",
        Feature::Keys => "keys for programs, and bots on the stream",
    }
}

fn standing(paid: &Subscription, door: &Door) -> Value {
    let plans = door.plans();
    let title = paid
        .plan
        .as_ref()
        .and_then(|id| plans.iter().find(|plan| plan.id == *id));
    let until = paid.paid_until.map(day);
    let until = until.as_deref().unwrap_or("the end of what is paid");
    let words = match (paid.standing, paid.ends) {
        (Standing::Ended, _) => "It has ended.".to_owned(),
        (Standing::PastDue, _) => match paid.grace_until {
            Some(grace) => format!(
                "A payment failed. The plan goes on until {}.",
                minute(grace)
            ),
            None => "A payment failed.".to_owned(),
        },
        (Standing::Trialing | Standing::Active, true) => format!("It ends on {until}."),
        (Standing::Trialing, false) => {
            format!("It is tried for free until {until}, and paid from then on.")
        }
        (Standing::Active, false) => format!("It is paid until {until}, and goes on from there."),
    };
    json!({ "plan": title.map(|plan| plan.title.as_str()), "words": words })
}

fn dollars(cents: u32) -> String {
    money(cents.into(), "usd").replace(".00", "")
}

/// Of the currencies that plans are sold in, each has a hundredth.
fn money(amount: i64, currency: &str) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    let amount = amount.unsigned_abs();
    let number = format!("{}.{:02}", grouped(amount / 100), amount % 100);
    if currency.eq_ignore_ascii_case("usd") {
        format!("{sign}${number}")
    } else {
        format!("{sign}{number} {}", currency.to_uppercase())
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Leads to where one pays for a plan; whoever pays for one already is changed to it at once.
pub(super) async fn choose(counter: Counter, form: Posted) -> Page {
    let account = &counter.owned.account;
    let chosen = async {
        let plan = PlanId::parse(form.text("plan"));
        let plan = plan.map_err(|error| Refusal::Unfit(error.to_string()))?;
        let period = Period::from_label(form.text("period")).unwrap_or(Period::Month);
        if counter.running().is_some() {
            counter.billing.change(account.id, &plan, period).await?;
            return Ok("/account/plan?done=changed".to_owned());
        }
        counter.billing.check_out(account, &plan, period).await
    };
    match chosen.await {
        Ok(address) => Ok(Visit::lead(&address)),
        Err(refusal) => counter.again(refusal).await,
    }
}

/// Leads to where one changes one's card.
pub(super) async fn portal(counter: Counter, _: Posted) -> Page {
    match counter.billing.portal(counter.owned.account.id).await {
        Ok(address) => Ok(Visit::lead(&address)),
        Err(refusal) => counter.again(refusal).await,
    }
}

/// Lets what one pays for end with what is paid, or takes that back.
pub(super) async fn end(counter: Counter, form: Posted) -> Page {
    let ends = form.text("ends") == "yes";
    match counter.billing.end(counter.owned.account.id, ends).await {
        Ok(_) if ends => Ok(Visit::lead("/account/plan?done=ends")),
        Ok(_) => Ok(Visit::lead("/account/plan?done=goes-on")),
        Err(refusal) => counter.again(refusal).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_requests_are_written_for_people() {
        assert_eq!(
            (dollars(1_900).as_str(), dollars(123_450).as_str()),
            ("$19", "$1,234.50")
        );
        assert_eq!(
            (money(1_900, "usd").as_str(), money(-5, "eur").as_str()),
            ("$19.00", "−0.05 EUR")
        );
        assert_eq!(
            (grouped(1_000_000).as_str(), grouped(60).as_str()),
            ("1,000,000", "60")
        );
    }
}
