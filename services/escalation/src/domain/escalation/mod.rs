//! Escalations: who hears of a breach or of a severe case, level by level.
//!
//! `chain` climbs the steps after a breach, [`request`] reads what people ask and [`act`] is what they do, this module
//! keeps what was raised, [`difference`] tells what of it is news.
//! Breaches themselves are `clock`'s matter; telling people is `notice`'s.

pub mod act;
mod chain;
pub mod difference;
pub mod request;

use kefu_contracts::escalation::{EscalationReason, EscalationState};
use kefu_contracts::{Channel, Severity, Status, Timestamp};
use kefu_policy::{CaseFacts, EscalationRule, Policy, Role};
use serde::{Deserialize, Serialize};

use crate::domain::clock::ClockKey;
use crate::domain::clock::running::Clock;
use crate::domain::moment::{Moment, Rank};
use crate::domain::names::Names;
use crate::domain::view::View;
use act::{Act, Acted, Which};
use chain::Chain;

/// What an escalation comes from; with its level, its identity within the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A breach.
    Breach {
        /// The clock.
        clock: ClockKey,
        /// The instant of the breach.
        at: Timestamp,
    },
    /// The case itself, without any breach.
    AtOnce(EscalationReason),
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The person's role in this.
    pub role: Role,
    /// The person, if the policy names one.
    pub person: Option<String>,
}

/// An escalation of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// What it comes from.
    pub origin: Origin,
    /// The step of the chain, from 1.
    pub level: u32,
    /// Who has it: who was told first, or whom somebody asked for since.
    pub to: Recipient,
    /// When.
    pub raised_at: Timestamp,
    /// When the breached clock was due.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub state: EscalationState,
    /// When it came to stand there.
    pub state_at: Timestamp,
    /// What a person did that made it stand there.
    pub acted: Option<Acted>,
    /// For how long its case is followed after closing, in milliseconds.
    track_ms: Option<i64>,
    /// Until when its closed case is followed.
    tracked_until: Option<Timestamp>,
    /// Each time somebody was told, with whom.
    pub told: Vec<(Timestamp, Recipient)>,
}

impl Raised {
    fn new(origin: Origin, level: u32, at: Timestamp, to: Recipient) -> Self {
        let told = vec![(at, to.clone())];
        let state = EscalationState::Raised;
        let (raised_at, state_at) = (at, at);
        let (due_at, acted, track_ms, tracked_until) = (None, None, None, None);
        Self { origin, level, to, raised_at, due_at, state, state_at, acted, track_ms, tracked_until, told }
    }

    /// Which one of its case it is.
    pub fn which(&self) -> Which {
        Which { origin: self.origin, level: self.level }
    }

    /// Until when its closed case is followed, if it is closed and followed.
    pub fn tracked_until(&self) -> Option<Timestamp> {
        self.tracked_until
    }

    fn is(&self, which: Which) -> bool {
        self.which() == which
    }

    fn turn(&mut self, state: EscalationState, at: Timestamp) {
        (self.state, self.state_at) = (state, at);
        (self.acted, self.tracked_until) = (None, None);
    }

    /// Its case was closed. Who heard of a severe case at once keeps it until then, and for as long as it is followed.
    fn closed(&mut self, at: Timestamp) {
        match self.track_ms {
            Some(track_ms) => self.tracked_until = Some(at.plus_ms(track_ms)),
            None => self.turn(EscalationState::Resolved, at),
        }
    }

    /// Its closed case came back.
    fn reopened(&mut self, at: Timestamp) {
        self.tracked_until = None;
        if self.state != EscalationState::Raised {
            self.turn(EscalationState::Raised, at);
        }
        self.told.push((at, self.to.clone()));
    }
}

/// The escalations of a case in the course of its replay.
#[derive(Debug, Default)]
pub(crate) struct Escalations<'p> {
    chains: Vec<Chain<'p>>,
    raised: Vec<Raised>,
}

impl<'p> Escalations<'p> {
    /// When a chain next climbs, or a closed case is followed no more.
    pub(crate) fn next(&self) -> Option<Moment> {
        let tracked = self.raised.iter().filter_map(|raised| raised.tracked_until);
        let followed = tracked.map(|until| Moment::new(until, Rank::Step));
        self.chains.iter().filter_map(Chain::next).chain(followed).min()
    }

    /// A clock was breached at `at`.
    pub(crate) fn breached(&mut self, at: Timestamp, policy: &'p Policy, facts: &CaseFacts<'_>, clock: &Clock<'p>) {
        let rule = policy.escalation_after_breach(facts, clock.key().metric);
        if let Some((rule, terms)) = rule.zip(clock.terms()) {
            self.chains.push(Chain::new(clock.key(), at, clock.due_at(), &rule.steps, terms.calendar));
        }
    }

    /// A chain climbs at `at`, or a closed case is followed no more.
    pub(crate) fn climb(&mut self, at: Timestamp, policy: &Policy, view: View, names: &Names) {
        if let Some(raised) = self.raised.iter_mut().find(|raised| raised.tracked_until == Some(at)) {
            return raised.turn(EscalationState::Resolved, at);
        }
        let Some(chain) = self.chains.iter_mut().find(|chain| chain.next().is_some_and(|next| next.at == at)) else {
            return;
        };
        let Some(step) = chain.climb() else { return };
        let to = recipient(policy, view, names, step.to);
        let which = Which { origin: chain.origin(), level: step.level };
        match self.raised.iter_mut().find(|raised| raised.is(which)) {
            Some(raised) => raised.told.push((at, to)),
            None => {
                let raised = Raised::new(chain.origin(), step.level, at, to);
                self.raised.push(Raised { due_at: chain.due_at(), ..raised });
            }
        }
    }

    /// Raises what a case like this raises at once; each reason once in a case.
    pub(crate) fn at_once(&mut self, at: Timestamp, policy: &Policy, facts: &CaseFacts<'_>, view: View, names: &Names) {
        let Some(rule) = policy.escalation_at_once(facts) else { return };
        let Some(role) = rule.immediate else { return };
        let origin = Origin::AtOnce(reason_of(rule, facts));
        if !self.raised.iter().any(|raised| raised.origin == origin) {
            let raised = Raised::new(origin, 1, at, recipient(policy, view, names, role));
            self.raised.push(Raised { track_ms: rule.track_ms, ..raised });
        }
    }

    /// A person did something.
    pub(crate) fn act(&mut self, acted: &Acted, policy: &Policy, view: View, names: &Names) {
        let at = acted.at;
        match acted.act {
            Act::Acknowledge(which) => {
                self.stand(which, EscalationState::Acknowledged, acted);
                let chains = self.chains.iter_mut().filter(|chain| chain.origin() == which.origin);
                chains.for_each(|chain| chain.acknowledge(which.level));
            }
            Act::Cancel(which) => {
                self.stand(which, EscalationState::Cancelled, acted);
                self.chains.retain(|chain| chain.origin() != which.origin);
            }
            Act::Escalate { to, .. } => {
                let to = recipient(policy, view, names, to);
                let which = acted.act.which();
                let known = self.raised.iter().position(|raised| raised.is(which));
                let index = known.unwrap_or(self.raised.len());
                match self.raised.get_mut(index) {
                    Some(raised) => {
                        raised.turn(EscalationState::Raised, at);
                        raised.to = to.clone();
                        raised.told.push((at, to));
                    }
                    None => self.raised.push(Raised::new(which.origin, which.level, at, to)),
                }
                self.raised.iter_mut().skip(index).take(1).for_each(|raised| raised.acted = Some(acted.clone()));
            }
        }
    }

    /// A person made an escalation that has not ended stand there.
    fn stand(&mut self, which: Which, state: EscalationState, acted: &Acted) {
        for raised in self.raised.iter_mut().filter(|raised| raised.is(which) && raised.state.is_open()) {
            let tracked_until = raised.tracked_until.filter(|_| state.is_open());
            raised.turn(state, acted.at);
            (raised.acted, raised.tracked_until) = (Some(acted.clone()), tracked_until);
        }
    }

    /// The case's status changed.
    pub(crate) fn status_changed(&mut self, at: Timestamp, from: Status, to: Status) {
        if !to.is_live() {
            self.chains.clear();
        }
        for raised in &mut self.raised {
            match raised.origin {
                Origin::Breach { .. } if raised.state.is_open() && !to.is_live() => {
                    raised.turn(EscalationState::Resolved, at);
                }
                Origin::AtOnce(_) if raised.state.is_open() && to == Status::Closed => raised.closed(at),
                Origin::AtOnce(_) if from == Status::Closed && raised.state != EscalationState::Cancelled => {
                    raised.reopened(at);
                }
                _ => {}
            }
        }
    }

    /// The clock ended as it should.
    pub(crate) fn resolve(&mut self, clock: ClockKey, at: Timestamp) {
        self.end(clock, EscalationState::Resolved, at);
    }

    /// The clock's breach does not count any more.
    pub(crate) fn cancel(&mut self, clock: ClockKey, at: Timestamp) {
        self.end(clock, EscalationState::Cancelled, at);
    }

    /// The case went into another.
    pub(crate) fn cancel_all(&mut self, at: Timestamp) {
        self.chains.clear();
        for raised in self.raised.iter_mut().filter(|raised| raised.state.is_open()) {
            raised.turn(EscalationState::Cancelled, at);
        }
    }

    /// All that was raised, in order.
    pub(crate) fn into_raised(self) -> Vec<Raised> {
        self.raised
    }

    fn end(&mut self, ended: ClockKey, state: EscalationState, at: Timestamp) {
        self.chains.retain(|chain| chain.clock() != ended);
        for raised in &mut self.raised {
            let of_clock = matches!(raised.origin, Origin::Breach { clock, .. } if clock == ended);
            if of_clock && raised.state.is_open() {
                raised.turn(state, at);
            }
        }
    }
}

/// What in the rule made it accept the case.
fn reason_of(rule: &EscalationRule, facts: &CaseFacts<'_>) -> EscalationReason {
    let severe = facts.severity.is_some_and(|severity: Severity| rule.when.case.severity.contains(&severity));
    if severe {
        EscalationReason::Severity
    } else if facts.channel == Channel::Regulator {
        EscalationReason::Regulator
    } else {
        EscalationReason::Complexity
    }
}

/// Who fills a role for the case: its assignee, or the nearest person of its team at or above the role.
fn recipient(policy: &Policy, view: View, names: &Names, role: Role) -> Recipient {
    if let (Role::Agent, Some(assignee)) = (role, view.assignee(names)) {
        return Recipient { role, person: Some(assignee.to_owned()) };
    }
    match view.team(names).and_then(|team| policy.recipient(team, role)) {
        Some((role, person)) => Recipient { role, person: Some(person.to_owned()) },
        None => Recipient { role, person: None },
    }
}
