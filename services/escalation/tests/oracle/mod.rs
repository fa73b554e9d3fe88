//! The clocks of a case by counting minutes, one after another: slow, and without a line of the service's domain.
//!
//! All instants are whole minutes, counted from 2026-03-02T00:00Z, a Monday.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod table;

pub(crate) use table::{Demand, Happening, Line, Policy};

use std::collections::BTreeSet;

use kefu_contracts::{Metric, Priority, Status};
use table::is_open;

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Runs,
    Rests,
    Over,
}

struct Clock {
    metric: Metric,
    start: i64,
    promised: Option<i64>,
    before_first_reply: bool,
    phase: Phase,
    announced: bool,
    ended: bool,
    counted_by: Option<Demand>,
    in_force: Option<Demand>,
    used: i64,
    told_due: Option<i64>,
    breach: Option<bool>,
    warned: BTreeSet<i64>,
}

/// A case, minute by minute.
pub(crate) struct Oracle {
    policy: Policy,
    version: usize,
    priority: Priority,
    statuses: Vec<(i64, Status)>,
    clocks: Vec<Clock>,
    spoke: bool,
    replied: bool,
    pub(crate) lines: Vec<Line>,
}

const LONG_LIVED: [Metric; 3] = [Metric::RequesterWait, Metric::AgentWork, Metric::Resolution];

fn over_in(metric: Metric, status: Status) -> bool {
    match metric {
        Metric::Resolution => !status.is_live(),
        Metric::RequesterWait | Metric::AgentWork => status == Status::Closed,
        _ => false,
    }
}

impl Oracle {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            version: 0,
            priority: Priority::Normal,
            statuses: Vec::new(),
            clocks: Vec::new(),
            spoke: false,
            replied: false,
            lines: Vec::new(),
        }
    }

    /// Plays a case until `end`; a second version of the policy takes effect at `change`.
    pub(crate) fn play(&mut self, story: &[(i64, Happening)], change: i64, end: i64) {
        let first = story.first().map_or(0, |(minute, _)| *minute);
        self.version = usize::from(change <= first);
        let last = story.last().map_or(first, |(minute, _)| *minute).max(change);
        for minute in first..=end {
            let settled = |clock: &Clock| clock.phase != Phase::Runs || clock.breach.is_some();
            if minute > last && self.clocks.iter().all(settled) {
                break;
            }
            if minute == change && minute > first {
                self.version = 1;
                self.retune(minute);
            }
            let now = || story.iter().filter(move |(at, _)| *at == minute).map(|(_, happening)| happening);
            now().filter(|h| **h != Happening::AutoClose).for_each(|h| self.happen(minute, h));
            self.warn(minute);
            self.breach(minute);
            now().filter(|h| **h == Happening::AutoClose).for_each(|h| self.happen(minute, h));
            for clock in &mut self.clocks {
                let open = clock.counted_by.as_ref().is_some_and(|demand| is_open(demand, minute));
                clock.used += i64::from(clock.phase == Phase::Runs && open);
            }
        }
    }

    fn status(&self) -> Status {
        self.statuses.last().map_or(Status::Open, |(_, status)| *status)
    }

    fn status_at(&self, minute: i64) -> Status {
        let begun = self.statuses.iter().rev().find(|(from, _)| *from <= minute);
        begun.map_or(Status::Open, |(_, status)| *status)
    }

    fn counts(&self, metric: Metric, demand: &Demand, minute: i64) -> bool {
        let status = self.status_at(minute);
        !over_in(metric, status) && !demand.pauses.contains(&status) && is_open(demand, minute)
    }

    fn recount(&self, clock: &Clock, demand: &Demand, until: i64) -> i64 {
        (clock.start..until).filter(|minute| self.counts(clock.metric, demand, *minute)).count() as i64
    }

    /// The first minute with the target used up, if the status stays as it is.
    fn due(&self, clock: &Clock) -> Option<i64> {
        let demand = clock.counted_by.as_ref()?;
        let mut used = 0;
        let mut minute = clock.start;
        while used < demand.target {
            used += i64::from(self.counts(clock.metric, demand, minute));
            minute += 1;
        }
        Some(minute)
    }

    fn demand(&self, clock: &Clock) -> Option<Demand> {
        let warn_at = (self.policy.warn_at)(self.version, self.priority).to_vec();
        match clock.promised {
            None => (self.policy.demand)(self.version, self.priority, clock.metric, clock.before_first_reply),
            Some(minutes) => Some(Demand { office: false, target: minutes, pauses: Vec::new(), warn_at }),
        }
    }

    fn tell(&mut self, clock: &Clock, event: &'static str, at: i64, reason: Option<&'static str>) {
        let due = match event {
            "paused" => None,
            "met" | "ended_late" => clock.told_due,
            _ if clock.phase == Phase::Runs => clock.told_due,
            _ => None,
        };
        let used = if event == "started" { 0 } else { clock.used };
        self.lines.push(Line { at, metric: clock.metric.as_str(), event, due, used, reason });
    }

    /// Lets each clock see a change; what it does with it is up to `work`.
    fn each(&mut self, mut work: impl FnMut(&mut Self, &mut Clock)) {
        let mut clocks = std::mem::take(&mut self.clocks);
        clocks.iter_mut().for_each(|clock| work(self, clock));
        clocks.append(&mut self.clocks);
        self.clocks = clocks;
    }

    fn may_run(&self, clock: &Clock) -> bool {
        let demand = clock.in_force.as_ref();
        demand.is_some_and(|demand| !over_in(clock.metric, self.status()) && !demand.pauses.contains(&self.status()))
    }

    /// Counts it anew by the demands in force, its whole time.
    fn adopt(&mut self, clock: &mut Clock, minute: i64) {
        clock.counted_by = clock.in_force.clone();
        let demand = clock.counted_by.clone().unwrap();
        clock.used = self.recount(clock, &demand, minute);
    }

    fn run(&mut self, clock: &mut Clock, minute: i64) {
        clock.phase = Phase::Runs;
        self.adopt(clock, minute);
        clock.told_due = self.due(clock);
        let target = clock.counted_by.as_ref().map_or(0, |demand| demand.target);
        if clock.breach == Some(true) && clock.used <= target {
            clock.breach = None;
        }
    }

    fn announce(&mut self, clock: &mut Clock, minute: i64) {
        (clock.announced, clock.ended) = (true, false);
        clock.counted_by = None;
        if self.may_run(clock) {
            self.run(clock, minute);
            self.tell(clock, "started", clock.start, None);
        } else {
            self.adopt(clock, minute);
            clock.phase = Phase::Rests;
            self.tell(clock, "started", clock.start, None);
            self.tell(clock, "paused", minute, None);
        }
    }

    fn retune(&mut self, minute: i64) {
        self.each(|case, clock| {
            clock.in_force = case.demand(clock);
            case.retune_one(clock, minute);
        });
    }

    fn retune_one(&mut self, clock: &mut Clock, minute: i64) {
        match (clock.phase, clock.announced, clock.in_force.is_some()) {
            (Phase::Over, ..) | (_, false, false) => {}
            (_, false, true) => self.announce(clock, minute),
            (_, true, false) => {
                if !clock.ended {
                    self.tell(clock, "cancelled", minute, Some("policy"));
                }
                (clock.announced, clock.phase) = (false, Phase::Rests);
            }
            (Phase::Runs, true, true) if self.may_run(clock) => {
                let before = clock.told_due;
                self.run(clock, minute);
                if clock.told_due != before {
                    self.tell(clock, "due_changed", minute, None);
                }
            }
            (Phase::Runs, true, true) => {
                self.adopt(clock, minute);
                clock.phase = Phase::Rests;
                self.tell(clock, "paused", minute, None);
            }
            (Phase::Rests, true, true) if self.may_run(clock) => self.resume(clock, minute),
            (Phase::Rests, true, true) => {}
        }
    }

    fn resume(&mut self, clock: &mut Clock, minute: i64) {
        clock.ended = false;
        self.run(clock, minute);
        self.tell(clock, "resumed", minute, None);
    }

    fn start(&mut self, metric: Metric, minute: i64, promised: Option<i64>) {
        let mut clock = Clock {
            metric,
            start: minute,
            promised,
            before_first_reply: metric == Metric::NextReply && !self.replied,
            phase: Phase::Rests,
            announced: false,
            ended: false,
            counted_by: None,
            in_force: None,
            used: 0,
            told_due: None,
            breach: None,
            warned: BTreeSet::new(),
        };
        clock.in_force = self.demand(&clock);
        self.retune_one(&mut clock, minute);
        self.clocks.push(clock);
    }

    fn stop(&mut self, metric: Metric, minute: i64) {
        self.each(|case, clock| {
            if clock.metric == metric {
                if clock.announced && !clock.ended {
                    case.tell(clock, if clock.breach.is_some() { "ended_late" } else { "met" }, minute, None);
                }
                (clock.ended, clock.phase) = (true, Phase::Over);
            }
        });
        self.clocks.retain(|clock| clock.metric != metric || LONG_LIVED.contains(&metric));
    }

    fn cancel(&mut self, metric: Metric, minute: i64, reason: &'static str) {
        self.each(|case, clock| {
            if clock.metric == metric && clock.announced {
                case.tell(clock, "cancelled", minute, Some(reason));
            }
        });
        self.clocks.retain(|clock| clock.metric != metric);
    }

    fn has(&self, metric: Metric) -> bool {
        self.clocks.iter().any(|clock| clock.metric == metric)
    }

    fn happen(&mut self, minute: i64, happening: &Happening) {
        match happening {
            Happening::Opened { by_customer, priority } => {
                (self.priority, self.spoke) = (*priority, *by_customer);
                self.statuses.push((minute, Status::Open));
                if *by_customer {
                    self.start(Metric::Acknowledge, minute, None);
                    self.start(Metric::FirstReply, minute, None);
                }
                LONG_LIVED.into_iter().for_each(|metric| self.start(metric, minute, None));
            }
            Happening::Message => {
                let first = !std::mem::replace(&mut self.spoke, true);
                if first {
                    self.start(Metric::FirstReply, minute, None);
                }
                if !self.has(Metric::NextReply) {
                    self.start(Metric::NextReply, minute, None);
                }
                if matches!(self.status(), Status::PendingCustomer | Status::Resolved | Status::Closed) {
                    self.go(minute, Status::Open, false);
                }
            }
            Happening::Reply => self.reply(minute, true),
            Happening::BotReply | Happening::Acknowledged => self.stop(Metric::Acknowledge, minute),
            Happening::Status { to, by_bot } => self.go(minute, *to, *by_bot),
            Happening::Priority(priority) => {
                self.priority = *priority;
                self.retune(minute);
            }
            Happening::Promise { minutes, says } => {
                if *says {
                    self.reply(minute, false);
                }
                if self.status() != Status::Closed {
                    self.cancel(Metric::Promised, minute, "replaced");
                    self.start(Metric::Promised, minute, Some(*minutes));
                }
            }
            Happening::AutoClose => self.go(minute, Status::Closed, true),
        }
    }

    fn reply(&mut self, minute: i64, keeps_promises: bool) {
        self.replied |= self.spoke;
        for metric in [Metric::Acknowledge, Metric::FirstReply, Metric::NextReply, Metric::PeriodicUpdate] {
            self.stop(metric, minute);
        }
        if keeps_promises {
            self.stop(Metric::Promised, minute);
        }
        if self.status().is_live() {
            self.start(Metric::PeriodicUpdate, minute, None);
        }
    }

    fn go(&mut self, minute: i64, to: Status, by_bot: bool) {
        let from = self.status();
        if from == to {
            return;
        }
        self.statuses.push((minute, to));
        if !to.is_live() {
            for metric in [Metric::NextReply, Metric::PeriodicUpdate, Metric::Promised] {
                self.stop(metric, minute);
            }
        }
        if to == Status::Closed {
            self.cancel(Metric::Acknowledge, minute, "closed");
            self.cancel(Metric::FirstReply, minute, "closed");
        }
        if to == Status::Resolved && by_bot {
            self.cancel(Metric::FirstReply, minute, "resolved_by_bot");
        }
        if !from.is_live() && to.is_live() && self.spoke && !self.replied && !self.has(Metric::FirstReply) {
            self.start(Metric::FirstReply, minute, None);
        }
        let over: Vec<Metric> = LONG_LIVED.into_iter().filter(|metric| over_in(*metric, to)).collect();
        over.iter().for_each(|metric| self.stop(*metric, minute));
        self.each(|case, clock| {
            if over.contains(&clock.metric) {
                return;
            }
            if clock.phase == Phase::Over {
                clock.phase = Phase::Rests;
                if clock.in_force.is_none() {
                    clock.announced = false;
                } else if !clock.announced {
                    return case.announce(clock, minute);
                }
            }
            if clock.announced && clock.phase == Phase::Runs && !case.may_run(clock) {
                clock.phase = Phase::Rests;
                case.tell(clock, "paused", minute, None);
            } else if clock.announced && clock.phase == Phase::Rests && case.may_run(clock) {
                case.resume(clock, minute);
            }
        });
    }

    fn warn(&mut self, minute: i64) {
        self.each(|case, clock| {
            let Some(demand) = clock.counted_by.clone().filter(|_| clock.phase == Phase::Runs) else { return };
            for share in demand.warn_at.iter().filter(|_| clock.breach.is_none()) {
                let used = demand.target * share / 100;
                let reached = clock.used > used || (clock.used == used && is_open(&demand, minute));
                if reached && clock.warned.insert(*share) {
                    case.tell(clock, "warned", minute, None);
                }
            }
        });
    }

    fn breach(&mut self, minute: i64) {
        self.each(|case, clock| {
            let Some(demand) = clock.counted_by.clone().filter(|_| clock.phase == Phase::Runs) else { return };
            let applied = clock.used > demand.target;
            if clock.breach.is_none() && (applied || (clock.used == demand.target && is_open(&demand, minute))) {
                clock.breach = Some(applied);
                case.tell(clock, "breached", minute, applied.then_some("policy_applied"));
            }
        });
    }
}
