//! Where cases go when a handover ends.

use kefu_contracts::channel_event::{Actor, ChannelEvent, EventData};
use kefu_contracts::handover::{Handover, Placement};
use kefu_contracts::id::hash_id;
use kefu_contracts::{ActorKind, Channel, Timestamp};

use crate::domain::contents::{CaseRecords, open_cases};

/// Who answers for a case from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An agent.
    Agent(String),
    /// The queue of a team.
    Queue(String),
}

/// A case that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The case.
    pub case_id: String,
    /// Where it was opened.
    pub channel: Channel,
    /// Who answers for it from now on.
    pub to: Holder,
}

/// The cases that the second signature at an instant moves: those placed elsewhere whose assignee is still the outgoing
/// agent; open ones that nobody placed, because they came after the freeze, go to the queue.
pub fn on_signature(record: &Handover, incoming: &str, cases: &CaseRecords, at: Timestamp) -> Vec<Move> {
    let still_held = cases.values().filter_map(|case| Some((case, case.held_at(at)?)));
    let moves = still_held.filter_map(|(case, held)| {
        let item = record.items.iter().find(|item| item.case_id == case.case_id);
        let queue = || Holder::Queue(held.team.clone().unwrap_or_else(|| record.team.clone()));
        let to = match item.and_then(|item| item.placement) {
            Some(Placement::Taken) => Holder::Agent(incoming.to_owned()),
            Some(Placement::Queue) => queue(),
            Some(Placement::Stays) => return None,
            None if held.live => queue(),
            None => return None,
        };
        Some(Move { case_id: case.case_id.clone(), channel: case.channel, to })
    });
    moves.collect()
}

/// A handover that is skipped at an instant leaves every open case of the outgoing agent to the queue, whatever was
/// said of it before; the record says so too.
pub fn on_skip(record: &mut Handover, cases: &CaseRecords, at: Timestamp) -> Vec<Move> {
    let open = open_cases(cases, at);
    for item in record.items.iter_mut().filter(|item| open.contains(&item.case_id)) {
        item.placement = Some(Placement::Queue);
    }
    let held = cases.values().filter_map(|case| Some((case, case.held_at(at).filter(|held| held.live)?)));
    let moves = held.map(|(case, held)| Move {
        case_id: case.case_id.clone(),
        channel: case.channel,
        to: Holder::Queue(held.team.clone().unwrap_or_else(|| record.team.clone())),
    });
    moves.collect()
}

/// The event that moves a case; a handover moves each case at most once.
pub fn assigned(record: &Handover, moved: &Move, at: Timestamp) -> ChannelEvent {
    let (agent_id, team) = match &moved.to {
        Holder::Agent(agent) => (Some(agent.clone()), None),
        Holder::Queue(team) => (None, Some(team.clone())),
    };
    let conversation = moved.case_id.rsplit_once('#').map_or(moved.case_id.as_str(), |(conversation, _)| conversation);
    ChannelEvent {
        event_id: hash_id(&["handover assigned", &record.tenant, &record.handover_id, &moved.case_id]),
        tenant: record.tenant.clone(),
        conversation_id: conversation.to_owned(),
        channel: moved.channel,
        occurred_at: at,
        kind: "assigned".to_owned(),
        actor: Actor { kind: ActorKind::System, id: "handover".to_owned(), name: None },
        data: EventData { agent_id, team, ..EventData::default() },
        customer: None,
        order_ids: Vec::new(),
        attributes: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kefu_contracts::handover::HandoverState;

    use super::*;
    use crate::domain::contents::items;
    use crate::domain::contents::tests::{case, cases, held, ms};
    use crate::domain::life_cycle::tests::record;
    use crate::domain::request::ItemNote;

    fn story() -> (Handover, CaseRecords) {
        let open = held(None, None, true);
        let cases = cases(vec![
            case("taken#1", &[(0, open.clone())]),
            case("queue#1", &[(0, open.clone())]),
            case("stays#1", &[(0, open.clone())]),
            case("moved-already#1", &[(0, open.clone()), (15, None)]),
            case("solved#1", &[(0, open.clone()), (15, held(None, None, false))]),
            case("new#1", &[(15, open)]),
        ]);
        let placements = [
            ("taken#1", Placement::Taken),
            ("queue#1", Placement::Queue),
            ("stays#1", Placement::Stays),
            ("moved-already#1", Placement::Taken),
            ("solved#1", Placement::Taken),
        ];
        let notes: BTreeMap<String, ItemNote> = placements
            .into_iter()
            .map(|(id, placement)| {
                let note = ItemNote { case_id: id.to_owned(), placement: Some(placement), ..ItemNote::default() };
                (id.to_owned(), note)
            })
            .collect();
        let mut record = record(HandoverState::UnderReview);
        record.items = items(&cases, &notes, ms(10));
        (record, cases)
    }

    fn agent(id: &str) -> Holder {
        Holder::Agent(id.to_owned())
    }

    fn queue() -> Holder {
        Holder::Queue("desk".to_owned())
    }

    fn rows(moves: Vec<Move>) -> Vec<(String, Holder)> {
        moves.into_iter().map(|moved| (moved.case_id, moved.to)).collect()
    }

    #[test]
    fn the_second_signature_moves_what_is_still_the_outgoing_agents() {
        let (record, cases) = story();
        let expected =
            [("new#1", queue()), ("queue#1", queue()), ("solved#1", agent("a-2")), ("taken#1", agent("a-2"))];
        let moves = rows(on_signature(&record, "a-2", &cases, ms(20)));
        assert_eq!(moves, expected.map(|(id, to)| (id.to_owned(), to)));
    }

    #[test]
    fn a_skipped_handover_leaves_every_open_case_to_the_queue() {
        let (mut record, cases) = story();
        let moves = rows(on_skip(&mut record, &cases, ms(20)));
        assert_eq!(moves, ["new#1", "queue#1", "stays#1", "taken#1"].map(|id| (id.to_owned(), queue())));
        let placed = |id: &str| record.items.iter().find(|item| item.case_id == id).and_then(|item| item.placement);
        assert_eq!((placed("stays#1"), placed("solved#1")), (Some(Placement::Queue), Some(Placement::Taken)));
    }

    #[test]
    fn a_case_without_a_team_goes_to_the_queue_of_the_shifts_team() {
        let mut alone = case("c-1#1", &[(0, held(None, None, true))]);
        alone.views[0].held.as_mut().unwrap().team = None;
        let moves = on_signature(&record(HandoverState::UnderReview), "a-2", &cases(vec![alone]), ms(5));
        assert_eq!(rows(moves), [("c-1#1".to_owned(), Holder::Queue("care".to_owned()))]);
    }

    #[test]
    fn an_assignment_has_the_same_id_whenever_it_is_made() {
        let (record, _) = story();
        let moved = Move { case_id: "a#b#2".to_owned(), channel: Channel::Chat, to: agent("a-2") };
        let (first, later) = (assigned(&record, &moved, ms(1)), assigned(&record, &moved, ms(2)));
        assert_eq!(first.event_id, later.event_id);
        assert_eq!((first.conversation_id.as_str(), first.data.agent_id.as_deref()), ("a#b", Some("a-2")));
        assert_eq!(first.data.team, None);
    }
}
