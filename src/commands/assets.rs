//! The bundled list of assets, made anew from what venues list.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::parse::Assets;
use domain::ports::{Clock, Feed as _};

use crate::cli::AssetsArgs;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::serve;

/// What stands above the list.
const HEAD: &str = "\
# Base assets that posts speak of, made by `touchstone assets` from the list before and the venues'.
# Marks after a symbol: `$` trades above some twenty dollars, so a whole number can be its price; a number
# behind it is what it has cost at least since posts were written about it, so `61.250` is sixty-one thousand;
# `?` is also a word, or nobody has looked yet, so it is an asset only where it is written like one;
# `!` is no crypto asset.
";

/// Asks every configured venue what it lists, and writes the list of assets with what is new.
///
/// # Errors
///
/// When no venue is configured, one of them cannot be asked, or the file cannot be written.
pub fn assets(config: Option<&Path>, args: &AssetsArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    if settings.venues.is_empty() {
        bail!(
            "no venue is configured to ask: write [venues.binance] with its kind into a file, as \
             shown in config.toml, and give it with --config"
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let mut assets = Assets::bundled().clone();
    actix::System::new().block_on(async {
        for (name, venue) in &settings.venues {
            let listing = serve::feed(name, venue, &clock)?
                .listing()
                .await
                .with_context(|| format!("could not ask {name} what it lists"))?;
            for listed in listing {
                let pair = &listed.instrument.pair;
                let dollars = listed.price.filter(|_| pair.quote().contains("USD"));
                assets.note(pair.base(), dollars.map(|price| price.get()));
            }
        }
        anyhow::Ok(())
    })?;
    let text = format!("{HEAD}{}", assets.listed());
    match &args.out {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("could not write {}", file.display()))?,
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
