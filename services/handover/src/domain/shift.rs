//! A shift as this service remembers it, and the instants that hang on it.

use kefu_contracts::Timestamp;
use kefu_contracts::id::hash_id;
use kefu_policy::Shift;
use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60_000;

/// A shift is announced this long before its start, and from then on its people may take over from the shift before.
pub const ANNOUNCED_BEFORE_MS: i64 = 30 * MINUTE_MS;
/// Who works a shift checks in this long before its start.
const ARRIVES_BEFORE_MS: i64 = 10 * MINUTE_MS;
/// The record is drafted this long before the shift's end.
const DRAFTED_BEFORE_MS: i64 = 30 * MINUTE_MS;
/// A handover takes at most this long: from its opening, and from the shift's end.
pub const TAKES_AT_MOST_MS: i64 = 30 * MINUTE_MS;
/// A handover that is not signed this long after the shift's end is skipped.
const SKIPPED_AFTER_MS: i64 = 120 * MINUTE_MS;

/// A shift on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftRef {
    /// `<team>/<name>/<local start date>`.
    pub shift_id: String,
    /// The team.
    pub team: String,
    /// Its first instant.
    pub start: Timestamp,
    /// The instant after its last.
    pub end: Timestamp,
}

impl ShiftRef {
    /// A shift of the policy.
    pub fn of(shift: &Shift<'_>) -> Self {
        Self {
            shift_id: shift.id(),
            team: shift.rule.team.clone(),
            start: Timestamp::from_ms(shift.start_ms),
            end: Timestamp::from_ms(shift.end_ms),
        }
    }

    /// When it is announced.
    pub fn announced_at(&self) -> Timestamp {
        self.start.plus_ms(-ANNOUNCED_BEFORE_MS)
    }

    /// The last instant at which an arrival is early enough.
    pub fn arrival_due(&self) -> Timestamp {
        self.start.plus_ms(-ARRIVES_BEFORE_MS)
    }

    /// When its handovers are drafted.
    pub fn drafted_at(&self) -> Timestamp {
        self.end.plus_ms(-DRAFTED_BEFORE_MS)
    }

    /// When a handover that was never opened is late.
    pub fn late_at(&self) -> Timestamp {
        self.end.plus_ms(TAKES_AT_MOST_MS)
    }

    /// When a handover that is not signed is given up.
    pub fn skipped_at(&self) -> Timestamp {
        skipped_at(self.end)
    }

    /// Whether an instant lies within the shift.
    pub fn covers(&self, at: Timestamp) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// When the handovers of a shift that ends at `end` are given up.
pub fn skipped_at(end: Timestamp) -> Timestamp {
    end.plus_ms(SKIPPED_AFTER_MS)
}

/// The handover of an outgoing agent at the end of a shift.
pub fn handover_id(tenant: &str, outgoing: &str, shift_id: &str) -> String {
    hash_id(&["handover", tenant, outgoing, shift_id])
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use kefu_policy::{Format, Policies, parse};

    use super::*;

    /// The instant a test writes in RFC 3339.
    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Policies of the tenant `demo` by zone, instant of effect and shifts.
    pub(crate) fn policies(versions: &[(&str, Option<&str>, &str)]) -> Policies {
        let mut policies = Policies::default();
        for (version, (zone, effective_from, shifts)) in (1..).zip(versions) {
            let effective = effective_from.map_or(String::new(), |from| format!("effective_from: {from}\n"));
            let text = format!(
                "tenant: demo\nversion: {version}\n{effective}timezone: {zone}\n\
                 teams: {{care: {{supervisor: s-1}}, desk: {{supervisor: s-2}}}}\n\
                 staff:\n  - {{id: a-1, teams: [care], languages: [zh-Hans]}}\n  - {{id: a-7, teams: [care]}}\n\
                 shifts:\n{shifts}"
            );
            let (policy, _) = parse(&text, Format::Yaml).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"));
            policies.insert(Arc::new(policy));
        }
        policies
    }

    #[test]
    fn instants_around_a_shift() {
        let shift = ShiftRef {
            shift_id: "care/night/2026-03-02".to_owned(),
            team: "care".to_owned(),
            start: at("2026-03-02T18:00:00+08:00"),
            end: at("2026-03-03T03:00:00+08:00"),
        };
        for (name, instant, expected) in [
            ("announced", shift.announced_at(), "2026-03-02T17:30:00+08:00"),
            ("arrival due", shift.arrival_due(), "2026-03-02T17:50:00+08:00"),
            ("drafted", shift.drafted_at(), "2026-03-03T02:30:00+08:00"),
            ("late", shift.late_at(), "2026-03-03T03:30:00+08:00"),
            ("skipped", shift.skipped_at(), "2026-03-03T05:00:00+08:00"),
        ] {
            assert_eq!(instant, at(expected), "{name}");
        }
        assert!(shift.covers(shift.start) && !shift.covers(shift.end));
    }

    #[test]
    fn a_handover_is_known_by_tenant_agent_and_shift() {
        let id = handover_id("demo", "a-1", "care/day/2026-03-02");
        assert_eq!(id, hash_id(&["handover", "demo", "a-1", "care/day/2026-03-02"]));
        assert_ne!(id, handover_id("demo", "a-2", "care/day/2026-03-02"));
    }
}
