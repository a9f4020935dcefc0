//! The commands of the candle archive.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::market::Venue;
use domain::ports::Clock as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::archive::fetch::{Fetch, Fetched, patiently};
use crate::archive::plan::Stretch;
use crate::archive::{Archive, Series};
use crate::cli::FetchArgs;
use crate::clock::WallClock;
use crate::config::{Settings, VenueKind};
use crate::feeds::binance::klines::Klines;
use crate::feeds::venue;
use crate::outbound::{Outbound, Reach};

/// The exit code of a command that a person stopped, as shells have it for SIGINT.
const STOPPED: u8 = 130;

/// Fetches candles into the archive.
///
/// # Errors
///
/// When the configuration names no such venue, the venue cannot be reached for long or does not
/// know a symbol, or a file cannot be read or written.
pub fn fetch(config: Option<&Path>, args: &FetchArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let (venue, klines) = ask_of(&settings, args.venue.as_deref())?;
    let until = args.to.unwrap_or_else(|| WallClock.now());
    let wanted = Stretch {
        from: args.from,
        until,
    };
    if wanted.from >= wanted.until {
        bail!("--from must be before --to, and before now");
    }
    let archive = Archive::new(&args.archive);
    let _alone = archive.lock()?;
    actix::System::new().block_on(async {
        let stop = CancellationToken::new();
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let stopping = stop.clone();
        actix::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stopping.cancel();
        });
        for symbol in &args.symbols {
            let symbol = symbol.to_uppercase();
            let bar = bar(&symbol, wanted, args);
            let finding = patiently(&bar, async || klines.find(&symbol).await);
            let Some(found) = stop.run_until_cancelled(finding).await else {
                return Ok(ExitCode::from(STOPPED));
            };
            let instrument = found
                .with_context(|| format!("could not ask {venue} for {symbol}"))?
                .with_context(|| format!("{venue} does not know {symbol}"))?;
            let series = Series {
                venue: venue.clone(),
                kind: instrument.kind,
                symbol: symbol.as_str().into(),
                interval: args.interval,
            };
            let fetch = Fetch {
                archive: &archive,
                klines: &klines,
                series: &series,
                instrument: &instrument,
                wanted,
                stop: &stop,
                progress: &bar,
            };
            let fetched = fetch.run().await;
            bar.finish_and_clear();
            let fetched = fetched?;
            tell(&series, &fetched)?;
            if fetched.stopped {
                return Ok(ExitCode::from(STOPPED));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The configured venue of this name, or the only one.
fn ask_of(settings: &Settings, name: Option<&str>) -> anyhow::Result<(Venue, Klines)> {
    let names: Vec<_> = settings.venues.keys().map(String::as_str).collect();
    let name = match (name, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, []) => bail!(
            "no venue is configured to fetch candles from: write [venues.binance] with its kind \
             into a file, as shown in config.toml, and give it with --config"
        ),
        (None, several) => bail!(
            "several venues are configured: say which with --venue, one of {}",
            several.join(", ")
        ),
    };
    let Some(configured) = settings.venues.get(name) else {
        bail!(
            "--venue: there is no [venues.{name}] in the configuration; there is {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        );
    };
    // The operator wrote the address down himself, so it may be anywhere.
    let outbound = Outbound::new(Reach::Anywhere, venue::LIMITS)?;
    let named = Venue::new(name);
    let address = |text: &str| {
        Url::parse(text).with_context(|| format!("venues.{name}: {text} is no address"))
    };
    let options = venue::Options {
        venue: named.clone(),
        stream: address(configured.stream())?,
        rest: address(configured.rest())?,
        clock: Arc::new(WallClock),
        rhythm: venue::Rhythm::default(),
        judge_by: venue::JudgeBy::default(),
    };
    let klines = match configured.kind {
        VenueKind::BinanceSpot => Klines::spot(&options, outbound),
        VenueKind::BinanceUsdm => Klines::usdm(&options, outbound),
        VenueKind::Kraken | VenueKind::Coinbase => bail!(
            "venues.{name}: candles are fetched from binance-spot and binance-usdm; the others keep too few of the past"
        ),
    };
    Ok((named, klines))
}

/// A bar on standard error, which is drawn only where that is a terminal.
fn bar(symbol: &str, wanted: Stretch, args: &FetchArgs) -> ProgressBar {
    let candles = wanted.until.since(wanted.from).as_millis() / args.interval.span().as_millis();
    let style = ProgressStyle::with_template(
        "{prefix:10} {bar:24} {human_pos} of {human_len} candles, {elapsed}, {eta} to go",
    );
    ProgressBar::new(u64::try_from(candles).unwrap_or(u64::MAX))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_prefix(symbol.to_owned())
}

fn tell(series: &Series, fetched: &Fetched) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let (symbol, interval) = (&series.symbol, series.interval.label());
    let Fetched {
        kept,
        fetched: new,
        absent,
        pages,
        stopped,
    } = fetched;
    if *stopped {
        writeln!(
            out,
            "{symbol} {interval}: stopped after {new} new candles, which are kept; the same command goes on"
        )?;
    } else {
        writeln!(
            out,
            "{symbol} {interval}: {kept} candles ({new} new, in {pages} answers), {absent} that the venue does not have"
        )?;
    }
    Ok(())
}
