//! Traces that wait for a timer.
//!
//! What a record leads to may be written later, by a timer of its key: until then the worker remembers the record's
//! trace, if it is exported. That is lost with the worker, and nothing but the trace with it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::TraceContext;

/// Keys remembered for a task.
const KEYS_MAX: usize = 1_000;
/// Traces remembered for a key: the first gets the span, the others links.
const TRACES_MAX: usize = 4;
/// What a timer writes later than this is no part of the trace.
const LASTS: Duration = Duration::from_secs(600);

/// The exported traces of records, by the key of the state that they changed.
#[derive(Default)]
pub(crate) struct Waiting {
    by_key: HashMap<Arc<str>, Vec<TraceContext>>,
    /// When each key came, in that order. A key that came again after it was taken is here twice, and goes early.
    order: VecDeque<(Instant, Arc<str>)>,
}

impl Waiting {
    /// Remembers the trace of a record of `key`.
    pub(crate) fn note(&mut self, key: &Arc<str>, context: TraceContext, now: Instant) {
        let is_over = |(came, _): &mut (Instant, Arc<str>)| now.duration_since(*came) > LASTS;
        while let Some((_, old)) = self.order.pop_front_if(is_over) {
            self.by_key.remove(&old);
        }
        if let Some(traces) = self.by_key.get_mut(key) {
            if traces.len() < TRACES_MAX && !traces.contains(&context) {
                traces.push(context);
            }
            return;
        }
        if self.order.len() >= KEYS_MAX
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        self.order.push_back((now, key.clone()));
        self.by_key.insert(key.clone(), vec![context]);
    }

    /// What waits for a timer of `key`, which has written something; in the order of arrival.
    pub(crate) fn take(&mut self, key: &str) -> Vec<TraceContext> {
        self.by_key.remove(key).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fresh;
    use super::*;
    use crate::clock;

    #[test]
    fn a_key_gets_its_traces_once_in_order() {
        let (mut waiting, now) = (Waiting::default(), clock::monotonic());
        let (first, second) = (fresh(), fresh());
        let key: Arc<str> = Arc::from("t/a");
        for context in [first, second, first] {
            waiting.note(&key, context, now);
        }
        assert_eq!(waiting.take("t/b"), []);
        assert_eq!(waiting.take("t/a"), [first, second]);
        assert_eq!(waiting.take("t/a"), []);
    }

    #[test]
    fn it_remembers_few_and_not_for_long() {
        let (mut waiting, now) = (Waiting::default(), clock::monotonic());
        for number in 0..2 * KEYS_MAX {
            waiting.note(&Arc::from(format!("t/{number}")), fresh(), now);
        }
        assert_eq!((waiting.by_key.len(), waiting.order.len()), (KEYS_MAX, KEYS_MAX));
        assert_eq!(waiting.take("t/0"), [], "the oldest went");
        let last: Arc<str> = Arc::from("t/last");
        for _ in 0..2 * TRACES_MAX {
            waiting.note(&last, fresh(), now + LASTS);
        }
        waiting.note(&Arc::from("t/later"), fresh(), now + 2 * LASTS);
        assert_eq!(waiting.by_key.len(), 2, "what came before is over");
        assert_eq!(waiting.take("t/last").len(), TRACES_MAX);
    }
}
