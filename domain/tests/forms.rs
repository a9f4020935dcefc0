//! The parser on how people write: numbers, lists and sentences in the forms that channels use.

mod told;

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Entry, Meaning};

fn read(text: &str) -> Meaning {
    read_where(Assets::bundled(), text)
}

fn read_where(assets: &Assets, text: &str) -> Meaning {
    parse::read(text, false, Context { assets }).meaning
}

/// `long BTC/USDT 60000..61000 > 62000 ! 58000`.
fn shown(draft: &Draft) -> String {
    let entry = match draft.entry.bounds() {
        None => "market".to_owned(),
        Some((low, high)) if low == high => low.to_string(),
        Some((low, high)) => format!("{low}..{high}"),
    };
    let kind = match draft.entry {
        Entry::Market(Some(_)) => " now",
        Entry::Breakout(_) => " beyond",
        Entry::Ladder(_) => " steps",
        Entry::Scaled { .. } => " now and",
        Entry::Market(None) | Entry::Limit(_) | Entry::Zone { .. } => "",
    };
    let targets: String = draft
        .targets
        .iter()
        .map(|target| format!(" {}", target.price))
        .collect();
    let stop = draft
        .stop
        .map_or_else(String::new, |stop| format!(" ! {stop}"));
    format!(
        "{} {}{kind} {entry} >{targets}{stop}",
        draft.side, draft.pair
    )
}

/// The trade that is read, why it is held, or what else it is.
fn told(text: &str) -> String {
    told::meaning(&read(text), shown)
}

fn all(cases: &[(&str, &str)]) {
    told::all(cases, told);
}

#[test]
fn what_an_asset_costs_tells_what_divides_its_thousands() {
    all(&[
        (
            "BTC/USDT short\nEntry: 118 500 - 119 200\nTargets: 117 000 / 115 400\nSL: 121 000",
            "short BTC/USDT 118500..119200 > 117000 115400 ! 121000",
        ),
        (
            "ACHAT GOLD maintenant 3 308\nSL 3 300\nTP1 3 312\nTP2 3 318,50",
            "long XAU/USD now 3308 > 3312 3318.5 ! 3300",
        ),
        (
            "#XRP/USDT LONG\nEntry : 2,245 - 2,190\nTP1 : 2,310\nTP2 : 2,380\nSL : 2,095",
            "long XRP/USDT 2.19..2.245 > 2.31 2.38 ! 2.095",
        ),
        (
            "#ETH/USDT LONG\nEntry : 3,245\nTP1 : 3,310\nSL : 3,095",
            "long ETH/USDT 3245 > 3310 ! 3095",
        ),
        (
            "BTCUSDT long 95.300, sl 93.800, tp 97.400 99.000",
            "long BTC/USDT 95300 > 97400 99000 ! 93800",
        ),
        (
            "SOL long 150\nTP 1 158\nTP 2 164\nSL 145",
            "long SOL/USDT 150 > 158 164 ! 145",
        ),
        (
            "姨太 多\n进：２，６８０－２，６５０\n损：２，５９８\n盈：２，７４０、２，８００",
            "long ETH/USDT 2650..2680 > 2740 2800 ! 2598",
        ),
    ]);
}

#[test]
fn list_numbers_are_known_wherever_they_stand() {
    all(&[
        (
            "DOT/USDT long\nEntry: 4,385 Targets: 1) 4,4902) 4,6203) 4,810Stop: 4,255",
            "long DOT/USDT 4.385 > 4.49 4.62 4.81 ! 4.255",
        ),
        (
            "코인 : BTC/USDT\n포지션 : 숏\n진입가 : 101,800 ~ 102,600\n1차 익절 : 100,500\n2차 익절 : 99,000\n손절가 : 103,900",
            "short BTC/USDT 101800..102600 > 100500 99000 ! 103900",
        ),
        (
            "ADA/USDT long 0.70\n1er objectif : 0.73\n2e objectif : 0.76\nSL 0.67",
            "long ADA/USDT 0.7 > 0.73 0.76 ! 0.67",
        ),
        (
            "幣種：$BTC\n方向：做空\n進場：市價 89,420\n停利1：88,300\n停利2：87,000\n停損：90,450",
            "short BTC/USDT now 89420 > 88300 87000 ! 90450",
        ),
    ]);
}

#[test]
fn pictures_and_bold_type_say_no_more_than_words() {
    all(&[
        (
            "🪙 **#TON/USDT** 📉 **SHORT**\n🔹 Entry: **3.285**\n🎯 3.210 / 3.120\n🛑 3.402",
            "short TON/USDT 3.285 > 3.21 3.12 ! 3.402",
        ),
        (
            "Entrada: zona 104.300 – 105.100\n#BTC/USDT CORTO\n🎯 103.200 / 102.000\n⛔ 106.900",
            "short BTC/USDT 104300..105100 > 103200 102000 ! 106900",
        ),
        (
            "$ARB long\nEntry:\n🔸 0.52\n🔸 0.50\nTargets:\n🔸 0.55\n🔸 0.58\nSL 0.48",
            "long ARB/USDT 0.5..0.52 > 0.55 0.58 ! 0.48",
        ),
    ]);
}

#[test]
fn now_and_the_price_that_was_seen_are_one_entry() {
    all(&[
        (
            "FIL/USDT SHORT\nEntry: market price (2.412)\nTP 2.36 2.31\nSL 2.505",
            "short FIL/USDT now 2.412 > 2.36 2.31 ! 2.505",
        ),
        (
            "SOL/USDT short\nEntry: market, now 163.40\nTP 159 / 154.50\nSL 170.20",
            "short SOL/USDT now 163.4 > 159 154.5 ! 170.2",
        ),
        (
            "Gold sell now @3376.5\nadd more 3380\nsl 3386\ntp 3372/3368/3360",
            "short XAU/USD steps 3376.5..3380 > 3372 3368 3360 ! 3386",
        ),
        (
            "doge short from 0.2145 (now 0.2098), stop 0.2230, targets 0.2050 0.1985",
            "short DOGE/USDT 0.2145 > 0.205 0.1985 ! 0.223",
        ),
        (
            "大饼：94800-95300区间空\n补仓：96200\n止损：97000\n止盈：93600-92500",
            "short BTC/USDT steps 94800..96200 > 93600 92500 ! 97000",
        ),
        (
            "ETH long\nEntry: now or 3300\nTP 3600\nSL 3200",
            "held: it enters at once and at 3300",
        ),
    ]);
}

#[test]
fn a_condition_refuses_what_it_is_said_of() {
    all(&[
        (
            "shorting btc 98300-98700, stop 99650, targets 97100, 95900 and 94k if they dump it properly",
            "short BTC/USDT 98300..98700 > 97100 95900 94000 ! 99650",
        ),
        (
            "Sell XAUUSD 2905\nSL 2917\nTP 2890\nRemember that you can always enter again whenever your broker lets you, if your account survives it.",
            "short XAU/USD 2905 > 2890 ! 2917",
        ),
        (
            "Long SOL at 162, adding at 155 if it dips, stop 149, targets 171, 182",
            "long SOL/USDT 155..162 > 171 182 ! 149",
        ),
        (
            "If BTC breaks 61000, long with stop 60000 and target 64000",
            "held: its entry is conditional",
        ),
        (
            "long btc 60000 sl 58000 tp 64000, if we break 61000",
            "held: its entry is conditional",
        ),
        (
            "Do not long BTC at 60000, sl 58000, tp 64000",
            "held: its entry is negated",
        ),
        (
            "long btc 60000 sl 58000 tp 64000. thoughts?",
            "held: its entry is asked about",
        ),
    ]);
}

#[test]
fn a_number_that_nothing_names_holds_the_trade() {
    let unknown = told("SUI/USDT long\nEntry 3.26\nBlorp 1: 3.38\nBlorp 2: 3.12\nSL 3.05");
    assert_eq!(unknown, "held: what 3.38 is stands nowhere");
    all(&[
        // Between the stop and the target beside the side it can only be the entry.
        (
            "SUI/USDT long blorp 3.26\nTP 3.38\nSL 3.05",
            "long SUI/USDT 3.26 > 3.38 ! 3.05",
        ),
        // What is far from all levels counts something else.
        (
            "№ 214\nSUI/USDT long\n5 members are in already\nEntry 3.26\nTP 3.38\nSL 3.05",
            "long SUI/USDT 3.26 > 3.38 ! 3.05",
        ),
    ]);
}

#[test]
fn a_level_under_an_unknown_word_is_missed_by_a_trade_without_it() {
    assert_eq!(
        told("Long SOL from 162\nSL 149\nmy blorp is 171 and another 158"),
        "held: what 171 is stands nowhere"
    );
    assert_eq!(
        told("Long SOL from 162\nTP 171\nblorp at 149 or at 145 please"),
        "held: what 149 is stands nowhere"
    );
    // The stop stands for an entry that nobody wrote.
    assert_eq!(
        told("Buy ATOM now, stop 4.08, targets 4.70, 50.5"),
        "held: the target 50.5 is far from the stop 4.08"
    );
}

#[test]
fn what_a_machine_counts_beside_the_levels_is_none() {
    all(&[
        (
            "LONG ETHUSDT.P\nPrice: 3120.5\nSL: 3040 (-2.58%)\nTP1: 3200 (+2.56%) R 1.0\nTP2: 3280 (+5.13%) R 2.0\nVol: 1.8x",
            "long ETH/USDT 3120.5 > 3200 3280 ! 3040",
        ),
        (
            "GBPJPY SELL\nEntry 197.80\nStop 198.95\nTake profit 1 - 197.20\nTake profit 2 - 196.50",
            "short GBP/JPY 197.8 > 197.2 196.5 ! 198.95",
        ),
        (
            "#ENA/USDT SHORT\nEntry: 0.612\nTake Profit:\n✔️ 0.598\n✔️ 0.580\nStop: 0.635",
            "short ENA/USDT 0.612 > 0.598 0.58 ! 0.635",
        ),
    ]);
    assert!(matches!(
        read("DOGEUSDT.P LONG | TP1 ✅ 0.2035\nPnL +2.56% | SL → 0.1984 (BE)"),
        Meaning::Updates(_) | Meaning::Claim { .. } | Meaning::Noise(_)
    ));
}

#[test]
fn ten_thousands_have_a_rest_and_an_asset_its_side_right_behind_it() {
    all(&[
        (
            "ビットコインショート11万2000、損切り11万5000、利確10万9000",
            "short BTC/USDT 112000 > 109000 ! 115000",
        ),
        (
            "비트 11만2000 숏, 손절 11만5000, 목표 10만9000",
            "short BTC/USDT 112000 > 109000 ! 115000",
        ),
        (
            "大饼空 11.2万 损11.5万 看10.9万 10.6万",
            "short BTC/USDT 112000 > 109000 106000 ! 115000",
        ),
    ]);
}

#[test]
fn a_leverage_takes_only_the_numbers_that_are_joined_to_it() {
    let post = "SOL long 162, sl 149, tp 171/182/195 10x";
    assert_eq!(told(post), "long SOL/USDT 162 > 171 182 195 ! 149");
    let Meaning::Signals(drafts) = read(post) else {
        panic!("no trade");
    };
    assert_eq!(drafts[0].leverage, Some(10.into()));
}

#[test]
fn the_language_of_a_text_tells_what_a_word_means() {
    all(&[
        (
            "Comprei ADA no spot hoje, faixa de 0,612 a 0,628. Stop em 0,565. Alvos: 0,68, 0,74",
            "long ADA/USDT 0.612..0.628 > 0.68 0.74 ! 0.565",
        ),
        (
            "Coin : #FLOKI/USDT\nSell karo : 0.0985 se 0.1010\nTarget 1 : 0.0950\nSL lagao : 0.1055",
            "short FLOKI/USDT 0.0985..0.101 > 0.095 ! 0.1055",
        ),
        (
            "Se SOL cair a 150, long com stop em 145 e alvo 160",
            "held: its entry is conditional",
        ),
    ]);
}

#[test]
fn what_calls_itself_an_example_or_a_report_opens_nothing() {
    for text in [
        "Lesson of the day: long BTC 60000, stop 58000, target 64000",
        "entry long BTC 100.000, SL 98.000, TP 106.000. Ini cuma contoh edukasi ya",
        "Weekly recap\nLINK long 13.80 stop 13.30 targets 14.20 14.90",
        "Разбор сделки: LINK лонг 13,80, стоп 13,30, цели 14,20 и 14,90",
    ] {
        assert!(!matches!(read(text), Meaning::Signals(_)), "{text}");
    }
    all(&[(
        "LINK/USDT long 13.80\nSL 13.30\nTP 14.20 14.90\nWeekly results: 85% win rate",
        "long LINK/USDT 13.8 > 14.2 14.9 ! 13.3",
    )]);
}

#[test]
fn a_coin_that_no_list_knows_is_not_lost() {
    let levels = "\nLONG\nEntry: 0.52\nTP: 0.55\nSL: 0.50";
    for named in ["#NEWQOIN/USDT", "NEWQOINUSDT", "$NEWQOIN", "NEWQOIN-USDT"] {
        assert_eq!(
            told(&format!("{named}{levels}")),
            "long NEWQOIN/USDT 0.52 > 0.55 ! 0.5",
            "{named}"
        );
    }
    assert_eq!(
        told(&format!("#NEWQOIN{levels}")),
        "held: NEWQOIN is no asset that is known here"
    );
    // Three digits behind a comma are thousands of some assets and decimals of others.
    assert_eq!(
        told("#NEWQOIN/USDT LONG\nEntry: 1,520\nTP: 1,550\nSL: 1,500"),
        "held: `1,520` can be read in two ways"
    );
}

#[test]
fn what_only_a_venue_lists_may_cost_anything() {
    let mut assets = Assets::bundled().clone();
    assets.add("QBT");
    let text = "COIN: $QBT/USDT\nDirection: SHORT\nENTRY: market\nTARGETS: 47,520 - 47,204\nSTOP LOSS: 48,639";
    let Meaning::Signals(drafts) = read_where(&assets, text) else {
        panic!("no trade");
    };
    assert_eq!(
        shown(&drafts[0]),
        "short QBT/USDT market > 47520 47204 ! 48639"
    );
}

#[test]
fn a_stop_keeps_its_number_whatever_word_stands_between() {
    all(&[
        (
            "LTC/USDT COMPRA\nEntrada: 92,40\nObjetivos: 95,10 / 98,00\nStop de pérdidas: 88,60",
            "long LTC/USDT 92.4 > 95.1 98 ! 88.6",
        ),
        (
            "LTC/USDT long\nEntry: 92.4\nTargets: 95.1, 98\nStop of profits 88.6",
            "held: what 88.6 is stands nowhere",
        ),
    ]);
}

#[test]
fn a_number_with_an_ending_before_the_word_is_a_leverage() {
    for (text, expected) in [
        ("LTC/USDT long 92.4, SL 88.6, TP 95.1 - 98. 5er Hebel", "5"),
        (
            "LTC/USDT long 92.4, SL 88.6, TP 95.1 - 98. 25er Hebel",
            "25",
        ),
        ("LTC/USDT long 92.4 // sl 88.6 // tp 95.1 / 98.3 // 8x", "8"),
    ] {
        let Meaning::Signals(drafts) = read(text) else {
            panic!("{text}: {}", told(text));
        };
        let leverage = drafts[0].leverage.map(|leverage| leverage.to_string());
        assert_eq!(leverage.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_price_within_the_entry_is_no_other_level() {
    all(&[(
        "Litecoin is slow at 92. Short from 91.60-92.80, stop 95.10, targets 88.40 and 85",
        "short LTC/USDT 91.6..92.8 > 88.4 85 ! 95.1",
    )]);
}

#[test]
fn a_table_says_in_its_columns_what_each_cell_is() {
    let head = "Idee Nr. 12\n| Wert | Richtung | Einstieg | Stopp | Ziel 1 | Ziel 2 | Hebel |\n|---|:--|---|---|---|---|---|\n";
    let cases = [
        (
            "| LTC/USDT | LONG | 92,40–91,10 | 88,60 | 95,10 | 98,00 | 4x |\nKein Anlagerat.",
            "long LTC/USDT 91.1..92.4 > 95.1 98 ! 88.6",
        ),
        (
            "| DOT/USDT | SHORT | Markt (6,92) | 7,30 | 6,70 | 6,40 | 3x |",
            "short DOT/USDT now 6.92 > 6.7 6.4 ! 7.3",
        ),
        (
            "| LTC/USDT | LONG | 92,40 | 88,60 | 95,10 | 98,00 | 4x |\n| DOT/USDT | SHORT | 6,92 | 7,30 | 6,70 | 6,40 | 3x |",
            "long LTC/USDT 92.4 > 95.1 98 ! 88.6; short DOT/USDT 6.92 > 6.7 6.4 ! 7.3",
        ),
    ];
    for (rows, expected) in cases {
        assert_eq!(told(&format!("{head}{rows}")), expected, "{rows}");
    }
}

#[test]
fn dots_lead_from_a_label_to_its_value_and_a_counted_exit_is_a_target() {
    all(&[
        (
            "Asset ..... LTC/USDT\nBias ...... LONG\nAccumulate . 92.40 to 91.10\nExit 1 .... 95.10\nExit 2 .... 98.00\nInvalidation . 88.60",
            "long LTC/USDT 91.1..92.4 > 95.1 98 ! 88.6",
        ),
        ("Exit LTC now at 95.10", "close"),
    ]);
}

#[test]
fn what_is_left_at_behind_a_stop_is_a_target() {
    all(&[
        (
            "LTC long sofort, Kurs 92,40, Stop 88,60, raus bei 95,10 / 98,30",
            "long LTC/USDT now 92.4 > 95.1 98.3 ! 88.6",
        ),
        (
            "đặt lệnh mua LTC 92.4 và 91.1, dừng lỗ 88.6, chốt 95.1 98.3",
            "long LTC/USDT 91.1..92.4 > 95.1 98.3 ! 88.6",
        ),
    ]);
}

#[test]
fn a_list_under_the_prices_of_an_entry_is_another_field() {
    all(&[(
        "#LTC/USDT ACQUISTO\nPrezzo: 92.40 ~ 91.10\n① 95.10\n② 98.30\nStop: 88.60",
        "long LTC/USDT 91.1..92.4 > 95.1 98.3 ! 88.6",
    )]);
}

#[test]
fn a_label_of_one_character_counts_where_it_stands_alone() {
    all(&[(
        "ltc 空 92.4 93.1 兩格掛，損 95.6，利 90.2 88.5",
        "short LTC/USDT 92.4..93.1 > 90.2 88.5 ! 95.6",
    )]);
}

#[test]
fn a_stop_may_stand_behind_its_price() {
    all(&[
        (
            "Mua LTC quanh 92.4-91.1 nhé các bác, thủng 88.6 em cắt. Kỳ vọng 95.1, 98.3",
            "long LTC/USDT 91.1..92.4 > 95.1 98.3 ! 88.6",
        ),
        (
            "Buying LTC at 92.4, it is dead below 88.6 stop 87.9, targets 95.1 and 98.3",
            "held: what 88.6 is stands nowhere",
        ),
    ]);
}

#[test]
fn what_sets_an_order_off_is_its_entry_where_no_other_is_written() {
    all(&[
        (
            "pair=LTCUSDT;side=SELL;type=STOP\ntrigger=92.40\ntp_1=90.10;tp_2=88.30\nsl=95.60",
            "short LTC/USDT beyond 92.4 > 90.1 88.3 ! 95.6",
        ),
        (
            "pair=LTCUSDT;side=SELL\ntrigger=92.40\nentry=92.10\ntp_1=90.10;tp_2=88.30\nsl=95.60",
            "held: what 92.40 is stands nowhere",
        ),
    ]);
}
