//! Calls in columns: a CSV file, and a small TOML file that says what its columns are.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use csv::{ReaderBuilder, StringRecord, Trim};
use domain::ids::{ChannelId, PostKey};
use domain::market::{MarketKind, Pair, Price, Side};
use domain::post::{Action, Origin, Post};
use domain::reading::Entry;
use serde::Deserialize;

use super::canonical::Call;
use super::micros;

/// So many rows that are refused are told at once.
const TOLD: usize = 10;

/// What the columns of a CSV file are, and what no column says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Whose calls they are, where the command line does not say it.
    channel: Option<String>,
    /// The column of what makes a call known.
    id: String,
    /// The column of when it was posted, ISO 8601 with an offset.
    time: String,
    /// The column of what is traded: `BTC`, `BTCUSDT`, `BTC/USDT`.
    symbol: String,
    /// The column of `long` (`buy`) or `short` (`sell`).
    side: String,
    /// The column of the entry, or the two columns of a zone.
    entry: Option<OneOrTwo>,
    /// The column of the stop.
    stop: Option<String>,
    /// The columns of the targets, nearest first; an empty field is no target.
    #[serde(default)]
    targets: Vec<String>,
    /// What a symbol without a quote is paid in.
    #[serde(default = "tether")]
    quote: String,
    /// The kind of market; none where the calls do not say it.
    market: Option<Kind>,
    /// How an entry is meant.
    #[serde(default)]
    order: Order,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(String),
    Two([String; 2]),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Spot,
    Perpetual,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Limit,
    Market,
}

fn tether() -> String {
    "USDT".to_owned()
}

impl Columns {
    /// Reads what the columns are.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a key is unknown, missing or of no use.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let said = || format!("in {}", file.display());
        let source = config::File::from(file).format(config::FileFormat::Toml);
        let built = config::Config::builder()
            .add_source(source)
            .build()
            .with_context(said)?;
        let columns: Self = serde_path_to_error::deserialize(built).with_context(said)?;
        columns
            .channel
            .as_deref()
            .map(ChannelId::parse)
            .transpose()
            .context("channel")
            .with_context(said)?;
        Ok(columns)
    }
}

/// Reads each row as a post whose text is the call.
///
/// # Errors
///
/// When a column is missing, or a row is no call or reads otherwise than its columns say; the
/// error names the lines.
pub(super) fn read(
    file: impl Read,
    columns: &Columns,
    channel: Option<&ChannelId>,
    take: &mut dyn FnMut(Post),
) -> anyhow::Result<()> {
    let channel = match (channel, &columns.channel) {
        (Some(channel), _) => channel.clone(),
        (None, Some(channel)) => ChannelId::parse(channel)?,
        (None, None) => {
            bail!(
                "whose calls they are is not said: give CHANNEL=FILE, or `channel` in the file of the columns"
            )
        }
    };
    let mut rows = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let places = Places::of(columns, rows.headers().context("line 1")?).context("line 1")?;
    let mut refused = Vec::new();
    for row in rows.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        match post(&row, &places, columns, &channel) {
            Ok(post) => take(post),
            Err(error) => refused.push(format!("line {line}: {error:#}")),
        }
    }
    ensure!(
        refused.is_empty(),
        "{} of its rows are refused; correct them or leave them out:\n{}{}",
        refused.len(),
        refused[..refused.len().min(TOLD)].join("\n"),
        if refused.len() > TOLD { "\n…" } else { "" }
    );
    Ok(())
}

/// Where the columns stand.
struct Places {
    id: usize,
    time: usize,
    symbol: usize,
    side: usize,
    entry: Vec<usize>,
    stop: Option<usize>,
    targets: Vec<usize>,
}

impl Places {
    fn of(columns: &Columns, header: &StringRecord) -> anyhow::Result<Self> {
        let place = |name: &String| {
            header
                .iter()
                .position(|column| column.trim_start_matches('\u{feff}') == name)
                .with_context(|| {
                    let there: Vec<_> = header.iter().collect();
                    format!("there is no column `{name}`, only {}", there.join(", "))
                })
        };
        let entry = match &columns.entry {
            Some(OneOrTwo::One(one)) => vec![place(one)?],
            Some(OneOrTwo::Two([low, high])) => vec![place(low)?, place(high)?],
            None => Vec::new(),
        };
        let targets: anyhow::Result<Vec<_>> = columns.targets.iter().map(place).collect();
        Ok(Self {
            id: place(&columns.id)?,
            time: place(&columns.time)?,
            symbol: place(&columns.symbol)?,
            side: place(&columns.side)?,
            entry,
            stop: columns.stop.as_ref().map(place).transpose()?,
            targets: targets?,
        })
    }
}

fn post(
    row: &StringRecord,
    places: &Places,
    columns: &Columns,
    channel: &ChannelId,
) -> anyhow::Result<Post> {
    let field = |place: usize| row.get(place).unwrap_or_default();
    let id = field(places.id);
    ensure!(!id.is_empty(), "`{}` is empty", columns.id);
    let time = field(places.time);
    let posted: jiff::Timestamp = time.parse().map_err(|_| {
        anyhow::anyhow!(
            "`{}` is `{time}`: write an instant with its offset, 2025-01-31T08:00:00Z",
            columns.time
        )
    })?;
    let call = call(row, places, columns)?;
    call.check().map_err(anyhow::Error::msg)?;
    let posted = micros(posted);
    Ok(Post {
        channel: channel.clone(),
        key: PostKey::new(id),
        action: Action::Original,
        author: None,
        text: call.text(),
        media: Vec::new(),
        reply_to: None,
        forwarded_from: None,
        posted,
        received: posted,
        origin: Origin::Import,
    })
}

fn call(row: &StringRecord, places: &Places, columns: &Columns) -> anyhow::Result<Call> {
    let field = |place: usize| row.get(place).unwrap_or_default();
    let level = |place: usize| match field(place) {
        "" => Ok(None),
        text => Price::parse(text).map(Some),
    };
    let entry: Vec<Price> = places
        .entry
        .iter()
        .filter_map(|place| level(*place).transpose())
        .collect::<Result<_, _>>()
        .context("entry")?;
    let entry = match (entry.as_slice(), columns.order) {
        ([], _) => Entry::Market(None),
        ([price], Order::Limit) => Entry::Limit(*price),
        ([price], Order::Market) => Entry::Market(Some(*price)),
        ([one, other], _) if one == other => Entry::Limit(*one),
        ([one, other, ..], _) => Entry::Zone {
            low: *one.min(other),
            high: *one.max(other),
        },
    };
    Ok(Call {
        pair: pair(field(places.symbol), &columns.quote).context("symbol")?,
        kind: columns.market.map(|kind| match kind {
            Kind::Spot => MarketKind::Spot,
            Kind::Perpetual => MarketKind::Perpetual,
        }),
        side: side(field(places.side)).with_context(|| {
            format!(
                "`{}` is `{}`, neither long (buy) nor short (sell)",
                columns.side,
                field(places.side)
            )
        })?,
        entry,
        stop: places
            .stop
            .map(level)
            .transpose()
            .context("stop")?
            .flatten(),
        targets: places
            .targets
            .iter()
            .filter_map(|place| level(*place).transpose())
            .collect::<Result<_, _>>()
            .context("targets")?,
    })
}

/// Reads `BTC`, `BTCUSDT`, `BTC/USDT` or `BTC-USDT`.
fn pair(symbol: &str, quote: &str) -> anyhow::Result<Pair> {
    let upper = symbol.to_uppercase();
    let (base, quote) = match upper.split_once(['/', '-', '_']) {
        Some((base, quote)) => (base.to_owned(), quote.to_owned()),
        None => {
            let base = upper.strip_suffix(quote).filter(|base| !base.is_empty());
            (base.unwrap_or(&upper).to_owned(), quote.to_owned())
        }
    };
    Ok(Pair::new(&base, &quote)?)
}

fn side(text: &str) -> Option<Side> {
    match text.to_lowercase().as_str() {
        "long" | "buy" => Some(Side::Long),
        "short" | "sell" => Some(Side::Short),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &str = "channel = \"room\"\nid = \"no\"\ntime = \"when\"\nsymbol = \"what\"\nside = \"way\"\nentry = \"at\"\nstop = \"sl\"\ntargets = [\"tp1\", \"tp2\"]\nmarket = \"perpetual\"\n";

    const HEADER: &str = "no,when,what,way,at,sl,tp1,tp2,note\n";

    fn posts(columns: &str, rows: &str) -> anyhow::Result<Vec<Post>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("columns.toml");
        std::fs::write(&file, columns).unwrap();
        let mut posts = Vec::new();
        let text = format!("{HEADER}{rows}");
        let columns = Columns::load(&file)?;
        read(text.as_bytes(), &columns, None, &mut |post| {
            posts.push(post)
        })?;
        Ok(posts)
    }

    #[test]
    fn a_row_becomes_the_post_that_its_author_could_have_written() {
        let rows = "7,2025-01-31 08:00:00.5+00:00,eth,SHORT,3200,3300,3100,,x\n8,2025-01-31T09:00:00Z,BTC-USDC,buy,94000,93000,95000,96000,\n";
        let posts = posts(COLUMNS, rows).unwrap();
        let told: Vec<_> = posts.iter().map(|post| post.text.as_str()).collect();
        assert_eq!(
            told,
            [
                "ETH/USDT short\nperpetual\nentry: 3200\nstop: 3300\ntarget 1: 3100",
                "BTC/USDC long\nperpetual\nentry: 94000\nstop: 93000\ntarget 1: 95000\ntarget 2: 96000",
            ]
        );
        assert_eq!(posts[0].key, PostKey::new("7"));
        assert_eq!(posts[0].received.as_millis(), 1_738_310_400_500);
    }

    #[test]
    fn a_row_that_is_no_call_is_refused_by_its_line() {
        for (row, words) in [
            (",2025-01-31T08:00:00Z,ETH,LONG,1,,,,", "`no` is empty"),
            ("7,2025-01-31 08:00,ETH,LONG,1,,,,", "with its offset"),
            ("7,2025-01-31T08:00:00Z,ETH,UP,1,,,,", "neither long"),
            ("7,2025-01-31T08:00:00Z,ETH,LONG,-1,,,,", "entry"),
            ("7,2025-01-31T08:00:00Z,ETH/,LONG,1,0.9,2,,", "symbol"),
            (
                "7,2025-01-31T08:00:00Z,ETH-QQQ,LONG,1,0.9,2,3,",
                "which reads as `ETH/USDT",
            ),
        ] {
            let error = posts(COLUMNS, row).unwrap_err();
            let said = format!("{error:#}");
            assert!(said.contains("line 2") && said.contains(words), "{said}");
        }
    }

    #[test]
    fn columns_that_are_not_there_or_keys_that_mean_nothing_are_named() {
        let wrong = COLUMNS.replace("\"sl\"", "\"stop_loss\"");
        let said = format!("{:#}", posts(&wrong, "").unwrap_err());
        assert!(said.contains("no column `stop_loss`"), "{said}");
        let wrong = format!("{COLUMNS}stop_los = \"sl\"\n");
        let said = format!("{:#}", posts(&wrong, "").unwrap_err());
        assert!(said.contains("stop_los"), "{said}");
        let without = COLUMNS.replace("channel = \"room\"\n", "");
        let said = format!("{:#}", posts(&without, "").unwrap_err());
        assert!(said.contains("CHANNEL=FILE"), "{said}");
    }
}
