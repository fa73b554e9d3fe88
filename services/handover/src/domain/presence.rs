//! Which team-mates are here: what was recorded first, then the rota.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use kefu_policy::Rota;
use serde::{Deserialize, Serialize};

use crate::domain::shift::ANNOUNCED_BEFORE_MS;

/// The most comings and goings kept of a person; the oldest go.
const CHANGES_MAX: usize = 32;

/// When team-mates of an outgoing agent came and left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presences {
    /// By person, in the order of time: when, and whether the person came.
    changes: BTreeMap<String, Vec<(Timestamp, bool)>>,
}

impl Presences {
    /// Takes note that a person came or left.
    pub fn note(&mut self, person: String, at: Timestamp, here: bool) {
        let changes = self.changes.entry(person).or_default();
        if let Err(place) = changes.binary_search(&(at, here)) {
            changes.insert(place, (at, here));
        }
        let surplus = changes.len().saturating_sub(CHANGES_MAX);
        changes.drain(..surplus);
    }

    /// When a person first came, as known at an instant.
    pub fn arrived_at(&self, person: &str, at: Timestamp) -> Option<Timestamp> {
        let came = self.until(person, at).find(|(_, here)| *here);
        came.map(|(came, _)| came)
    }

    /// Whether a person counts as on shift in a team: by what was recorded, else by the rota, from shortly before the
    /// start on.
    pub fn on_shift(&self, person: &str, team: &str, rota: Rota<'_>, at: Timestamp) -> bool {
        if let Some((_, here)) = self.until(person, at).last() {
            return here;
        }
        let soon = rota.starting_in(at.ms(), at.plus_ms(ANNOUNCED_BEFORE_MS + 1).ms());
        let of_team = soon.into_iter().filter(|shift| shift.rule.team == team).chain(rota.on_shift(team, at.ms()));
        of_team.into_iter().any(|shift| shift.has(person))
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        self.changes.clear();
    }

    fn until(&self, person: &str, at: Timestamp) -> impl Iterator<Item = (Timestamp, bool)> {
        let changes = self.changes.get(person).map_or(&[][..], Vec::as_slice);
        changes.iter().copied().take_while(move |(change, _)| *change <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shift::tests::{at, policies};

    #[test]
    fn what_was_recorded_weighs_more_than_the_rota() {
        let shifts = r#"  - {team: care, name: night, hours: "22:00-06:00", staff: [a-2]}"#;
        let policies = policies(&[("UTC", None, shifts)]);
        let mut presences = Presences::default();
        presences.note("a-7".to_owned(), at("2026-03-02T21:40:00Z"), true);
        presences.note("a-2".to_owned(), at("2026-03-03T01:00:00Z"), false);
        presences.note("a-2".to_owned(), at("2026-03-02T21:50:00Z"), true);
        for (person, team, instant, expected) in [
            ("a-2", "care", "2026-03-02T21:29:59Z", false),
            ("a-2", "care", "2026-03-02T21:30:00Z", true),
            ("a-2", "desk", "2026-03-02T23:00:00Z", true),
            ("a-2", "care", "2026-03-03T00:59:59Z", true),
            ("a-2", "care", "2026-03-03T01:00:00Z", false),
            ("a-7", "care", "2026-03-02T21:39:59Z", false),
            ("a-7", "care", "2026-03-02T21:40:00Z", true),
            ("a-9", "care", "2026-03-02T23:00:00Z", false),
        ] {
            let rota = policies.in_force("demo", 0).rota();
            assert_eq!(presences.on_shift(person, team, rota, at(instant)), expected, "{person} at {instant}");
        }
        assert_eq!(presences.arrived_at("a-2", at("2026-03-03T05:00:00Z")), Some(at("2026-03-02T21:50:00Z")));
        assert_eq!(presences.arrived_at("a-2", at("2026-03-02T21:49:00Z")), None);
    }
}
