//! What stands in the record: the part that fills itself from cases, what people wrote to it, and its hash.

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::Timestamp;
use kefu_contracts::handover::{Handover, HandoverCounts, HandoverItem, ItemKind};
use kefu_contracts::id::hash_id;

use crate::domain::case_record::CaseRecord;
use crate::domain::request::ItemNote;
use crate::domain::shift::ShiftRef;

/// What is known of the outgoing agent's cases, by case.
pub type CaseRecords = BTreeMap<String, CaseRecord>;

/// The cases that wait for work in the outgoing agent's hands at an instant.
pub fn open_cases(cases: &CaseRecords, at: Timestamp) -> BTreeSet<String> {
    let open = cases.values().filter(|record| record.held_at(at).is_some_and(|held| held.live));
    open.map(|record| record.case_id.clone()).collect()
}

/// The items of the record at an instant: each open case once, with the notes, and cases that only notes name.
pub fn items(cases: &CaseRecords, notes: &BTreeMap<String, ItemNote>, at: Timestamp) -> Vec<HandoverItem> {
    let open = cases.values().filter_map(|record| {
        let held = record.held_at(at).filter(|held| held.live)?;
        Some(HandoverItem {
            severity: held.severity,
            summary: held.summary.clone(),
            due_at: held.due_at,
            ..bare_item(&record.case_id, held.kind)
        })
    });
    let mut items: Vec<HandoverItem> = open.collect();
    notes.values().for_each(|note| lay_over(&mut items, note));
    sort(&mut items);
    items
}

/// Writes a note to the item of its case, or makes one.
pub fn note(items: &mut Vec<HandoverItem>, note: &ItemNote) {
    lay_over(items, note);
    sort(items);
}

fn lay_over(items: &mut Vec<HandoverItem>, note: &ItemNote) {
    let place = items.iter().position(|item| item.case_id == note.case_id);
    let found = place.and_then(|place| items.get_mut(place));
    let Some(item) = found else {
        let kind = note.kind.unwrap_or(ItemKind::SpecialAttention);
        items.push(bare_item(&note.case_id, kind));
        return lay_over(items, note);
    };
    let take = |field: &mut Option<String>, noted: &Option<String>| {
        if noted.is_some() {
            field.clone_from(noted);
        }
    };
    item.kind = note.kind.unwrap_or(item.kind);
    take(&mut item.summary, &note.summary);
    take(&mut item.action, &note.action);
    take(&mut item.owner, &note.owner);
    take(&mut item.contingency, &note.contingency);
    item.due_at = note.due_at.or(item.due_at);
    item.placement = note.placement.or(item.placement);
}

fn bare_item(case_id: &str, kind: ItemKind) -> HandoverItem {
    HandoverItem {
        case_id: case_id.to_owned(),
        kind,
        severity: None,
        summary: None,
        action: None,
        owner: None,
        due_at: None,
        contingency: None,
        placement: None,
    }
}

/// The severest first, then by promise.
fn sort(items: &mut [HandoverItem]) {
    let urgency = |item: &HandoverItem| (item.severity.is_none(), item.severity, item.due_at.is_none(), item.due_at);
    items.sort_by(|a, b| (urgency(a), &a.case_id).cmp(&(urgency(b), &b.case_id)));
}

/// The figures of the shift up to an instant.
pub fn counts(cases: &CaseRecords, shift: &ShiftRef, at: Timestamp) -> HandoverCounts {
    let in_shift = |instants: &[Timestamp]| instants.iter().any(|instant| shift.covers(*instant) && *instant <= at);
    let number = |chosen: &dyn Fn(&CaseRecord) -> bool| {
        i64::try_from(cases.values().filter(|record| chosen(record)).count()).unwrap_or(i64::MAX)
    };
    HandoverCounts {
        handled: number(&|record| in_shift(&record.replies)),
        resolved: number(&|record| in_shift(&record.resolutions)),
        unresolved: i64::try_from(open_cases(cases, at).len()).unwrap_or(i64::MAX),
    }
}

/// The last instant that the cases speak of, at least that of the draft.
pub fn known_until(cases: &CaseRecords, drafted_at: Timestamp) -> Timestamp {
    cases.values().filter_map(CaseRecord::latest).max().map_or(drafted_at, |latest| latest.max(drafted_at))
}

/// Fills the automatic part of the record with what holds at an instant.
pub fn fill(
    record: &mut Handover,
    cases: &CaseRecords,
    notes: &BTreeMap<String, ItemNote>,
    shift: &ShiftRef,
    at: Timestamp,
) {
    record.items = items(cases, notes, at);
    record.counts = counts(cases, shift, at);
    record.source_offsets = Some(format!("case events up to {at}"));
}

/// The hash of what both sign: who, and every word of the record.
pub fn version_hash(record: &Handover) -> String {
    let signed = (
        (&record.tenant, &record.handover_id, &record.shift_id, &record.outgoing, &record.incoming),
        (&record.items, &record.counts, &record.remarks, &record.source_offsets),
    );
    // a record of plain texts, numbers and lists always has a JSON form
    let text = serde_json::to_string(&signed).unwrap_or_default();
    hash_id(&["handover version", &text])
}

#[cfg(test)]
pub(crate) mod tests {
    use kefu_contracts::handover::Placement;
    use kefu_contracts::{Channel, Severity};

    use super::*;
    use crate::domain::case_record::{Held, View};

    pub(crate) fn ms(at: i64) -> Timestamp {
        Timestamp::from_ms(at)
    }

    pub(crate) fn shift() -> ShiftRef {
        ShiftRef { shift_id: "care/day/2026-03-02".to_owned(), team: "care".to_owned(), start: ms(100), end: ms(200) }
    }

    pub(crate) fn held(severity: Option<Severity>, due: Option<i64>, live: bool) -> Option<Held> {
        let kind = if due.is_some() { ItemKind::Promised } else { ItemKind::Unresolved };
        Some(Held { live, kind, severity, summary: None, due_at: due.map(ms), team: Some("desk".to_owned()) })
    }

    pub(crate) fn case(case_id: &str, views: &[(i64, Option<Held>)]) -> CaseRecord {
        let views = views.iter().map(|(from, held)| View { from: ms(*from), held: held.clone() }).collect();
        CaseRecord { views, ..CaseRecord::empty(case_id, Channel::Email) }
    }

    pub(crate) fn cases(list: Vec<CaseRecord>) -> CaseRecords {
        list.into_iter().map(|record| (record.case_id.clone(), record)).collect()
    }

    fn ids(items: &[HandoverItem]) -> Vec<&str> {
        items.iter().map(|item| item.case_id.as_str()).collect()
    }

    #[test]
    fn open_cases_stand_in_the_record_once_the_most_urgent_first() {
        let cases = cases(vec![
            case("minor#1", &[(0, held(Some(Severity::Minor), None, true))]),
            case("plain#1", &[(0, held(None, None, true))]),
            case("soon#1", &[(0, held(Some(Severity::Major), Some(5), true))]),
            case("later#1", &[(0, held(Some(Severity::Major), Some(9), true))]),
            case("critical#1", &[(0, held(Some(Severity::Critical), None, true))]),
            case("resolved#1", &[(0, held(None, None, true)), (50, held(None, None, false))]),
            case("gone#1", &[(0, held(None, None, true)), (60, None)]),
        ]);
        let urgent = ["critical#1", "soon#1", "later#1", "minor#1", "plain#1"];
        assert_eq!(ids(&items(&cases, &BTreeMap::new(), ms(60))), urgent);
        assert_eq!(items(&cases, &BTreeMap::new(), ms(49)).len(), 7);
    }

    #[test]
    fn notes_lie_over_what_fills_itself() {
        let cases = cases(vec![case("c-1#1", &[(0, held(None, Some(5), true))])]);
        let note = |case_id: &str| ItemNote {
            case_id: case_id.to_owned(),
            action: Some("call back".to_owned()),
            due_at: Some(ms(7)),
            placement: Some(Placement::Taken),
            ..ItemNote::default()
        };
        let notes = ["c-1#1", "x-1#1"].map(|id| (id.to_owned(), note(id))).into();
        let items = items(&cases, &notes, ms(1));
        let seen: Vec<_> = items.iter().map(|item| (item.case_id.as_str(), item.kind, item.due_at)).collect();
        assert_eq!(
            seen,
            [("c-1#1", ItemKind::Promised, Some(ms(7))), ("x-1#1", ItemKind::SpecialAttention, Some(ms(7)))]
        );
        assert!(items.iter().all(|item| item.action.is_some() && item.placement == Some(Placement::Taken)));
    }

    #[test]
    fn figures_count_cases_within_the_shift_and_up_to_the_instant() {
        let mut one = case("c-1#1", &[(0, held(None, None, true))]);
        one.replies = vec![ms(99), ms(100), ms(150)];
        let mut two = case("c-2#1", &[]);
        two.replies = vec![ms(99), ms(200)];
        two.resolutions = vec![ms(199)];
        let cases = cases(vec![one, two]);
        for (at, handled, resolved) in [(99, 0, 0), (100, 1, 0), (199, 1, 1), (300, 1, 1)] {
            assert_eq!(counts(&cases, &shift(), ms(at)), HandoverCounts { handled, resolved, unresolved: 1 }, "{at}");
        }
    }
}
