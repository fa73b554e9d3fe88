//! The processor that keeps the clocks of each case and raises its escalations.
//!
//! State holds the case's facts and what was told of them; everything else is computed again from the facts, so that
//! the order of arrival does not matter.

use std::sync::Arc;

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::command::Command;
use kefu_contracts::topic::{CASE_EVENTS, COMMAND_RESULTS, ESCALATIONS, SLA_EVENTS, TopicInfo};
use kefu_contracts::{Channel, Reject, Timestamp};
use kefu_processor::{Context, Done, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::acts::Asked;

use crate::domain::clock::difference::{Told, difference};
use crate::domain::clock::replay::{Outcome, Played, replay};
use crate::domain::escalation::difference::{Known, News, difference as escalation_difference};
use crate::domain::escalation::request::{About, about, read};
use crate::domain::fact::{Facts, Taken};
use crate::domain::moment::{LATENESS_MS, Moment, Rank};
use crate::records::CaseKey;
use crate::topics::{NOTICES, REQUESTS};

input! {
    /// What the processor reads.
    pub enum Read {
        /// A fact about a case.
        Fact(CaseEvent) from CASE_EVENTS,
        /// What somebody wants done to its escalations.
        Request(Command) from REQUESTS,
    }
}

/// What is remembered of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseClocks {
    /// Where the case came in.
    pub channel: Channel,
    /// The facts that decide.
    pub facts: Facts,
    /// What was told of its clocks, in order: the clocks as they stand.
    pub told: Vec<Told>,
    /// Its escalations.
    pub escalations: Vec<Known>,
    /// What people asked of it; most cases have none.
    asked: Option<Box<Asked>>,
    /// Whether it came in by the wall clock.
    live: bool,
    /// The moment that its timers have reached.
    reached: Moment,
    /// The moment for which the next timer is needed.
    next: Option<Moment>,
    /// When it is forgotten.
    forget_at: Option<Timestamp>,
    /// When something is to be told.
    tell_at: Option<Timestamp>,
    /// What was told takes the facts up to here into account.
    told_until: Timestamp,
}

impl StateRecord for CaseClocks {
    const VERSION: u8 = 1;
}

impl CaseClocks {
    fn new(channel: Channel, live: bool) -> Self {
        Self {
            channel,
            facts: Facts::default(),
            told: Vec::new(),
            escalations: Vec::new(),
            asked: None,
            live,
            reached: Moment::BEGINNING,
            next: None,
            forget_at: None,
            tell_at: None,
            told_until: Timestamp::MIN,
        }
    }

    /// What is to be played to learn how its clocks stand.
    pub fn played(&self) -> Played<'_> {
        self.playing(&self.facts)
    }

    fn playing<'f>(&'f self, facts: &'f Facts) -> Played<'f> {
        let acts = self.asked.as_ref().map_or(&[][..], |asked| &asked.acts);
        Played { facts, acts, channel: self.channel, live: self.live, reached: self.reached }
    }

    /// Plans to tell what follows from a fact, once everything up to it has arrived.
    fn plan_telling(&mut self, at: Timestamp) {
        let at = self.facts.unsettled_until().map_or(at, |settled| settled.max(at));
        self.tell_at = Some(self.tell_at.map_or(at, |planned| planned.min(at)));
    }

    /// Decides what people asked up to now, each at its instant.
    fn decide(&mut self, ctx: &mut Context<'_>) {
        let Some(mut asked) = self.asked.take() else { return };
        let commands = asked.waiting.take_until(ctx.now());
        let mut ledger = std::mem::take(&mut asked.ledger);
        self.asked = Some(asked);
        for command in &commands {
            ledger.decide(command, ctx, |ctx| self.answer(command, ctx));
        }
        ledger.expire(ctx.now());
        if let Some(asked) = &mut self.asked {
            asked.ledger = ledger;
        }
    }

    fn answer(&mut self, command: &Command, ctx: &mut Context<'_>) -> Result<Done, Reject> {
        let Some(About { escalation_id, .. }) = about(command).transpose()? else { return Ok(Done::ok(().into())) };
        let case = CaseKey::new(ctx.key());
        let is_meant = |known: &&Known| escalation_id.is_some_and(|id| case.escalation_id(known) == id);
        let meant = self.escalations.iter().find(is_meant);
        let (act, note) = read(command, meant, self.facts.status_at(ctx.now()))?;
        self.asked.get_or_insert_default().record(command, act, note)?;
        self.reached = self.reached.max(Moment::new(ctx.now(), Rank::Act));
        self.tell(ctx);
        let known = self.escalations.iter().find(|known| known.which() == act.which());
        let told = known.map(|known| CaseKey::new(ctx.key()).escalation(known).1);
        // contract records are plain data, which always has a JSON form
        Ok(Done::ok(serde_json::to_value(told).unwrap_or_default()))
    }

    /// Tells what is new since the last time, up to an instant that everything has arrived for.
    fn tell(&mut self, ctx: &mut Context<'_>) {
        self.told_until = self.told_until.max(ctx.now());
        // A policy that takes effect at this instant is among what has arrived.
        self.reached = self.reached.max(Moment::new(ctx.now(), Rank::Change));
        self.tell_at = self.facts.next_after(self.told_until);
        let case = CaseKey::new(ctx.key());
        let history = ctx.policies().history(ctx.tenant());
        let arrived = self.facts.until(self.told_until);
        let outcome = replay(self.playing(&arrived), history);
        for event in difference(&mut self.told, &outcome.events, history) {
            let at = event.at;
            ctx.emit(&SLA_EVENTS, ctx.key(), case.sla_event(&event), at);
        }
        for news in escalation_difference(&mut self.escalations, &outcome.raised) {
            match news {
                News::Changed(known, at) => {
                    let (key, escalation) = case.escalation(&known);
                    ctx.emit(&ESCALATIONS, key, escalation, at);
                }
                News::Tell(known, at, to) => {
                    let (key, notice) = case.notice(&known, at, &to, history.in_force(at.ms()));
                    ctx.emit(&NOTICES, key, notice, at);
                }
            }
        }
        self.settle(&outcome, ctx);
    }

    /// Whether nothing is left of it that could matter.
    fn is_over(&self, now: Timestamp) -> bool {
        self.forget_at.map_or(self.facts.list().is_empty(), |at| at <= now)
    }

    fn settle(&mut self, outcome: &Outcome<'_>, ctx: &Context<'_>) {
        self.next = outcome.next;
        // What was told stays told: a late event does not hold back again what follows it.
        self.reached = self.reached.max(outcome.told_until.unwrap_or(Moment::BEGINNING));
        let forget_at = self.facts.forgotten_at(outcome.ended_at, ctx.policies().history(ctx.tenant()));
        // a closed case may be followed for longer
        self.forget_at = forget_at.map(|at| self.next.map_or(at, |next| next.at.max(at)));
    }
}

/// Keeps the clocks of each case.
pub struct Clocks;

impl Processor for Clocks {
    const NAME: &'static str = "clocks";
    const HEEDS_POLICIES: bool = true;
    /// A breach is not decided before the watermark has passed it: verdicts may still be on their way.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[SLA_EVENTS.info, ESCALATIONS.info, NOTICES.info, COMMAND_RESULTS.info];
    type State = CaseClocks;
    type Input = Read;

    fn heeds(&self, input: &Read) -> bool {
        match input {
            Read::Fact(fact) => Facts::concern(fact),
            Read::Request(_) => true,
        }
    }

    fn on_record(&self, state: &mut Option<CaseClocks>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let live = ctx.clock().live;
        let fact = match input {
            Read::Fact(fact) => fact,
            Read::Request(command) => {
                // a case that is not known here may not have come yet; its facts tell its channel
                let case = state.get_or_insert_with(|| CaseClocks::new(Channel::Chat, live));
                return case.asked.get_or_insert_default().waiting.add(Arc::unwrap_or_clone(command));
            }
        };
        let case = state.get_or_insert_with(|| CaseClocks::new(fact.channel, live));
        match case.facts.take_from(&fact, &mut case.channel)? {
            Taken::Repeated => ctx.duplicate(),
            Taken::Irrelevant if case.facts.list().is_empty() => case.forget_at = Some(fact.at.plus_ms(LATENESS_MS)),
            Taken::Irrelevant => {}
            Taken::Changed => case.plan_telling(fact.at),
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseClocks>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(case) = state else { return Ok(()) };
        if case.tell_at.is_some_and(|at| at <= ctx.now()) {
            case.tell(ctx);
        } else if let Some(next) = case.next.filter(|next| next.at <= ctx.now()) {
            case.reached = case.reached.max(next.reached());
            case.tell(ctx);
        } else {
            case.decide(ctx);
            let is_asked = case.asked.as_ref().is_some_and(|asked| !asked.is_done());
            if !is_asked && case.is_over(ctx.now()) {
                *state = None;
            }
        }
        Ok(())
    }

    fn due(&self, state: &CaseClocks) -> Option<Due> {
        let next = state.next.map(Moment::due);
        let tell = state.tell_at.map(|at| Due::once(at, TimerClass::First));
        let asked = state.asked.as_ref();
        let command = asked.and_then(|asked| asked.waiting.next()).map(|at| Due::once(at, TimerClass::Last));
        let expiry = asked.and_then(|asked| asked.ledger.next_expiry());
        // answers go first, then the case
        let forget = expiry.or(state.forget_at).map(Due::tidy);
        [next, tell, command, forget].into_iter().flatten().min()
    }

    fn on_policies(&self, state: &mut Option<CaseClocks>, _: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(case) = state {
            case.plan_telling(case.told_until);
        }
        Ok(())
    }
}
