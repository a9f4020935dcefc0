//! `touchstone verify`: everything that is kept, checked against what was sealed and made again.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use domain::chain::Seal;
use domain::parse::{self, Assets};
use serde::Deserialize;

use crate::cli::VerifyArgs;
use crate::config::Settings;
use crate::store::Opened;
use crate::store::chain::{Asked, Verified};
use crate::wire::chain::SealOut;

/// How many versions are read again at once.
const PAGE: usize = 500;

/// So many posts that read otherwise now are named.
const NAMED: usize = 3;

/// Verifies what is kept, and says what was found. Its exit code is 1 where something does not hold.
///
/// # Errors
///
/// When the configuration is refused, the store cannot be read or the file holds no seals.
pub fn verify(config: Option<&Path>, args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let place = Settings::load(config)?.database();
    let kept = args.seals.as_deref().map_or(Ok(Vec::new()), kept)?;
    let asked = Asked {
        from: args.from,
        to: args.to,
        kept,
    };
    let (verified, reread) = actix::System::new().block_on(async {
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let verified = opened.verify(&asked).await?;
        let reread = reread(&opened).await?;
        opened.close().await;
        anyhow::Ok((verified, reread))
    })?;
    let mut out = std::io::stdout().lock();
    tell(&mut out, &verified, &reread)?;
    Ok(if verified.holds() {
        writeln!(out, "{place} holds.")?;
        ExitCode::SUCCESS
    } else {
        let found = verified.findings.len() as u64 + verified.more;
        writeln!(out, "{place} does not hold: {found} findings.")?;
        ExitCode::FAILURE
    })
}

fn tell(out: &mut impl Write, verified: &Verified, reread: &Reread) -> std::io::Result<()> {
    for finding in &verified.findings {
        writeln!(out, "{finding}")?;
    }
    if verified.more > 0 {
        writeln!(out, "… and {} more", verified.more)?;
    }
    let Verified {
        days,
        records,
        posts,
        signals,
        outcomes,
        figures,
        kept,
        notes,
        ..
    } = verified;
    writeln!(
        out,
        "{days} seals made again, {records} records hashed again"
    )?;
    writeln!(
        out,
        "{posts} posts made again from their versions, {signals} signals from their events; \
         {outcomes} outcomes reckoned from what decided them; {figures} published figures computed again"
    )?;
    if *kept > 0 {
        writeln!(out, "{kept} seals that somebody kept were compared")?;
    }
    writeln!(out, "{reread}")?;
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

/// A frame of the stream, as far as it is of interest here.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<serde_json::Value>,
}

/// The seals in a file of frames, one a line; other frames are passed over.
fn kept(path: &Path) -> anyhow::Result<Vec<Seal>> {
    let file = std::fs::File::open(path)
        .with_context(|| format!("--seals: could not open {}", path.display()))?;
    let mut seals = Vec::new();
    for (nth, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("--seals: could not read {}", path.display()))?;
        // As server-sent events have it.
        let text = line.strip_prefix("data:").unwrap_or(&line).trim();
        let Ok(frame) = serde_json::from_str::<Frame>(text) else {
            continue;
        };
        if frame.kind.as_deref() != Some("seal") {
            continue;
        }
        let seal = frame
            .data
            .and_then(|data| serde_json::from_value::<SealOut>(data).ok())
            .and_then(|seal| seal.read());
        let line = nth + 1;
        let seal = seal
            .with_context(|| format!("--seals: line {line} is no seal as the stream tells it"))?;
        if seal.sealed.hash() != seal.hash {
            bail!(
                "--seals: the hash in line {line} does not follow from its other members: what was kept is damaged"
            );
        }
        seals.push(seal);
    }
    if seals.is_empty() {
        bail!(
            "--seals: {} has no frame of type `seal`; keep those that /v1/stream tells, one a line",
            path.display()
        );
    }
    Ok(seals)
}

/// What this program's parser makes of the texts that it has read before.
#[derive(Default)]
struct Reread {
    alike: u64,
    otherwise: u64,
    named: Vec<String>,
    /// Read by another parser.
    older: u64,
}

/// Reads the raw posts again. What a channel made of a reading (a trade that is held since it makes no
/// sense at its market's price, a reply that completes a post) is no other reading of the text, and
/// pairs are also known from the listings of that day: so this is told, and accuses nobody.
async fn reread(opened: &Opened) -> anyhow::Result<Reread> {
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    let mut reread = Reread::default();
    let mut after = 0;
    loop {
        let page = opened.read_after(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(reread);
        };
        after = last.place;
        for version in page {
            if version.parser != parse::PARSER {
                reread.older += 1;
                continue;
            }
            let now = parse::read(&version.text, version.has_media, context);
            let now = now.meaning.label();
            if now == version.class {
                reread.alike += 1;
                continue;
            }
            reread.otherwise += 1;
            if reread.named.len() < NAMED {
                reread.named.push(format!(
                    "{}/{}/{} ({}, the text alone {now})",
                    version.channel, version.post, version.version, version.class
                ));
            }
        }
    }
}

impl fmt::Display for Reread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} posts read again by {}",
            self.alike + self.otherwise,
            parse::PARSER
        )?;
        if self.otherwise > 0 {
            write!(
                f,
                "; {} are classed otherwise by their text alone: {}",
                self.otherwise,
                self.named.join(", ")
            )?;
        }
        if self.older > 0 {
            write!(
                f,
                "; {} were read by another parser and not read again",
                self.older
            )?;
        }
        Ok(())
    }
}
