//! Every kind of fault is reported at its place, and all faults of a document at once.

use kefu_policy::{Fault, Format, parse};

fn faults(text: &str, format: Format) -> Vec<Fault> {
    parse(text, format).err().unwrap_or_default()
}

/// Sections, the place of the fault and words of its message.
const TABLE: &[(&str, &str, &str)] = &[
    // The document.
    ("colour: red", "colour", "unknown key; use one of tenant, version"),
    ("version: -1", "version", "version -1"),
    ("version: next", "version", "`next` where an integer is expected"),
    ("effective_from: yesterday", "effective_from", "`yesterday` is no instant"),
    ("timezone: Mars/Olympus", "timezone", "unknown time zone `Mars/Olympus`"),
    ("sla: {}", "sla", "a section with keys where a list is expected"),
    ("teams: []", "teams", "a list where a section with keys is expected"),
    ("reopen_window: -1h", "reopen_window", "negative"),
    ("auto_close: 3 days", "auto_close", "no duration"),
    ("auto_close: 0s", "auto_close", "a duration of 0"),
    // Calendars.
    (
        "calendars: {office: {timezone: Mars/Olympus, weekly: {mon: ['09:00-10:00']}}}",
        "calendars.office.timezone",
        "unknown time zone",
    ),
    ("calendars: {office: {weekly: {}}}", "calendars.office.weekly", "never open"),
    (
        "calendars: {office: {weekly: {mon: ['09:00-10:00']}, closures: [{date: 2026-10-01, hours: []}]}}",
        "calendars.office.closures[0].hours",
        "closes nothing",
    ),
    (
        "calendars: {office: {weekly: {mon: ['09:00-09:00']}}}",
        "calendars.office.weekly.mon[0]",
        "start and end at 09:00",
    ),
    ("calendars: {office: {weekly: {mon: ['9-10']}}}", "calendars.office.weekly.mon[0]", "not a time of day"),
    (
        "calendars: {office: {weekly: {monday: ['09:00-10:00']}}}",
        "calendars.office.weekly.monday",
        "unknown key; use one of mon",
    ),
    ("calendars: {office: {holidays: [{date: 1 October}]}}", "calendars.office.holidays[0].date", "no date"),
    ("calendars: {office: {holidays: [{date: 2026-02-30}]}}", "calendars.office.holidays[0].date", "no date"),
    ("calendars: {office: {special: [{date: 2026-10-01}]}}", "calendars.office.special[0]", "`hours` is missing"),
    ("calendars: {all: {always_open: true, holidays: [{date: 2026-10-01}]}}", "calendars.all.holidays", "always open"),
    (
        "calendars: {all: {always_open: true, closures: [{date: 2026-10-01, hours: ['09:00-10:00']}]}}",
        "calendars.all.closures",
        "always open",
    ),
    ("calendars: {always: {weekly: {mon: ['09:00-10:00']}}}", "calendars.always", "open at every instant"),
    // Acknowledgements.
    ("acknowledge: {channels: [pager]}", "acknowledge.channels[0]", "unknown word `pager`"),
    ("acknowledge: {on: seen}", "acknowledge.on", "use emitted or delivered"),
    // SLA.
    ("sla: [{targets: {first_reply: 0s}}]", "sla[0].targets.first_reply", "a duration of 0"),
    ("sla: [{targets: {first_reply: -5m}}]", "sla[0].targets.first_reply", "negative"),
    ("sla: [{targets: {first_reply: -5}}]", "sla[0].targets.first_reply", "negative"),
    ("sla: [{targets: {first_reply: 5}}]", "sla[0].targets.first_reply", "the number 5 is no duration"),
    ("sla: [{targets: {first_reply: 5min}}]", "sla[0].targets.first_reply", "no duration"),
    ("sla: [{targets: {last_reply: 5m}}]", "sla[0].targets.last_reply", "unknown word `last_reply`"),
    ("sla: [{targets: {promised: 5m}}]", "sla[0].targets.promised", "takes no target"),
    ("sla: [{match: {channel: [pager]}}]", "sla[0].match.channel[0]", "unknown word `pager`"),
    ("sla: [{match: {channel: chat}}]", "sla[0].match.channel", "a list is expected"),
    ("sla: [{match: {channel: [chat, chat]}}]", "sla[0].match.channel[1]", "stands twice in the list"),
    ("sla: [{match: {category: [rant]}}]", "sla[0].match.category[0]", "unknown word `rant`"),
    ("sla: [{match: {priority: [top]}}]", "sla[0].match.priority[0]", "unknown word `top`"),
    ("sla: [{match: {team: [ghosts]}}]", "sla[0].match.team[0]", "unknown team `ghosts`"),
    ("sla: [{match: {metric: [first_reply]}}]", "sla[0].match.metric", "unknown key"),
    ("sla: [{calendar: office}]", "sla[0].calendar", "unknown calendar `office`"),
    ("sla: [{pause_on: {resolution: [asleep]}}]", "sla[0].pause_on.resolution[0]", "unknown word `asleep`"),
    ("sla: [{pause_on: {last_reply: [open]}}]", "sla[0].pause_on.last_reply", "unknown word `last_reply`"),
    ("sla: [{warn_at: [0]}]", "sla[0].warn_at[0]", "no share"),
    ("sla: [{warn_at: [0.5, 1.0]}]", "sla[0].warn_at[1]", "no share"),
    ("sla: [{warn_at: [80%]}]", "sla[0].warn_at[0]", "a share such as 0.8"),
    ("sla: [{warn_at: [.nan]}]", "sla[0].warn_at[0]", "no share"),
    ("sla: [{name: a, match: {channel: [chat]}}, {name: a}]", "sla[1].name", "two rules are named `a`"),
    ("sla: [{next_reply_includes_first: maybe}]", "sla[0].next_reply_includes_first", "true or false"),
    // Escalation.
    (
        "escalation: [{match: {severity: [awful]}, immediate: supervisor}]",
        "escalation[0].match.severity[0]",
        "unknown word `awful`",
    ),
    (
        "escalation: [{match: {metric: [last_reply]}, steps: [{to: supervisor}]}]",
        "escalation[0].match.metric[0]",
        "unknown word `last_reply`",
    ),
    ("escalation: [{immediate: boss}]", "escalation[0].immediate", "unknown role `boss`"),
    ("escalation: [{steps: [{to: boss}]}]", "escalation[0].steps[0].to", "unknown role `boss`"),
    ("escalation: [{steps: [{after: 5m}]}]", "escalation[0].steps[0]", "`to` is missing"),
    (
        "escalation: [{steps: [{to: team_lead, repeat: 0s, times: 1}]}]",
        "escalation[0].steps[0].repeat",
        "a duration of 0",
    ),
    ("escalation: [{steps: [{to: team_lead, repeat: 5m}]}]", "escalation[0].steps[0]", "belong together"),
    ("escalation: [{steps: [{to: team_lead, times: 2}]}]", "escalation[0].steps[0]", "belong together"),
    ("escalation: [{steps: [{to: team_lead, repeat: 5m, times: 101}]}]", "escalation[0].steps[0].times", "at most 100"),
    (
        "escalation: [{steps: [{to: team_lead}, {after: 5m, to: supervisor}, {after: 9m, to: team_lead}]}]",
        "escalation[0].steps",
        "escalation cycle team_lead -> supervisor -> team_lead",
    ),
    (
        "escalation: [{steps: [{after: 9m, to: team_lead}, {after: 5m, to: supervisor}]}]",
        "escalation[0].steps",
        "order them by time",
    ),
    ("escalation: [{match: {channel: [chat]}}]", "escalation[0]", "without effect"),
    ("escalation: [{steps: [{to: team_lead}], track: 14d}]", "escalation[0]", "`track` follows"),
    ("escalation: [{match: {metric: [first_reply]}, immediate: supervisor}]", "escalation[0]", "waits for no breach"),
    // Routing and after-sales.
    ("routing: [{team: ghosts}]", "routing[0].team", "unknown team `ghosts`"),
    ("routing: [{match: {keywords: [x]}}]", "routing[0]", "without effect"),
    ("teams: {care: {}}\nrouting: [{team: care, expected: 8h}]", "routing[0]", "add `department`"),
    ("after_sales: [{kinds: [apology]}]", "after_sales[0].kinds[0]", "unknown word `apology`"),
    ("after_sales: [{within_days: 0}]", "after_sales[0].within_days", "0 days"),
    ("after_sales: [{of: imagined}]", "after_sales[0].of", "unknown word `imagined`"),
    ("after_sales: [{freight: nobody}]", "after_sales[0].freight", "use buyer or seller"),
    // Teams and staff.
    ("teams: {care/night: {}}", "teams.care/night", "cannot be a team's name"),
    ("teams: {care: {boss: a-1}}", "teams.care.boss", "unknown key"),
    ("staff: [{name: 陳}]", "staff[0]", "`id` is missing"),
    ("staff: [{id: 7}]", "staff[0].id", "the number 7 where a text is expected"),
    ("staff: [{id: a-1}, {id: a-1}]", "staff[1].id", "two people have the id `a-1`"),
    ("staff: [{id: a-1, teams: [ghosts]}]", "staff[0].teams[0]", "unknown team `ghosts`"),
    ("staff: [{id: a-1, languages: [klingon]}]", "staff[0].languages[0]", "unknown word `klingon`"),
    // Surveys, follow-ups, orders, service level.
    ("survey: {expires: 0s}", "survey.expires", "a duration of 0"),
    ("survey: {factors: [speed, speed]}", "survey.factors[1]", "stands twice"),
    ("survey: {channel_window: {pager: 24h}}", "survey.channel_window.pager", "unknown word `pager`"),
    ("follow_up: {promotions: always}", "follow_up.promotions", "use opt_in or never"),
    ("follow_up: {complaint: soon}", "follow_up.complaint", "no duration"),
    ("orders: {stuck_after: {lost: 48h}}", "orders.stuck_after.lost", "unknown word `lost`"),
    ("service_level: {phone: 0s}", "service_level.phone", "a duration of 0"),
];

/// Shifts of a document with the one team `care`, the place of the fault and words of its message.
const SHIFTS: &[(&str, &str, &str)] = &[
    ("{team: ghosts, name: day, hours: '09:00-18:00', staff: [a-1]}", "shifts[0].team", "unknown team `ghosts`"),
    ("{team: care, hours: '09:00-18:00', staff: [a-1]}", "shifts[0]", "`name` is missing"),
    ("{team: care, name: a/b, hours: '09:00-18:00', staff: [a-1]}", "shifts[0].name", "cannot be a name"),
    ("{team: care, name: day, hours: '09:00-18:00'}", "shifts[0]", "without people"),
    ("{team: care, name: day, hours: '09:00-09:00', staff: [a-1]}", "shifts[0].hours", "start and end"),
    ("{team: care, name: day, hours: '9-18', staff: [a-1]}", "shifts[0].hours", "not a time of day"),
    ("{team: care, name: day, hours: '09:00-18:00', staff: [a-1, a-1]}", "shifts[0].staff[1]", "stands twice"),
    ("{team: care, name: day, days: [any], hours: '09:00-18:00', staff: [a-1]}", "shifts[0].days[0]", "unknown day"),
    (
        "{team: care, name: day, hours: '09:00-18:00', staff: [a-1]}, \
         {team: care, name: day, hours: '18:00-03:00', staff: [a-2]}",
        "shifts[1].name",
        "two shifts named `day`",
    ),
];

/// Rotations of a shift that is otherwise right.
const ROTATIONS: &[(&str, &str, &str)] = &[
    ("{staff: [a-1], every: 36h, from: 2026-03-02}", "shifts[0].rotation.every", "whole days"),
    ("{staff: [a-1], every: 0d, from: 2026-03-02}", "shifts[0].rotation.every", "a duration of 0"),
    ("{staff: [], every: 7d, from: 2026-03-02}", "shifts[0].rotation", "without people"),
    ("{staff: [a-1], every: 7d}", "shifts[0].rotation", "`from` is missing"),
    ("{staff: [a-1], every: 7d, from: 2 March}", "shifts[0].rotation.from", "no date"),
];

#[test]
fn each_fault_stands_alone_at_its_place() {
    let sections = TABLE.iter().map(|(section, path, words)| ((*section).to_owned(), path, words));
    let shifts =
        SHIFTS.iter().map(|(shifts, path, words)| (format!("teams: {{care: {{}}}}\nshifts: [{shifts}]"), path, words));
    let rotations = ROTATIONS.iter().map(|(rotation, path, words)| {
        let shift = format!("{{team: care, name: day, hours: '09:00-18:00', rotation: {rotation}}}");
        (format!("teams: {{care: {{}}}}\nshifts: [{shift}]"), path, words)
    });
    for (section, path, words) in sections.chain(shifts).chain(rotations) {
        let found = faults(&format!("tenant: demo\n{section}\n"), Format::Yaml);
        let [fault] = found.as_slice() else { panic!("{section}: one fault is expected: {found:#?}") };
        assert_eq!(fault.path, *path, "{section}: {fault}");
        assert!(fault.message.contains(words), "{section}: `{words}` is not in `{fault}`");
        assert!(fault.line.is_some_and(|line| line >= 2), "{section}: {fault:?}");
    }
}

#[test]
fn the_tenant_must_be_there_and_be_one() {
    for (text, path, words) in [
        ("version: 1", "", "`tenant` is missing"),
        ("tenant: Demo Shop", "tenant", "is no tenant"),
        ("tenant: 7", "tenant", "the number 7 where a text is expected"),
        ("just a text", "", "`just a text` where a section with keys is expected"),
    ] {
        let found = faults(text, Format::Yaml);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].path == path && found[0].message.contains(words), "{text}: {}", found[0]);
    }
}

#[test]
fn all_faults_come_at_once_in_the_order_of_their_lines() {
    let text = "\
tenant: demo
timezone: Mars/Olympus
calendars:
  office: {weekly: {mon: ['09:00-09:00']}}
  empty: {timezone: UTC}
sla:
  - name: chat
    calendar: offfice
    targets:
      first_reply: 0s
      next_reply: 5min
escalation:
  - steps: [{to: boss}]
";
    let found: Vec<(Option<usize>, String)> =
        faults(text, Format::Yaml).into_iter().map(|fault| (fault.line, fault.path)).collect();
    let expected = [
        (2, "timezone"),
        (4, "calendars.office.weekly.mon[0]"),
        (5, "calendars.empty.weekly"),
        (8, "sla[0].calendar"),
        (10, "sla[0].targets.first_reply"),
        (11, "sla[0].targets.next_reply"),
        (13, "escalation[0].steps[0].to"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (Some(line), path.to_owned())).to_vec());
}

#[test]
fn toml_and_json_name_the_same_place() {
    let toml = faults("tenant = \"demo\"\n[[sla]]\ntargets = { first_reply = \"0s\" }\n", Format::Toml);
    assert_eq!(
        toml[0].to_string(),
        "sla[0].targets.first_reply: a duration of 0; write a longer one or leave it out (line 3)"
    );
    let json = faults(r#"{"tenant": "demo", "sla": [{"targets": {"first_reply": "0s"}}]}"#, Format::Json);
    assert_eq!(json[0].to_string(), "sla[0].targets.first_reply: a duration of 0; write a longer one or leave it out");
}

#[test]
fn a_key_that_stands_twice_is_refused_in_json_too() {
    let found =
        faults(r#"{"tenant": "demo", "teams": {"care": {}, "care": {}}, "version": 1, "version": 2}"#, Format::Json);
    let paths: Vec<&str> = found.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["teams.care", "version"]);
}

#[test]
fn escalation_down_the_chain_and_rules_out_of_reach_are_only_doubtful() {
    let text = "\
tenant: demo
sla: [{}, {name: late}]
escalation: [{steps: [{to: supervisor}, {after: 5m, to: team_lead}]}]
";
    let (_, warnings) = parse(text, Format::Yaml).expect("no faults");
    let paths: Vec<&str> = warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(paths, ["sla[1]", "escalation[0].steps"]);
}
