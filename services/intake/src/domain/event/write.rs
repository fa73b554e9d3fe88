//! From the typed event back to the flat wire shape, and masking of what people wrote.

use kefu_contracts::channel_event::EventData;
use kefu_text::mask::mask;

use super::{AfterSalesDecision, AfterSalesRequest, Call, CallOutcome, Direction, Event};

impl Event {
    /// What was said or written, by whoever.
    pub fn text(&self) -> Option<&str> {
        match self {
            Event::Message { text, .. }
            | Event::InfoRequested { text, .. }
            | Event::Promised { text, .. }
            | Event::Reopened { text }
            | Event::Confirmed { text }
            | Event::Dissatisfied { text }
            | Event::CaseOpened { text, .. }
            | Event::Review { text, .. } => text.as_deref(),
            Event::Note { text } | Event::DepartmentConsulted { text, .. } | Event::DepartmentAnswered { text, .. } => {
                Some(text)
            }
            Event::Call(call) => call.summary.as_deref(),
            Event::Resolved { summary } => summary.as_deref(),
            Event::AfterSalesRequested(request) => Some(&request.reason),
            _ => None,
        }
    }

    /// Masks personal data in what people wrote.
    pub fn mask(&mut self) {
        self.each_text(mask_text);
    }

    /// Cuts what people wrote to its first `most` bytes; whether anything was longer.
    pub fn shorten(&mut self, most: usize) -> bool {
        let mut any = false;
        self.each_text(|text| any |= cut(text, most));
        any
    }

    /// Lets `change` act on everything that people wrote.
    fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        match self {
            Event::Message { text, subject, .. } => text.iter_mut().chain(subject).for_each(change),
            Event::InfoRequested { text, .. }
            | Event::Promised { text, .. }
            | Event::Reopened { text }
            | Event::Confirmed { text }
            | Event::Dissatisfied { text }
            | Event::CaseOpened { text, .. }
            | Event::Review { text, .. } => text.iter_mut().for_each(change),
            Event::Note { text } | Event::DepartmentConsulted { text, .. } | Event::DepartmentAnswered { text, .. } => {
                change(text);
            }
            Event::Call(call) => call.summary.iter_mut().for_each(change),
            Event::Resolved { summary } => summary.iter_mut().for_each(change),
            Event::Flagged { reason, .. } | Event::Unflagged { reason, .. } => reason.iter_mut().for_each(change),
            Event::AfterSalesRequested(request) => {
                change(&mut request.reason);
                request.condition.iter_mut().for_each(change);
            }
            _ => {}
        }
    }

    /// The fields as they stand on the wire.
    pub fn data(&self) -> EventData {
        let mut data = EventData::default();
        match self {
            Event::Message { text, subject, attachments } => {
                data.text.clone_from(text);
                data.subject.clone_from(subject);
                data.attachments = (!attachments.is_empty()).then(|| attachments.clone());
            }
            Event::Call(call) => write_call(call, &mut data),
            Event::Note { text } => data.text = Some(text.clone()),
            Event::Assigned { agent_id, team } => {
                data.agent_id.clone_from(agent_id);
                data.team.clone_from(team);
            }
            Event::InfoRequested { fields, text } => {
                data.fields = Some(fields.clone());
                data.text.clone_from(text);
            }
            Event::Promised { due_at, text } => {
                data.due_at = Some(*due_at);
                data.text.clone_from(text);
            }
            Event::DepartmentConsulted { department, text } | Event::DepartmentAnswered { department, text } => {
                data.department = Some(department.clone());
                data.text = Some(text.clone());
            }
            Event::Reopened { text } | Event::Confirmed { text } | Event::Dissatisfied { text } => {
                data.text.clone_from(text);
            }
            Event::Resolved { summary } => data.summary.clone_from(summary),
            Event::Closed { reason } => data.reason = reason.map(|reason| reason.as_str().to_owned()),
            Event::AfterSalesRequested(request) => write_request(request, &mut data),
            Event::AfterSalesDecided(decision) => write_decision(decision, &mut data),
            Event::AfterSalesCompleted { order_id } => data.order_id = Some(order_id.clone()),
            Event::CaseOpened { reason, order_id, text } => {
                data.reason = Some(reason.clone());
                data.order_id.clone_from(order_id);
                data.text.clone_from(text);
            }
            Event::Merged { into_case_id } => data.into_case_id = Some(into_case_id.clone()),
            Event::Review { rating, text } => {
                data.rating = Some(*rating);
                data.text.clone_from(text);
            }
            Event::Delivered { message_id, delivered } => {
                data.message_id = Some(message_id.clone());
                data.status = Some(if *delivered { "delivered" } else { "failed" }.to_owned());
            }
            Event::ChannelHeartbeat { source } => data.source = Some(source.clone()),
            Event::CategorySet { .. }
            | Event::PrioritySet { .. }
            | Event::IdentityVerified { .. }
            | Event::Flagged { .. }
            | Event::Unflagged { .. } => write_label(self, &mut data),
        }
        data
    }
}

/// What people write on a case.
fn write_label(event: &Event, data: &mut EventData) {
    match event {
        Event::CategorySet { category, subtype, severity } => {
            data.category = Some(category.as_str().to_owned());
            data.subtype = subtype.map(|subtype| subtype.as_str().to_owned());
            data.severity = severity.map(|severity| severity.as_str().to_owned());
        }
        Event::PrioritySet { priority } => data.priority = Some(priority.as_str().to_owned()),
        Event::IdentityVerified { method } => data.method = Some(method.clone()),
        Event::Flagged { flag, reason } | Event::Unflagged { flag, reason } => {
            data.flag = Some(flag.as_str().to_owned());
            data.reason.clone_from(reason);
        }
        _ => {}
    }
}

fn write_call(call: &Call, data: &mut EventData) {
    let direction = match call.direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    };
    let outcome = match call.outcome {
        CallOutcome::Answered => "answered",
        CallOutcome::Abandoned => "abandoned",
        CallOutcome::Voicemail => "voicemail",
    };
    data.direction = Some(direction.to_owned());
    data.outcome = Some(outcome.to_owned());
    data.wait_ms = Some(call.wait_ms);
    data.talk_ms = Some(call.talk_ms);
    data.recording.clone_from(&call.recording);
    data.summary.clone_from(&call.summary);
    data.agent_id.clone_from(&call.agent_id);
}

fn write_request(request: &AfterSalesRequest, data: &mut EventData) {
    data.kind = Some(request.kind.as_str().to_owned());
    data.order_id = Some(request.order_id.clone());
    data.items.clone_from(&request.items);
    data.reason = Some(request.reason.clone());
    data.condition.clone_from(&request.condition);
}

fn write_decision(decision: &AfterSalesDecision, data: &mut EventData) {
    data.order_id = Some(decision.order_id.clone());
    data.kind = Some(decision.kind.as_str().to_owned());
    data.eligible = Some(decision.eligible);
    data.reasons = Some(decision.reasons.clone());
    data.steps = Some(decision.steps.clone());
    data.policy_version = Some(decision.policy_version);
}

fn mask_text(text: &mut String) {
    if let std::borrow::Cow::Owned(masked) = mask(text) {
        *text = masked;
    }
}

/// Stands where a text was cut.
const CUT: &str = "…";

/// Cuts `text` to `most` bytes, the mark of the cut among them; whether it was longer.
pub(in crate::domain) fn cut(text: &mut String, most: usize) -> bool {
    let longer = text.len() > most;
    if longer {
        text.truncate(text.floor_char_boundary(most.saturating_sub(CUT.len())));
        text.push_str(CUT);
        text.shrink_to_fit();
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, most, wanted) in
            [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc…"), ("衣服破了", 11, "衣服…"), ("衣服破了", 12, "衣服破了")]
        {
            let mut event = Event::Note { text: text.to_owned() };
            assert_eq!(event.shorten(most), text != wanted, "{text}");
            assert_eq!(event.text(), Some(wanted));
        }
    }
}
