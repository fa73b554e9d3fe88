//! The figures of cases.

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::sla_event::SlaEvent;
use kefu_contracts::topic::{CASE_EVENTS, SLA_EVENTS, TopicInfo};
use kefu_contracts::{Channel, Code, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_facts::{CaseFacts, Learnt, MAX_FACTS};
use crate::domain::case_figures::{SETTLED_AFTER_MS, Standing, figures, standing};
use crate::domain::difference::difference;
use crate::domain::window::{MINUTE_MS, beat, forgotten_at};
use crate::flow::{MINUTES, send};

/// Keeps each case's facts and sends on how its figures change. Keyed by `tenant/case_id`.
#[derive(Clone, Copy, Debug)]
pub struct Cases;

input! {
    /// What is read of a case.
    pub enum CaseInput {
        /// A fact about it.
        Fact(CaseEvent) from CASE_EVENTS,
        /// A turn of one of its clocks.
        Clock(SlaEvent) from SLA_EVENTS,
    }
}

/// What is remembered of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseState {
    case: CaseFacts,
    standing: Standing,
    /// When no row that it counts in can change any more.
    forget_at: Timestamp,
    untold: Option<Untold>,
}

/// What an instant changed goes out when the instant is over: an event leads to several facts of its instant, and each
/// by itself would go to every row it counts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Untold {
    /// The facts whose figures went out.
    before: CaseFacts,
    /// The instant.
    at: Timestamp,
    /// When the last of what changed them arrived.
    as_of: Timestamp,
}

impl Untold {
    /// Whether what changes at `at`, and arrived at `as_of`, may go out with it. What arrived in another minute may
    /// not: rows take what came in time, and what came late, apart.
    fn takes(&self, at: Timestamp, as_of: Timestamp) -> bool {
        self.at == at && beat(self.as_of, MINUTE_MS) == beat(as_of, MINUTE_MS)
    }
}

impl StateRecord for CaseState {
    const VERSION: u8 = 1;
}

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const HEEDS_END: bool = true;
    const OUTPUTS: &'static [TopicInfo] = &[MINUTES.info];
    type State = CaseState;
    type Input = CaseInput;

    fn on_record(&self, state: &mut Option<CaseState>, input: CaseInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let at = input.at();
        let mut known = state.take().unwrap_or_else(|| CaseState::new(input.channel()));
        let as_of = ctx.clock().came_in(at);
        if known.untold.as_ref().is_some_and(|untold| !untold.takes(at, as_of)) {
            known.tell(ctx);
        }
        let before = known.case.clone();
        let learnt = match input {
            CaseInput::Fact(event) => known.case.learn(&event, ctx.policies().in_force(ctx.tenant(), at.ms())),
            CaseInput::Clock(event) => known.case.learn_clock(&event),
        };
        match learnt {
            Learnt::Changed | Learnt::Nothing => known.changed(before, at, as_of),
            Learnt::Known => ctx.duplicate(),
            Learnt::Full => {
                let detail =
                    format!("the case has {MAX_FACTS} facts or clocks and takes no more; its figures stay as they are");
                return Err(Reject::new(Code::TooLarge, detail));
            }
        }
        *state = known.kept(ctx);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let now = ctx.now();
        let Some(mut known) = state.take() else { return Ok(()) };
        if known.untold.as_ref().is_some_and(|untold| untold.at <= now) {
            known.tell(ctx);
            *state = known.kept(ctx);
        } else if let Some(closed) = known.settling().filter(|closed| closed.plus_ms(SETTLED_AFTER_MS) <= now) {
            let before = known.case.clone();
            known.case.settled = Some(closed);
            known.changed(before, now, ctx.clock().came_in(now));
            known.tell(ctx);
            *state = known.kept(ctx);
        } else if known.standing.is_live {
            // an open case counts in the backlog for as long as it is open
            let zone = ctx.policies().in_force(ctx.tenant(), now.ms()).zone();
            known.forget_at = forgotten_at(zone, now).max(known.forget_at.plus_ms(1));
            *state = Some(known);
        } else {
            known.tell(ctx);
        }
        Ok(())
    }

    fn due(&self, state: &CaseState) -> Option<Due> {
        let untold = state.untold.as_ref().map(|untold| Due::once(untold.at, TimerClass::Last));
        let later = match state.settling() {
            Some(closed) => Due::once(closed.plus_ms(SETTLED_AFTER_MS), TimerClass::Last),
            None => Due::recurring(state.forget_at, TimerClass::Last),
        };
        Some(untold.filter(|untold| untold.at <= later.at).unwrap_or(later))
    }

    fn on_end(&self, state: &mut Option<CaseState>, ctx: &mut Context<'_>) {
        if let Some(known) = state {
            known.tell(ctx);
        }
    }
}

impl CaseInput {
    fn at(&self) -> Timestamp {
        match self {
            CaseInput::Fact(event) => event.at,
            CaseInput::Clock(event) => event.at,
        }
    }

    /// A clock's event may come first: the channel is put right by the first fact.
    fn channel(&self) -> Channel {
        match self {
            CaseInput::Fact(event) => event.channel,
            CaseInput::Clock(_) => Channel::Chat,
        }
    }
}

impl CaseState {
    fn new(channel: Channel) -> Self {
        let case = CaseFacts::new(channel);
        Self { case, standing: Standing::default(), forget_at: Timestamp::MIN, untold: None }
    }

    /// Notes what the facts of `at`, which arrived at `as_of`, changed since `before`.
    fn changed(&mut self, before: CaseFacts, at: Timestamp, as_of: Timestamp) {
        match &mut self.untold {
            Some(untold) => untold.as_of = untold.as_of.max(as_of),
            None if before == self.case => {}
            None => self.untold = Some(Untold { before, at, as_of }),
        }
    }

    /// Sends what changed.
    fn tell(&mut self, ctx: &mut Context<'_>) {
        let Some(Untold { before, as_of, .. }) = self.untold.take() else { return };
        if before != self.case {
            send(difference(figures(&before), figures(&self.case)), as_of, ctx);
        }
    }

    /// The state to keep, brought up to date; none if nothing is left to know.
    fn kept(mut self, ctx: &mut Context<'_>) -> Option<Self> {
        let Some(last) = self.case.last() else {
            self.tell(ctx);
            return None;
        };
        self.standing = standing(&self.case.facts);
        let settled = self.standing.closed.map_or(last, |closed| closed.plus_ms(SETTLED_AFTER_MS));
        let zone = ctx.policies().in_force(ctx.tenant(), last.ms()).zone();
        self.forget_at = forgotten_at(zone, last.max(settled));
        Some(self)
    }

    /// The closing whose seven days are not over yet.
    fn settling(&self) -> Option<Timestamp> {
        self.standing.closed.filter(|closed| self.case.settled != Some(*closed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_late_does_not_go_out_with_what_came_in_time() {
        let at = Timestamp::from_ms(10 * MINUTE_MS);
        let untold = Untold { before: CaseFacts::new(Channel::Chat), at, as_of: at.plus_ms(1_000) };
        assert!(untold.takes(at, at.plus_ms(2_000)), "of the same minute");
        assert!(!untold.takes(at, at.plus_ms(2 * MINUTE_MS)), "two days later it would be late for its rows");
        assert!(!untold.takes(at.plus_ms(1), at.plus_ms(2_000)), "of another instant");
    }
}
