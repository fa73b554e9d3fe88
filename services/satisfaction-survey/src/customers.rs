//! Decides about which ends of service a customer is asked, plans the visits of important customers, and sends care.
//!
//! Keyed by customer. A candidate waits for its own instant: by then every earlier end of service of the customer has
//! come in, in whatever conversation and order it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::partition::{conversation_of, split_key};
use kefu_contracts::topic::{OUTBOUND, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, input};
use serde::{Deserialize, Serialize};

use crate::domain::care::{self, Care, Contacts};
use crate::domain::important_visits::ImportantVisits;
use crate::domain::news::{CustomerNews, Decision, SurveyNews, Version};
use crate::domain::quiet::Invitations;
use crate::domain::resolution::{Candidate, Suppression};
use crate::topics::{CANDIDATES, FOLLOW_UP_CAUSES, INVITATIONS};
use crate::waking;

/// More surveys or deliveries of one customer than this, all waiting for their instant, are refused.
const MOST_PENDING: usize = 1_024;

input! {
    /// What the processor reads.
    pub enum CustomersInput {
        /// What a case says of its customer.
        News(CustomerNews) from CANDIDATES,
    }
}

/// What is remembered of a customer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CustomerState {
    /// Candidates that wait for their instant, by survey.
    pending: BTreeMap<String, (Version, Candidate)>,
    invitations: Invitations,
    visits: ImportantVisits,
    contacts: Contacts,
    /// Messages of care that wait for their instant, by order.
    care: BTreeMap<String, Care>,
}

impl StateRecord for CustomerState {
    const VERSION: u8 = 1;
}

/// Decides whom to ask, and whom to visit from time to time.
#[derive(Clone, Copy, Debug)]
pub struct Customers;

impl Processor for Customers {
    const NAME: &'static str = "customers";
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[INVITATIONS.info, FOLLOW_UP_CAUSES.info, OUTBOUND.info];
    type State = CustomerState;
    type Input = CustomersInput;

    fn on_record(
        &self,
        state: &mut Option<CustomerState>,
        input: CustomersInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let CustomersInput::News(news) = input;
        let mut customer = state.take().unwrap_or_default();
        match Arc::unwrap_or_clone(news) {
            CustomerNews::Candidate(version, candidate) => customer.consider(version, *candidate)?,
            CustomerNews::Gone { version, candidate, moved } => {
                customer.pending.remove(&candidate.survey_id);
                if !moved {
                    tell(version, *candidate, Decision::Withdraw, ctx);
                }
            }
            CustomerNews::Standing(standing) => {
                customer.visits.learn(standing);
                customer.plan_visit(ctx);
            }
            CustomerNews::Contact(case_id, contact) => customer.contacts.learn(&case_id, contact),
            CustomerNews::Care(care) => customer.await_care(care)?,
        }
        *state = customer.unless_empty();
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CustomerState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(mut customer) = state.take() else { return Ok(()) };
        let now = ctx.now();
        customer.decide(ctx);
        customer.invitations.tidy(now, quiet_ms(ctx, now));
        customer.visits.tidy(now);
        customer.visits.pass(now);
        customer.plan_visit(ctx);
        customer.send_care(ctx);
        customer.contacts.tidy(now);
        *state = customer.unless_empty();
        Ok(())
    }

    fn due(&self, state: &CustomerState) -> Option<Due> {
        let decision = state.pending.values().map(|(_, candidate)| candidate.at).min();
        let others = [
            state.visits.planned_at(),
            state.visits.tidy_at(),
            state.invitations.tidy_at(),
            state.contacts.tidy_at(),
            state.care.values().filter_map(|care| care.due_at).min(),
        ];
        waking::next(decision, others.into_iter().flatten().min())
    }
}

impl CustomerState {
    fn consider(&mut self, version: Version, candidate: Candidate) -> Result<(), Reject> {
        let id = &candidate.survey_id;
        if self.pending.get(id).is_some_and(|(known, _)| *known > version) {
            return Ok(());
        }
        if self.pending.len() >= MOST_PENDING && !self.pending.contains_key(id) {
            let detail = "too many ends of service of one customer wait for their instant; send it again later";
            return Err(Reject::new(Code::TooLarge, detail));
        }
        self.pending.insert(id.clone(), (version, candidate));
        Ok(())
    }

    /// Decides about the candidates whose instant has come, in the order of their ends of service.
    fn decide(&mut self, ctx: &mut Context<'_>) {
        let (ripe, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.pending).into_iter().partition(|(_, (_, candidate))| candidate.at <= ctx.now());
        self.pending = waiting;
        let mut ripe: Vec<(Version, Candidate)> = ripe.into_values().collect();
        let order = |candidate: &Candidate| (candidate.at, candidate.case_id.clone(), candidate.resolution_no);
        ripe.sort_by_cached_key(|(_, candidate)| order(candidate));
        for (version, candidate) in ripe {
            let decision = match candidate.ruled_out {
                Some(reason) => Decision::Suppress(reason),
                None => {
                    let quiet_ms = quiet_ms(ctx, candidate.at);
                    let invited = self.invitations.decide(&candidate.survey_id, candidate.at, quiet_ms);
                    if invited { Decision::Invite } else { Decision::Suppress(Suppression::Quiet) }
                }
            };
            tell(version, candidate, decision, ctx);
        }
    }

    fn plan_visit(&mut self, ctx: &mut Context<'_>) {
        let (tenant, customer_id) = split_key(ctx.key());
        let policies = ctx.policies().history(tenant);
        let every_ms = |at: Timestamp| policies.in_force(at.ms()).follow_up.important_every_ms;
        if let Some(cause) = self.visits.plan(tenant, customer_id, ctx.now(), every_ms) {
            let at = cause.at();
            ctx.emit(&FOLLOW_UP_CAUSES, format!("{tenant}/{}", cause.follow_up_id), cause, at);
        }
    }

    fn await_care(&mut self, care: Care) -> Result<(), Reject> {
        if care.due_at.is_none() {
            self.care.remove(&care.order_id);
            return Ok(());
        }
        if self.care.len() >= MOST_PENDING && !self.care.contains_key(&care.order_id) {
            let detail = "too many deliveries of one customer wait for a message of care; give each customer an id";
            return Err(Reject::new(Code::TooLarge, detail));
        }
        self.care.insert(care.order_id.clone(), care);
        Ok(())
    }

    /// Writes to the customer about the orders whose instant has come, if there is a way to.
    fn send_care(&mut self, ctx: &mut Context<'_>) {
        let (tenant, now) = (ctx.tenant(), ctx.now());
        let (ripe, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.care).into_iter().partition(|(_, care)| care.due_at.is_some_and(|at| at <= now));
        self.care = waiting;
        for care in ripe.into_values() {
            let at = care.due_at.unwrap_or(now);
            let policy = ctx.policies().in_force(tenant, at.ms());
            let contact = self.contacts.latest(at).filter(|contact| contact.takes_care());
            // a channel that may only be used for a time after the customer wrote is closed days after a delivery
            let Some(contact) = contact.filter(|contact| policy.survey.channel_window_ms(contact.channel).is_none())
            else {
                continue;
            };
            let (message, cause) = care::message(tenant, &care, contact, at);
            ctx.emit(&OUTBOUND, format!("{tenant}/{}", conversation_of(&contact.case_id)), message, at);
            ctx.emit(&FOLLOW_UP_CAUSES, format!("{tenant}/{}", cause.follow_up_id), cause, at);
        }
    }

    fn unless_empty(self) -> Option<Self> {
        let nothing_waits = self.pending.is_empty() && self.care.is_empty();
        let nothing_known = self.invitations.is_empty() && self.visits.is_empty() && self.contacts.is_empty();
        (!(nothing_waits && nothing_known)).then_some(self)
    }
}

fn quiet_ms(ctx: &Context<'_>, at: Timestamp) -> i64 {
    ctx.policies().in_force(ctx.tenant(), at.ms()).survey.quiet_ms
}

fn tell(version: Version, candidate: Candidate, decision: Decision, ctx: &mut Context<'_>) {
    let key = format!("{}/{}", ctx.tenant(), candidate.survey_id);
    let at = candidate.at;
    ctx.emit(&INVITATIONS, key, SurveyNews { version, candidate: Box::new(candidate), decision }, at);
}
