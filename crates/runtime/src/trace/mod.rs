//! Traces across topics.
//!
//! Owns the W3C `traceparent` of records: what came with a record goes on, with a span of its own ([`span`]), to what
//! followed from it, at once or when a timer fires ([`waiting`]). Spans of sampled traces are exported; the others only
//! pass through, which costs next to nothing.

mod request;
pub(crate) mod span;
pub(crate) mod waiting;

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

pub(crate) use self::request::{REQUESTS, parent, traced};

/// Whether spans are exported by this process.
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Says that spans are exported from now on.
pub(crate) fn begin_exporting() {
    EXPORTING.store(true, Ordering::Relaxed);
}

pub(crate) fn is_exporting() -> bool {
    EXPORTING.load(Ordering::Relaxed)
}

/// The trace that a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

const HEX: &[u8; 16] = b"0123456789abcdef";
/// Bytes of the header.
const LENGTH: usize = 55;

/// What each byte is as a hexadecimal digit; more than 15 is none.
const DIGITS: [u8; 256] = {
    let mut digits = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        digits[HEX[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// The number that at most 16 hexadecimal digits tell. Each record has a header, so this costs little.
fn hex(digits: &[u8]) -> Option<u64> {
    let (number, highest) = digits.iter().fold((0, 0), |(number, highest), digit| {
        let value = DIGITS.get(usize::from(*digit)).copied().unwrap_or(0xff);
        (number << 4 | u64::from(value), highest | value)
    });
    (highest < 16).then_some(number)
}

/// Writes a number as hexadecimal digits that fill `into`.
fn write_hex(number: u64, into: &mut [u8]) {
    let mut left = number;
    for byte in into.iter_mut().rev() {
        *byte = HEX.get((left & 0xf) as usize).copied().unwrap_or_default();
        left >>= 4;
    }
}

impl TraceContext {
    /// Reads a `traceparent`; none if it is no such header.
    pub fn parse(header: &str) -> Option<Self> {
        let bytes = header.as_bytes();
        let field = |from: usize, digits: usize| hex(bytes.get(from..from + digits)?);
        let is_dash = |at: usize| bytes.get(at) == Some(&b'-');
        // a later version may go on behind another dash
        let ends = bytes.len() == LENGTH || is_dash(LENGTH);
        if !ends || !is_dash(2) || !is_dash(35) || !is_dash(52) || bytes.starts_with(b"ff") {
            return None;
        }
        field(0, 2)?;
        let trace = u128::from(field(3, 16)?) << 64 | u128::from(field(19, 16)?);
        let (span, flags) = (field(36, 16)?, field(53, 2)?);
        (trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    /// The header.
    pub fn header(&self) -> String {
        self.to_string()
    }

    /// The header's bytes; a record that is written has them, so they cost little.
    pub(crate) fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = *b"00-................................-................-00";
        let mut write = |from: usize, digits: usize, number: u64| {
            bytes.get_mut(from..from + digits).into_iter().for_each(|into| write_hex(number, into));
        };
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of it")]
        let (upper, lower) = ((self.trace >> 64) as u64, self.trace as u64);
        write(3, 16, upper);
        write(19, 16, lower);
        write(36, 16, self.span);
        write(53, 2, u64::from(self.sampled));
        bytes
    }

    /// Whether its spans are exported.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    fn child(self) -> Self {
        Self { span: random(), ..self }
    }

    fn span_context(self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(TraceId::from(self.trace), SpanId::from(self.span), flags, true, TraceState::default())
    }

    fn context(self) -> Context {
        Context::new().with_remote_span_context(self.span_context())
    }

    /// The context of a span; none if nobody makes spans.
    fn of(span: &SpanContext) -> Option<Self> {
        span.is_valid().then(|| Self {
            trace: u128::from_be_bytes(span.trace_id().to_bytes()),
            span: u64::from_be_bytes(span.span_id().to_bytes()),
            sampled: span.is_sampled(),
        })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// A trace of its own, not exported.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_survives_parsing() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = TraceContext::parse(header).unwrap();
        assert!(context.is_sampled());
        assert_eq!((context.header().as_str(), &context.bytes()[..]), (header, header.as_bytes()));
        assert_eq!(context.child().trace, context.trace);
        assert_ne!(context.child().span, context.span);
    }

    #[test]
    fn a_later_version_may_have_more_fields() {
        let header = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more";
        assert_eq!(TraceContext::parse(header).map(|context| context.is_sampled()), Some(false));
    }

    #[test]
    fn a_broken_traceparent_begins_a_new_trace() {
        for header in [
            "",
            "00-0-0-00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012",
            "nonsense",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }
}
