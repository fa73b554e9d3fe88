//! Committed states that the hot copy does not have yet.
//!
//! Owns how much memory they take; when they are too many is the worker's matter.

use std::collections::HashMap;
use std::sync::Arc;

use super::hot::HotChange;

/// What a state takes beside its bytes and its key's, by and large.
const STATE_BYTES: usize = 96;

#[derive(Debug, Default)]
pub(super) struct Pinned {
    states: HashMap<Arc<str>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Pinned {
    pub(super) fn extend(&mut self, changes: Vec<HotChange>) {
        for (key, state) in changes {
            let key_bytes = key.len();
            self.bytes += length(state.as_ref());
            match self.states.insert(key, state) {
                Some(before) => self.bytes -= length(before.as_ref()),
                None => self.bytes += key_bytes + STATE_BYTES,
            }
        }
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<HotChange> {
        std::mem::take(self).states.into_iter().collect()
    }

    /// The state of `key`, which may be that there is none.
    pub(super) fn get(&self, key: &str) -> Option<&Option<Vec<u8>>> {
        self.states.get(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn length(state: Option<&Vec<u8>>) -> usize {
    state.map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, bytes: Option<usize>) -> HotChange {
        (Arc::from(key), bytes.map(|bytes| vec![0; bytes]))
    }

    #[test]
    fn bytes_are_those_of_the_last_state_of_each_key() {
        let mut pinned = Pinned::default();
        pinned.extend(vec![change("a", Some(1_000)), change("bc", None), change("a", Some(10))]);
        assert_eq!(pinned.bytes(), (1 + 10 + STATE_BYTES) + (2 + STATE_BYTES));
        pinned.extend(vec![change("a", None), change("bc", Some(7))]);
        assert_eq!(pinned.bytes(), (1 + STATE_BYTES) + (2 + 7 + STATE_BYTES));
        assert_eq!((pinned.get("a"), pinned.get("d")), (Some(&None), None), "that it was removed is known");
        let taken = pinned.take();
        assert_eq!((taken.len(), pinned.bytes(), pinned.is_empty()), (2, 0, true));
        pinned.extend(taken);
        assert_eq!(pinned.bytes(), (1 + STATE_BYTES) + (2 + 7 + STATE_BYTES));
    }
}
