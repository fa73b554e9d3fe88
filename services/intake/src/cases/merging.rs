//! Both sides of a merge, and the forwarding that follows it.

use std::sync::Arc;

use kefu_contracts::{Code, Reject};

use super::{Desk, hold};
use crate::domain::case_record::{Merging, Standing};
use crate::domain::conversation::Conversation;
use crate::domain::event::Event;
use crate::domain::input::{Content, Input};
use crate::domain::merge::{Forwarding, MergeMessage, conversation_of};
use crate::topics::MERGES;

impl Desk<'_, '_> {
    /// Asks the target whether it takes the case in.
    pub(super) fn ask_merge(
        &mut self,
        conversation: &mut Conversation,
        index: usize,
        input: Arc<Input>,
    ) -> Result<(), Reject> {
        let Content::Event(Event::Merged { into_case_id }) = &input.content else { return Ok(()) };
        let Some(case) = conversation.cases.get_mut(index) else { return Ok(()) };
        if into_case_id == &*case.case_id {
            return Err(refused("a case cannot go into itself"));
        }
        if case.facts.merged_into.is_some() || case.merging.is_some() {
            return Err(refused("the case has gone into another, or is about to"));
        }
        let message = MergeMessage::Asked {
            source_case_id: case.case_id.to_string(),
            target_case_id: into_case_id.clone(),
            input: Box::new((*input).clone()),
        };
        self.say(conversation_of(into_case_id), &message, &input);
        case.merging = Some(Merging { into_case_id: into_case_id.clone(), input: input.clone() });
        Ok(())
    }

    /// Sends an input on to the case that took in the one it was meant for.
    pub(super) fn forward(&mut self, target_case_id: &str, input: &Arc<Input>) -> Result<(), Reject> {
        if matches!(input.content, Content::Event(Event::Merged { .. })) {
            return Err(refused("the case has gone into another already"));
        }
        let message = MergeMessage::Forwarded {
            origin: input.origin.clone().unwrap_or_else(|| self.conversation_id.to_owned()),
            target_case_id: target_case_id.to_owned(),
            input: Box::new((**input).clone()),
        };
        self.say(conversation_of(target_case_id), &message, input);
        Ok(())
    }

    pub(super) fn merge_message(
        &mut self,
        state: &mut Option<Conversation>,
        message: MergeMessage,
    ) -> Result<(), Reject> {
        match message {
            MergeMessage::Asked { source_case_id, target_case_id, input } => {
                self.answer_merge(state.as_ref(), source_case_id, &target_case_id, &input);
                Ok(())
            }
            MergeMessage::Accepted { source_case_id } => self.accepted(state, &source_case_id),
            MergeMessage::Refused { source_case_id, reason } => self.refused(state, &source_case_id, &reason),
            MergeMessage::Forwarded { origin, target_case_id, input } => {
                self.forwarded(state, origin, &target_case_id, *input)
            }
            MergeMessage::Returned { input } => {
                let conversation = state.get_or_insert_default();
                conversation.forwarding = None;
                self.divide(conversation, Arc::new(*input))?;
                self.settle(conversation)
            }
        }
    }

    fn answer_merge(&mut self, state: Option<&Conversation>, source: String, target: &str, input: &Input) {
        let case = state.and_then(|conversation| conversation.cases.get(conversation.position(target)?));
        let standing = case.map(|case| (case.standing_at(input, self.policies), case.merging.is_some()));
        let reason = match standing {
            None => Some("there is no such case"),
            Some((_, true)) => Some("the target is about to go into another case"),
            Some((Standing { merged: true, .. }, _)) => Some("the target has gone into another case"),
            Some((Standing { closed_at: Some(_), .. }, _)) => Some("the target is closed"),
            Some((Standing { closed_at: None, merged: false }, false)) => None,
        };
        let answer = match reason {
            None => MergeMessage::Accepted { source_case_id: source.clone() },
            Some(reason) => MergeMessage::Refused { source_case_id: source.clone(), reason: reason.to_owned() },
        };
        self.say(conversation_of(&source), &answer, input);
    }

    fn accepted(&mut self, state: &mut Option<Conversation>, source: &str) -> Result<(), Reject> {
        let Some((conversation, index, merging)) = take_merging(state, source) else { return Ok(()) };
        conversation.forwarding = Some(Forwarding { case_id: merging.into_case_id, since: merging.input.at });
        self.add(conversation, index, merging.input);
        self.release(conversation);
        Ok(())
    }

    fn refused(&mut self, state: &mut Option<Conversation>, source: &str, reason: &str) -> Result<(), Reject> {
        let Some((conversation, _, _)) = take_merging(state, source) else { return Ok(()) };
        let Reject { code, detail } = refused(reason);
        self.ctx.dead_letter(code, detail);
        self.release(conversation);
        Ok(())
    }

    /// Takes what came in while the answer was awaited.
    fn release(&mut self, conversation: &mut Conversation) {
        // no refusal must undo the answer
        for input in std::mem::take(&mut conversation.held) {
            if let Err(Reject { code, detail }) = self.take(conversation, input) {
                self.ctx.dead_letter(code, detail);
            }
        }
        if let Err(Reject { code, detail }) = self.settle(conversation) {
            self.ctx.dead_letter(code, detail);
        }
    }

    fn forwarded(
        &mut self,
        state: &mut Option<Conversation>,
        origin: String,
        target: &str,
        input: Input,
    ) -> Result<(), Reject> {
        let found = state.as_mut().and_then(|conversation| {
            let index = conversation.position(target)?;
            Some((conversation, index))
        });
        let at_home = Input { origin: Some(origin.clone()), ..input };
        if let Some((conversation, index)) = found
            && let Some(case) = conversation.cases.get(index)
        {
            if case.merging.as_ref().is_some_and(|merging| merging.input.at <= at_home.at) {
                return hold(conversation, Arc::new(at_home));
            }
            let standing = case.standing_at(&at_home, self.policies);
            if let (true, Some(next)) = (standing.merged, case.facts.merged_into.clone()) {
                return self.forward(&next, &Arc::new(at_home));
            }
            if standing.closed_at.is_none() {
                self.join(conversation, index, Arc::new(at_home));
                return self.settle(conversation);
            }
        }
        let returned = Input { origin: None, ..at_home };
        let message = MergeMessage::Returned { input: Box::new(returned.clone()) };
        self.say(&origin, &message, &returned);
        Ok(())
    }

    fn say(&mut self, conversation_id: &str, message: &MergeMessage, about: &Input) {
        self.ctx.emit(&MERGES, format!("{}/{conversation_id}", self.tenant), message.clone(), about.at);
    }
}

fn take_merging<'s>(
    state: &'s mut Option<Conversation>,
    source: &str,
) -> Option<(&'s mut Conversation, usize, Merging)> {
    let conversation = state.as_mut()?;
    let index = conversation.position(source)?;
    let merging = conversation.cases.get_mut(index)?.merging.take()?;
    Some((conversation, index, merging))
}

fn refused(reason: &str) -> Reject {
    Reject::new(Code::MergeRefused, format!("{reason}; the case stays as it was"))
}
