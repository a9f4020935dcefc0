//! What is compared, and what must hold.

use std::collections::{BTreeMap, HashMap};

use domain::event::Body;
use domain::execution::Costs;
use domain::ids::{ChannelId, PostKey};
use domain::lifecycle::{BoundResult, Ending};
use domain::market::{Price, Side};
use domain::ports::Clock as _;
use domain::ports::store::{SignalQuery, SignalRecord};
use domain::reading::Entry;
use domain::signal::Signal;
use rust_decimal::Decimal;
use simulator::{Amount, Class, Course, End, Idea, Truth, judge};
use touchstone::clock::WallClock;
use touchstone::serve::Running;

/// A post may be this young when the comparison begins: it may not have been looked at yet.
const YOUNG: i64 = 5_000_000;

/// How far back posts are compared, in microseconds: what was shown before the start is seen, too.
const BACK: i64 = 150_000_000;

/// What was compared.
#[derive(Default)]
pub(crate) struct Comparison {
    signals: usize,
    found: usize,
    others: usize,
    missed: BTreeMap<String, usize>,
    /// Held although they are trades, by a rule: a market order and a price beside it.
    held: usize,
    truths: HashMap<(ChannelId, PostKey), Truth>,
    wrong: Vec<String>,
    invented: Vec<String>,
    judged: usize,
    too_near: usize,
    disagree: Vec<String>,
}

/// With fewer outcomes, in both bounds each, nothing is shown.
const LEAST: usize = 6;

impl Comparison {
    /// Compares every post of the last minute with what it really was.
    pub(crate) async fn readings(&mut self, running: &Running) {
        let now = WallClock.now().as_micros();
        let truths = running
            .simulator()
            .unwrap()
            .truth_between(now - BACK, now - YOUNG);
        let by_text = by_text(running).await;
        for truth in truths {
            let channel = ChannelId::parse(truth.channel).unwrap();
            let Some(key) = key(&truth, &by_text) else {
                continue;
            };
            let versions = running.store().versions(&channel, &key).await.unwrap();
            let Some(first) = versions.first() else {
                continue;
            };
            if truth.delivery.is_none() && first.post.text.trim() != truth.text.trim() {
                // It was seen only after its author had changed it.
                continue;
            }
            let read = running.store().signals_in(&channel, &key).await.unwrap();
            if truth.class != Class::Signal {
                self.others += 1;
                if first.class == "signal" {
                    self.invented
                        .push(format!("{} {}: {}", truth.channel, truth.id, truth.text));
                }
                continue;
            }
            self.signals += 1;
            self.truths
                .insert((channel.clone(), key.clone()), truth.clone());
            match (read.first(), &truth.idea) {
                (Some(record), Some(idea)) => {
                    self.found += 1;
                    if let Some(why) = differs(&record.signal, idea) {
                        self.wrong.push(format!(
                            "{} {}: {why}\n{}",
                            truth.channel, truth.id, truth.text
                        ));
                    }
                }
                (None, _) | (_, None) => {
                    let held = first
                        .reason
                        .as_deref()
                        .is_some_and(|why| why.starts_with("it enters at once and at"));
                    self.held += usize::from(held);
                    let why = format!("{} {}: {:?}", truth.channel, first.class, first.reason);
                    *self.missed.entry(why).or_default() += 1;
                }
            }
        }
    }

    /// Compares how a signal was judged with the simulator's own judge, where the author said
    /// nothing more about it: his words are not that judge's business.
    pub(crate) async fn outcome(&mut self, running: &Running, record: &SignalRecord) {
        let Some(outcome) = &record.outcome else {
            return;
        };
        let signal = &record.signal;
        let events = running.store().events_of(signal.id).await.unwrap();
        let over = outcome
            .pessimistic
            .ended_at
            .max(outcome.optimistic.ended_at);
        let said = events.iter().any(|event| {
            event.happening().is_some_and(|about| {
                matches!(about.body, Body::Instruction { .. }) && about.received <= over
            })
        });
        let by_word = [outcome.pessimistic.ending, outcome.optimistic.ending]
            .into_iter()
            .any(|ending| {
                matches!(
                    ending,
                    Ending::ClosedByAuthor | Ending::OppositeSignal | Ending::CancelledByAuthor
                )
            });
        let simulator = running.simulator().unwrap();
        let Some(truth) = self
            .truths
            .get(&(signal.channel.clone(), signal.post.clone()))
        else {
            return;
        };
        let Some(idea) = truth
            .idea
            .clone()
            .filter(|idea| differs(signal, idea).is_none())
        else {
            return;
        };
        if said || by_word || signal.breakeven_after.is_some() {
            return;
        }
        let until = WallClock.now().as_millis();
        let verdict = judge(
            simulator.market(),
            &idea,
            signal.received.as_micros(),
            until,
        );
        self.judged += 1;
        let bounds = [
            ("pessimistic", &outcome.pessimistic, &verdict.pessimistic),
            ("optimistic", &outcome.optimistic, &verdict.optimistic),
        ];
        for (bound, ours, theirs) in bounds {
            if ours.ending == Ending::Invalidated && too_near(signal, theirs) {
                self.too_near += 1;
                continue;
            }
            if let Some(why) = disagrees(ours, theirs) {
                self.disagree.push(format!(
                    "{bound} {} {} received {}: {why}\n{idea:?}",
                    signal.channel, signal.post, signal.received
                ));
            }
        }
    }

    /// Whether so much was compared that agreement says something: signals, other posts, and so many
    /// outcomes.
    pub(crate) const fn reaches(&self, outcomes: usize) -> bool {
        self.signals >= 50 && self.others >= 100 && self.judged >= outcomes
    }

    pub(crate) fn print(&self) {
        eprintln!(
            "{} signals, {} found, {} other posts; {} outcomes compared in both bounds, {} bounds with a stop too near; missed: {:#?}",
            self.signals, self.found, self.others, self.judged, self.too_near, self.missed
        );
    }

    pub(crate) fn hold(&self) {
        assert!(
            self.wrong.is_empty(),
            "wrong numbers in accepted signals: {:#?}",
            self.wrong
        );
        assert!(
            self.invented.is_empty(),
            "posts that are no signals became some: {:#?}",
            self.invented
        );
        assert!(
            (self.found + self.held) * 100 >= self.signals * 98
                && self.found * 100 >= self.signals * 90,
            "found {} and held {} of {}: {:#?}",
            self.found,
            self.held,
            self.signals,
            self.missed
        );
        assert!(
            self.disagree.is_empty(),
            "judged otherwise: {:#?}",
            self.disagree
        );
        assert!(self.reaches(LEAST), "too little was compared");
    }
}

/// Where a post stands in the store; none where only its text could tell and it is not there.
fn key(truth: &Truth, by_text: &HashMap<String, PostKey>) -> Option<PostKey> {
    match &truth.delivery {
        None => Some(PostKey::new(truth.id.to_string())),
        Some(_) if by_text.contains_key(truth.text.trim()) => {
            by_text.get(truth.text.trim()).cloned()
        }
        Some(delivery) => Some(PostKey::new(format!("id:{delivery}"))),
    }
}

/// The posts of signals by their texts: plain text that is brought has no other name.
async fn by_text(running: &Running) -> HashMap<String, PostKey> {
    let query = SignalQuery {
        channels: vec![ChannelId::parse("sim_desk").unwrap()],
        limit: 500,
        ..SignalQuery::default()
    };
    let mut posts = HashMap::new();
    for record in running.store().signals(&query).await.unwrap() {
        let signal = record.signal;
        let versions = running
            .store()
            .versions(&signal.channel, &signal.post)
            .await
            .unwrap();
        posts.insert(versions[0].post.text.trim().to_owned(), signal.post.clone());
    }
    posts
}

fn price(amount: Amount) -> Price {
    Price::parse(&amount.to_string()).unwrap()
}

/// What is read otherwise than it was meant.
fn differs(signal: &Signal, idea: &Idea) -> Option<String> {
    let symbol = format!(
        "{}{}",
        signal.instrument.pair.base(),
        signal.instrument.pair.quote()
    );
    let side = match idea.side {
        simulator::Side::Long => Side::Long,
        simulator::Side::Short => Side::Short,
    };
    let entry = match idea.entry {
        simulator::Entry::Market { seen } => Entry::Market(seen.map(price)),
        simulator::Entry::Limit { price: at } => Entry::Limit(price(at)),
        simulator::Entry::Zone { low, high } => Entry::Zone {
            low: price(low),
            high: price(high),
        },
        simulator::Entry::Breakout { level } => Entry::Breakout(price(level)),
    };
    let targets: Vec<_> = signal.targets.iter().map(|target| target.price).collect();
    let meant: Vec<_> = idea.targets.iter().copied().map(price).collect();
    let stop = idea.stop.map(price);
    if symbol != idea.symbol.name {
        return Some(format!("symbol {symbol}, not {}", idea.symbol.name));
    }
    if signal.side != side || signal.entry != entry {
        return Some(format!(
            "{} {:?}, not {side} {entry:?}",
            signal.side, signal.entry
        ));
    }
    if targets != meant || signal.stop != stop {
        return Some(format!(
            "targets {targets:?} stop {:?}, not {meant:?} {stop:?}",
            signal.stop
        ));
    }
    None
}

/// An order at the market that met a price next to its stop, or one already beyond it: the platform holds that
/// such levels make no trade (a stop nearer than three times the round trip's cost), and the
/// simulator's judge knows no costs.
fn too_near(signal: &Signal, theirs: &Course) -> bool {
    let (Entry::Market(_), Some(stop), Some(fill)) =
        (signal.entry, signal.stop, theirs.fills.first())
    else {
        return false;
    };
    let fill = price(fill.price).get();
    let costs = Costs::anywhere(&signal.instrument);
    let nearest = costs.round_trip() * Decimal::from(3) * fill;
    (fill - stop.get()).abs() < nearest
}

/// In what two judges differ.
fn disagrees(ours: &BoundResult, theirs: &Course) -> Option<String> {
    let same = match theirs.end {
        End::AllTargets => ours.ending == Ending::AllTargets,
        End::StoppedOut => ours.ending == Ending::StoppedOut,
        End::StoppedAfterTarget(k) => {
            ours.ending == Ending::StoppedAfterTarget(u8::try_from(k).unwrap())
        }
        End::Unfilled => ours.ending == Ending::ExpiredUnfilled,
        End::MissedTarget => ours.ending == Ending::MissedTarget,
        End::Invalidated => ours.ending == Ending::Invalidated,
        End::Waiting | End::Open => false,
    };
    if !same {
        return Some(format!(
            "{:?}, not {:?}; {ours:?} {theirs:?}",
            ours.ending, theirs.end
        ));
    }
    let entered = ours.entered_at.map(domain::time::Timestamp::as_millis);
    let meant = theirs.fills.first().map(|fill| fill.at_ms);
    if entered != meant {
        return Some(format!("entered at {entered:?}, not {meant:?}"));
    }
    let last = theirs.exits.last().map(|(_, mark)| mark.at_ms);
    if last.is_some_and(|last| last != ours.ended_at.as_millis()) {
        return Some(format!(
            "ended at {}, not {last:?}",
            ours.ended_at.as_millis()
        ));
    }
    None
}
