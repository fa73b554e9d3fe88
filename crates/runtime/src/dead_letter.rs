//! The shape of dead letters.
//!
//! Owns the headers of `cs.dlq`, those of a record that is sent back to the service that refused it, and the envelope
//! that carries them where a log has no headers.

use std::ffi::CStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kefu_contracts::Timestamp;
use kefu_processor::DeadLetter;
use serde::{Deserialize, Serialize};

use crate::clock;

/// A panic's message can be long.
const DETAIL_CHARS_MAX: usize = 1000;

/// Where a refused record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The topic's name, in the embedded store without prefix.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The service that refused it.
    pub service: &'a str,
    /// How often it was tried, from 1.
    pub attempt: u32,
}

/// The first refusal of a record that was sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First<'a> {
    /// When, RFC 3339.
    pub at: &'a str,
    /// Why.
    pub code: &'a str,
}

/// A record that was refused, with what it went through before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<'a> {
    /// Where it came from at first, and how often it was tried.
    pub origin: Origin<'a>,
    /// The processor that refused it.
    pub processor: &'a str,
    /// Its first refusal, if this is not the first.
    pub first: Option<First<'a>>,
}

impl<'a> Refused<'a> {
    /// What the headers of a record that was sent back say of it; none if it is no such record. Its attempt is the one
    /// that begins now.
    pub fn sent_back(header: impl Fn(&CStr) -> Option<&'a [u8]>) -> Option<Self> {
        let text = |name: &CStr| header(name).and_then(|value| std::str::from_utf8(value).ok());
        let number = |name: &CStr| text(name)?.parse::<i64>().ok();
        Some(Self {
            origin: Origin {
                topic: text(c"source-topic")?,
                partition: i32::try_from(number(c"source-partition")?).ok()?,
                offset: number(c"source-offset")?,
                service: text(c"service")?,
                attempt: u32::try_from(number(c"attempt")?).ok()?,
            },
            processor: text(c"processor").unwrap_or_default(),
            first: text(c"first-failure").zip(text(c"first-code")).map(|(at, code)| First { at, code }),
        })
    }

    /// Whether the processor called `name` is to take the record. A letter that names none is for all of the service.
    pub fn is_for(&self, name: &str) -> bool {
        self.processor.is_empty() || self.processor == name
    }

    /// The headers of the dead letter, in their order.
    pub fn headers(&self, letter: &DeadLetter) -> Vec<(&'static str, String)> {
        self.headers_at(letter, clock::now())
    }

    fn headers_at(&self, letter: &DeadLetter, now: Timestamp) -> Vec<(&'static str, String)> {
        let code = letter.code.as_str();
        let processor = (!self.processor.is_empty()).then(|| ("processor", self.processor.to_owned()));
        let first = self.first.map_or_else(|| now.to_string(), |first| first.at.to_owned());
        let headers = [
            ("source-topic", self.origin.topic.to_owned()),
            ("source-partition", self.origin.partition.to_string()),
            ("source-offset", self.origin.offset.to_string()),
            ("service", self.origin.service.to_owned()),
            ("code", code.to_owned()),
            ("detail", letter.detail.chars().take(DETAIL_CHARS_MAX).collect()),
            ("attempt", self.origin.attempt.to_string()),
            ("first-failure", first),
            ("first-code", self.first.map_or(code, |first| first.code).to_owned()),
        ];
        headers.into_iter().chain(processor).collect()
    }
}

/// The headers of a dead letter that was never sent back.
pub fn headers(origin: &Origin<'_>, letter: &DeadLetter) -> Vec<(&'static str, String)> {
    Refused { origin: *origin, processor: "", first: None }.headers(letter)
}

/// A dead letter with its headers, as the embedded log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The headers.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The original bytes in base64.
    pub value: String,
}

/// Wraps a refused record for the embedded log.
pub fn envelope(origin: &Origin<'_>, letter: &DeadLetter, payload: &[u8]) -> Vec<u8> {
    let headers = headers(origin, letter).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let envelope = Envelope { headers, value: STANDARD.encode(payload) };
    serde_json::to_vec(&envelope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Code;

    use super::*;

    fn letter(code: Code) -> DeadLetter {
        DeadLetter { cause: 0, code, detail: "no case is open".to_owned() }
    }

    fn find<'a>(headers: &'a [(&'static str, String)], name: &CStr) -> Option<&'a [u8]> {
        headers.iter().find(|(known, _)| known.as_bytes() == name.to_bytes()).map(|(_, value)| value.as_bytes())
    }

    #[test]
    fn a_record_that_fails_again_counts_on_and_keeps_its_first_failure() {
        let origin = Origin { topic: "channel-events", partition: 3, offset: 41, service: "intake", attempt: 1 };
        let refused = Refused { origin, processor: "cases", first: None };
        let mut sent = refused.headers_at(&letter(Code::NoCase), Timestamp::from_ms(1_772_413_200_000));
        assert_eq!(find(&sent, c"first-failure"), Some(&b"2026-03-02T01:00:00.000Z"[..]));
        // what sending back changes
        for (name, value) in &mut sent {
            if *name == "attempt" {
                *value = "2".to_owned();
            }
        }
        let again = Refused::sent_back(|name| find(&sent, name)).unwrap();
        assert_eq!(again.origin, Origin { attempt: 2, ..origin });
        assert!(again.is_for("cases") && !again.is_for("orders"));
        let headers = again.headers_at(&letter(Code::CaseClosed), Timestamp::from_ms(1_772_500_000_000));
        let wanted: [(&CStr, &[u8]); 6] = [
            (c"attempt", b"2"),
            (c"code", b"case_closed"),
            (c"first-code", b"no_case"),
            (c"first-failure", b"2026-03-02T01:00:00.000Z"),
            (c"source-topic", b"channel-events"),
            (c"source-offset", b"41"),
        ];
        for (name, value) in wanted {
            assert_eq!(find(&headers, name), Some(value), "{name:?}");
        }
    }

    #[test]
    fn a_record_without_these_headers_was_not_sent_back() {
        assert_eq!(Refused::sent_back(|_| None), None);
        assert_eq!(Refused::sent_back(|_| Some(b"x")), None);
    }

    #[test]
    fn a_letter_that_names_no_processor_is_for_all() {
        let origin = Origin { topic: "cases", partition: 0, offset: 0, service: "handover", attempt: 2 };
        assert!(Refused { origin, processor: "", first: None }.is_for("cases"));
    }
}
