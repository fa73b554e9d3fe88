//! Whatever comes first, the same handovers, answers, assignments and notices come out.

use crate::stage::{DAY_AND_NIGHT, Record, Stage, assigned, clock, command, monday, policies, reply, resolved};
use kefu_contracts::handover::Handover;
use proptest::prelude::*;
use serde_json::json;

/// A Monday with two handovers: one signed, one that nobody claims.
fn monday_records() -> Vec<Record> {
    let review = |at: &str, kind: &str, actor: &str, data| command(clock(at), kind, actor, &monday(), data);
    vec![
        assigned("09:30", "c-1#1", Some("a-1")),
        assigned("10:00", "c-2#1", Some("a-2")),
        assigned("10:30", "c-3#1", Some("a-2")),
        reply("11:00", "c-1#1", "a-1"),
        reply("11:30", "c-3#1", "a-2"),
        assigned("12:00", "c-3#1", Some("a-1")),
        resolved("17:20", "c-2#1", "a-2"),
        command(clock("17:40"), "check_in", "a-3", "care/night/2026-03-02", json!({})),
        review("17:41", "add_item", "a-1", json!({"case_id": "c-1#1", "placement": "queue"})),
        review("17:45", "start_review", "a-3", json!({})),
        review("17:46", "start_review", "a-2", json!({})),
        assigned("17:47", "c-4#1", Some("a-1")),
        review("17:50", "sign_out", "a-1", json!({"placements": {"c-3#1": "taken"}})),
        assigned("17:52", "c-1#1", None),
        review("17:53", "sign_in", "a-3", json!({"readback": "one case"})),
        assigned("18:10", "c-5#1", Some("a-2")),
        command(clock("20:30"), "check_out", "a-3", "care/night/2026-03-02", json!({})),
    ]
}

/// All that came out, without what counts changes.
fn outcome(shop: &Stage) -> String {
    let handovers: Vec<Handover> =
        shop.handovers().into_values().map(|handover| Handover { revision: 0, ..handover }).collect();
    format!("{handovers:#?}\n{:#?}\n{:#?}\n{:#?}", shop.answers(), shop.assignments(), shop.notices())
}

fn in_order() -> String {
    let mut shop = Stage::new(policies("Asia/Shanghai", DAY_AND_NIGHT));
    shop.play(&monday_records()).until(clock("30:00"));
    assert_eq!(shop.statuses(), [200, 200, 200, 409, 200, 200, 200]);
    assert_eq!(shop.assignments().into_keys().collect::<Vec<_>>(), ["c-3", "c-4", "c-5"]);
    outcome(&shop)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn decides_nothing(order in Just((0..17).collect::<Vec<usize>>()).prop_shuffle()) {
        let records = monday_records();
        prop_assert_eq!(order.len(), records.len());
        let mut shop = Stage::new(policies("Asia/Shanghai", DAY_AND_NIGHT));
        for place in order {
            shop.send(&records[place]);
        }
        shop.until(clock("30:00"));
        prop_assert_eq!(outcome(&shop), in_order());
    }
}
