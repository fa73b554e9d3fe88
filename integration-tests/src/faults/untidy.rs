//! What a real stream has beside a tidy load: events that come twice, and events that a rule refuses.
//!
//! Owns which lines are added to the load, and where; the load itself and its order stay as they are, so a replay of it
//! by arrival ends as one of the tidy load would. Nothing comes late: what is decided once, such as who gets a case,
//! may be decided before a late event or after it, according to how far the services are.

use serde::Serialize;
use serde_json::{Value, json};

use super::dice::Dice;

/// Of so many events one comes twice, at once.
const AT_ONCE: u64 = 50;
/// Of so many events one comes again later, after up to `LATER_BY` others.
const LATER: u64 = 100;
const LATER_BY: u64 = 600;
/// Of so many events of a conversation one is followed by one of an unknown type, or of a conversation that there is
/// not.
const REFUSED: u64 = 150;
/// Of so many closed cases one gets a question afterwards.
const CLOSED: u64 = 2;

/// What was added to a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Events that come a second time.
    pub repeated: u64,
    /// Events that a rule refuses.
    pub refused: u64,
}

/// The lines of a load with what is added to them.
pub(super) fn untidy(load: &str, seed: u64) -> (Vec<String>, Added) {
    let mut dice = Dice::new(seed);
    let mut added = Added::default();
    let mut placed = Vec::new();
    for (at, line) in (0u64..).zip(load.lines()) {
        placed.push((at, line.to_owned()));
        let again = match (dice.one_of(AT_ONCE), dice.one_of(LATER)) {
            (true, _) => Some(at),
            (_, true) => Some(at + 1 + dice.below(LATER_BY)),
            _ => None,
        };
        if let Some(later) = again {
            placed.push((later, line.to_owned()));
            added.repeated += 1;
        }
        if let Some(refused) = refused(line, &mut dice) {
            placed.push((at, refused));
            added.refused += 1;
        }
    }
    // what has the same place stays in its order
    placed.sort_by_key(|(at, _)| *at);
    (placed.into_iter().map(|(_, line)| line).collect(), added)
}

/// An event that follows this one and is refused, if there is to be one.
fn refused(line: &str, dice: &mut Dice) -> Option<String> {
    let mut event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let id = event["event_id"].as_str().unwrap_or_default().to_owned();
    event.get("conversation_id")?;
    event["event_id"] = json!(format!("{id}-refused"));
    if event["type"] == "closed" && dice.one_of(CLOSED) {
        event["type"] = json!("info_requested");
        event["data"] = json!({"fields": ["order_id"]});
    } else if dice.one_of(REFUSED) {
        event["type"] = json!("teleported");
    } else if dice.one_of(REFUSED) {
        event["type"] = json!("resolved");
        event["conversation_id"] = json!(format!("nobody-{id}"));
        event["data"] = json!({});
        event["actor"] = json!({"kind": "agent", "id": "a-1"});
    } else {
        return None;
    }
    Some(event.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn load(events: u64) -> String {
        let line = |number: u64| {
            let kind = if number.is_multiple_of(20) { "closed" } else { "message" };
            let event = json!({"event_id": format!("e-{number}"), "conversation_id": "c", "type": kind, "data": {}});
            format!("{event}\n")
        };
        (1..=events).map(line).collect()
    }

    #[test]
    fn some_events_come_again_at_once_or_later_and_some_are_refused() {
        let load = load(6_000);
        let (lines, added) = untidy(&load, 7);
        assert_eq!(lines.len() as u64, 6_000 + added.repeated + added.refused);
        assert!((100..300).contains(&added.repeated) && (100..400).contains(&added.refused), "{added:?}");
        let mut at: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        lines.iter().enumerate().for_each(|(index, line)| at.entry(line).or_default().push(index));
        let apart: Vec<usize> = at.values().filter(|at| at.len() == 2).map(|at| at[1] - at[0]).collect();
        assert_eq!(apart.len() as u64, added.repeated);
        assert!(apart.contains(&1) && apart.iter().any(|apart| *apart > 100), "{apart:?}");
        for kind in ["info_requested", "teleported", "nobody-"] {
            assert!(lines.iter().any(|line| line.contains(kind)), "{kind}");
        }
    }

    #[test]
    fn the_load_itself_stays_as_it_is_and_the_same_seed_adds_the_same() {
        let load = load(2_000);
        let (lines, _) = untidy(&load, 7);
        let mut tidy = load.lines().peekable();
        for line in &lines {
            tidy.next_if_eq(&line.as_str());
        }
        assert_eq!(tidy.next(), None);
        assert_eq!(untidy(&load, 7), untidy(&load, 7));
        assert_ne!(untidy(&load, 7), untidy(&load, 8));
    }
}
