//! Which events this instance made durable of late.
//!
//! Lets a client's repetition be told, and not be written again. It is a help, not the guarantee: the processor knows
//! every event id for as long as it counts once.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::id::hash_64;

/// Ids remembered; some 2 MB.
const MOST: usize = 65_536;

/// The ids of events that are durable.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: Mutex<(HashSet<u64>, VecDeque<u64>)>,
}

impl Recent {
    /// What an event is remembered by.
    pub(super) fn id(event: &ChannelEvent) -> u64 {
        hash_64(&[&event.tenant, &event.conversation_id, &event.event_id])
    }

    /// Whether an event is durable already.
    pub(super) fn contains(&self, id: u64) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).0.contains(&id)
    }

    /// Remembers events that became durable.
    pub(super) fn add(&self, ids: impl IntoIterator<Item = u64>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (set, order) = &mut *known;
        order.extend(ids.into_iter().filter(|id| set.insert(*id)));
        while order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            set.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let recent = Recent::default();
        recent.add(0..MOST as u64);
        assert!(recent.contains(0));
        recent.add([1, MOST as u64]);
        assert!(!recent.contains(0) && recent.contains(1) && recent.contains(MOST as u64));
    }
}
