//! What is remembered of a case: the facts its figures follow from.
//!
//! Owns their compact form, their order, and that a fact told again replaces what was told of it before. What they
//! count for is the matter of `case_figures`.

use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::sla_event::SlaEvent;
use kefu_contracts::{ActorKind, Category, Channel, CloseReason, Priority, Status, Subtype, Timestamp};
use kefu_policy::Policy;
use serde::{Deserialize, Serialize};

use crate::domain::verdicts::{self, Clock};

/// More than this many facts or clocks of one case are refused: each of them leads to a recount of all, and a
/// conversation by people stays far below.
pub const MAX_FACTS: usize = 2_000;

/// The most sets of labels of one case; further ones are not taken.
const MAX_LABELS: usize = 256;

/// Waiting at most this long before hanging up is no lost call.
const SHORT_WAIT_MS: i64 = 5_000;

/// Everything remembered of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFacts {
    /// The case's channel.
    pub channel: Channel,
    /// In order of event time, cause and position. Copies of a case share them.
    pub facts: Vec<Arc<Fact>>,
    /// Its SLA clocks that count for something.
    pub clocks: Vec<Clock>,
    /// Each set of labels that facts name, once; facts refer to it by its place.
    labels: Vec<Labels>,
    /// The closing after which seven days have passed.
    pub settled: Option<Timestamp>,
}

/// A place in the order of facts; those of timers come last at their instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// When it became true.
    pub at: Timestamp,
    by_timer: bool,
    /// What caused it.
    pub cause: String,
    n: i64,
}

/// Labels that are dimensions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The label `shop`.
    pub shop: Option<String>,
    /// The label `product`.
    pub product: Option<String>,
}

/// A fact about the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its place in the order.
    pub position: Position,
    id: u64,
    /// What became true.
    pub what: What,
    /// The labels of the case then, as far as known.
    labels: Option<u8>,
}

impl Fact {
    /// When it became true.
    pub fn at(&self) -> Timestamp {
        self.position.at
    }
}

/// What became of an offered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallOutcome {
    /// Somebody answered, in the policy's service level or not.
    Answered {
        /// Within the time that the policy in force allowed for the channel.
        in_target: bool,
    },
    /// The caller hung up.
    Abandoned {
        /// So soon that nobody could have answered.
        short: bool,
    },
    /// The caller left a message.
    Voicemail,
}

/// What became true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The case began.
    Opened {
        /// Whether the customer began it.
        by_customer: bool,
    },
    /// The customer wrote or called.
    CustomerMessage,
    /// A person replied.
    Reply {
        /// Which agent or supervisor.
        agent: Option<String>,
    },
    /// A bot replied.
    BotReply,
    /// An inbound call was offered.
    Call {
        /// What became of it.
        outcome: CallOutcome,
        /// Who answered.
        agent: Option<String>,
    },
    /// Receipt was acknowledged.
    Acknowledged,
    /// The status moved.
    Status {
        /// The status before.
        from: Option<Status>,
        /// The status after.
        to: Status,
        /// Whether a person of the shop moved it.
        by_person: bool,
        /// The agent or supervisor who moved it.
        agent: Option<String>,
        /// Of a closing: whether the case counts as solved.
        solved: bool,
    },
    /// Responsibility moved.
    Assigned {
        /// The agent; none if nobody is responsible by name.
        agent: Option<String>,
        /// The team; none if it stays as it was.
        team: Option<String>,
    },
    /// Category and subtype were set.
    Classified {
        /// The category; absent if the text gave none.
        category: Option<Category>,
        /// The subtype.
        subtype: Option<Subtype>,
    },
    /// The priority moved.
    Priority(Priority),
    /// The case went into another.
    Merged,
    /// Something that counts for nothing; it is kept for its labels.
    Aside,
}

/// What a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// Figures may be others.
    Changed,
    /// It was known.
    Known,
    /// It counts for nothing.
    Nothing,
    /// There is no room for it.
    Full,
}

impl CaseFacts {
    /// A case of which nothing is known yet.
    pub fn new(channel: Channel) -> Self {
        Self { channel, facts: Vec::new(), clocks: Vec::new(), labels: Vec::new(), settled: None }
    }

    /// Takes a fact in, or takes one back. A fact that is told again replaces what was told of it before. `policy` is
    /// the one in force at the fact's instant.
    pub fn learn(&mut self, event: &CaseEvent, policy: &Policy) -> Learnt {
        self.channel = event.channel;
        let mut taken_back = false;
        if let Some(retracted) = &event.retracts {
            taken_back = self.take(hash_64(&[retracted])).is_some();
        }
        if event.kind == FactKind::Retracted {
            return if taken_back { Learnt::Changed } else { Learnt::Nothing };
        }
        let before = self.take(hash_64(&[&event.event_id]));
        let now = self.fact(event, policy).map(Arc::new);
        let learnt = match (&before, &now) {
            (None, None) => Learnt::Nothing,
            (None, Some(_)) if self.facts.len() >= MAX_FACTS => return Learnt::Full,
            (before, now) if before == now => Learnt::Known,
            _ => Learnt::Changed,
        };
        if let Some(fact) = now {
            let place = self.facts.partition_point(|known| known.position <= fact.position);
            self.facts.insert(place, fact);
        }
        if taken_back { Learnt::Changed } else { learnt }
    }

    /// Takes in what is said of a clock.
    pub fn learn_clock(&mut self, event: &SlaEvent) -> Learnt {
        if self.clocks.len() >= MAX_FACTS {
            return Learnt::Full;
        }
        verdicts::hear(&mut self.clocks, event);
        Learnt::Changed
    }

    /// The labels last seen in event time.
    pub fn labels(&self) -> Option<&Labels> {
        let place = self.facts.iter().rev().find_map(|fact| fact.labels)?;
        self.labels.get(usize::from(place))
    }

    /// The latest instant that anything is known of.
    pub fn last(&self) -> Option<Timestamp> {
        let fact = self.facts.last().map(|fact| fact.at());
        fact.max(verdicts::last(&self.clocks))
    }

    fn take(&mut self, id: u64) -> Option<Arc<Fact>> {
        let place = self.facts.iter().position(|fact| fact.id == id)?;
        Some(self.facts.remove(place))
    }

    /// What is kept of an event; none if nothing.
    fn fact(&mut self, event: &CaseEvent, policy: &Policy) -> Option<Fact> {
        let labels = self.place_of(&event.context);
        let what = what(event, policy).or(labels.map(|_| What::Aside))?;
        let position = Position {
            at: event.at,
            by_timer: event.cause_id.starts_with("timer:"),
            cause: event.cause_id.clone(),
            n: event.n,
        };
        Some(Fact { position, id: hash_64(&[&event.event_id]), what, labels })
    }

    fn place_of(&mut self, context: &CaseContext) -> Option<u8> {
        if context.shop.is_none() && context.product.is_none() {
            return None;
        }
        let labels = Labels { shop: context.shop.clone(), product: context.product.clone() };
        let known = self.labels.iter().position(|known| *known == labels);
        let place = known.unwrap_or(self.labels.len());
        if known.is_none() && place < MAX_LABELS {
            self.labels.push(labels);
        }
        u8::try_from(place).ok()
    }
}

/// Those of `facts`, which must be in order, that became true at `at`.
pub fn at_instant(facts: &[Arc<Fact>], at: Timestamp) -> &[Arc<Fact>] {
    let first = facts.partition_point(|fact| fact.at() < at);
    let rest = facts.get(first..).unwrap_or_default();
    rest.get(..rest.partition_point(|fact| fact.at() == at)).unwrap_or_default()
}

/// What an event means for the figures; none if nothing.
fn what(event: &CaseEvent, policy: &Policy) -> Option<What> {
    let actor = event.actor.as_ref();
    let by = |kind: ActorKind| actor.is_some_and(|actor| actor.kind == kind);
    Some(match event.kind {
        FactKind::Opened => What::Opened { by_customer: by(ActorKind::Customer) },
        FactKind::CustomerMessage => What::CustomerMessage,
        FactKind::Reply => What::Reply { agent: agent(event) },
        FactKind::BotReply => What::BotReply,
        FactKind::Call => return call(event, policy),
        FactKind::Acknowledged => What::Acknowledged,
        FactKind::StatusChanged => {
            let from = event.from.as_deref().and_then(|word| word.parse().ok());
            let to: Status = event.to.as_deref()?.parse().ok()?;
            let solved = by(ActorKind::Customer) || solved(event, from);
            What::Status {
                from,
                to,
                by_person: actor.is_some_and(|actor| actor.kind.is_person()),
                agent: agent(event),
                solved,
            }
        }
        FactKind::Assigned => {
            What::Assigned { agent: event.to.clone(), team: event.data.as_ref().and_then(|data| data.team.clone()) }
        }
        FactKind::Classified => {
            let verdict = event.classification.as_ref()?;
            What::Classified { category: verdict.category, subtype: verdict.subtype }
        }
        FactKind::PriorityChanged => What::Priority(event.to.as_deref()?.parse().ok()?),
        FactKind::Merged => What::Merged,
        FactKind::Note
        | FactKind::Flagged
        | FactKind::Promised
        | FactKind::IdentityVerified
        | FactKind::InfoMissing
        | FactKind::AfterSales
        | FactKind::Retracted
        | FactKind::Erased => return None,
    })
}

/// The agent or supervisor who did it; other people are no agents.
fn agent(event: &CaseEvent) -> Option<String> {
    let actor = event.actor.as_ref()?;
    matches!(actor.kind, ActorKind::Agent | ActorKind::Supervisor).then(|| actor.id.clone())
}

/// Closed without the customer's word: as solved if that is the reason given, or if it was resolved and none is given.
fn solved(event: &CaseEvent, from: Option<Status>) -> bool {
    match event.data.as_ref().and_then(|data| data.reason.as_deref()) {
        Some(reason) => reason == CloseReason::Solved.as_str(),
        None => from == Some(Status::Resolved),
    }
}

fn call(event: &CaseEvent, policy: &Policy) -> Option<What> {
    let data = event.data.as_ref()?;
    if data.direction.as_deref() == Some("outbound") {
        return None;
    }
    let waited_at_most = |limit_ms: i64| data.wait_ms.is_some_and(|wait_ms| wait_ms <= limit_ms);
    let outcome = match data.outcome.as_deref()? {
        "answered" => {
            let target_ms = policy.service_level_ms(event.channel);
            CallOutcome::Answered { in_target: target_ms.is_some_and(waited_at_most) }
        }
        "abandoned" => CallOutcome::Abandoned { short: waited_at_most(SHORT_WAIT_MS) },
        "voicemail" => CallOutcome::Voicemail,
        _ => return None,
    };
    let answered = matches!(outcome, CallOutcome::Answered { .. });
    let agent = agent(event).or_else(|| data.agent_id.clone()).filter(|_| answered);
    Some(What::Call { outcome, agent })
}
