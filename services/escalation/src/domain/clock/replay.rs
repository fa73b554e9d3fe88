//! Plays a case's facts, the policies' changes and what clocks do by themselves, in the order of time.
//!
//! What clocks do by themselves (warnings, breaches, escalation steps, the effect of a policy's change) is told only up
//! to the moment that the case's timers have reached; whatever follows waits for it. So a backlog breaches nothing that
//! turns out to have been answered in time.

use kefu_contracts::{Channel, Metric, Status, Timestamp};
use kefu_policy::{Policy, PolicyHistory, SlaRule};

use super::running::{Clock, revivable};
use super::terms::Asked;
use super::{ClockEvent, ClockKey, Reason};
use crate::domain::escalation::act::Acted;
use crate::domain::escalation::{Escalations, Raised};
use crate::domain::fact::{Fact, Facts, What};
use crate::domain::moment::{Moment, Rank};
use crate::domain::view::View;

/// How long clocks wait for the first classification when time is the wall clock.
pub const CLASSIFICATION_WAIT_MS: i64 = 2_000;

const METRICS: usize = Metric::ALL.len();

/// What is to be played.
#[derive(Clone, Copy, Debug)]
pub struct Played<'c> {
    /// The case's facts.
    pub facts: &'c Facts,
    /// What people did to its escalations, in the order of time.
    pub acts: &'c [Acted],
    /// The case's channel.
    pub channel: Channel,
    /// Whether time is the wall clock: then clocks start without a classification after [`CLASSIFICATION_WAIT_MS`].
    pub live: bool,
    /// The moment that the case's timers have reached.
    pub reached: Moment,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome<'p> {
    /// What happened to clocks, in order.
    pub events: Vec<ClockEvent<'p>>,
    /// The escalations raised, in order.
    pub raised: Vec<Raised>,
    /// The next moment for which a timer is needed.
    pub next: Option<Moment>,
    /// The moment of the last fact taken into account.
    pub told_until: Option<Moment>,
    /// Since when the case is closed or merged, if it is.
    pub ended_at: Option<Timestamp>,
}

/// Plays a case: a pure function of its facts, the policies and the moment reached.
pub fn replay<'p>(case: Played<'_>, history: &'p PolicyHistory) -> Outcome<'p> {
    let facts = case.facts.list();
    let Some(opened) = facts.iter().find(|fact| matches!(fact.what, What::Opened { .. })) else {
        return Outcome::default();
    };
    let classified = facts.iter().position(|fact| matches!(fact.what, What::Classified { .. }));
    if classified.is_none() {
        let start = Moment::new(opened.at.plus_ms(CLASSIFICATION_WAIT_MS), Rank::Change);
        if !case.live || start > case.reached {
            return Outcome { next: case.live.then_some(start), ..Outcome::default() };
        }
    }
    // The first classification is taken as known from the start, with what came before it.
    let known = classified.map_or(0, |first| {
        let of_it = |fact: &&Fact| facts.get(first).is_some_and(|classified| classified.same_event(fact));
        first + facts.iter().skip(first).take_while(of_it).count()
    });
    let mut view = View::default();
    facts.iter().take(known).chain([opened]).for_each(|fact| view.learn(fact));
    let policy = &**history.in_force(opened.at.ms());
    let replay = Replay {
        case,
        history,
        policy,
        policy_at: opened.at,
        rule: None,
        view,
        statuses: Vec::with_capacity(8),
        clocks: [const { None }; METRICS],
        ordinals: [0; METRICS],
        customer_spoke: false,
        replied: false,
        merged: false,
        ended_at: None,
        escalations: Escalations::default(),
        out: Vec::with_capacity(16),
    };
    replay.run(facts, known)
}

/// A case in the course of its replay.
pub(super) struct Replay<'c, 'p> {
    case: Played<'c>,
    history: &'p PolicyHistory,
    policy: &'p Policy,
    /// The instant up to which changes of policy were taken into account.
    policy_at: Timestamp,
    rule: Option<&'p SlaRule>,
    view: View,
    statuses: Vec<(Timestamp, Status)>,
    clocks: [Option<Clock<'p>>; METRICS],
    ordinals: [u32; METRICS],
    /// Whether the customer opened the case or wrote.
    pub(super) customer_spoke: bool,
    /// Whether a person replied since.
    pub(super) replied: bool,
    pub(super) merged: bool,
    ended_at: Option<Timestamp>,
    pub(super) escalations: Escalations<'p>,
    out: Vec<ClockEvent<'p>>,
}

impl<'p> Replay<'_, 'p> {
    fn run(mut self, facts: &[Fact], known: usize) -> Outcome<'p> {
        let (mut done, mut acts) = (0, self.case.acts);
        let mut next = None;
        let mut told_until = None;
        loop {
            let rest = facts.get(done..).unwrap_or_default();
            let fact = rest.first().map(Fact::moment);
            let act = acts.split_first().filter(|(first, _)| fact.is_none_or(|fact| first.moment() < fact));
            let given = act.map(|(first, _)| first.moment()).or(fact);
            let own = self.next_own(fact.is_some());
            if let Some(own) = own.filter(|own| given.is_none_or(|given| *own < given)) {
                if own > self.case.reached && self.waits_for(own) {
                    next = Some(own);
                    break;
                }
                self.act(own);
                continue;
            }
            if let Some((first, later)) = act {
                self.escalations.act(first, self.policy, self.view, self.case.facts.names());
                acts = later;
                continue;
            }
            let Some(first) = rest.first() else { break };
            let count = rest.iter().take_while(|fact| fact.same_event(first)).count();
            self.take(rest.get(..count).unwrap_or_default(), done >= known);
            told_until = fact;
            done += count;
        }
        let raised = self.escalations.into_raised();
        Outcome { events: self.out, raised, next, told_until, ended_at: self.ended_at }
    }

    /// Whether something follows from what comes next by itself: from a change of policy nothing does while no clock
    /// can run.
    fn waits_for(&self, own: Moment) -> bool {
        self.ended_at.is_none() || own.rank != Rank::Change
    }

    /// What comes next without a further fact.
    fn next_own(&self, more_facts: bool) -> Option<Moment> {
        let clocks = self.clocks.iter().flatten().filter_map(Clock::next);
        clocks.chain(self.escalations.next()).chain(self.next_change(more_facts)).min()
    }

    /// The next change of policy, if it can matter.
    fn next_change(&self, more_facts: bool) -> Option<Moment> {
        if !self.opened() || self.merged || (self.ended_at.is_some() && !more_facts) {
            return None;
        }
        let change = self.history.next_change_after(self.policy_at.ms());
        change.map(|at| Moment::new(Timestamp::from_ms(at), Rank::Change))
    }

    fn act(&mut self, own: Moment) {
        match own.rank {
            Rank::Change => {
                self.policy = self.history.in_force(own.at.ms());
                self.policy_at = own.at;
                self.retune(own.at);
            }
            Rank::Step => self.escalations.climb(own.at, self.policy, self.view, self.case.facts.names()),
            Rank::Event | Rank::Warning | Rank::Breach | Rank::Act | Rank::TimerEvent => self.fire(own),
        }
    }

    fn fire(&mut self, own: Moment) {
        let Some(clock) = self.clocks.iter_mut().flatten().find(|clock| clock.next() == Some(own)) else { return };
        if clock.fire(own, &mut self.out) {
            let facts = self.view.facts(self.case.channel, self.case.facts.names());
            self.escalations.breached(own.at, self.policy, &facts, clock);
        }
    }

    fn take(&mut self, event: &[Fact], news: bool) {
        self.apply(event);
        let before = self.view;
        if news {
            event.iter().for_each(|fact| self.view.learn(fact));
        }
        if let Some(fact) = event.first()
            && self.view != before
            && self.opened()
            && !self.merged
        {
            self.retune(fact.at);
        }
    }

    /// The policy or what is known of the case changed.
    fn retune(&mut self, at: Timestamp) {
        let facts = self.view.facts(self.case.channel, self.case.facts.names());
        let rule = self.policy.sla_rule(&facts);
        self.rule = rule;
        for clock in self.clocks.iter_mut().flatten() {
            let breached = clock.breached_at();
            clock.retune(at, (self.policy, rule), &self.statuses, &mut self.out);
            if clock.breached_at() != breached || clock.terms().is_none() {
                self.escalations.cancel(clock.key(), at);
            }
        }
        if self.ended_at.is_none() {
            self.escalations.at_once(at, self.policy, &facts, self.view, self.case.facts.names());
        }
    }

    pub(super) fn opened(&self) -> bool {
        !self.statuses.is_empty()
    }

    pub(super) fn status(&self) -> Option<Status> {
        self.statuses.last().map(|(_, status)| *status)
    }

    /// The case begins.
    pub(super) fn begin(&mut self, at: Timestamp) {
        self.statuses.push((at, Status::Open));
        self.retune(at);
    }

    /// The case's status is another from `at`.
    pub(super) fn enter(&mut self, at: Timestamp, to: Status) {
        self.statuses.push((at, to));
        self.ended_at = (to == Status::Closed).then_some(at);
    }

    /// The case went into another.
    pub(super) fn leave(&mut self, at: Timestamp) {
        self.merged = true;
        self.ended_at = Some(at);
        self.escalations.cancel_all(at);
    }

    pub(super) fn has(&self, metric: Metric) -> bool {
        self.slot(metric).is_some()
    }

    fn slot(&self, metric: Metric) -> Option<&Clock<'p>> {
        self.clocks.get(metric as usize).and_then(Option::as_ref)
    }

    /// Starts the metric's next clock.
    pub(super) fn start(&mut self, metric: Metric, at: Timestamp, promised: Option<Timestamp>) {
        let before_first_reply = metric == Metric::NextReply && !self.replied;
        let asked = Asked { metric, start: at, promised, before_first_reply };
        let slots = self.clocks.get_mut(metric as usize).zip(self.ordinals.get_mut(metric as usize));
        let Some((slot, ordinal)) = slots else { return };
        *ordinal += 1;
        let clock = slot.insert(Clock::new(ClockKey { metric, ordinal: *ordinal }, asked));
        clock.retune(at, (self.policy, self.rule), &self.statuses, &mut self.out);
    }

    /// Ends the metric's clock, if it has one, in time or late.
    pub(super) fn stop(&mut self, metric: Metric, at: Timestamp, reason: Option<Reason>) {
        let Some(slot) = self.clocks.get_mut(metric as usize) else { return };
        let Some(clock) = slot else { return };
        clock.stop(at, reason, &mut self.out);
        self.escalations.resolve(clock.key(), at);
        if !revivable(metric) {
            *slot = None;
        }
    }

    /// Ends the metric's clock, if it has one, without a result.
    pub(super) fn cancel(&mut self, metric: Metric, at: Timestamp, reason: Reason) {
        let Some(slot) = self.clocks.get_mut(metric as usize) else { return };
        if let Some(mut clock) = slot.take() {
            clock.cancel(at, reason, &mut self.out);
            match reason {
                Reason::Closed | Reason::ResolvedByBot => self.escalations.resolve(clock.key(), at),
                _ => self.escalations.cancel(clock.key(), at),
            }
        }
    }

    /// The status changed to one that does not end the metric's clock.
    pub(super) fn pause_or_resume(&mut self, metric: Metric, at: Timestamp) {
        if let Some(Some(clock)) = self.clocks.get_mut(metric as usize) {
            clock.status_changed(at, &self.statuses, &mut self.out);
        }
    }
}
