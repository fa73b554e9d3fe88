//! An end of service: what a survey may be about.

use kefu_contracts::id::hash_id;
use kefu_contracts::{Category, Channel, CloseReason, Language, Subtype, Timestamp};
use serde::{Deserialize, Serialize};

use super::party::Party;

/// A change of a case from being worked on to being resolved or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Which end of service of the case, from 1.
    pub no: i64,
    /// When.
    pub at: Timestamp,
    /// Whether nobody did it: a bot, another part of the system, or time.
    pub automatic: bool,
    /// Why the case was closed, if it was and somebody said so.
    pub reason: Option<CloseReason>,
    /// Whether a person or a bot had replied by then.
    pub replied: bool,
    /// Whether the case had gone into another.
    pub merged: bool,
    /// The category by then.
    pub category: Option<Category>,
    /// The subtype by then.
    pub subtype: Option<Subtype>,
    /// The customer's language by then.
    pub language: Option<Language>,
    /// The customer's latest message by then.
    pub last_message_at: Option<Timestamp>,
    /// The customer, if known by then.
    pub party: Option<Party>,
    /// Who was responsible.
    pub assignee: Option<String>,
    /// The team that was responsible.
    pub team: Option<String>,
    /// When the case was taken up again.
    pub reopened_at: Option<Timestamp>,
}

/// Why a customer is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suppression {
    /// Nobody wants an opinion on spam.
    Spam,
    /// Nothing was asked of the shop.
    Other,
    /// The same matter goes on in another case.
    Duplicate,
    /// The case goes on in another.
    Merged,
    /// The case ended by itself, and nobody had replied.
    NoReply,
    /// It is not known who the customer is.
    NoCustomer,
    /// The channel may no longer be used.
    ChannelWindow,
    /// The customer was asked a short time ago.
    Quiet,
}

impl Suppression {
    /// The word for it in a survey's `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Suppression::Spam => "spam",
            Suppression::Other => "other",
            Suppression::Duplicate => "duplicate",
            Suppression::Merged => "merged",
            Suppression::NoReply => "no_reply",
            Suppression::NoCustomer => "no_customer",
            Suppression::ChannelWindow => "channel_window",
            Suppression::Quiet => "quiet",
        }
    }
}

/// Whom a survey goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The customer's id.
    pub customer_id: String,
    /// Where the customer is reached outside the conversation.
    pub address: Option<String>,
}

/// A survey that may be sent, as the case sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The survey.
    pub survey_id: String,
    /// The case.
    pub case_id: String,
    /// Which end of its service.
    pub resolution_no: i64,
    /// When service ended: the instant at which it is decided whether the customer is asked.
    pub at: Timestamp,
    /// Why the case itself rules a survey out.
    pub ruled_out: Option<Suppression>,
    /// When the case was taken up again, if that is while the survey could be answered.
    pub reopened_at: Option<Timestamp>,
    /// The case's channel.
    pub channel: Channel,
    /// The language to ask in.
    pub language: Language,
    /// Until when the channel may be used, if that is limited.
    pub window_until: Option<Timestamp>,
    /// Whom it goes to.
    pub addressee: Option<Addressee>,
    /// The team whose service it is about.
    pub team: Option<String>,
}

/// The id of the survey about an end of service.
pub fn survey_id(tenant: &str, case_id: &str, resolution_no: i64) -> String {
    hash_id(&["survey", tenant, case_id, &resolution_no.to_string()])
}
