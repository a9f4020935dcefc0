//! Figures of the simulated world: that it is as wild and as talkative as it is meant to be.

use simulator::{Bound, Class, EPOCH_MS, Market, Options, SYMBOLS, Side, follow, start};

#[test]
fn figures() {
    let market = Market::new(7);
    let day = EPOCH_MS + 320 * 86_400_000;
    for symbol in &SYMBOLS {
        for minutes in [1_i64, 5, 15, 60, 240] {
            let mut moves: Vec<f64> = Vec::new();
            let mut highest: f64 = 0.0;
            let mut lowest = f64::MAX;
            for step in 0..400 {
                let at = day + step * 977_000;
                let a = market.last_trade(symbol, at).price.as_f64();
                let b = market
                    .last_trade(symbol, at + minutes * 60_000)
                    .price
                    .as_f64();
                moves.push((b / a).ln().abs() * 100.0);
                highest = highest.max(a);
                lowest = lowest.min(a);
            }
            moves.sort_by(f64::total_cmp);
            print!(
                "{} {}m median {:.2}% p95 {:.2}%; ",
                symbol.name, minutes, moves[200], moves[380]
            );
            if minutes == 240 {
                println!("range {lowest} {highest}");
            }
        }
    }
    let simulator = start(Options::default()).unwrap();
    let begin = day * 1000;
    let hour = 3_600_000_000;
    let clock = std::time::Instant::now();
    let truths = simulator.truth_between(begin, begin + hour);
    println!("an hour of truth takes {:?}", clock.elapsed());
    let signals: Vec<_> = truths.iter().filter(|t| t.class == Class::Signal).collect();
    println!("{} posts, {} signals per hour", truths.len(), signals.len());
    let mut classes = std::collections::BTreeMap::new();
    for t in &truths {
        *classes.entry(format!("{:?}", t.class)).or_insert(0) += 1;
    }
    println!("{classes:?}");
    let mut per = std::collections::BTreeMap::new();
    let mut times = Vec::new();
    for t in &signals {
        let idea = t.idea.as_ref().unwrap();
        let course = follow(
            &market,
            idea,
            t.posted_at + 2_000_000,
            t.posted_at / 1000 + 6 * 3_600_000,
            Bound::Pessimistic,
        );
        let entry: &mut (u32, u32, u32, f64, u32) = per.entry(t.channel).or_default();
        entry.0 += 1;
        entry.1 += u32::from(!course.fills.is_empty());
        entry.2 += u32::from(course.r > 0.0);
        entry.3 += course.r;
        entry.4 += t.actions.len() as u32;
        if let (Some((_, mark)), Some(_)) = (course.first, course.fills.first()) {
            times.push((mark.at_ms - t.posted_at / 1000) as f64 / 1000.0);
        }
        assert!(idea.side == Side::Long || idea.side == Side::Short);
    }
    for (name, (n, filled, won, r, actions)) in &per {
        println!("{name}: {n} signals, {filled} filled, {won} won, {r:.1} R, {actions} actions");
    }
    times.sort_by(f64::total_cmp);
    println!(
        "first barrier: n {} p10 {:.0}s median {:.0}s p90 {:.0}s",
        times.len(),
        times[times.len() / 10],
        times[times.len() / 2],
        times[times.len() * 9 / 10]
    );
    for channel in simulator::CHANNELS.iter() {
        let t = truths
            .iter()
            .find(|t| t.channel == channel.name && t.class == Class::Signal)
            .unwrap();
        println!("---- {}\n{}", t.channel, t.text);
    }
}
