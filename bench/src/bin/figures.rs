//! What the figures of a channel with 100,000 signals cost: read anew, kept, and computed.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::medium::Medium;
use bench::{row, table};
use domain::event::{Body, Happening};
use domain::execution::ExecutionModel;
use domain::ids::{ChannelId, PostKey, Seq, SignalId};
use domain::lifecycle::{
    BoundResult, Change, Ending, Evidence, Outcome, POLICY, State, Track, What,
};
use domain::market::{Instrument, Price, Side};
use domain::ports::store::{ChannelCard, Entry, MarketEntry, PostEntry, Store, TrackRecord};
use domain::post::{Action, Origin, Post};
use domain::reading::{self, Meaning, Reading, Target};
use domain::signal::{ENTRY_VALID_FOR, HELD_AT_MOST, Signal};
use domain::time::Timestamp;
use rust_decimal::Decimal;
use touchstone::figures::Figures;
use touchstone::figures::recall::Recall;
use touchstone::store::Durability;

const SIGNALS: u64 = 100_000;

/// So many signals are stored at once.
const AT_ONCE: u64 = 500;

/// One in so many posts is deleted.
const DELETED: u64 = 50;

fn main() -> anyhow::Result<()> {
    actix::System::new().block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let medium = Medium::File(bench::folder(), Durability::Normal);
    let (place, _folder) = medium.fresh()?;
    let opened = place.open().await?;
    let store = opened.port();
    let channel = ChannelId::parse("bench")?;
    let card = ChannelCard {
        id: channel.clone(),
        platform: "bench".to_owned(),
        title: "bench".to_owned(),
        origin: Origin::Live,
    };
    store.register(&card, at(0)).await?;
    let mut number = 0;
    while number < SIGNALS {
        let next = (number + AT_ONCE).min(SIGNALS);
        keep(&*store, &channel, number..next).await?;
        number = next;
    }
    let recall = Recall::default();
    table(
        "The figures of a channel with 100,000 signals",
        &["what", "ms", "ratio to reading anew"],
    );
    let begun = Instant::now();
    let records = recall.signals(&*store, &channel, |_| true).await?;
    let anew = begun.elapsed();
    say("reading it anew", anew, anew);
    let begun = Instant::now();
    recall.signals(&*store, &channel, |_| true).await?;
    say("asked again, nothing happened", begun.elapsed(), anew);
    keep(&*store, &channel, SIGNALS..SIGNALS + 1).await?;
    let begun = Instant::now();
    let more = recall.signals(&*store, &channel, |_| true).await?;
    say("asked again after one more signal", begun.elapsed(), anew);
    anyhow::ensure!(more.len() == records.len() + 1, "{} are known", more.len());
    let begun = Instant::now();
    let figures = Figures::of(&more);
    say("computing all figures, 2,000 pasts", begun.elapsed(), anew);
    let again = Recall::default()
        .signals(&*store, &channel, |_| true)
        .await?;
    anyhow::ensure!(Figures::of(&again) == figures, "kept and read anew differ");
    println!(
        "\n{} trades, highest memory {} MiB.",
        figures.trades,
        bench::judging::peak()?
    );
    opened.close().await;
    Ok(())
}

fn say(what: &str, spent: Duration, anew: Duration) {
    row(&[
        what.to_owned(),
        format!("{:.1}", spent.as_secs_f64() * 1e3),
        bench::figures::ratio(spent, anew),
    ]);
}

/// Twenty signals an hour.
fn at(number: u64) -> Timestamp {
    Timestamp::from_millis(1_500_000_000_000)
        + Duration::from_secs(180) * u32::try_from(number).unwrap_or(0)
}

/// Stores signals that are judged, some of which are deleted.
async fn keep(
    store: &dyn Store,
    channel: &ChannelId,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for number in numbers {
        let signal = Arc::new(signal(channel, number)?);
        let post = post(channel, number);
        let opening = Body::Signal {
            signal: Arc::clone(&signal),
            score: None,
        };
        entries.push(told(
            post.clone(),
            Meaning::Signals(Vec::new()),
            happening(&signal, opening),
        ));
        let outcome = What::Judged(Box::new(outcome(number)));
        let change = Change {
            at: at(number),
            what: outcome,
            state: State::Ended(Ending::StoppedOut),
            evidence: Evidence::Time(at(number)),
        };
        entries.push(Entry::Market(MarketEntry {
            happenings: vec![happening(&signal, Body::Progress(Box::new(change)))],
            tracks: vec![TrackRecord {
                signal: signal.id,
                step: 1,
                heard: Seq::ZERO,
                track: Track::open(&signal, &ExecutionModel::DEFAULT),
            }],
        }));
        if number.is_multiple_of(DELETED) {
            let gone = Post {
                action: Action::Deleted,
                text: String::new(),
                received: post.received + Duration::from_secs(60),
                ..post
            };
            let body = Body::Revision {
                action: gone.action,
                post: gone.key.clone(),
            };
            entries.push(told(
                gone,
                Meaning::Noise("deleted"),
                happening(&signal, body),
            ));
        }
    }
    store.commit(&entries, at(SIGNALS)).await?;
    Ok(())
}

fn told(post: Post, meaning: Meaning, happening: Happening) -> Entry {
    Entry::Post(Box::new(PostEntry {
        post,
        reading: Reading {
            parser: "rules/1",
            meaning,
        },
        note: None,
        happenings: vec![happening],
        assessments: Vec::new(),
        cursor: None,
    }))
}

fn post(channel: &ChannelId, number: u64) -> Post {
    Post {
        channel: channel.clone(),
        key: PostKey::new(number.to_string()),
        action: Action::Original,
        author: None,
        text: format!("call {number}"),
        media: Vec::new(),
        reply_to: None,
        forwarded_from: None,
        posted: at(number),
        received: at(number),
        origin: Origin::Live,
    }
}

fn happening(signal: &Signal, body: Body) -> Happening {
    Happening {
        signal: signal.id,
        channel: signal.channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: signal.origin,
        posted: Some(signal.posted),
        received: signal.received,
        scored: None,
        body,
    }
}

fn signal(channel: &ChannelId, number: u64) -> anyhow::Result<Signal> {
    let post = PostKey::new(number.to_string());
    let level = |dollars: i64| Price::new(Decimal::from(dollars));
    Ok(Signal {
        id: SignalId::of(channel, &post, 0),
        channel: channel.clone(),
        post,
        origin: Origin::Live,
        instrument: Instrument::parse("bench:spot:BTC/USDT")?,
        substituted: false,
        side: Side::Long,
        entry: reading::Entry::Limit(level(100)?),
        targets: vec![Target {
            price: level(110)?,
            weight: None,
        }],
        stop: Some(level(95)?),
        leverage: None,
        breakeven_after: None,
        posted: at(number),
        received: at(number),
        expires_at: at(number) + ENTRY_VALID_FOR,
        held_at_most: HELD_AT_MOST,
        price_at_receipt: None,
        ambiguous: false,
    })
}

/// One in three wins two R, the others lose one.
fn outcome(number: u64) -> Outcome {
    let bound = BoundResult {
        ending: Ending::StoppedOut,
        r: Some(if number.is_multiple_of(3) {
            Decimal::TWO
        } else {
            Decimal::NEGATIVE_ONE
        }),
        filled: Decimal::ONE,
        targets: 0,
        entered_at: Some(at(number)),
        ended_at: at(number) + Duration::from_secs(3_600),
        mfe: None,
        mae: None,
    };
    Outcome {
        model: ExecutionModel::DEFAULT.name,
        policy: Some(POLICY),
        pessimistic: bound.clone(),
        optimistic: bound,
        ambiguous: false,
        incomplete: false,
    }
}
