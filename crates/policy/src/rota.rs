//! Who is on shift by rotation and rule: shifts on dates, at instants and in ranges of time.
//!
//! Pure look-ups in one version of a policy. What was recorded, swaps and absences come before them and belong to the
//! handover service.

use jiff::ToSpan;
use kefu_calendar::{Date, Zone};

use crate::shift::ShiftRule;

/// A shift on a date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift<'p> {
    /// The rule it follows.
    pub rule: &'p ShiftRule,
    /// The local date on which it starts.
    pub date: Date,
    /// Its first instant in milliseconds since the epoch.
    pub start_ms: i64,
    /// The instant after its last, in milliseconds since the epoch.
    pub end_ms: i64,
    /// Who works it by rotation or rule.
    pub staff: &'p [String],
}

impl Shift<'_> {
    /// `<team>/<name>/<local start date>`.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.rule.team, self.rule.name, self.date)
    }

    /// Whether the shift is on at the instant.
    pub fn covers(&self, at_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&at_ms)
    }

    /// Whether the person works it.
    pub fn has(&self, staff_id: &str) -> bool {
        self.staff.iter().any(|id| id == staff_id)
    }
}

/// The shifts of a policy with the zone their hours are read in.
#[derive(Debug, Clone, Copy)]
pub struct Rota<'p> {
    pub(crate) rules: &'p [ShiftRule],
    pub(crate) zone: &'p Zone,
}

impl<'p> Rota<'p> {
    /// The team's shifts that are on at the instant, the earliest first.
    pub fn on_shift(self, team: &str, at_ms: i64) -> Vec<Shift<'p>> {
        self.around(at_ms, |shift| shift.rule.team == team && shift.covers(at_ms))
    }

    /// The shift that the person works at the instant; of several the one that started first.
    pub fn shift_of(self, staff_id: &str, at_ms: i64) -> Option<Shift<'p>> {
        self.around(at_ms, |shift| shift.has(staff_id) && shift.covers(at_ms)).into_iter().next()
    }

    /// Shifts that start in `from_ms..until_ms`, in order of their start.
    pub fn starting_in(self, from_ms: i64, until_ms: i64) -> Vec<Shift<'p>> {
        self.between(from_ms, until_ms, |shift| (from_ms..until_ms).contains(&shift.start_ms))
    }

    /// Shifts that end in `from_ms..until_ms`, in order of their end.
    pub fn ending_in(self, from_ms: i64, until_ms: i64) -> Vec<Shift<'p>> {
        let mut ending = self.between(from_ms, until_ms, |shift| (from_ms..until_ms).contains(&shift.end_ms));
        ending.sort_by_key(|shift| shift.end_ms);
        ending
    }

    /// The shift with an id, if the policy has one on that date.
    pub fn by_id(self, shift_id: &str) -> Option<Shift<'p>> {
        let (rule_id, date) = shift_id.rsplit_once('/')?;
        let (team, name) = rule_id.split_once('/')?;
        let date: Date = date.parse().ok()?;
        let rule = self.rules.iter().find(|rule| rule.team == team && rule.name == name)?;
        self.on_date(rule, date).filter(|shift| shift.id() == shift_id)
    }

    /// The rule's shift that starts on a date, if it has one then and clock changes leave some of it.
    fn on_date(self, rule: &'p ShiftRule, date: Date) -> Option<Shift<'p>> {
        if !rule.days.contains(&date.weekday()) {
            return None;
        }
        let (start_ms, end_ms) = rule.hours.on(self.zone, date);
        (start_ms < end_ms).then(|| Shift { rule, date, start_ms, end_ms, staff: rule.staff_on(date) })
    }

    fn around(self, at_ms: i64, wanted: impl Fn(&Shift<'p>) -> bool) -> Vec<Shift<'p>> {
        self.between(at_ms, at_ms, wanted)
    }

    /// Shifts that could touch the range, filtered and in order of start, team and name.
    fn between(self, from_ms: i64, until_ms: i64, wanted: impl Fn(&Shift<'p>) -> bool) -> Vec<Shift<'p>> {
        // A shift lasts up to a day and a clock change may lengthen it; one that repeats midnight lets the next
        // local date begin twice.
        let first = self.zone.local_date(from_ms).saturating_sub(2.days());
        let last = self.zone.local_date(until_ms).saturating_add(1.day());
        let mut found: Vec<Shift<'p>> = first
            .series(1.day())
            .take_while(|date| *date <= last)
            .flat_map(|date| self.rules.iter().filter_map(move |rule| self.on_date(rule, date)))
            .filter(|shift| wanted(shift))
            .collect();
        found.sort_by(|a, b| (a.start_ms, &a.rule.team, &a.rule.name).cmp(&(b.start_ms, &b.rule.team, &b.rule.name)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Format;
    use crate::{Policy, parse};
    use proptest::prelude::*;

    fn policy(zone: &str, shifts: &str) -> Policy {
        let text = format!("tenant: demo\ntimezone: {zone}\nteams: {{care: {{}}, desk: {{}}}}\nshifts:\n{shifts}");
        parse(&text, Format::Yaml).unwrap_or_else(|faults| panic!("{faults:#?}")).0
    }

    fn ms(instant: &str) -> i64 {
        instant.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn ids(shifts: &[Shift<'_>]) -> Vec<String> {
        shifts.iter().map(Shift::id).collect()
    }

    const DAY_AND_NIGHT: &str = r#"
  - {team: care, name: day, days: [mon, tue], hours: "09:00-18:00", staff: [a-1, a-2]}
  - team: care
    name: night
    days: [mon]
    hours: "18:00-03:00"
    rotation: {staff: [a-3, a-4], every: 7d, from: 2026-03-02}
  - {team: desk, name: day, hours: "00:00-24:00", staff: [d-1]}
"#;

    #[test]
    fn a_shift_over_midnight_belongs_to_the_day_it_starts_on() {
        let policy = policy("Asia/Shanghai", DAY_AND_NIGHT);
        for (at, on) in [
            ("2026-03-02T08:59:59.999+08:00", vec![]),
            ("2026-03-02T09:00:00+08:00", vec!["care/day/2026-03-02"]),
            ("2026-03-02T17:59:59.999+08:00", vec!["care/day/2026-03-02"]),
            ("2026-03-02T18:00:00+08:00", vec!["care/night/2026-03-02"]),
            ("2026-03-03T02:59:59.999+08:00", vec!["care/night/2026-03-02"]),
            ("2026-03-03T03:00:00+08:00", vec![]),
            ("2026-03-03T18:00:00+08:00", vec![]),
        ] {
            assert_eq!(ids(&policy.rota().on_shift("care", ms(at))), on, "at {at}");
        }
    }

    #[test]
    fn a_rotation_turns_by_local_days_from_its_first_date() {
        let policy = policy("Asia/Shanghai", DAY_AND_NIGHT);
        for (at, staff) in [
            ("2026-02-23T20:00:00+08:00", vec![]),
            ("2026-03-02T20:00:00+08:00", vec!["a-3"]),
            ("2026-03-09T20:00:00+08:00", vec!["a-4"]),
            ("2026-03-16T20:00:00+08:00", vec!["a-3"]),
            ("2027-03-01T20:00:00+08:00", vec!["a-3"]),
        ] {
            let shifts = policy.rota().on_shift("care", ms(at));
            assert_eq!(shifts.iter().flat_map(|shift| shift.staff).collect::<Vec<_>>(), staff, "at {at}");
        }
    }

    #[test]
    fn a_rotation_turns_at_its_local_date_across_a_clock_change() {
        // New York springs forward on 8 March and falls back on 1 November 2026: those local days have 23 and 25 hours.
        let rule = r#"
  - team: care
    name: day
    hours: "00:00-24:00"
    rotation: {staff: [a-1, a-2], every: 1d, from: 2026-03-07}
"#;
        let policy = policy("America/New_York", rule);
        for (at, person) in [
            ("2026-03-08T23:59:00-04:00", "a-2"),
            ("2026-03-09T00:00:00-04:00", "a-1"),
            ("2026-11-01T23:59:00-05:00", "a-2"),
            ("2026-11-02T00:00:00-05:00", "a-1"),
        ] {
            let shifts = policy.rota().on_shift("care", ms(at));
            assert_eq!(shifts.iter().flat_map(|shift| shift.staff).collect::<Vec<_>>(), [person], "at {at}");
        }
    }

    #[test]
    fn before_a_rotation_the_staff_of_the_rule_works() {
        let rule = r#"
  - team: care
    name: day
    hours: "09:00-18:00"
    staff: [a-9]
    rotation: {staff: [a-1], every: 1d, from: 2026-03-02}
"#;
        let policy = policy("UTC", rule);
        let shift_of = |person, at| policy.rota().shift_of(person, ms(at)).map(|shift| shift.id());
        assert_eq!(shift_of("a-9", "2026-03-01T10:00:00Z").as_deref(), Some("care/day/2026-03-01"));
        assert_eq!(shift_of("a-9", "2026-03-02T10:00:00Z"), None);
        assert_eq!(shift_of("a-1", "2026-03-02T10:00:00Z").as_deref(), Some("care/day/2026-03-02"));
    }

    #[test]
    fn clock_changes_move_starts_and_ends() {
        let rule = r#"  - {team: care, name: night, hours: "01:30-02:30", staff: [a-1]}"#;
        let policy = policy("America/New_York", rule);
        for (id, start, end) in [
            // 02:30 does not exist: the end is the instant of the change.
            ("care/night/2026-03-08", "2026-03-08T01:30:00-05:00", "2026-03-08T03:00:00-04:00"),
            // 01:30 comes twice: the start takes the first.
            ("care/night/2026-11-01", "2026-11-01T01:30:00-04:00", "2026-11-01T02:30:00-05:00"),
        ] {
            let shift = policy.rota().by_id(id).unwrap();
            assert_eq!((shift.start_ms, shift.end_ms), (ms(start), ms(end)), "{id}");
            assert_eq!(ids(&policy.rota().on_shift("care", shift.end_ms - 1)), [id]);
            assert!(policy.rota().on_shift("care", shift.end_ms).is_empty());
        }
    }

    #[test]
    fn hours_that_a_clock_change_skips_give_no_shift() {
        let policy = policy("America/New_York", r#"  - {team: care, name: odd, hours: "02:10-02:50", staff: [a-1]}"#);
        assert_eq!(policy.rota().by_id("care/odd/2026-03-08"), None);
        assert!(policy.rota().by_id("care/odd/2026-03-09").is_some());
    }

    #[test]
    fn starts_and_ends_in_a_range_are_half_open_and_in_order() {
        let policy = policy("Asia/Shanghai", DAY_AND_NIGHT);
        let range = (ms("2026-03-02T00:00:00+08:00"), ms("2026-03-03T09:00:00+08:00"));
        assert_eq!(
            ids(&policy.rota().starting_in(range.0, range.1)),
            ["desk/day/2026-03-02", "care/day/2026-03-02", "care/night/2026-03-02", "desk/day/2026-03-03"]
        );
        assert_eq!(
            ids(&policy.rota().ending_in(range.0, range.1)),
            ["desk/day/2026-03-01", "care/day/2026-03-02", "desk/day/2026-03-02", "care/night/2026-03-02"]
        );
        assert!(policy.rota().starting_in(range.0, range.0).is_empty());
    }

    #[test]
    fn an_id_that_names_no_shift_finds_none() {
        let policy = policy("Asia/Shanghai", DAY_AND_NIGHT);
        for id in
            ["", "care", "care/day", "care/day/2026-03-04", "care/eve/2026-03-02", "care/day/2026-3-2", "care/day/x"]
        {
            assert_eq!(policy.rota().by_id(id), None, "{id}");
        }
        assert_eq!(policy.rota().by_id("care/day/2026-03-02").map(|shift| shift.staff.len()), Some(2));
    }

    proptest! {
        /// Against counting the turns day by day.
        #[test]
        fn a_turn_is_what_counting_days_gives(people in 1_usize..5, every in 1_u32..10, days in 0_usize..400) {
            let staff: Vec<String> = (0..people).map(|n| format!("a-{n}")).collect();
            let from = jiff::civil::date(2026, 3, 2);
            let (mut turn, mut day_of_turn) = (0, 0);
            for _ in 0..days {
                day_of_turn += 1;
                if day_of_turn == every {
                    (turn, day_of_turn) = ((turn + 1) % people, 0);
                }
            }
            let rule = ShiftRule {
                team: "care".to_owned(),
                name: "day".to_owned(),
                days: Vec::new(),
                hours: kefu_calendar::parse_hours("09:00-18:00").unwrap(),
                staff: Vec::new(),
                rotation: Some(crate::Rotation { staff: staff.clone(), every_days: every, from }),
            };
            let date = from.saturating_add(i64::try_from(days).unwrap().days());
            prop_assert_eq!(rule.staff_on(date), &staff[turn..=turn]);
        }

        /// Against looking through every shift that starts in the ten days around the instant.
        #[test]
        fn who_is_on_is_found_among_all_shifts_around(minute in 0_i64..60 * 24 * 366, zone in 0_usize..4) {
            let zone = ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"][zone];
            let policy = policy(zone, DAY_AND_NIGHT);
            let at_ms = ms("2026-01-01T00:00:00Z") + minute * 60_000;
            let days_ms = 5 * 86_400_000;
            let all = policy.rota().starting_in(at_ms - days_ms, at_ms + days_ms);
            for team in ["care", "desk"] {
                let on = all.iter().filter(|shift| shift.rule.team == team && shift.covers(at_ms)).copied();
                prop_assert_eq!(policy.rota().on_shift(team, at_ms), on.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn instants_at_the_ends_of_the_range_are_answered() {
        let policy = policy("Asia/Shanghai", DAY_AND_NIGHT);
        for at_ms in [i64::MIN, i64::MAX] {
            assert!(policy.rota().on_shift("care", at_ms).is_empty());
        }
    }
}
