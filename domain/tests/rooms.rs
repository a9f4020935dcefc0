//! The parser on the habits of real rooms: brokers' posts on gold and currencies, short hand and the
//! layouts that bots share.

mod told;

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Entry};

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
    let read = parse::read(text, false, Context { assets });
    told::meaning(&read.meaning, shown)
}

fn all(cases: &[(&str, &str)]) {
    told::all(cases, told);
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

#[test]
fn what_is_gained_beside_a_price_is_no_other_price() {
    all(&[
        (
            "#EURJPY - BUY NOW\nEn@162.50\nSL@161.00\nTP@164.50   +200     +4%",
            "long EUR/JPY now 162.5 > 164.5 ! 161",
        ),
        (
            "SELL EURUSD EN 1.0840\nTP1 1.0780 +60\nTP2 1.0740 +100\nSL 1.0890 -50",
            "short EUR/USD 1.084 > 1.078 1.074 ! 1.089",
        ),
        (
            "ETH/USDT long\nEntry 3000\nTP 3100 + 3200\nSL 2900",
            "long ETH/USDT 3000 > 3100 3200 ! 2900",
        ),
    ]);
}

#[test]
fn a_second_number_may_leave_out_the_digits_that_both_begin_with() {
    all(&[
        (
            "GBPJPY SELL NOW @ 188.40/45\nSL 188.90\nTP 186.50",
            "short GBP/JPY 188.4..188.45 > 186.5 ! 188.9",
        ),
        (
            "GOLD BUY 4107/04\nSL 4098\nTP 4120/30",
            "long XAU/USD 4104..4107 > 4120 4130 ! 4098",
        ),
        (
            "EUR/USD buy zone 1.0845-25\nSL 1.0790\nTP 1.0900",
            "long EUR/USD 1.0825..1.0845 > 1.09 ! 1.079",
        ),
        // The next ten would be nearer.
        (
            "GOLD BUY 3390-10\nSL 3300\nTP 3450",
            "held: XAU at 10: it has cost more than 500 ever since posts are written about it",
        ),
    ]);
}

#[test]
fn a_list_number_stands_before_a_word_or_a_dash() {
    all(&[
        (
            "BUY ETHUSD\nENTRY 3100\nTake profit 1 at 3150\nTake profit 2 at 3200\nStop loss at 3050",
            "long ETH/USD 3100 > 3150 3200 ! 3050",
        ),
        (
            "#AVAX/USDT (Long)\nEntry 1 - 31.80 (50%)\nEntry 2 - 30.40 (50%)\nTargets - 33 - 35\nStoploss - 29",
            "long AVAX/USDT 30.4..31.8 > 33 35 ! 29",
        ),
    ]);
}

#[test]
fn the_side_that_is_declared_holds_where_the_other_one_only_labels_a_price() {
    all(&[
        (
            "SHORT LTCUSDT\nBuy: 90 - 92\nTarget 1: 86\nTarget 2: 82\nStoploss: 97",
            "short LTC/USDT 90..92 > 86 82 ! 97",
        ),
        (
            "#LTC_USDT scalp Long\nEntry Zone: 88 & 90\nSell Zone: 92-94-97\nStopLoss: 85",
            "long LTC/USDT 88..90 > 92 94 97 ! 85",
        ),
        (
            "SHORT LTCUSDT\nBuy: 90 - 92\nTarget 1: 96\nStoploss: 85",
            "held: it names both sides",
        ),
    ]);
}

#[test]
fn a_slip_of_the_pen_in_a_label_is_that_label_and_in_a_pair_holds_the_trade() {
    all(&[
        (
            "#ADA/USDT #LONG\nBUY : 0.80$- 0.85$\nTARGET 1 : 0.90$\nTARGTE 2 : 0.95$\nSTPO LOSS : 0.75$",
            "long ADA/USDT 0.8..0.85 > 0.9 0.95 ! 0.75",
        ),
        (
            "XUAUSD SELL NOW @ 2393\nSL : 2399\nTP : 2380",
            "held: XUAUSD is no asset that is known here, and may be XAUUSD",
        ),
    ]);
}

#[test]
fn a_card_may_say_that_its_levels_are_set_and_where_it_enters_in_two_letters() {
    all(&[
        (
            "GOLD sell now at ------2391.30\nSL POINT set at------2399.70\nTP POINT set at------2370",
            "short XAU/USD now 2391.3 > 2370 ! 2399.7",
        ),
        (
            "USDCAD\n1st buy limit set at\n@ 1.36700 (lot size 0.01)\n2nd buy limit set at\n@ 1.36000 (lot size 0.03)\nTP SET 1.39000",
            "long USD/CAD 1.36..1.367 > 1.39",
        ),
        (
            "AUDCAD\n1st sell now\n@ 0.9130\n2nd sell limit set at\n@ 0.9180\nTP SET 0.9000",
            "short AUD/CAD 0.913..0.918 > 0.9",
        ),
        (
            "NZDUSD SELL\nAt: 0.6120\nSL: 0.6150\nTP: 0.6050",
            "short NZD/USD 0.612 > 0.605 ! 0.615",
        ),
        ("SL set at 2399, gold", "update"),
    ]);
}

#[test]
fn what_will_be_done_behind_an_arrow_reports_nothing_and_a_ticked_target_does() {
    all(&[
        (
            "BUY XAUUSD\nEntry: 2350\nSL: 2340\nTP1: 2360\nTP1 hit → close half, SL to entry\nSL hit → out",
            "long XAU/USD 2350 > 2360 ! 2340",
        ),
        (
            "#ETH/USDT SHORT\nEntry: 2460 - 2480\nTargets:\n1) 2430 - 50% ✅\n2) 2390 - 50%\nStop: 2550",
            "claim",
        ),
    ]);
}

#[test]
fn thousands_are_meant_where_another_price_is_written_in_full() {
    all(&[
        (
            "Long BTC 91 - 89\nstop 86000",
            "long BTC/USDT 89000..91000 >  ! 86000",
        ),
        (
            "#BTC/USDT LONG\nEntry: 37.1-36.3\nTargets: 38K - 39K - 41.4\nStop: 34.4",
            "long BTC/USDT 36300..37100 > 38000 39000 41400 ! 34400",
        ),
        (
            "BTC/USDT Short\nLeverage: 32\nEntry: 36160\nTarget 1 - 35900\nStop: 36900",
            "short BTC/USDT 36160 > 35900 ! 36900",
        ),
        (
            "Long BTC 91 - 89\nstop 86",
            "held: BTC at 89: it has cost more than 1000 ever since posts are written about it",
        ),
    ]);
}

#[test]
fn a_trade_in_short_hand_is_a_pair_its_entry_and_its_stop() {
    all(&[
        ("Doge .1775 stop .166", "long DOGE/USDT 0.1775 >  ! 0.166"),
        (
            "Limit short link 14.58 14.75 stop 15.3",
            "short LINK/USDT 14.58..14.75 >  ! 15.3",
        ),
        ("Limit long eth - 2754", "long ETH/USDT 2754 > "),
        ("Doge stop .166", "update"),
        ("Who has a link to the stop at 5", "noise"),
    ]);
}

#[test]
fn a_stop_may_be_told_behind_its_price_or_by_the_close_of_a_candle() {
    all(&[
        (
            "ADA/USDT x10 SHORT\nNow : 0.855$\nTarget : 0.82$ - 0.80$\n0.90$ can be stop",
            "short ADA/USDT now 0.855 > 0.82 0.8 ! 0.9",
        ),
        (
            "Buy limit Eurusd 1.0820 - 1.0790 Tp 1.0900 - 1.0950 sl (if 4h candle closes under 1.0750 then exit)",
            "long EUR/USD 1.079..1.082 > 1.09 1.095 ! 1.075",
        ),
    ]);
}

#[test]
fn indices_are_traded_and_options_are_held() {
    all(&[
        (
            "SELL DAX 23900\nSL 24000\nTP 23700",
            "short GER40/USD 23900 > 23700 ! 24000",
        ),
        (
            "BUY NIFTY 22900 CE ABOVE 165 SL 145 TGT 180/200",
            "held: an option is traded (22900 CE): its price is a premium that no market here shows",
        ),
        (
            "I buy BITCOIN PUT 95000 at 2900, stop 2700",
            "held: an option is traded (PUT 95000): its price is a premium that no market here shows",
        ),
        (
            "GOLD SELL NOW 3328 - 3331\nSL WE PUT 3338\nTP ONE 3322",
            "short XAU/USD 3328..3331 > 3322 ! 3338",
        ),
    ]);
}

#[test]
fn a_dot_in_a_colour_tells_the_stop_from_the_target() {
    all(&[
        (
            "Audcad buy @ 0.9130\n🔴0.9085\n🔵0.9205",
            "long AUD/CAD 0.913 > 0.9205 ! 0.9085",
        ),
        (
            "SOL long\nEntry: 245\u{2024}50\nTarget: 250\u{2024}25\nStop: 238\u{2024}64",
            "long SOL/USDT 245.5 > 250.25 ! 238.64",
        ),
    ]);
}

#[test]
fn an_underscore_may_lead_to_a_price() {
    all(&[
        (
            "GOLD BUY 4120\nTP_4131\nTP_4144\nSL_4102",
            "long XAU/USD 4120 > 4131 4144 ! 4102",
        ),
        (
            "pair=AVAXUSDT;side=BUY\nentry_1=27.85\ntp_1=28.90;tp_2=30.10\nsl=25.40",
            "long AVAX/USDT 27.85 > 28.9 30.1 ! 25.4",
        ),
        (
            "#ONT/USDT\n#SHORT\nEntry LIMIT: 1.0665\n\nSELL:\n1.0620 - 1.0580 - 1.0535\n\nLeverage - 10x\nSTOP LOSS: 1.120",
            "short ONT/USDT 1.0665 > 1.062 1.058 1.0535 ! 1.12",
        ),
    ]);
}

#[test]
fn what_a_card_denies_did_not_happen() {
    all(&[
        (
            "SOL Swing Long Entry: 144 TP: 170 SL: 131 Position Closed: No Position Filled: No",
            "long SOL/USDT 144 > 170 ! 131",
        ),
        ("SOL Position Closed: Yes", "close"),
        ("Gold 40 pips profit", "claim"),
    ]);
}
