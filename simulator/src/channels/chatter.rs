//! Chatter: everything a channel says that is no trade.

use crate::dice::Dice;
use crate::market::SYMBOLS;

use super::forms::Form;
use super::post::{Class, Post};
use super::{Kind, Tongue};

const GREETINGS: [&[&str]; 3] = [
    &[
        "Good morning traders ☀️ coffee first, charts second.",
        "GM everyone! Who is ready for a new week?",
        "Good night all, let the alerts do the watching 🌙",
        "Welcome to everybody who joined today 👋 Please read the pinned message.",
    ],
    &[
        "Доброе утро, друзья! ☀️",
        "Всем привет, как настроение?",
        "Спокойной ночи, увидимся завтра 🌙",
    ],
    &[
        "大家早上好，新的一天开始了 ☀️",
        "晚安，注意休息，行情每天都有。",
        "欢迎新来的朋友，先看置顶。",
    ],
];

const ADVERTS: [&[&str]; 3] = [
    &[
        "🔥 VIP is 50% off until Sunday! Message the admin before the places are gone.",
        "Only 7 seats left in the premium room. Results speak for themselves 💎",
        "Trade with our partner exchange and get a bonus of 100 USDT. Link in the description.",
        "New here? Our 3 free lessons explain how we size positions 📚",
    ],
    &[
        "🔥 Скидка 50% на закрытый канал до воскресенья! Пишите администратору.",
        "Осталось 5 мест в приватной группе 💎",
    ],
    &[
        "会员群限时五折，名额有限，先到先得。",
        "想进内部群的朋友请联系助理 💎",
    ],
];

const MUSINGS: [&[&str]; 3] = [
    &[
        "COIN is compressing again. No trade from me until it shows its hand.",
        "Patience. A missed move costs nothing, a forced one does.",
        "Not a good time to long COIN, funding is too high. Waiting.",
        "Volume on COIN is drying up, interesting.",
        "I keep my risk the same on every trade. That is the whole secret.",
        "If COIN loses this range we go shopping lower. Just watching for now.",
        "Wild session today, be careful with leverage ⚠️",
    ],
    &[
        "COIN в боковике, пока наблюдаю и никуда не спешу.",
        "Не торопитесь с входом, рынок никуда не убежит.",
        "Объёмы падают, сегодня без сделок по COIN.",
    ],
    &[
        "COIN这里震荡，暂时观望，不做单。",
        "行情波动太大，控制好仓位。",
        "没有好的位置就不做，耐心等待机会。",
    ],
];

const CAPTIONS: [&str; 2] = ["", "👀"];

/// A post that is no trade.
pub(super) fn chat(blank: Post, dice: &mut Dice) -> Post {
    let tongue = match blank.channel.tongue {
        Tongue::English => 0,
        Tongue::Russian => 1,
        Tongue::Chinese => 2,
    };
    let coin = SYMBOLS[dice.below(SYMBOLS.len())].base;
    if blank.channel.kind == Kind::Webhook {
        let text = if blank.channel.forms.contains(&Form::Json) {
            serde_json::json!({ "message": "strategy is running", "chart": coin }).to_string()
        } else {
            format!("heartbeat: strategy is running, watching {coin}")
        };
        return said(blank, Class::Musing, text);
    }
    match dice.below(20) {
        0..4 => said(
            blank,
            Class::Greeting,
            dice.pick(GREETINGS[tongue]).to_owned(),
        ),
        4..8 => {
            let forwarded = dice.chance(0.4);
            let text = dice.pick(ADVERTS[tongue]).to_owned();
            let post = said(blank, Class::Advert, text);
            Post { forwarded, ..post }
        }
        8..11 => {
            let text = dice.pick(&CAPTIONS).to_owned();
            let post = said(blank, Class::Image, text);
            Post {
                photo: true,
                ..post
            }
        }
        _ => {
            let text = dice.pick(MUSINGS[tongue]).replace("COIN", coin);
            let photo = dice.chance(0.2);
            let post = said(blank, Class::Musing, text);
            Post { photo, ..post }
        }
    }
}

fn said(blank: Post, class: Class, text: String) -> Post {
    Post {
        class,
        text,
        ..blank
    }
}
