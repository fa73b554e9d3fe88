//! A fact about a case, and how it is written.
//!
//! Owns the ids of facts: hashes of what a fact says, so that the same fact has the same id however often the case is
//! computed again, and another fact another. What was known beside it when it became true is not in the id: if that
//! turns out to be another, the fact is told again under its id, and takes the place of what was told before.

use std::borrow::Cow;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind, Verdict};
use kefu_contracts::channel_event::{Actor, EventData};
use kefu_contracts::id::hash_id;
use kefu_contracts::{Channel, Timestamp};
use kefu_policy::PolicyHistory;

use super::facts::Facts;
use super::input::{Content, Input};

/// What caused a fact.
#[derive(Clone, Debug)]
pub enum Cause {
    /// An input.
    Input(Arc<Input>),
    /// Time: the case closed by itself.
    AutoClose,
}

/// The fields that a fact carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Fields {
    /// Those of its cause.
    Cause,
    /// Those of its cause, which was moved to a later instant because clocks disagreed.
    Skewed,
    /// Names of missing facts.
    Missing(Vec<&'static str>),
}

/// Something that became true of a case.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// When.
    pub at: Timestamp,
    /// Its cause.
    pub cause: Cause,
    /// Position among the cause's facts.
    pub n: i64,
    /// Who.
    pub actor: Option<Actor>,
    /// The value before.
    pub from: Option<Cow<'static, str>>,
    /// The value after.
    pub to: Option<Cow<'static, str>>,
    /// The verdict, of a `classified` fact.
    pub verdict: Option<Verdict>,
    /// Whether it tells what was said.
    pub says: bool,
    /// Its fields.
    pub fields: Fields,
    /// What the case is after its cause.
    pub context: Arc<CaseContext>,
}

/// Gives the facts from `first` on what the case is now.
pub fn give_context(facts: &Facts, out: &mut [Fact], first: usize) {
    let added = out.get_mut(first..).unwrap_or_default();
    if added.is_empty() {
        return;
    }
    let context = Arc::new(facts.context());
    for fact in added {
        fact.context = context.clone();
    }
}

/// Whose facts they are.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The shop.
    pub tenant: &'a str,
    /// The case.
    pub case_id: &'a str,
    /// The tenant's policies.
    pub policies: &'a PolicyHistory,
}

/// The cause of facts that time caused.
const AUTO_CLOSE: &str = "timer:auto_close";
/// Why a reply is told at a later instant than its own.
const CLOCK_SKEW: &str = "clock_skew";

impl Fact {
    fn input(&self) -> Option<&Arc<Input>> {
        match &self.cause {
            Cause::Input(input) => Some(input),
            Cause::AutoClose => None,
        }
    }

    /// What caused it.
    pub fn cause_id(&self) -> &str {
        self.input().map_or(AUTO_CLOSE, |input| &input.id)
    }

    /// Whether the same input caused both.
    pub fn has_cause_of(&self, other: &Fact) -> bool {
        match (self.input(), other.input()) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => self.at == other.at,
            _ => false,
        }
    }

    /// Its id.
    pub fn id(&self, tenant: &str, case_id: &str) -> String {
        let origin = self.input().and_then(|input| input.origin.as_deref()).unwrap_or_default();
        let verdict = self.verdict.as_ref().map(verdict_text).unwrap_or_default();
        let fields = match &self.fields {
            Fields::Cause => Cow::Borrowed(""),
            Fields::Skewed => Cow::Borrowed(CLOCK_SKEW),
            Fields::Missing(names) => Cow::Owned(names.join(" ")),
        };
        hash_id(&[
            "fact",
            tenant,
            case_id,
            origin,
            self.cause_id(),
            &self.n.to_string(),
            self.kind.as_str(),
            &self.at.ms().to_string(),
            self.from.as_deref().unwrap_or_default(),
            self.to.as_deref().unwrap_or_default(),
            &verdict,
            &fields,
        ])
    }

    /// Whether another fact with its id tells the same beside it.
    pub fn tells_as(&self, other: &Fact) -> bool {
        self.actor == other.actor && self.context == other.context
    }

    /// The record of it. `channel` is the case's.
    pub fn record(&self, subject: Subject<'_>, channel: Channel) -> CaseEvent {
        let content = self.input().map(|input| &input.content);
        let text = match content {
            Some(Content::Event(event)) if self.says => event.text().map(str::to_owned),
            _ => None,
        };
        CaseEvent {
            event_id: self.id(subject.tenant, subject.case_id),
            cause_id: self.cause_id().to_owned(),
            n: self.n,
            case_id: subject.case_id.to_owned(),
            tenant: subject.tenant.to_owned(),
            at: self.at,
            kind: self.kind,
            retracts: None,
            actor: self.actor.clone(),
            from: self.from.clone().map(Cow::into_owned),
            to: self.to.clone().map(Cow::into_owned),
            text,
            data: self.data(content),
            channel,
            policy_version: Some(subject.policies.in_force(self.at.ms()).version),
            classification: self.verdict.clone(),
            context: (*self.context).clone(),
        }
    }

    fn data(&self, content: Option<&Content>) -> Option<EventData> {
        let of_cause = match content {
            Some(Content::Event(event)) => Some(event.data()),
            _ => None,
        };
        match &self.fields {
            Fields::Cause => of_cause,
            Fields::Skewed => Some(EventData { reason: Some(CLOCK_SKEW.to_owned()), ..of_cause.unwrap_or_default() }),
            Fields::Missing(names) => Some(EventData {
                fields: Some(names.iter().map(|name| (*name).to_owned()).collect()),
                ..EventData::default()
            }),
        }
    }
}

/// The record that says that `fact` is no longer true since `cause` came.
pub fn retraction(fact: &Fact, cause_id: &str, subject: Subject<'_>, channel: Channel) -> CaseEvent {
    let retracted = fact.id(subject.tenant, subject.case_id);
    CaseEvent {
        event_id: hash_id(&["retraction", subject.tenant, subject.case_id, &retracted, cause_id]),
        cause_id: cause_id.to_owned(),
        kind: FactKind::Retracted,
        retracts: Some(retracted),
        actor: None,
        from: None,
        to: None,
        text: None,
        data: None,
        classification: None,
        ..fact.record(subject, channel)
    }
}

fn verdict_text(verdict: &Verdict) -> String {
    let number = |number: Option<f64>| number.map_or(0, f64::to_bits);
    format!(
        "{:?} {:?} {:?} {:?} {:x} {:x}",
        verdict.category,
        verdict.subtype,
        verdict.severity,
        verdict.language,
        number(verdict.sentiment),
        number(verdict.confidence)
    )
}
