//! The book tells what stepping every track with every tick tells, whatever the market does.

use domain::ids::PostKey;
use domain::lifecycle::{Book, Change, Track, Word};
use domain::market::{Candle, Tick, Trade};
use domain::reading::Order;
use domain::signal::Signal;
use proptest::prelude::*;

use crate::laws::cases;
use crate::random::*;
use crate::story::*;

/// What happens to a book and to bare tracks alike.
#[derive(Clone, Debug)]
enum Step {
    Tick(Tick),
    /// The next signal comes.
    Open,
    /// An author speaks of the signal of this number, if there is one.
    Word(usize, Order, u64),
    /// Somebody looks at it.
    Look(usize),
    /// It is given up, and taken back with what it has seen so far.
    Move(usize),
}

/// A market of candles and trades with holes, silences and things told twice.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = prop_oneof![
        (-40..41_i64).prop_map(|away| Order::MoveStop(grid(1_000 + away))),
        Just(Order::Breakeven),
        Just(Order::CloseShare("0.5".parse().unwrap())),
        Just(Order::Close),
        Just(Order::Cancel),
        (-30..31_i64)
            .prop_map(|away| Order::Retarget(vec![grid(1_000 + away), grid(1_020 + away)])),
    ];
    let kind = prop_oneof![
        20 => Just(0_u8), // a candle
        6 => Just(1),     // two trades
        1 => Just(2),     // time alone
        1 => Just(3),     // a hole
        1 => Just(4),     // the last candle again
        1 => Just(5),     // a candle of which half was seen
    ];
    let market = prop::collection::vec((kind, -8..9_i64, 0..6_i64, 0..6_i64), 1..90);
    let other = prop_oneof![
        4 => Just(None),
        2 => (0..6_usize, order, 0..120_u64).prop_map(|(whose, order, ago)| Some(Step::Word(whose, order, ago))),
        1 => (0..6_usize).prop_map(|whose| Some(Step::Look(whose))),
        1 => (0..6_usize).prop_map(|whose| Some(Step::Move(whose))),
    ];
    let others = prop::collection::vec((any::<prop::sample::Index>(), other), 0..8);
    let opens = prop::collection::vec(any::<prop::sample::Index>(), 6);
    (market, others, opens).prop_map(|(market, others, opens)| {
        let mut last = 1_000;
        let mut steps = vec![Step::Tick(Tick::Time(START))];
        for (minute, (kind, body, up, down)) in (0..).zip(market) {
            let open = last;
            let four = |last: i64| [open, open.max(last) + up, open.min(last) - down, last];
            match kind {
                0 => {
                    last += body;
                    steps.push(Step::Tick(candle_of(minute, four(last))));
                }
                1 => {
                    for (id, away) in [(0, body), (1, up)] {
                        last = open + away;
                        let at = seconds(minute * 60 + 10 + id * 20);
                        let (id, price) = (minute * 2 + id, grid(last));
                        steps.push(Step::Tick(Tick::Trade(Trade { id, at, price })));
                    }
                }
                2 => steps.push(Step::Tick(Tick::Time(minutes(minute)))),
                3 => steps.push(Step::Tick(Tick::Hole {
                    from: minutes(minute),
                    to: minutes(minute + 1),
                })),
                4 => steps.extend(
                    steps
                        .iter()
                        .rev()
                        .find(|step| matches!(step, Step::Tick(Tick::Candle(_))))
                        .cloned(),
                ),
                _ => {
                    last += body;
                    let Tick::Candle(candle) = candle_of(minute, four(last)) else {
                        unreachable!()
                    };
                    let open_time = candle.open_time - candle.span / 2;
                    steps.push(Step::Tick(Tick::Candle(Candle {
                        open_time,
                        ..candle
                    })));
                }
            }
        }
        let length = steps.len();
        for place in opens {
            steps.insert(place.index(length), Step::Open);
        }
        for (place, other) in others {
            steps.splice(place.index(length)..place.index(length), other);
        }
        steps
    })
}

/// Every track is stepped with every tick.
#[derive(Default)]
struct Bare {
    tracks: Vec<Track>,
    told: Vec<(usize, Change)>,
}

impl Bare {
    fn with(&mut self, key: usize, what: impl FnOnce(&mut Track, &mut Vec<Change>)) {
        let mut changes = Vec::new();
        if let Some(track) = self.tracks.get_mut(key) {
            what(track, &mut changes);
        }
        self.told
            .extend(changes.into_iter().map(|change| (key, change)));
    }
}

fn hear(order: &Order) -> Word {
    Word::Order(order.clone(), PostKey::new("8"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn the_book_tells_what_stepping_all_tells(
        signals in prop::collection::vec(signals(true), 6),
        steps in steps(),
    ) {
        let mut book: Book<usize> = Book::new();
        let mut bare = Bare::default();
        let mut told = Vec::new();
        let mut signals = signals.into_iter();
        let mut now = START;
        for step in &steps {
            match step {
                Step::Tick(tick) => {
                    now = now.max(tick.at());
                    book.step(tick, &mut told);
                    for key in 0..bare.tracks.len() {
                        bare.with(key, |track, out| track.step(tick, out));
                    }
                }
                Step::Open => {
                    let signal: Signal = signals.next().unwrap();
                    let signal = Signal {
                        received: now,
                        expires_at: now + signal.expires_at.since(START),
                        ..signal
                    };
                    let track = Track::open(&signal, &FREE);
                    book.insert(bare.tracks.len(), track.clone());
                    bare.tracks.push(track);
                }
                Step::Word(whose, order, ago) => {
                    let at = now - std::time::Duration::from_secs(*ago);
                    let mut changes = Vec::new();
                    book.hear(whose, &hear(order), at, &mut changes);
                    told.extend(changes.into_iter().map(|change| (*whose, change)));
                    bare.with(*whose, |track, out| track.hear(&hear(order), at, out));
                }
                Step::Look(whose) => prop_assert_eq!(book.get(whose), bare.tracks.get(*whose)),
                Step::Move(whose) => {
                    if let Some(track) = book.remove(whose) {
                        prop_assert_eq!(&track, &bare.tracks[*whose]);
                        book.insert(*whose, track);
                    }
                }
            }
            prop_assert_eq!(&told, &bare.told);
            let seen = bare.tracks.iter().map(Track::seen_until).min();
            if !bare.tracks.iter().any(Track::is_over) {
                prop_assert_eq!(book.seen_by_all(), seen);
            }
        }
        for (key, track) in bare.tracks.iter().enumerate() {
            prop_assert_eq!(book.get(&key), Some(track));
        }
    }
}

#[test]
fn who_sleeps_through_a_long_fall_is_told_its_highest_and_its_lowest_price() {
    let mut book: Book<u8> = Book::new();
    let signal = long(domain::reading::Entry::Market(None), &["9000"], "1");
    book.insert(0, Track::open(&signal, &FREE));
    let mut told = Vec::new();
    // Each candle stands lower than the one before: every high and no low is left to remember.
    for minute in 0..10_000_u64 {
        let top = 89_000 - i64::try_from(minute).unwrap() * 8;
        book.step(&candle_of(minute, [top, top, top - 8, top - 8]), &mut told);
    }
    let track = book.get(&0).unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(track.pessimistic.worst, Some(grid(89_000 - 80_000)));
    assert_eq!(track.last, Some(grid(9_000)));
}

#[test]
fn a_price_that_stays_between_the_levels_wakes_nobody_until_the_deadline() {
    let mut book: Book<u8> = Book::new();
    let mut held = long(limit("100"), &["120"], "90");
    held.held_at_most = std::time::Duration::from_secs(3_600);
    book.insert(0, Track::open(&held, &FREE));
    let mut told = Vec::new();
    for minute in 0..63 {
        let low = if minute == 1 { "99" } else { "101" };
        book.step(&candle(minute, ["102", "103", low, "102"]), &mut told);
    }
    let words: Vec<_> = told
        .iter()
        .map(|(_, change)| change.state.label())
        .collect();
    assert_eq!(words, ["active", "expired-open", "expired-open"]);
    assert_eq!(book.get(&0).unwrap().pessimistic.best, Some(p("103")));
}
