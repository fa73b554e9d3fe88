//! The processor `handovers`: the record of one outgoing agent and shift.

use std::sync::Arc;

use kefu_contracts::command::Command;
use kefu_contracts::handover::{Handover, HandoverState};
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{CHANNEL_EVENTS, COMMAND_RESULTS, COMMANDS, HANDOVERS, OUTBOUND, TopicInfo};
use kefu_contracts::{ActorKind, Code, Reject, Timestamp};
use kefu_processor::{CommandQueue, Context, Due, Ledger, Processor, StateRecord, TimerClass, input, ledger};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::case_record::CaseRecord;
use crate::domain::contents::{self, CaseRecords};
use crate::domain::deadline::{self, Deadline};
use crate::domain::life_cycle::{Done, Life, Person};
use crate::domain::notice::{self, Addressee};
use crate::domain::presence::Presences;
use crate::domain::request;
use crate::domain::responsibility::{self, Move};
use crate::domain::shift::{ShiftRef, skipped_at};
use crate::domain::texts::News;
use crate::topics::{DRAFTS, DraftNews};

/// How long a handover can be read, audited and amended after the shift's end, in milliseconds: a quarter and the time
/// for its evaluation.
const KEPT_MS: i64 = 100 * 86_400_000;

/// Keyed by `tenant/handover_id`.
#[derive(Clone, Copy, Debug)]
pub struct Handovers;

/// A handover with all that it decides by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// The handover; none until its draft.
    pub life: Option<Life>,
    /// What is known of the outgoing agent's cases, until the handover is over.
    pub cases: CaseRecords,
    /// Team-mates who came and left, until the handover is over.
    pub presences: Presences,
    /// Until when a draft may still come.
    awaited_until: Option<Timestamp>,
    waiting: CommandQueue,
    ledger: Ledger,
}

impl StateRecord for Desk {
    const VERSION: u8 = 1;
}

input! {
    /// What it reads.
    pub enum DeskInput {
        /// News of cases and people.
        News(DraftNews) from DRAFTS,
        /// Something is wanted of it.
        Command(Command) from COMMANDS,
    }
}

impl Processor for Handovers {
    const NAME: &'static str = "handovers";
    /// A command is decided at its instant by what came from several partitions.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[HANDOVERS.info, COMMAND_RESULTS.info, OUTBOUND.info, CHANNEL_EVENTS.info];
    type State = Desk;
    type Input = DeskInput;

    fn on_record(&self, state: &mut Option<Desk>, input: DeskInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        match input {
            DeskInput::News(news) => state.get_or_insert_default().learn(Arc::unwrap_or_clone(news), ctx),
            DeskInput::Command(command) => {
                if request::read(&command).is_some() {
                    state.get_or_insert_default().waiting.push(ctx.key(), Arc::unwrap_or_clone(command))?;
                }
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<Desk>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(desk) = state else { return Ok(()) };
        let now = ctx.now();
        for command in desk.waiting.take_until(now) {
            desk.decide(&command, ctx);
        }
        desk.pass_deadline(ctx);
        desk.ledger.expire(now);
        if desk.forgotten_at().is_none_or(|at| at <= now) && desk.waiting.is_empty() && desk.ledger.is_empty() {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &Desk) -> Option<Due> {
        let command = state.waiting.next().map(|at| Due::once(at, TimerClass::First));
        let next = state.life.as_ref().and_then(|life| deadline::next(&life.record, &life.shift, life.warned));
        let deadline = next.map(|(at, deadline)| {
            let class = match deadline {
                Deadline::Warning => TimerClass::Warning,
                Deadline::Late => TimerClass::Breach,
                Deadline::Skipped => TimerClass::AutoClose,
            };
            Due::recurring(at, class)
        });
        // what is remembered of commands goes first, then the handover itself
        let at_last = || state.forgotten_at().filter(|_| state.waiting.is_empty());
        let tidy_at = state.ledger.next_expiry().or_else(at_last);
        let tidy = tidy_at.map(|at| Due::recurring(at, TimerClass::Last));
        [command, deadline, tidy].into_iter().flatten().min()
    }
}

impl Desk {
    fn learn(&mut self, news: DraftNews, ctx: &mut Context<'_>) {
        let before = self.life.as_ref().map(|life| life.record.clone());
        match news {
            DraftNews::Cases { drafted_at, outgoing, shift, cases } => {
                self.learn_cases(drafted_at, &outgoing, shift, cases, ctx);
            }
            DraftNews::Presence { agent_id, at, here, shift_end } => {
                self.learn_presence(agent_id, at, here, shift_end);
            }
        }
        self.publish(before.as_ref(), ctx);
    }

    fn learn_cases(
        &mut self,
        drafted_at: Timestamp,
        outgoing: &str,
        shift: ShiftRef,
        cases: Vec<CaseRecord>,
        ctx: &Context<'_>,
    ) {
        let (tenant, handover_id) = split_key(ctx.key());
        let life = self.life.get_or_insert_with(|| Life::draft(tenant, handover_id, outgoing, shift, drafted_at));
        if is_over(life.record.state) {
            return;
        }
        for case in cases {
            if case.is_empty() {
                self.cases.remove(&case.case_id);
            } else {
                self.cases.insert(case.case_id.clone(), case);
            }
        }
        life.follow(&self.cases);
    }

    fn learn_presence(&mut self, agent_id: String, at: Timestamp, here: bool, shift_end: Timestamp) {
        self.awaited_until = Some(skipped_at(shift_end));
        if let Some(life) = &mut self.life {
            if is_over(life.record.state) {
                return;
            }
            if here && life.record.incoming.as_ref() == Some(&agent_id) {
                life.record.arrived_at = Some(life.record.arrived_at.map_or(at, |arrived| arrived.min(at)));
            }
        }
        self.presences.note(agent_id, at, here);
    }

    fn decide(&mut self, command: &Command, ctx: &mut Context<'_>) {
        let mut ledger = std::mem::take(&mut self.ledger);
        ledger.decide(command, ctx, |ctx| self.fulfil(command, ctx));
        self.ledger = ledger;
    }

    fn fulfil(&mut self, command: &Command, ctx: &mut Context<'_>) -> Result<ledger::Done, Reject> {
        let (tenant, handover_id) = split_key(ctx.key());
        let (cases, presences) = (&self.cases, &self.presences);
        let life = self.life.as_mut().filter(|life| command.at < kept_until(life)).ok_or_else(|| {
            let detail =
                format!("there is no handover `{handover_id}`; it is drafted 30 minutes before the shift's end");
            Reject::new(Code::NotFound, detail)
        })?;
        let request = request::read(command)
            .unwrap_or_else(|| Err(Reject::new(Code::UnknownCommand, "this is no command to a handover")))?;
        if !matches!(command.actor.kind, ActorKind::Agent | ActorKind::Supervisor) {
            return Err(Reject::new(Code::Forbidden, "only agents and supervisors take part in handovers"));
        }
        let policy = ctx.policies().in_force(tenant, command.at.ms());
        let id = command.actor.id.clone();
        let team = &life.record.team;
        let by = Person {
            supervises: command.actor.kind == ActorKind::Supervisor || notice::supervises(policy, team, &id),
            on_shift: presences.on_shift(&id, team, policy.rota(), command.at),
            arrived_at: presences.arrived_at(&id, command.at),
            id,
        };
        let before = life.record.clone();
        let done = life.decide(request, &by, cases, command.at)?;
        let mut body = json!({"handover_id": handover_id, "state": life.record.state});
        if let Some(hash) = &life.record.version_hash {
            body["version_hash"] = json!(hash);
        }
        match done {
            Done::Asked(no) => body["no"] = json!(no),
            Done::Reported => report_problem(&life.record, ctx),
            Done::Signed(moves) => {
                hand_over(&life.record, &moves, ctx);
                self.close();
            }
            Done::Written => {}
        }
        self.publish(Some(&before), ctx);
        Ok(ledger::Done::ok(body))
    }

    fn pass_deadline(&mut self, ctx: &mut Context<'_>) {
        let now = ctx.now();
        let Some(life) = &mut self.life else { return };
        let next = deadline::next(&life.record, &life.shift, life.warned);
        let Some((_, deadline)) = next.filter(|(at, _)| *at <= now) else { return };
        let before = life.record.clone();
        let policy = ctx.policies().in_force(ctx.tenant(), now.ms());
        let supervisor = Addressee::supervisor_of(&before.team, policy);
        let (outgoing, shift_id) = (before.outgoing.as_str(), before.shift_id.as_str());
        match deadline {
            Deadline::Warning => {
                life.warned = true;
                let both = [Some(&before.outgoing), before.incoming.as_ref()].into_iter().flatten();
                let told: Vec<Addressee> = both.map(|id| Addressee::agent(id)).chain([supervisor]).collect();
                tell(&before, &told, News::SoonLate { outgoing, shift_id }, &[], ctx);
            }
            Deadline::Late => {
                life.record.late = true;
                tell(&before, &[supervisor], News::Late { outgoing, shift_id }, &[], ctx);
            }
            Deadline::Skipped => {
                if life.record.state == HandoverState::Draft {
                    contents::fill(&mut life.record, &self.cases, &life.notes, &life.shift, now);
                }
                let moves = responsibility::on_skip(&mut life.record, &self.cases, now);
                life.record.state = HandoverState::Skipped;
                hand_over(&life.record, &moves, ctx);
                tell(&before, &[supervisor], News::Skipped { outgoing, shift_id, cases: moves.len() }, &[], ctx);
                self.close();
            }
        }
        self.publish(Some(&before), ctx);
    }

    /// Lets go of what a handover that is over does not need.
    fn close(&mut self) {
        self.cases.clear();
        self.presences.clear();
    }

    /// Writes the record if it changed.
    fn publish(&mut self, before: Option<&Handover>, ctx: &mut Context<'_>) {
        if let Some(life) = &mut self.life
            && before != Some(&life.record)
        {
            life.record.revision = life.record.revision.saturating_add(1);
            ctx.emit(&HANDOVERS, ctx.key(), life.record.clone(), ctx.now());
        }
    }

    /// When the key is forgotten.
    fn forgotten_at(&self) -> Option<Timestamp> {
        match &self.life {
            Some(life) => Some(kept_until(life)),
            None => self.awaited_until,
        }
    }
}

fn kept_until(life: &Life) -> Timestamp {
    life.shift.end.plus_ms(KEPT_MS)
}

/// Whether cases no longer concern a handover.
fn is_over(state: HandoverState) -> bool {
    match state {
        HandoverState::Draft | HandoverState::UnderReview => false,
        HandoverState::Signed | HandoverState::Skipped | HandoverState::Audited => true,
    }
}

fn hand_over(record: &Handover, moves: &[Move], ctx: &mut Context<'_>) {
    for moved in moves {
        let event = responsibility::assigned(record, moved, ctx.now());
        let key = format!("{}/{}", event.tenant, event.conversation_id);
        let at = event.occurred_at;
        ctx.emit(&CHANNEL_EVENTS, key, event, at);
    }
}

fn report_problem(record: &Handover, ctx: &mut Context<'_>) {
    let Some(problem) = record.problems.last() else { return };
    let policy = ctx.policies().in_force(ctx.tenant(), ctx.now().ms());
    let supervisor = Addressee::supervisor_of(&record.team, policy);
    let news = News::Problem { by: &problem.by, outgoing: &record.outgoing, shift_id: &record.shift_id };
    let no = record.problems.len().to_string();
    tell(record, &[supervisor], news, &[&no], ctx);
}

/// Tells people news of a handover; `part` tells several news of one kind apart.
fn tell(record: &Handover, people: &[Addressee], news: News<'_>, part: &[&str], ctx: &mut Context<'_>) {
    let now = ctx.now();
    let policy = ctx.policies().in_force(ctx.tenant(), now.ms());
    let subject: Vec<&str> = [&[record.handover_id.as_str()], part].concat();
    for person in people {
        let (key, message) = notice::message(policy, ctx.tenant(), person, news, &subject, now);
        ctx.emit(&OUTBOUND, key, message, now);
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Json;
    use kefu_contracts::channel_event::Actor;
    use kefu_processor::state::{Header, decode, encode};

    use super::*;
    use crate::domain::contents::tests::{case, cases, held};
    use crate::domain::life_cycle::tests::life;

    fn command(id: &str, at: Timestamp) -> Command {
        Command {
            command_id: id.to_owned(),
            tenant: "demo".to_owned(),
            kind: "ask".to_owned(),
            target: "h-1".to_owned(),
            actor: Actor { kind: ActorKind::Agent, id: "a-1".to_owned(), name: None },
            at,
            data: Json(json!({"text": "why"})),
        }
    }

    fn desk() -> Desk {
        let life = life(HandoverState::UnderReview);
        let end = life.shift.end;
        let mut desk = Desk {
            cases: cases(vec![case("c-1#1", &[(0, held(None, Some(5), true))])]),
            life: Some(life),
            ..Desk::default()
        };
        desk.presences.note("a-2".to_owned(), end, true);
        desk.waiting.push("demo/h-1", command("k-2", end.plus_ms(1))).unwrap();
        desk
    }

    #[test]
    fn what_is_stored_is_what_was_known() {
        let desk = desk();
        let header = Header { due: Handovers.due(&desk), ..Header::default() };
        let bytes = encode("demo/h-1", &desk, header).unwrap();
        assert_eq!(decode::<Desk>("demo/h-1", &bytes).unwrap(), desk);
    }

    #[test]
    fn nothing_that_waits_is_forgotten_and_nothing_keeps_a_replay_running_but_commands() {
        let mut desk = desk();
        if let Some(life) = &mut desk.life {
            life.record.state = HandoverState::Signed;
        }
        let kept_until = desk.forgotten_at().unwrap();
        desk.ledger.expire(kept_until);
        assert_eq!(Handovers.due(&desk).map(|due| due.recurring), Some(false), "the command that waits");
        assert_eq!(desk.waiting.take_until(kept_until).len(), 1);
        assert_eq!(Handovers.due(&desk), Some(Due::recurring(kept_until, TimerClass::Last)));
    }
}
