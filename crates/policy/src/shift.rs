//! Shifts: the rules of the `shifts` section and how they are read.
//!
//! Who is on shift at an instant is `rota`'s matter; swaps, absences and what was recorded are the handover service's.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use kefu_calendar::{Date, Hours, WEEKDAYS, days_between};
use serde::{Serialize, Serializer};

use crate::calendars::{date_as_text, hours_as_text, read_hours};
use crate::case_match::known_team;
use crate::duration::{DAY_MS, format_duration};
use crate::read::{
    At, Fields, Report, date, distinct, id, list, placed_list, positive_duration, refuse_repeats, text, without_places,
};
use crate::team::person;

/// A shift that recurs by the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShiftRule {
    /// The team.
    pub team: String,
    /// The shift's name, unique in its team.
    pub name: String,
    /// Weekdays on which it starts, from Monday.
    #[serde(serialize_with = "days_as_text")]
    pub days: Vec<Weekday>,
    /// Its hours in the tenant's zone; an end before the start is on the next day.
    #[serde(serialize_with = "hours_as_text")]
    pub hours: Hours,
    /// Who works it unless a rotation says otherwise.
    pub staff: Vec<String>,
    /// People who take turns.
    pub rotation: Option<Rotation>,
}

/// People who take turns, one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// The people, in turn; at least one.
    pub staff: Vec<String>,
    /// The length of a turn in local days, 1 or more.
    #[serde(rename = "every", serialize_with = "days_as_duration")]
    pub every_days: u32,
    /// The local date on which the first one's first turn starts; before it the rotation has nobody.
    #[serde(serialize_with = "date_as_text")]
    pub from: Date,
}

impl ShiftRule {
    /// Who works the shift that starts on `date`: the rotation's turn, before the rotation the staff of the rule.
    pub fn staff_on(&self, date: Date) -> &[String] {
        match &self.rotation {
            Some(rotation) if date >= rotation.from => rotation.turn_on(date).map_or(&[], std::slice::from_ref),
            _ => &self.staff,
        }
    }
}

impl Rotation {
    /// Whose turn a date from `from` on is in.
    fn turn_on(&self, date: Date) -> Option<&String> {
        let days = u32::try_from(days_between(self.from, date)).ok()?;
        let turn = usize::try_from(days.checked_div(self.every_days)?).ok()?;
        self.staff.get(turn.checked_rem(self.staff.len())?)
    }
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<Vec<ShiftRule>> {
    let shifts = placed_list(at, report, read_shift)?;
    let identity = |shift: &ShiftRule| (shift.team.clone(), shift.name.clone());
    let twice = |shift: &ShiftRule| {
        format!("team `{}` has two shifts named `{}`; give each its own name", shift.team, shift.name)
    };
    refuse_repeats(&shifts, "name", identity, twice, report);
    Some(without_places(shifts))
}

fn read_shift(at: &At<'_>, report: &mut Report) -> Option<ShiftRule> {
    let mut fields = Fields::of(at, report)?;
    let faults_before = report.faults.len();
    let team = fields.required("team", report, known_team);
    let name = fields.required("name", report, id);
    let days = fields.or("days", every_day(), report, read_days);
    let hours = fields.required("hours", report, read_hours);
    let staff = fields.or("staff", Vec::new(), report, |at, report| distinct(at, report, person));
    let rotation = fields.optional("rotation", report, read_rotation);
    fields.finish(report);
    if staff.is_empty() && rotation.is_none() && report.faults.len() == faults_before {
        return report.refuse(at, "a shift without people; give it `staff` or a `rotation`");
    }
    Some(ShiftRule { team: team?, name: name?, days, hours: hours?, staff, rotation })
}

fn read_rotation(at: &At<'_>, report: &mut Report) -> Option<Rotation> {
    let mut fields = Fields::of(at, report)?;
    let staff = fields.required("staff", report, |at, report| list(at, report, person));
    let every_days = fields.required("every", report, read_whole_days);
    let from = fields.required("from", report, date);
    fields.finish(report);
    match staff {
        Some(staff) if staff.is_empty() => report.refuse(at, "a rotation without people; list them under `staff`"),
        staff => Some(Rotation { staff: staff?, every_days: every_days?, from: from? }),
    }
}

fn read_whole_days(at: &At<'_>, report: &mut Report) -> Option<u32> {
    let ms = positive_duration(at, report)?;
    if ms % DAY_MS != 0 {
        return report.refuse(
            at,
            format!("{} is no number of whole days; rotations count local days, such as 7d", format_duration(ms)),
        );
    }
    u32::try_from(ms / DAY_MS).ok()
}

/// Days in the order of the week; an empty list is every day.
fn read_days(at: &At<'_>, report: &mut Report) -> Option<Vec<Weekday>> {
    let days: BTreeSet<i8> = distinct(at, report, read_day)?.into_iter().map(Weekday::to_monday_zero_offset).collect();
    if days.is_empty() {
        return Some(every_day());
    }
    Some(every_day().into_iter().filter(|day| days.contains(&day.to_monday_zero_offset())).collect())
}

fn every_day() -> Vec<Weekday> {
    Weekday::Monday.cycle_forward().take(7).collect()
}

fn read_day(at: &At<'_>, report: &mut Report) -> Option<Weekday> {
    let word = text(at, report)?;
    let day = every_day().into_iter().find(|day| day_name(*day) == word);
    day.or_else(|| report.refuse(at, format!("unknown day `{word}`; use one of {}", WEEKDAYS.join(", "))))
}

fn day_name(day: Weekday) -> &'static str {
    let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
    WEEKDAYS.get(index).copied().unwrap_or_default()
}

fn days_as_text<S: Serializer>(days: &[Weekday], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().map(|day| day_name(*day)))
}

fn days_as_duration<S: Serializer>(days: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{days}d"))
}
