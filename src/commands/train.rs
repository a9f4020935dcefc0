//! The commands of models: training one, and measuring one on other data.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use domain::execution::ExecutionModel;
use domain::ports::Clock as _;
use domain::statistics::count;
use indicatif::{ProgressBar, ProgressStyle};
use scoring::dataset::{self, Row};
use scoring::measure::{Standing, Table};
use scoring::registry::{self, Card, Loaded, Name, TrainedOn, page};
use scoring::steps::network::Eye;
use scoring::training::{self, Order};
use serde::Serialize;

use crate::cli::{EvaluateArgs, MaterialArgs, TrainArgs};
use crate::clock::WallClock;
use crate::config::Settings;
use crate::lessons::{self, Lessons};
use crate::replay::{Plan, candles, posts, strategies};
use crate::store::Opened;

/// Trains a model, measures it and writes it into a folder.
///
/// # Errors
///
/// When the records cannot be read, are too few, or know too much; or nothing can be written.
pub fn train(config: Option<&Path>, args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let (rows, source, trained_on) = material(config, &args.material)?;
    let order = args.order()?;
    let bar = bar(args.material.quiet);
    let trained = training::train(&rows, &order, |part, what| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1000"
        )]
        bar.set_position((part * 1_000.0) as u64);
        bar.set_message(what.to_owned());
    })?;
    bar.finish_and_clear();
    let folder = args.models.join(&args.name);
    let name = Name {
        version: next_version(&folder)?,
        name: args.name.clone(),
        trained_on,
        source,
        seed: args.seed,
    };
    let card = registry::save(&folder, &name, &trained, &rows)
        .with_context(|| format!("could not write the model {}", folder.display()))?;
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &card)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", page::markdown(&card.holdout))?;
    writeln!(
        out,
        "{}/{} speaks by {}; {} holds it and its card",
        card.name,
        card.version,
        card.champion,
        folder.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// What `evaluate --json` prints.
#[derive(Serialize)]
struct Evaluation<'a> {
    /// The model.
    model: String,
    /// Which of its steps speaks.
    champion: &'a str,
    /// Where the signals are from.
    source: String,
    /// Whose they are: `real` ones, or the `simulator`'s.
    origin: TrainedOn,
    /// SHA-256 of every row.
    data_hash: String,
    /// How many of them the model may have learned from, or been measured on before.
    overlap: Overlap,
    /// Each step of the ladder.
    ladder: &'a BTreeMap<String, Standing>,
    /// The same with what is common to all steps.
    table: &'a Table,
}

/// Signals of the channels and of the time that a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Overlap {
    /// How many.
    rows: usize,
    /// Of all that it is measured on.
    share: f64,
}

impl Overlap {
    fn of(card: &Card, rows: &[Row]) -> Self {
        let data = &card.data;
        let known = rows.iter().filter(|row| {
            data.channels.contains_key(row.channel.as_str())
                && (data.from_ms..=data.to_ms).contains(&row.received.as_millis())
        });
        let known = known.count();
        let share = count(known) / count(rows.len().max(1));
        Self { rows: known, share }
    }
}

/// Measures a model's whole ladder on other data.
///
/// # Errors
///
/// When the model is refused, or the records cannot be read or are none.
pub fn evaluate(config: Option<&Path>, args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    let folder = args.folder();
    // Before minutes are spent on candles.
    let whose = args.material.whose(config)?;
    let loaded = Loaded::load(&folder, lessons::scored(whose))?;
    ensure!(
        loaded.card().trained_on == whose,
        "the model {} was trained on real signals and these are the simulator's, which say nothing of it; measure \
         it on real ones",
        loaded.model()
    );
    ensure!(
        !(args.material.names_nothing() && loaded.reads_window()),
        "the network of {} reads a window of candles, and the store keeps none: give --candles",
        loaded.model()
    );
    let (rows, source, _) = material(config, &args.material)?;
    ensure!(!rows.is_empty(), "{}", args.material.nothing());
    let overlap = Overlap::of(loaded.card(), &rows);
    if overlap.rows > 0 {
        let mut told = std::io::stderr().lock();
        writeln!(
            told,
            "{} of {} signals ({:.0} %) are of channels and days that {} was trained on: what it makes of those is \
             no proof",
            overlap.rows,
            rows.len(),
            overlap.share * 100.0,
            loaded.model()
        )?;
    }
    let evaluated = loaded.evaluate(&rows);
    if let Some(picture) = &args.picture {
        std::fs::write(picture, &evaluated.picture)
            .with_context(|| format!("could not write {}", picture.display()))?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let evaluation = Evaluation {
            model: loaded.model().to_string(),
            champion: &loaded.card().champion,
            source,
            origin: whose,
            data_hash: dataset::hash(&rows),
            overlap,
            ladder: &evaluated.table.steps,
            table: &evaluated.table,
        };
        serde_json::to_writer_pretty(&mut out, &evaluation)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", page::markdown(&evaluated.table))?;
    writeln!(
        out,
        "{} speaks by {}",
        loaded.model(),
        loaded.card().champion
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The rows that are asked for, where they are from, and whose they are.
fn material(
    config: Option<&Path>,
    args: &MaterialArgs,
) -> anyhow::Result<(Vec<Row>, String, TrainedOn)> {
    let plan = args.plan();
    let system = actix::System::new();
    if args.names_nothing() {
        return system.block_on(stored(config));
    }
    let gathered = system.block_on(gather(config, args, &plan))?;
    let (lessons, source, trained_on) = gathered;
    let signals = lessons.told.len();
    let rows = lessons.rows();
    let source = format!(
        "{source}: {signals} signals, {} of them entered and over",
        rows.len()
    );
    Ok((rows, source, trained_on))
}

/// What the store holds of the signals that were seen live, as they were seen.
async fn stored(config: Option<&Path>) -> anyhow::Result<(Vec<Row>, String, TrainedOn)> {
    let settings = Settings::load(config)?;
    let opened = open(&settings).await?;
    let trained_on = whose(&settings);
    let origin = lessons::scored(trained_on);
    let (store, predictions) = (opened.port(), opened.predictions());
    let rows = lessons::kept::rows(&*store, &*predictions, origin, WallClock.now()).await;
    opened.close().await;
    let rows = rows.context("could not read what is stored")?;
    let source = format!(
        "the store: {} signals that were seen live and entered, and whose time is up",
        rows.len()
    );
    Ok((rows, source, trained_on))
}

async fn gather(
    config: Option<&Path>,
    args: &MaterialArgs,
    plan: &Plan,
) -> anyhow::Result<(Lessons, String, TrainedOn)> {
    if let Some(days) = args.simulator {
        let lessons = lessons::simulated(args.world, 1.0, days, plan).await?;
        let source = format!("{days} days of the simulator, seed {}", args.world);
        return Ok((lessons, source, TrainedOn::Simulator));
    }
    let mut source = Vec::new();
    let mut lessons = if args.posts.is_empty() {
        Lessons::of_candles(&plan.candles, plan.quiet)?
    } else {
        source.push("posts replayed against candles");
        Lessons::replayed(plan).await?
    };
    if args.strategies {
        source.push("strategies on candles");
        lessons.add_strategies(&plan.model, plan.quiet)?;
    }
    let trained_on = args.whose(config)?;
    if source.is_empty() {
        let opened = open(&Settings::load(config)?).await?;
        let added = lessons.add_stored(&*opened.port(), trained_on).await;
        opened.close().await;
        added?;
        source.push("the store on candles");
    }
    Ok((lessons, source.join(" and "), trained_on))
}

async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    let place = settings.database();
    let opened = place.open().await;
    opened.with_context(|| format!("could not open the database {place}"))
}

/// Whose signals the store of these settings holds.
const fn whose(settings: &Settings) -> TrainedOn {
    if settings.simulator.enabled {
        TrainedOn::Simulator
    } else {
        TrainedOn::Real
    }
}

impl MaterialArgs {
    /// Is everything to come from the store? Posts and strategies want candles.
    const fn names_nothing(&self) -> bool {
        self.simulator.is_none() && self.candles.is_empty()
    }

    /// Whose signals these are: what comes from the store is whose the store holds.
    fn whose(&self, config: Option<&Path>) -> anyhow::Result<TrainedOn> {
        if self.simulator.is_some() {
            return Ok(TrainedOn::Simulator);
        }
        if self.strategies || !self.posts.is_empty() {
            return Ok(TrainedOn::Real);
        }
        Ok(whose(&Settings::load(config)?))
    }

    /// Why there is nothing to measure on.
    const fn nothing(&self) -> &'static str {
        if self.names_nothing() {
            "the store holds no signal that was seen live and entered and whose time is up: a signal counts when \
             it could not be open any longer, some 15 days after its receipt"
        } else {
            "no signal among these was entered and is over, so there is nothing to measure on"
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            candles: candles::Wanted {
                paths: self.candles.clone(),
                market: self.market.clone(),
                symbols: self.symbols.clone(),
            },
            posts: posts::Wanted {
                files: self.posts.clone(),
                columns: self.columns.clone(),
            },
            // Called offline over the candles, where they are wanted: see `Lessons::add_strategies`.
            strategies: strategies::Wanted::default(),
            model: ExecutionModel::DEFAULT,
            quiet: self.quiet,
            events: false,
            lessons: true,
        }
    }
}

impl TrainArgs {
    /// What is to be tried.
    fn order(&self) -> anyhow::Result<Order> {
        let mut order = if self.quick {
            Order::quick(self.seed)
        } else {
            Order::usual(self.seed)
        };
        if !self.eyes.is_empty() {
            order
                .networks
                .retain(|(shape, _)| self.eyes.contains(&shape.eye));
            ensure!(
                !order.networks.is_empty(),
                "--quick tries one network alone, whose eye is shut: leave --eyes or --quick out"
            );
        }
        if self.material.names_nothing() {
            order.networks.retain(|(shape, _)| shape.eye == Eye::Shut);
            ensure!(
                !order.networks.is_empty(),
                "the store keeps no window of candles, so networks cannot learn to read one: give --candles, or leave --eyes out"
            );
        }
        if let Some(nets) = self.nets {
            let nets = usize::try_from(nets)?;
            order
                .networks
                .iter_mut()
                .for_each(|(_, pace)| pace.nets = nets);
        }
        if let Some(times) = self.shuffles {
            order.shuffles = usize::try_from(times)?;
        }
        order.accept.clone_from(&self.accept);
        Ok(order)
    }
}

impl EvaluateArgs {
    /// The model's folder: by its name among the models, or a folder by itself.
    fn folder(&self) -> PathBuf {
        let named = self.models.join(&self.model);
        let path = PathBuf::from(&self.model);
        if named.is_dir() || !path.is_dir() {
            named
        } else {
            path
        }
    }
}

/// One more than the version that is there.
fn next_version(folder: &Path) -> anyhow::Result<u32> {
    let card = folder.join(registry::CARD);
    if !card.exists() {
        return Ok(1);
    }
    let text =
        std::fs::read(&card).with_context(|| format!("could not read {}", card.display()))?;
    let version = Card::version_of(&text).with_context(|| {
        format!(
            "{} is no card; move the folder away or give another --name",
            card.display()
        )
    })?;
    Ok(version + 1)
}

/// A bar on standard error that counts in parts of a thousand.
fn bar(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("training {bar:24} {percent} % {msg}, {elapsed}, {eta} to go");
    let bar =
        ProgressBar::new(1_000).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}
