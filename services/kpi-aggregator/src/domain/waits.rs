//! How long customers waited, in wall time: for an acknowledgement, for replies, for a resolution.
//!
//! Needs no targets: it reads the case's facts alone. Time in business calendars comes from the clocks' own events, and
//! counts at the same stops.

use std::sync::Arc;

use kefu_contracts::{Metric, Status, Timestamp};

use crate::domain::case_facts::{Fact, What, at_instant};

/// A reply may bear a time at most this long before the message it answers: clocks of channels differ.
const SKEW_MS: i64 = 5_000;

/// A wait that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait<'a> {
    /// When it ended.
    pub at: Timestamp,
    /// How long it was, in milliseconds.
    pub ms: i64,
    /// The agent whose reply ended it.
    pub agent: Option<&'a str>,
}

/// The waits of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits<'a> {
    /// For the acknowledgement or any reply.
    pub acknowledge: Option<Wait<'a>>,
    /// For a person's first reply.
    pub first_reply: Option<Wait<'a>>,
    /// From the oldest unanswered message to what answered it, each; once a person had replied. In order.
    pub next_reply: Vec<Wait<'a>>,
    /// The same for messages before a person's first reply. Next replies only where the policy's clock runs from the
    /// first message on. In order.
    pub before_first: Vec<Wait<'a>>,
    /// From opening to the last resolution; known while the case is closed, and ends at the closing.
    pub resolution: Option<Wait<'a>>,
}

impl<'a> Waits<'a> {
    /// The wait that a clock of `metric` measured, if it stopped at `at`.
    pub fn until(&self, metric: Metric, at: Timestamp) -> Option<Wait<'a>> {
        let ends = |wait: &Wait<'_>| wait.at == at;
        let among = |waits: &[Wait<'a>]| {
            let place = waits.binary_search_by_key(&at, |wait| wait.at).ok()?;
            waits.get(place).copied()
        };
        match metric {
            Metric::Acknowledge => self.acknowledge.filter(ends),
            Metric::FirstReply => self.first_reply.filter(ends),
            Metric::NextReply => among(&self.next_reply).or_else(|| among(&self.before_first)),
            // counted when the case closes, whenever it was resolved
            Metric::Resolution => self.resolution,
            Metric::PeriodicUpdate | Metric::RequesterWait | Metric::AgentWork | Metric::Promised => None,
        }
    }
}

/// Where the wait for the first reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstReply {
    /// The customer has not written yet.
    Unasked,
    /// Waiting since that instant.
    Since(Timestamp),
    /// Nobody has to reply unless the case comes back.
    Cancelled,
    /// A person replied.
    Done,
}

struct Walk<'a> {
    facts: &'a [Arc<Fact>],
    waits: Waits<'a>,
    opened: Option<Timestamp>,
    first_message: Option<Timestamp>,
    /// Since when an acknowledgement is awaited; none if it is not.
    asked: Option<Timestamp>,
    first_reply: FirstReply,
    /// A message that a reply with a skewed clock has answered ahead.
    answered_ahead: Option<Timestamp>,
    /// When the oldest message came that nobody has answered, and whether a person had replied before.
    unanswered: Option<(Timestamp, bool)>,
    /// Where the case stands; none as long as nothing said so.
    status: Option<Status>,
    resolved: Option<Timestamp>,
    merged: bool,
}

/// The waits that follow from `facts`, which must be in order.
pub fn waits(facts: &[Arc<Fact>]) -> Waits<'_> {
    let first_message = facts.iter().find(|fact| fact.what == What::CustomerMessage).map(|fact| fact.at());
    let opening = facts.iter().find_map(|fact| match fact.what {
        What::Opened { by_customer } => Some((fact.at(), by_customer)),
        _ => None,
    });
    let asked = opening.and_then(|(opened, by_customer)| {
        let soon = first_message.filter(|message| message.ms_since(opened) <= SKEW_MS);
        if by_customer { Some(opened) } else { soon }
    });
    let mut walk = Walk {
        facts,
        waits: Waits::default(),
        opened: opening.map(|(opened, _)| opened),
        first_message,
        asked,
        first_reply: FirstReply::Unasked,
        answered_ahead: None,
        unanswered: None,
        status: None,
        resolved: None,
        merged: facts.iter().any(|fact| fact.what == What::Merged),
    };
    for fact in facts {
        walk.step(fact);
    }
    walk.waits
}

impl<'a> Walk<'a> {
    fn step(&mut self, fact: &'a Fact) {
        let at = fact.at();
        match &fact.what {
            What::Opened { by_customer: true } if self.first_reply == FirstReply::Unasked => {
                self.first_reply = FirstReply::Since(at);
            }
            What::CustomerMessage => self.message(fact),
            What::Reply { agent } => self.reply(at, agent.as_deref()),
            What::BotReply | What::Acknowledged => self.acknowledge(at),
            What::Status { from, to, by_person, agent, .. } => {
                self.status(at, *from, *to, *by_person, agent.as_deref());
            }
            What::Opened { .. }
            | What::Call { .. }
            | What::Assigned { .. }
            | What::Classified { .. }
            | What::Priority(_)
            | What::Merged
            | What::Aside => {}
        }
    }

    fn message(&mut self, fact: &Fact) {
        let at = fact.at();
        let asks = self.waits_after(fact);
        match self.first_reply {
            FirstReply::Unasked if asks => self.first_reply = FirstReply::Since(at),
            FirstReply::Unasked => self.first_reply = FirstReply::Cancelled,
            FirstReply::Done if self.answered_ahead.take() == Some(at) => return,
            FirstReply::Done | FirstReply::Since(_) | FirstReply::Cancelled => {}
        }
        if asks && self.unanswered.is_none() {
            self.unanswered = Some((at, self.first_reply == FirstReply::Done));
        }
    }

    /// Whether the case waits for work after a message: words that close it, or leave it closed, ask for no reply.
    fn waits_after(&self, message: &Fact) -> bool {
        let moved = at_instant(self.facts, message.at()).iter().rev().find_map(|fact| match fact.what {
            What::Status { to, .. } if fact.position.cause == message.position.cause => Some(to),
            _ => None,
        });
        moved.or(self.status).is_none_or(Status::is_live)
    }

    fn reply(&mut self, at: Timestamp, agent: Option<&'a str>) {
        self.acknowledge(at);
        let skewed = self.first_message.filter(|message| at <= *message && message.ms_since(at) <= SKEW_MS);
        match (self.first_reply, skewed) {
            (FirstReply::Since(since), _) => {
                self.waits.first_reply = Some(Wait { at, ms: at.ms_since(since), agent });
                self.first_reply = FirstReply::Done;
            }
            (FirstReply::Unasked, Some(message)) => {
                let wait = Wait { at: message, ms: 0, agent };
                self.waits.first_reply = Some(wait);
                self.waits.before_first.push(wait);
                self.first_reply = FirstReply::Done;
                self.answered_ahead = Some(message);
            }
            // after the closing: what follows is no first reply any more
            (FirstReply::Cancelled, _) => self.first_reply = FirstReply::Done,
            (FirstReply::Unasked | FirstReply::Done, _) => {}
        }
        self.answer(at, agent);
    }

    fn answer(&mut self, at: Timestamp, agent: Option<&'a str>) {
        if let Some((since, replied)) = self.unanswered.take() {
            let answered = if replied { &mut self.waits.next_reply } else { &mut self.waits.before_first };
            answered.push(Wait { at, ms: at.ms_since(since), agent });
        }
    }

    fn acknowledge(&mut self, at: Timestamp) {
        if self.waits.acknowledge.is_none()
            && let Some(asked) = self.asked
            && asked.ms_since(at) <= SKEW_MS
        {
            let at = at.max(asked);
            self.waits.acknowledge = Some(Wait { at, ms: at.ms_since(asked), agent: None });
        }
    }

    fn status(&mut self, at: Timestamp, from: Option<Status>, to: Status, by_person: bool, agent: Option<&'a str>) {
        self.status = Some(to);
        let was_over = matches!(from, Some(Status::Resolved | Status::Closed));
        match to {
            Status::Closed => {
                // a merge is no answer
                if !self.merged {
                    self.answer(at, agent);
                }
                let stop = self.resolved.unwrap_or(at);
                let counted = self.opened.filter(|_| !self.merged);
                self.waits.resolution = counted.map(|opened| Wait { at, ms: stop.ms_since(opened), agent: None });
                self.asked = None;
                self.cancel_first_reply();
            }
            Status::Resolved => {
                self.answer(at, agent);
                self.resolved = Some(at);
                if !by_person {
                    self.cancel_first_reply();
                }
            }
            Status::Open | Status::PendingCustomer | Status::PendingDepartment => {
                self.resolved = None;
                self.waits.resolution = None;
                if was_over && self.first_reply == FirstReply::Cancelled {
                    self.first_reply = FirstReply::Since(at);
                }
            }
        }
    }

    fn cancel_first_reply(&mut self) {
        if let FirstReply::Since(_) = self.first_reply {
            self.first_reply = FirstReply::Cancelled;
        }
        self.unanswered = None;
    }
}
