//! One version of a tenant's policy: its sections, and what applies to a case.

mod document;
mod doubts;

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_calendar::{Calendar, Zone};
use kefu_contracts::policy::PolicyRecord;
use kefu_contracts::{AfterSalesKind, Channel, Json, Metric, Timestamp};
use serde::Serialize;

use crate::acknowledge::AcknowledgeSettings;
use crate::after_sales::AfterSalesRule;
use crate::calendars::{ALWAYS, CalendarSettings};
use crate::case_match::CaseFacts;
use crate::duration;
use crate::escalation::{self, EscalationRule, Role};
use crate::fault::{Fault, Warning};
use crate::orders::OrderSettings;
use crate::rota::Rota;
use crate::routing::{self, RoutingRule};
use crate::shift::ShiftRule;
use crate::sla::{self, SlaRule};
use crate::source::Format;
use crate::survey::{FollowUpSettings, SurveySettings};
use crate::team::{StaffMember, Team};

/// A checked policy with its calendars built. Share it behind an `Arc`.
///
/// The fields are the sections of the document, missing ones filled with their defaults ([`crate::DEFAULTS`]).
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// The tenant; empty in the default that stands for every tenant without a policy.
    pub tenant: String,
    /// The version; 0 is the default policy.
    pub version: i64,
    /// From when it is in force; `None` is always.
    pub effective_from: Option<Timestamp>,
    /// The tenant's zone, by its IANA name.
    pub timezone: String,
    /// Calendars by name; `always` is always there.
    pub calendars: BTreeMap<String, CalendarSettings>,
    /// Automatic acknowledgements.
    pub acknowledge: AcknowledgeSettings,
    /// SLA rules; the first that accepts a case applies.
    pub sla: Vec<SlaRule>,
    /// Escalation rules.
    pub escalation: Vec<EscalationRule>,
    /// Routing rules; the first that accepts a case applies.
    pub routing: Vec<RoutingRule>,
    /// After-sales rules, in the order in which they are tried.
    pub after_sales: Vec<AfterSalesRule>,
    /// Teams by name.
    pub teams: BTreeMap<String, Team>,
    /// The staff.
    pub staff: Vec<StaffMember>,
    /// Shifts.
    pub shifts: Vec<ShiftRule>,
    /// Surveys.
    pub survey: SurveySettings,
    /// Follow-up visits, care and promotions.
    pub follow_up: FollowUpSettings,
    /// Stuck orders.
    pub orders: OrderSettings,
    /// Time to answer that counts as in target, by channel, in milliseconds.
    #[serde(serialize_with = "duration::as_text_by_key")]
    pub service_level: BTreeMap<Channel, i64>,
    /// How long after closing a case comes back to life, in milliseconds, inclusive.
    #[serde(rename = "reopen_window", serialize_with = "duration::as_text")]
    pub reopen_window_ms: i64,
    /// Time from resolved to closed in milliseconds; `None` never closes by itself.
    #[serde(rename = "auto_close", serialize_with = "duration::as_optional_text")]
    pub auto_close_ms: Option<i64>,

    #[serde(skip)]
    zone: Zone,
    #[serde(skip)]
    built_calendars: BTreeMap<String, Arc<Calendar>>,
}

/// Reads and checks a document.
///
/// # Errors
/// Every fault of the document at once, in the order of its lines where the format tells them.
pub fn parse(text: &str, format: Format) -> Result<(Policy, Vec<Warning>), Vec<Fault>> {
    document::parse(text, format)
}

impl Policy {
    /// The policy of a tenant that has none: version 0, always in force.
    pub fn default_for(tenant: &str) -> Policy {
        document::default_for(tenant)
    }

    /// The whole document with every default written out: equal policies give equal bytes, and [`parse`] reads it back.
    ///
    /// # Errors
    /// Those of the JSON writer; no policy that was parsed meets one.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The version as a record of its topic.
    ///
    /// # Errors
    /// Those of the JSON writer, as for [`Policy::to_json`].
    pub fn to_record(&self) -> Result<PolicyRecord, serde_json::Error> {
        Ok(PolicyRecord {
            tenant: self.tenant.clone(),
            version: self.version,
            effective_from: self.effective_from,
            document: Json(serde_json::to_value(self)?),
        })
    }

    /// The policy in a record of its topic. The record's tenant, version and instant win over the document's.
    ///
    /// # Errors
    /// Every fault of the document, as for [`parse`].
    pub fn of_record(record: &PolicyRecord) -> Result<Policy, Vec<Fault>> {
        let (mut policy, _) = parse(&record.document.0.to_string(), Format::Json)?;
        policy.tenant.clone_from(&record.tenant);
        policy.version = record.version;
        policy.effective_from = record.effective_from;
        Ok(policy)
    }

    /// The tenant's zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The calendar of that name.
    pub fn calendar(&self, name: &str) -> Option<&Arc<Calendar>> {
        self.built_calendars.get(name)
    }

    /// The calendar that is open at every instant.
    pub fn always(&self) -> Option<&Arc<Calendar>> {
        self.calendar(ALWAYS)
    }

    /// The first SLA rule that accepts the case.
    pub fn sla_rule(&self, facts: &CaseFacts<'_>) -> Option<&SlaRule> {
        sla::first_match(&self.sla, facts)
    }

    /// The first rule that sends such a case to someone at once.
    pub fn escalation_at_once(&self, facts: &CaseFacts<'_>) -> Option<&EscalationRule> {
        escalation::at_once(&self.escalation, facts)
    }

    /// The first rule with steps for a breach of `metric` in such a case.
    pub fn escalation_after_breach(&self, facts: &CaseFacts<'_>, metric: Metric) -> Option<&EscalationRule> {
        escalation::after_breach(&self.escalation, facts, metric)
    }

    /// The first routing rule that accepts the case; `text` is what the customer wrote.
    pub fn routing_rule(&self, facts: &CaseFacts<'_>, text: &str) -> Option<&RoutingRule> {
        routing::first_match(&self.routing, facts, text)
    }

    /// The after-sales rules for a kind of request, in the order in which they are tried.
    pub fn after_sales_rules(&self, kind: AfterSalesKind) -> impl Iterator<Item = &AfterSalesRule> {
        self.after_sales.iter().filter(move |rule| rule.covers(kind))
    }

    /// Who fills a role for a team, or the nearest filled role above it.
    pub fn recipient(&self, team: &str, role: Role) -> Option<(Role, &str)> {
        self.teams.get(team)?.person_at_or_above(role)
    }

    /// The person with an id.
    pub fn staff_member(&self, id: &str) -> Option<&StaffMember> {
        self.staff.iter().find(|member| member.id == id)
    }

    /// Who is on shift.
    pub fn rota(&self) -> Rota<'_> {
        Rota { rules: &self.shifts, zone: &self.zone }
    }

    /// The time to answer on a channel that counts as in target, in milliseconds.
    pub fn service_level_ms(&self, channel: Channel) -> Option<i64> {
        self.service_level.get(&channel).copied()
    }
}
