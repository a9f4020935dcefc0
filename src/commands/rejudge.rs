//! `touchstone rejudge`: what would have come of stored signals, by today's rules and prices.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actors::retrier::{Step, Trial, Untriable};
use actors::unsettled::in_full;
use anyhow::{Context as _, ensure};
use domain::execution::ExecutionModel;
use domain::ids::Seq;
use domain::lifecycle::POLICY;
use domain::market::Venue;
use domain::ports::retrial::{Paths, RetrialQuery, Retrials, Wanting};
use domain::ports::store::{SignalRecord, Store};
use domain::ports::{Advice, Candles, Clock, Feed as _};

use crate::charts::Charts;
use crate::cli::RejudgeArgs;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::paths::{ArchivedPaths, VenuePaths};
use crate::replay::candles;
use crate::serve;

/// How many signals are read at once.
const PAGE: usize = 500;

/// How often a venue that does not answer is asked again, and how long to rest before.
const TRIES: u32 = 5;
const REST: Duration = Duration::from_secs(3);

/// What was done.
#[derive(Debug, Default)]
struct Done {
    signals: u64,
    /// Outcomes that are new beside the old ones.
    new: usize,
    /// Outcomes that are not what they were, by model.
    changed: BTreeMap<&'static str, u64>,
    /// Signals whose path ends before they do.
    waiting: u64,
    /// Signals that cannot be tried, by the reason.
    left: BTreeMap<String, u64>,
}

/// Judges again what is asked for, keeps what is new, and says what changed.
///
/// # Errors
///
/// When candles or the store cannot be read, or the store not be written.
pub fn rejudge(config: Option<&Path>, args: &RejudgeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config)?;
    let place = settings.database();
    let done = actix::System::new().block_on(async {
        let paths = paths(&settings, args)?;
        let opened = place.open().await;
        let opened = opened.with_context(|| format!("could not open {place}"))?;
        let (store, retrials) = (opened.port(), opened.retrials());
        let done = all(&*store, &*retrials, &*paths, args).await;
        opened.close().await;
        done
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} signals tried by the rules of policy {POLICY}; {} outcomes are new and stand beside the old ones",
        done.signals, done.new
    )?;
    for (model, outcomes) in &done.changed {
        writeln!(out, "{outcomes:>8}  changed under {model}")?;
    }
    if done.waiting > 0 {
        let signals = done.waiting;
        writeln!(
            out,
            "{signals:>8}  are not over under every model where the candles end"
        )?;
    }
    for (why, signals) in &done.left {
        writeln!(out, "{signals:>8}  left as they are: {why}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where prices come from.
fn paths(settings: &Settings, args: &RejudgeArgs) -> anyhow::Result<Box<dyn Paths>> {
    if !args.candles.is_empty() {
        return Ok(Box::new(ArchivedPaths::read(&candles::Wanted {
            paths: args.candles.clone(),
            market: args.market.clone(),
            symbols: Vec::new(),
        })?));
    }
    ensure!(
        !settings.simulator.enabled && !settings.venues.is_empty(),
        "no venue is configured whose candles could be asked for: write [venues.binance] as shown in \
         config.toml, or give files with --candles"
    );
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let mut venues: BTreeMap<Venue, Arc<dyn Candles>> = BTreeMap::new();
    for (name, venue) in &settings.venues {
        let feed = serve::feed(name, venue, &clock)?;
        venues.insert(feed.venue().clone(), Arc::new(feed));
    }
    Ok(Box::new(VenuePaths::new(
        Arc::new(Charts::new(venues)),
        clock,
    )))
}

async fn all(
    store: &dyn Store,
    retrials: &dyn Retrials,
    paths: &dyn Paths,
    args: &RejudgeArgs,
) -> anyhow::Result<Done> {
    let mut done = Done::default();
    let rounds: &[Wanting] = match (args.all, args.incomplete) {
        (true, _) => &[Wanting::All],
        (false, true) => &[Wanting::Untried(POLICY), Wanting::Incomplete(POLICY)],
        (false, false) => &[Wanting::Untried(POLICY)],
    };
    for which in rounds {
        let mut wanted = wanted(retrials, *which, args).await?;
        // Market by market: an archive unpacks the candles of one at a time.
        wanted.sort_by(|a, b| a.signal.instrument.cmp(&b.signal.instrument));
        for record in &wanted {
            one(store, retrials, paths, record, &mut done).await?;
        }
    }
    Ok(done)
}

async fn wanted(
    retrials: &dyn Retrials,
    which: Wanting,
    args: &RejudgeArgs,
) -> anyhow::Result<Vec<SignalRecord>> {
    let (mut wanted, mut after) = (Vec::new(), Seq::ZERO);
    loop {
        let page = retrials.wanting(which, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(wanted);
        };
        after = last.seq;
        let of = args.channel.as_ref();
        let of = |record: &SignalRecord| of.is_none_or(|of| record.signal.channel == *of);
        wanted.extend(page.into_iter().filter(of));
    }
}

async fn one(
    store: &dyn Store,
    retrials: &dyn Retrials,
    paths: &dyn Paths,
    record: &SignalRecord,
    done: &mut Done,
) -> anyhow::Result<()> {
    let id = record.signal.id;
    let mut trial = match Trial::open(store, paths, record, &ExecutionModel::ALL).await {
        Ok(trial) => trial,
        Err(Untriable::Store(error)) => return Err(error.into()),
        Err(why @ (Untriable::Forgotten(_) | Untriable::Unknown(_))) => {
            *done.left.entry(why.to_string()).or_default() += 1;
            return Ok(());
        }
    };
    let mut failures = 0;
    let over = loop {
        match trial.go_on().await {
            Ok(Step::More) => failures = 0,
            Ok(Step::Over) => break true,
            Ok(Step::Waits) => break false,
            Err(error) if error.advice() == Advice::Retry && failures < TRIES => {
                failures += 1;
                tokio::time::sleep(REST).await;
            }
            Err(error) => {
                *done.left.entry(in_full(&error)).or_default() += 1;
                return Ok(());
            }
        }
    };
    let found = trial.retried(WallClock.now());
    let query = RetrialQuery {
        signals: vec![id],
        ..RetrialQuery::default()
    };
    let before = retrials.retried(&query).await?;
    for one in &found {
        let known = before
            .iter()
            .filter(|known| known.outcome.model == one.outcome.model);
        let newest = known.max_by_key(|known| (known.policy, known.revision));
        if newest.is_some_and(|newest| newest.outcome != one.outcome) {
            *done.changed.entry(one.outcome.model).or_default() += 1;
        }
    }
    done.new += retrials.keep(id, &found, over.then_some(POLICY)).await?;
    done.signals += 1;
    done.waiting += u64::from(!over);
    Ok(())
}
