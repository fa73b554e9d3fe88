//! The processor `roster`: wakes for each shift of a tenant and announces it to the shift and to its people.
//!
//! One key a tenant, `tenant/roster`, which exists from the tenant's first case on: who has no case yet has nothing to
//! hand over to anybody. From then on also people who never had a record get their shifts.

use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_policy::{Policy, Shift};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::shift::{ANNOUNCED_BEFORE_MS, ShiftRef};
use crate::topics::{AGENTS, AgentNews, ROSTER, SHIFTS, ShiftAnnounced, ShiftWord, TenantSeen};

const DAY_MS: i64 = 86_400_000;
/// A shift lasts up to a day, and a clock change may lengthen it.
const LONGEST_SHIFT_MS: i64 = 2 * DAY_MS;
/// How far ahead the next shift is looked for; a tenant with shifts but none so near is looked at again then.
const HORIZON_MS: i64 = 2 * DAY_MS;

/// Events count in full if they come at most this late, in milliseconds.
const LATENESS_MS: i64 = 3 * DAY_MS;

/// Keyed by `tenant/roster`.
#[derive(Clone, Copy, Debug)]
pub struct Roster;

/// How far the shifts of a tenant were announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterState {
    /// When the tenant was first heard of.
    pub since: Timestamp,
    /// Up to when shifts were announced.
    pub announced: Option<Timestamp>,
    /// When to wake next; none while the policy has no shifts.
    pub next: Option<Timestamp>,
}

impl StateRecord for RosterState {
    const VERSION: u8 = 1;
}

input! {
    /// What it reads.
    pub enum Seen {
        /// The tenant has a case.
        Tenant(TenantSeen) from ROSTER,
    }
}

impl Processor for Roster {
    const NAME: &'static str = "roster";
    const HEEDS_POLICIES: bool = true;
    const OUTPUTS: &'static [TopicInfo] = &[SHIFTS.info, AGENTS.info];
    type State = RosterState;
    type Input = Seen;

    fn on_record(&self, state: &mut Option<RosterState>, input: Seen, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Seen::Tenant(seen) = input;
        // An old letter that is written up today does not bring back the shifts since then.
        let clock = ctx.clock();
        let since = if clock.live { seen.at.max(clock.now.plus_ms(-LATENESS_MS)) } else { seen.at };
        match state {
            None => *state = Some(RosterState { since, announced: None, next: Some(since) }),
            Some(roster) if roster.announced.is_none() && since < roster.since => {
                *roster = RosterState { since, announced: None, next: Some(since) };
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<RosterState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(roster) = state else { return Ok(()) };
        let now = ctx.now();
        let policy = ctx.policies().in_force(ctx.tenant(), now.ms());
        // What goes on at the beginning, or when a policy takes effect, was not announced in time.
        let catches_up = roster.announced.is_none() || policy.effective_from == Some(now);
        for shift in announced_at(policy, now, catches_up) {
            announce(&shift, now, ctx);
        }
        roster.announced = Some(now);
        roster.next = next_after(now, ctx);
        Ok(())
    }

    fn on_policies(&self, state: &mut Option<RosterState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(roster) = state
            && let Some(announced) = roster.announced
        {
            roster.next = next_after(announced, ctx);
        }
        Ok(())
    }

    fn due(&self, state: &RosterState) -> Option<Due> {
        state.next.map(|at| Due::recurring(at, TimerClass::First))
    }
}

/// The shifts to be announced at an instant: those whose time it is, and if it `catches_up` those that go on.
fn announced_at(policy: &Policy, now: Timestamp, catches_up: bool) -> Vec<Shift<'_>> {
    let earliest = if catches_up { now.plus_ms(-LONGEST_SHIFT_MS) } else { now.plus_ms(ANNOUNCED_BEFORE_MS) };
    let mut shifts = policy.rota().starting_in(earliest.ms(), now.plus_ms(ANNOUNCED_BEFORE_MS + 1).ms());
    shifts.retain(|shift| shift.end_ms > now.ms());
    shifts
}

/// The next shift's announcement or the next change of the policy, whichever comes first.
fn next_after(now: Timestamp, ctx: &Context<'_>) -> Option<Timestamp> {
    let policies = ctx.policies();
    let change = policies.next_change_after(ctx.tenant(), now.ms()).map(Timestamp::from_ms);
    let policy = policies.in_force(ctx.tenant(), now.ms());
    if policy.shifts.is_empty() {
        return change;
    }
    let from = now.plus_ms(ANNOUNCED_BEFORE_MS + 1);
    let coming = policy.rota().starting_in(from.ms(), from.plus_ms(HORIZON_MS).ms());
    let next = coming.first().map_or(now.plus_ms(HORIZON_MS), |shift| ShiftRef::of(shift).announced_at());
    Some(change.map_or(next, |change| change.min(next)))
}

fn announce(shift: &Shift<'_>, at: Timestamp, ctx: &mut Context<'_>) {
    let (tenant, of) = (ctx.tenant(), ShiftRef::of(shift));
    for person in shift.staff {
        let news = AgentNews::Shift { at, shift: of.clone(), word: ShiftWord::Announced };
        ctx.emit(&AGENTS, format!("{tenant}/{person}"), news, at);
    }
    let key = format!("{tenant}/{}", of.shift_id);
    ctx.emit(&SHIFTS, key, ShiftAnnounced { at, shift: of, staff: shift.staff.to_vec() }, at);
}

#[cfg(test)]
mod tests {
    use kefu_processor::Service;
    use kefu_testkit::Driver;

    use super::*;
    use crate::domain::shift::tests::{at, policies};

    fn announced(driver: &Driver) -> Vec<(String, String)> {
        let all = driver.written(&SHIFTS).into_iter();
        all.map(|(_, news)| (news.shift.shift_id, news.at.to_string())).collect()
    }

    fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|(id, instant)| ((*id).to_owned(), at(instant).to_string())).collect()
    }

    const DAY_AND_NIGHT: &str = r#"
  - {team: care, name: day, days: [mon, tue], hours: "09:00-18:00", staff: [a-1, a-2]}
  - {team: care, name: night, days: [mon], hours: "18:00-03:00", staff: [a-3]}
"#;

    #[test]
    fn shifts_that_go_on_are_announced_at_once_and_later_ones_before_their_start() {
        let mut driver =
            Driver::new(&[Service::new("handover").with(Roster)], policies(&[("Asia/Shanghai", None, DAY_AND_NIGHT)]));
        let begin = at("2026-03-02T10:00:00+08:00");
        for later in [60_000, 0] {
            driver.send(&ROSTER, "demo/roster", &TenantSeen { at: begin.plus_ms(later) });
        }
        driver.advance_to(at("2026-03-03T10:00:00+08:00"));
        let expected = [
            ("care/day/2026-03-02", "2026-03-02T10:00:00+08:00"),
            ("care/night/2026-03-02", "2026-03-02T17:30:00+08:00"),
            ("care/day/2026-03-03", "2026-03-03T08:30:00+08:00"),
        ];
        assert_eq!(announced(&driver), rows(&expected));
        let people: Vec<String> = driver.written(&AGENTS).into_iter().map(|(key, _)| key).collect();
        assert_eq!(people, ["demo/a-1", "demo/a-2", "demo/a-3", "demo/a-1", "demo/a-2"]);
        driver.advance_to(at("2026-03-09T08:30:00+08:00"));
        assert_eq!(announced(&driver).last(), rows(&[("care/day/2026-03-09", "2026-03-09T08:30:00+08:00")]).last());
    }

    #[test]
    fn a_policy_that_takes_effect_announces_what_goes_on_under_it() {
        let noon = "2026-03-02T12:00:00+08:00";
        let late = r#"  - {team: care, name: late, hours: "11:00-23:00", staff: [a-9]}"#;
        let mut driver = Driver::new(
            &[Service::new("handover").with(Roster)],
            policies(&[("Asia/Shanghai", None, DAY_AND_NIGHT), ("Asia/Shanghai", Some(noon), late)]),
        );
        driver.send(&ROSTER, "demo/roster", &TenantSeen { at: at("2026-03-02T08:30:00+08:00") });
        driver.advance_to(at("2026-03-03T10:30:00+08:00"));
        let expected = [
            ("care/day/2026-03-02", "2026-03-02T08:30:00+08:00"),
            ("care/late/2026-03-02", noon),
            ("care/late/2026-03-03", "2026-03-03T10:30:00+08:00"),
        ];
        assert_eq!(announced(&driver), rows(&expected));
    }

    #[test]
    fn hours_moved_by_a_clock_change_move_the_announcement() {
        let night = r#"  - {team: care, name: night, days: [sun], hours: "02:30-10:00", staff: [a-1]}"#;
        let mut driver =
            Driver::new(&[Service::new("handover").with(Roster)], policies(&[("America/New_York", None, night)]));
        driver.send(&ROSTER, "demo/roster", &TenantSeen { at: at("2026-03-08T00:00:00-05:00") });
        driver.advance_to(at("2026-03-08T12:00:00-04:00"));
        // 02:30 does not exist that night: the shift starts with the change at 03:00 -04:00
        assert_eq!(announced(&driver), rows(&[("care/night/2026-03-08", "2026-03-08T02:30:00-04:00")]));
    }
}
