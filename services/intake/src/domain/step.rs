//! What one input does to a case.
//!
//! Owns the meaning of each type of event: the facts it gives, the figures it changes, and how it moves the case.
//! Which move leads where is `life_cycle`'s matter, in which order inputs come is `fold`'s.

mod labels;

use std::borrow::Cow;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, FactKind};
use kefu_contracts::channel_event::Actor;
use kefu_contracts::{ActorKind, Status, Timestamp};
use kefu_policy::{AcknowledgedOn, PolicyHistory};
use kefu_text::gratitude::is_thanks_or_goodbye_only;
use serde::{Deserialize, Serialize};

use super::case_fact::{Cause, Fact, Fields, give_context};
use super::event::{CallOutcome, Direction, Event};
use super::facts::Facts;
use super::input::{Content, Input};
use super::life_cycle::{self, Move, Transition};
use super::status::enter;

/// When the acknowledgement of a case's receipt went out; never computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acknowledgement {
    /// With the case, as far as event time can tell.
    AtOpening,
    /// At an instant of the wall clock.
    At(Timestamp),
}

/// What the facts of a case depend on beside its inputs.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The tenant's policies.
    pub policies: &'a PolicyHistory,
    /// The id under which a receipt names the case's acknowledgement.
    pub acknowledgement_id: &'a str,
    /// The acknowledgement, if one went out or may go out now.
    pub acknowledgement: Option<Acknowledgement>,
}

/// The facts of a call's answer are numbered from here, behind those of its offer.
const ANSWER_FACTS: i64 = 16;

/// Lets `input` act on a case at `at` (later than its own instant if `skewed`) and adds the facts that follow to
/// `out`. Without a case it opens one.
pub fn step(
    case: &mut Option<Facts>,
    input: &Arc<Input>,
    at: Timestamp,
    skewed: bool,
    rules: &Rules<'_>,
    out: &mut Vec<Fact>,
) {
    let opens = case.is_none();
    let facts = case.get_or_insert_with(|| Facts::opened_by(input, at));
    apply(facts, opens, input, at, skewed, rules, out);
}

/// As [`step`], on a case that there is; `opens` says whether it begins with this input.
pub fn apply(
    facts: &mut Facts,
    opens: bool,
    input: &Arc<Input>,
    at: Timestamp,
    skewed: bool,
    rules: &Rules<'_>,
    out: &mut Vec<Fact>,
) {
    let first = out.len();
    let n = if matches!(input.content, Content::CallAnswered) { ANSWER_FACTS } else { 0 };
    let known = (!input.is_always_told()).then(|| facts.context());
    facts.learn(input, at);
    let mut step = Step { facts, input, at, skewed, rules, out, n };
    if opens {
        step.open();
    }
    match &input.content {
        Content::Event(event) => step.event(event),
        Content::CallAnswered => step.reply(),
        Content::Classified(classified) => step.classified(classified),
    }
    step.notice_missing();
    if opens {
        step.acknowledge_opening();
    }
    if step.out.len() == first {
        step.note_context(known);
    }
    give_context(facts, out, first);
}

struct Step<'a> {
    facts: &'a mut Facts,
    input: &'a Arc<Input>,
    at: Timestamp,
    skewed: bool,
    rules: &'a Rules<'a>,
    out: &'a mut Vec<Fact>,
    n: i64,
}

impl Step<'_> {
    fn open(&mut self) {
        let fact = self.fact(FactKind::Opened);
        fact.to = Some(Cow::Borrowed(Status::Open.as_str()));
        fact.says = true;
        if self.input.is_from_customer() {
            self.facts.first_contact_at = Some(self.at);
            let policy = self.rules.policies.in_force(self.at.ms());
            let on_channel = policy.acknowledge.channels.contains(&self.facts.channel);
            self.facts.owes_acknowledgement = on_channel && self.facts.customer().is_some();
        }
    }

    /// The acknowledgement goes out with the opening, but it may count only when its receipt comes.
    fn acknowledge_opening(&mut self) {
        let Some(sent) = self.rules.acknowledgement.filter(|_| self.facts.owes_acknowledgement) else { return };
        if self.rules.policies.in_force(self.at.ms()).acknowledge.on == AcknowledgedOn::Emitted {
            let at = match sent {
                Acknowledgement::AtOpening => self.at,
                Acknowledgement::At(at) => at.max(self.at),
            };
            self.acknowledge(at);
        }
    }

    fn acknowledge(&mut self, at: Timestamp) {
        if self.facts.acknowledged_at.is_none() {
            self.facts.acknowledged_at = Some(at);
            let fact = self.fact(FactKind::Acknowledged);
            fact.at = at;
            fact.actor = None;
        }
    }

    fn fact(&mut self, kind: FactKind) -> &mut Fact {
        let n = self.n;
        self.n += 1;
        self.out.push_mut(Fact {
            kind,
            at: self.at,
            cause: Cause::Input(self.input.clone()),
            n,
            actor: self.input.actor.clone(),
            from: None,
            to: None,
            verdict: None,
            says: false,
            fields: Fields::Cause,
            context: Arc::default(),
        })
    }

    /// Consumers know a case by its facts: what an input tells of it is noted, if nothing else comes of the input.
    fn note_context(&mut self, known: Option<CaseContext>) {
        if known.is_some_and(|known| known != self.facts.context()) {
            self.fact(FactKind::Note);
        }
    }

    fn said(&mut self, kind: FactKind) {
        self.fact(kind).says = true;
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Message { text, .. } => self.message(text.as_deref()),
            Event::Call(call) => self.call(call.direction, call.outcome),
            Event::Note { .. } => self.said(FactKind::Note),
            Event::Assigned { agent_id, team } => self.assigned(agent_id.as_deref(), team.as_deref()),
            Event::InfoRequested { text, .. } => self.info_requested(text.is_some()),
            Event::Promised { due_at, text } => self.promised(*due_at, text.is_some()),
            Event::DepartmentConsulted { department, .. } => self.consulted(department),
            Event::DepartmentAnswered { .. } => {
                if self.transition(Move::DepartmentAnswered) != Transition::Refused {
                    self.said(FactKind::Note);
                    self.moves(Move::DepartmentAnswered);
                }
            }
            Event::Reopened { .. } => self.moves_or_notes(Move::Reopened),
            Event::Resolved { summary } => {
                if let Some(summary) = summary {
                    self.facts.summarise(summary);
                }
                self.moves_or_notes(Move::Resolved);
            }
            Event::Confirmed { .. } => self.moves_or_notes(Move::Confirmed),
            Event::Dissatisfied { .. } => {
                self.facts.has_content |= event.text().is_some();
                self.moves_or_notes(Move::Dissatisfied);
            }
            Event::Closed { .. } => self.moves_or_notes(Move::Closed),
            Event::CategorySet { category, subtype, severity } => self.category_set(*category, *subtype, *severity),
            Event::PrioritySet { priority } => {
                self.facts.set_by_person.priority = true;
                if !self.prioritise(*priority) {
                    self.said(FactKind::Note);
                }
            }
            Event::IdentityVerified { method } => {
                self.fact(FactKind::IdentityVerified).to = Some(Cow::Owned(method.clone()));
            }
            Event::Flagged { flag, .. } => self.flagged(*flag, true),
            Event::Unflagged { flag, .. } => self.flagged(*flag, false),
            Event::AfterSalesRequested(_) => {
                self.facts.has_content |= self.input.is_from_customer();
                self.after_sales("requested");
            }
            Event::AfterSalesDecided(_) => self.after_sales("decided"),
            Event::AfterSalesCompleted { .. } => self.after_sales("completed"),
            Event::CaseOpened { .. } => self.opened_again(),
            Event::Merged { into_case_id } => self.merged(into_case_id),
            Event::Review { text, .. } => {
                self.facts.has_content |= text.is_some();
                self.opened_again();
            }
            Event::Delivered { message_id, delivered } => self.delivered(message_id, *delivered),
            // belongs to no case
            Event::ChannelHeartbeat { .. } => {}
        }
    }

    /// What is told by the fact of opening needs no other fact; in a case that there is it is noted.
    fn opened_again(&mut self) {
        if self.n == 0 {
            self.said(FactKind::Note);
        }
    }

    fn message(&mut self, text: Option<&str>) {
        if self.input.is_customer_message() {
            self.facts.has_content |= text.is_some();
            self.customer_message(text);
        } else {
            self.reply();
        }
    }

    fn call(&mut self, direction: Direction, outcome: CallOutcome) {
        self.said(FactKind::Call);
        match (direction, outcome) {
            (Direction::Inbound, _) => {
                self.facts.has_content |= outcome != CallOutcome::Abandoned;
                self.customer_message(None);
            }
            (Direction::Outbound, CallOutcome::Answered) => self.reply(),
            (Direction::Outbound, CallOutcome::Abandoned | CallOutcome::Voicemail) => {}
        }
    }

    fn customer_message(&mut self, text: Option<&str>) {
        let by_customer = self.input.actor.clone().filter(|actor| actor.kind == ActorKind::Customer);
        let known = self.facts.customer().map(|known| Actor {
            kind: ActorKind::Customer,
            id: known.id.clone(),
            name: known.name.as_ref().map(|given| given.value.clone()),
        });
        let fact = self.fact(FactKind::CustomerMessage);
        fact.says = true;
        fact.actor = by_customer.or(known);
        self.facts.customer_messages += 1;
        self.facts.last_customer_message_at = Some(self.at);
        self.facts.first_contact_at.get_or_insert(self.at);
        let solved = self.facts.resolved_at.is_some() || self.facts.confirmed_at.is_some();
        let thanks = solved && text.is_some_and(is_thanks_or_goodbye_only);
        self.moves(if thanks { Move::Thanks } else { Move::CustomerMessage });
    }

    fn reply(&mut self) {
        let by_person = self.input.is_reply_by_person();
        let assignee = self.facts.assignee.clone();
        let skewed = self.skewed;
        let fact = self.fact(if by_person { FactKind::Reply } else { FactKind::BotReply });
        fact.says = true;
        if skewed {
            fact.fields = Fields::Skewed;
        }
        if by_person {
            // a call may come without the name of who answered; the one responsible is the best guess there is
            let is_person = fact.actor.as_ref().is_some_and(|actor| actor.kind.is_person());
            if !is_person {
                fact.actor = assignee.map(|id| Actor { kind: ActorKind::Agent, id, name: None });
            }
            self.facts.agent_messages += 1;
            self.facts.last_agent_message_at = Some(self.at);
            self.facts.promised_until = None;
            if self.facts.first_contact_at.is_some() {
                self.facts.first_reply_at.get_or_insert(self.at);
            }
        } else {
            self.facts.bot_replied = true;
        }
    }

    fn info_requested(&mut self, says: bool) {
        if self.transition(Move::InfoRequested) == Transition::Refused {
            return;
        }
        if says {
            self.reply();
        }
        self.fact(FactKind::InfoMissing);
        self.moves(Move::InfoRequested);
    }

    fn promised(&mut self, due_at: Timestamp, says: bool) {
        // the reply that makes a promise comes before it, so that it does not keep it
        if says {
            self.reply();
        }
        self.facts.promised_until = Some(due_at).filter(|_| self.facts.status.is_live());
        self.fact(FactKind::Promised).to = Some(Cow::Owned(due_at.to_string()));
    }

    fn consulted(&mut self, department: &str) {
        if self.transition(Move::DepartmentConsulted) == Transition::Refused {
            return;
        }
        self.facts.department = Some(department.to_owned());
        self.said(FactKind::Note);
        self.moves(Move::DepartmentConsulted);
    }

    fn after_sales(&mut self, what: &'static str) {
        let fact = self.fact(FactKind::AfterSales);
        fact.says = true;
        fact.to = Some(Cow::Borrowed(what));
    }

    fn merged(&mut self, into_case_id: &str) {
        if self.facts.merged_into.is_some() {
            return;
        }
        self.facts.merged_into = Some(into_case_id.to_owned());
        self.fact(FactKind::Merged).to = Some(Cow::Owned(into_case_id.to_owned()));
        if self.facts.status != Status::Closed {
            self.go(Status::Closed);
        }
    }

    fn delivered(&mut self, message_id: &str, delivered: bool) {
        let owed = self.facts.owes_acknowledgement && self.rules.acknowledgement.is_some();
        if delivered && owed && message_id == self.rules.acknowledgement_id {
            self.acknowledge(self.at);
        }
    }

    fn transition(&self, by: Move) -> Transition {
        // what went into another case lives on there
        if self.facts.merged_into.is_some() {
            return Transition::Stays;
        }
        life_cycle::next(self.facts.status, by)
    }

    fn moves_or_notes(&mut self, by: Move) {
        if self.moves(by) == Transition::Stays {
            self.said(FactKind::Note);
        }
    }

    fn moves(&mut self, by: Move) -> Transition {
        let transition = self.transition(by);
        match transition {
            Transition::Stays | Transition::Refused => {}
            Transition::Goes(status) => self.go(status),
            Transition::Reopens => {
                self.facts.reopen_count += 1;
                self.go(Status::Open);
            }
        }
        if matches!(by, Move::Confirmed | Move::Thanks) && transition == Transition::Goes(Status::Closed) {
            self.facts.confirmed_at = Some(self.at);
        }
        transition
    }

    fn go(&mut self, status: Status) {
        let before = self.facts.status;
        enter(self.facts, status, self.at, Some(self.rules.policies));
        let fact = self.fact(FactKind::StatusChanged);
        fact.from = Some(Cow::Borrowed(before.as_str()));
        fact.to = Some(Cow::Borrowed(status.as_str()));
    }
}
