//! When states want to be woken.
//!
//! Owns the order of timers: by instant, then class, then key.

use std::collections::BTreeSet;
use std::sync::Arc;

use kefu_contracts::Timestamp;

/// What kind of thing is due; decides the order at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerClass {
    /// Something that must come before warnings, such as a policy's taking effect.
    First = 0,
    /// A share of a target is used up.
    Warning = 1,
    /// A target is used up.
    Breach = 2,
    /// A case closes by itself.
    AutoClose = 3,
    /// Anything that follows from the above.
    Last = 4,
}

/// An instant at which a state wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What for.
    pub class: TimerClass,
    /// Whether it comes again for ever; such a timer does not prolong a replay.
    pub recurring: bool,
}

impl Due {
    /// Something that happens once.
    pub fn once(at: Timestamp, class: TimerClass) -> Self {
        Self { at, class, recurring: false }
    }

    /// Something that comes again and again, or only tidies up.
    pub fn recurring(at: Timestamp, class: TimerClass) -> Self {
        Self { at, class, recurring: true }
    }
}

/// The timers of a task.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeSet<(Due, Arc<str>)>,
    lasting: usize,
}

impl Timers {
    /// Replaces the timer of `key`.
    pub fn set(&mut self, key: &Arc<str>, old: Option<Due>, new: Option<Due>) {
        if old == new {
            return;
        }
        if let Some(old) = old
            && self.queue.remove(&(old, key.clone()))
        {
            self.lasting -= usize::from(!old.recurring);
        }
        if let Some(new) = new
            && self.queue.insert((new, key.clone()))
        {
            self.lasting += usize::from(!new.recurring);
        }
    }

    /// The first timer.
    pub fn first(&self) -> Option<(Due, &Arc<str>)> {
        self.queue.first().map(|(due, key)| (*due, key))
    }

    /// The keys due at `until` or before, in order.
    pub fn due_until(&self, until: Timestamp) -> impl Iterator<Item = (Due, &Arc<str>)> {
        self.queue.iter().take_while(move |(due, _)| due.at <= until).map(|(due, key)| (*due, key))
    }

    /// Whether a timer is left that is not recurring.
    pub fn has_lasting(&self) -> bool {
        self.lasting > 0
    }

    /// How many timers there are.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_goes_by_class_then_key() {
        let mut timers = Timers::default();
        let at = Timestamp::from_ms(5);
        for (key, class) in [("b", TimerClass::Breach), ("a", TimerClass::AutoClose), ("c", TimerClass::Warning)] {
            timers.set(&Arc::from(key), None, Some(Due::once(at, class)));
        }
        let order: Vec<&str> = timers.due_until(at).map(|(_, key)| &**key).collect();
        assert_eq!(order, ["c", "b", "a"]);
    }

    #[test]
    fn only_timers_that_are_not_recurring_last() {
        let mut timers = Timers::default();
        let key: Arc<str> = Arc::from("k");
        let (once, again) = (
            Due::once(Timestamp::from_ms(1), TimerClass::Breach),
            Due::recurring(Timestamp::from_ms(2), TimerClass::Last),
        );
        timers.set(&key, None, Some(once));
        assert!(timers.has_lasting());
        timers.set(&key, Some(once), Some(again));
        assert!(!timers.has_lasting() && timers.len() == 1);
    }
}
