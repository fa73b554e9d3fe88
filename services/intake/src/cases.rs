//! Conversations become cases.
//!
//! Keyed by conversation. Owns the path of an input: checked, deduplicated, divided between cases, added to its case,
//! and what changed published. Merging has its own part (`merging`), and so has publishing (`publish`).

mod merging;
mod publish;

use std::sync::Arc;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::classification::Classification;
use kefu_contracts::partition::{conversation_of, split_key};
use kefu_contracts::topic::{CASE_EVENTS, CASES, CHANNEL_EVENTS, CLASSIFICATIONS, OUTBOUND, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::PolicyHistory;
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass};

use crate::domain::admission::admit;
use crate::domain::budget::{fit, has_room};
use crate::domain::case_record::CaseRecord;
use crate::domain::conversation::{Conversation, MAX_WAITING, Waiting};
use crate::domain::division::{Place, place};
use crate::domain::event::Event;
use crate::domain::input::{Content, Input};
use crate::domain::merge::MergeMessage;
use crate::domain::notices::acknowledgement_id;
use crate::domain::seen::REMEMBERED_MS;
use crate::domain::step::{Acknowledgement, Rules};
use crate::topics::{CUSTOMER_NEWS, MERGES};

kefu_processor::input! {
    /// What the conversations' processor reads.
    pub enum CasesInput {
        /// An event of a conversation.
        Event(ChannelEvent) from CHANNEL_EVENTS,
        /// A verdict of the classifier.
        Classified(Classification) from CLASSIFICATIONS,
        /// Something another conversation says about merged cases.
        Merge(MergeMessage) from MERGES,
    }
}

impl StateRecord for Conversation {
    const VERSION: u8 = 1;
}

/// The processor that turns conversations into cases.
#[derive(Clone, Copy, Debug)]
pub struct Cases;

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const HEEDS_POLICIES: bool = true;
    const OUTPUTS: &'static [TopicInfo] =
        &[CASES.info, CASE_EVENTS.info, OUTBOUND.info, MERGES.info, CUSTOMER_NEWS.info];
    type State = Conversation;
    type Input = CasesInput;

    fn key<'k>(&self, record_key: &'k str, input: &CasesInput) -> &'k str {
        match input {
            CasesInput::Classified(_) => conversation_of(record_key),
            CasesInput::Event(_) | CasesInput::Merge(_) => record_key,
        }
    }

    fn on_record(
        &self,
        state: &mut Option<Conversation>,
        input: CasesInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let mut desk = Desk::new(ctx);
        match input {
            CasesInput::Event(event) => desk.event(state, Arc::unwrap_or_clone(event)),
            CasesInput::Classified(classification) => desk.classified(state, Arc::unwrap_or_clone(classification)),
            CasesInput::Merge(message) => desk.merge_message(state, Arc::unwrap_or_clone(message)),
        }
    }

    fn on_timer(&self, state: &mut Option<Conversation>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(conversation) = state else { return Ok(()) };
        let now = ctx.now();
        if !Desk::new(ctx).close_due(conversation, now)
            && conversation.forget_at.is_some_and(|at| at <= now)
            && !conversation.forget()
        {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &Conversation) -> Option<Due> {
        let closes = state.cases.iter().filter_map(|case| case.facts.auto_close_at);
        let closes = closes.map(|at| Due::once(at, TimerClass::AutoClose));
        closes.chain(state.forget_at.map(Due::tidy)).min()
    }

    fn on_policies(&self, state: &mut Option<Conversation>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let desk = Desk::new(ctx);
        for case in state.iter_mut().flat_map(|conversation| &mut conversation.cases) {
            case.reschedule(desk.policies);
        }
        Ok(())
    }
}

/// The processor at work on one conversation.
struct Desk<'d, 'c> {
    ctx: &'d mut Context<'c>,
    tenant: &'c str,
    conversation_id: &'c str,
    policies: &'c PolicyHistory,
}

impl<'d, 'c> Desk<'d, 'c> {
    fn new(ctx: &'d mut Context<'c>) -> Self {
        let (tenant, conversation_id) = split_key(ctx.key());
        let policies = ctx.policies().history(tenant);
        Self { ctx, tenant, conversation_id, policies }
    }

    fn event(&mut self, state: &mut Option<Conversation>, event: ChannelEvent) -> Result<(), Reject> {
        let clock = self.ctx.clock();
        let input = admit(event, self.ctx.key(), clock.live.then_some(clock.now))?;
        if matches!(input.content, Content::Event(Event::ChannelHeartbeat { .. })) {
            return Ok(());
        }
        let conversation = state.get_or_insert_default();
        if !conversation.seen.is_new(&input.id, clock.came_in(input.at)) {
            self.ctx.duplicate();
            return Ok(());
        }
        self.take(conversation, Arc::new(input))?;
        self.settle(conversation)
    }

    fn classified(&mut self, state: &mut Option<Conversation>, classification: Classification) -> Result<(), Reject> {
        let refusal = || Reject::new(Code::NoCase, "the verdict is on a case that is not known; classify it again");
        let conversation = state.as_mut().ok_or_else(refusal)?;
        let Some(index) = conversation.position(&classification.case_id) else {
            // a verdict on a case that was put away changes nothing any more
            return conversation.remainder.map(|_| ()).ok_or_else(refusal);
        };
        let Some(case) = conversation.cases.get(index) else { return Ok(()) };
        let input = Input::of_classification(classification, case.facts.channel);
        if case.inputs().iter().rev().any(|known| known.id == input.id && known.at == input.at) {
            self.ctx.duplicate();
            return Ok(());
        }
        self.add(conversation, index, Arc::new(input));
        self.settle(conversation)
    }

    /// Gives an input that was not seen before to whom it concerns.
    fn take(&mut self, conversation: &mut Conversation, input: Arc<Input>) -> Result<(), Reject> {
        let merging = conversation.merging().and_then(|case| case.merging.as_ref());
        if merging.is_some_and(|merging| merging.input.at <= input.at) {
            return hold(conversation, input);
        }
        match conversation.forwarding.as_ref().filter(|forwarding| forwarding.since <= input.at) {
            Some(forwarding) => self.forward(&forwarding.case_id, &input),
            None => self.divide(conversation, input),
        }
    }

    /// Gives an input to the case it belongs to.
    fn divide(&mut self, conversation: &mut Conversation, input: Arc<Input>) -> Result<(), Reject> {
        let reopen_ms = self.policies.in_force(input.at.ms()).reopen_window_ms;
        let is_merge = matches!(input.content, Content::Event(Event::Merged { .. }));
        match place(&conversation.cases, &input, reopen_ms, self.policies) {
            Place::Joins(index) if is_merge => self.ask_merge(conversation, index, input),
            Place::Joins(index) => {
                self.join(conversation, index, input);
                self.take_up(conversation)
            }
            Place::Refused(_) if is_merge => Err(closed()),
            Place::Refused(index) => {
                self.join(conversation, index, input);
                let Reject { code, detail } = closed();
                self.ctx.dead_letter(code, detail);
                Ok(())
            }
            Place::Opens => {
                self.open(conversation, input);
                self.take_up(conversation)
            }
            Place::NoCase => self.without_case(conversation, input),
        }
    }

    /// No case has begun yet, or all have been put away.
    fn without_case(&mut self, conversation: &mut Conversation, input: Arc<Input>) -> Result<(), Reject> {
        if conversation.cases.is_empty() && conversation.remainder.is_some() {
            if matches!(input.content, Content::Event(Event::Dissatisfied { .. })) {
                self.open(conversation, input);
                return Ok(());
            }
            return Err(closed());
        }
        self.ctx.dead_letter(
            Code::NoCase,
            "no case has begun at that time; it is taken up if an event that opens one comes within 72 h",
        );
        let aside = conversation.waiting.iter().map(|waiting| &*waiting.input);
        if conversation.waiting.len() < MAX_WAITING && has_room(aside, &input) {
            let until = self.ctx.clock().came_in(input.at).plus_ms(REMEMBERED_MS);
            conversation.waiting.push(Waiting { input, until });
        }
        Ok(())
    }

    /// Takes up what waited for a case that has now begun.
    fn take_up(&mut self, conversation: &mut Conversation) -> Result<(), Reject> {
        let Some(began_at) = conversation.cases.iter().map(|case| case.began_at).min() else { return Ok(()) };
        let mut ready: Vec<Arc<Input>> = Vec::new();
        conversation.waiting.retain(|waiting| {
            let stays = waiting.input.at < began_at;
            if !stays {
                ready.push(waiting.input.clone());
            }
            stays
        });
        ready.sort_by(|one, other| one.order(other));
        ready.into_iter().try_for_each(|input| self.divide(conversation, input))
    }

    fn open(&mut self, conversation: &mut Conversation, input: Arc<Input>) {
        conversation.last_ordinal += 1;
        conversation.remainder = None;
        let case_id = format!("{}#{}", self.conversation_id, conversation.last_ordinal);
        let answer = input.answer();
        let (acknowledgement_id, acknowledgement) = self.acknowledgement(&case_id, None);
        let rules = Rules { policies: self.policies, acknowledgement_id: &acknowledgement_id, acknowledgement };
        let (mut case, change) = CaseRecord::open(case_id, input, &rules);
        self.publish(&mut case, &change);
        conversation.cases.push(case);
        if let Some(answer) = answer {
            self.add(conversation, conversation.cases.len() - 1, Arc::new(answer));
        }
    }

    fn join(&mut self, conversation: &mut Conversation, index: usize, input: Arc<Input>) {
        let answer = input.answer();
        self.add(conversation, index, input);
        if let Some(answer) = answer {
            self.add(conversation, index, Arc::new(answer));
        }
    }

    fn add(&mut self, conversation: &mut Conversation, index: usize, input: Arc<Input>) {
        let Some(case) = conversation.cases.get_mut(index) else { return };
        let (acknowledgement_id, acknowledgement) = self.acknowledgement(&case.case_id, case.acknowledgement);
        let rules = Rules { policies: self.policies, acknowledgement_id: &acknowledgement_id, acknowledgement };
        let change = case.add(input, &rules);
        self.publish(case, &change);
    }

    /// The id of a case's acknowledgement, and when it went out or would go out now.
    fn acknowledgement(&self, case_id: &str, sent: Option<Acknowledgement>) -> (String, Option<Acknowledgement>) {
        let clock = self.ctx.clock();
        let now = if clock.live { Acknowledgement::At(clock.now) } else { Acknowledgement::AtOpening };
        (acknowledgement_id(self.tenant, case_id), Some(sent.unwrap_or(now)))
    }

    /// Closes the cases that close by themselves at `now`; whether there was one.
    fn close_due(&mut self, conversation: &mut Conversation, now: Timestamp) -> bool {
        let mut any = false;
        for case in &mut conversation.cases {
            let planned = case.facts.auto_close_at;
            case.reschedule(self.policies);
            any |= planned != case.facts.auto_close_at;
            if let Some(change) = case.close_if_due(now) {
                any = true;
                self.publish(case, &change);
            }
        }
        if any {
            self.plan(conversation);
        }
        any
    }

    /// Plans what comes next, and makes what is kept fit its budget.
    fn settle(&self, conversation: &mut Conversation) -> Result<(), Reject> {
        self.plan(conversation);
        fit(conversation, |case| {
            let (acknowledgement_id, acknowledgement) = self.acknowledgement(&case.case_id, case.acknowledgement);
            let rules = Rules { policies: self.policies, acknowledgement_id: &acknowledgement_id, acknowledgement };
            case.fold_older_half(&rules);
        })
    }

    fn plan(&self, conversation: &mut Conversation) {
        let now = self.ctx.now();
        conversation.plan(now, self.policies.in_force(now.ms()).reopen_window_ms);
    }
}

/// Lets an input wait for the answer to a merge.
fn hold(conversation: &mut Conversation, input: Arc<Input>) -> Result<(), Reject> {
    if !has_room(conversation.held.iter().map(|held| &**held), &input) {
        let detail = "the case waits for the answer to a merge, and too much waits with it; send the event again";
        return Err(Reject::new(Code::TooLarge, detail));
    }
    conversation.held.push(input);
    Ok(())
}

fn closed() -> Reject {
    Reject::new(Code::CaseClosed, "the case is closed; reopen it, or send a message to begin the next")
}
