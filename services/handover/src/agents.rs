//! The processor `agents`: knows an agent's cases and shifts, drafts the handovers and keeps the drafts up to date.
//!
//! A key exists from the first case, announced shift or check-in on. A draft is due for each shift of the agent, also
//! without a case. It is told every change until the handover is signed or skipped for certain; the handover itself
//! decides up to which instant it looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::partition::split_key;
use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};

use crate::domain::case_record::CaseRecord;
use crate::domain::shift::{ShiftRef, handover_id};
use crate::topics::{AGENTS, AgentNews, DRAFTS, DraftNews, ShiftWord};

/// How long a case stays known after the agent let go of it, in milliseconds: longer than a shift and its handover.
const LET_GO_KEPT_MS: i64 = 4 * 86_400_000;

/// Keyed by `tenant/agent_id`.
#[derive(Clone, Copy, Debug)]
pub struct Agents;

/// An agent's cases and shifts. Copies of the state share the cases: each step may have to be undone, and a busy agent
/// has many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentState {
    /// What the agent should know of each case.
    pub cases: RedBlackTreeMapSync<String, CaseRecord>,
    /// Shifts announced and not yet over with their handover, by id.
    pub shifts: BTreeMap<String, OwnShift>,
    tidy_at: Option<Timestamp>,
}

/// A shift of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnShift {
    /// The shift.
    pub shift: ShiftRef,
    /// When it was first heard of.
    pub since: Timestamp,
    /// What was recorded last, and when: whether the agent works it. It weighs more than the policy.
    pub recorded: Option<(Timestamp, bool)>,
    /// What became of its handover.
    pub handover: OwnHandover,
}

/// What became of the handover of a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnHandover {
    /// It is not yet time.
    Awaited,
    /// It was drafted then.
    Drafted(Timestamp),
    /// The agent does not work the shift.
    NotDue,
}

impl OwnShift {
    /// When something is to be done: the draft, and at last letting go of the shift.
    fn due(&self) -> Due {
        match self.handover {
            OwnHandover::Awaited => Due::recurring(self.shift.drafted_at().max(self.since), TimerClass::First),
            OwnHandover::Drafted(_) | OwnHandover::NotDue => {
                Due::recurring(self.shift.skipped_at().max(self.since), TimerClass::Last)
            }
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
        match Arc::unwrap_or_clone(news) {
            AgentNews::Case(record) => agent.learn(record, ctx),
            AgentNews::Shift { at, shift, word } => agent.hear(at, shift, word),
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
            if let OwnHandover::Drafted(drafted_at) = own.handover {
                send(&own.shift, drafted_at, vec![record.clone()], ctx);
            }
        }
        if record.is_empty() {
            self.cases.remove_mut(&record.case_id);
            return;
        }
        if let Some(latest) = record.latest().filter(|_| !record.is_held()) {
            let tidy_at = latest.plus_ms(LET_GO_KEPT_MS);
            self.tidy_at = Some(self.tidy_at.map_or(tidy_at, |at| at.min(tidy_at)));
        }
        self.cases.insert_mut(record.case_id.clone(), record);
    }

    /// Takes note of a shift; hours of one that was drafted are past and stay as they were.
    fn hear(&mut self, at: Timestamp, shift: ShiftRef, word: ShiftWord) {
        let own = self.shifts.entry(shift.shift_id.clone()).or_insert_with(|| OwnShift {
            shift: shift.clone(),
            since: at,
            recorded: None,
            handover: OwnHandover::Awaited,
        });
        let recorded = match word {
            ShiftWord::Announced => None,
            ShiftWord::Works => Some((at, true)),
            ShiftWord::Absent => Some((at, false)),
        };
        own.recorded = own.recorded.max(recorded);
        if own.handover == OwnHandover::Awaited {
            own.since = own.since.min(at);
            own.shift = shift;
        }
    }

    fn shift_due(&mut self, shift_id: &str, ctx: &mut Context<'_>) {
        let Some(own) = self.shifts.get_mut(shift_id) else { return };
        if own.handover != OwnHandover::Awaited {
            self.shifts.remove(shift_id);
            return;
        }
        let now = ctx.now();
        let (tenant, agent_id) = split_key(ctx.key());
        let by_policy = || {
            let rota = ctx.policies().in_force(tenant, now.ms()).rota();
            rota.by_id(shift_id).is_some_and(|shift| shift.has(agent_id))
        };
        if !own.recorded.map_or_else(by_policy, |(_, works)| works) {
            own.handover = OwnHandover::NotDue;
            return;
        }
        own.handover = OwnHandover::Drafted(now);
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
        let is_over = |record: &CaseRecord| forget(record).is_some_and(|at| at <= now);
        let over: Vec<String> =
            self.cases.values().filter(|record| is_over(record)).map(|record| record.case_id.clone()).collect();
        for case_id in over {
            self.cases.remove_mut(&case_id);
        }
        self.tidy_at = self.cases.values().filter_map(forget).min();
    }
}

fn send(shift: &ShiftRef, drafted_at: Timestamp, cases: Vec<CaseRecord>, ctx: &mut Context<'_>) {
    let (tenant, outgoing) = split_key(ctx.key());
    let key = format!("{tenant}/{}", handover_id(tenant, outgoing, &shift.shift_id));
    let (outgoing, shift) = (outgoing.to_owned(), shift.clone());
    let at = ctx.now();
    ctx.emit(&DRAFTS, key, DraftNews::Cases { drafted_at, outgoing, shift, cases }, at);
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

    fn shift(driver: &mut Driver, date: &str, start: &str, end: &str) {
        let shift = ShiftRef {
            shift_id: format!("care/night/{date}"),
            team: "care".to_owned(),
            start: at(start),
            end: at(end),
        };
        let announced = shift.announced_at();
        driver.send_at(
            announced,
            &AGENTS,
            "demo/a-1",
            &AgentNews::Shift { at: announced, shift, word: ShiftWord::Announced },
        );
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
            shift(&mut driver, date, start, end);
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
        shift(&mut driver, "2026-03-02", "2026-03-02T22:00:00Z", "2026-03-03T06:00:00Z");
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
    fn what_was_recorded_last_weighs_more_than_the_policy() {
        use ShiftWord::{Absent, Announced, Works};
        // the policy has the shift `night`, but none that is called `late`
        for (name, words, drafted) in [
            ("night", vec![(1, Announced)], 1),
            ("late", vec![(1, Announced)], 0),
            ("late", vec![(1, Announced), (2, Works)], 1),
            ("night", vec![(2, Absent), (3, Announced)], 0),
            ("night", vec![(1, Absent), (2, Works)], 1),
            ("night", vec![(2, Works), (1, Absent)], 1),
        ] {
            let mut driver = driver("UTC");
            let begin = at("2026-03-02T20:00:00Z");
            for (minute, word) in &words {
                let shift = ShiftRef {
                    shift_id: format!("care/{name}/2026-03-02"),
                    team: "care".to_owned(),
                    start: at("2026-03-02T22:00:00Z"),
                    end: at("2026-03-03T06:00:00Z"),
                };
                let news = AgentNews::Shift { at: begin.plus_ms(minute * 60_000), shift, word: *word };
                driver.send(&AGENTS, "demo/a-1", &news);
            }
            driver.advance_to(at("2026-03-03T09:00:00Z"));
            assert_eq!(drafts(&driver).len(), drafted, "{name} {words:?}");
        }
    }

    #[test]
    fn what_an_agent_let_go_of_is_forgotten() {
        let mut agent = AgentState::default();
        let mut record = held("c-1#1", Timestamp::from_ms(0));
        record.views.push(View { from: Timestamp::from_ms(10), held: None });
        agent.cases.insert_mut(record.case_id.clone(), record);
        agent.tidy(Timestamp::from_ms(10 + LET_GO_KEPT_MS - 1));
        assert_eq!(agent.tidy_at, Some(Timestamp::from_ms(10 + LET_GO_KEPT_MS)));
        agent.tidy(Timestamp::from_ms(10 + LET_GO_KEPT_MS));
        assert!(agent.cases.is_empty() && agent.tidy_at.is_none());
    }
}
