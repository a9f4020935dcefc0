//! The parser by example: each rule of reading a post, proved on a short text of our own.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects by panicking, and shows its figures"
)]

use domain::market::{MarketKind, Price, Side};
use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Entry, Instruction, Margin, Meaning, Order};
use proptest::prelude::*;

fn read(text: &str) -> Meaning {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning
}

fn signal(text: &str) -> Draft {
    match read(text) {
        Meaning::Signals(drafts) if drafts.len() == 1 => drafts.into_iter().next().unwrap(),
        other => panic!("{text} is {other:?}"),
    }
}

fn held(text: &str) -> String {
    match read(text) {
        Meaning::Quarantined { reason, .. } => reason,
        other => panic!("{text} is {other:?}"),
    }
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn targets(draft: &Draft) -> Vec<String> {
    draft
        .targets
        .iter()
        .map(|target| target.price.to_string())
        .collect()
}

fn orders(text: &str) -> Vec<Instruction> {
    match read(text) {
        Meaning::Updates(orders) | Meaning::Closes(orders) | Meaning::Cancels(orders) => orders,
        other => panic!("{text} is {other:?}"),
    }
}

const FULL: &str = "#SOL/USDT LONG\nLeverage: Cross 10x\nEntry: 150 - 154\nTargets:\n1) 158 - 50%\n2) 165 - 50%\nStop Loss: 145";

#[test]
fn a_full_layout_is_read_field_by_field() {
    let draft = signal(FULL);
    assert_eq!(draft.pair.to_string(), "SOL/USDT");
    assert!(!draft.quote_implied);
    assert_eq!(draft.side, Side::Long);
    assert_eq!(
        draft.entry,
        Entry::Zone {
            low: price("150"),
            high: price("154")
        }
    );
    assert_eq!(targets(&draft), ["158", "165"]);
    assert_eq!(
        draft.targets[0]
            .weight
            .map(|weight| weight.to_string())
            .as_deref(),
        Some("0.5")
    );
    assert_eq!(draft.stop, Some(price("145")));
    assert_eq!(draft.kind, Some(MarketKind::Perpetual));
    assert_eq!(
        draft.leverage.map(|times| times.to_string()).as_deref(),
        Some("10")
    );
}

#[test]
fn fields_may_come_in_any_order() {
    let draft = signal("SL 3300\nTP 2900 - 2800\nShort ETH\nEntry 3180");
    assert_eq!(draft.side, Side::Short);
    assert_eq!(draft.entry, Entry::Limit(price("3180")));
    assert_eq!(targets(&draft), ["2900", "2800"]);
    assert!(draft.quote_implied);
}

#[test]
fn lost_line_breaks_do_not_matter() {
    let draft =
        signal("DOTUSDT SHORTLeverage: 5xEntry: 7.1 - 7.4Target 1: 6.9Target 2: 6.5Stoploss: 7.7");
    assert_eq!(targets(&draft), ["6.9", "6.5"]);
    assert_eq!(draft.stop, Some(price("7.7")));
}

#[test]
fn a_side_that_is_not_written_follows_from_the_levels() {
    assert_eq!(
        signal("$TIA\nEntry: 10.6\nSL: 10\nTP: 11.6").side,
        Side::Long
    );
    assert_eq!(
        signal("$TIA\nEntry: 10.6\nSL: 11\nTP: 9.8").side,
        Side::Short
    );
}

#[test]
fn chinese_posts_are_read_in_both_scripts() {
    let near = signal("合约交易策略\nETH，2510附近，做🈳\n止损预计：2560\n止盈预计：2400");
    assert_eq!(near.side, Side::Short);
    assert_eq!(near.entry, Entry::Limit(price("2510")));
    assert_eq!(near.kind, Some(MarketKind::Perpetual));
    let market = signal("BTC，市价做多\n实时价格: 98000");
    assert_eq!(market.entry, Entry::Market(Some(price("98000"))));
    let traditional = signal(
        "COW   多  （輕倉）\n進場位置：0.39-0.42附近\n目標位置；0.45-0.50\n止損：0.3822附近",
    );
    assert_eq!(targets(&traditional), ["0.45", "0.5"]);
}

#[test]
fn russian_fields_are_read() {
    let draft = signal("Идея BNB/USDT 15М ЛОНГ\nВход: 848,6 - 851,2\nСтоп: 841,7\nТейк 1: 858,1");
    assert_eq!(draft.entry.bounds(), Some((price("848.6"), price("851.2"))));
    assert_eq!(targets(&draft), ["858.1"]);
}

#[test]
fn above_is_a_breakout_for_a_long() {
    let draft = signal("BTC/USDT long\nEntry above 61000\nTarget 64000\nStop 59500");
    assert_eq!(draft.entry, Entry::Breakout(price("61000")));
}

#[test]
fn a_target_in_percent_is_no_price() {
    let draft = signal("$BTC short\nEntry: 62300-63500\nSL: 65000\nTP: 100 - 3000%");
    assert!(draft.targets.is_empty());
}

#[test]
fn several_trades_in_one_post_are_several_drafts() {
    let text = "#BTC/USDT LONG\nEntry 60000\nTP 62000\nSL 59000\n\n#ETH/USDT SHORT\nEntry 3000\nTP 2900\nSL 3060";
    match read(text) {
        Meaning::Signals(drafts) => {
            assert_eq!(drafts.len(), 2);
            assert_eq!(drafts[1].pair.base(), "ETH");
            assert_eq!(drafts[1].stop, Some(price("3060")));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_breakeven_rule_is_kept() {
    let draft = signal(&format!(
        "{FULL}\nTrailing Configuration:\nStop: Breakeven -\n Trigger: Target (1)"
    ));
    assert_eq!(draft.breakeven_after, Some(1));
    assert_eq!(draft.stop, Some(price("145")));
}

#[test]
fn a_trade_that_contradicts_itself_is_held_with_both_numbers() {
    let cases = [
        (
            "BTC long entry 60000 tp 62000 sl 61000",
            "wrong side",
            "61000",
        ),
        (
            "BTC long entry 60000 tp 59000 sl 58000",
            "wrong side",
            "59000",
        ),
        (
            "BTC long entry 60000 tp 62000 sl 40000",
            "farther than 25 %",
            "40000",
        ),
        (
            "BTC long entry 60000 tp 62000 sl 59900",
            "nearer than three",
            "59900",
        ),
        (
            "BTC long entry 60000 tp 620000 sl 59000",
            "times the entry",
            "620000",
        ),
        (
            "BTC long entry 60000 tp 64000 - 62000 sl 59000",
            "out of order",
            "62000",
        ),
        (
            "BTC long entry 60000 tp 62000 sl 59000 sl 58000",
            "two stops",
            "58000",
        ),
        (
            "BTC long entry 600 - 60000 tp 62000 sl 590",
            "too far apart",
            "60000",
        ),
        ("#DUSK long entry 256 tp 300 sl 230", "satoshi", "256"),
        (
            "Buy XAUUSD entry 2500 tp 2600 sl 2499",
            "round-trip",
            "0.04 %",
        ),
    ];
    for (text, why, number) in cases {
        let reason = held(&text.replace(" tp", "\ntp").replace(" sl", "\nsl"));
        assert!(
            reason.contains(why) && reason.contains(number),
            "{text}: {reason}"
        );
    }
}

#[test]
fn both_sides_negations_and_conditions_are_never_trades() {
    for text in [
        "BTC/USDT long or short\nEntry 60000\nTP 62000\nSL 59000",
        "Not now: BTC/USDT long\nEntry 60000\nTP 62000\nSL 59000",
        "If it holds, BTC/USDT long\nEntry 60000\nTP 62000\nSL 59000",
        "BTC/USDT long?\nEntry 60000\nTP 62000\nSL 59000",
        "暂不做多 BTC，60000附近\n止损: 59000",
        "When TP1 hits, close the second",
        "Who is selling Bitcoin now",
        "不要着急去做空",
    ] {
        assert!(!matches!(read(text), Meaning::Signals(_)), "{text}");
    }
}

#[test]
fn a_report_is_a_claim_though_it_repeats_the_levels() {
    let text = "COIN: $INJ/USDT (3-5x)\nDirection: LONG\nTarget 1: 5.82✅\nTarget 2: 5.93✅\n98.2% Profit (5x)";
    match read(text) {
        Meaning::Claim { pair, percent } => {
            assert_eq!(pair.unwrap().base(), "INJ");
            assert_eq!(percent.unwrap().to_string(), "98.2");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        read("btc触发止损，等待下一笔交易"),
        Meaning::Claim { .. }
    ));
}

#[test]
fn later_words_say_what_and_about_which_trade() {
    let close = &orders("比特币多单止盈出局！\nbtc实时价格: 88000")[0];
    assert_eq!(close.order, Order::Close);
    assert_eq!(close.about.side, Some(Side::Long));
    assert_eq!(close.about.pair.as_ref().unwrap().base(), "BTC");
    assert!(close.about.quote_implied);

    assert_eq!(
        orders("修改止损位: 87700")[0].order,
        Order::MoveStop(price("87700"))
    );
    assert_eq!(
        orders("比特币空单，做成本保护，把止损放在成本附近。")[0].order,
        Order::Breakeven
    );
    assert_eq!(orders("Move SL to entry")[0].order, Order::Breakeven);
    let half = orders("CLOSE 50%. SL at entry");
    assert!(matches!(half[0].order, Order::CloseShare(share) if share.to_string() == "0.5"));
    assert_eq!(half[1].order, Order::Breakeven);
    let half = orders("先止盈一半，剩下一半把止损放在成本附近。");
    assert!(matches!(half[0].order, Order::CloseShare(share) if share.to_string() == "0.5"));
    assert_eq!(half[1].order, Order::Breakeven);
    let all = &orders("CLOSE ALL LONG POSITIONS")[0];
    assert!(all.about.all && all.about.side == Some(Side::Long));
    let cancel = &orders("BTC限价空单取消")[0];
    assert_eq!(
        (&cancel.order, cancel.about.side),
        (&Order::Cancel, Some(Side::Short))
    );
    assert_eq!(
        orders("止盈预计: 94700/96000")[0].order,
        Order::Retarget(vec![price("94700"), price("96000")])
    );
    for everything in [
        "全部平仓！",
        "全部止盈平仓！",
        "全部止盈出局！",
        "Cerramos todo",
        "fechar tudo",
    ] {
        assert!(orders(everything)[0].about.all, "{everything}");
    }
    for plan in [
        "第二止盈位85400【全部止盈出局】",
        "Target 2 at 85400, close all there",
    ] {
        assert!(!matches!(read(plan), Meaning::Closes(_)), "{plan}");
    }
    // The price is that of one trade, and nobody says of which.
    assert!(!orders("全部平仓\n实时价格: 96200")[0].about.all);
    assert!(orders("BTC全部平仓\n实时价格: 96200")[0].about.all);
}

#[test]
fn a_flip_closes_the_old_side_and_opens_nothing() {
    let flip = &orders("BTC多单手动平仓，换手做空")[0];
    assert_eq!(
        (&flip.order, flip.about.side),
        (&Order::Close, Some(Side::Long))
    );
}

#[test]
fn talk_orders_nothing() {
    for text in [
        "如果跌破90000就平仓",
        "短线止盈出局，中长线可以继续持有",
        "成本保护意思是把止损设置到成本附近",
        "Maybe I closed position too soon",
        "Стоп! Через 4 минуты эфир",
        "#btc\n比特币103100美元已经完全跌破了！\n下一个目标点位前方低点（100500）。",
    ] {
        assert!(
            matches!(read(text), Meaning::Noise(_)),
            "{text}: {:?}",
            read(text)
        );
    }
}

#[test]
fn an_image_without_words_is_noise() {
    let context = Context {
        assets: Assets::bundled(),
    };
    let meaning = |media| parse::read(" \u{200B}\n", media, context).meaning;
    assert_eq!(meaning(true), Meaning::Noise("image-only"));
    assert_eq!(meaning(false), Meaning::Noise("empty"));
}

#[test]
fn a_text_that_is_too_long_is_not_read() {
    let text = FULL.to_owned() + &" ".repeat(parse::LONGEST_TEXT);
    assert_eq!(read(&text), Meaning::Noise("too-long"));
}

/// Pieces that posts are made of, so that random texts reach the grammar.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "BTC/USDT", "$ETH", "#SOL", "LONG", "SHORT", "做多", "止损", "进场", "Entry", "Target",
            "TP1", "TP", "Stop", "SL", "now", "not", "if", "close", "取消", "保本", "x", "10x",
            "%", "k", "-", "–", "/", ":", "(", ")", "1)", "1️⃣", "✅", "\n", "\n\n", " ", "..", ",",
            "?", "=", "====", "万", "附近", "多", "P", ".", "PERP",
        ])
        .prop_map(str::to_owned),
        "[0-9]{1,7}([.,][0-9]{1,9}){0,3}",
        "\\PC{0,6}",
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn every_trade_that_is_accepted_agrees_with_itself(pieces in prop::collection::vec(piece(), 0..60)) {
        if let Meaning::Signals(drafts) = read(&pieces.concat()) {
            for draft in drafts {
                let (low, high) = draft.entry.bounds().unwrap_or((price("0.0000000000000000001"), price("1000000000000")));
                for target in &draft.targets {
                    match draft.side {
                        Side::Long => prop_assert!(target.price > high || draft.entry.bounds().is_none()),
                        Side::Short => prop_assert!(target.price < low || draft.entry.bounds().is_none()),
                    }
                }
                if let (Some(stop), Some(_)) = (draft.stop, draft.entry.bounds()) {
                    match draft.side {
                        Side::Long => prop_assert!(stop < low),
                        Side::Short => prop_assert!(stop > high),
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_is_always_read_alike(text in "\\PC{0,200}") {
        prop_assert_eq!(read(&text), read(&text));
    }
}

#[test]
fn what_a_target_would_earn_is_no_share_of_the_position() {
    let draft =
        signal("$SOL long\nEntry 100\nTP1 120 (+20%)\nTP2 130 (+30%)\nTP3 150 (+50%)\nSL 90");
    assert_eq!(targets(&draft), ["120", "130", "150"]);
    assert!(draft.targets.iter().all(|target| target.weight.is_none()));
}

#[test]
fn a_number_with_a_hash_counts_signals() {
    let draft = signal("Signal #31 BTC/USDT long\nEntry 60000\nTP 62000\nSL 59000");
    assert_eq!(draft.entry, Entry::Limit(price("60000")));
}

#[test]
fn yesterdays_trade_is_told_and_not_opened() {
    let text = "Yesterday: BTC/USDT long entry 60000\nTP 62000\nSL 59000";
    assert!(!matches!(read(text), Meaning::Signals(_)));
}

#[test]
fn a_zone_keeps_the_side_that_its_name_says() {
    let reason = held("#SOL\nSell zone: 150 - 154\nTarget 160\nStop 140");
    assert!(reason.contains("stop 140 of a short"), "{reason}");
}

#[test]
fn a_word_about_what_is_left_of_a_trade_opens_none() {
    for text in [
        "BTC空单市价104500，止盈40%，剩下做成本保护继续持有",
        "BTC多单目前市价104500，做成本保护，可以修改止盈位: 106000/107000",
        "BTC short still running from 104500, took half, stop at 103000",
    ] {
        assert!(!matches!(read(text), Meaning::Signals(_)), "{text}");
    }
}

#[test]
fn a_plan_told_in_a_sentence_is_held() {
    let text = "We believe that tomorrow our whole team will most likely look somewhere for a BTC short entry around 101-102k, the expected target is 86k, SL at 107k";
    assert!(held(text).contains("talked about"), "{text}");
}

#[test]
fn an_entry_is_valid_as_long_as_the_text_says_or_its_timeframe_implies() {
    let hours = |text: &str| signal(text).valid_for.map(|valid| valid.as_secs() / 3_600);
    let call = "LONG #BTC/USDT\nEntry: 60000\nTarget: 63000\nStop: 58500";
    assert_eq!(hours(call), None);
    assert_eq!(hours(&format!("{call}\nValid for 48 hours")), Some(48));
    assert_eq!(hours(&format!("{call}\nTimeframe: 4H")), Some(96));
    assert_eq!(hours(&format!("{call}\nTF: M15")), Some(6));
    assert_eq!(hours(&format!("#BTC/USDT 1h timeframe\n{call}")), Some(24));
    assert_eq!(hours(&format!("{call}\nTimeframe: 1m")), Some(1));
    assert_eq!(
        hours(&format!("{call}\n周期：4小时\n有效期：2天")),
        Some(48)
    );
    assert_eq!(hours(&format!("{call}\nExpires in 3 years")), None);
}

/// Each field with the text that it was read from.
fn shown(text: &str) -> Vec<(&'static str, &'static str, String)> {
    let spans = match read(text) {
        Meaning::Signals(drafts) | Meaning::Quarantined { drafts, .. } => {
            drafts.into_iter().flat_map(|draft| draft.spans).collect()
        }
        _ => Vec::new(),
    };
    spans
        .into_iter()
        .map(|span: domain::reading::Span| {
            let (from, to) = (span.from as usize, span.to as usize);
            (
                span.field.label(),
                span.confidence.label(),
                text[from..to].to_owned(),
            )
        })
        .collect()
}

#[test]
fn each_field_says_where_in_the_text_it_stands() {
    let text = "🚀 𝐋𝐎𝐍𝐆 #BTC/USDT 10x\nEntry: 60,000 – 61k\nTP1️⃣ 63.000 (50%)\nСтоп: ５８５００$";
    let found: Vec<_> = shown(text)
        .into_iter()
        .map(|(field, sure, text)| format!("{field} {sure} {text}"))
        .collect();
    assert_eq!(
        found,
        [
            "side named 𝐋𝐎𝐍𝐆",
            "symbol named BTC/USDT",
            "leverage named 10x",
            "entry named 60,000",
            "entry named 61k",
            "target named 63.000",
            "stop named ５８５００",
        ]
    );
    // A combining accent and an invisible sign before the fields do not shift them.
    let found = shown("pe\u{301}re\u{200B} ETH 多 2500 止损 2400");
    assert_eq!(
        found
            .iter()
            .map(|(_, _, text)| text.as_str())
            .collect::<Vec<_>>(),
        ["ETH", "多", "2500", "2400"]
    );
    assert_eq!(found[2].1, "placed");
}

#[test]
fn numbers_higher_than_any_price_break_nothing() {
    // Found by fuzzing: a product of it left the range of exact numbers.
    let high = "9".repeat(28);
    for text in [
        format!("TV9 شورت (2 {high} {high}\nTP {high}"),
        format!("LONG BTC entry {high} tp {high}R {high}% sl {high}%"),
    ] {
        assert!(!matches!(read(&text), Meaning::Signals(_)), "{text}");
    }
}

#[test]
fn what_is_said_beside_the_levels_is_kept_and_is_no_level() {
    let draft = signal(
        "BTC/USDT LONG Isolated 10x\nEntry: 60000-60500\nTP1: 61000\nTP2: 62000\nTP3: open\nSL: 59000\n\
         Risk: 1-2% of deposit\nTimeframe: 4H\nAfter TP1 move SL to entry, then trail the stop",
    );
    assert_eq!(targets(&draft), ["61000", "62000"]);
    assert_eq!(draft.stop, Some(price("59000")));
    assert_eq!(draft.breakeven_after, Some(1));
    let manner = &draft.manner;
    assert_eq!(manner.margin, Some(Margin::Isolated));
    assert_eq!(manner.risk, Some(1.into()));
    assert_eq!(manner.size, None);
    assert_eq!(
        manner.timeframe,
        Some(std::time::Duration::from_secs(14_400))
    );
    assert!(manner.open_target && manner.trailing);
    let draft = signal("SOL/USDT short 150, sl 156, tp 140, with 4% of your deposit, кросс");
    assert_eq!(draft.manner.size, Some(4.into()));
    assert_eq!(draft.manner.margin, Some(Margin::Cross));
}
