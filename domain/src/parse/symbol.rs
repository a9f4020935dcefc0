//! Symbols: which words name a pair or an asset, and how surely.

mod place;

use smol_str::{SmolStr, StrExt as _};

use super::lexicon::Concept;
use super::number::Unit;
use super::phrase::{Lexeme, What};
use super::token::{self, Kind, Token};
use super::universe::Universe;
use crate::market::Pair;

/// A pair or asset that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) base: SmolStr,
    pub(super) quote: Option<SmolStr>,
    pub(super) sure: Sureness,
    /// It is written as a perpetual: `BTCUSDT.P`, `BTCUSDTPERP`.
    pub(super) perpetual: bool,
    /// It is known to be no crypto asset.
    pub(super) foreign: bool,
}

impl Mention {
    /// The pair; where no quote is written in USDT, or in dollars where it is no crypto asset.
    pub(super) fn pair(&self) -> Option<Pair> {
        let usual = if self.foreign { "USD" } else { "USDT" };
        Pair::new(&self.base, self.quote.as_deref().unwrap_or(usual)).ok()
    }
}

/// How surely a word is meant as a symbol, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// It stands where a symbol would, and no list knows it.
    Formed,
    /// The same, right beside a side: `LONG XYZ`.
    Sided,
    /// A known asset, or its name.
    Bare,
    /// `$BTC`, `#BTC`.
    Tagged,
    /// `BTC/USDT`, `BTCUSDT`.
    Quoted,
}

/// Assets that others are priced in; longer ones first where one ends another.
const QUOTES: [&str; 20] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "DAI", "USD", "BTC", "ETH", "BNB", "EUR",
    "TRY", "BRL", "JPY", "GBP", "CHF", "AUD", "NZD", "CAD",
];

/// Currencies of states, which brokers trade against each other.
const CURRENCIES: [&str; 8] = ["USD", "EUR", "JPY", "GBP", "CHF", "AUD", "NZD", "CAD"];

/// Quotes that no word of another meaning ends in, so any base before them is believed.
const DOLLARS: [&str; 5] = ["FDUSD", "USDT", "USDC", "BUSD", "TUSD"];

/// The most lexemes of a trade that is written in short hand.
const LONGEST_SHORTHAND: usize = 14;

/// What some venues write behind a pair that is a perpetual.
const PERP: &str = "PERP";

/// Does `/USDT` or the like follow a word, so that it is a base whatever it means?
pub(super) fn has_quote_after(tokens: &[Token], at: usize) -> bool {
    matches!(
        tokens.get(at + 1).map(|token| &token.kind),
        Some(Kind::Sign('/'))
    ) && matches!(tokens.get(at + 2).map(|token| &token.kind),
            Some(Kind::Word { text, .. }) if quote_of(text).is_some())
}

/// Is the word something that others are priced in?
pub(super) fn is_quote(word: &str) -> bool {
    quote_of(word).is_some()
}

/// The quote that a word is, with `PERP` behind it or not.
fn quote_of(word: &str) -> Option<(&'static str, bool)> {
    let perp = word
        .len()
        .checked_sub(PERP.len())
        .and_then(|at| word.split_at_checked(at))
        .filter(|(_, perp)| perp.eq_ignore_ascii_case(PERP));
    let name = perp.map_or(word, |(name, _)| name);
    let perpetual = perp.is_some();
    let quote = QUOTES
        .iter()
        .find(|quote| quote.eq_ignore_ascii_case(name))?;
    Some((quote, perpetual))
}

/// Names the symbols among the lexemes.
pub(super) fn name(mut lexemes: Vec<Lexeme>, universe: &dyn Universe) -> Vec<Lexeme> {
    let han = lexemes
        .iter()
        .any(|lexeme| !lexeme.text.is_ascii() && lexeme.text.chars().any(token::is_han));
    let mut at = 0;
    while at < lexemes.len() {
        let Some((mention, taken)) = mention(&lexemes, at, universe, han) else {
            at += 1;
            continue;
        };
        // The quote and its separator are part of the mention, and go behind it.
        let end = lexemes[at + taken - 1].place;
        let lexeme = &mut lexemes[at];
        lexeme.what = What::Pair(mention);
        lexeme.place = lexeme.place.and(end);
        for part in &mut lexemes[at + 1..at + taken] {
            part.what = What::Part;
        }
        at += taken;
    }
    lexemes.retain(|lexeme| !matches!(lexeme.what, What::Part));
    quiet(&mut lexemes, universe);
    drop_indicators(&mut lexemes);
    lexemes
}

/// `short link 9.58 stop 10.13`: where nothing else is named, an asset that is a word too, between the
/// side or the beginning and its price, in a text that has a stop.
fn quiet(lexemes: &mut [Lexeme], universe: &dyn Universe) {
    let named = lexemes.iter().any(|lexeme| lexeme.mention().is_some());
    let stop = |lexeme: &Lexeme| lexeme.is(&Concept::Stop);
    if named || lexemes.len() > LONGEST_SHORTHAND || !lexemes.iter().any(stop) {
        return;
    }
    let bare =
        |lexeme: &Lexeme| matches!(&lexeme.what, What::Number(number) if number.unit == Unit::None);
    let stands = |at: usize| {
        let lexeme = &lexemes[at];
        let asset = universe.is_base(&lexeme.text.to_ascii_uppercase_smolstr());
        let before = at.checked_sub(1).and_then(|before| lexemes.get(before));
        let placed = match (before, &lexeme.what) {
            (None, What::Word | What::Is(Concept::Near)) => true,
            (Some(before), What::Word) => before.side().is_some(),
            _ => false,
        };
        asset && placed && lexemes.get(at + 1).is_some_and(bare)
    };
    if let Some(at) = (0..lexemes.len()).find(|at| stands(*at)) {
        let base = lexemes[at].text.to_ascii_uppercase_smolstr();
        lexemes[at].what = What::Pair(made(&base, None, Sureness::Bare, false, universe));
    }
}

/// `adx: 32.65` beside `symbol: BTCUSDT` is what a machine measured, and no pair.
fn drop_indicators(named: &mut [Lexeme]) {
    let quoted = |lexeme: &Lexeme| {
        lexeme
            .mention()
            .is_some_and(|mention| mention.sure == Sureness::Quoted)
    };
    if !named.iter().any(quoted) {
        return;
    }
    for at in 0..named.len() {
        let measured = matches!(&named[at + 1..], [colon, number, ..]
            if colon.what == What::Sign(':') && matches!(number.what, What::Number(_)));
        let lexeme = &mut named[at];
        let quiet = lexeme.text.chars().any(char::is_lowercase);
        let bare = lexeme
            .mention()
            .is_some_and(|mention| mention.sure == Sureness::Bare);
        if measured && quiet && bare {
            lexeme.what = What::Word;
        }
    }
}

/// The mention at a lexeme, and how many lexemes it takes.
fn mention(
    lexemes: &[Lexeme],
    at: usize,
    universe: &dyn Universe,
    han: bool,
) -> Option<(Mention, usize)> {
    let lexeme = &lexemes[at];
    if !matches!(lexeme.what, What::Is(_) | What::Word) {
        return None;
    }
    if let What::Is(Concept::Asset(asset)) = &lexeme.what {
        // `Euro-Dollar`: a name of both.
        if let Some((base, quote)) = asset.split_once('/') {
            let quote = Some(quote);
            return Some((made(base, quote, Sureness::Bare, false, universe), 1));
        }
        return Some(match divided(lexemes, at) {
            Some((quote, taken, perpetual)) => {
                let quote = Some(quote);
                let mention = made(asset, quote, Sureness::Quoted, perpetual, universe);
                (mention, taken)
            }
            None => (made(asset, None, Sureness::Bare, false, universe), 1),
        });
    }
    if let Some(found) = currencies(lexemes, at, universe) {
        return Some(found);
    }
    if let Some(mention) = worded(lexemes, at, universe, han) {
        return Some((mention, 1));
    }
    let text = lexeme.text.as_str();
    let plain = text.len() <= 24
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if lexeme.what != What::Word || !plain {
        return None;
    }
    let upper = text.to_ascii_uppercase_smolstr();
    let loud = upper == text;
    let upper = thousands(text, universe).unwrap_or(upper);
    let known = universe.is_base(&upper) || universe.is_foreign(&upper) || upper == "XBT";
    if let Some((quote, taken, perpetual)) = divided(lexemes, at)
        && (loud || known)
    {
        let mention = made(&upper, Some(quote), Sureness::Quoted, perpetual, universe);
        return Some((mention, taken));
    }
    let (perpetual, more) = perpetual_suffix(lexemes, at);
    if let Some((base, quote, perp)) = joined(&upper, loud, universe) {
        let mention = made(
            base,
            Some(quote),
            Sureness::Quoted,
            perp || perpetual,
            universe,
        );
        return Some((mention, 1 + more));
    }
    let sure = place::sureness(lexemes, at, universe, known, loud, han)?;
    Some((made(&upper, None, sure, perpetual, universe), 1 + more))
}

/// `kPEPE`, `SHIB1000`: some venues write so what others call `1000PEPE`, with the quote behind it or
/// not. None for any other word.
fn thousands(text: &str, universe: &dyn Universe) -> Option<SmolStr> {
    let quote = DOLLARS.iter().find(|quote| text.ends_with(*quote));
    let quote = quote.copied().unwrap_or_default();
    let base = text.strip_suffix(quote)?;
    let named = |one: &str| {
        let loud = !one.is_empty() && one.bytes().all(|byte| byte.is_ascii_uppercase());
        let many = format!("1000{one}");
        (loud && (universe.is_base(&many) || universe.is_base(one))).then(|| (many + quote).into())
    };
    base.strip_prefix('k')
        .and_then(named)
        .or_else(|| base.strip_suffix("1000").and_then(named))
}

fn made(
    base: &str,
    quote: Option<&str>,
    sure: Sureness,
    perpetual: bool,
    universe: &dyn Universe,
) -> Mention {
    // Some venues call bitcoin XBT.
    let base = if base == "XBT" { "BTC" } else { base };
    Mention {
        base: base.into(),
        quote: quote.map(Into::into),
        sure,
        perpetual,
        foreign: universe.is_foreign(base)
            || CURRENCIES.contains(&base) && quote.is_some_and(|quote| CURRENCIES.contains(&quote)),
    }
}

/// `BTC/USDT`, `BTC / USDT`, `BTC-USDT`, `BTC/USDT.P`: the quote and how many lexemes it all takes.
fn divided(lexemes: &[Lexeme], at: usize) -> Option<(&'static str, usize, bool)> {
    let separator = lexemes.get(at + 1)?;
    let word = lexemes.get(at + 2)?;
    let glued = separator.glued && word.glued;
    if !matches!(separator.what, What::Sign(sign) if sign == '/' || sign == '-' && glued) {
        return None;
    }
    let (quote, perp) = quote_of(&word.text)?;
    let (perpetual, more) = perpetual_suffix(lexemes, at + 2);
    Some((quote, 3 + more, perp || perpetual))
}

/// No asset that is a word has a longer name.
const LONGEST_NAME: usize = 12;

/// `MOVE 多`, `cancel TP NOT`: an asset that is a word of the lexicon too, written as assets are
/// where the word would make no sense.
fn worded(lexemes: &[Lexeme], at: usize, universe: &dyn Universe, han: bool) -> Option<Mention> {
    let lexeme = &lexemes[at];
    let What::Is(concept) = &lexeme.what else {
        return None;
    };
    if !lexeme.text.is_ascii() || lexeme.text.len() > LONGEST_NAME {
        return None;
    }
    let name = lexeme.text.to_ascii_uppercase_smolstr();
    if !universe.is_base(&name) {
        return None;
    }
    place::instead(lexemes, at, concept, lexeme.text == name, han)
        .then(|| made(&name, None, Sureness::Bare, false, universe))
}

/// `EUR/USD`, `EUR USD`: a currency would be no more than the unit of a number elsewhere.
fn currencies(lexemes: &[Lexeme], at: usize, universe: &dyn Universe) -> Option<(Mention, usize)> {
    let text = lexemes[at].text.as_str();
    let base = *CURRENCIES
        .iter()
        .find(|currency| text.eq_ignore_ascii_case(currency))?;
    let next = lexemes.get(at + 1)?;
    let (quote, taken) = match lexemes.get(at + 2) {
        Some(quote) if next.what == What::Sign('/') => (quote, 3),
        _ => (next, 2),
    };
    let (quote, perpetual) = quote_of(&quote.text)?;
    let pair = CURRENCIES.contains(&quote) && base != quote && !perpetual;
    pair.then(|| {
        let mention = made(base, Some(quote), Sureness::Quoted, false, universe);
        (mention, taken)
    })
}

/// `.P` behind a symbol, as charts write perpetuals.
fn perpetual_suffix(lexemes: &[Lexeme], at: usize) -> (bool, usize) {
    let dot = lexemes
        .get(at + 1)
        .is_some_and(|dot| dot.glued && dot.what == What::Sign('.'));
    let letter = lexemes
        .get(at + 2)
        .is_some_and(|letter| letter.glued && letter.text == "P");
    if dot && letter { (true, 2) } else { (false, 0) }
}

/// `BTCUSDT`, `SUSHIUSDTPERP`: base, quote and whether it says that it is a perpetual.
fn joined<'a>(
    upper: &'a str,
    loud: bool,
    universe: &dyn Universe,
) -> Option<(&'a str, &'static str, bool)> {
    let (name, perpetual) = match upper.strip_suffix("PERP") {
        Some(name) if !name.is_empty() => (name, true),
        _ => (upper, false),
    };
    let last = name.as_bytes().last();
    let mut quotes = QUOTES
        .iter()
        .filter(|quote| quote.as_bytes().last() == last);
    quotes.find_map(|quote| {
        let base = name.strip_suffix(quote)?;
        let foreign = universe.is_foreign(base) || CURRENCIES.contains(&base);
        let known = universe.is_base(base) || foreign || base == "XBT";
        let dollars = DOLLARS.contains(quote);
        let believed = dollars && loud && base.len() >= 2;
        // No word ends in what a broker pays in: `xauusd` is loud enough.
        let broker = foreign && CURRENCIES.contains(quote) && base != *quote;
        // NEIROETH is an asset and not NEIRO in ether.
        let asset = !dollars && universe.is_base(name);
        (!base.is_empty() && !asset && (known && (loud || dollars || broker) || believed))
            .then_some((base, *quote, perpetual))
    })
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::Lexicon;
    use super::super::universe::Assets;
    use super::super::{normalise, phrase};
    use super::*;

    fn pairs(text: &str) -> Vec<String> {
        let lexicon = Lexicon::bundled();
        let named = phrase::name(token::cut(&normalise::plain(text), lexicon), lexicon);
        name(named, Assets::bundled())
            .into_iter()
            .filter_map(|lexeme| lexeme.mention().cloned())
            .map(|mention| match mention.quote {
                Some(quote) => format!("{}/{quote}", mention.base),
                None => mention.base.to_string(),
            })
            .collect()
    }

    #[test]
    fn pairs_are_read_in_every_spelling() {
        for text in [
            "BTC/USDT",
            "btcusdt",
            "#BTC-USDT",
            "BTC / USDT",
            "BTCUSDT.P",
            "BTCUSDTPERP",
            "XBTUSDT",
        ] {
            assert_eq!(pairs(text), ["BTC/USDT"], "{text}");
        }
        assert_eq!(pairs("ETH / BTC"), ["ETH/BTC"]);
        assert_eq!(pairs("EUR/USD sell"), ["EUR/USD"]);
        assert_eq!(pairs("usdjpy buy"), ["USD/JPY"]);
        assert_eq!(pairs("xauusd"), ["XAU/USD"]);
        assert_eq!(pairs("a fee of 5 USD / 6 EUR"), Vec::<String>::new());
        assert_eq!(pairs("1000PEPEUSDT"), ["1000PEPE/USDT"]);
        assert_eq!(pairs("NOT/USDT"), ["NOT/USDT"]);
        assert_eq!(pairs("kPEPE"), ["1000PEPE"]);
        assert_eq!(pairs("kBONKUSDT"), ["1000BONK/USDT"]);
        assert_eq!(pairs("SHIB1000USDT"), ["1000SHIB/USDT"]);
    }

    #[test]
    fn a_word_that_is_also_an_asset_is_one_only_where_it_is_written_like_one() {
        assert_eq!(pairs("one more time, not now"), Vec::<String>::new());
        assert_eq!(pairs("$ONE"), ["ONE"]);
        assert_eq!(pairs("Long LINK entry 14.37"), ["LINK"]);
    }

    #[test]
    fn names_are_assets_too() {
        assert_eq!(pairs("比特币做空"), ["BTC"]);
        assert_eq!(pairs("bitcoin"), ["BTC"]);
        assert_eq!(pairs("Euro-Dollar"), ["EUR/USD"]);
    }

    #[test]
    fn a_masked_name_is_none() {
        assert_eq!(pairs("#B***/USDT"), Vec::<String>::new());
    }
}
