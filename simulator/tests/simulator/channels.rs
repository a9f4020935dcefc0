//! What the channels say, and how it relates to what they mean.

use std::collections::{BTreeMap, HashMap};

use simulator::{
    Barrier, Bound, CHANNELS, Character, Class, Deed, Entry, Kind, Market, Truth, channel, follow,
};

use crate::support::{MINUTE, TUESDAY, standing, with};

fn hours_of_truth(hours: i64) -> Vec<Truth> {
    let (simulator, _) = standing(TUESDAY);
    simulator.truth_between(TUESDAY, TUESDAY + hours * 60 * MINUTE)
}

fn signals(truths: &[Truth]) -> impl Iterator<Item = &Truth> {
    truths.iter().filter(|truth| truth.class == Class::Signal)
}

#[test]
fn every_number_of_a_signal_stands_in_its_text() {
    let truths = hours_of_truth(3);
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for truth in signals(&truths) {
        let idea = truth.idea.as_ref().unwrap();
        let mut texts = vec![(&truth.text, idea)];
        for action in &truth.actions {
            if let Deed::Edit { text, idea } = &action.deed {
                texts.push((text, idea.as_ref().unwrap()));
            }
        }
        for (text, idea) in texts {
            let plain = text.replace(',', "");
            for level in idea.levels() {
                assert!(
                    plain.contains(&level.to_string()),
                    "{level} is not in {text}"
                );
            }
            assert!(text.contains(idea.symbol.base), "{text}");
        }
        let kind = match idea.entry {
            Entry::Market { .. } => "market",
            Entry::Limit { .. } => "limit",
            Entry::Zone { .. } => "zone",
            Entry::Breakout { .. } => "breakout",
        };
        *seen.entry((truth.channel, kind)).or_default() += 1;
    }
    for kind in ["market", "limit", "zone", "breakout"] {
        let channels = seen.keys().filter(|(_, known)| *known == kind).count();
        assert!(
            channels >= 2,
            "{kind} entries in {channels} channels: {seen:?}"
        );
    }
    assert!(
        CHANNELS
            .iter()
            .all(|channel| seen.keys().any(|(name, _)| *name == channel.name))
    );
}

#[test]
fn levels_are_on_their_sides_and_stops_are_not_too_near() {
    for truth in signals(&hours_of_truth(3)) {
        let idea = truth.idea.as_ref().unwrap();
        let (side, stop) = (idea.side, idea.stop.unwrap());
        let ends = match idea.entry {
            Entry::Market { seen } => vec![seen.unwrap_or_else(|| price_at(truth))],
            Entry::Limit { price } => vec![price],
            Entry::Zone { low, high } => vec![low, high],
            Entry::Breakout { level } => vec![level],
        };
        for end in ends {
            let distance = side.sign() * (end.as_f64() - stop.as_f64()) / end.as_f64();
            assert!((0.008..0.05).contains(&distance), "{}", truth.text);
            assert!(
                idea.targets
                    .iter()
                    .all(|target| side.reaches(*target, end) && *target != end)
            );
        }
        let farther =
            |pair: &[simulator::Amount]| side.reaches(pair[1], pair[0]) && pair[0] != pair[1];
        assert!(idea.targets.windows(2).all(farther), "{}", truth.text);
        assert!((1..=4).contains(&idea.targets.len()));
    }
}

#[test]
fn about_a_quarter_of_the_posts_are_signals_one_every_few_seconds() {
    let hours = 2;
    let truths = hours_of_truth(hours);
    let signals = signals(&truths).count();
    let seconds = 3600.0 * hours as f64;
    let share = signals as f64 / truths.len() as f64;
    assert!((0.2..0.35).contains(&share), "{share}");
    assert!(
        (3.0..5.0).contains(&(seconds / signals as f64)),
        "{signals}"
    );
    assert!((0.8..2.0).contains(&(truths.len() as f64 / seconds)));
    for class in [
        Class::MoveStop,
        Class::Close,
        Class::Cancel,
        Class::Claim,
        Class::Greeting,
        Class::Advert,
        Class::Musing,
        Class::Image,
    ] {
        assert!(truths.iter().any(|truth| truth.class == class), "{class:?}");
    }
}

#[test]
fn the_first_signal_comes_within_seconds_of_any_start() {
    let (simulator, _) = standing(TUESDAY);
    let longest = (0..50)
        .map(|start| TUESDAY + start * 7 * MINUTE)
        .filter_map(|start| {
            let truths = simulator.truth_between(start, start + MINUTE);
            let first = signals(&truths).next()?.posted_at;
            Some(first - start)
        })
        .max();
    assert!(longest.unwrap() < 25_000_000, "{longest:?}");
}

#[test]
fn a_faster_pace_means_more_posts_in_the_same_market() {
    let (slow, _) = standing(TUESDAY);
    let (fast, _) = with(TUESDAY, |options| options.pace = 10.0);
    let count = |simulator: &simulator::Simulator| {
        simulator
            .truth_between(TUESDAY, TUESDAY + 10 * MINUTE)
            .len()
    };
    let ratio = count(&fast) as f64 / count(&slow) as f64;
    assert!((9.0..11.0).contains(&ratio), "{ratio}");
    let price = |simulator: &simulator::Simulator| {
        let symbol = &simulator.symbols()[0];
        simulator.market().last_trade(symbol, TUESDAY / 1000)
    };
    assert_eq!(price(&slow), price(&fast));
}

#[test]
fn a_restart_gives_the_same_posts() {
    let (first, _) = standing(TUESDAY);
    let posts = first.truth_between(TUESDAY, TUESDAY + 20 * MINUTE);
    first.stop();
    // The second one is asked for the end first, so no order of asking may matter.
    let (second, _) = standing(TUESDAY + 90 * MINUTE);
    for truth in posts.iter().rev() {
        assert_eq!(second.truth(truth.channel, truth.id).as_ref(), Some(truth));
    }
    assert_eq!(second.truth_between(TUESDAY, TUESDAY + 20 * MINUTE), posts);
}

#[test]
fn numbers_grow_with_time_in_every_channel() {
    let truths = hours_of_truth(1);
    let mut last: HashMap<&str, i64> = HashMap::new();
    for truth in &truths {
        if let Some(before) = last.insert(truth.channel, truth.id) {
            assert_eq!(truth.id, before + 1);
        }
    }
    assert_eq!(last.len(), CHANNELS.len());
}

#[test]
fn the_deleter_deletes_losers_only_and_after_they_lost() {
    let market = Market::new(7);
    let truths = hours_of_truth(6);
    let (mut lost, mut gone) = (0, 0);
    for truth in signals(&truths).filter(|truth| character(truth) == Character::Deleter) {
        let idea = truth.idea.as_ref().unwrap();
        let until = truth.posted_at / 1000 + 30 * 60_000;
        let course = follow(&market, idea, truth.posted_at, until, Bound::Optimistic);
        let stopped = course
            .first
            .filter(|(barrier, _)| *barrier == Barrier::Stop);
        let deleted = truth
            .actions
            .iter()
            .find(|action| action.deed == Deed::Delete);
        lost += u32::from(stopped.is_some());
        if let Some(deleted) = deleted {
            gone += 1;
            let (_, mark) = stopped.expect("only losers are deleted");
            assert!(deleted.at > mark.at_ms * 1000);
            assert!(deleted.at < mark.at_ms * 1000 + MINUTE);
        }
    }
    assert!(lost > 50, "{lost}");
    assert!(gone * 10 > lost * 7 && gone < lost, "{gone} of {lost}");
}

#[test]
fn the_editor_rewrites_losers_into_what_would_not_have_lost_yet() {
    let truths = hours_of_truth(3);
    let mut rewritten = 0;
    for truth in signals(&truths).filter(|truth| character(truth) == Character::Editor) {
        let before = truth.idea.as_ref().unwrap();
        for action in &truth.actions {
            let Deed::Edit {
                text,
                idea: Some(after),
            } = &action.deed
            else {
                continue;
            };
            rewritten += 1;
            assert_ne!(text, &truth.text);
            let (was, is) = (before.stop.unwrap(), after.stop.unwrap());
            assert!(before.side.reaches(was, is) && was != is, "{text}");
            assert!(action.at > truth.posted_at);
        }
    }
    assert!(rewritten > 30, "{rewritten}");
}

#[test]
fn later_words_name_a_signal_that_still_stood() {
    let (simulator, _) = standing(TUESDAY);
    let truths = simulator.truth_between(TUESDAY, TUESDAY + 120 * MINUTE);
    let (mut replies, mut words) = (0, 0);
    for word in truths.iter().filter(|truth| truth.about.is_some()) {
        words += 1;
        let signal = simulator.truth(word.channel, word.about.unwrap()).unwrap();
        assert_eq!(signal.class, Class::Signal);
        assert!(signal.posted_at < word.posted_at);
        let deleted = signal
            .actions
            .iter()
            .find(|action| action.deed == Deed::Delete);
        assert!(deleted.is_none_or(|deleted| deleted.at > word.posted_at));
        let listed = Deed::Word {
            class: word.class,
            post: word.id,
        };
        assert!(signal.actions.iter().any(|action| action.deed == listed));
        if let Some(to) = word.reply_to {
            replies += 1;
            assert_eq!(Some(to), word.about);
        }
        assert!(
            word.text.contains(signal.idea.unwrap().symbol.base),
            "{}",
            word.text
        );
    }
    assert!(words > 500 && replies > 300, "{words} {replies}");
}

#[test]
fn barriers_are_touched_within_minutes() {
    let market = Market::new(7);
    let mut waits: Vec<i64> = signals(&hours_of_truth(1))
        .filter_map(|truth| {
            let received = truth.posted_at + 1_000_000;
            let until = received / 1000 + 3_600_000;
            let course = follow(
                &market,
                truth.idea.as_ref()?,
                received,
                until,
                Bound::Pessimistic,
            );
            course.first.map(|(_, mark)| mark.at_ms - received / 1000)
        })
        .collect();
    waits.sort_unstable();
    let median = waits[waits.len() / 2];
    println!(
        "median {median} ms, p90 {} ms of {}",
        waits[waits.len() * 9 / 10],
        waits.len()
    );
    assert!((45_000..180_000).contains(&median), "{median}");
}

#[test]
fn the_characters_differ_in_what_they_earn() {
    let market = Market::new(7);
    let mut results: BTreeMap<&str, (u32, f64)> = BTreeMap::new();
    for truth in signals(&hours_of_truth(3)) {
        let received = truth.posted_at + 1_000_000;
        let until = received / 1000 + 4 * 3_600_000;
        let idea = truth.idea.as_ref().unwrap();
        let course = follow(&market, idea, received, until, Bound::Pessimistic);
        let result = results.entry(truth.channel).or_default();
        result.0 += u32::from(!course.fills.is_empty());
        result.1 += course.r;
    }
    let mean = |name: &str| results[name].1 / f64::from(results[name].0);
    for name in results.keys() {
        println!("{name}: {:+.3} R of {} trades", mean(name), results[name].0);
    }
    assert!(mean("sim_steady") > 0.1);
    assert!(mean("sim_rocket") < -0.1);
    assert!(mean("sim_steady") > mean("sim_quickwins"));
}

#[test]
fn webhook_channels_have_secrets_and_previews_have_none() {
    let (simulator, _) = standing(TUESDAY);
    for card in simulator.channels() {
        assert_eq!(card.secret.is_some(), card.kind == Kind::Webhook);
    }
    let kinds = |kind| {
        CHANNELS
            .iter()
            .filter(|channel| channel.kind == kind)
            .count()
    };
    assert_eq!((kinds(Kind::Preview), kinds(Kind::Webhook)), (7, 2));
}

fn price_at(truth: &Truth) -> simulator::Amount {
    let symbol = truth.idea.as_ref().unwrap().symbol;
    Market::new(7)
        .last_trade(symbol, truth.posted_at / 1000)
        .price
}

fn character(truth: &Truth) -> Character {
    channel(truth.channel).unwrap().character
}
