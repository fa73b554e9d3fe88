//! The one timer of a state that waits for several things.

use kefu_contracts::Timestamp;
use kefu_processor::{Due, TimerClass};

/// The first of what comes once and what comes again or only tidies up. While something comes once, the timer is no
/// recurring one, even if the other comes first: a replay goes on until all of the former has happened.
pub(crate) fn next(once: Option<Timestamp>, recurring: Option<Timestamp>) -> Option<Due> {
    let at = [once, recurring].into_iter().flatten().min()?;
    Some(if once.is_some() { Due::once(at, TimerClass::Last) } else { Due::recurring(at, TimerClass::Last) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_recurs_only_if_nothing_comes_once() {
        let at = |ms| Some(Timestamp::from_ms(ms));
        for (once, recurring, wanted) in [
            (None, None, None),
            (at(5), None, Some((5, false))),
            (None, at(5), Some((5, true))),
            (at(5), at(3), Some((3, false))),
            (at(3), at(5), Some((3, false))),
        ] {
            let due = next(once, recurring).map(|due| (due.at.ms(), due.recurring));
            assert_eq!(due, wanted, "{once:?} {recurring:?}");
        }
    }
}
