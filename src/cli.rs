//! The command line: what a person types, and what he is told.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::chain::Day;
use domain::execution::ExecutionModel;
use domain::ids::ChannelId;
use domain::market;
use domain::reading::Meaning;
use domain::strategy::Strategy;
use domain::time::Timestamp;
use scoring::features::schema;
use scoring::steps::network::Eye;

use crate::archive::{Interval, month};
use crate::export::{FiguresFilter, Format};
use crate::figures::followed::FollowedFilter;
use crate::filter::SignalFilter;
use crate::replay::candles::Market;
use crate::replay::posts::PostFile;
use crate::wire::chain;

/// A realtime signal platform that tells a trader which trading signals deserve belief.
#[derive(Debug, Parser)]
#[command(name = "touchstone", version, about, max_term_width = 100)]
pub struct Cli {
    /// Read this file over the embedded defaults; the environment (TOUCHSTONE__SECTION__KEY) comes last.
    #[arg(long, global = true, env = "TOUCHSTONE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to serve.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect, score, push and judge signals (the default).
    Serve(ServeArgs),
    /// Judge recorded posts against recorded candles, and write a report.
    Replay(Box<ReplayArgs>),
    /// Train a model that says which signals deserve belief, measure it, and write its card.
    Train(Box<TrainArgs>),
    /// Measure a model's whole ladder of baselines on other data.
    Evaluate(Box<EvaluateArgs>),
    /// Read posts from standard input, one {"id","text"} a line, and print what is read in each; or read
    /// files of posts, and print by channel what became what.
    Parse(ParseArgs),
    /// Check the configuration and say what would start; nothing is connected to.
    Check(ServeArgs),
    /// Bring the database up to date, and say what was done.
    Migrate,
    /// Make accounts of those who run the platform.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Exchange the keys that sign tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Keep Stripe's prices and our plans the same, and what is paid for and what Stripe says.
    #[command(subcommand)]
    Stripe(StripeCommand),
    /// Copy a whole record into an empty database, and verify it.
    Copy(CopyArgs),
    /// Copy the database file as it stands at this moment, also while the platform runs on it.
    Backup(BackupArgs),
    /// Put a backup in the place of the database file, while nothing runs on it; a new epoch begins, and
    /// every client is told so.
    Restore(RestoreArgs),
    /// Say which history the database holds.
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Read every stored post again with this program's parser, beside what was read when it arrived.
    Reread(RereadArgs),
    /// Write what the platform holds into files.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Drop the old part of the stream; posts, signals and outcomes stay.
    Forget(ForgetArgs),
    /// Judge stored signals again under every execution model, from venues or from candle files; what
    /// was found before stays beside it.
    Rejudge(RejudgeArgs),
    /// Check everything that is kept against the days' seals, and make again what follows from it.
    Verify(VerifyArgs),
    /// Ask the configured venues what they list, and write the list of assets that the parser knows.
    Assets(AssetsArgs),
    /// Keep an archive of candles to replay against.
    #[command(subcommand)]
    Candles(CandlesCommand),
    /// Store the recorded posts of channels, read like any others but judged by `replay` alone.
    Import(ImportArgs),
}

/// What can be done with the accounts of those who run the platform.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make one, or let an account that is there run the platform. The password is asked for, or read
    /// from standard input.
    Create(AdminCreateArgs),
    /// Take the second factor of an account away whose owner has lost it; he is told by mail.
    ResetSecondFactor(ResetArgs),
}

/// What can be done with the keys that sign tokens.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Let a new one sign from now on. What the former one signed is believed until it is too old.
    Rotate(KeysRotateArgs),
}

/// How to exchange them.
#[derive(Debug, Args)]
pub struct KeysRotateArgs {
    /// Believe nothing any more that former ones signed: somebody has one of them. Whoever is logged in
    /// stays so, and fetches a new token.
    #[arg(long)]
    pub revoke: bool,
}

/// What can be done with Stripe.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum StripeCommand {
    /// Make the prices there what the plans say. Done twice it does nothing the second time.
    Sync,
    /// Compare what everybody pays for with what is kept, and mend what a lost event left behind.
    Reconcile,
}

/// Who is to run the platform.
#[derive(Debug, Args)]
pub struct AdminCreateArgs {
    /// The address of mail by which he logs in.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// In which language he is written to: en or ru.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
}

/// Whose second factor is to go.
#[derive(Debug, Args)]
pub struct ResetArgs {
    /// The address of mail by which he logs in.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
}

/// What can be done with candles.
#[derive(Debug, Subcommand)]
pub enum CandlesCommand {
    /// Download what the archive does not have yet of some symbols; may be stopped and repeated.
    Fetch(FetchArgs),
}

/// Which candles to fetch.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The symbols, as the venue calls them: BTCUSDT.
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// From which day (2025-03-01, in UTC) or instant (2025-03-01T12:00:00Z) on.
    #[arg(long, value_name = "WHEN", value_parser = month::instant)]
    pub from: Timestamp,
    /// Before which day or instant; until now when nothing is said.
    #[arg(long, value_name = "WHEN", value_parser = month::instant)]
    pub to: Option<Timestamp>,
    /// How long a candle lasts: 1m, 15m, 1h, 1d, …
    #[arg(long, default_value = "1m")]
    pub interval: Interval,
    /// From which of the configured venues; needed when there are several.
    #[arg(long, value_name = "NAME")]
    pub venue: Option<String>,
    /// The folder of the archive.
    #[arg(long, default_value = "data/candles", value_name = "FOLDER")]
    pub archive: PathBuf,
}

/// What to read.
#[derive(Debug, Args)]
pub struct ParseArgs {
    /// Files of posts, plain or .gz or .xz: .jsonl (one object a line), .json (an export of Telegram
    /// Desktop) or .csv (calls in columns); CHANNEL=FILE says whose they are.
    #[arg(value_name = "FILE")]
    pub files: Vec<PostFile>,
    /// What the columns of the .csv files are (TOML).
    #[arg(long, requires = "files", value_name = "FILE")]
    pub columns: Option<PathBuf>,
    /// Print so many posts of each class of each channel, too, with what was read in them.
    #[arg(long, requires = "files", default_value_t = 0, value_name = "COUNT")]
    pub samples: usize,
    /// Sample this class alone.
    #[arg(long, requires = "files", value_name = "CLASS", value_parser = class)]
    pub class: Option<&'static str>,
}

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, plain or .gz or .xz: .jsonl (one object a line), .json (an export of Telegram
    /// Desktop) or .csv (calls in columns).
    pub file: PathBuf,
    /// The channel whose posts they are, where the file does not say it or says it otherwise.
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<ChannelId>,
    /// What the columns of a .csv file are (TOML).
    #[arg(long, value_name = "FILE")]
    pub columns: Option<PathBuf>,
}

fn model(name: &str) -> Result<ExecutionModel, String> {
    ExecutionModel::called(name).ok_or_else(|| {
        let names = ExecutionModel::ALL.map(|model| model.name);
        format!("there is no such model; there is {}", names.join(", "))
    })
}

fn class(name: &str) -> Result<&'static str, String> {
    let known = Meaning::LABELS.into_iter().find(|label| *label == name);
    known.ok_or_else(|| {
        format!(
            "there is no such class; there is {}",
            Meaning::LABELS.join(", ")
        )
    })
}

/// The strategies that one name means.
pub type Strategies = Vec<Strategy>;

fn strategy(name: &str) -> Result<Strategies, String> {
    if name == "all" {
        return Ok(Strategy::NAMES
            .into_iter()
            .filter_map(Strategy::named)
            .collect());
    }
    let known = Strategy::named(name).map(|strategy| vec![strategy]);
    known.ok_or_else(|| {
        let names = Strategy::NAMES.join(", ");
        format!("there is no such strategy; there is {names}, and all")
    })
}

fn interval(label: &str) -> Result<market::Interval, String> {
    let known = market::Interval::from_label(label);
    known.ok_or_else(|| {
        let labels = market::Interval::ALL
            .map(market::Interval::label)
            .join(", ");
        format!("candles are not made that long; use {labels}")
    })
}

fn channel(name: &str) -> Result<ChannelId, String> {
    ChannelId::parse(name).map_err(|error| error.to_string())
}

fn day(text: &str) -> Result<Day, String> {
    chain::day(text).ok_or_else(|| "write a day: 2025-03-01".to_owned())
}

/// How to serve.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ServeArgs {
    /// Let everybody who reaches the address do everything, without an account.
    #[arg(long)]
    pub open_access: bool,
}

/// What to copy.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// Where the record is: sqlite:PATH or postgres://user:password@host:5432/database.
    #[arg(long, value_name = "ADDRESS")]
    pub from: String,
    /// Where it goes; there must be nothing there.
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
}

/// Where a backup goes.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to be made; there must be none of that name.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What to put back.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup. It stays as it is.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What can be done with the name of a history.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// Begin a new one, after the database was put back by other means than `restore`: whoever resumes
    /// by a position of the old one is told to read the state anew. No platform may run on it.
    New(EpochNewArgs),
}

/// Why a new history begins.
#[derive(Debug, Args)]
pub struct EpochNewArgs {
    /// Why, in words; it stands in the log of what privileged people did.
    #[arg(long, value_name = "WHY")]
    pub why: String,
}

/// What to read again.
#[derive(Debug, Args)]
pub struct RereadArgs {
    /// Only this channel's posts.
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<ChannelId>,
}

/// What to judge again.
#[derive(Debug, Args)]
pub struct RejudgeArgs {
    /// Only this channel's signals.
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<ChannelId>,
    /// Candle files and folders instead of the configured venues, named as for `replay`.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub candles: Vec<PathBuf>,
    /// The market of the candle files whose folders do not say it.
    #[arg(long, requires = "candles", value_name = "VENUE:spot|perpetual")]
    pub market: Option<Market>,
    /// Also those of which something was not known when they were last tried: a candle may have come
    /// late.
    #[arg(long)]
    pub incomplete: bool,
    /// Every judged signal, whether it was tried or not.
    #[arg(long, conflicts_with = "incomplete")]
    pub all: bool,
}

/// What can be exported.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Every reading that a person reviewed, one JSON object a line: examples to learn from.
    Labels(LabelsArgs),
    /// Signals, newest first.
    Signals(Box<SignalsArgs>),
    /// What came of the judged ones of them.
    Outcomes(Box<OutcomesArgs>),
    /// What may be said of each channel.
    Figures(FiguresArgs),
}

/// Which signals, and where they go. The filters are those of GET /v1/signals.
#[derive(Debug, Args)]
pub struct SignalsArgs {
    /// Which.
    #[command(flatten)]
    pub filter: SignalFilter,
    /// Where to.
    #[command(flatten)]
    pub file: FileArgs,
}

/// Which outcomes, and where they go. The filters are those of GET /v1/exports/outcomes.
#[derive(Debug, Args)]
pub struct OutcomesArgs {
    /// Of which signals.
    #[command(flatten)]
    pub filter: SignalFilter,
    /// Under which model.
    #[command(flatten)]
    pub followed: FollowedFilter,
    /// Where to.
    #[command(flatten)]
    pub file: FileArgs,
}

/// Which figures, and where they go.
#[derive(Debug, Args)]
pub struct FiguresArgs {
    /// Which.
    #[command(flatten)]
    pub filter: FiguresFilter,
    /// Under which model.
    #[command(flatten)]
    pub followed: FollowedFilter,
    /// Where to.
    #[command(flatten)]
    pub file: FileArgs,
}

/// A file that is written whole or not at all.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// csv, xlsx, parquet or json; else what the file's name ends with, else csv.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// The file; standard output when nothing is said.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Where labels go.
#[derive(Debug, Args)]
pub struct LabelsArgs {
    /// The file; standard output when nothing is said.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Where the list of assets goes.
#[derive(Debug, Args)]
pub struct AssetsArgs {
    /// The file (domain/data/assets.txt is bundled at the next build); standard output when nothing
    /// is said.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What to forget.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The events that were stored before this day (2025-03-01, in UTC) or instant. What is about a
    /// signal that is not judged yet stays.
    #[arg(long, value_name = "WHEN", value_parser = month::instant)]
    pub before: Timestamp,
}

/// What to verify.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// From this day (2025-03-01, in UTC) on; from the first when nothing is said.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// Up to this day; to what is not sealed yet when nothing is said.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// Compare with the seals in this file: frames of the stream as somebody kept them, one a line.
    #[arg(long, value_name = "FILE")]
    pub seals: Option<PathBuf>,
}

/// What to replay.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Candle files named SYMBOL-INTERVAL-….csv (or .csv.gz, .csv.xz, .parquet), or folders that
    /// are walked for them; a folder's name (binance_spot, binance_usdm) says venue and market.
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub candles: Vec<PathBuf>,
    /// The market of the candle files whose folders do not say it.
    #[arg(long, value_name = "VENUE:spot|perpetual")]
    pub market: Option<Market>,
    /// Post files, plain or .gz or .xz: .jsonl (one object a line), .json (an export of Telegram
    /// Desktop) or .csv (calls in columns); CHANNEL=FILE says whose they are.
    #[arg(long, required_unless_present_any = ["channel", "strategies"], num_args = 1.., value_name = "FILE")]
    pub posts: Vec<PostFile>,
    /// Instead of files, this channel's posts as they are stored.
    #[arg(long, conflicts_with_all = ["posts", "columns"], value_name = "NAME", value_parser = channel)]
    pub channel: Option<ChannelId>,
    /// What the columns of the .csv files are (TOML).
    #[arg(long, value_name = "FILE")]
    pub columns: Option<PathBuf>,
    /// Strategies that call from the candles, besides or instead of posts: breakout,
    /// moving_average_cross, rsi_reversal, bollinger_reversion, momentum, pullback; or all.
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "NAME", value_parser = strategy)]
    pub strategies: Vec<Strategies>,
    /// How long the candles are from which strategies call: 1m, 5m, 15m, 30m, 1h, 4h or 1d.
    #[arg(long, num_args = 1.., value_delimiter = ',', default_value = "15m", value_name = "INTERVAL", value_parser = interval)]
    pub intervals: Vec<market::Interval>,
    /// How the follower trades: default/1, market/1 (all of it at receipt), first-touch/1 (all of it at
    /// a zone's near end), first-target/1 (all out there), breakeven/1 (stop to the entry after the
    /// first target), moving-stop/1 (and from target to target), default-1m/1, default-5m/1,
    /// default-15m/1 or default-1h/1 (so long after receipt). The version may be left out.
    #[arg(long, default_value = ExecutionModel::DEFAULT.name, value_name = "NAME", value_parser = model)]
    pub model: ExecutionModel,
    /// Only these symbols of the candle folders.
    #[arg(long, num_args = 1.., value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Where to write the report (JSON).
    #[arg(long, value_name = "FILE")]
    pub report: PathBuf,
    /// Show neither a progress bar nor a table.
    #[arg(long)]
    pub quiet: bool,
}

/// What a model is trained or measured on: posts replayed against candles, strategies on candles, the
/// simulator's past, or where none of these is named what the configured database holds.
#[derive(Debug, Args)]
pub struct MaterialArgs {
    /// Candle files, or folders that are walked for them, as for `replay`. With the database's own
    /// records they are what is seen of the market.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub candles: Vec<PathBuf>,
    /// The market of the candle files whose folders do not say it.
    #[arg(long, value_name = "VENUE:spot|perpetual")]
    pub market: Option<Market>,
    /// Post files, as for `replay`; CHANNEL=FILE says whose they are.
    #[arg(long, requires = "candles", num_args = 1.., value_name = "FILE")]
    pub posts: Vec<PostFile>,
    /// What the columns of .csv files of posts are (TOML).
    #[arg(long, value_name = "FILE")]
    pub columns: Option<PathBuf>,
    /// Let the built-in strategies call on the candles, of 1, 5 and 15 minutes.
    #[arg(long, requires = "candles")]
    pub strategies: bool,
    /// So many days of the simulator's past: ten minutes of each, and of every fourth twenty that two hours of listening precede.
    #[arg(long, conflicts_with_all = ["candles", "posts", "strategies"], value_name = "DAYS", value_parser = clap::value_parser!(u32).range(2..=3650))]
    pub simulator: Option<u32>,
    /// The seed of that simulator: another one than where the model will score.
    #[arg(long, default_value_t = 11, value_name = "SEED")]
    pub world: u64,
    /// Only these symbols of the candle folders.
    #[arg(long, num_args = 1.., value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Show no progress bar.
    #[arg(long)]
    pub quiet: bool,
}

/// What to train.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The model's name: its folder among the models. One that is there is followed by its next
    /// version.
    #[arg(long, default_value = "local", value_name = "NAME", value_parser = model_name)]
    pub name: String,
    /// The folder of the models.
    #[arg(long, default_value = "models", value_name = "FOLDER")]
    pub models: PathBuf,
    /// The dice: the same seed and records make the same model.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Try one network and one growth of trees alone.
    #[arg(long)]
    pub quick: bool,
    /// Try only networks that read the window of candles so: shut (not at all), flat (all at once),
    /// convolution or recurrent.
    #[arg(long, num_args = 1.., value_name = "EYE", value_parser = eye)]
    pub eyes: Vec<Eye>,
    /// So many networks are trained, each from a seed of its own, and asked together; when nothing is
    /// said three, or one when it is to be quick.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub nets: Option<u32>,
    /// So often outcomes are shuffled, to see that nothing is found in them; 20 times when nothing is
    /// said, never when it is to be quick.
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(..=1000))]
    pub shuffles: Option<u32>,
    /// Features that may be as telling as they are: training refuses one that has seen the future, and who
    /// knows that it has not says so here. The card names them.
    #[arg(long, num_args = 1.., value_name = "FEATURE", value_parser = feature)]
    pub accept: Vec<String>,
    /// Print the card (JSON).
    #[arg(long)]
    pub json: bool,
    /// On what.
    #[command(flatten)]
    pub material: MaterialArgs,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The model: its name among the models, or its folder.
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// The folder of the models.
    #[arg(long, default_value = "models", value_name = "FOLDER")]
    pub models: PathBuf,
    /// Print every figure (JSON).
    #[arg(long)]
    pub json: bool,
    /// Where to draw how often what was told happened (SVG).
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// On what.
    #[command(flatten)]
    pub material: MaterialArgs,
}

/// How a network reads the window, by the name that cards have for it.
fn eye(name: &str) -> Result<Eye, String> {
    serde_json::from_value(serde_json::Value::from(name))
        .map_err(|_| "networks read the window shut, flat, by convolution or recurrent".to_owned())
}

/// A feature, by its name.
fn feature(name: &str) -> Result<String, String> {
    let mut known = schema().signal.iter();
    let known = known.any(|feature| *feature == name);
    known.then(|| name.to_owned()).ok_or_else(|| {
        "there is no such feature; a model's reference.json names them all".to_owned()
    })
}

/// A name that is safe as a folder's.
fn model_name(name: &str) -> Result<String, String> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    fits.then(|| name.to_owned()).ok_or_else(|| {
        "a model's name has up to 64 of a-z, 0-9 and -, and begins with no -".to_owned()
    })
}
