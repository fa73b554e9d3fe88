//! One clock: how it counts, pauses, warns, breaches and ends.
//!
//! | phase | status pauses it | status lets it run | status that ends it | fact that ends it |
//! |---|---|---|---|---|
//! | running | paused | – | stopped | stopped |
//! | paused | – | running | stopped | stopped |
//! | stopped | left for such a status: paused | left for such a status: running | – | – |
//!
//! A clock without terms is silent: it keeps its start, and speaks as soon as a policy gives it a target. What a
//! change of terms does to a paused or stopped clock shows when it next runs.

use kefu_contracts::sla_event::SlaEventKind as Kind;
use kefu_contracts::{Metric, Status, Timestamp};
use kefu_policy::{Policy, SlaRule};

use super::terms::{Asked, Terms};
use super::{ClockEvent, ClockKey, Reason};
use crate::domain::moment::{Moment, Rank};

/// The statuses of a case, each with the instant from which it holds.
pub(super) type Statuses = [(Timestamp, Status)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    Paused,
    Stopped,
}

#[derive(Clone, Copy, Debug)]
struct Breach {
    at: Timestamp,
    /// By a change of terms: such a breach is left behind if another change makes up for it.
    applied: bool,
}

/// A clock that counts or may count again.
#[derive(Debug)]
pub(crate) struct Clock<'p> {
    key: ClockKey,
    asked: Asked,
    phase: Phase,
    /// Whether it was said to have started.
    announced: bool,
    /// Whether its end was told, and nothing since: a revived clock that ends before it runs again ends no second time.
    end_told: bool,
    /// The terms by which it counts.
    terms: Option<Terms<'p>>,
    /// The terms in force, once they are others; it counts by them when it next runs.
    pending: Option<Terms<'p>>,
    /// Time used until `since`, in milliseconds.
    used_ms: i64,
    since: Timestamp,
    /// The earliest instant with the target used up.
    due: Option<Timestamp>,
    /// The due instant told last.
    told_due: Option<Timestamp>,
    next_warning: Option<(Timestamp, u32)>,
    next_breach: Option<Timestamp>,
    breach: Option<Breach>,
    warned: Vec<u32>,
}

/// Whether leaving the status that ended a clock of `metric` revives it.
pub(super) fn revivable(metric: Metric) -> bool {
    ends_in(metric, Status::Closed)
}

/// Whether `status` ends a clock of `metric` that leaving it revives.
pub(super) fn ends_in(metric: Metric, status: Status) -> bool {
    match metric {
        Metric::Resolution => matches!(status, Status::Resolved | Status::Closed),
        Metric::RequesterWait | Metric::AgentWork => status == Status::Closed,
        Metric::Acknowledge | Metric::FirstReply | Metric::NextReply | Metric::PeriodicUpdate | Metric::Promised => {
            false
        }
    }
}

impl<'p> Clock<'p> {
    pub(super) fn new(key: ClockKey, asked: Asked) -> Self {
        Self {
            key,
            asked,
            phase: Phase::Paused,
            announced: false,
            end_told: false,
            terms: None,
            pending: None,
            used_ms: 0,
            since: asked.start,
            due: None,
            told_due: None,
            next_warning: None,
            next_breach: None,
            breach: None,
            warned: Vec::new(),
        }
    }

    pub(crate) fn key(&self) -> ClockKey {
        self.key
    }

    /// The instant of its breach, while there is one.
    pub(super) fn breached_at(&self) -> Option<Timestamp> {
        self.breach.map(|breach| breach.at)
    }

    /// When it was due, if it ever ran.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        self.told_due
    }

    pub(crate) fn terms(&self) -> Option<&Terms<'p>> {
        self.terms.as_ref()
    }

    /// Its next warning or breach, if nothing happens before.
    pub(super) fn next(&self) -> Option<Moment> {
        let warning = self.next_warning.map(|(at, _)| Moment::new(at, Rank::Warning));
        let breach = self.next_breach.map(|at| Moment::new(at, Rank::Breach));
        [warning, breach].into_iter().flatten().min()
    }

    /// The policy and the rule now in force.
    pub(super) fn retune(
        &mut self,
        at: Timestamp,
        in_force: (&'p Policy, Option<&'p SlaRule>),
        statuses: &Statuses,
        out: &mut Vec<ClockEvent<'p>>,
    ) {
        let new = Terms::of(in_force.0, in_force.1, self.asked);
        match (self.phase, self.announced, new) {
            (Phase::Stopped, _, new) => {
                self.pending = new;
                self.terms = self.terms.filter(|_| new.is_some());
            }
            (_, false, None) => {}
            (_, false, Some(new)) => self.announce(at, new, statuses, out),
            (_, true, None) => self.cancel(at, Reason::Policy, out),
            (phase, true, Some(new)) => {
                self.pending = Some(new);
                match (phase, self.runs_in(statuses)) {
                    (Phase::Running, true) => {
                        let old_due = self.due;
                        self.run_from(at, statuses);
                        if self.due != old_due {
                            self.tell(Kind::DueChanged, at, None, out);
                        }
                    }
                    (Phase::Running, false) => {
                        self.adopt(at, statuses);
                        self.pause(at, out);
                    }
                    (_, true) => self.resume(at, statuses, out),
                    (_, false) => {}
                }
            }
        }
    }

    /// The case's status changed, to the last of `statuses`.
    pub(super) fn status_changed(&mut self, at: Timestamp, statuses: &Statuses, out: &mut Vec<ClockEvent<'p>>) {
        if self.phase == Phase::Stopped {
            self.phase = Phase::Paused;
            match (self.announced, self.pending.or(self.terms)) {
                (true, None) => self.announced = false,
                (false, Some(terms)) => return self.announce(at, terms, statuses, out),
                _ => {}
            }
        }
        if !self.announced {
            return;
        }
        match (self.phase, self.runs_in(statuses)) {
            (Phase::Running, false) => {
                self.count_until(at);
                self.pause(at, out);
            }
            (Phase::Paused, true) => self.resume(at, statuses, out),
            _ => {}
        }
    }

    /// Warns or breaches, as [`Clock::next`] said; whether it breached.
    pub(super) fn fire(&mut self, moment: Moment, out: &mut Vec<ClockEvent<'p>>) -> bool {
        if let Some((at, share)) = self.next_warning
            && moment.rank == Rank::Warning
        {
            self.warned.push(share);
            self.tell(Kind::Warned, at, None, out);
            self.plan_warning(at);
            return false;
        }
        let Some(at) = self.next_breach.take() else { return false };
        let applied = self.terms.is_some_and(|terms| self.elapsed_ms(at) > terms.target_ms);
        self.breach = Some(Breach { at, applied });
        self.next_warning = None;
        self.tell(Kind::Breached, at, applied.then_some(Reason::PolicyApplied), out);
        true
    }

    /// Ends it, in time or late.
    pub(super) fn stop(&mut self, at: Timestamp, reason: Option<Reason>, out: &mut Vec<ClockEvent<'p>>) {
        self.count_until(at);
        if self.announced && !self.end_told {
            let kind = if self.breach.is_some() { Kind::EndedLate } else { Kind::Met };
            self.tell(kind, at, reason, out);
        }
        self.end_told = true;
        self.halt(Phase::Stopped);
    }

    /// Ends it without a result.
    pub(super) fn cancel(&mut self, at: Timestamp, reason: Reason, out: &mut Vec<ClockEvent<'p>>) {
        self.count_until(at);
        if self.announced && !self.end_told {
            self.tell(Kind::Cancelled, at, Some(reason), out);
        }
        self.halt(Phase::Paused);
        (self.announced, self.terms, self.pending) = (false, None, None);
    }

    fn announce(&mut self, at: Timestamp, terms: Terms<'p>, statuses: &Statuses, out: &mut Vec<ClockEvent<'p>>) {
        (self.announced, self.end_told, self.pending) = (true, false, Some(terms));
        if self.runs_in(statuses) {
            self.phase = Phase::Running;
            self.run_from(at, statuses);
            self.tell_from(Kind::Started, self.asked.start, out);
        } else {
            self.phase = Phase::Paused;
            self.adopt(at, statuses);
            self.tell_from(Kind::Started, self.asked.start, out);
            self.tell(Kind::Paused, at, None, out);
        }
    }

    fn pause(&mut self, at: Timestamp, out: &mut Vec<ClockEvent<'p>>) {
        self.halt(Phase::Paused);
        self.tell(Kind::Paused, at, None, out);
    }

    fn resume(&mut self, at: Timestamp, statuses: &Statuses, out: &mut Vec<ClockEvent<'p>>) {
        (self.phase, self.end_told) = (Phase::Running, false);
        self.run_from(at, statuses);
        self.tell(Kind::Resumed, at, None, out);
    }

    fn halt(&mut self, phase: Phase) {
        self.phase = phase;
        (self.next_warning, self.next_breach) = (None, None);
    }

    fn runs_in(&self, statuses: &Statuses) -> bool {
        let status = statuses.last().map(|(_, status)| *status);
        status.is_some_and(|status| self.pending.or(self.terms).is_some_and(|terms| self.counts_in(&terms, status)))
    }

    fn counts_in(&self, terms: &Terms<'p>, status: Status) -> bool {
        !ends_in(self.key.metric, status) && !terms.pauses_in(status)
    }

    fn elapsed_ms(&self, at: Timestamp) -> i64 {
        match (self.phase, &self.terms) {
            (Phase::Running, Some(terms)) => self.used_ms.saturating_add(terms.open_between(self.since, at)),
            _ => self.used_ms,
        }
    }

    fn count_until(&mut self, at: Timestamp) {
        self.used_ms = self.elapsed_ms(at);
        self.since = at;
    }

    /// Lets it run from `at`, by the terms in force.
    fn run_from(&mut self, at: Timestamp, statuses: &Statuses) {
        self.adopt(at, statuses);
        self.since = at;
        let Some(terms) = self.terms else { return };
        let left_ms = terms.target_ms - self.used_ms;
        if left_ms > 0 {
            self.due = terms.earliest(at, left_ms);
            self.next_breach = self.due.and_then(|due| terms.latest_of(due));
        } else {
            self.due = self.due.or(Some(at));
            self.next_breach = if left_ms == 0 { terms.latest(at, 0) } else { Some(at) };
        }
        self.told_due = self.due;
        self.breach = self.breach.filter(|breach| !breach.applied || left_ms < 0);
        if self.breach.is_some() {
            self.next_breach = None;
        }
        self.plan_warning(at);
    }

    /// Counts the whole clock again if the terms are others.
    fn adopt(&mut self, until: Timestamp, statuses: &Statuses) {
        let Some(terms) = self.pending.take() else { return };
        self.terms = Some(terms);
        (self.used_ms, self.due) = (0, None);
        let ends = statuses.iter().skip(1).map(|(end, _)| *end).chain([until]);
        for ((from, status), end) in statuses.iter().zip(ends) {
            let from = (*from).max(self.asked.start);
            if from >= end || !self.counts_in(&terms, *status) {
                continue;
            }
            let open_ms = terms.open_between(from, end);
            if self.due.is_none() && self.used_ms + open_ms >= terms.target_ms {
                self.due = terms.earliest(from, terms.target_ms - self.used_ms);
            }
            self.used_ms += open_ms;
        }
    }

    fn plan_warning(&mut self, from: Timestamp) {
        let elapsed_ms = self.elapsed_ms(from);
        let Some(terms) = self.terms.filter(|_| self.breach.is_none()) else {
            self.next_warning = None;
            return;
        };
        let open = terms.warnings().filter(|(share, _)| !self.warned.contains(share));
        let planned = open.filter_map(|(share, used_ms)| {
            let left_ms = used_ms - elapsed_ms;
            let at = if left_ms < 0 { Some(from) } else { terms.latest(from, left_ms) };
            at.map(|at| (at, share))
        });
        self.next_warning = planned.min();
    }

    fn tell(&self, kind: Kind, at: Timestamp, reason: Option<Reason>, out: &mut Vec<ClockEvent<'p>>) {
        let due_at = match kind {
            Kind::Met | Kind::EndedLate => self.told_due,
            Kind::Paused => None,
            _ => self.due.filter(|_| self.phase == Phase::Running),
        };
        let Some(terms) = self.terms else { return };
        let breach_at = self.breach.map(|breach| breach.at);
        let elapsed_ms = self.elapsed_ms(at);
        out.push(ClockEvent { clock: self.key, kind, at, due_at, elapsed_ms, terms, breach_at, reason });
    }

    /// Tells of the start, at which nothing was used.
    fn tell_from(&self, kind: Kind, start: Timestamp, out: &mut Vec<ClockEvent<'p>>) {
        self.tell(kind, start, None, out);
        if let Some(event) = out.last_mut() {
            event.elapsed_ms = 0;
        }
    }
}
