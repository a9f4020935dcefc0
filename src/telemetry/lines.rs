//! Lines of the log for machines: one JSON object each, with the trace that it belongs to.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// One JSON object a line: `timestamp`, `level`, `message`, the fields of the sentence and `target`;
/// before them `trace_id` and `span_id` where it was said on a post's way that is followed.
pub(super) struct Lines(Format<Json>);

impl Default for Lines {
    fn default() -> Self {
        let format = Format::default().json().flatten_event(true);
        // The way of a post is told as a trace, not in each line.
        Self(format.with_current_span(false).with_span_list(false))
    }
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    JsonFields: for<'writer> FormatFields<'writer>,
{
    fn format_event(
        &self,
        told: &FmtContext<'_, S, JsonFields>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let step = Context::map_current(|now| {
            let span = now.span();
            let step = span.span_context();
            step.is_sampled().then(|| (step.trace_id(), step.span_id()))
        });
        let Some((trace, span)) = step else {
            return self.0.format_event(told, out, event);
        };
        let mut line = String::new();
        self.0.format_event(told, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').unwrap_or(&line);
        write!(
            out,
            "{{\"trace_id\":\"{trace}\",\"span_id\":\"{span}\",{rest}"
        )
    }
}
