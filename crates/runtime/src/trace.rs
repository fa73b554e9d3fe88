//! Traces across topics.
//!
//! Owns the W3C `traceparent` of records: what came with a record goes on, with a span of its own, to what followed
//! from it. Spans of sampled traces are exported; the others only pass through, which costs next to nothing.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::SystemTime;

use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue, global};

/// The trace that a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`; none if it is no such header.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
        Some(Self { trace, span, sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1 })
    }

    /// The header.
    pub fn header(&self) -> String {
        self.to_string()
    }

    /// Whether its spans are exported.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    fn child(self) -> Self {
        Self { span: random(), ..self }
    }

    fn context(self) -> Context {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let span =
            SpanContext::new(TraceId::from(self.trace), SpanId::from(self.span), flags, true, TraceState::default());
        Context::new().with_remote_span_context(span)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// A trace that begins here; `share` of them are exported, 0 to 1. Which ones follows from the trace's id.
pub fn root(share: f64) -> TraceContext {
    let context = fresh();
    // the upper 53 bits of the id's lower half, as a number from 0 up to 1
    let place = ((context.trace as u64) >> 11) as f64 / (1_u64 << 53) as f64;
    TraceContext { sampled: place < share, ..context }
}

/// A trace of its own, not exported: for what a timer wrote.
pub fn fresh() -> TraceContext {
    TraceContext { trace: (u128::from(random()) << 64) | u128::from(random()), span: random(), sampled: false }
}

/// An id that nothing else has.
pub(crate) fn random_id() -> String {
    format!("{:016x}{:016x}", random(), random())
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}

/// The context for what follows from a record with this `traceparent`.
pub(crate) fn follow(service: &'static str, processor: &'static str, traceparent: Option<&str>) -> TraceContext {
    let Some(parent) = traceparent.and_then(TraceContext::parse) else { return fresh() };
    if !parent.sampled {
        return parent.child();
    }
    let tracer = global::tracer("kefu");
    #[expect(clippy::disallowed_methods, reason = "a span says when it was made; nothing is decided by it")]
    let now = SystemTime::now();
    let builder = SpanBuilder::from_name(format!("{service} {processor}"))
        .with_kind(SpanKind::Consumer)
        .with_start_time(now)
        .with_attributes([
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("kefu.processor", processor),
            KeyValue::new("kefu.service", service),
        ]);
    let span = tracer.build_with_context(builder, &parent.context());
    let made = Context::new().with_span(span);
    let context = made.span().span_context().clone();
    made.span().end();
    if context.is_valid() {
        let bytes = |id: [u8; 16]| u128::from_be_bytes(id);
        TraceContext {
            trace: bytes(context.trace_id().to_bytes()),
            span: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: context.is_sampled(),
        }
    } else {
        parent.child()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_survives_parsing() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = TraceContext::parse(header).unwrap();
        assert!(context.is_sampled());
        assert_eq!(context.header(), header);
        assert_eq!(context.child().trace, context.trace);
        assert_ne!(context.child().span, context.span);
    }

    #[test]
    fn the_share_of_traces_is_kept() {
        let sampled = |share: f64| (0..2_000).filter(|_| root(share).is_sampled()).count();
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 2_000));
        assert!((800..1_200).contains(&sampled(0.5)));
    }

    #[test]
    fn a_broken_traceparent_begins_a_new_trace() {
        for header in ["", "00-0-0-00", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "nonsense"] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }
}
