//! What surveys and handovers count for.

use std::sync::Arc;

use kefu_contracts::handover::{Handover, HandoverCounts, HandoverState};
use kefu_contracts::survey::{Survey, SurveyState};
use kefu_contracts::topic::{HANDOVERS, SURVEYS};
use kefu_contracts::{Channel, Language, Timestamp};
use kefu_policy::{Format, Policies};
use kefu_testkit::Driver;

use crate::scene::{assert_counts, at, driver, metrics};

fn survey(id: &str, revision: i64, state: SurveyState, answer: Option<(Timestamp, i64)>) -> Survey {
    Survey {
        survey_id: id.to_owned(),
        tenant: "demo".to_owned(),
        case_id: "c-1#1".to_owned(),
        resolution_no: 1,
        state,
        reason: None,
        channel: Channel::Chat,
        language: Language::En,
        invited_at: at("2026-03-02T09:00:00Z"),
        expires_at: at("2026-03-09T09:00:00Z"),
        answered_at: answer.map(|(at, _)| at),
        score: answer.map(|(_, score)| score),
        solved: None,
        ranking: None,
        comment: None,
        revision,
    }
}

#[test]
fn answers_count_when_they_are_given() {
    let mut driver = driver("UTC");
    let mut send = |now: &str, survey: Survey| {
        driver.send_at(at(now), &SURVEYS, &format!("demo/{}", survey.survey_id), &survey);
    };
    let answer_at = at("2026-03-03T10:00:00Z");
    for id in ["s-1", "s-2", "s-3", "s-5"] {
        send("2026-03-02T09:00:00Z", survey(id, 1, SurveyState::Invited, None));
    }
    send("2026-03-02T09:00:00Z", survey("s-4", 1, SurveyState::Suppressed, None));
    for (id, score) in [("s-1", 5), ("s-2", 4), ("s-3", 1)] {
        send("2026-03-03T10:00:00Z", survey(id, 2, SurveyState::Answered, Some((answer_at, score))));
    }
    // an older snapshot again
    send("2026-03-03T10:00:01Z", survey("s-1", 1, SurveyState::Invited, None));
    driver.end();
    let monday = metrics(&driver, "demo/2026-03-02T00:00:00.000Z/P1D/channel=chat");
    assert_counts(&monday, &[("surveys_sent", 4.0), ("backlog", 0.0)]);
    assert_eq!(monday.get("csat"), Some(&None), "nobody answered that day: null, not 0");
    let tuesday = metrics(&driver, "demo/2026-03-03T00:00:00.000Z/P1D/-");
    assert_counts(
        &tuesday,
        &[("csat_responses", 3.0), ("csat_positive", 2.0), ("csat_sum", 10.0), ("csat", 2.0 / 3.0), ("backlog", 0.0)],
    );
}

fn handover(id: &str, revision: i64, state: HandoverState, late: bool) -> Handover {
    Handover {
        handover_id: id.to_owned(),
        tenant: "demo".to_owned(),
        team: "care".to_owned(),
        shift_id: "care/day/2026-03-02".to_owned(),
        outgoing: "a-1".to_owned(),
        incoming: None,
        state,
        late,
        due_at: at("2026-03-02T10:30:00Z"),
        opened_at: None,
        arrived_at: None,
        signed_out_at: None,
        signed_in_at: None,
        items: Vec::new(),
        counts: HandoverCounts::default(),
        remarks: Vec::new(),
        readback: None,
        questions: Vec::new(),
        problems: Vec::new(),
        amendments: Vec::new(),
        source_offsets: None,
        version_hash: None,
        revision,
    }
}

#[test]
fn handovers_count_at_the_end_of_the_shift() {
    let document = "
tenant: demo
timezone: Asia/Shanghai
teams: {care: {}}
staff: [{id: a-1, name: A, teams: [care]}]
shifts: [{team: care, name: day, days: [mon], hours: '09:00-18:00', staff: [a-1]}]
";
    let (policy, _) = kefu_policy::parse(document, Format::Yaml).unwrap();
    let mut policies = Policies::default();
    policies.insert(Arc::new(policy));
    let mut driver = Driver::new(&[kefu_kpi_aggregator::service()], policies);
    let now = at("2026-03-02T12:10:00Z");
    for (id, state, late) in [
        ("h-1", HandoverState::Signed, false),
        ("h-2", HandoverState::Audited, true),
        ("h-3", HandoverState::Skipped, true),
        ("h-4", HandoverState::UnderReview, false),
    ] {
        let key = format!("demo/{id}");
        driver.send_at(now, &HANDOVERS, &key, &handover(id, 1, HandoverState::Draft, false));
        driver.send_at(now, &HANDOVERS, &key, &handover(id, 2, state, late));
    }
    driver.end();
    let expected = [
        ("handovers_due", 4.0),
        ("handovers_on_time", 1.0),
        ("handovers_late", 1.0),
        ("handovers_skipped", 1.0),
        ("backlog", 0.0),
    ];
    for dimensions in ["-", "team=care", "agent=a-1"] {
        assert_counts(&metrics(&driver, &format!("demo/2026-03-02T10:00:00.000Z/PT1M/{dimensions}")), &expected);
    }
}
