//! From a document's text to a checked policy, and the policy of those who wrote none.

use std::collections::BTreeMap;

use kefu_calendar::Zone;
use kefu_contracts::{Channel, Timestamp};

use super::{Policy, doubts};
use crate::duration::HOUR_MS;
use crate::fault::{Fault, Warning};
use crate::read::{At, Fields, Names, Report, duration, integer, positive_duration, text, time_to};
use crate::source::{self, Format, Node, Value};
use crate::{acknowledge, after_sales, calendars, escalation, orders, routing, shift, sla, survey, team};

const TENANT_MAX: usize = 64;

pub(super) fn parse(text: &str, format: Format) -> Result<(Policy, Vec<Warning>), Vec<Fault>> {
    let root = source::parse(text, format)?;
    let mut report = Report { names: Names::of(&root), ..Report::default() };
    let policy = read(&root, &mut report);
    match policy {
        Some(policy) if report.faults.is_empty() => {
            doubts::warn(&policy, &root, &mut report);
            report.warnings.sort_by_key(|warning| warning.line);
            Ok((policy, report.warnings))
        }
        _ => {
            report.faults.sort_by_key(|fault| fault.line);
            Err(report.faults)
        }
    }
}

fn read(root: &Node, report: &mut Report) -> Option<Policy> {
    let mut fields = Fields::of(&At::root(root), report)?;
    let default = default_for("");
    let tenant = fields.required("tenant", report, read_tenant).unwrap_or_default();
    let mut policy = Policy {
        tenant,
        version: fields.or("version", 1, report, read_version),
        effective_from: fields.optional("effective_from", report, read_instant),
        zone: fields.or("timezone", Zone::utc(), report, read_zone),
        timezone: default.timezone,
        calendars: fields.or("calendars", default.calendars, report, calendars::read),
        acknowledge: fields.or("acknowledge", default.acknowledge, report, acknowledge::read),
        sla: fields.or("sla", default.sla, report, sla::read),
        escalation: fields.or("escalation", default.escalation, report, escalation::read),
        routing: fields.or("routing", default.routing, report, routing::read),
        after_sales: fields.or("after_sales", default.after_sales, report, after_sales::read),
        teams: fields.or("teams", default.teams, report, team::read_teams),
        staff: fields.or("staff", default.staff, report, team::read_staff),
        shifts: fields.or("shifts", default.shifts, report, shift::read),
        survey: fields.or("survey", default.survey, report, survey::read_survey),
        follow_up: fields.or("follow_up", default.follow_up, report, survey::read_follow_up),
        orders: fields.or("orders", default.orders, report, orders::read),
        service_level: fields.or("service_level", default.service_level, report, time_to),
        reopen_window_ms: fields.or("reopen_window", default.reopen_window_ms, report, duration),
        auto_close_ms: fields.or_off("auto_close", default.auto_close_ms, report, positive_duration),
        built_calendars: BTreeMap::new(),
    };
    fields.finish(report);
    policy.timezone = policy.zone.name().to_owned();
    policy.built_calendars = calendars::build(&policy.calendars, &policy.zone, root, report);
    Some(policy)
}

pub(super) fn default_for(tenant: &str) -> Policy {
    let mut policy = Policy {
        tenant: tenant.to_owned(),
        version: 0,
        effective_from: None,
        timezone: Zone::utc().name().to_owned(),
        calendars: calendars::default_calendars(),
        acknowledge: Default::default(),
        sla: sla::default_rules(),
        escalation: Vec::new(),
        routing: Vec::new(),
        after_sales: Vec::new(),
        teams: BTreeMap::new(),
        staff: Vec::new(),
        shifts: Vec::new(),
        survey: Default::default(),
        follow_up: Default::default(),
        orders: Default::default(),
        service_level: BTreeMap::from([(Channel::Phone, 20_000), (Channel::Chat, 30_000)]),
        reopen_window_ms: 72 * HOUR_MS,
        auto_close_ms: Some(72 * HOUR_MS),
        zone: Zone::utc(),
        built_calendars: BTreeMap::new(),
    };
    let nowhere = Node { line: None, value: Value::Null };
    policy.built_calendars = calendars::build(&policy.calendars, &policy.zone, &nowhere, &mut Report::default());
    policy
}

fn read_tenant(at: &At<'_>, report: &mut Report) -> Option<String> {
    let tenant = text(at, report)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if tenant.len() > TENANT_MAX || !tenant.chars().all(allowed) {
        let message = format!("`{tenant}` is no tenant; use a-z, 0-9, _ and -, at most {TENANT_MAX} characters");
        return report.refuse(at, message);
    }
    Some(tenant)
}

fn read_version(at: &At<'_>, report: &mut Report) -> Option<i64> {
    match integer(at, report)? {
        version if version >= 0 => Some(version),
        version => report.refuse(at, format!("version {version}; write 0 or more")),
    }
}

fn read_zone(at: &At<'_>, report: &mut Report) -> Option<Zone> {
    let name = text(at, report)?;
    match Zone::named(&name) {
        Ok(zone) => Some(zone),
        Err(error) => report.refuse(at, error),
    }
}

fn read_instant(at: &At<'_>, report: &mut Report) -> Option<Timestamp> {
    let written = text(at, report)?;
    match written.parse() {
        Ok(instant) => Some(instant),
        Err(error) => report.refuse(at, error),
    }
}
