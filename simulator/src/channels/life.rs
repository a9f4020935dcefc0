//! Afterwards: what an author does to his signal once the market has spoken.

use crate::amount::Amount;
use crate::dice::{Dice, mix};
use crate::idea::{Entry, Idea, Side};
use crate::judge::{Barrier, Bound, Course, follow};
use crate::market::{MINUTE_MS, Market};

use super::Character;
use super::author::neat;
use super::forms::Form;
use super::post::{Edit, Post};

/// How long an author watches what he posted.
const WATCH_MS: i64 = 30 * MINUTE_MS;

/// The rewriting and the end of a signal's post.
pub(super) fn afterwards(
    market: &Market,
    post: &Post,
    form: Form,
    seed: u64,
) -> (Option<Edit>, Option<i64>) {
    let Some(idea) = &post.idea else {
        return (None, None);
    };
    let mut dice = Dice::at(mix(seed ^ 0xAF7E), post.id);
    let watch = || {
        let until = post.at.div_euclid(1000) + WATCH_MS;
        follow(market, idea, post.at, until, Bound::Optimistic)
    };
    match post.channel.character {
        Character::Deleter if dice.chance(0.9) => (None, lost_at(&watch(), &mut dice)),
        Character::Editor if dice.chance(0.8) => {
            let lost = lost_at(&watch(), &mut dice);
            (
                lost.map(|at| rewrite(idea, at, form, post.id, &mut dice)),
                None,
            )
        }
        Character::PumpAndDump => (boast(post, &watch(), &mut dice), None),
        Character::Honest
        | Character::Lucky
        | Character::Deleter
        | Character::Editor
        | Character::Plain
        | Character::Machine => (None, None),
    }
}

/// When the author has had time to see that he lost, if he did.
fn lost_at(course: &Course, dice: &mut Dice) -> Option<i64> {
    let (barrier, mark) = course.first?;
    let pause = dice.between(4.0, 25.0) * 1_000_000.0;
    (barrier == Barrier::Stop).then(|| mark.at_ms * 1000 + crate::dice::whole(pause))
}

/// The same signal as if it had been wiser: a stop that was never touched, or a better entry.
fn rewrite(idea: &Idea, at: i64, form: Form, id: i64, dice: &mut Dice) -> Edit {
    let mut wiser = idea.clone();
    let away = |level: Amount, by: f64| neat(level.times(1.0 - idea.side.sign() * by), idea.symbol);
    match (idea.entry, dice.chance(0.3)) {
        (Entry::Limit { price }, true) => {
            let price = away(price, 0.02);
            wiser.entry = Entry::Limit { price };
            wiser.stop = Some(away(price, 0.015));
        }
        _ => wiser.stop = idea.stop.map(|stop| away(stop, dice.between(0.02, 0.05))),
    }
    Edit {
        at,
        text: form.write(&wiser, id),
        idea: Some(wiser),
    }
}

/// A tick behind the target that was reached; the trade itself stays as it was.
fn boast(post: &Post, course: &Course, dice: &mut Dice) -> Option<Edit> {
    let (barrier, mark) = course.first?;
    if barrier == Barrier::Stop {
        return None;
    }
    let long = post
        .idea
        .as_ref()
        .is_some_and(|idea| idea.side == Side::Long);
    let cheer = if long { "🚀" } else { "📉" };
    Some(Edit {
        at: mark.at_ms * 1000 + crate::dice::whole(dice.between(5.0, 20.0) * 1_000_000.0),
        text: format!("{}\n\nTarget 1 smashed ✅{cheer}", post.text),
        idea: post.idea.clone(),
    })
}
