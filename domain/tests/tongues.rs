//! The parser in many languages: calls, later words and talk as their speakers write them.

mod told;

use domain::parse::{self, Assets, Context};
use domain::reading::{Draft, Entry, Meaning, Order};

fn read(text: &str) -> Meaning {
    let context = Context {
        assets: Assets::bundled(),
    };
    parse::read(text, false, context).meaning
}

/// `long BTC/USDT limit 60000 > 61000 62000 ! 58000 x10`.
fn shown(draft: &Draft) -> String {
    let entry = match draft.entry {
        Entry::Market(None) => "market".to_owned(),
        Entry::Market(Some(price)) => format!("market {price}"),
        Entry::Limit(price) => format!("limit {price}"),
        Entry::Zone { low, high } => format!("zone {low} {high}"),
        Entry::Ladder(ladder) => ladder.rungs().fold("ladder".to_owned(), |text, rung| {
            format!(
                "{text} {}*{}",
                rung.price,
                rung.share.round_dp(3).normalize()
            )
        }),
        Entry::Breakout(price) => format!("breakout {price}"),
        Entry::Scaled { low, high } => format!("now and {low} {high}"),
    };
    let targets: String = draft
        .targets
        .iter()
        .map(|target| format!(" {}", target.price))
        .collect();
    let stop = draft.stop.map(|stop| format!(" ! {stop}"));
    let leverage = draft.leverage.map(|leverage| format!(" x{leverage}"));
    format!(
        "{} {} {entry} >{targets}{}{}",
        draft.side,
        draft.pair,
        stop.unwrap_or_default(),
        leverage.unwrap_or_default()
    )
}

/// The kind, and what it says of trades.
fn told(text: &str) -> String {
    let orders = |instructions: &[domain::reading::Instruction]| {
        let order = |instruction: &domain::reading::Instruction| match &instruction.order {
            Order::MoveStop(price) => format!("stop {price}"),
            Order::Breakeven => "breakeven".to_owned(),
            Order::CloseShare(share) => format!("take {share}"),
            Order::Close => "close".to_owned(),
            Order::Cancel => "cancel".to_owned(),
            Order::Retarget(prices) if prices.is_empty() => "no targets".to_owned(),
            Order::Retarget(_) => "targets".to_owned(),
            Order::MoveEntry { low, high } => format!("entry {low}-{high}"),
            Order::WithdrawStop => "no stop".to_owned(),
            Order::MoveTarget { k, price } => format!("target {k} {price}"),
            Order::Reenter(_) => "reenter".to_owned(),
        };
        instructions
            .iter()
            .map(order)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let meaning = read(text);
    match &meaning {
        Meaning::Updates(told) | Meaning::Closes(told) | Meaning::Cancels(told) => orders(told),
        Meaning::Signals(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)
        | Meaning::Quarantined { .. } => told::meaning(&meaning, shown),
    }
}

fn all(cases: &[(&str, &str)]) {
    told::all(cases, told);
}

#[test]
fn german() {
    all(&[
        (
            "#BTCUSDT Long\nHebel: 10x\nEinstieg: 60000 - 60500\nZiel 1: 61500\nZiel 2: 63000\nStop-Loss: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Kaufe ETH/USDT bei 3.200,50\nKursziele: 3.300 / 3.450\nStopp: 3.100",
            "long ETH/USDT limit 3200.5 > 3300 3450 ! 3100",
        ),
        (
            "SOL Verkauf\nEinstiegszone 150 bis 152\nGewinnmitnahme 145, 140\nVerlustbegrenzung 156",
            "short SOL/USDT zone 150 152 > 145 140 ! 156",
        ),
        (
            "LINKUSDT jetzt kaufen, Ziele 15 und 16, SL 13",
            "long LINK/USDT market > 15 16 ! 13",
        ),
        ("Stop auf Einstand ziehen", "breakeven"),
        ("BTC: Position schließen", "close"),
        ("Order ETH stornieren", "cancel"),
        ("Wir nehmen bei BTC die Hälfte vom Tisch", "noise"),
        (
            "Guten Morgen, der Markt ist heute ruhig. Bitcoin bei 60.000 Dollar.",
            "noise",
        ),
        ("Ziel 1 erreicht ✅ +24%", "claim"),
    ]);
}

#[test]
fn french() {
    all(&[
        (
            "ACHAT BTC/USDT\nEntrée : 60 000 - 60 500\nObjectif 1 : 61 500\nObjectif 2 : 63 000\nStop loss : 58 900\nLevier : 5x",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x5",
        ),
        (
            "Vente ETHUSDT à 3200\nObjectifs : 3100 - 3000\nSL : 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "SOL long\nZone d'entrée 150-152\nPrise de profit 158 / 165\nStop : 145",
            "long SOL/USDT zone 150 152 > 158 165 ! 145",
        ),
        (
            "Achetez LINK maintenant, objectifs 15 et 16, stop 13",
            "long LINK/USDT market > 15 16 ! 13",
        ),
        ("Déplacez le stop au point d'entrée", "breakeven"),
        ("Fermez la position BTC", "close"),
        ("Annulez l'ordre sur ETH", "cancel"),
        (
            "Le bitcoin reste au-dessus de 60000 dollars, on attend.",
            "noise",
        ),
        ("TP1 atteint ✅ profit 12%", "claim"),
    ]);
}

#[test]
fn italian() {
    all(&[
        (
            "BTC/USDT LONG\nIngresso: 60000 - 60500\nObiettivo 1: 61500\nObiettivo 2: 63000\nStop loss: 58900\nLeva: 10x",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Vendita ETHUSDT\nPrezzo di ingresso 3200\nObiettivi 3100, 3000\nStop 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Acquisto SOL a mercato, target 165, stop 145",
            "long SOL/USDT market > 165 ! 145",
        ),
        ("Spostate lo stop in pari", "breakeven"),
        ("Chiudere la posizione su BTC", "close"),
        ("Annullare l'ordine ETH", "cancel"),
        ("Oggi il mercato è laterale, aspettiamo.", "noise"),
    ]);
}

#[test]
fn spanish() {
    all(&[
        (
            "BTC/USDT LARGO\nApalancamiento: 10x\nZona de entrada: 60000 - 60500\nObjetivo 1: 61500\nObjetivo 2: 63000\nStop loss: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Vendemos ETH en 3200\nToma de beneficios: 3100, 3000\nStop: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Compra SOLUSDT a precio de mercado\nObjetivos: 158 y 165\nStop: 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        (
            "ADA corto\nentrada 0,45\nobjetivos 0,43 - 0,41\nstop 0,465",
            "short ADA/USDT limit 0.45 > 0.43 0.41 ! 0.465",
        ),
        ("Subimos el stop a la entrada", "breakeven"),
        ("Cerramos BTC", "close"),
        ("Cancelamos la orden de ETH", "cancel"),
        ("Cerramos la mitad de SOL", "take 0.5"),
        ("Objetivo 1 alcanzado ✅ +15%", "claim"),
        ("Hoy no operamos, mercado muy volátil", "noise"),
    ]);
}

#[test]
fn portuguese() {
    all(&[
        (
            "BTC/USDT COMPRA\nAlavancagem: 10x\nEntrada: 60000 - 60500\nAlvo 1: 61500\nAlvo 2: 63000\nStop: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "VENDA ETHUSDT\nEntrada 3200\nAlvos: 3100 / 3000\nStop loss 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Comprar SOL agora\nAlvos 158, 165\nStop 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        (
            "Zona de compra 0,40 - 0,42\nADA/USDT\nAlvos 0,45 0,48\nStop 0,38",
            "long ADA/USDT zone 0.4 0.42 > 0.45 0.48 ! 0.38",
        ),
        ("Mover stop para a entrada", "breakeven"),
        ("Fechar posição BTC", "close"),
        ("Cancelar ordem ETH", "cancel"),
        ("Realizar metade em SOL", "take 0.5"),
        ("Alvo 1 atingido ✅ lucro de 20%", "claim"),
        ("Bom dia pessoal, mercado lateral hoje", "noise"),
    ]);
}

#[test]
fn turkish() {
    all(&[
        (
            "BTC/USDT LONG\nKALDIRAÇ: 10x\nGİRİŞ: 60000 - 60500\nHEDEF 1: 61500\nHEDEF 2: 63000\nSTOP: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "ETHUSDT SATIŞ\nGiriş fiyatı: 3200\nHedefler: 3100 - 3000\nZarar kes: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "SOL alım bölgesi 150-152\nKâr al 158 / 165\nZarar durdur 145",
            "long SOL/USDT zone 150 152 > 158 165 ! 145",
        ),
        (
            "AVAX piyasadan long\nhedef 40\nstop 33",
            "long AVAX/USDT market > 40 ! 33",
        ),
        ("Stop girişe çekildi", "breakeven"),
        ("BTC işlemi kapatın", "close"),
        ("ETH emri iptal", "cancel"),
        ("Pozisyonun yarısını kapatın", "take 0.5"),
        ("Hedef 1 geldi ✅ %15 kar", "claim"),
        ("Günaydın arkadaşlar, piyasa bugün sakin", "noise"),
    ]);
}

#[test]
fn russian() {
    all(&[
        (
            "#BTCUSDT ЛОНГ\nПлечо: 10х\nВход: 60000 - 60500\nТейк 1: 61500\nТейк 2: 63000\nСтоп: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Шорт ETH\nТВХ 3200\nТП: 3100 / 3000\nСЛ: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Покупаем SOL по рынку, цели 158 и 165, стоп 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        (
            "Набираем лонг ADA в зоне 0,40-0,42\nЦели: 0,45 / 0,48\nСтоп-лосс 0,38",
            "long ADA/USDT zone 0.4 0.42 > 0.45 0.48 ! 0.38",
        ),
        ("Стоп переносим в безубыток", "breakeven"),
        ("Закрываем позицию по BTC", "close"),
        ("Отменяем ордер по ETH", "cancel"),
        ("Фиксируем половину по SOL", "take 0.5"),
        ("Первая цель достигнута ✅ +15%", "claim"),
        ("Всем доброе утро, рынок стоит на месте", "noise"),
    ]);
}

#[test]
fn ukrainian() {
    all(&[
        (
            "#BTCUSDT ЛОНГ\nПлече: 10х\nВхід: 60000 - 60500\nЦіль 1: 61500\nЦіль 2: 63000\nСтоп: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Шорт ETH\nТочка входу 3200\nТейки: 3100 / 3000\nСтоп-лос: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Купуємо SOL по ринку, цілі 158 та 165, стоп 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        ("Стоп переносимо в беззбиток", "breakeven"),
        ("Закриваємо позицію по BTC", "close"),
        ("Скасовуємо ордер по ETH", "cancel"),
        ("Фіксуємо половину по SOL", "take 0.5"),
        ("Доброго ранку, ринок без змін", "noise"),
    ]);
}

#[test]
fn arabic() {
    all(&[
        (
            "#BTC/USDT شراء\nالرافعة: 10x\nالدخول: 60000 - 60500\nالهدف الأول: 61500\nالهدف الثاني: 63000\nوقف الخسارة: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "بيع ETHUSDT\nسعر الدخول ٣٢٠٠\nالأهداف: ٣١٠٠ - ٣٠٠٠\nالستوب: ٣٣٠٠",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "صفقة لونج SOL\nمنطقة الشراء 150 - 152\nاهداف 158 165\nوقف خسارة 145",
            "long SOL/USDT zone 150 152 > 158 165 ! 145",
        ),
        (
            "شراء LINK الآن بسعر السوق\nالهدف 15\nوقف 13",
            "long LINK/USDT market > 15 ! 13",
        ),
        ("نقل الوقف الى نقطة الدخول", "breakeven"),
        ("اغلاق صفقة BTC", "close"),
        ("الغاء أمر ETH", "cancel"),
        ("تحقق الهدف الأول ✅ ربح 15%", "claim"),
        ("صباح الخير، السوق هادئ اليوم", "noise"),
    ]);
}

#[test]
fn persian() {
    all(&[
        (
            "#BTC/USDT لانگ\nاهرم: 10x\nنقطه ورود: 60000 - 60500\nتارگت ۱: ۶۱۵۰۰\nتارگت ۲: ۶۳۰۰۰\nحد ضرر: ۵۸۹۰۰",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "شورت ETHUSDT\nورود: 3200\nحد سود: 3100 - 3000\nاستاپ لاس: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "خرید SOL در محدوده 150 تا 152\nاهداف: 158 و 165\nاستاپ: 145",
            "long SOL/USDT zone 150 152 > 158 165 ! 145",
        ),
        ("حد ضرر را به نقطه ورود منتقل کنید", "breakeven"),
        ("معامله BTC را ببندید", "close"),
        ("سفارش ETH لغو شد", "cancel"),
        ("تارگت اول تاچ شد ✅ سود ۱۵٪", "claim"),
        ("صبح بخیر دوستان، بازار امروز آرام است", "noise"),
    ]);
}

#[test]
fn hindi() {
    all(&[
        (
            "BTC/USDT खरीदें\nलीवरेज: 10x\nएंट्री: 60000 - 60500\nटारगेट 1: 61500\nटारगेट 2: 63000\nस्टॉप लॉस: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "ETHUSDT बेचें\nप्रवेश मूल्य ३२००\nलक्ष्य: ३१०० / ३०००\nस्टॉपलॉस: ३३००",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "SOL लॉन्ग अभी\nटारगेट 165\nस्टॉप 145",
            "long SOL/USDT market > 165 ! 145",
        ),
        ("स्टॉप लॉस को एंट्री पर ले जाएं", "breakeven"),
        ("BTC पोजीशन बंद करें", "close"),
        ("ETH ऑर्डर रद्द करें", "cancel"),
        ("सुप्रभात दोस्तों, आज बाजार शांत है", "noise"),
    ]);
}

#[test]
fn indonesian() {
    all(&[
        (
            "BTC/USDT BELI\nLeverage: 10x\nMasuk: 60000 - 60500\nTarget 1: 61500\nTarget 2: 63000\nStop Loss: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Jual ETHUSDT\nHarga masuk 3200\nTarget: 3100 - 3000\nBatas rugi: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Beli SOL sekarang\nAmbil untung 158, 165\nCut loss 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        (
            "Area beli 0,40 - 0,42\nADA/USDT\ntarget 0,45\nSL 0,38",
            "long ADA/USDT zone 0.4 0.42 > 0.45 ! 0.38",
        ),
        ("Pindahkan stop ke entry", "breakeven"),
        ("Tutup posisi BTC", "close"),
        ("Batalkan order ETH", "cancel"),
        ("Tutup setengah posisi SOL", "take 0.5"),
        ("Target 1 tercapai ✅ profit 15%", "claim"),
        ("Selamat pagi semua, pasar hari ini sepi", "noise"),
    ]);
}

#[test]
fn vietnamese() {
    all(&[
        (
            "BTC/USDT MUA\nĐòn bẩy: 10x\nVào lệnh: 60000 - 60500\nMục tiêu 1: 61500\nMục tiêu 2: 63000\nCắt lỗ: 58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "Bán ETHUSDT\nGiá vào 3200\nChốt lời: 3100 - 3000\nDừng lỗ: 3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "Mua SOL ngay\nTP 158 165\nSL 145",
            "long SOL/USDT market > 158 165 ! 145",
        ),
        (
            "Vùng mua 0,40 - 0,42\nADA/USDT\nmục tiêu 0,45\ncắt lỗ 0,38",
            "long ADA/USDT zone 0.4 0.42 > 0.45 ! 0.38",
        ),
        ("Dời SL về entry", "breakeven"),
        ("Đóng lệnh BTC", "close"),
        ("Hủy lệnh ETH", "cancel"),
        ("Chốt một nửa SOL", "take 0.5"),
        ("Đạt mục tiêu 1 ✅ lợi nhuận 15%", "claim"),
        (
            "Chào buổi sáng mọi người, thị trường hôm nay đi ngang",
            "noise",
        ),
    ]);
}

#[test]
fn chinese_in_both_scripts() {
    all(&[
        (
            "BTC/USDT 做多\n杠杆：10倍\n入场：60000-60500\n止盈1：61500\n止盈2：63000\n止损：58900",
            "long BTC/USDT zone 60000 60500 > 61500 63000 ! 58900 x10",
        ),
        (
            "ETH 空單\n進場：3200\n目標：3100-3000\n止損：3300",
            "short ETH/USDT limit 3200 > 3100 3000 ! 3300",
        ),
        (
            "SHELL 多\n进场位置:現價輕倉進-0.30附近補倉\n目標位置:0.36\n止損:0.2820",
            "long SHELL/USDT now and 0.3 0.3 > 0.36 ! 0.282",
        ),
        ("BTC 多單 61000 附近補倉", "noise"),
        ("止損移至開倉價", "breakeven"),
        ("BTC 全部平倉", "close"),
        ("撤銷 ETH 掛單", "cancel"),
        ("早上好，今天行情震盪，觀望", "noise"),
    ]);
}

#[test]
fn english_as_it_is_written_by_many() {
    all(&[
        (
            "🚀 COIN: $AVAX/USDT\n📈 Direction: LONG\n⚡ Leverage: Cross (5x)\n🎯 ENTRY: 33.10 - 33.80\n✅ TARGETS: 34.5, 35.2, 36.8\n🛑 STOPLOSS: 31.9",
            "long AVAX/USDT zone 33.1 33.8 > 34.5 35.2 36.8 ! 31.9 x5",
        ),
        (
            "Longing $LINK here at 14.37, TP 15.2 and 16, invalidation 13.7",
            "long LINK/USDT limit 14.37 > 15.2 16 ! 13.7",
        ),
        (
            "entry_price: 0.55\nstop_loss: 0.52\ntake_profit: 0.62\nsymbol: XRPUSDT\nside: buy",
            "long XRP/USDT limit 0.55 > 0.62 ! 0.52",
        ),
        (
            "symbol: BTCUSDT\naction: buy\nentry: 60000\nadx: 32.65\nrsi: 55.1\nstop loss: 58900\ntarget: 62000",
            "long BTC/USDT limit 60000 > 62000 ! 58900",
        ),
        (
            "SELL SETUP: DOT/USDT\nSell @ 7.25\nTP1 7.00\nTP2 6.80\nSL 7.45",
            "short DOT/USDT limit 7.25 > 7 6.8 ! 7.45",
        ),
        (
            "$SUI - SHORT X4\nENTRY NOW 1/2 VOL\nDCA 1.8$ 1/2 VOL",
            "short SUI/USDT now and 1.8 1.8 > x4",
        ),
        (
            "$IO - SHORT X12\nENTRY 1.79 1/2 VOL. DCA : 1.85\nTP : 1.64",
            "short IO/USDT zone 1.79 1.85 > 1.64 x12",
        ),
        ("DCA BTC at 60000", "noise"),
        ("Buy BTC if it closes above 65000", "noise"),
        ("Not buying ETH here, waiting", "noise"),
    ]);
}

#[test]
fn levels_are_withdrawn_and_entries_moved_without_ending_the_trade() {
    all(&[
        ("cancel TP NOT", "no targets"),
        ("LINK cancel TP", "no targets"),
        ("把止盈点位取消，可以作为长线持有！", "no targets"),
        ("Cancel SL on ETH", "no stop"),
        ("进场位置修改468-459，止损430", "entry 459-468, stop 430"),
        (
            "Move limit OP to 1.000\nSL 0.968 TP 1.301",
            "entry 1-1, stop 0.968, targets",
        ),
        (
            "BTC短线多单，做成本保护可以继续持有【止损位放到入场价118500】",
            "breakeven",
        ),
    ]);
}

#[test]
fn who_closes_says_so_first_and_explains_it_then() {
    all(&[
        (
            "Пока закрою позицию, тк не нравится быстрый возврат, кто не заходил, пока подождите, \
             кто в позиции выйдите. Должен быть микроплюс",
            "close",
        ),
        (
            "策略-ETH\n=====\n策略当前交易对:ETHUSDT.P\nETH价格:2457.76\n执行交易:多止盈 0.0712ETH\n=====\n\
             另有；TV策略代写；FMZ量化定制；代码修改；网站代写，交易APP订制等多项业务",
            "close",
        ),
    ]);
}

#[test]
fn gold_and_currencies_are_traded_too() {
    all(&[
        (
            "SELL GOLD NOW 2650\nTP 2640\nSL 2658",
            "short XAU/USD market 2650 > 2640 ! 2658",
        ),
        (
            "EUR/USD buy limit 1.0850\nsl 1.0820\ntp 1.0910",
            "long EUR/USD limit 1.085 > 1.091 ! 1.082",
        ),
        (
            "Gold Signals VIP\n#BTC/USDT long\nEntry 60000\nTP 62000\nSL 59000",
            "long BTC/USDT limit 60000 > 62000 ! 59000",
        ),
    ]);
}

#[test]
fn a_trade_that_names_no_entry_begins_at_once() {
    all(&[
        (
            "#ICNT SHORT SETUP\nTarget 1: $0.2045\nTarget 2: $0.2015\nLev: 20x\nSTOP : $0.2190",
            "short ICNT/USDT market > 0.2045 0.2015 ! 0.219 x20",
        ),
        (
            "MOVE   多\n进场位置：0.156-0.152附近\n止盈；0.160-0.165\n止损:0.1450",
            "long MOVE/USDT zone 0.152 0.156 > 0.16 0.165 ! 0.145",
        ),
    ]);
}

#[test]
fn who_bought_sells_at_his_targets() {
    all(&[
        (
            "LTCBTC buy 0.00182-0.00178 sell 0.00191 0.002 0.0022 stop 0.0017",
            "long LTC/BTC zone 0.00178 0.00182 > 0.00191 0.002 0.0022 ! 0.0017",
        ),
        (
            "#ADA/USDT\nBuy : 0.4420 - 0.4500\nSell : 0.4600 - 0.4750\nStop Loss : 0.4280",
            "long ADA/USDT zone 0.442 0.45 > 0.46 0.475 ! 0.428",
        ),
        (
            "Spot call: buy INJ between $21.5 and $22.3. Sell at $24, $27. Stop at $19.8",
            "long INJ/USDT zone 21.5 22.3 > 24 27 ! 19.8",
        ),
    ]);
    for neither in [
        "BTC buy 61000 sell 63000",
        "BTC: long above 61000, short below 60000, stop 500 points",
        "Buy BTC 61000 sl 60000 / Sell BTC 61000 sl 62000",
    ] {
        assert!(!matches!(read(neither), Meaning::Signals(_)), "{neither}");
    }
}

#[test]
fn dots_divide_thousands_where_the_price_of_the_asset_leaves_no_other_choice() {
    all(&[
        (
            "BTCUSDT COMPRA\nEntrada: 61.250 - 61.000\nAlvo 1: 62.300\nStop: 60.200",
            "long BTC/USDT zone 61000 61250 > 62300 ! 60200",
        ),
        (
            "XAUUSD venta 3.317 sl 3.325 tp 3.300",
            "short XAU/USD limit 3317 > 3300 ! 3325",
        ),
        (
            "SOLUSDT long 61.250 tp 62.300 sl 60.200",
            "long SOL/USDT limit 61.25 > 62.3 ! 60.2",
        ),
    ]);
    let small = read("BTCUSDT long entry 61.2 tp 62.3 sl 60.2");
    assert!(
        matches!(&small, Meaning::Quarantined { reason, .. } if reason.contains("61.2")),
        "{small:?}"
    );
}

#[test]
fn an_entry_at_several_prices_is_a_ladder() {
    all(&[
        (
            "1000SHIBUSDT\nSide: Buy\nEntry1: 0.0245 (60%)\nEntry2: 0.0238 (40%)\nTP1: 0.0252\nSL: 0.0229",
            "long 1000SHIB/USDT ladder 0.0238*0.4 0.0245*0.6 > 0.0252 ! 0.0229",
        ),
        (
            "NEAR/USDT LONG\nEntry Targets:\n1) 5.12\n2) 5.02\n3) 4.9\nTargets:\n1) 5.25\nStop: 4.75",
            "long NEAR/USDT ladder 4.9*0.333 5.02*0.333 5.12*0.333 > 5.25 ! 4.75",
        ),
        (
            "NEAR/USDT LONG\nEntry 5.12 (60%) 5.02 (60%)\nTarget 5.25\nStop 4.75",
            "long NEAR/USDT zone 5.02 5.12 > 5.25 ! 4.75",
        ),
    ]);
}

#[test]
fn remarks_in_parentheses_belong_to_their_percentage() {
    all(&[(
        "#ETHFI/USDT (Long, x20)\nEntry - 2.371\nTake-Profit:\n🥇 2.4184 (40% of profit)\n🥈 2.4421 (60% of profit)\n🚀 2.4912 (100% of profit)\nStop 2.2",
        "long ETHFI/USDT limit 2.371 > 2.4184 2.4421 2.4912 ! 2.2 x20",
    )]);
}

#[test]
fn a_list_without_spaces_is_no_decimal_comma() {
    all(&[(
        r#"{"symbol":"BTCUSDT","side":"buy","entry":61200,"sl":60500,"tp":[62000,63000]}"#,
        "long BTC/USDT limit 61200 > 62000 63000 ! 60500",
    )]);
}

#[test]
fn now_within_two_near_prices_is_a_zone() {
    all(&[
        (
            "XAUUSD BUY NOW 2345.5 - 2342\nSL: 2338\nTP1: 2350",
            "long XAU/USD zone 2342 2345.5 > 2350 ! 2338",
        ),
        (
            "Pair: BTC/USDT\nSignal: Buy\nEntry: Market price (61200)\nTP: 62000\nSL: 60500",
            "long BTC/USDT market 61200 > 62000 ! 60500",
        ),
    ]);
}

#[test]
fn to_close_what_is_named_behind_the_word_is_an_order() {
    for closes in [
        "Close SOL long now, +12%",
        "Закрываем лонг по эфиру",
        "CLOSE $SUI",
    ] {
        assert!(matches!(read(closes), Meaning::Closes(_)), "{closes}");
    }
    for talk in [
        "a daily close above 62k",
        "if we close BTC below 60k it is over",
    ] {
        assert!(!matches!(read(talk), Meaning::Closes(_)), "{talk}");
    }
}

#[test]
fn whole_numbers_of_a_bitcoin_pair_are_satoshi() {
    all(&[
        (
            "#BRD/BTC Buy 666-652 Sell 677-690 Stop 600",
            "long BRD/BTC zone 0.00000652 0.00000666 > 0.00000677 0.0000069 ! 0.000006",
        ),
        (
            "$ADA buy 1250-1200 sats\nTargets: 1300, 1400\nSL 1150",
            "long ADA/BTC zone 0.000012 0.0000125 > 0.000013 0.000014 ! 0.0000115",
        ),
        (
            "ETH/BTC long 0.027 tp 0.034 sl 0.024",
            "long ETH/BTC limit 0.027 > 0.034 ! 0.024",
        ),
    ]);
    let mixed = read("ADA/BTC long entry 1250 tp 0.000013 sl 1150");
    assert!(matches!(mixed, Meaning::Quarantined { .. }), "{mixed:?}");
}

#[test]
fn further_tongues() {
    all(&[
        (
            "비트코인 롱\n진입 61000\n손절 60000\n목표 62000 63000",
            "long BTC/USDT limit 61000 > 62000 63000 ! 60000",
        ),
        (
            "BTC ロング\nエントリー 61000\n損切り 60000\n利確 62000",
            "long BTC/USDT limit 61000 > 62000 ! 60000",
        ),
        (
            "BTC long wejście 61000 SL 60000 cel 62000",
            "long BTC/USDT limit 61000 > 62000 ! 60000",
        ),
        (
            "BTC short açıyorum 98450'den, stop 99200, hedefler 97500 - 96800",
            "short BTC/USDT limit 98450 > 97500 96800 ! 99200",
        ),
        (
            "Шортим соль от 187, цели 180-174-168, стоп за 193",
            "short SOL/USDT limit 187 > 180 174 168 ! 193",
        ),
        (
            "以太坊市价多，防守3050，目标3220-3300",
            "long ETH/USDT market > 3220 3300 ! 3050",
        ),
        (
            "#1INCH/USDT Buy Zone: $0.4210 — $0.4300\nTP: $0.4500/$0.4700\nSL: $0.4050",
            "long 1INCH/USDT zone 0.421 0.43 > 0.45 0.47 ! 0.405",
        ),
    ]);
    for example in [
        "Example of a trade: Long BTC, Entry 60000, Target 63000, Stop 58500.",
        "Пример: лонг BTC, вход 60000, цель 63000, стоп 58500",
    ] {
        assert!(!matches!(read(example), Meaning::Signals(_)), "{example}");
    }
}

#[test]
fn an_inflected_or_shouted_symbol_is_still_one() {
    let about = |text: &str| match read(text) {
        Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words) => {
            words[0].about.pair.as_ref().unwrap().base().to_owned()
        }
        other @ (Meaning::Signals(_)
        | Meaning::Claim { .. }
        | Meaning::Noise(_)
        | Meaning::Quarantined { .. }) => panic!("{text} is {other:?}"),
    };
    assert_eq!(about("Cancelar orden de SOL"), "SOL");
    assert_eq!(about("Feche metade da posição em LINK"), "LINK");
    assert_eq!(about("ETH: stop'u girişe çekin"), "ETH");
}
