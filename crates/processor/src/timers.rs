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
    /// Forgetting what nobody needs any more; waits until all that can come back has come back.
    Tidy = 5,
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

    /// Something to forget.
    pub fn tidy(at: Timestamp) -> Self {
        Self::recurring(at, TimerClass::Tidy)
    }

    /// Something that comes again and again.
    pub fn recurring(at: Timestamp, class: TimerClass) -> Self {
        Self { at, class, recurring: true }
    }
}

/// A place in the order of what happens: at an instant its records come first, then timers by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    at: Timestamp,
    class: Option<TimerClass>,
}

impl Place {
    /// Where the records of an instant are taken.
    pub fn of_records(at: Timestamp) -> Self {
        Self { at, class: None }
    }

    /// Where a timer fires.
    pub fn of(due: Due) -> Self {
        Self { at: due.at, class: Some(due.class) }
    }
}

/// Up to when timers may fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Everything up to here has arrived.
    pub complete: Timestamp,
    /// Everything up to here has arrived, and what was decided on it has come back; for [`TimerClass::Tidy`].
    pub settled: Timestamp,
}

impl Reached {
    /// Both are `at`: nothing is under way.
    pub fn all(at: Timestamp) -> Self {
        Self { complete: at, settled: at }
    }

    fn of(self, class: TimerClass) -> Timestamp {
        if class == TimerClass::Tidy { self.settled } else { self.complete }
    }
}

/// The timers of a task.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeSet<(Due, Arc<str>)>,
    tidy: BTreeSet<(Due, Arc<str>)>,
    lasting: usize,
}

impl Timers {
    /// Replaces the timer of `key`.
    pub fn set(&mut self, key: &Arc<str>, old: Option<Due>, new: Option<Due>) {
        if old == new {
            return;
        }
        if let Some(old) = old
            && self.queue_of(old).remove(&(old, key.clone()))
        {
            self.lasting -= usize::from(!old.recurring);
        }
        if let Some(new) = new
            && self.queue_of(new).insert((new, key.clone()))
        {
            self.lasting += usize::from(!new.recurring);
        }
    }

    fn queue_of(&mut self, due: Due) -> &mut BTreeSet<(Due, Arc<str>)> {
        if due.class == TimerClass::Tidy { &mut self.tidy } else { &mut self.queue }
    }

    /// The first timer.
    pub fn first(&self) -> Option<(Due, &Arc<str>)> {
        self.first_where(|_| true)
    }

    /// The first timer that may fire.
    pub fn first_due(&self, reached: Reached) -> Option<(Due, &Arc<str>)> {
        self.first_where(|due| due.at <= reached.of(due.class))
    }

    fn first_where(&self, may: impl Fn(Due) -> bool) -> Option<(Due, &Arc<str>)> {
        let firsts = [self.queue.first(), self.tidy.first()].into_iter().flatten();
        firsts.map(|(due, key)| (*due, key)).filter(|(due, _)| may(*due)).min()
    }

    /// The timers that may fire, in their order.
    pub fn due(&self, reached: Reached) -> impl Iterator<Item = (Due, &Arc<str>)> {
        let may = move |(due, _): &&(Due, Arc<str>)| due.at <= reached.of(due.class);
        let mut queue = self.queue.iter().take_while(may).peekable();
        let mut tidy = self.tidy.iter().take_while(may).peekable();
        std::iter::from_fn(move || {
            let next = match (queue.peek(), tidy.peek()) {
                (Some(first), Some(other)) if other < first => tidy.next(),
                (Some(_), _) => queue.next(),
                (None, _) => tidy.next(),
            };
            next.map(|(due, key)| (*due, key))
        })
    }

    /// Whether a timer is left that is not recurring.
    pub fn has_lasting(&self) -> bool {
        self.lasting > 0
    }

    /// How many timers there are.
    pub fn len(&self) -> usize {
        self.queue.len() + self.tidy.len()
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        let order: Vec<&str> = timers.due(Reached::all(at)).map(|(_, key)| &**key).collect();
        assert_eq!(order, ["c", "b", "a"]);
    }

    #[test]
    fn what_may_fire_comes_in_the_order_in_which_it_fires() {
        let mut timers = Timers::default();
        let at = Timestamp::from_ms;
        let set = [("z", Due::tidy(at(1))), ("a", Due::once(at(2), TimerClass::Breach)), ("b", Due::tidy(at(3)))];
        for (key, due) in set {
            timers.set(&Arc::from(key), None, Some(due));
        }
        let all: Vec<&str> = timers.due(Reached::all(at(3))).map(|(_, key)| &**key).collect();
        assert_eq!(all, ["z", "a", "b"], "else the first ones loaded are not the first ones to fire");
        let some = Reached { complete: at(3), settled: at(2) };
        let some: Vec<&str> = timers.due(some).map(|(_, key)| &**key).collect();
        assert_eq!(some, ["z", "a"]);
    }

    #[test]
    fn what_may_still_be_needed_is_not_forgotten() {
        let mut timers = Timers::default();
        timers.set(&Arc::from("a"), None, Some(Due::tidy(Timestamp::from_ms(5))));
        timers.set(&Arc::from("b"), None, Some(Due::once(Timestamp::from_ms(6), TimerClass::Breach)));
        let reached = Reached { complete: Timestamp::from_ms(7), settled: Timestamp::from_ms(4) };
        assert_eq!(timers.due(reached).map(|(_, key)| &**key).collect::<Vec<_>>(), ["b"]);
        assert_eq!(timers.first_due(Reached::all(reached.complete)).map(|(_, key)| &**key), Some("a"));
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
