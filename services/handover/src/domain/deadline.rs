//! The deadlines of a handover: warned, late, skipped.

use kefu_contracts::Timestamp;
use kefu_contracts::handover::{Handover, HandoverState};

use crate::domain::shift::{ShiftRef, TAKES_AT_MOST_MS};

/// A handover is warned of this long before it is late.
pub const WARNED_BEFORE_MS: i64 = 10 * 60_000;

/// What happens to a handover by time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// It will soon be late.
    Warning,
    /// It was not signed in time.
    Late,
    /// It is given up.
    Skipped,
}

/// Until when a handover is to be signed: the earlier of 30 min after its opening and 30 min after the shift's end.
pub fn due_at(shift: &ShiftRef, opened_at: Option<Timestamp>) -> Timestamp {
    let since_opening = opened_at.map(|opened_at| opened_at.plus_ms(TAKES_AT_MOST_MS));
    since_opening.map_or(shift.late_at(), |due_at| due_at.min(shift.late_at()))
}

/// What comes next by time alone.
pub fn next(record: &Handover, shift: &ShiftRef, warned: bool) -> Option<(Timestamp, Deadline)> {
    match record.state {
        HandoverState::Draft | HandoverState::UnderReview if record.late => {
            Some((shift.skipped_at(), Deadline::Skipped))
        }
        HandoverState::Draft | HandoverState::UnderReview if warned => Some((record.due_at, Deadline::Late)),
        HandoverState::Draft | HandoverState::UnderReview => {
            Some((record.due_at.plus_ms(-WARNED_BEFORE_MS), Deadline::Warning))
        }
        HandoverState::Signed | HandoverState::Skipped | HandoverState::Audited => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::life_cycle::tests::record;

    const MINUTE_MS: i64 = 60_000;

    fn shift() -> ShiftRef {
        ShiftRef {
            shift_id: "care/day/2026-03-02".to_owned(),
            team: "care".to_owned(),
            start: Timestamp::from_ms(-480 * MINUTE_MS),
            end: Timestamp::from_ms(0),
        }
    }

    #[test]
    fn the_earlier_of_opening_and_end_counts() {
        // minutes from the shift's end: opened, due
        for (opened, due) in
            [(None, 30), (Some(-30), 0), (Some(-10), 20), (Some(0), 30), (Some(20), 30), (Some(90), 30)]
        {
            let opened = opened.map(|minute| Timestamp::from_ms(minute * MINUTE_MS));
            assert_eq!(due_at(&shift(), opened), Timestamp::from_ms(due * MINUTE_MS), "{opened:?}");
        }
    }

    #[test]
    fn warned_then_late_then_skipped_until_signed() {
        use Deadline::{Late, Skipped, Warning};
        use HandoverState as S;
        for (state, warned, late, expected) in [
            (S::Draft, false, false, Some((20, Warning))),
            (S::UnderReview, false, false, Some((20, Warning))),
            (S::UnderReview, true, false, Some((30, Late))),
            (S::Draft, true, true, Some((120, Skipped))),
            (S::UnderReview, true, true, Some((120, Skipped))),
            (S::Signed, true, false, None),
            (S::Audited, true, true, None),
            (S::Skipped, true, true, None),
        ] {
            let mut record = record(state);
            record.due_at = due_at(&shift(), None);
            record.late = late;
            let expected = expected.map(|(minute, deadline)| (Timestamp::from_ms(minute * MINUTE_MS), deadline));
            assert_eq!(next(&record, &shift(), warned), expected, "{state} {warned} {late}");
        }
    }
}
