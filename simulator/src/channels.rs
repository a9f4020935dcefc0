//! The channels: who posts here, how each of them writes, and what kind of author he is.

mod author;
mod chatter;
mod follow;
mod forms;
mod life;
mod post;
mod press;
mod schedule;

use serde::Serialize;

pub use post::Class;
pub(crate) use post::{Post, Story};
pub(crate) use press::Press;

use forms::Form;

/// How a channel's posts reach the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// On a preview page that anyone can read.
    Preview,
    /// By a request to the platform.
    Webhook,
}

/// What kind of author writes a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Character {
    /// Has a modest skill, and says when he was wrong.
    Honest,
    /// Has no skill; his targets are so near that he mostly wins, and loses more when he loses.
    Lucky,
    /// Shouts about what has risen already, with targets in the clouds.
    PumpAndDump,
    /// Deletes what lost.
    Deleter,
    /// Rewrites the stop or the entry of what lost.
    Editor,
    /// Has no skill and hides nothing.
    Plain,
    /// A machine that fades what has moved too far.
    Machine,
}

/// A channel of the simulator.
#[derive(Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name, as in `/s/NAME`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How its posts get out.
    pub kind: Kind,
    /// What kind of author writes it.
    pub character: Character,
    pub(crate) forms: &'static [Form],
    pub(crate) tongue: Tongue,
}

/// Which language a channel chats in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Russian,
    Chinese,
}

const fn preview(
    name: &'static str,
    title: &'static str,
    character: Character,
    forms: &'static [Form],
    tongue: Tongue,
) -> Channel {
    Channel {
        name,
        title,
        kind: Kind::Preview,
        character,
        forms,
        tongue,
    }
}

const fn webhook(name: &'static str, title: &'static str, forms: &'static [Form]) -> Channel {
    Channel {
        name,
        title,
        kind: Kind::Webhook,
        character: Character::Machine,
        forms,
        tongue: Tongue::English,
    }
}

/// All of them.
pub static CHANNELS: [Channel; 9] = [
    preview(
        "sim_steady",
        "Steady Hand (simulated)",
        Character::Honest,
        &[Form::Card, Form::Keyed],
        Tongue::English,
    ),
    preview(
        "sim_quickwins",
        "Quick Wins (simulated)",
        Character::Lucky,
        &[Form::Numbered, Form::Keyed],
        Tongue::English,
    ),
    preview(
        "sim_rocket",
        "Rocket Room (simulated)",
        Character::PumpAndDump,
        &[Form::Hype],
        Tongue::English,
    ),
    preview(
        "sim_spotless",
        "Spotless Record (simulated)",
        Character::Deleter,
        &[Form::Ident],
        Tongue::English,
    ),
    preview(
        "sim_hindsight",
        "Hindsight Trades (simulated)",
        Character::Editor,
        &[Form::Compact],
        Tongue::English,
    ),
    preview(
        "sim_heyue",
        "合约实盘（模拟）",
        Character::Plain,
        &[Form::Chinese],
        Tongue::Chinese,
    ),
    preview(
        "sim_ideya",
        "Торговые идеи (симуляция)",
        Character::Plain,
        &[Form::Russian],
        Tongue::Russian,
    ),
    webhook("sim_keltner", "Keltner Machine (simulated)", &[Form::Json]),
    webhook("sim_desk", "Desk Alerts (simulated)", &[Form::Alert]),
];

/// The channel of that name.
#[must_use]
pub fn channel(name: &str) -> Option<&'static Channel> {
    CHANNELS.iter().find(|channel| channel.name == name)
}
