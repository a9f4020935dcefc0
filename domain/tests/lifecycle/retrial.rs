//! Retrials: the recorded words and a path come to what the live market came to, and each model to what it
//! is there for.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Event, Happening, Told};
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, Epoch, PostKey, Seq, SignalId};
use domain::lifecycle::{Ending, Outcome, Word};
use domain::market::{Side, Tick};
use domain::post::Action;
use domain::reading::Order;
use domain::retrial::{Forgotten, Retrial, Said, said};
use domain::signal::Signal;
use domain::time::Timestamp;
use proptest::prelude::*;

use crate::random::*;
use crate::story::*;

fn order(seq: u64, order: Order, at: Timestamp) -> Said {
    Said {
        seq: Seq::new(seq),
        at,
        word: Word::Order(order, PostKey::new("8")),
    }
}

/// What comes of a signal under each model, once a month has passed.
fn tried(
    signal: &Signal,
    models: &[ExecutionModel],
    said: Vec<Said>,
    ticks: &[Tick],
) -> Vec<Outcome> {
    let mut retrial = Retrial::new(signal, models, said);
    for tick in ticks {
        retrial.step(tick);
    }
    retrial.step(&Tick::Time(minutes(60 * 24 * 30)));
    assert!(retrial.is_over());
    let verdicts = retrial.verdicts().flatten();
    verdicts.map(|verdict| verdict.outcome.clone()).collect()
}

fn named(name: &str) -> ExecutionModel {
    ExecutionModel {
        own: FREE.own,
        ..ExecutionModel::named(name).unwrap()
    }
}

/// What comes of a signal under the default and under one other model, without costs.
fn both(signal: &Signal, name: &str, said: Vec<Said>, ticks: &[Tick]) -> [Outcome; 2] {
    let models = [named("default/1"), named(name)];
    tried(signal, &models, said, ticks).try_into().unwrap()
}

fn endings(outcomes: &[Outcome; 2]) -> [Ending; 2] {
    [0, 1].map(|nth: usize| outcomes[nth].pessimistic.ending)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The live path hears a word before the first tick that is over after it; so does a retrial, under
    /// every model.
    #[test]
    fn the_recorded_words_and_ticks_come_to_what_the_live_track_came_to(
        signal in signals(true),
        path in paths(),
    ) {
        let (mut ticks, mut words) = (Vec::new(), Vec::new());
        for met in path {
            match met {
                Met::Tick(tick) => ticks.push(tick),
                Met::Word(word, at) => words.push((word, at)),
            }
        }
        words.sort_by_key(|(_, at)| *at);
        let said = (1..).zip(&words).map(|(nth, (word, at))| order(nth, word.clone(), *at));
        let found = tried(&signal, &ExecutionModel::ALL, said.collect(), &ticks);
        for (model, found) in ExecutionModel::ALL.iter().zip(found) {
            let mut live = Story::of(&signal, model);
            let mut words = words.iter().peekable();
            let last = Tick::Time(minutes(60 * 24 * 30));
            for tick in ticks.iter().chain([&last]) {
                while let Some((word, at)) = words.next_if(|(_, at)| *at < tick.at()) {
                    live = live.hear(word.clone(), *at);
                }
                live = live.see(std::slice::from_ref(tick));
            }
            prop_assert_eq!(live.outcome(), &found, "{}", model.name);
        }
    }
}

#[test]
fn nine_tiny_targets_gain_nobody_anything() {
    let targets = [
        "101", "102", "103", "104", "105", "106", "107", "108", "109",
    ];
    let signal = long(limit("100"), &targets, "90");
    let path = candles(&[
        ["100.5", "100.5", "99", "100"],
        ["100", "101.5", "100", "101"],
        ["101", "101", "89", "89"],
    ]);
    let outcomes = both(&signal, "first-target/1", Vec::new(), &path);
    assert_eq!(
        endings(&outcomes),
        [Ending::StoppedAfterTarget(1), Ending::AllTargets]
    );
    // A ninth of 0.1 R, and eight ninths of a loss; or all of 0.1 R.
    assert!(outcomes[0].pessimistic.r.unwrap() < d("-0.8"));
    assert_eq!(outcomes[1].pessimistic.r.unwrap(), d("0.1"));
}

#[test]
fn a_stop_that_follows_to_the_entry_saves_what_comes_back_and_loses_what_goes_on() {
    let signal = long(limit("100"), &["110", "120"], "95");
    let there = [["101", "101", "99", "100"], ["100", "111", "100", "111"]];
    let falls = [there[0], there[1], ["111", "111", "94", "94"]];
    let outcomes = both(&signal, "breakeven/1", Vec::new(), &candles(&falls));
    assert_eq!(
        endings(&outcomes),
        [Ending::StoppedAfterTarget(1), Ending::StoppedAtBreakeven]
    );
    let dips = [
        there[0],
        there[1],
        ["111", "111", "99", "110"],
        ["110", "121", "110", "121"],
    ];
    let outcomes = both(&signal, "breakeven/1", Vec::new(), &candles(&dips));
    assert_eq!(
        endings(&outcomes),
        [Ending::AllTargets, Ending::StoppedAtBreakeven]
    );
    assert!(outcomes[0].pessimistic.r > outcomes[1].pessimistic.r);
}

#[test]
fn who_comes_a_minute_late_misses_what_the_minute_brought() {
    let signal = long(domain::reading::Entry::Market(None), &["110"], "95");
    let path = candles(&[
        ["100", "108", "100", "108"],
        ["108", "108", "107", "107"],
        ["107", "111", "107", "111"],
    ]);
    let [at_once, late] = both(&signal, "default-1m/1", Vec::new(), &path);
    // 10 of a risk of 5; and 2 of a risk of 13, from where he got in.
    assert_eq!(at_once.pessimistic.r.unwrap(), d("2"));
    assert_eq!(late.pessimistic.r.unwrap(), d("0.153846"));
    assert_eq!(late.pessimistic.entered_at, Some(minutes(2)));
}

#[test]
fn an_entry_that_is_never_met_is_no_win_under_any_model_but_the_market() {
    let signal = long(limit("90"), &["110"], "85");
    let path = candles(&[["100", "105", "99", "105"], ["105", "111", "105", "111"]]);
    let outcomes = tried(&signal, &ExecutionModel::ALL, Vec::new(), &path);
    for outcome in outcomes {
        let filled = outcome.pessimistic.entered_at.is_some();
        assert_eq!(filled, outcome.model == "market/1", "{}", outcome.model);
    }
}

#[test]
fn a_word_means_to_a_late_follower_what_it_means_when_it_reaches_him() {
    let signal = long(domain::reading::Entry::Market(None), &["120"], "90");
    // "To breakeven", half a minute after receipt: a minute later he is in, and it is a stop to him.
    let said = vec![order(2, Order::Breakeven, seconds(90))];
    let path = candles(&[
        ["100", "101", "100", "101"],
        ["101", "102", "101", "102"],
        ["102", "104", "102", "104"],
        ["104", "104", "96", "97"],
        ["97", "97", "89", "89"],
    ]);
    let outcomes = both(&signal, "default-1m/1", said, &path);
    assert_eq!(
        endings(&outcomes),
        [Ending::StoppedAtBreakeven, Ending::StoppedAtBreakeven]
    );
}

#[test]
fn what_a_hole_hides_is_told_for_each_model_as_far_as_it_was_followed() {
    let signal = long(limit("100"), &["110"], "95");
    let mut path = candles(&[["101", "101", "99", "100"], ["100", "111", "100", "111"]]);
    path.push(Tick::Hole {
        from: minutes(2),
        to: minutes(62),
    });
    path.push(candle(62, ["111", "111", "111", "111"]));
    path.push(candle(63, ["111", "111", "98", "99"]));
    path.push(candle(64, ["99", "111", "99", "111"]));
    let models = [named("default/1"), named("default-1h/1")];
    let mut retrial = Retrial::new(&signal, &models, Vec::new());
    path.iter().for_each(|tick| retrial.step(tick));
    let [at_once, late] = [0, 1].map(|nth| retrial.verdicts().nth(nth).unwrap().unwrap().clone());
    assert!(!at_once.outcome.incomplete);
    assert_eq!((at_once.seen.gaps, at_once.seen.ticks), (0, 2));
    assert!(
        late.outcome.incomplete,
        "the hole reaches two minutes into his time"
    );
    assert_eq!(late.seen.gaps, 1);
    assert_eq!(late.seen.missing, Duration::from_secs(3_600));
    assert_eq!(late.seen.span, Duration::from_secs(60));
}

fn event(seq: u64, signal: &Signal, body: Body) -> Arc<Event> {
    Arc::new(Event {
        epoch: Epoch::new("e"),
        seq: Seq::new(seq),
        stored: START,
        told: Told::Happening(Happening {
            signal: signal.id,
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            side: signal.side,
            origin: signal.origin,
            posted: None,
            received: seconds(seq),
            scored: None,
            body,
        }),
    })
}

#[test]
fn what_was_said_of_a_signal_is_its_orders_and_the_turns_after_it_on_its_market() {
    let own = long(limit("100"), &["110"], "95");
    let called = |signal: &Signal| Body::Signal {
        signal: Arc::new(signal.clone()),
        score: None,
    };
    let instructed = Body::Instruction {
        order: Order::Breakeven,
        post: PostKey::new("8"),
    };
    let edited = Body::Revision {
        action: Action::Edited,
        post: PostKey::new("7"),
    };
    let of = |nth: &str, side: Side| {
        let mut other = signal(side, limit("100"), &[], None);
        other.id = SignalId::of(&other.channel, &PostKey::new(nth), 0);
        other.received = seconds(60);
        other
    };
    let mut elsewhere = of("c", Side::Short);
    elsewhere.instrument = domain::market::Instrument::parse("binance:spot:ETH/USDT").unwrap();
    let mut another = of("d", Side::Short);
    another.channel = ChannelId::parse("another").unwrap();
    let turn = of("e", Side::Short);
    let others = [
        (Seq::new(2), of("a", Side::Short)),
        (Seq::new(9), of("b", Side::Long)),
        (Seq::new(9), elsewhere),
        (Seq::new(9), another),
        (Seq::new(6), turn.clone()),
    ];
    let others = others.map(|(seq, signal)| (seq, Arc::new(signal)));
    let events = [
        event(3, &own, called(&own)),
        event(5, &own, edited),
        event(7, &own, instructed),
    ];
    let told = said(&own, &events, &others).unwrap();
    let expected = [
        Said {
            seq: Seq::new(6),
            at: seconds(60),
            word: Word::Opposite(turn.id),
        },
        order(7, Order::Breakeven, seconds(7)),
    ];
    assert_eq!(told, expected);
    assert_eq!(said(&own, &events[1..], &others), Err(Forgotten));
}
