//! The parser where it does not know a word: prices under labels of no language get the role that the
//! other levels leave them, or are held; and what only looks like a trade opens none.

mod told;

use domain::parse::{self, Assets, Context};
use domain::reading::{Confidence, Draft, Field, Meaning};
use proptest::prelude::*;
use proptest::sample::subsequence;

fn read(text: &str) -> Meaning {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning
}

/// `long 1.3..1.4 > 1.5 1.6 ! 1.2`, with `?` where there is none.
fn shown(draft: &Draft) -> String {
    let entry = match draft.entry.bounds() {
        None => "market".to_owned(),
        Some((low, high)) if low == high => low.to_string(),
        Some((low, high)) => format!("{low}..{high}"),
    };
    let targets: Vec<String> = draft
        .targets
        .iter()
        .map(|target| target.price.to_string())
        .collect();
    let stop = draft
        .stop
        .map_or_else(|| "?".to_owned(), |stop| stop.to_string());
    format!("{} {entry} > {} ! {stop}", draft.side, targets.join(" "))
}

fn told(text: &str) -> String {
    let told = told::meaning(&read(text), shown);
    // Why it is held is said elsewhere.
    told.split(": ").next().unwrap_or_default().to_owned()
}

fn all(cases: &[(&str, &str)]) {
    told::all(cases, told);
}

#[test]
fn the_one_role_that_lacks_is_that_of_the_price_that_no_word_names() {
    all(&[
        // The stop: the only price across the entry from the targets.
        (
            "ATOM/USDT long, entry 4.51. Vrokkel 4.32. Targets 4.70, 4.95",
            "long 4.51 > 4.7 4.95 ! 4.32",
        ),
        (
            "Short LTC/USDT\nEntry: 118.6 - 119.8\nGrumsel -- 121.9\nTP: 115.2 / 111",
            "short 118.6..119.8 > 115.2 111 ! 121.9",
        ),
        // The targets: a list beyond the entry.
        (
            "NEAR/USDT long\nEntry: 2.71\nSL: 2.62\nBlorf: 2.80 2.92 3.05",
            "long 2.71 > 2.8 2.92 3.05 ! 2.62",
        ),
        // The entry: between the stop and the targets.
        (
            "INJ/USDT long\nDrumf 11.20 - 11.48\nSL 10.86\nTP 11.80, 12.35",
            "long 11.2..11.48 > 11.8 12.35 ! 10.86",
        ),
        (
            "ENA/USDT BUY\nQ1 0.4310 (40%)\nQ2 0.4245 (60%)\nSL 0.4120\nTP1 0.4450\nTP2 0.4620",
            "long 0.4245..0.431 > 0.445 0.462 ! 0.412",
        ),
    ]);
}

#[test]
fn two_roles_at_once_need_a_list_or_a_word_that_hints_at_one() {
    all(&[
        (
            "AVAX/USDT long, entry 21.44, snorf 21.02, blarg 21.90/22.35/23.10",
            "long 21.44 > 21.9 22.35 23.1 ! 21.02",
        ),
        (
            "AVAX/USDT\nSide: long\nPrice: 24.90 - 25.10\nZork: 24.10\nExits: 25.80, 26.90",
            "long 24.9..25.1 > 25.8 26.9 ! 24.1",
        ),
        // One price on either side may be anything.
        (
            "AVAX/USDT long, entry 21.44, snorf 21.02, blarg 21.90",
            "held",
        ),
        // Nothing but numbers.
        ("AVAX/USDT long: 21.02, 21.44, 21.90, 22.35", "held"),
    ]);
}

#[test]
fn what_is_known_to_be_something_else_becomes_no_level() {
    all(&[
        (
            "SOL/USDT long\nEntry: 150\nTP: 158, 165\nSupport: 145",
            "long 150 > 158 165 ! ?",
        ),
        // A label that is there, and says that nothing is decided.
        (
            "SOL/USDT short\nEntry: 150\nTargets: tbd\nSL: 156\nWumble 147",
            "held",
        ),
        // A zone of which one end is the stop.
        ("SOL/USDT short\nDromf 150 - 156\nTP 140\nSL 156", "held"),
        // Both a price of its own and a stop's place are possible.
        (
            "SOL/USDT long\nEntry: 150\nTP: 158, 165\nSnorf 145\nBlarg 141",
            "held",
        ),
        // Hours, days and counts.
        (
            "LINK/USDT long, entry 18.20, tp 19.10, 20.40, brumm 17",
            "held",
        ),
        // Where a position is liquidated, and a stop that risks far more than there is to gain.
        (
            "SOL/USDT long 150, liquidation 121, tp 158 165",
            "long 150 > 158 165 ! ?",
        ),
        ("SOL/USDT long, entry 150, tp 151.5, snorf 141", "held"),
        // A slip of the decimal point.
        (
            "AVAX/USDT long\nEntry: 24.90\nSnorf: 2.41\nTargets: 25.80, 26.90",
            "long 24.9 > 25.8 26.9 ! ?",
        ),
    ]);
}

#[test]
fn a_list_of_targets_goes_on_behind_a_word() {
    all(&[
        (
            "EUR/USD buy 1.1655, stop 1.1618, target 1.1710 blorf 1.1765",
            "long 1.1655 > 1.171 1.1765 ! 1.1618",
        ),
        // Back towards the entry it is none.
        (
            "EUR/USD buy 1.1655, stop 1.1618, target 1.1710 blorf 1.1690",
            "held",
        ),
    ]);
}

#[test]
fn some_say_behind_a_price_what_it_is() {
    all(&[
        (
            "ETH/USDT short 4510-4560, 4640 snorf stop, targets 4420 / 4330",
            "short 4510..4560 > 4420 4330 ! 4640",
        ),
        (
            "大饼 9.52万附近空,9.63万止损,目标 9.38万 9.21万",
            "short 95200 > 93800 92100 ! 96300",
        ),
    ]);
}

#[test]
fn pictures_drawn_lines_and_dots_lead_to_values() {
    all(&[
        (
            "🪙 FET ➜ 🟢 BUY\n🚪 0.6480 - 0.6590\n🎯 0.6720 🎯 0.6910\n🧯 0.6305",
            "long 0.648..0.659 > 0.672 0.691 ! 0.6305",
        ),
        // A picture that nobody knows, under pictures that are known.
        (
            "🪙 FET ➜ 🟢 BUY 0.6500\n🎯 0.6720 🎯 0.6910\n🦺 0.6305",
            "long 0.65 > 0.672 0.691 ! 0.6305",
        ),
        (
            "╭─ CARD 7 ─ AVAX\n│ Side ....... long\n│ Price ...... 3,62 - 3,70\n│ Grumpf .. 3,44\n│ Exits ...... 3,88 • 4,10\n╰─ max 2 %",
            "long 3.62..3.7 > 3.88 4.1 ! 3.44",
        ),
    ]);
}

#[test]
fn an_inferred_field_says_that_no_word_names_it() {
    let text = "ATOM/USDT long, entry 4.51. Vrokkel 4.32. Targets 4.70, 4.95";
    let Meaning::Signals(drafts) = read(text) else {
        panic!("{:?}", read(text));
    };
    let how = |field: Field| {
        let spans = drafts[0]
            .spans
            .iter()
            .filter(move |span| span.field == field);
        spans.map(|span| span.confidence).collect::<Vec<_>>()
    };
    assert_eq!(how(Field::Stop), [Confidence::Inferred]);
    assert_eq!(how(Field::Target), [Confidence::Named; 2]);
}

#[test]
fn parts_that_are_taken_of_a_trade_just_laid_out_are_its_targets() {
    all(&[
        (
            "Gold buy 3388, stop 3374, sell half at 3402 and the rest at 3420",
            "long 3388 > 3402 3420 ! 3374",
        ),
        // Of an open trade they are none.
        (
            "Gold long from 3388: take half here at 3402, stop to entry",
            "update",
        ),
    ]);
}

#[test]
fn what_is_told_of_the_past_of_others_or_of_nothing_traded_opens_no_trade() {
    let texts = [
        "Whoever bought bitcoin at 6,100 in the panic of April 2019 with a stop at 5,200 and a target of 9,500 slept badly for weeks.",
        "My cousin sends me calls that he pays for: AVAX long 31.1 sl 29.8 tp 33.5 and 36. Good luck to him",
        "The other channel says SOL long 185 stop 178 target 200",
        "Someone asked me about this one: GOLD SELL 3345 SL 3352 TP 3330. That is not our signal",
        "BTC long 115000, target 119000, stop 113500. No trade zone for me, hands in the pockets",
        "ADA at 0.72 sl 0.69 tp 0.78, does nobody remember that call?",
        "■ robot v2.1 ■ backtest\nPair: LTC/USDT\nSide: long\nEntry: 84.20\nSL: 81.50\nTP: 87.00 / 91.40",
        "Paper trade: LTC/USDT long, entry 84.20, SL 81.50, TP 87.00",
        "隔壁群喊大饼 95200 空 止损 96300 目标 93800",
    ];
    for text in texts {
        assert!(
            !matches!(read(text), Meaning::Signals(_)),
            "{text} is {:?}",
            read(text)
        );
    }
}

#[test]
fn the_card_of_an_order_that_was_removed_opens_nothing() {
    let text = "🚫 Withdrawn\nMarket: XAU/USD\nOrder: SELL LIMIT 3,371.40\nStatus: never triggered, order removed";
    assert_eq!(told(text), "cancel");
}

#[test]
fn what_is_no_trade_for_two_reasons_nobody_need_look_at() {
    all(&[
        (
            "If HYPE takes 41.80 I buy the retest, stop 40.95, target 44.20. No order in",
            "noise",
        ),
        (
            "Somebody bought bitcoin at 6,100 in the panic of April 2019 with a stop at 5,200 and a target of 9,500",
            "noise",
        ),
    ]);
}

#[test]
fn an_arrow_leads_from_the_old_stop_to_the_new_one() {
    all(&[
        ("SOL stop 145.2 → 149", "update"),
        ("SOL/USDT SL: 145.2 -> 149", "update"),
        // A level that a tick says was reached is moved nowhere.
        ("NEAR ✅✅\nTP2 3.02 reached, well done", "claim"),
    ]);
}

#[test]
fn a_year_that_could_be_a_price_or_stands_in_another_sentence_refuses_nothing() {
    all(&[
        (
            "ATOM/USDT long, entry 4.51, stop 4.32, target 4.95. The supply of 2021 sits above.",
            "long 4.51 > 4.95 ! 4.32",
        ),
        (
            "LTC/USDT LONG 2025-08-11\nEntry: 84.20\nSL: 81.50\nTP: 87.00",
            "long 84.2 > 87 ! 81.5",
        ),
    ]);
}

#[test]
fn a_pair_a_side_and_prices_that_are_no_trade_yet_are_looked_at() {
    assert_eq!(
        told("NQ/USD sell 21480 vrok 21522 blorf 21430 snarf 21365"),
        "held"
    );
    assert_eq!(
        told("Bitcoin is up 3 % today, longs are paying, funding 0.01 %"),
        "noise"
    );
}

/// Words of no language, none the beginning of another.
const NONSENSE: [&str; 8] = [
    "vrokkel", "blorfum", "snargle", "quimbo", "drumfel", "zwackit", "plunzer", "krobbit",
];

/// Words that name a level of the market, and none of a trade.
const MARKET: [&str; 8] = [
    "Support",
    "Resistance",
    "RSI",
    "ATH",
    "Fees",
    "Volume",
    "VWAP",
    "Liquidation",
];

/// A trade whose roles carry their words or not: its text's lines, and how it reads.
fn trades() -> impl Strategy<Value = (Vec<String>, String)> {
    let shape = (
        any::<bool>(),
        20_000u64..90_000,
        1usize..4,
        120u64..600,
        150u64..700,
    );
    (
        shape,
        any::<[bool; 3]>(),
        any::<bool>(),
        subsequence(NONSENSE.to_vec(), 3),
    )
        .prop_map(|((long, base, many, risk, step), named, zone, words)| {
            let price = |away: i64| {
                let away = if long { away } else { -away };
                let cents = i64::try_from(base).unwrap_or(0) * (10_000 + away) / 10_000;
                format!("{}.{:02}", cents / 100, cents % 100)
            };
            let (risk, step) = (
                i64::try_from(risk).unwrap_or(0),
                i64::try_from(step).unwrap_or(0),
            );
            let entry = if zone {
                format!("{} - {}", price(0), price(-40))
            } else {
                price(0)
            };
            let count = i64::try_from(many).unwrap_or(1);
            let goals: Vec<String> = (1..=count).map(|nth| price(step * nth)).collect();
            let stop = price(-risk - 40);
            let label = |nth: usize, word: &str| {
                if named[nth] {
                    word.to_owned()
                } else {
                    words[nth].to_owned()
                }
            };
            let lines = vec![
                format!("{}: {entry}", label(0, "Entry")),
                format!("{}: {stop}", label(1, "Stop")),
                format!("{}: {}", label(2, "Targets"), goals.join(" / ")),
            ];
            let bounds = if zone {
                let (one, other) = (price(0), price(-40));
                if long {
                    format!("{other}..{one}")
                } else {
                    format!("{one}..{other}")
                }
            } else {
                price(0)
            };
            let side = if long { "long" } else { "short" };
            (
                lines,
                format!("{side} {bounds} > {} ! {stop}", goals.join(" ")),
            )
        })
}

/// The same without the zeros that end a fraction.
fn plain(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let parts: Vec<String> = word
                .split("..")
                .map(|part| match part.contains('.') {
                    true => part.trim_end_matches('0').trim_end_matches('.').to_owned(),
                    false => part.to_owned(),
                })
                .collect();
            parts.join("..")
        })
        .collect::<Vec<_>>()
        .join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_trade_under_words_of_no_language_is_read_exactly_or_held(
        (lines, expected) in trades(),
        order in Just([0usize, 1, 2]).prop_shuffle(),
        side_last in any::<bool>(),
    ) {
        let side = expected.split(' ').next().unwrap_or_default();
        let mut text: Vec<String> = order.iter().map(|nth| lines[*nth].clone()).collect();
        if side_last {
            text.insert(0, "SOL/USDT".to_owned());
            text.push(format!("Side: {side}"));
        } else {
            text.insert(0, format!("SOL/USDT {side}"));
        }
        let text = text.join("\n");
        let told = plain(&told(&text));
        prop_assert!(
            told == plain(&expected) || told == "held",
            "{text}\n  is {told}\n  and not {expected}"
        );
    }

    #[test]
    fn a_level_of_the_market_becomes_no_role(
        (lines, expected) in trades(),
        order in Just([0usize, 1, 2, 3]).prop_shuffle(),
        word in proptest::sample::select(MARKET.to_vec()),
        away in 0u64..3_000,
    ) {
        let side = expected.split(' ').next().unwrap_or_default();
        let level = format!("{word}: {}.{:02}", 150 + away / 10, away % 100);
        let lines = [lines[0].clone(), lines[1].clone(), lines[2].clone(), level];
        let body: Vec<String> = order.iter().map(|nth| lines[*nth].clone()).collect();
        let text = format!("SOL/USDT {side}\n{}", body.join("\n"));
        let told = plain(&told(&text));
        // Where nothing is named it may be a list of the market's levels.
        let named = ["Entry", "Stop", "Targets"].iter().any(|role| text.contains(role));
        prop_assert!(
            told == plain(&expected) || told == "held" || told == "noise" && !named,
            "{text}\n  is {told}\n  and not {expected}"
        );
    }
}
