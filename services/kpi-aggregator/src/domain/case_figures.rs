//! The figures of a case: a pure function of its facts.
//!
//! Rows follow the case's current category, subtype and labels; priority, team and agent are those after all facts of
//! the instant a figure counts at; figures of a reply go to who replied.

use std::sync::Arc;

use kefu_contracts::{Category, Metric, Status, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::case_facts::{CallOutcome, CaseFacts, Fact, What, at_instant};
use crate::domain::difference::Figure;
use crate::domain::dimensions::Place;
use crate::domain::metric::{Count, Timing};
use crate::domain::verdicts::{Clock, Stop, Verdict};
use crate::domain::waits::{Wait, Waits, waits};

/// A closing is final for first-contact figures after this long without a reopening.
pub const SETTLED_AFTER_MS: i64 = 7 * 86_400_000;

/// Where a case stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it is open or pending.
    pub is_live: bool,
    /// When it was closed, while it stays so.
    pub closed: Option<Timestamp>,
}

/// Where the case stands after all its facts.
pub fn standing(facts: &[Arc<Fact>]) -> Standing {
    let mut standing = Standing::default();
    for fact in facts {
        match fact.what {
            What::Opened { .. } => standing.is_live = true,
            What::Status { to, .. } => {
                standing.is_live = to.is_live();
                standing.closed = (to == Status::Closed).then_some(fact.at());
            }
            _ => {}
        }
    }
    standing
}

/// Everything that a case contributes.
pub fn figures(case: &CaseFacts) -> Vec<Figure<'_>> {
    let mut sheet = Sheet { figures: Vec::with_capacity(case.facts.len() * 2), timeline: timeline(case) };
    for fact in &case.facts {
        sheet.events(fact);
    }
    let waits = waits(&case.facts);
    sheet.waits(&waits, &case.clocks);
    for clock in &case.clocks {
        sheet.clock(clock, &waits, &case.facts);
    }
    sheet.outcome(case);
    sheet.backlog();
    sheet.figures
}

/// What holds from an instant on.
#[derive(Clone, Copy)]
struct Span<'a> {
    from: Timestamp,
    is_live: bool,
    place: Place<'a>,
}

/// The spans of a case, one for each instant at which it has facts.
fn timeline(case: &CaseFacts) -> Vec<Span<'_>> {
    let mut place = Place { channel: Some(case.channel.as_str()), ..Place::default() };
    if let Some(labels) = case.labels() {
        place.shop = labels.shop.as_deref();
        place.product = labels.product.as_deref();
    }
    let category = case.facts.iter().rev().find_map(|fact| match fact.what {
        What::Classified { category: Some(category), subtype } => Some((category, subtype)),
        _ => None,
    });
    if let Some((category, subtype)) = category {
        place.category = Some(category.as_str());
        place.subtype = subtype.map(|subtype| subtype.as_str());
    }
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut now = Span { from: Timestamp::MIN, is_live: false, place };
    for fact in &case.facts {
        now.learn(fact);
        match spans.last_mut() {
            Some(last) if last.from == now.from => *last = now,
            _ => spans.push(now),
        }
    }
    spans
}

impl<'a> Span<'a> {
    fn learn(&mut self, fact: &'a Fact) {
        self.from = fact.at();
        let place = &mut self.place;
        match &fact.what {
            What::Opened { .. } => self.is_live = true,
            What::Assigned { agent, team } => {
                place.agent = agent.as_deref();
                place.team = team.as_deref().or(place.team);
            }
            What::Priority(priority) => place.priority = Some(priority.as_str()),
            What::Status { to, .. } => self.is_live = to.is_live(),
            _ => {}
        }
    }
}

struct Sheet<'a> {
    figures: Vec<Figure<'a>>,
    timeline: Vec<Span<'a>>,
}

impl<'a> Sheet<'a> {
    /// Where a figure at `at` belongs; before the first fact that is where the case began.
    fn place(&self, at: Timestamp) -> Place<'a> {
        let after = self.timeline.partition_point(|span| span.from <= at);
        let span = self.timeline.get(after.saturating_sub(1));
        span.map_or_else(Place::default, |span| span.place)
    }

    /// The same for what an agent did.
    fn place_of(&self, at: Timestamp, agent: Option<&'a str>) -> Place<'a> {
        Place { agent, ..self.place(at) }
    }

    fn one(&mut self, metric: Count, at: Timestamp, place: Place<'a>) {
        self.figures.push(Figure::one(metric, at, place));
    }

    fn time(&mut self, metric: Timing, ms: i64, at: Timestamp, place: Place<'a>) {
        self.figures.push(Figure::time(metric, ms, at, place));
    }

    fn events(&mut self, fact: &'a Fact) {
        let at = fact.at();
        let place = self.place(at);
        match &fact.what {
            What::Opened { .. } => {
                self.one(Count::CasesOpened, at, place);
                if place.category == Some(Category::Complaint.as_str()) {
                    self.one(Count::Complaints, at, place);
                }
            }
            What::CustomerMessage => self.one(Count::MessagesIn, at, place),
            What::Reply { agent } => self.one(Count::MessagesOut, at, self.place_of(at, agent.as_deref())),
            What::BotReply => self.one(Count::MessagesOut, at, self.place_of(at, None)),
            What::Call { outcome, agent } => self.call(*outcome, at, agent.as_deref().or(place.agent)),
            What::Status { from, to, .. } => match to {
                Status::Resolved => self.one(Count::CasesResolved, at, place),
                Status::Closed => self.one(Count::CasesClosed, at, place),
                Status::Open if matches!(from, Some(Status::Resolved | Status::Closed)) => {
                    self.one(Count::CasesReopened, at, place);
                }
                Status::Open | Status::PendingCustomer | Status::PendingDepartment => {}
            },
            What::Acknowledged
            | What::Assigned { .. }
            | What::Classified { .. }
            | What::Priority(_)
            | What::Merged
            | What::Aside => {}
        }
    }

    fn call(&mut self, outcome: CallOutcome, at: Timestamp, agent: Option<&'a str>) {
        let place = self.place_of(at, agent);
        self.one(Count::CallsOffered, at, place);
        match outcome {
            CallOutcome::Answered { in_target } => {
                self.one(Count::CallsAnswered, at, place);
                if in_target {
                    self.one(Count::AnsweredInTarget, at, place);
                }
            }
            CallOutcome::Abandoned { short } => {
                self.one(Count::CallsAbandoned, at, place);
                if short {
                    self.one(Count::CallsAbandonedShort, at, place);
                }
            }
            CallOutcome::Voicemail => {}
        }
    }

    fn waits(&mut self, waits: &Waits<'a>, clocks: &[Clock]) {
        let assigned = [(Timing::Acknowledge, waits.acknowledge), (Timing::Resolution, waits.resolution)];
        for (metric, wait) in assigned {
            if let Some(Wait { at, ms, .. }) = wait {
                self.time(metric, ms, at, self.place(at));
            }
        }
        let measured = |wait: &&Wait<'_>| {
            let mut stops = clocks.iter().filter(|clock| clock.metric == Metric::NextReply);
            stops.any(|clock| clock.stop.is_some_and(|stop| stop.at == wait.at))
        };
        let first = waits.first_reply.iter().map(|wait| (Timing::FirstReply, wait));
        let next = waits.next_reply.iter().chain(waits.before_first.iter().filter(measured));
        for (metric, wait) in first.chain(next.map(|wait| (Timing::NextReply, wait))) {
            self.time(metric, wait.ms, wait.at, self.place_of(wait.at, wait.agent));
        }
    }

    fn clock(&mut self, clock: &Clock, waits: &Waits<'a>, facts: &'a [Arc<Fact>]) {
        let metric = clock.metric;
        let stop_place = |at: Timestamp| match metric {
            Metric::FirstReply | Metric::NextReply => {
                let wait = waits.until(metric, at);
                self.place_of(at, wait.map_or_else(|| replier(at, facts), |wait| wait.agent))
            }
            _ => self.place(at),
        };
        let counted = clock.verdict().map(|verdict| match verdict {
            Verdict::Met(at) => Figure::one(Count::SlaMet(metric), at, stop_place(at)),
            Verdict::Breached(at) => Figure::one(Count::SlaBreached(metric), at, self.place(at)),
        });
        let timed = clock.stop.and_then(|Stop { at, elapsed_ms, .. }| {
            let timing = match metric {
                Metric::Acknowledge => Timing::AcknowledgeBusiness,
                Metric::FirstReply => Timing::FirstReplyBusiness,
                Metric::NextReply => Timing::NextReplyBusiness,
                Metric::Resolution => Timing::ResolutionBusiness,
                Metric::PeriodicUpdate | Metric::RequesterWait | Metric::AgentWork | Metric::Promised => return None,
            };
            // beside the wall time of the same stop, never alone
            let at = waits.until(metric, at)?.at;
            Some(Figure::time(timing, elapsed_ms, at, stop_place(at)))
        });
        self.figures.extend(counted.into_iter().chain(timed));
    }

    /// What can be said of a closed case as a whole.
    fn outcome(&mut self, case: &'a CaseFacts) {
        let Some(closed) = standing(&case.facts).closed else { return };
        let (mut replies, mut reopened, mut merged, mut solved_last) = (0, false, false, false);
        for fact in &case.facts {
            match &fact.what {
                What::Reply { .. } => replies += 1,
                What::Merged => merged = true,
                What::Status { to: Status::Closed, solved, .. } => solved_last = *solved,
                What::Status { from: Some(Status::Resolved | Status::Closed), to: Status::Open, .. } => reopened = true,
                _ => {}
            }
        }
        if merged {
            return;
        }
        if replies == 0 && solved_last {
            self.one(Count::AutoAnswered, closed, self.place(closed));
        }
        if replies == 1 && !reopened {
            self.one(Count::FirstContactResolved, closed, self.place(closed));
            if case.settled == Some(closed) {
                let settled = closed.plus_ms(SETTLED_AFTER_MS);
                self.one(Count::FirstContactFinal, settled, self.place(settled));
            }
        }
    }

    /// The case enters and leaves the backlog of each set of dimensions it passes through.
    fn backlog(&mut self) {
        let mut inside: Option<Place<'a>> = None;
        for span in &self.timeline {
            let next = span.is_live.then_some(span.place);
            if next != inside {
                let left = inside.map(|place| Figure::many(Count::BacklogChange, -1, span.from, place));
                let entered = next.map(|place| Figure::many(Count::BacklogChange, 1, span.from, place));
                self.figures.extend(left.into_iter().chain(entered));
                inside = next;
            }
        }
    }
}

/// The agent whose reply, or whose resolving or closing, stopped a clock at `at`.
fn replier(at: Timestamp, facts: &[Arc<Fact>]) -> Option<&str> {
    at_instant(facts, at).iter().find_map(|fact| match &fact.what {
        What::Reply { agent } | What::Status { agent, .. } => agent.as_deref(),
        _ => None,
    })
}
