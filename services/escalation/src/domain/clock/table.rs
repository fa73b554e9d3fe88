//! Which fact starts, stops, pauses and cancels which clock.
//!
//! | clock | starts | stops | cancelled by |
//! |---|---|---|---|
//! | acknowledge | case opened by the customer | acknowledgement, any reply | closed |
//! | first_reply | case opened by the customer, else their first message | a person's reply | closed, resolved by a bot |
//! | next_reply | oldest message not yet answered | a person's reply, resolved, closed | |
//! | periodic_update | each reply by a person to a live case | the next one, resolved, closed | |
//! | requester_wait, agent_work | case opened | closed; revived by leaving it | |
//! | resolution | case opened | resolved, closed; revived by leaving them | |
//! | promised | a promise | a later reply by a person, resolved, closed | a new promise |
//!
//! A case that leaves resolved or closed before any person replied starts a new first_reply.
//! A merge cancels all of them. Pauses follow from the terms in force.

use kefu_contracts::{Metric, Status, Timestamp};

use super::Reason;
use super::replay::Replay;
use super::running::ends_in;
use crate::domain::fact::{Fact, What};

/// What the facts of one event say together.
#[derive(Clone, Copy)]
struct Scene {
    /// Whether the customer turned to the shop with it, in person or by a call that the shop's side reports.
    by_customer: bool,
    merges: bool,
    /// The status after the event.
    status: Option<Status>,
}

impl Scene {
    fn of(event: &[Fact], before: Option<Status>) -> Self {
        let after = event.iter().rev().find_map(|fact| match fact.what {
            What::Status { to, .. } => Some(to),
            _ => None,
        });
        let opens = event.iter().any(|fact| matches!(fact.what, What::Opened { .. }));
        Self {
            by_customer: event.iter().any(|fact| fact.what == What::CustomerMessage),
            merges: event.iter().any(|fact| fact.what == What::Merged),
            status: after.or(before).or(opens.then_some(Status::Open)),
        }
    }

    /// Whether the case waits for work after the event; thanks that close it wait for no reply.
    fn live(self) -> bool {
        self.status.is_some_and(Status::is_live)
    }
}

impl Replay<'_, '_> {
    /// Applies the facts of one event.
    pub(super) fn apply(&mut self, event: &[Fact]) {
        let scene = Scene::of(event, self.status());
        if self.merged {
            return;
        }
        for fact in event {
            match fact.what {
                What::Opened { by_customer } if !self.opened() => {
                    self.open(fact.at, by_customer || scene.by_customer);
                }
                _ if !self.opened() => {}
                _ if scene.merges => return self.merge(fact.at),
                What::CustomerMessage => self.customer_wrote(fact.at, scene),
                What::Reply { skewed, promises } => {
                    self.person_replied(fact.at, skewed, scene);
                    if !promises {
                        self.stop(Metric::Promised, fact.at, None);
                    }
                }
                What::BotReply | What::Acknowledged => self.stop(Metric::Acknowledge, fact.at, None),
                What::Status { to, by_person } => self.change_status(fact.at, to, by_person),
                What::Promised { due_at } => self.promise(fact.at, due_at),
                What::Opened { .. }
                | What::Merged
                | What::Classified { .. }
                | What::Prioritised(_)
                | What::Assigned { .. } => {}
            }
        }
    }

    fn open(&mut self, at: Timestamp, by_customer: bool) {
        self.begin(at);
        if by_customer {
            self.customer_spoke = true;
            self.start(Metric::Acknowledge, at, None);
            self.start(Metric::FirstReply, at, None);
        }
        for metric in [Metric::RequesterWait, Metric::AgentWork, Metric::Resolution] {
            self.start(metric, at, None);
        }
    }

    fn customer_wrote(&mut self, at: Timestamp, scene: Scene) {
        let first = !std::mem::replace(&mut self.customer_spoke, true);
        if !scene.live() {
            return;
        }
        if first {
            self.start(Metric::FirstReply, at, None);
        }
        // The oldest open message counts; further ones do not move the clock.
        if !self.has(Metric::NextReply) {
            self.start(Metric::NextReply, at, None);
        }
    }

    fn person_replied(&mut self, at: Timestamp, skewed: bool, scene: Scene) {
        // What a person wrote before the customer did replies to nothing.
        self.replied |= self.customer_spoke;
        let reason = skewed.then_some(Reason::ClockSkew);
        for metric in [Metric::Acknowledge, Metric::FirstReply, Metric::NextReply, Metric::PeriodicUpdate] {
            self.stop(metric, at, reason);
        }
        if scene.live() {
            self.start(Metric::PeriodicUpdate, at, None);
        }
    }

    fn promise(&mut self, at: Timestamp, due_at: Timestamp) {
        if self.status() == Some(Status::Closed) {
            return;
        }
        self.cancel(Metric::Promised, at, Reason::Replaced);
        self.start(Metric::Promised, at, Some(due_at));
    }

    fn change_status(&mut self, at: Timestamp, to: Status, by_person: bool) {
        let Some(from) = self.status().filter(|from| *from != to) else { return };
        self.enter(at, to);
        match to {
            Status::Resolved | Status::Closed => {
                for metric in [Metric::NextReply, Metric::PeriodicUpdate, Metric::Promised] {
                    self.stop(metric, at, None);
                }
                if to == Status::Closed {
                    self.cancel(Metric::Acknowledge, at, Reason::Closed);
                    self.cancel(Metric::FirstReply, at, Reason::Closed);
                } else if !by_person {
                    self.cancel(Metric::FirstReply, at, Reason::ResolvedByBot);
                }
            }
            Status::Open | Status::PendingCustomer | Status::PendingDepartment => {
                let reopened = !from.is_live();
                if reopened && self.customer_spoke && !self.replied && !self.has(Metric::FirstReply) {
                    self.start(Metric::FirstReply, at, None);
                }
            }
        }
        for metric in Metric::ALL {
            if ends_in(*metric, to) {
                self.stop(*metric, at, None);
            } else {
                self.pause_or_resume(*metric, at);
            }
        }
        self.escalations.status_changed(at, from, to);
    }

    fn merge(&mut self, at: Timestamp) {
        for metric in Metric::ALL {
            self.cancel(*metric, at, Reason::Merged);
        }
        self.leave(at);
    }
}
