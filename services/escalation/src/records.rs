//! Records as this service writes them: ids, names and words around what the rules decided.

use kefu_contracts::channel_event::{Actor, ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::escalation::{Escalation, EscalationReason};
use kefu_contracts::id::hash_id;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage, Recipient};
use kefu_contracts::partition::{conversation_of, split_key};
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind};
use kefu_contracts::{ActorKind, Channel, Json, Language, Metric, OrderStatus, Timestamp};
use kefu_policy::{Policy, Role};
use serde_json::json;

use crate::domain::after_sales::Decision;
use crate::domain::clock::{ClockEvent, ClockKey};
use crate::domain::escalation::Origin;
use crate::domain::escalation::difference::Known;
use crate::domain::notice::{NAMED_MAX, Notice};
use crate::domain::routing::Route;
use crate::domain::texts;
use crate::topics::{Claim, StaffNotice};

/// How this service names itself as an actor.
const SELF: &str = "escalation";

/// The language of those whose language is not known.
const DEFAULT_LANGUAGE: Language = Language::ZhHans;

/// A case, by its key `tenant/case_id`.
#[derive(Clone, Copy)]
pub(crate) struct CaseKey<'k> {
    key: &'k str,
    tenant: &'k str,
    case_id: &'k str,
}

impl<'k> CaseKey<'k> {
    pub(crate) fn new(key: &'k str) -> Self {
        let (tenant, case_id) = split_key(key);
        Self { key, tenant, case_id }
    }

    /// `tenant/conversation_id`.
    pub(crate) fn conversation_key(self) -> &'k str {
        conversation_of(self.key)
    }

    fn conversation_id(self) -> &'k str {
        split_key(self.conversation_key()).1
    }

    fn clock_id(self, clock: ClockKey) -> String {
        hash_id(&["clock", self.tenant, self.case_id, clock.metric.as_str(), &clock.ordinal.to_string()])
    }

    fn breach_id(self, clock: ClockKey, at: Timestamp) -> String {
        let (ordinal, at) = (clock.ordinal.to_string(), at.ms().to_string());
        hash_id(&["breach", self.tenant, self.case_id, clock.metric.as_str(), &ordinal, &at])
    }

    /// The id of an escalation.
    pub(crate) fn escalation_id(self, known: &Known) -> String {
        let origin = match known.origin {
            Origin::Breach { clock, at } => self.breach_id(clock, at),
            Origin::AtOnce(reason) => reason.as_str().to_owned(),
        };
        hash_id(&["escalation", self.tenant, self.case_id, &origin, &known.level.to_string()])
    }

    /// What happened to a clock.
    pub(crate) fn sla_event(self, event: &ClockEvent<'_>) -> SlaEvent {
        let names_breach =
            matches!(event.kind, SlaEventKind::Breached | SlaEventKind::BreachRetracted | SlaEventKind::EndedLate);
        let breach_at = event.breach_at.filter(|_| names_breach);
        SlaEvent {
            case_id: self.case_id.to_owned(),
            tenant: self.tenant.to_owned(),
            clock_id: self.clock_id(event.clock),
            metric: event.clock.metric,
            event: event.kind,
            at: event.at,
            due_at: event.due_at,
            elapsed_ms: event.elapsed_ms,
            target_ms: (event.clock.metric != Metric::Promised).then_some(event.terms.target_ms),
            policy: event.terms.rule.map(|rule| rule.name.clone()).unwrap_or_default(),
            policy_version: event.terms.policy.version,
            calendar: event.terms.calendar_name.to_owned(),
            breach_id: breach_at.map(|at| self.breach_id(event.clock, at)),
            reason: event.reason.map(|reason| reason.as_str().to_owned()),
        }
    }

    /// An escalation with its key.
    pub(crate) fn escalation(self, known: &Known) -> (String, Escalation) {
        let escalation_id = self.escalation_id(known);
        let key = format!("{}/{escalation_id}", self.key);
        let (clock, breach_id, reason) = match known.origin {
            Origin::Breach { clock, at } => (Some(clock), Some(self.breach_id(clock, at)), EscalationReason::SlaBreach),
            Origin::AtOnce(reason) => (None, None, reason),
        };
        let escalation = Escalation {
            escalation_id,
            tenant: self.tenant.to_owned(),
            case_id: Some(self.case_id.to_owned()),
            level: i64::from(known.level),
            to: known.to.role.as_str().to_owned(),
            reason,
            state: known.state,
            raised_at: known.raised_at,
            metric: clock.map(|clock| clock.metric),
            due_at: known.due_at,
            breach_id,
            revision: i64::from(known.revision),
        };
        (key, escalation)
    }

    /// A notice to whoever is told of an escalation, with its key.
    pub(crate) fn notice(
        self,
        known: &Known,
        at: Timestamp,
        to: &crate::domain::escalation::Recipient,
        policy: &Policy,
    ) -> (String, StaffNotice) {
        let id = to.person.as_deref().unwrap_or(to.role.as_str());
        let recipient_kind = match (&to.person, to.role) {
            (None, _) => "role",
            (Some(_), Role::Agent | Role::TeamLead) => "agent",
            (Some(_), Role::Supervisor | Role::DepartmentHead) => "supervisor",
        };
        let member = to.person.as_deref().and_then(|person| policy.staff_member(person));
        let language = member.and_then(|member| member.languages.first()).copied().unwrap_or(DEFAULT_LANGUAGE);
        let notice = Notice { at, escalation_id: self.escalation_id(known), case_id: self.case_id.to_owned() };
        let key = format!("{}/staff/{id}", self.tenant);
        (key, StaffNotice { notice, recipient_kind: recipient_kind.to_owned(), language })
    }

    /// The events that routing a case leads to.
    pub(crate) fn routing(self, route: Route<'_>, channel: Channel, language: Language) -> Vec<ChannelEvent> {
        let mut events = Vec::new();
        if let Some(team) = &route.rule.team {
            let data = EventData { team: Some(team.clone()), ..EventData::default() };
            events.push(self.routing_event("assigned", route, channel, data));
        }
        if let Some(department) = &route.rule.department {
            let text = texts::consultation(language, self.case_id);
            let data = EventData { department: Some(department.clone()), text: Some(text), ..EventData::default() };
            events.push(self.routing_event("department_consulted", route, channel, data));
        }
        events
    }

    fn routing_event(self, kind: &str, route: Route<'_>, channel: Channel, data: EventData) -> ChannelEvent {
        ChannelEvent {
            event_id: self.routing_id(kind, route),
            tenant: self.tenant.to_owned(),
            conversation_id: self.conversation_id().to_owned(),
            channel,
            occurred_at: route.at,
            kind: kind.to_owned(),
            actor: this_service(),
            data,
            customer: None,
            order_ids: Vec::new(),
            attributes: Default::default(),
        }
    }

    fn routing_id(self, kind: &str, route: Route<'_>) -> String {
        hash_id(&[kind, self.tenant, self.case_id, &route.place.to_string(), &route.version.to_string()])
    }

    /// What the customer is told of the time that a department takes, if the rule says it.
    pub(crate) fn expected_time(
        self,
        route: Route<'_>,
        channel: Channel,
        language: Language,
        customer: Option<Recipient>,
    ) -> Option<OutboundMessage> {
        let expected_ms = route.rule.expected_ms?;
        let expected_at = route.at.plus_ms(expected_ms);
        Some(OutboundMessage {
            message_id: self.routing_id("expected_time", route),
            tenant: self.tenant.to_owned(),
            conversation_id: Some(self.conversation_id().to_owned()),
            case_id: Some(self.case_id.to_owned()),
            recipient: customer?,
            channel,
            kind: OutboundKind::ExpectedTime,
            language,
            subject: None,
            text: texts::expected_time(language, expected_ms),
            data: Some(Json(json!({ "department": route.rule.department, "expected_at": expected_at.to_string() }))),
            at: route.at,
            expires_at: Some(expected_at),
        })
    }
}

fn this_service() -> Actor {
    Actor { kind: ActorKind::System, id: SELF.to_owned(), name: None }
}

/// The message that tells a member of staff of all notices at once. `key` is `tenant/staff/<id>`.
pub(crate) fn gathered(
    key: &str,
    recipient_kind: &str,
    language: Language,
    notices: &[Notice],
    at: Timestamp,
) -> Option<OutboundMessage> {
    let first = notices.first()?;
    let (tenant, staff) = split_key(key);
    let id = staff.strip_prefix("staff/").unwrap_or(staff);
    let mut cases: Vec<&str> = Vec::new();
    for notice in notices {
        if cases.len() < NAMED_MAX && !cases.contains(&notice.case_id.as_str()) {
            cases.push(&notice.case_id);
        }
    }
    let escalation_ids: Vec<&str> = notices.iter().map(|notice| notice.escalation_id.as_str()).collect();
    Some(OutboundMessage {
        message_id: hash_id(&["notice", tenant, id, &first.escalation_id, &first.at.ms().to_string()]),
        tenant: tenant.to_owned(),
        conversation_id: None,
        case_id: None,
        recipient: Recipient { kind: recipient_kind.to_owned(), id: id.to_owned(), address: None },
        channel: Channel::Chat,
        kind: OutboundKind::Notice,
        language,
        subject: None,
        text: texts::notice(language, notices.len(), &cases),
        data: Some(Json(json!({ "escalation_ids": escalation_ids }))),
        at,
        expires_at: None,
    })
}

/// The event that tells what the policy says to an after-sales request, with its key.
pub(crate) fn after_sales_decision(
    tenant: &str,
    claim: &Claim,
    decision: &Decision<'_>,
    policy_version: i64,
) -> (String, ChannelEvent) {
    let key = format!("{tenant}/{}", claim.case_id);
    let case = CaseKey::new(&key);
    let event = ChannelEvent {
        event_id: hash_id(&["after_sales_decided", tenant, &claim.order_id, &claim.cause_id]),
        tenant: tenant.to_owned(),
        conversation_id: case.conversation_id().to_owned(),
        channel: claim.channel,
        occurred_at: claim.request.at,
        kind: "after_sales_decided".to_owned(),
        actor: this_service(),
        data: EventData {
            order_id: Some(claim.order_id.clone()),
            kind: Some(claim.request.kind.as_str().to_owned()),
            eligible: Some(decision.eligible),
            reasons: Some(decision.reasons.iter().map(|reason| reason.as_str().to_owned()).collect()),
            steps: Some(decision.steps.to_vec()),
            policy_version: Some(policy_version),
            ..EventData::default()
        },
        customer: None,
        order_ids: Vec::new(),
        attributes: Default::default(),
    };
    (case.conversation_key().to_owned(), event)
}

/// An order that is stuck.
pub(crate) struct StuckOrder<'o> {
    pub(crate) tenant: &'o str,
    pub(crate) order_id: &'o str,
    pub(crate) customer_id: &'o str,
    pub(crate) status: OrderStatus,
    pub(crate) since_ms: i64,
}

/// The event that opens a case for a stuck order, with its key.
pub(crate) fn stuck_order(order: &StuckOrder<'_>, at: Timestamp) -> (String, ChannelEvent) {
    let conversation_id = format!("order:{}", order.order_id);
    let text = texts::stuck_order(DEFAULT_LANGUAGE, order.order_id, order.status, order.since_ms);
    let event = ChannelEvent {
        event_id: hash_id(&["stuck_order", order.tenant, order.order_id, order.status.as_str()]),
        tenant: order.tenant.to_owned(),
        conversation_id: conversation_id.clone(),
        channel: Channel::WebForm,
        occurred_at: at,
        kind: "case_opened".to_owned(),
        actor: this_service(),
        data: EventData {
            reason: Some("stuck_order".to_owned()),
            order_id: Some(order.order_id.to_owned()),
            text: Some(text),
            ..EventData::default()
        },
        customer: Some(CustomerInfo { id: order.customer_id.to_owned(), ..CustomerInfo::default() }),
        order_ids: vec![order.order_id.to_owned()],
        attributes: Default::default(),
    };
    (format!("{}/{conversation_id}", order.tenant), event)
}
