//! The crate against an oracle that looks at every minute, in many zones, with changes of clocks.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod minutes;
mod strategies;

use jiff::tz::TimeZone;
use kefu_calendar::{Calendar, CalendarSpec};
use minutes::Minutes;
use proptest::collection::vec;
use proptest::prelude::*;

const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Clone)]
struct Case {
    zone: TimeZone,
    middle_ms: i64,
    spec: CalendarSpec,
    /// Distances from the first known instant; the second also serves as an amount.
    questions: Vec<(i64, i64)>,
}

fn case() -> impl Strategy<Value = Case> {
    let place = strategies::zone().prop_flat_map(|zone| (strategies::middle_ms(&zone), Just(zone)));
    place.prop_flat_map(|(middle_ms, zone)| {
        let instant = || prop_oneof![0..14 * DAY_MS, (0..14 * 96_i64).prop_map(|quarter| quarter * 900_000)];
        let questions = vec((instant(), instant()), 20);
        let spec = strategies::spec(zone.clone(), middle_ms);
        (spec, questions).prop_map(move |(spec, questions)| Case { zone: zone.clone(), middle_ms, spec, questions })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn elapsed_time_and_the_instants_it_leads_to(case in case()) {
        prop_assume!(case.spec.weekly.iter().any(|hours| !hours.is_empty()));
        let minutes = Minutes::of_calendar(&case.zone, &case.spec, case.middle_ms);
        let calendar = Calendar::new(case.spec).unwrap();
        let (start, end) = minutes.known_ms();
        for (from, other) in case.questions {
            let (from, to) = (start + from, start + other);
            prop_assert_eq!(calendar.is_open(from), minutes.is_open(from), "is {} open", from);
            prop_assert_eq!(calendar.business_ms_between(from, to), minutes.elapsed(from, to), "{} to {}", from, to);

            // Amounts at random, and those that are used up exactly at a minute's end: a closing, often.
            for amount in [other / 4, minutes.elapsed(from, to)] {
                // What the oracle cannot see lies at or after the end of its time.
                let seen = |at: &i64| *at < end;
                let earliest = minutes.earliest(from, amount).filter(seen);
                let found = calendar.add_business_ms(from, amount).filter(seen);
                prop_assert_eq!(found, earliest, "{} + {}", from, amount);
                let latest = earliest.and_then(|at| minutes.next_open(at)).filter(seen);
                let found = calendar.latest_with_elapsed(from, amount).filter(seen);
                prop_assert_eq!(found, latest, "{} + {}, latest", from, amount);
            }
        }
    }

    #[test]
    fn open_intervals_are_the_runs_of_open_minutes(case in case()) {
        prop_assume!(case.spec.weekly.iter().any(|hours| !hours.is_empty()));
        let minutes = Minutes::of_calendar(&case.zone, &case.spec, case.middle_ms);
        let calendar = Calendar::new(case.spec).unwrap();
        let (start, end) = minutes.known_ms();
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for minute in (start..end).step_by(minutes::MINUTE_MS as usize).filter(|at| minutes.is_open(*at)) {
            match runs.last_mut() {
                Some((_, run_end)) if *run_end == minute => *run_end += minutes::MINUTE_MS,
                _ => runs.push((minute, minute + minutes::MINUTE_MS)),
            }
        }
        prop_assert_eq!(calendar.open_intervals(start, end).collect::<Vec<_>>(), runs);
    }
}
