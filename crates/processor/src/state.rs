//! How a key's state is stored.
//!
//! Owns the envelope: format, the state's version and its timer, so that a restore need not read the state itself.

use kefu_contracts::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::timers::{Due, TimerClass};

const FORMAT: u8 = 1;
const HEADER: usize = 11;
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

/// Writes a state with its timer.
///
/// # Errors
/// If the state cannot be written.
pub fn encode<S: StateRecord>(key: &str, state: &S, due: Option<Due>) -> Result<Vec<u8>, StateError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(FORMAT);
    bytes.push(S::VERSION);
    bytes.extend_from_slice(&due.map_or(0, |due| due.at.ms()).to_le_bytes());
    bytes.push(due.map_or(NO_TIMER, |due| due.class as u8 | if due.recurring { RECURRING } else { 0 }));
    postcard::to_extend(state, bytes).map_err(|error| damaged(key, &error))
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

/// Reads only the timer of a stored state.
///
/// # Errors
/// If the bytes are no stored state.
pub fn decode_due(key: &str, bytes: &[u8]) -> Result<Option<Due>, StateError> {
    let header = bytes.get(..HEADER).filter(|header| header.first() == Some(&FORMAT));
    let Some([_, _, at @ .., class]) = header else { return Err(damaged(key, &"no header")) };
    let Ok(at) = <[u8; 8]>::try_from(at) else { return Err(damaged(key, &"no header")) };
    let class_of = match class & !RECURRING {
        _ if *class == NO_TIMER => return Ok(None),
        0 => TimerClass::First,
        1 => TimerClass::Warning,
        2 => TimerClass::Breach,
        3 => TimerClass::AutoClose,
        4 => TimerClass::Last,
        5 => TimerClass::Tidy,
        other => return Err(damaged(key, &format!("timer class {other}"))),
    };
    let at = Timestamp::from_ms(i64::from_le_bytes(at));
    Ok(Some(Due { at, class: class_of, recurring: class & RECURRING != 0 }))
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
    fn the_timer_can_be_read_without_the_state() {
        for due in [
            None,
            Some(Due::once(Timestamp::from_ms(-7), TimerClass::Breach)),
            Some(Due::recurring(Timestamp::from_ms(7), TimerClass::Last)),
        ] {
            let bytes = encode("k", &Counter(3), due).unwrap();
            assert_eq!(decode_due("k", &bytes).unwrap(), due);
            assert_eq!(decode::<Counter>("k", &bytes).unwrap(), Counter(3));
        }
    }

    #[test]
    fn an_unknown_version_is_never_guessed() {
        let mut bytes = encode("k", &Counter(3), None).unwrap();
        bytes[1] = 9;
        let error = decode::<Counter>("k", &bytes).unwrap_err();
        assert_eq!(error, StateError::UnknownVersion { key: "k".into(), version: 9, known: 2 });
    }
}
