//! Attendance at a shift: who is expected, who came and left, absences and swaps.

use std::collections::BTreeMap;

use kefu_contracts::command::Command;
use kefu_contracts::{ActorKind, Code, Reject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::request::missing;
use crate::domain::shift::ShiftRef;

/// The earliest check-in before the start of a shift, in milliseconds.
const EARLIEST_MS: i64 = 4 * 3_600_000;
/// The most times a person comes to one shift, and the most swaps of one shift.
const ENTRIES_MAX: usize = 50;

/// From coming to leaving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// When the person checked in.
    pub came: Timestamp,
    /// When the person checked out.
    pub left: Option<Timestamp>,
}

/// A shift that one person asks another to work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// Who asks.
    pub from: String,
    /// Who is asked.
    pub to: String,
    /// When the other accepted.
    pub accepted_at: Option<Timestamp>,
}

/// Attendance at a shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendance {
    /// Who works it by rotation or rule.
    pub staff: Vec<String>,
    /// Who said that they do not come, and why.
    pub absent: BTreeMap<String, Option<String>>,
    /// Swaps asked for.
    pub swaps: Vec<Swap>,
    /// Who came.
    pub visits: BTreeMap<String, Vec<Visit>>,
}

/// What a person wants of a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShiftRequest {
    /// To come.
    CheckIn,
    /// To leave.
    CheckOut,
    /// Not to come.
    Absence {
        /// Why.
        reason: Option<String>,
    },
    /// That somebody else works it.
    SwapRequest {
        /// Who is asked.
        with: String,
    },
    /// To work it in another's place.
    SwapAccept {
        /// Who asked.
        from: String,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attended {
    /// The person came; whether early enough.
    Came {
        /// Whether 10 minutes before the start or earlier.
        on_time: bool,
    },
    /// The person left.
    Left,
    /// The person does not come.
    Absent,
    /// Somebody was asked.
    Asked,
    /// The person works it in the place of another.
    Swapped {
        /// In whose place.
        from: String,
    },
}

/// The fields of a command's data.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    agent_id: Option<String>,
    with_agent_id: Option<String>,
    from_agent_id: Option<String>,
    reason: Option<String>,
}

/// Reads a command: for whom and what; none if it is no command to a shift.
pub fn read(command: &Command) -> Option<Result<(String, ShiftRequest), Reject>> {
    let is_ours =
        matches!(command.kind.as_str(), "check_in" | "check_out" | "absence" | "swap_request" | "swap_accept");
    is_ours.then(|| {
        let data = if command.data.0.is_null() { serde_json::json!({}) } else { command.data.0.clone() };
        let fields: Fields =
            serde_json::from_value(data).map_err(|error| Reject::new(Code::InvalidField, format!("data: {error}")))?;
        let request = match command.kind.as_str() {
            "check_in" => ShiftRequest::CheckIn,
            "check_out" => ShiftRequest::CheckOut,
            "absence" => ShiftRequest::Absence { reason: fields.reason },
            "swap_request" => {
                ShiftRequest::SwapRequest { with: fields.with_agent_id.ok_or_else(|| missing("with_agent_id"))? }
            }
            _ => ShiftRequest::SwapAccept { from: fields.from_agent_id.ok_or_else(|| missing("from_agent_id"))? },
        };
        let agent_id = fields.agent_id.unwrap_or_else(|| command.actor.id.clone());
        if agent_id != command.actor.id && command.actor.kind != ActorKind::Supervisor {
            return Err(Reject::new(Code::Forbidden, format!("only a supervisor does this for `{agent_id}`")));
        }
        Ok((agent_id, request))
    })
}

impl Attendance {
    /// Who is expected: by rotation or rule, less who is absent or swapped, and who works in another's place.
    pub fn expected(&self) -> Vec<&str> {
        let accepted = || self.swaps.iter().filter(|swap| swap.accepted_at.is_some());
        let mut expected: Vec<&str> = self.staff.iter().map(String::as_str).collect();
        for swap in accepted() {
            expected.retain(|id| *id != swap.from && *id != swap.to);
            expected.push(&swap.to);
        }
        expected.retain(|id| !self.absent.contains_key(*id));
        expected
    }

    /// Who is expected and has not come by an instant.
    pub fn missing_at(&self, at: Timestamp) -> Vec<&str> {
        let came = |id: &str| self.visits.get(id).is_some_and(|visits| visits.iter().any(|visit| visit.came <= at));
        self.expected().into_iter().filter(|id| !came(id)).collect()
    }

    /// Does what is asked for `agent` at an instant. `is_member` tells who belongs to the team.
    ///
    /// # Errors
    /// Why it is not done; nothing changed then.
    pub fn decide(
        &mut self,
        agent: &str,
        request: ShiftRequest,
        shift: &ShiftRef,
        is_member: impl Fn(&str) -> bool,
        at: Timestamp,
    ) -> Result<Attended, Reject> {
        match request {
            ShiftRequest::CheckIn => self.check_in(agent, shift, is_member(agent), at),
            ShiftRequest::CheckOut => self.check_out(agent, at),
            ShiftRequest::Absence { reason } => {
                self.is_expected(agent)?;
                if at >= shift.end || self.visits.contains_key(agent) {
                    return Err(Reject::new(
                        Code::Conflict,
                        "an absence is told before coming and before the end; check out instead",
                    ));
                }
                self.absent.insert(agent.to_owned(), reason);
                Ok(Attended::Absent)
            }
            ShiftRequest::SwapRequest { with } => self.ask(agent, with, shift, is_member, at),
            ShiftRequest::SwapAccept { from } => self.accept(agent, from, shift, at),
        }
    }

    fn check_in(&mut self, agent: &str, shift: &ShiftRef, is_member: bool, at: Timestamp) -> Result<Attended, Reject> {
        if !is_member && !self.expected().contains(&agent) {
            let detail = format!("`{agent}` is not of team `{}`; let a member of the team come", shift.team);
            return Err(Reject::new(Code::Forbidden, detail));
        }
        let earliest = shift.start.plus_ms(-EARLIEST_MS);
        if at < earliest || at >= shift.end {
            let detail = format!("check-in is from {earliest} until before {}", shift.end);
            return Err(Reject::new(Code::Conflict, detail));
        }
        let visits = self.visits.entry(agent.to_owned()).or_default();
        if visits.len() >= ENTRIES_MAX || visits.last().is_some_and(|visit| visit.left.is_none()) {
            return Err(Reject::new(Code::Conflict, format!("`{agent}` is here already; check out first")));
        }
        visits.push(Visit { came: at, left: None });
        self.absent.remove(agent);
        Ok(Attended::Came { on_time: at <= shift.arrival_due() })
    }

    fn check_out(&mut self, agent: &str, at: Timestamp) -> Result<Attended, Reject> {
        let here = self.visits.get_mut(agent).and_then(|visits| visits.last_mut()).filter(|visit| visit.left.is_none());
        let Some(visit) = here else {
            return Err(Reject::new(Code::Conflict, format!("`{agent}` is not here; check in first")));
        };
        visit.left = Some(at);
        Ok(Attended::Left)
    }

    fn ask(
        &mut self,
        agent: &str,
        with: String,
        shift: &ShiftRef,
        is_member: impl Fn(&str) -> bool,
        at: Timestamp,
    ) -> Result<Attended, Reject> {
        self.is_expected(agent)?;
        before_start(shift, at)?;
        if !is_member(&with) {
            return Err(Reject::new(
                Code::InvalidField,
                format!("`{with}` is not of team `{}`; ask a member of the team", shift.team),
            ));
        }
        if self.expected().contains(&with.as_str()) {
            return Err(Reject::new(Code::Conflict, format!("`{with}` works this shift already; ask somebody else")));
        }
        if self.swaps.len() >= ENTRIES_MAX {
            return Err(Reject::new(Code::Conflict, format!("the shift has {ENTRIES_MAX} swaps, it takes no more")));
        }
        self.swaps.push(Swap { from: agent.to_owned(), to: with, accepted_at: None });
        Ok(Attended::Asked)
    }

    fn accept(&mut self, agent: &str, from: String, shift: &ShiftRef, at: Timestamp) -> Result<Attended, Reject> {
        before_start(shift, at)?;
        self.is_expected(&from)?;
        let asked = |swap: &&mut Swap| swap.from == from && swap.to == agent && swap.accepted_at.is_none();
        let Some(swap) = self.swaps.iter_mut().find(asked) else {
            return Err(Reject::new(
                Code::NotFound,
                format!("`{from}` did not ask `{agent}` to swap; let them ask first"),
            ));
        };
        swap.accepted_at = Some(at);
        Ok(Attended::Swapped { from })
    }

    fn is_expected(&self, agent: &str) -> Result<(), Reject> {
        if self.expected().contains(&agent) {
            return Ok(());
        }
        Err(Reject::new(Code::Conflict, format!("`{agent}` does not work this shift")))
    }
}

fn before_start(shift: &ShiftRef, at: Timestamp) -> Result<(), Reject> {
    if at < shift.start {
        return Ok(());
    }
    Err(Reject::new(Code::Conflict, format!("the shift began at {}; swaps are made before", shift.start)))
}

#[cfg(test)]
#[path = "attendance_tests.rs"]
mod tests;
