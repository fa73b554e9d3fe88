//! The processor `cases`: tells agents what they should know of a case.

use std::collections::BTreeMap;

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::id::hash_64;
use kefu_contracts::topic::{CASE_EVENTS, TopicInfo};
use kefu_contracts::{Reject, Status, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_record::{CaseRecord, records};
use crate::domain::fact::{Facts, Taken, What, concerns};
use crate::topics::{AGENTS, AgentNews, ROSTER, TenantSeen};

/// Facts may come this late, in milliseconds.
const LATENESS_MS: i64 = 72 * 3_600_000;

/// Keyed by `tenant/case_id`.
#[derive(Clone, Copy, Debug)]
pub struct Cases;

/// A case, as far as handovers need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseState {
    facts: Facts,
    /// What each agent was told last, as a hash.
    told: BTreeMap<String, u64>,
    /// When nothing more is expected of the case.
    forget_at: Option<Timestamp>,
}

impl StateRecord for CaseState {
    const VERSION: u8 = 1;
}

input! {
    /// What it reads.
    pub enum Facted {
        /// A fact about the case.
        Fact(CaseEvent) from CASE_EVENTS,
    }
}

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const OUTPUTS: &'static [TopicInfo] = &[AGENTS.info, ROSTER.info];
    type State = CaseState;
    type Input = Facted;

    fn heeds(&self, Facted::Fact(event): &Facted) -> bool {
        concerns(event)
    }

    fn on_record(&self, state: &mut Option<CaseState>, input: Facted, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Facted::Fact(event) = input;
        let is_new = state.is_none();
        let mut case = state.take().unwrap_or_default();
        match case.facts.take(&event)? {
            Taken::Repeated => ctx.duplicate(),
            Taken::Irrelevant if is_new && case == CaseState::default() => return Ok(()),
            Taken::Irrelevant => {}
            Taken::Changed => {
                if is_new {
                    let key = format!("{}/roster", event.tenant);
                    ctx.emit(&ROSTER, key, TenantSeen { at: event.at }, event.at);
                }
                tell(&mut case, &event, ctx);
                case.forget_at = closed_at(&case.facts).map(|closed_at| {
                    let policy = ctx.policies().in_force(&event.tenant, closed_at.ms());
                    closed_at.plus_ms(policy.reopen_window_ms).plus_ms(LATENESS_MS)
                });
            }
        }
        *state = Some(case);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseState>, _: &mut Context<'_>) -> Result<(), Reject> {
        *state = None;
        Ok(())
    }

    fn due(&self, state: &CaseState) -> Option<Due> {
        state.forget_at.map(|at| Due::recurring(at, TimerClass::Last))
    }
}

/// Tells each agent for whom something changed.
fn tell(case: &mut CaseState, event: &CaseEvent, ctx: &mut Context<'_>) {
    let mut now = records(&event.case_id, event.channel, case.facts.list());
    for agent in case.told.keys() {
        now.entry(agent.clone()).or_insert_with(|| CaseRecord::empty(&event.case_id, event.channel));
    }
    for (agent, record) in now {
        let hash = fingerprint(&record);
        if case.told.get(&agent) == Some(&hash) {
            continue;
        }
        if record.is_empty() {
            case.told.remove(&agent);
        } else {
            case.told.insert(agent.clone(), hash);
        }
        ctx.emit(&AGENTS, format!("{}/{agent}", event.tenant), AgentNews::Case(record), event.at);
    }
}

fn fingerprint(record: &CaseRecord) -> u64 {
    // a record holds nothing that JSON cannot say
    hash_64(&[&serde_json::to_string(record).unwrap_or_default()])
}

/// When the case was closed, if it still is.
fn closed_at(facts: &Facts) -> Option<Timestamp> {
    let last = facts.list().iter().rev().find(|fact| matches!(fact.what, What::Status { .. }))?;
    matches!(last.what, What::Status { to: Status::Closed, .. }).then_some(last.at)
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Timestamp;
    use kefu_contracts::case_event::FactKind;
    use kefu_policy::Policies;
    use kefu_processor::Service;
    use kefu_testkit::Driver;

    use super::*;
    use crate::domain::case_record::tests::{assigned, by_agent, fact, status};

    fn driver() -> Driver {
        Driver::new(&[Service::new("handover").with(Cases)], Policies::default())
    }

    fn told(driver: &Driver) -> Vec<(String, bool)> {
        let news = driver.written(&AGENTS).into_iter();
        news.map(|(key, news)| match news {
            AgentNews::Case(record) => (key, record.is_held()),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn only_agents_for_whom_something_changed_are_told() {
        let mut driver = driver();
        for event in [
            assigned(10, "e-1", Some("a-1")),
            fact(11, "e-2", FactKind::CustomerMessage),
            assigned(20, "e-3", Some("a-2")),
            by_agent(fact(30, "e-4", FactKind::Reply), "a-2"),
        ] {
            driver.send_at(event.at, &CASE_EVENTS, "demo/c-1#1", &event);
        }
        let expected = [("demo/a-1", true), ("demo/a-1", false), ("demo/a-2", true), ("demo/a-2", true)];
        assert_eq!(told(&driver), expected.map(|(key, held)| (key.to_owned(), held)));
        assert_eq!(driver.written(&ROSTER).len(), 1);
    }

    #[test]
    fn an_agent_whose_assignment_was_not_true_is_told() {
        let mut driver = driver();
        let assignment = assigned(10, "e-1", Some("a-1"));
        let mut retraction = fact(20, "e-2", FactKind::Retracted);
        retraction.retracts = Some(assignment.event_id.clone());
        for event in [assignment, retraction] {
            driver.send_at(event.at, &CASE_EVENTS, "demo/c-1#1", &event);
        }
        assert_eq!(told(&driver), [("demo/a-1".to_owned(), true), ("demo/a-1".to_owned(), false)]);
    }

    #[test]
    fn a_team_that_turns_out_to_be_another_is_told() {
        let mut driver = driver();
        let assignment = assigned(10, "e-1", Some("a-1"));
        let mut again = assignment.clone();
        again.context.team = Some("night".to_owned());
        for event in [&assignment, &assignment, &again, &again] {
            driver.send_at(event.at, &CASE_EVENTS, "demo/c-1#1", event);
        }
        let teams = driver.written(&AGENTS).into_iter().map(|(_, news)| match news {
            AgentNews::Case(record) => record.held_at(again.at).and_then(|held| held.team.clone()),
            other => panic!("{other:?}"),
        });
        assert_eq!(teams.collect::<Vec<_>>(), [Some("care".to_owned()), Some("night".to_owned())]);
    }

    #[test]
    fn a_closed_case_is_forgotten_after_the_reopen_window_and_the_lateness() {
        let mut driver = driver();
        let reopen_window = Policies::default().in_force("demo", 0).reopen_window_ms;
        let first = assigned(0, "e-1", Some("a-1"));
        driver.send_at(first.at, &CASE_EVENTS, "demo/c-1#1", &first);
        driver.send(&CASE_EVENTS, "demo/c-1#1", &status(0, "e-2", Status::Closed));
        let forgotten = Timestamp::from_ms(reopen_window + LATENESS_MS);
        driver.advance_to(forgotten.plus_ms(-1));
        driver.send(&CASE_EVENTS, "demo/c-1#1", &first);
        assert_eq!(driver.written(&ROSTER).len(), 1, "still known");
        driver.advance_to(forgotten);
        driver.send(&CASE_EVENTS, "demo/c-1#1", &first);
        assert_eq!(driver.written(&ROSTER).len(), 2, "heard of anew");
    }
}
