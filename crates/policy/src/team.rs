//! Teams with the people who answer for them, and the staff.

use std::collections::BTreeMap;

use kefu_contracts::Language;
use serde::Serialize;

use crate::case_match::known_team;
use crate::escalation::Role;
use crate::read::{At, Fields, Report, distinct, entries, id, placed_list, refuse_repeats, text, without_places, word};

/// Who answers for a team, by staff id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Team {
    /// The team lead.
    pub lead: Option<String>,
    /// The supervisor.
    pub supervisor: Option<String>,
    /// The head of the department.
    pub department_head: Option<String>,
}

impl Team {
    /// Who fills the role itself; an agent is the case's own matter.
    pub fn person(&self, role: Role) -> Option<&str> {
        match role {
            Role::Agent => None,
            Role::TeamLead => self.lead.as_deref(),
            Role::Supervisor => self.supervisor.as_deref(),
            Role::DepartmentHead => self.department_head.as_deref(),
        }
    }

    /// Who fills the role, or the nearest filled role above it, so that no escalation ends at an empty chair.
    pub fn person_at_or_above(&self, role: Role) -> Option<(Role, &str)> {
        Role::ALL.into_iter().filter(|above| *above >= role).find_map(|above| Some((above, self.person(above)?)))
    }
}

/// Someone who works for the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaffMember {
    /// The id that events name.
    pub id: String,
    /// The name that people see.
    pub name: Option<String>,
    /// The teams the person works in.
    pub teams: Vec<String>,
    /// The languages the person answers in.
    pub languages: Vec<Language>,
}

pub(crate) fn read_teams(at: &At<'_>, report: &mut Report) -> Option<BTreeMap<String, Team>> {
    let mut teams = BTreeMap::new();
    for (name, at) in entries(at, report) {
        if name.trim() != name || name.is_empty() || name.contains(['/', '#']) {
            report.refuse::<()>(&at, "cannot be a team's name; leave out `/`, `#` and surrounding spaces");
        }
        if let Some(team) = read_team(&at, report) {
            teams.insert(name.to_owned(), team);
        }
    }
    Some(teams)
}

fn read_team(at: &At<'_>, report: &mut Report) -> Option<Team> {
    let mut fields = Fields::of(at, report)?;
    let team = Team {
        lead: fields.optional("lead", report, person),
        supervisor: fields.optional("supervisor", report, person),
        department_head: fields.optional("department_head", report, person),
    };
    fields.finish(report);
    Some(team)
}

pub(crate) fn read_staff(at: &At<'_>, report: &mut Report) -> Option<Vec<StaffMember>> {
    let staff = placed_list(at, report, read_member)?;
    let twice = |member: &StaffMember| format!("two people have the id `{}`; give each their own", member.id);
    refuse_repeats(&staff, "id", |member| member.id.clone(), twice, report);
    Some(without_places(staff))
}

fn read_member(at: &At<'_>, report: &mut Report) -> Option<StaffMember> {
    let mut fields = Fields::of(at, report)?;
    let id = fields.required("id", report, id);
    let name = fields.optional("name", report, text);
    let teams = fields.or("teams", Vec::new(), report, |at, report| distinct(at, report, known_team));
    let languages = fields.or("languages", Vec::new(), report, |at, report| distinct(at, report, word));
    fields.finish(report);
    Some(StaffMember { id: id?, name, teams, languages })
}

/// A staff id. One that the list of staff lacks is only doubtful: leads and heads often stand in no list.
pub(crate) fn person(at: &At<'_>, report: &mut Report) -> Option<String> {
    let person = id(at, report)?;
    let unlisted = report.names.staff.as_ref().is_some_and(|staff| !staff.contains(&person));
    if unlisted {
        report.warn(at, format!("`{person}` is not listed under `staff`: name and languages are unknown"));
    }
    Some(person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_chair_is_passed_over_upwards() {
        let team = Team { lead: None, supervisor: Some("s-1".to_owned()), department_head: Some("h-1".to_owned()) };
        assert_eq!(team.person_at_or_above(Role::Agent), Some((Role::Supervisor, "s-1")));
        assert_eq!(team.person_at_or_above(Role::TeamLead), Some((Role::Supervisor, "s-1")));
        assert_eq!(team.person_at_or_above(Role::DepartmentHead), Some((Role::DepartmentHead, "h-1")));
        assert_eq!(Team::default().person_at_or_above(Role::Agent), None);
    }
}
