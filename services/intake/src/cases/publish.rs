//! What the world hears of a change: facts, the snapshot, messages to the customer, news for the customer's file.

use kefu_contracts::case_event::FactKind;
use kefu_contracts::id::hash_64;
use kefu_contracts::outbound::OutboundMessage;
use kefu_contracts::topic::{CASE_EVENTS, CASES, OUTBOUND};
use kefu_contracts::{Status, Timestamp};

use super::Desk;
use crate::domain::case_fact::{Cause, Fact, Subject, retraction};
use crate::domain::case_record::{CaseRecord, Change};
use crate::domain::customer_file::CustomerNews;
use crate::domain::event::{AfterSalesDecision, Event};
use crate::domain::facts::Facts;
use crate::domain::input::{Content, Input};
use crate::domain::notices::Sender;
use crate::domain::step::Acknowledgement;
use crate::topics::CUSTOMER_NEWS;

impl Desk<'_, '_> {
    /// Tells what `change` made of `case`.
    pub(super) fn publish(&mut self, case: &mut CaseRecord, change: &Change) {
        self.tell_facts(case, change);
        self.tell_decisions(case, change);
        let changed = change.before.as_ref().is_none_or(|before| *before != case.facts);
        if !changed {
            return;
        }
        case.revision += 1;
        let snapshot = case.facts.snapshot(self.tenant, self.conversation_id, &case.case_id, case.revision);
        let at = change.told.iter().chain(&change.untrue).map(|fact| fact.at).max().unwrap_or(case.facts.opened_at);
        self.ctx.emit(&CASES, self.case_key(&case.case_id), snapshot, at);
        self.write_to_customer(case, change, at);
        self.tell_customer_file(&case.case_id, change.before.as_deref(), &case.facts);
    }

    fn case_key(&self, case_id: &str) -> String {
        format!("{}/{case_id}", self.tenant)
    }

    fn tell_facts(&mut self, case: &CaseRecord, change: &Change) {
        let subject = Subject { tenant: self.tenant, case_id: &case.case_id, policies: self.policies };
        let channel = case.facts.channel;
        for fact in &change.untrue {
            let record = retraction(fact, &change.cause_id, subject, channel);
            self.ctx.emit(&CASE_EVENTS, self.case_key(&case.case_id), record, fact.at);
        }
        for fact in &change.told {
            let record = fact.record(subject, channel);
            self.ctx.emit(&CASE_EVENTS, self.case_key(&case.case_id), record, fact.at);
        }
    }

    fn write_to_customer(&mut self, case: &mut CaseRecord, change: &Change, at: Timestamp) {
        let facts = &case.facts;
        let acknowledges = facts.owes_acknowledgement && case.acknowledgement.is_none();
        let asks = facts.info_missing && !case.asked && facts.status.is_live();
        let moves = progress(facts, change);
        if !acknowledges && !asks && moves.is_empty() {
            return;
        }
        let sender = self.sender(case);
        let mut messages = Vec::new();
        let mut acknowledgement = case.acknowledgement;
        if acknowledges {
            let clock = self.ctx.clock();
            let (sent, at) = if clock.live {
                (Acknowledgement::At(clock.now), clock.now.max(facts.opened_at))
            } else {
                (Acknowledgement::AtOpening, facts.opened_at)
            };
            acknowledgement = Some(sent);
            messages.push(sender.acknowledgement(facts, at));
        }
        if asks {
            messages.push(sender.info_request(facts, at));
        }
        for (fact, status) in moves {
            messages.push(sender.progress(facts, status, fact.cause_id(), fact.at));
        }
        case.acknowledgement = acknowledgement;
        case.asked |= asks;
        messages.into_iter().flatten().for_each(|message| self.send(message));
    }

    /// Tells the customer what was decided about after-sales requests: each decision once, whenever it comes.
    fn tell_decisions(&mut self, case: &mut CaseRecord, change: &Change) {
        for (fact, decision) in change.told.iter().filter_map(decided) {
            let cause = hash_64(&[fact.cause_id()]);
            if case.decisions_told.contains(&cause) {
                continue;
            }
            if let Some(message) = self.sender(case).decision(&case.facts, decision, fact.cause_id(), fact.at) {
                self.send(message);
                case.decisions_told.push(cause);
            }
        }
    }

    fn sender<'s>(&'s self, case: &'s CaseRecord) -> Sender<'s> {
        Sender {
            tenant: self.tenant,
            conversation_id: self.conversation_id,
            case_id: &case.case_id,
            sample: case.inputs().iter().find_map(|input| written(input)),
        }
    }

    fn send(&mut self, message: OutboundMessage) {
        let key = format!("{}/{}", self.tenant, self.conversation_id);
        let at = message.at;
        self.ctx.emit(&OUTBOUND, key, message, at);
    }

    /// Tells what the case knows of its customers where that is new. What it knew of one who turned out to be another
    /// stays.
    fn tell_customer_file(&mut self, case_id: &str, before: Option<&Facts>, now: &Facts) {
        let unmoved = before.filter(|before| before.opened_at == now.opened_at);
        let told = unmoved.map_or(&[][..], |before| &before.customers);
        for known in now.customers.iter().filter(|known| !told.contains(known)) {
            let news = CustomerNews { case_id: case_id.to_owned(), opened_at: now.opened_at, known: known.clone() };
            self.ctx.emit(&CUSTOMER_NEWS, format!("{}/{}", self.tenant, known.id), news, now.opened_at);
        }
    }
}

/// The changes of state that the customer is told: each when it happens, after a late event only the one that stands.
/// What happens with the opening itself is told by the acknowledgement.
fn progress<'a>(facts: &Facts, change: &'a Change) -> Vec<(&'a Fact, Status)> {
    let moves = change.told.iter().filter(|fact| fact.kind == FactKind::StatusChanged);
    let moves = moves.filter(|fact| fact.cause_id() != facts.opened_by);
    let mut moves: Vec<(&Fact, Status)> =
        moves.filter_map(|fact| Some((fact, fact.to.as_deref()?.parse().ok()?))).collect();
    if !change.in_order {
        let moved = change.before.as_ref().is_none_or(|before| before.status != facts.status);
        let last = moves.pop().filter(|(_, status)| moved && *status == facts.status);
        return last.into_iter().collect();
    }
    moves
}

/// The decision that a fact tells, if it tells one.
fn decided(fact: &Fact) -> Option<(&Fact, &AfterSalesDecision)> {
    let Cause::Input(input) = &fact.cause else { return None };
    match &input.content {
        Content::Event(Event::AfterSalesDecided(decision)) if fact.kind == FactKind::AfterSales => {
            Some((fact, decision))
        }
        _ => None,
    }
}

/// What the customer wrote, if the input is that.
fn written(input: &Input) -> Option<&str> {
    match &input.content {
        Content::Event(event) if input.is_from_customer() => event.text(),
        _ => None,
    }
}
