//! Telemetry: what is said, what is counted, and which way posts went.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::Directive;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{Log, LogFormat, Monitoring};

pub mod gauges;
mod lines;
mod names;
mod traces;

pub use gauges::Gauges;
use lines::Lines;
pub use traces::Traces;

/// Upper bounds, in seconds, of the stage latencies: from 50 µs to 10 s.
const SECONDS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0,
];

/// The ways of posts go to a collector or nowhere, never into the log.
const NO_WAYS: &str = "touchstone::way=off";

/// What is told of panics, whatever else is not.
const PANICS: &str = "touchstone::panic=error";

/// Starts logging, and following posts where a collector takes their ways. From now on a panic is a line
/// of the log, too, where that is for machines.
///
/// # Errors
///
/// When the filter cannot be read, or logging was started before.
pub fn start(log: &Log, monitoring: &Monitoring) -> anyhow::Result<Option<Traces>> {
    let filter = filter(&log.filter)?;
    let traces = monitoring.traces();
    let traces = traces.map(|url| Traces::to(&url, monitoring.traces_ratio));
    let traces = traces.transpose()?;
    registry()
        .with(lines(log.format).with_filter(filter))
        .with(traces.as_ref().map(Traces::layer))
        .try_init()
        .context("logging could not start")?;
    if log.format == LogFormat::Json {
        panic::set_hook(Box::new(tell));
    }
    Ok(traces)
}

/// What writes the log.
fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let plain = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => plain.boxed(),
        LogFormat::Json => plain.json().event_format(Lines::default()).boxed(),
    }
}

/// Tells of a panic in one line. What the default hook prints are several, and no JSON.
fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    let backtrace = std::backtrace::Backtrace::capture();
    let captured = backtrace.status() == std::backtrace::BacktraceStatus::Captured;
    tracing::error!(
        target: "touchstone::panic",
        {
            panic.location = place,
            panic.thread = thread.name(),
            panic.backtrace = captured.then(|| tracing::field::display(&backtrace)),
        },
        "panicked: {}",
        panic.payload_as_str().unwrap_or("no words"),
    );
}

/// Tells why a process ends, as its log is written, also where no log was started. Nothing filters it.
pub fn ends(format: LogFormat, error: &anyhow::Error) {
    match format {
        LogFormat::Text => {
            // A closed standard error leaves nobody to tell.
            writeln!(std::io::stderr(), "touchstone: {error:#}").ok();
        }
        LogFormat::Json => {
            tracing::subscriber::with_default(registry().with(lines(format)), || {
                tracing::error!("{error:#}");
            })
        }
    }
}

/// Which messages are logged.
fn filter(wanted: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(wanted)
        .map_err(|error| anyhow::anyhow!("log.filter: {error}; use for example \"info\""))?;
    let filter = filter.add_directive(NO_WAYS.parse::<Directive>()?);
    Ok(filter.add_directive(PANICS.parse::<Directive>()?))
}

/// Starts counting. Histograms have buckets, so that they can be added across nodes.
///
/// # Errors
///
/// When counting was started before.
pub fn count() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|error| anyhow::anyhow!("counting could not start: {error}"))?;
    names::begin();
    metrics_process::Collector::default().describe();
    metrics::gauge!("touchstone_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use actors::way;
    use tracing::{Level, event_enabled, span_enabled, subscriber};

    use super::*;

    #[test]
    fn a_log_alone_follows_no_post_however_much_it_is_to_say() {
        for wanted in ["info", "trace", "touchstone::way=trace"] {
            let lines = fmt::layer().with_writer(std::io::sink);
            let log = registry().with(lines.with_filter(filter(wanted).unwrap()));
            subscriber::with_default(log, || {
                assert!(!span_enabled!(target: way::TARGET, Level::INFO), "{wanted}");
            });
        }
    }

    #[test]
    fn a_panic_is_told_whatever_else_is_not() {
        for wanted in ["off", "actors=debug", "touchstone=off"] {
            let lines = fmt::layer().with_writer(std::io::sink);
            let log = registry().with(lines.with_filter(filter(wanted).unwrap()));
            subscriber::with_default(log, || {
                assert!(
                    event_enabled!(target: "touchstone::panic", Level::ERROR),
                    "{wanted}"
                );
            });
        }
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_by_its_key() {
        let said = filter("touchstone=loud").unwrap_err().to_string();
        assert!(said.contains("log.filter"), "{said}");
    }
}
