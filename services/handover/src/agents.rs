//! The processor `agents`: knows an agent's cases and shifts, drafts the handovers and keeps the drafts up to date.
//!
//! A key exists from the first case, announced shift or check-in on. A draft is due for each shift of the agent, also
//! without a case. It is told every change until the handover is signed or skipped for certain; the handover itself
//! decides up to which instant it looks.

use std::collections::BTreeMap;

use kefu_contracts::partition::split_key;
use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_record::CaseRecord;
use crate::domain::shift::{ShiftRef, handover_id};
use crate::topics::{AGENTS, AgentNews, DRAFTS, DraftNews};

/// How long a case stays known after the agent let go of it, in milliseconds: longer than a shift and its handover.
const LET_GO_KEPT_MS: i64 = 4 * 86_400_000;

/// Keyed by `tenant/agent_id`.
#[derive(Clone, Copy, Debug)]
pub struct Agents;

/// An agent's cases and shifts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentState {
    /// What the agent should know of each case.
    pub cases: BTreeMap<String, CaseRecord>,
    /// Shifts announced and not yet over with their handover, by id.
    pub shifts: BTreeMap<String, OwnShift>,
    tidy_at: Option<Timestamp>,
}

/// A shift of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnShift {
    /// The shift.
    pub shift: ShiftRef,
    /// When it was announced.
    pub announced_at: Timestamp,
    /// Whether the agent checked in for it, which weighs more than the policy.
    pub recorded: bool,
    /// When the handover was drafted.
    pub drafted_at: Option<Timestamp>,
}

impl OwnShift {
    /// When something is to be done: the draft, and at last letting go of the shift.
    fn due(&self) -> Due {
        match self.drafted_at {
            None => Due::recurring(self.shift.drafted_at().max(self.announced_at), TimerClass::First),
            Some(_) => Due::recurring(self.shift.skipped_at(), TimerClass::Last),
        }
    }
}

impl StateRecord for AgentState {
    const VERSION: u8 = 1;
}

input! {
    /// What it reads.
    pub enum News {
        /// News for the agent.
        News(AgentNews) from AGENTS,
    }
}

impl Processor for Agents {
    const NAME: &'static str = "agents";
    const OUTPUTS: &'static [TopicInfo] = &[DRAFTS.info];
    type State = AgentState;
    type Input = News;

    fn on_record(&self, state: &mut Option<AgentState>, input: News, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let News::News(news) = input;
        let agent = state.get_or_insert_default();
        match *news {
            AgentNews::Case(record) => agent.learn(record, ctx),
            AgentNews::Shift { at, shift, recorded } => agent.announce(at, shift, recorded),
            AgentNews::Absent { shift_id } => {
                if agent.shifts.get(&shift_id).is_some_and(|own| own.drafted_at.is_none()) {
                    agent.shifts.remove(&shift_id);
                }
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<AgentState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(agent) = state else { return Ok(()) };
        let now = ctx.now();
        let due: Vec<String> =
            agent.shifts.iter().filter(|(_, own)| own.due().at <= now).map(|(id, _)| id.clone()).collect();
        for shift_id in due {
            agent.shift_due(&shift_id, ctx);
        }
        if agent.tidy_at.is_some_and(|at| at <= now) {
            agent.tidy(now);
        }
        if agent.cases.is_empty() && agent.shifts.is_empty() {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &AgentState) -> Option<Due> {
        let tidy = state.tidy_at.map(|at| Due::recurring(at, TimerClass::Last));
        state.shifts.values().map(OwnShift::due).chain(tidy).min()
    }
}

impl AgentState {
    fn learn(&mut self, record: CaseRecord, ctx: &mut Context<'_>) {
        for own in self.shifts.values() {
            if let Some(drafted_at) = own.drafted_at {
                send(&own.shift, drafted_at, vec![record.clone()], ctx);
            }
        }
        if record.is_empty() {
            self.cases.remove(&record.case_id);
            return;
        }
        if let Some(latest) = record.latest().filter(|_| !record.is_held()) {
            let tidy_at = latest.plus_ms(LET_GO_KEPT_MS);
            self.tidy_at = Some(self.tidy_at.map_or(tidy_at, |at| at.min(tidy_at)));
        }
        self.cases.insert(record.case_id.clone(), record);
    }

    /// Takes note of a shift; hours of one that was drafted are past and stay as they were.
    fn announce(&mut self, at: Timestamp, shift: ShiftRef, recorded: bool) {
        match self.shifts.get_mut(&shift.shift_id) {
            Some(own) if own.drafted_at.is_some() => {}
            Some(own) => {
                own.recorded |= recorded;
                own.announced_at = own.announced_at.min(at);
                own.shift = shift;
            }
            None => {
                let own = OwnShift { announced_at: at, recorded, drafted_at: None, shift };
                self.shifts.insert(own.shift.shift_id.clone(), own);
            }
        }
    }

    fn shift_due(&mut self, shift_id: &str, ctx: &mut Context<'_>) {
        let Some(own) = self.shifts.get_mut(shift_id) else { return };
        let now = ctx.now();
        let agent_id = split_key(ctx.key()).1;
        let policy = ctx.policies().in_force(ctx.tenant(), now.ms());
        let works = || policy.rota().by_id(shift_id).is_some_and(|shift| shift.has(agent_id));
        if own.drafted_at.is_some() || !(own.recorded || works()) {
            self.shifts.remove(shift_id);
            return;
        }
        own.drafted_at = Some(now);
        let shift = own.shift.clone();
        let concerned = |record: &&CaseRecord| record.is_held() || record.latest() >= Some(shift.start);
        let cases = self.cases.values().filter(concerned).cloned().collect();
        send(&shift, now, cases, ctx);
    }

    fn tidy(&mut self, now: Timestamp) {
        let forget = |record: &CaseRecord| {
            let let_go = record.latest().filter(|_| !record.is_held());
            let_go.map(|latest| latest.plus_ms(LET_GO_KEPT_MS))
        };
        self.cases.retain(|_, record| forget(record).is_none_or(|at| at > now));
        self.tidy_at = self.cases.values().filter_map(forget).min();
    }
}

fn send(shift: &ShiftRef, drafted_at: Timestamp, cases: Vec<CaseRecord>, ctx: &mut Context<'_>) {
    let (tenant, outgoing) = split_key(ctx.key());
    let key = format!("{tenant}/{}", handover_id(tenant, outgoing, &shift.shift_id));
    let (outgoing, shift) = (outgoing.to_owned(), shift.clone());
    let at = ctx.now();
    ctx.emit(&DRAFTS, key, &DraftNews::Cases { drafted_at, outgoing, shift, cases }, at);
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Channel;
    use kefu_contracts::handover::ItemKind;
    use kefu_processor::Service;
    use kefu_testkit::Driver;

    use super::*;
    use crate::domain::case_record::{Held, View};
    use crate::domain::shift::tests::{at, policies};

    const NIGHT: &str = r#"  - {team: care, name: night, hours: "22:00-06:00", staff: [a-1]}"#;

    fn driver(zone: &str) -> Driver {
        Driver::new(&[Service::new("handover").with(Agents)], policies(&[(zone, None, NIGHT)]))
    }

    fn shift(driver: &mut Driver, date: &str, start: &str, end: &str, recorded: bool) {
        let shift = ShiftRef {
            shift_id: format!("care/night/{date}"),
            team: "care".to_owned(),
            start: at(start),
            end: at(end),
        };
        let announced = shift.announced_at();
        driver.send_at(announced, &AGENTS, "demo/a-1", &AgentNews::Shift { at: announced, shift, recorded });
    }

    fn held(case_id: &str, from: Timestamp) -> CaseRecord {
        let held =
            Held { live: true, kind: ItemKind::Unresolved, severity: None, summary: None, due_at: None, team: None };
        CaseRecord { views: vec![View { from, held: Some(held) }], ..CaseRecord::empty(case_id, Channel::Chat) }
    }

    fn drafts(driver: &Driver) -> Vec<(Timestamp, usize)> {
        let all = driver.written(&DRAFTS).into_iter();
        all.map(|(_, news)| match news {
            DraftNews::Cases { drafted_at, cases, .. } => (drafted_at, cases.len()),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn a_draft_is_due_also_without_a_case_and_across_a_clock_change() {
        // On 8 March New York loses an hour at night, on 1 November it gains one.
        for (date, start, end) in [
            ("2026-03-07", "2026-03-07T22:00:00-05:00", "2026-03-08T06:00:00-04:00"),
            ("2026-10-31", "2026-10-31T22:00:00-04:00", "2026-11-01T06:00:00-05:00"),
        ] {
            let mut driver = driver("America/New_York");
            shift(&mut driver, date, start, end, false);
            let drafted = at(end).plus_ms(-30 * 60_000);
            driver.advance_to(drafted.plus_ms(-1));
            assert!(drafts(&driver).is_empty());
            driver.advance_to(drafted);
            assert_eq!(drafts(&driver), [(drafted, 0)]);
        }
    }

    #[test]
    fn each_change_is_told_until_the_handover_is_over() {
        let mut driver = driver("UTC");
        shift(&mut driver, "2026-03-02", "2026-03-02T22:00:00Z", "2026-03-03T06:00:00Z", false);
        let case = |driver: &mut Driver, id: &str, when: &str| {
            driver.send_at(at(when), &AGENTS, "demo/a-1", &AgentNews::Case(held(id, at(when))));
        };
        case(&mut driver, "c-1#1", "2026-03-02T23:00:00Z");
        case(&mut driver, "c-2#1", "2026-03-03T05:00:00Z");
        assert!(drafts(&driver).is_empty());
        case(&mut driver, "c-3#1", "2026-03-03T05:40:00Z");
        case(&mut driver, "c-4#1", "2026-03-03T08:00:00Z");
        case(&mut driver, "c-5#1", "2026-03-03T08:00:00.001Z");
        let drafted = at("2026-03-03T05:30:00Z");
        assert_eq!(drafts(&driver), [(drafted, 2), (drafted, 1), (drafted, 1)]);
    }

    #[test]
    fn who_does_not_work_the_shift_any_more_hands_nothing_over_but_who_checked_in_does() {
        for (recorded, drafted) in [(false, 0), (true, 1)] {
            let mut driver = driver("UTC");
            // the policy has no shift that starts on this date under this name
            let shift = ShiftRef {
                shift_id: "care/late/2026-03-02".to_owned(),
                team: "care".to_owned(),
                start: at("2026-03-02T10:00:00Z"),
                end: at("2026-03-02T12:00:00Z"),
            };
            let news = AgentNews::Shift { at: shift.start, shift, recorded };
            driver.send_at(at("2026-03-02T10:00:00Z"), &AGENTS, "demo/a-1", &news);
            driver.advance_to(at("2026-03-02T20:00:00Z"));
            assert_eq!(drafts(&driver).len(), drafted, "recorded: {recorded}");
        }
    }

    #[test]
    fn what_an_agent_let_go_of_is_forgotten() {
        let mut agent = AgentState::default();
        let mut record = held("c-1#1", Timestamp::from_ms(0));
        record.views.push(View { from: Timestamp::from_ms(10), held: None });
        agent.cases.insert(record.case_id.clone(), record);
        agent.tidy(Timestamp::from_ms(10 + LET_GO_KEPT_MS - 1));
        assert_eq!(agent.tidy_at, Some(Timestamp::from_ms(10 + LET_GO_KEPT_MS)));
        agent.tidy(Timestamp::from_ms(10 + LET_GO_KEPT_MS));
        assert!(agent.cases.is_empty() && agent.tidy_at.is_none());
    }
}
