//! The `calendars` section: reading it and building the calendars it describes.
//!
//! Owns the spelling of dates and hours in a policy. What open time means belongs to `kefu-calendar`.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_calendar::{Calendar, CalendarSpec, Date, DateHours, Hours, WEEKDAYS, Zone, parse_hours};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::fault::Fault;
use crate::read::{At, Fields, Report, boolean, date, entries, id, list, text};
use crate::source::Node;

/// The calendar that every tenant has, open at every instant.
pub const ALWAYS: &str = "always";

/// A calendar as the policy writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CalendarSettings {
    /// Its zone; `None` is the tenant's.
    pub timezone: Option<String>,
    /// Open at every instant.
    pub always_open: bool,
    /// Hours of each weekday from Monday; a day without hours is closed.
    #[serde(serialize_with = "weekly_as_text")]
    pub weekly: [Vec<Hours>; 7],
    /// Closed days.
    pub holidays: Vec<Holiday>,
    /// Days with hours of their own.
    #[serde(serialize_with = "dates_as_text")]
    pub special: Vec<DateHours>,
    /// Hours taken out.
    #[serde(serialize_with = "dates_as_text")]
    pub closures: Vec<DateHours>,
}

/// A closed day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holiday {
    /// The local date.
    #[serde(serialize_with = "date_as_text")]
    pub date: Date,
    /// What people call it.
    pub name: Option<String>,
}

impl CalendarSettings {
    fn always() -> CalendarSettings {
        CalendarSettings { always_open: true, ..CalendarSettings::default() }
    }

    fn spec(&self, tenant_zone: &Zone) -> CalendarSpec {
        CalendarSpec {
            timezone: self.timezone.clone().unwrap_or_else(|| tenant_zone.name().to_owned()),
            always_open: self.always_open,
            weekly: self.weekly.clone(),
            holidays: self.holidays.iter().map(|holiday| holiday.date).collect(),
            special: self.special.clone(),
            closures: self.closures.clone(),
        }
    }
}

/// The calendars of a tenant that wrote none.
pub(crate) fn default_calendars() -> BTreeMap<String, CalendarSettings> {
    BTreeMap::from([(ALWAYS.to_owned(), CalendarSettings::always())])
}

/// Reads the section and adds `always` if it is not there.
pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<BTreeMap<String, CalendarSettings>> {
    let mut calendars = BTreeMap::new();
    for (name, at) in entries(at, report) {
        if let Some(settings) = read_calendar(&at, report) {
            if name == ALWAYS && !settings.always_open {
                report.refuse::<()>(&at, "`always` is open at every instant; give a calendar with hours another name");
            }
            calendars.insert(name.to_owned(), settings);
        }
    }
    calendars.entry(ALWAYS.to_owned()).or_insert_with(CalendarSettings::always);
    Some(calendars)
}

fn read_calendar(at: &At<'_>, report: &mut Report) -> Option<CalendarSettings> {
    let mut fields = Fields::of(at, report)?;
    let settings = CalendarSettings {
        timezone: fields.optional("timezone", report, text),
        always_open: fields.or("always_open", false, report, boolean),
        weekly: fields.or("weekly", Default::default(), report, read_weekly),
        holidays: fields.or("holidays", Vec::new(), report, |at, report| list(at, report, read_holiday)),
        special: fields.or("special", Vec::new(), report, |at, report| list(at, report, read_date_hours)),
        closures: fields.or("closures", Vec::new(), report, |at, report| list(at, report, read_date_hours)),
    };
    fields.finish(report);
    Some(settings)
}

fn read_weekly(at: &At<'_>, report: &mut Report) -> Option<[Vec<Hours>; 7]> {
    let mut fields = Fields::of(at, report)?;
    let weekly = WEEKDAYS.map(|day| fields.or(day, Vec::new(), report, |at, report| list(at, report, read_hours)));
    fields.finish(report);
    Some(weekly)
}

fn read_holiday(at: &At<'_>, report: &mut Report) -> Option<Holiday> {
    let mut fields = Fields::of(at, report)?;
    let date = fields.required("date", report, date);
    let name = fields.optional("name", report, text);
    fields.finish(report);
    Some(Holiday { date: date?, name })
}

fn read_date_hours(at: &At<'_>, report: &mut Report) -> Option<DateHours> {
    let mut fields = Fields::of(at, report)?;
    let date = fields.required("date", report, date);
    let hours = fields.required("hours", report, |at, report| list(at, report, read_hours));
    fields.finish(report);
    Some(DateHours { date: date?, hours: hours? })
}

/// Hours such as `09:00-18:00`.
pub(crate) fn read_hours(at: &At<'_>, report: &mut Report) -> Option<Hours> {
    let hours = text(at, report)?;
    match parse_hours(&hours) {
        Ok(hours) => Some(hours),
        Err(error) => report.refuse(at, error),
    }
}

/// The name of a calendar that the document declares, or `always`.
pub(crate) fn known_calendar(at: &At<'_>, report: &mut Report) -> Option<String> {
    let name = id(at, report)?;
    if report.names.calendars.contains(&name) {
        Some(name)
    } else {
        report.refuse(at, format!("unknown calendar `{name}`; declare it under `calendars` or use `{ALWAYS}`"))
    }
}

/// Builds every calendar; what cannot be built is reported at its place in `root`.
pub(crate) fn build(
    calendars: &BTreeMap<String, CalendarSettings>,
    tenant_zone: &Zone,
    root: &Node,
    report: &mut Report,
) -> BTreeMap<String, Arc<Calendar>> {
    let mut built = BTreeMap::new();
    for (name, settings) in calendars {
        let path = format!("calendars.{name}");
        // Half-read hours would only lead to consequential faults such as "never open".
        if report.faults.iter().any(|fault| fault.path == path || fault.path.starts_with(&format!("{path}."))) {
            continue;
        }
        match Calendar::new(settings.spec(tenant_zone)) {
            Ok(calendar) => {
                built.insert(name.clone(), Arc::new(calendar));
            }
            Err(faults) => {
                let node = root.get("calendars").and_then(|section| section.get(name));
                report.faults.extend(faults.into_iter().map(|fault| Fault {
                    line: node.and_then(|node| node.nearest(&fault.path).line),
                    path: if fault.path.is_empty() { path.clone() } else { format!("{path}.{}", fault.path) },
                    message: fault.problem.to_string(),
                }));
            }
        }
    }
    built
}

/// The hours as they are written: `22:00-06:00`.
pub(crate) fn hours_text(hours: Hours) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", clock(hours.start_minute), clock(hours.end_minute))
}

pub(crate) fn date_as_text<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

pub(crate) fn hours_as_text<S: Serializer>(hours: &Hours, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hours_text(*hours))
}

fn weekly_as_text<S: Serializer>(weekly: &[Vec<Hours>; 7], serializer: S) -> Result<S::Ok, S::Error> {
    let open_days = || WEEKDAYS.iter().zip(weekly).filter(|(_, hours)| !hours.is_empty());
    let mut days = serializer.serialize_map(Some(open_days().count()))?;
    for (day, hours) in open_days() {
        days.serialize_entry(day, &hours.iter().copied().map(hours_text).collect::<Vec<_>>())?;
    }
    days.end()
}

fn dates_as_text<S: Serializer>(dates: &[DateHours], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        date: String,
        hours: Vec<String>,
    }
    serializer.collect_seq(dates.iter().map(|each| Written {
        date: each.date.to_string(),
        hours: each.hours.iter().copied().map(hours_text).collect(),
    }))
}
