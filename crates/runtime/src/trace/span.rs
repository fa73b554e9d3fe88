//! Spans of what processors do.
//!
//! A record's span lasts from the instant at which the record was written to the one at which what follows from it was:
//! a trace shows where it has waited. A timer's has no length.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Link, Span, SpanBuilder, SpanKind, Status, Tracer};
use opentelemetry::{Context, KeyValue, global};

use super::{TraceContext, fresh, is_exporting};

/// Who does something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doer {
    pub(crate) service: &'static str,
    pub(crate) processor: &'static str,
}

/// The context for what follows from a record with this `traceparent`, which was written at `written_ms`.
pub(crate) fn of_record(doer: Doer, traceparent: Option<&str>, written_ms: i64) -> TraceContext {
    of_message(doer, traceparent, written_ms, Status::Unset)
}

/// The context for the dead letter of a record: the span says what was wrong.
pub(crate) fn of_refused(doer: Doer, traceparent: Option<&str>, written_ms: i64, code: &'static str) -> TraceContext {
    of_message(doer, traceparent, written_ms, Status::error(code))
}

fn of_message(doer: Doer, traceparent: Option<&str>, written_ms: i64, status: Status) -> TraceContext {
    match traceparent.and_then(TraceContext::parse) {
        // whoever writes to Kafka without a trace begins one here
        None if is_exporting() => of(doer, Context::new(), &[], at(written_ms), status).unwrap_or_else(fresh),
        None => fresh(),
        Some(parent) if parent.sampled => within(doer, parent, &[], at(written_ms), status),
        Some(parent) => parent.child(),
    }
}

/// The context for what a timer wrote on behalf of records: a span in the trace of the first, with links to the others.
pub(crate) fn of_timer(doer: Doer, waited: &[TraceContext]) -> TraceContext {
    match waited {
        [] => fresh(),
        [first, others @ ..] => within(doer, *first, others, now(), Status::Unset),
    }
}

fn within(
    doer: Doer,
    parent: TraceContext,
    linked: &[TraceContext],
    start: SystemTime,
    status: Status,
) -> TraceContext {
    of(doer, parent.context(), linked, start, status).unwrap_or_else(|| parent.child())
}

/// The context of a span below `parent`; none if nobody makes spans.
fn of(doer: Doer, parent: Context, linked: &[TraceContext], start: SystemTime, status: Status) -> Option<TraceContext> {
    let Doer { service, processor } = doer;
    let links = linked.iter().map(|context| Link::with_context(context.span_context())).collect();
    let builder = SpanBuilder::from_name(format!("{service} {processor}"))
        .with_kind(SpanKind::Consumer)
        .with_start_time(start)
        .with_links(links)
        .with_attributes([
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("kefu.processor", processor),
            KeyValue::new("kefu.service", service),
        ]);
    let mut span = global::tracer("kefu").build_with_context(builder, &parent);
    span.set_status(status);
    span.end_with_timestamp(now().max(start));
    TraceContext::of(span.span_context())
}

fn at(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "a span says when it was made; nothing is decided by it")]
fn now() -> SystemTime {
    SystemTime::now()
}
