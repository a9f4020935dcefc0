//! The second opinion, on stretches of the path that the tests look for themselves.

use simulator::{
    Amount, Barrier, Bound, End, Entry, Idea, Market, SYMBOLS, Side, Symbol, Trade, follow, judge,
};

use crate::support::{TUESDAY, TUESDAY_MS};

fn stretch(market: &Market, symbol: &'static Symbol, count: usize) -> Vec<Trade> {
    let first = market.last_id(symbol, TUESDAY_MS) + 1;
    market.trades(symbol, first).take(count).collect()
}

fn idea(symbol: &'static Symbol, side: Side, entry: Entry) -> Idea {
    Idea {
        symbol,
        side,
        entry,
        stop: None,
        targets: Vec::new(),
        leverage: None,
    }
}

fn lowest(trades: &[Trade]) -> Trade {
    *trades.iter().min_by_key(|trade| trade.price).unwrap()
}

fn highest(trades: &[Trade]) -> Trade {
    *trades.iter().max_by_key(|trade| trade.price).unwrap()
}

#[test]
fn a_market_entry_fills_at_the_next_trade_after_receipt() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[0];
    let trades = stretch(&market, symbol, 10);
    let idea = idea(symbol, Side::Long, Entry::Market { seen: None });
    for pair in trades.windows(2) {
        // Received with the first trade is too late for it.
        let received = pair[0].at_ms * 1000;
        let course = follow(&market, &idea, received, pair[1].at_ms, Bound::Pessimistic);
        assert_eq!(course.fills[0].trade, pair[1].id);
        assert_eq!(course.fills[0].price, pair[1].price);
        assert_eq!(course.end, End::Open);
    }
}

#[test]
fn a_limit_that_is_only_touched_parts_the_bounds() {
    let market = Market::new(7);
    for symbol in &SYMBOLS {
        let trades = stretch(&market, symbol, 600);
        let (price, until) = (lowest(&trades).price, trades[599].at_ms);
        let idea = idea(symbol, Side::Long, Entry::Limit { price });
        let verdict = judge(&market, &idea, TUESDAY, until);
        assert_eq!(verdict.pessimistic.end, End::Waiting);
        assert_eq!(verdict.optimistic.end, End::Open);
        assert_eq!(verdict.optimistic.fills[0].price, price);
    }
}

#[test]
fn a_target_needs_the_price_to_go_beyond_it_in_the_worse_bound() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[1];
    let trades = stretch(&market, symbol, 600);
    let top = highest(&trades[1..]);
    let mut idea = idea(symbol, Side::Long, Entry::Market { seen: None });
    idea.targets = vec![top.price];
    idea.stop = Some(Amount::units(lowest(&trades).price.in_units() / 2));
    let verdict = judge(&market, &idea, TUESDAY, trades[599].at_ms);
    assert_eq!(verdict.pessimistic.end, End::Open);
    assert_eq!(verdict.optimistic.end, End::AllTargets);
    let (barrier, mark) = verdict.optimistic.first.unwrap();
    assert_eq!((barrier, mark.price), (Barrier::Target, top.price));
    assert!(verdict.optimistic.r > 0.0);
}

#[test]
fn a_stop_triggers_at_the_touch_and_pays_what_the_trade_paid() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[2];
    let trades = stretch(&market, symbol, 900);
    let (entry, bottom) = (trades[0], lowest(&trades));
    let mut idea = idea(symbol, Side::Long, Entry::Market { seen: None });
    idea.targets = vec![Amount::units(entry.price.in_units() * 2)];
    let tick = symbol.tick.in_units();
    let mut gaps = 0;
    for steps in 1..(entry.price.in_units() - bottom.price.in_units()) / tick {
        let stop = Amount::units(entry.price.in_units() - steps * tick);
        idea.stop = Some(stop);
        let course = follow(
            &market,
            &idea,
            TUESDAY,
            trades[899].at_ms,
            Bound::Pessimistic,
        );
        let hit = trades[1..]
            .iter()
            .find(|trade| trade.price <= stop)
            .unwrap();
        let (barrier, mark) = course.first.unwrap();
        assert_eq!(barrier, Barrier::Stop);
        assert_eq!((mark.trade, mark.price), (hit.id, hit.price));
        assert!(course.r <= -1.0 + 0.01 * f64::from(u8::from(steps > 100)) + 1.0);
        gaps += i32::from(hit.price < stop);
    }
    assert!(gaps > 0, "no stop on this path was ever jumped over");
}

#[test]
fn a_breakout_waits_for_its_level_and_pays_what_the_trade_paid() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[3];
    let trades = stretch(&market, symbol, 900);
    let level = highest(&trades).price;
    let entry = Entry::Breakout { level };
    let course = follow(
        &market,
        &idea(symbol, Side::Long, entry),
        TUESDAY,
        trades[899].at_ms,
        Bound::Pessimistic,
    );
    let through = trades.iter().find(|trade| trade.price >= level).unwrap();
    assert_eq!(course.fills[0].trade, through.id);
    assert_eq!(course.fills[0].price, through.price);
}

#[test]
fn a_stop_that_was_crossed_at_receipt_is_no_trade() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[4];
    let now = market.last_trade(symbol, TUESDAY_MS).price;
    let mut idea = idea(symbol, Side::Short, Entry::Market { seen: None });
    idea.stop = Some(Amount::units(now.in_units() - symbol.tick.in_units()));
    let verdict = judge(&market, &idea, TUESDAY, TUESDAY_MS + 60_000);
    assert_eq!(verdict.pessimistic.end, End::Invalidated);
    assert_eq!(verdict.optimistic.end, End::Invalidated);
}

#[test]
fn a_target_before_the_entry_is_a_missed_trade() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[5];
    let trades = stretch(&market, symbol, 600);
    let price = Amount::units(lowest(&trades).price.in_units() / 2);
    let mut idea = idea(symbol, Side::Long, Entry::Limit { price });
    idea.targets = vec![highest(&trades).price];
    let verdict = judge(&market, &idea, TUESDAY, trades[599].at_ms);
    assert_eq!(verdict.pessimistic.end, End::MissedTarget);
    assert_eq!(verdict.optimistic.end, End::Waiting);
}

#[test]
fn an_entry_that_is_not_reached_within_a_day_expires() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[6];
    let price = Amount::units(symbol.tick.in_units());
    let idea = idea(symbol, Side::Long, Entry::Limit { price });
    let day = 86_400_000;
    let end = |until| follow(&market, &idea, TUESDAY, until, Bound::Optimistic).end;
    assert_eq!(end(TUESDAY_MS + day), End::Waiting);
    assert_eq!(end(TUESDAY_MS + day + 1_000), End::Unfilled);
}

#[test]
fn a_zone_fills_in_three_equal_legs_as_the_price_comes_to_them() {
    let market = Market::new(7);
    let symbol = &SYMBOLS[0];
    let trades = stretch(&market, symbol, 900);
    let bottom = lowest(&trades).price;
    let (low, high) = (
        bottom,
        Amount::units(bottom.in_units() + 20 * symbol.tick.in_units()),
    );
    let idea = idea(symbol, Side::Long, Entry::Zone { low, high });
    let verdict = judge(&market, &idea, TUESDAY, trades[899].at_ms);
    assert_eq!(verdict.optimistic.fills.len(), 3);
    assert_eq!(verdict.pessimistic.fills.len(), 2);
    assert_eq!(verdict.optimistic.fills[2].price, low);
}
