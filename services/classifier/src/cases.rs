//! The processor `cases`: facts of a case in, verdicts out.
//!
//! At each instant at which the customer said something the verdict is a pure function of what was said until then.
//! A verdict is told when it differs from the one before it; when a late fact changes one that was told, it is told
//! again. So the last one told for an instant is right, whatever the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::topic::{CASE_EVENTS, CLASSIFICATIONS, TopicInfo};
use kefu_contracts::{Channel, Code, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_history::{CaseHistory, concerns};
use crate::domain::verdict::{Verdict, verdict};
use crate::model::Model;

/// How long a closed case is remembered: as long as its facts can be read again.
const REMEMBERED_MS: i64 = 30 * 86_400_000;

input! {
    /// What `cases` reads.
    pub enum CasesInput {
        /// A fact about a case.
        Fact(CaseEvent) from CASE_EVENTS,
    }
}

/// What is remembered of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseState {
    tenant: String,
    case_id: String,
    channel: Channel,
    history: CaseHistory,
    /// Hashes of the verdicts told, by instant.
    told: BTreeMap<Timestamp, u64>,
    /// The last verdict in order, told or not.
    latest: Option<Latest>,
    revision: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Latest {
    at: Timestamp,
    hash: u64,
    verdict: Verdict,
}

impl StateRecord for CaseState {
    const VERSION: u8 = 1;
}

/// Follows each case.
pub struct Cases;

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const OUTPUTS: &'static [TopicInfo] = &[CLASSIFICATIONS.info];
    type State = CaseState;
    type Input = CasesInput;

    fn heeds(&self, CasesInput::Fact(event): &CasesInput) -> bool {
        concerns(event) || event.kind == FactKind::Erased
    }

    fn on_record(&self, state: &mut Option<CaseState>, input: CasesInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let CasesInput::Fact(event) = input;
        if ctx.key() != format!("{}/{}", event.tenant, event.case_id) {
            let detail = format!("the key of fact `{}` is not its `tenant/case_id`; send it again", event.event_id);
            return Err(Reject::new(Code::BadKey, detail));
        }
        if event.kind == FactKind::Erased {
            *state = None;
            return Ok(());
        }
        let mut case = state.take().unwrap_or_else(|| CaseState::of(&event));
        let appends = case.last_instant().is_none_or(|last| event.at > last);
        match case.history.learn(&event) {
            true if appends && event.retracts.is_none() => case.tell(ctx, &[event.at], Beginning::MayWait),
            true => {
                let instants = case.instants();
                case.tell(ctx, &instants, Beginning::MayWait);
            }
            false => {}
        }
        *state = Some(case).filter(CaseState::is_needed);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        match state {
            Some(case) if case.untold_beginning().is_some() => {
                let instants = case.instants();
                case.tell(ctx, &instants, Beginning::Due);
            }
            _ => *state = None,
        }
        Ok(())
    }

    fn due(&self, state: &CaseState) -> Option<Due> {
        if let Some(opened_at) = state.untold_beginning() {
            return Some(Due::once(opened_at, TimerClass::First));
        }
        let closed_at = state.history.closed_at()?;
        Some(Due::recurring(closed_at.plus_ms(REMEMBERED_MS), TimerClass::Last))
    }
}

/// Whether a beginning without words is told: it waits for the words that come with it, until its instant has passed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    MayWait,
    Due,
}

impl CaseState {
    fn of(event: &CaseEvent) -> CaseState {
        CaseState {
            tenant: event.tenant.clone(),
            case_id: event.case_id.clone(),
            channel: event.channel,
            history: CaseHistory::default(),
            told: BTreeMap::new(),
            latest: None,
            revision: 0,
        }
    }

    /// The verdict in force, and the instant of what led to it.
    pub fn current(&self) -> Option<(Timestamp, &Verdict)> {
        self.latest.as_ref().map(|latest| (latest.at, &latest.verdict))
    }

    /// Whether anything was learned; facts about staff alone leave no trace.
    fn is_needed(&self) -> bool {
        self.history != CaseHistory::default() || !self.told.is_empty()
    }

    /// When the case began, while no verdict was told for it.
    fn untold_beginning(&self) -> Option<Timestamp> {
        self.history.opened_at().filter(|opened_at| self.told.range(..=*opened_at).next().is_none())
    }

    /// The instants that have a verdict: those of the facts, and those for which one was told that is no longer true.
    fn instants(&self) -> Vec<Timestamp> {
        let all: BTreeSet<Timestamp> = self.history.instants().into_iter().chain(self.told.keys().copied()).collect();
        all.into_iter().collect()
    }

    /// The first of [`CaseState::instants`].
    fn first_instant(&self) -> Option<Timestamp> {
        self.history.first_instant().into_iter().chain(self.told.keys().next().copied()).min()
    }

    /// The last instant at which something became known, or for which a verdict was told.
    fn last_instant(&self) -> Option<Timestamp> {
        self.history.last_instant().max(self.told.keys().next_back().copied())
    }

    /// Tells what is new at `instants`: all of them, or one after all others.
    fn tell(&mut self, ctx: &mut Context<'_>, instants: &[Timestamp], beginning: Beginning) {
        let model = Model::standard();
        let first = self.first_instant();
        let mut before = self.latest.take().filter(|latest| instants.first().is_some_and(|at| latest.at < *at));
        for at in instants.iter().copied() {
            let situation = self.history.situation_at(at, self.channel);
            let verdict = verdict(&situation, model);
            let hash = hash(&verdict);
            let news = match (self.told.get(&at), &before) {
                (Some(told), _) => *told != hash,
                (None, Some(before)) => before.hash != hash,
                (None, None) => true,
            };
            let waits = beginning == Beginning::MayWait && first == Some(at) && situation.text.is_empty();
            if news && (!waits || self.told.contains_key(&at)) {
                self.revision += 1;
                self.told.insert(at, hash);
                let told = verdict.told(&self.tenant, &self.case_id, at, model, self.revision);
                ctx.emit(&CLASSIFICATIONS, ctx.key(), told, at);
            }
            before = Some(Latest { at, hash, verdict });
        }
        self.latest = before;
    }
}

fn hash(verdict: &Verdict) -> u64 {
    // a verdict holds nothing that JSON cannot say
    hash_64(&[&serde_json::to_string(verdict).unwrap_or_default()])
}

#[cfg(test)]
mod tests;
