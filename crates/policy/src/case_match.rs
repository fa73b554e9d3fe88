//! Which cases a rule is for.
//!
//! One matcher for every section: a missing or empty list matches all, a fact that is not known matches no list.

use kefu_contracts::{Category, Channel, Priority, Severity, Subtype};
use serde::Serialize;

use crate::read::{At, Fields, Report, distinct, id, text, word};

/// What is known of a case when a rule is looked for.
#[derive(Debug, Clone, Copy)]
pub struct CaseFacts<'a> {
    /// Where it came in.
    pub channel: Channel,
    /// What it is about; `None` before it is classified and for a case without text.
    pub category: Option<Category>,
    /// What it is about, more closely.
    pub subtype: Option<Subtype>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is done first.
    pub priority: Option<Priority>,
    /// The customer's tier.
    pub tier: Option<&'a str>,
    /// The team that has the case.
    pub team: Option<&'a str>,
}

impl CaseFacts<'_> {
    /// A case of which only the channel is known.
    pub fn of_channel(channel: Channel) -> Self {
        CaseFacts { channel, category: None, subtype: None, severity: None, priority: None, tier: None, team: None }
    }
}

/// The conditions of a rule; an empty list matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CaseMatch {
    /// Channels.
    pub channel: Vec<Channel>,
    /// Categories.
    pub category: Vec<Category>,
    /// Subtypes.
    pub subtype: Vec<Subtype>,
    /// Severities.
    pub severity: Vec<Severity>,
    /// Priorities.
    pub priority: Vec<Priority>,
    /// Customer tiers, as the shop names them.
    pub tier: Vec<String>,
    /// Teams.
    pub team: Vec<String>,
}

impl CaseMatch {
    /// The conditions that take every case of these channels.
    pub fn of_channels(channels: &[Channel]) -> Self {
        CaseMatch { channel: channels.to_vec(), ..CaseMatch::default() }
    }

    /// Whether a case with these facts meets every condition.
    pub fn accepts(&self, facts: &CaseFacts<'_>) -> bool {
        one_of(&self.channel, Some(facts.channel))
            && one_of(&self.category, facts.category)
            && one_of(&self.subtype, facts.subtype)
            && one_of(&self.severity, facts.severity)
            && one_of(&self.priority, facts.priority)
            && one_of_names(&self.tier, facts.tier)
            && one_of_names(&self.team, facts.team)
    }

    /// Whether every case meets the conditions, because there are none.
    pub fn accepts_all(&self) -> bool {
        *self == CaseMatch::default()
    }

    /// Takes the conditions' keys out of a section that may have others.
    pub(crate) fn read(fields: &mut Fields<'_>, report: &mut Report) -> CaseMatch {
        CaseMatch {
            channel: fields.or("channel", Vec::new(), report, |at, report| distinct(at, report, word)),
            category: fields.or("category", Vec::new(), report, |at, report| distinct(at, report, word)),
            subtype: fields.or("subtype", Vec::new(), report, |at, report| distinct(at, report, word)),
            severity: fields.or("severity", Vec::new(), report, |at, report| distinct(at, report, word)),
            priority: fields.or("priority", Vec::new(), report, |at, report| distinct(at, report, word)),
            tier: fields.or("tier", Vec::new(), report, |at, report| distinct(at, report, text)),
            team: fields.or("team", Vec::new(), report, |at, report| distinct(at, report, known_team)),
        }
    }
}

fn one_of<T: PartialEq>(list: &[T], fact: Option<T>) -> bool {
    list.is_empty() || fact.is_some_and(|fact| list.contains(&fact))
}

fn one_of_names(list: &[String], fact: Option<&str>) -> bool {
    list.is_empty() || fact.is_some_and(|fact| list.iter().any(|name| name == fact))
}

/// The name of a team that the document declares.
pub(crate) fn known_team(at: &At<'_>, report: &mut Report) -> Option<String> {
    let team = id(at, report)?;
    if report.names.teams.contains(&team) {
        Some(team)
    } else {
        report.refuse(at, format!("unknown team `{team}`; declare it under `teams`"))
    }
}
