//! The metrics: what is counted and what is measured.
//!
//! Owns their published names and the version of their definitions. When each of them counts is the matter of
//! `case_figures`, `survey_figures` and `handover_figures`.

use std::borrow::Cow;

use kefu_contracts::Metric;
use serde::{Deserialize, Serialize};

/// Version of the metrics' definitions; raised when one of them comes to mean something else.
pub const DEFINITIONS: i64 = 1;

/// Something that is counted or added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Count {
    /// A case began.
    CasesOpened,
    /// A case was resolved.
    CasesResolved,
    /// A case was closed.
    CasesClosed,
    /// A case went from resolved or closed back to open.
    CasesReopened,
    /// The customer wrote or called.
    MessagesIn,
    /// A person or a bot replied.
    MessagesOut,
    /// A clock stopped in time.
    SlaMet(Metric),
    /// A clock's target was used up.
    SlaBreached(Metric),
    /// A case was closed after one reply by a person and no reopening.
    FirstContactResolved,
    /// The same, seven days after closing.
    FirstContactFinal,
    /// A case was closed as solved without a reply by a person.
    AutoAnswered,
    /// A complaint began.
    Complaints,
    /// An inbound call was offered.
    CallsOffered,
    /// An inbound call was answered.
    CallsAnswered,
    /// The caller hung up before an answer.
    CallsAbandoned,
    /// The caller hung up so soon that nobody could have answered.
    CallsAbandonedShort,
    /// A call was answered within the policy's service level.
    AnsweredInTarget,
    /// A customer was asked how satisfied they are.
    SurveysSent,
    /// A customer answered.
    CsatResponses,
    /// A customer answered 4 or 5 of 5.
    CsatPositive,
    /// The answers, added up.
    CsatSum,
    /// A shift ended that has to be handed over.
    HandoversDue,
    /// A handover was signed in time.
    HandoversOnTime,
    /// A handover was not signed in time.
    HandoversLate,
    /// A handover was not signed at all.
    HandoversSkipped,
    /// Something came for a row that was final.
    Late,
    /// Cases that became open or pending, less those that ceased to be; moves the backlog and is never published.
    BacklogChange,
}

impl Count {
    /// The published name; none for what only moves between processors.
    pub fn name(self) -> Option<Cow<'static, str>> {
        let name = match self {
            Count::CasesOpened => "cases_opened",
            Count::CasesResolved => "cases_resolved",
            Count::CasesClosed => "cases_closed",
            Count::CasesReopened => "cases_reopened",
            Count::MessagesIn => "messages_in",
            Count::MessagesOut => "messages_out",
            Count::SlaMet(clock) => return Some(Cow::Owned(format!("sla_met.{clock}"))),
            Count::SlaBreached(clock) => return Some(Cow::Owned(format!("sla_breached.{clock}"))),
            Count::FirstContactResolved => "first_contact_resolved",
            Count::FirstContactFinal => "first_contact_final",
            Count::AutoAnswered => "auto_answered",
            Count::Complaints => "complaints",
            Count::CallsOffered => "calls_offered",
            Count::CallsAnswered => "calls_answered",
            Count::CallsAbandoned => "calls_abandoned",
            Count::CallsAbandonedShort => "calls_abandoned_short",
            Count::AnsweredInTarget => "answered_in_target",
            Count::SurveysSent => "surveys_sent",
            Count::CsatResponses => "csat_responses",
            Count::CsatPositive => "csat_positive",
            Count::CsatSum => "csat_sum",
            Count::HandoversDue => "handovers_due",
            Count::HandoversOnTime => "handovers_on_time",
            Count::HandoversLate => "handovers_late",
            Count::HandoversSkipped => "handovers_skipped",
            Count::Late => "late",
            Count::BacklogChange => return None,
        };
        Some(Cow::Borrowed(name))
    }
}

/// A duration that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timing {
    /// Until receipt was acknowledged, wall time.
    Acknowledge,
    /// Until receipt was acknowledged, in the clock's calendar.
    AcknowledgeBusiness,
    /// Until a person first replied, wall time.
    FirstReply,
    /// Until a person first replied, in the clock's calendar.
    FirstReplyBusiness,
    /// From the oldest unanswered message to the next reply, wall time.
    NextReply,
    /// From the oldest unanswered message to the next reply, in the clock's calendar.
    NextReplyBusiness,
    /// From opening to the last resolution, wall time.
    Resolution,
    /// From opening to the last resolution, in the clock's calendar and outside its pauses.
    ResolutionBusiness,
}

impl Timing {
    /// The published name; the unit is milliseconds.
    pub const fn name(self) -> &'static str {
        match self {
            Timing::Acknowledge => "acknowledge_ms",
            Timing::AcknowledgeBusiness => "acknowledge_business_ms",
            Timing::FirstReply => "first_reply_ms",
            Timing::FirstReplyBusiness => "first_reply_business_ms",
            Timing::NextReply => "next_reply_ms",
            Timing::NextReplyBusiness => "next_reply_business_ms",
            Timing::Resolution => "resolution_ms",
            Timing::ResolutionBusiness => "resolution_business_ms",
        }
    }
}
