//! Later words: what an author says about a signal of his that is under way or over.

use crate::dice::Dice;
use crate::idea::{Idea, Side};
use crate::judge::{Barrier, Bound, Course, End, follow};
use crate::market::Market;

use super::forms::Form;
use super::post::{Class, Post, Story};
use super::{Channel, Character, Kind, Tongue};

/// A word soon after the signal: withdraw it, secure it, or leave it.
pub(super) fn manage(
    market: &Market,
    story: &Story,
    blank: &Post,
    dice: &mut Dice,
) -> Option<Post> {
    let (idea, course) = so_far(market, story, blank)?;
    let class = match course.end {
        End::Waiting if dice.chance(0.5) => Class::Cancel,
        End::Open if in_profit(market, idea, &course, blank) => {
            dice.chance(0.7).then_some(Class::MoveStop)?
        }
        End::Open if dice.chance(0.2) => Class::Close,
        End::Waiting
        | End::Open
        | End::AllTargets
        | End::StoppedOut
        | End::StoppedAfterTarget(_)
        | End::Unfilled
        | End::MissedTarget
        | End::Invalidated => return None,
    };
    Some(answer(
        story,
        blank,
        class,
        words(class, idea, blank, dice),
        dice,
    ))
}

/// A word when the signal should be over: boast, admit, or give up.
pub(super) fn wrap(
    market: &Market,
    story: &Story,
    managed: Option<&Post>,
    blank: &Post,
    dice: &mut Dice,
) -> Option<Post> {
    if managed.is_some_and(|post| matches!(post.class, Class::Close | Class::Cancel)) {
        return None;
    }
    let (idea, course) = so_far(market, story, blank)?;
    let won = course.exits.len() - usize::from(matches!(course.end, End::StoppedAfterTarget(_)));
    let machine = blank.channel.kind == Kind::Webhook;
    let (class, text) = match (course.end, course.first) {
        (_, Some((Barrier::Target, _))) if !machine && dice.chance(0.85) => {
            (Class::Claim, claim(idea, &course, won, blank))
        }
        (End::StoppedOut, _) if blank.channel.character == Character::Honest => {
            (Class::Claim, admission(idea))
        }
        (End::Open, _) if dice.chance(0.6) => {
            (Class::Close, words(Class::Close, idea, blank, dice))
        }
        _ => return None,
    };
    Some(answer(story, blank, class, text, dice))
}

/// The trade and its course until now, while its post still stands.
fn so_far<'a>(market: &Market, story: &'a Story, blank: &Post) -> Option<(&'a Idea, Course)> {
    story.seen_at(blank.at)?;
    let idea = story.post.idea.as_ref()?;
    let now_ms = blank.at.div_euclid(1000);
    Some((
        idea,
        follow(market, idea, story.post.at, now_ms, Bound::Optimistic),
    ))
}

fn in_profit(market: &Market, idea: &Idea, course: &Course, blank: &Post) -> bool {
    let now = market.last_trade(idea.symbol, blank.at.div_euclid(1000));
    let gained = |fill: &crate::judge::Mark| {
        idea.side.sign() * (now.price.as_f64() / fill.price.as_f64() - 1.0) > 0.003
    };
    course.fills.first().is_some_and(gained)
}

fn answer(story: &Story, blank: &Post, class: Class, text: String, dice: &mut Dice) -> Post {
    // Claims come with a screenshot as often as not.
    let photo = class == Class::Claim && dice.chance(0.5);
    let visible = blank.channel.kind == Kind::Preview && dice.chance(0.75);
    Post {
        class,
        text,
        photo,
        reply_to: visible.then_some(story.post.id),
        about: Some(story.post.id),
        ..blank.clone()
    }
}

fn words(class: Class, idea: &Idea, blank: &Post, dice: &mut Dice) -> String {
    let coin = idea.symbol.base;
    let short = idea.side == Side::Short;
    match (blank.channel.tongue, class) {
        (Tongue::English, Class::MoveStop) => dice
            .pick(&[
                "Move stop to entry on #COIN",
                "#COIN: SL to entry ✅",
                "COIN stop to breakeven now",
            ])
            .replace("COIN", coin),
        (Tongue::English, Class::Cancel) => dice
            .pick(&[
                "Cancel the #COIN order",
                "#COIN not filled, cancel it",
                "Cancel COIN setup ❌",
            ])
            .replace("COIN", coin),
        (Tongue::English, _) if blank.channel.kind == Kind::Webhook => {
            close_alert(blank.channel, idea)
        }
        (Tongue::English, _) => dice
            .pick(&[
                "Close COIN now",
                "#COIN: close the position",
                "Closing COIN here, out",
            ])
            .replace("COIN", coin),
        (Tongue::Russian, Class::MoveStop) => format!("#{coin} стоп в безубыток"),
        (Tongue::Russian, Class::Cancel) => format!("#{coin} отмена, в сделку не заходим"),
        (Tongue::Russian, _) => format!("#{coin} закрываем сделку по рынку"),
        (Tongue::Chinese, Class::MoveStop) => format!("{coin}已经盈利，止损移到开仓价，做保本处理"),
        (Tongue::Chinese, Class::Cancel) => format!("{coin}挂单没有成交，撤单"),
        (Tongue::Chinese, _) if short => format!("{coin}空单，市价平仓"),
        (Tongue::Chinese, _) => format!("{coin}多单，市价平仓"),
    }
}

/// The end of a trade as the machine of this channel tells it.
fn close_alert(channel: &Channel, idea: &Idea) -> String {
    let pair = idea.symbol.name;
    if channel.forms.contains(&Form::Json) {
        serde_json::json!({ "action": "close", "ticker": pair, "exchange": "SIM" }).to_string()
    } else {
        format!("CLOSE {pair} position now")
    }
}

/// A result as channels tell it: in percent of the margin, and to the best target.
fn claim(idea: &Idea, course: &Course, won: usize, blank: &Post) -> String {
    let coin = idea.symbol.base;
    let won = won.max(1);
    let best = idea
        .targets
        .get(won - 1)
        .map_or(0.0, |target| target.as_f64());
    let paid = course
        .fills
        .first()
        .map_or(best, |fill| fill.price.as_f64());
    let lever = idea.leverage.unwrap_or(1);
    let puffed = match blank.channel.character {
        Character::PumpAndDump => 2.0,
        Character::Deleter | Character::Editor => 1.3,
        Character::Honest | Character::Lucky | Character::Plain | Character::Machine => 1.0,
    };
    let gain = puffed * f64::from(lever) * idea.side.sign() * (best / paid - 1.0) * 100.0;
    match blank.channel.tongue {
        Tongue::English => format!("#{coin} TP{won} hit ✅ +{gain:.1}% ({lever}x) 🔥"),
        Tongue::Russian => format!("#{coin} тейк {won} взят ✅ +{gain:.1}% ({lever}x)"),
        Tongue::Chinese => format!("{coin}完美触发止盈，恭喜跟上的朋友"),
    }
}

fn admission(idea: &Idea) -> String {
    format!(
        "#{} stopped out, -1R. On to the next one.",
        idea.symbol.base
    )
}
