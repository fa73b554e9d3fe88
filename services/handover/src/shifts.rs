//! The processor `shifts`: attendance at a shift.
//!
//! A key exists from the announcement of the shift or the first command to it on. What was recorded weighs more than
//! the policy: who checked in works the shift, whoever the rotation named.

use std::sync::Arc;

use kefu_contracts::command::Command;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, OUTBOUND, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::Policy;
use kefu_processor::{CommandQueue, Context, Done, Due, Ledger, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::attendance::{self, Attendance, Attended};
use crate::domain::notice::{self, Addressee};
use crate::domain::shift::{ShiftRef, handover_id, skipped_at};
use crate::domain::texts::News;
use crate::topics::{AGENTS, AgentNews, DRAFTS, DraftNews, SHIFTS, ShiftAnnounced, ShiftWord};

/// How long attendance is kept after a shift, in milliseconds: for the weekly audit and the month's evaluation.
const KEPT_MS: i64 = 35 * 86_400_000;
/// The longest time for which team-mates are told of a presence before its end is known, in milliseconds.
const OVERLAP_MS: i64 = 2 * 86_400_000;

/// Keyed by `tenant/shift_id`.
#[derive(Clone, Copy, Debug)]
pub struct Shifts;

/// A shift with its attendance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShiftState {
    /// The shift; none while only commands that wait are known.
    pub known: Option<KnownShift>,
    waiting: CommandQueue,
    ledger: Ledger,
}

/// A shift that the policy has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownShift {
    /// The shift.
    pub shift: ShiftRef,
    /// Who is expected, came and left.
    pub attendance: Attendance,
    /// Since when it is known.
    pub since: Timestamp,
    /// Whether it was looked at who is missing.
    pub reported: bool,
}

impl StateRecord for ShiftState {
    const VERSION: u8 = 1;
}

input! {
    /// What it reads.
    pub enum ShiftInput {
        /// The shift is about to begin.
        Announced(ShiftAnnounced) from SHIFTS,
        /// Something is wanted of it.
        Command(Command) from COMMANDS,
    }
}

impl Processor for Shifts {
    const NAME: &'static str = "shifts";
    /// A command is decided at its instant by what came from several partitions.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[COMMAND_RESULTS.info, OUTBOUND.info, AGENTS.info, DRAFTS.info];
    type State = ShiftState;
    type Input = ShiftInput;

    fn on_record(
        &self,
        state: &mut Option<ShiftState>,
        input: ShiftInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        match input {
            ShiftInput::Announced(announced) => state.get_or_insert_default().announce(Arc::unwrap_or_clone(announced)),
            ShiftInput::Command(command) => {
                if attendance::read(&command).is_some() {
                    state.get_or_insert_default().waiting.push(ctx.key(), Arc::unwrap_or_clone(command))?;
                }
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<ShiftState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(shift) = state else { return Ok(()) };
        let now = ctx.now();
        for command in shift.waiting.take_until(now) {
            shift.decide(&command, ctx);
        }
        shift.ledger.expire(now);
        if let Some(known) = &mut shift.known
            && !known.reported
            && known.shift.arrival_due() <= now
        {
            known.report(ctx);
        }
        let over = shift.known.as_ref().is_none_or(|known| known.forgotten_at() <= now);
        if over && shift.waiting.is_empty() && shift.ledger.is_empty() {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &ShiftState) -> Option<Due> {
        let command = state.waiting.next().map(|at| Due::once(at, TimerClass::First));
        let report = state
            .known
            .as_ref()
            .filter(|known| !known.reported)
            .map(|known| Due::recurring(known.shift.arrival_due(), TimerClass::Warning));
        let expiry = state.ledger.next_expiry().map(|at| Due::recurring(at, TimerClass::Last));
        let busy = expiry.is_some() || !state.waiting.is_empty();
        let known = state.known.as_ref().filter(|_| !busy);
        let tidy = known.map(|known| Due::recurring(known.forgotten_at(), TimerClass::Last));
        [command, report, expiry, tidy].into_iter().flatten().min()
    }
}

impl ShiftState {
    fn announce(&mut self, announced: ShiftAnnounced) {
        let ShiftAnnounced { at, shift, staff } = announced;
        match &mut self.known {
            Some(known) => {
                known.since = known.since.min(at);
                known.attendance.staff = staff;
                known.shift = shift;
            }
            None => {
                let attendance = Attendance { staff, ..Attendance::default() };
                self.known = Some(KnownShift { shift, attendance, since: at, reported: false });
            }
        }
    }

    fn decide(&mut self, command: &Command, ctx: &mut Context<'_>) {
        let (tenant, shift_id) = split_key(ctx.key());
        let policy = ctx.policies().in_force(tenant, command.at.ms());
        if self.known.is_none()
            && let Some(shift) = policy.rota().by_id(shift_id)
        {
            let attendance = Attendance { staff: shift.staff.to_vec(), ..Attendance::default() };
            let (shift, since) = (ShiftRef::of(&shift), command.at);
            self.known = Some(KnownShift { shift, attendance, since, reported: false });
        }
        self.ledger.decide(command, ctx, |ctx| {
            let known = self.known.as_mut().ok_or_else(|| {
                Reject::new(Code::NotFound, format!("no shift `{shift_id}` in the policy; see the shifts of the team"))
            })?;
            known.attend(command, policy, ctx).map(Done::ok)
        });
    }
}

impl KnownShift {
    fn forgotten_at(&self) -> Timestamp {
        self.shift.end.plus_ms(KEPT_MS)
    }

    fn attend(
        &mut self,
        command: &Command,
        policy: &Policy,
        ctx: &mut Context<'_>,
    ) -> Result<serde_json::Value, Reject> {
        let Some(read) = attendance::read(command) else {
            return Err(Reject::new(Code::InvalidField, format!("`{}` is nothing to do with a shift", command.kind)));
        };
        let (agent, request) = read?;
        let is_member = |id: &str| belongs_to(policy, &self.shift.team, id);
        let done = self.attendance.decide(&agent, request, &self.shift, is_member, command.at)?;
        let mut body = json!({"shift_id": self.shift.shift_id, "agent_id": agent});
        match done {
            Attended::Came { on_time } => {
                body["on_time"] = json!(on_time);
                self.tell_agent(&agent, ShiftWord::Works, command.at, ctx);
                self.tell_team_mates(&agent, true, command.at, policy, ctx);
            }
            Attended::Left => self.tell_team_mates(&agent, false, command.at, policy, ctx),
            Attended::Absent => self.tell_agent(&agent, ShiftWord::Absent, command.at, ctx),
            Attended::Asked => {}
            Attended::Swapped { from } => {
                self.tell_agent(&from, ShiftWord::Absent, command.at, ctx);
                self.tell_agent(&agent, ShiftWord::Works, command.at, ctx);
                body["in_place_of"] = json!(from);
            }
        }
        Ok(body)
    }

    fn tell_agent(&self, agent: &str, word: ShiftWord, at: Timestamp, ctx: &mut Context<'_>) {
        let news = AgentNews::Shift { at, shift: self.shift.clone(), word };
        ctx.emit(&AGENTS, format!("{}/{agent}", ctx.tenant()), news, at);
    }

    /// Tells the handovers of the team in whose time the person is here that there is somebody to take over.
    fn tell_team_mates(&self, agent: &str, here: bool, at: Timestamp, policy: &Policy, ctx: &mut Context<'_>) {
        let tenant = ctx.tenant();
        let until = self.shift.end.plus_ms(1).min(at.plus_ms(OVERLAP_MS));
        let window = at.ms_since(skipped_at(Timestamp::from_ms(0)));
        let ending = policy.rota().ending_in(window, until.ms());
        for shift in ending.iter().filter(|shift| shift.rule.team == self.shift.team) {
            for outgoing in shift.staff.iter().filter(|outgoing| *outgoing != agent) {
                let key = format!("{tenant}/{}", handover_id(tenant, outgoing, &shift.id()));
                let shift_end = Timestamp::from_ms(shift.end_ms);
                ctx.emit(&DRAFTS, key, DraftNews::Presence { agent_id: agent.to_owned(), at, here, shift_end }, at);
            }
        }
    }

    /// Reports who should be here 10 minutes before the start and is not. Of a shift first heard of later it is not
    /// known who came.
    fn report(&mut self, ctx: &mut Context<'_>) {
        self.reported = true;
        let now = ctx.now();
        if self.since > self.shift.arrival_due() {
            return;
        }
        let (tenant, shift_id) = (ctx.tenant(), self.shift.shift_id.as_str());
        let policy = ctx.policies().in_force(tenant, now.ms());
        // the policy may have changed since the shift became known
        let Some(shift) = policy.rota().by_id(shift_id) else { return };
        self.attendance.staff = shift.staff.to_vec();
        let to = Addressee::supervisor_of(&self.shift.team, policy);
        for agent_id in self.attendance.missing_at(now) {
            let news = News::NotArrived { agent_id, shift_id };
            let (key, message) = notice::message(policy, tenant, &to, news, &[shift_id, agent_id], now);
            ctx.emit(&OUTBOUND, key, message, now);
        }
    }
}

/// Whether a person belongs to a team: by the list of staff, or because a shift of the team names them.
fn belongs_to(policy: &Policy, team: &str, person: &str) -> bool {
    let listed = policy.staff_member(person).is_some_and(|member| member.teams.iter().any(|own| own == team));
    listed
        || policy.shifts.iter().filter(|rule| rule.team == team).any(|rule| {
            let turns = rule.rotation.as_ref().map_or(&[][..], |rotation| &rotation.staff);
            rule.staff.iter().chain(turns).any(|id| id == person)
        })
}
