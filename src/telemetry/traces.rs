//! Traces on their way out: to a collector, by OTLP over HTTP.
//!
//! The ways of posts (`actors::way`) are gathered and handed in by a thread of their own, so that no
//! room ever waits for a collector. What it does not take in time is lost, and counted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::way;
use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tokio::runtime::{self, Runtime};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::outbound::{Limits, Outbound, OutboundError, Reach};

/// How long one hand-over may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a stop waits for what was not handed in yet.
const AT_THE_END: Duration = Duration::from_secs(5);

/// What takes traces, until the end.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Hands in this share of all traces at a collector.
    ///
    /// # Errors
    ///
    /// When the way out cannot be made.
    pub(super) fn to(collector: &Url, ratio: f64) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Messenger::new(collector.clone())?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.as_str())
            .with_timeout(PATIENCE)
            .build()
            .context("monitoring.traces_url: traces cannot be sent")?;
        // What OTEL_RESOURCE_ATTRIBUTES says is told beside it.
        let resource = Resource::builder()
            .with_service_name("touchstone")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                ratio,
            ))))
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { provider })
    }

    /// What listens to the ways of posts, and to nothing else.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer: SdkTracer = self.provider.tracer("touchstone");
        let steps = FilterFn::new(|told| told.is_span() && told.target() == way::TARGET);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(steps.with_max_level_hint(LevelFilter::INFO))
    }

    /// Hands in what is left. It blocks, so it is the last thing that a process does.
    pub fn finish(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(AT_THE_END) {
            tracing::warn!("the last traces were not handed in: {error}");
        }
    }
}

/// Brings traces to the collector. The thread that gathers them waits for each answer, so it has a
/// runtime to itself, which works until the very end.
#[derive(Debug)]
struct Messenger {
    outbound: Outbound,
    collector: Url,
    runtime: Runtime,
    /// Whether the last answer was a good one: each change is told once.
    works: AtomicBool,
}

impl Messenger {
    fn new(collector: Url) -> anyhow::Result<Self> {
        let limits = Limits {
            time: PATIENCE,
            ..Limits::default()
        };
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            outbound: Outbound::new(Reach::Anywhere, limits)?,
            collector,
            runtime: runtime.context("there is no thread for traces")?,
            works: AtomicBool::new(true),
        })
    }

    fn count(&self, failure: Option<&str>) {
        let outcome = if failure.is_none() { "sent" } else { "failed" };
        metrics::counter!("touchstone_trace_exports_total", "outcome" => outcome).increment(1);
        let worked = self.works.swap(failure.is_none(), Ordering::Relaxed);
        match failure {
            Some(why) if worked => {
                tracing::warn!("traces are not taken by {}: {why}", self.collector);
            }
            None if !worked => tracing::info!("traces are taken again by {}", self.collector),
            Some(_) | None => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Messenger {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let call = self
            .outbound
            .post(self.collector.clone(), head.headers, body);
        let answer = match self.runtime.block_on(call) {
            Ok(answer) => answer,
            Err(error) => {
                self.count(Some(&in_full(&error)));
                return Err(error.into());
            }
        };
        let why = (!answer.status.is_success()).then(|| format!("it says {}", answer.status));
        self.count(why.as_deref());
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

fn in_full(error: &OutboundError) -> String {
    actors::unsettled::in_full(error)
}
