//! How a key's state is stored.
//!
//! Owns the header before it: format, the state's version, its timer, and under which policies it was computed, so that
//! a restore need not read the state itself.

use kefu_contracts::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::timers::{Due, TimerClass};

const FORMAT: u8 = 2;
const HEADER: usize = 19;
const NO_TIMER: u8 = 0xff;
const RECURRING: u8 = 0x80;

/// A state that can be stored.
pub trait StateRecord: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// Raised with each change of the stored shape.
    const VERSION: u8;

    /// Reads a state written by an older version; none if that version is not known.
    fn upgrade(version: u8, bytes: &[u8]) -> Option<Self> {
        let _ = (version, bytes);
        None
    }
}

/// The state of a processor that remembers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nothing {}

impl StateRecord for Nothing {
    const VERSION: u8 = 1;
}

/// What is known of a stored state without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// When it next wants to be woken.
    pub due: Option<Due>,
    /// The mark of the tenant's policies that it was told of last, see `kefu_policy::PolicyHistory::mark`.
    pub policies: u64,
}

/// A stored state that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The version is not known to this program.
    #[error("the stored state of `{key}` has version {version}, this program knows {known}; start the newer program")]
    UnknownVersion {
        /// The state's key.
        key: String,
        /// The version found.
        version: u8,
        /// The version of this program.
        known: u8,
    },
    /// The bytes are damaged.
    #[error("the stored state of `{key}` is damaged: {cause}")]
    Damaged {
        /// The state's key.
        key: String,
        /// What was found.
        cause: String,
    },
}

/// Writes a state with its header.
///
/// # Errors
/// If the state cannot be written.
pub fn encode<S: StateRecord>(key: &str, state: &S, header: Header) -> Result<Vec<u8>, StateError> {
    let due = header.due;
    let mut bytes = Vec::with_capacity(256);
    bytes.push(FORMAT);
    bytes.push(S::VERSION);
    bytes.extend_from_slice(&due.map_or(0, |due| due.at.ms()).to_le_bytes());
    bytes.push(due.map_or(NO_TIMER, |due| due.class as u8 | if due.recurring { RECURRING } else { 0 }));
    bytes.extend_from_slice(&header.policies.to_le_bytes());
    postcard::to_extend(state, bytes).map_err(|error| damaged(key, &error))
}

/// How long a state is without its header; as long as can be if it cannot be written.
pub(crate) fn length<S: StateRecord>(state: &S) -> usize {
    postcard::experimental::serialized_size(state).unwrap_or(usize::MAX)
}

/// Reads a state.
///
/// # Errors
/// If the version is unknown or the bytes are damaged.
pub fn decode<S: StateRecord>(key: &str, bytes: &[u8]) -> Result<S, StateError> {
    let (version, content) = match (bytes.get(1), bytes.get(HEADER..)) {
        (Some(version), Some(content)) if bytes.first() == Some(&FORMAT) => (*version, content),
        _ => return Err(damaged(key, &"no header")),
    };
    if version == S::VERSION {
        return postcard::from_bytes(content).map_err(|error| damaged(key, &error));
    }
    S::upgrade(version, content).ok_or_else(|| StateError::UnknownVersion {
        key: key.to_owned(),
        version,
        known: S::VERSION,
    })
}

/// Reads only the header of a stored state.
///
/// # Errors
/// If the bytes are no stored state.
pub fn decode_header(key: &str, bytes: &[u8]) -> Result<Header, StateError> {
    let header = bytes.get(..HEADER).filter(|header| header.first() == Some(&FORMAT));
    let Some([_, _, rest @ ..]) = header else { return Err(damaged(key, &"no header")) };
    let (Some(at), Some(class), Some(policies)) = (rest.first_chunk::<8>(), rest.get(8), rest.last_chunk::<8>()) else {
        return Err(damaged(key, &"no header"));
    };
    let at = Timestamp::from_ms(i64::from_le_bytes(*at));
    Ok(Header { due: decode_due(key, at, *class)?, policies: u64::from_le_bytes(*policies) })
}

fn decode_due(key: &str, at: Timestamp, class: u8) -> Result<Option<Due>, StateError> {
    let of = match class & !RECURRING {
        _ if class == NO_TIMER => return Ok(None),
        0 => TimerClass::First,
        1 => TimerClass::Warning,
        2 => TimerClass::Breach,
        3 => TimerClass::AutoClose,
        4 => TimerClass::Last,
        5 => TimerClass::Tidy,
        other => return Err(damaged(key, &format!("timer class {other}"))),
    };
    Ok(Some(Due { at, class: of, recurring: class & RECURRING != 0 }))
}

fn damaged(key: &str, cause: &dyn std::fmt::Display) -> StateError {
    StateError::Damaged { key: key.to_owned(), cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Counter(u32);

    impl StateRecord for Counter {
        const VERSION: u8 = 2;
    }

    #[test]
    fn the_header_can_be_read_without_the_state() {
        for due in [
            None,
            Some(Due::once(Timestamp::from_ms(-7), TimerClass::Breach)),
            Some(Due::recurring(Timestamp::from_ms(7), TimerClass::Last)),
        ] {
            let header = Header { due, policies: u64::MAX - 3 };
            let bytes = encode("k", &Counter(3), header).unwrap();
            assert_eq!(decode_header("k", &bytes).unwrap(), header);
            assert_eq!(decode::<Counter>("k", &bytes).unwrap(), Counter(3));
        }
    }

    #[test]
    fn an_unknown_version_is_never_guessed() {
        let mut bytes = encode("k", &Counter(3), Header::default()).unwrap();
        bytes[1] = 9;
        let error = decode::<Counter>("k", &bytes).unwrap_err();
        assert_eq!(error, StateError::UnknownVersion { key: "k".into(), version: 9, known: 2 });
    }
}
