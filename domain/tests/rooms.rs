//! The parser on the habits of real rooms: brokers' posts on gold and currencies, short hand and the
//! layouts that bots share.

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Entry, Meaning};

/// `long BTC/USDT 60000..61000 > 62000 ! 58000`.
fn shown(draft: &Draft) -> String {
    let entry = match (draft.entry.bounds(), &draft.entry) {
        (None, _) => "market".to_owned(),
        (Some((low, high)), Entry::Market(_)) if low == high => format!("now {low}"),
        (Some((low, high)), _) if low == high => low.to_string(),
        (Some((low, high)), _) => format!("{low}..{high}"),
    };
    let targets = draft.targets.iter().map(|target| target.price.to_string());
    let targets = targets.collect::<Vec<_>>().join(" ");
    let stop = draft.stop.map(|stop| format!(" ! {stop}"));
    format!(
        "{} {} {entry} > {targets}{}",
        draft.side,
        draft.pair,
        stop.unwrap_or_default()
    )
}

/// The trade that is read, why it is held, or what else it is.
fn told(text: &str) -> String {
    let assets = Assets::bundled();
    match parse::read(text, false, Context { assets }).meaning {
        Meaning::Signals(drafts) => drafts.iter().map(shown).collect::<Vec<_>>().join("; "),
        Meaning::Quarantined { reason, .. } => format!("held: {reason}"),
        other @ (Meaning::Updates(_)
        | Meaning::Closes(_)
        | Meaning::Cancels(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)) => other.label().to_owned(),
    }
}

fn all(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, expected, told(text)))
        .filter(|(_, expected, told)| told != *expected)
        .map(|(text, expected, told)| format!("{text}\n  expected {expected}\n  got      {told}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stop_must_be_three_round_trips_of_its_market_away() {
    all(&[
        (
            "XAUUSD buy 4000\nSL 3997\nTP 4010",
            "long XAU/USD 4000 > 4010 ! 3997",
        ),
        (
            "XAUUSD buy 4000\nSL 3998\nTP 4010",
            "held: the stop 3998 is 0.05 % from the entry 4000, nearer than three round-trip costs (0.06 %)",
        ),
        (
            "SOL/USDT short\nEntry 100\nSL 100.5\nTP 95",
            "short SOL/USDT 100 > 95 ! 100.5",
        ),
        (
            "SOL/USDT short\nEntry 100\nSL 100.4\nTP 95",
            "held: the stop 100.4 is 0.4 % from the entry 100, nearer than three round-trip costs (0.42 %)",
        ),
        (
            "SOL/USDT 10x long\nEntry 100\nSL 99.5\nTP 105",
            "long SOL/USDT 100 > 105 ! 99.5",
        ),
        (
            "SOL/USDT long\nEntry 100\nSL 99.5\nTP 105",
            "held: the stop 99.5 is 0.5 % from the entry 100, nearer than three round-trip costs (0.6 %)",
        ),
    ]);
}
