//! Finds the ends of service in each case, and the visits that follow.
//!
//! Keyed by case. Every fact leads to a new account of all facts so far; what differs from what was said before is
//! said, in a timer at the fact's instant: by then what else belongs to it has arrived, its classification too.

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{CASE_EVENTS, TopicInfo};
use kefu_contracts::{Channel, Code, Reject, Status, Timestamp};
use kefu_policy::PolicyHistory;
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_facts::{CaseFacts, Learnt, concerns};
use crate::domain::course::{Course, account};
use crate::domain::eligibility::candidate;
use crate::domain::follow_up_cause::GRACE_MS;
use crate::domain::news::CustomerNews;
use crate::domain::told::{Consequences, Telling, Told, contact, standing};
use crate::domain::visits::visits;
use crate::topics::{CANDIDATES, FOLLOW_UP_CAUSES};

/// How late events may be that still change what was said, in milliseconds.
const LATENESS_MS: i64 = 72 * 3_600_000;

input! {
    /// What the processor reads.
    pub enum CasesInput {
        /// A fact about a case.
        Fact(CaseEvent) from CASE_EVENTS,
    }
}

/// What is remembered of a case. When it has been closed for long enough its facts are folded into `base`; that stays,
/// so that a number of a resolution is never used twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseState {
    channel: Channel,
    base: Course,
    facts: CaseFacts,
    told: Told,
    /// When something is to be said.
    tell_at: Option<Timestamp>,
    /// What was said takes the facts up to here into account.
    told_until: Timestamp,
    fold_at: Option<Timestamp>,
}

impl StateRecord for CaseState {
    const VERSION: u8 = 1;
}

/// Finds the ends of service in each case.
#[derive(Clone, Copy, Debug)]
pub struct Cases;

impl Processor for Cases {
    const NAME: &'static str = "cases";
    /// What a fact leads to is said once its classification has arrived too.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[CANDIDATES.info, FOLLOW_UP_CAUSES.info];
    type State = CaseState;
    type Input = CasesInput;

    fn heeds(&self, CasesInput::Fact(event): &CasesInput) -> bool {
        concerns(event)
    }

    fn on_record(&self, state: &mut Option<CaseState>, input: CasesInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let CasesInput::Fact(event) = input;
        let mut case = state.take().unwrap_or_else(|| CaseState::new(event.channel));
        case.channel = event.channel;
        match case.facts.learn(&event) {
            Learnt::New => case.tell_at = Some(case.tell_at.map_or(event.at, |planned| planned.min(event.at))),
            Learnt::Known => ctx.duplicate(),
            Learnt::Nothing => {}
            Learnt::Full => {
                let detail = "the case has too many facts that decide about surveys; close it and open another";
                return Err(Reject::new(Code::TooLarge, detail));
            }
        }
        *state = Some(case).filter(|case| !case.is_empty());
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(case) = state else { return Ok(()) };
        if case.tell_at.is_some_and(|at| at <= ctx.now()) {
            case.tell(ctx);
        } else if case.fold_at.is_some_and(|at| at <= ctx.now()) {
            case.fold();
        }
        Ok(())
    }

    fn due(&self, state: &CaseState) -> Option<Due> {
        let tell = state.tell_at.map(|at| Due::once(at, TimerClass::First));
        tell.into_iter().chain(state.fold_at.map(Due::tidy)).min()
    }
}

impl CaseState {
    fn new(channel: Channel) -> Self {
        Self {
            channel,
            base: Course::default(),
            facts: CaseFacts::default(),
            told: Told::default(),
            tell_at: None,
            told_until: Timestamp::MIN,
            fold_at: None,
        }
    }

    fn is_empty(&self) -> bool {
        self.facts == CaseFacts::default() && self.base == Course::default()
    }

    fn tell(&mut self, ctx: &mut Context<'_>) {
        self.told_until = self.told_until.max(ctx.now());
        self.tell_at = self.facts.next_after(self.told_until);
        let key = ctx.key();
        let (tenant, case_id) = split_key(key);
        let policies = ctx.policies().history(tenant);
        let account = account(&self.base, &self.facts.until(self.told_until));
        let candidates = account
            .resolutions
            .iter()
            .map(|end| candidate(tenant, case_id, self.channel, end, policies.in_force(end.at.ms())));
        let now = Consequences {
            candidates: candidates.collect(),
            visits: visits(tenant, case_id, &account, policies),
            standing: standing(tenant, case_id, &account.course),
            contact: contact(tenant, case_id, self.channel, &account.course),
        };
        self.fold_at = self.next_fold(account.course.status, policies);
        for telling in self.told.tell(key, now) {
            say(telling, tenant, ctx);
        }
    }

    /// When nothing can change any more of what was said: the case is closed, the time to reopen it, to answer and to
    /// be visited is over, and so is that for late events.
    fn next_fold(&self, status: Status, policies: &PolicyHistory) -> Option<Timestamp> {
        let last_at = self.facts.last_at().filter(|_| status == Status::Closed)?;
        let policy = policies.in_force(last_at.ms());
        let visits = [policy.follow_up.complaint_ms, policy.follow_up.after_sales_ms];
        let visit_ms = visits.into_iter().flatten().max().unwrap_or(0).saturating_add(GRACE_MS);
        let open_ms = policy.reopen_window_ms.max(policy.survey.expires_ms).max(visit_ms);
        Some(last_at.plus_ms(open_ms.saturating_add(LATENESS_MS)))
    }

    fn fold(&mut self) {
        self.base = account(&self.base, &self.facts).course;
        self.facts = CaseFacts::default();
        self.told.forget();
        self.fold_at = None;
    }
}

fn say(telling: Telling, tenant: &str, ctx: &mut Context<'_>) {
    match telling {
        Telling::Customer(key, news) => {
            let at = match &news {
                CustomerNews::Candidate(_, candidate) | CustomerNews::Gone { candidate, .. } => candidate.at,
                CustomerNews::Contact(_, contact) => contact.as_ref().map_or_else(|| ctx.now(), |known| known.since),
                CustomerNews::Care(care) => care.delivered_at,
                CustomerNews::Standing(standing) => {
                    let since = standing.vip.map(|vip| vip.at).max(standing.important_since);
                    since.unwrap_or_else(|| ctx.now())
                }
            };
            ctx.emit(&CANDIDATES, key, news, at);
        }
        Telling::FollowUp(cause) => {
            let at = cause.at();
            ctx.emit(&FOLLOW_UP_CAUSES, format!("{tenant}/{}", cause.follow_up_id), cause, at);
        }
    }
}
