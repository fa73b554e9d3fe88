//! Whole documents: the contract's example, defaults, the three formats, and the canonical form and back.

use std::collections::BTreeMap;

use kefu_contracts::{AfterSalesKind, Category, Channel, Metric, OrderStatus, Priority, Severity, Status};
use kefu_policy::{AcknowledgedOn, CaseFacts, DEFAULTS, Format, Freight, Policy, Promotions, Role, Warning, parse};
use proptest::prelude::*;

const CONTRACT: &str = include_str!("contract.yaml");

#[test]
fn the_contracts_example_is_read_as_it_says() {
    let (policy, _) = parse(CONTRACT, Format::Yaml).unwrap();
    assert_eq!((policy.tenant.as_str(), policy.version), ("demo", 3));
    assert_eq!(policy.effective_from.map(|at| at.to_string()).as_deref(), Some("2026-02-28T16:00:00.000Z"));
    assert_eq!(policy.timezone, "Asia/Shanghai");
    assert!(policy.calendar("always").is_some() && policy.calendar("office").is_some());
    assert_eq!(policy.acknowledge.on, AcknowledgedOn::Emitted);

    let vip = CaseFacts {
        category: Some(Category::Complaint),
        priority: Some(Priority::High),
        tier: Some("vip"),
        ..CaseFacts::of_channel(Channel::Chat)
    };
    let rule = policy.sla_rule(&vip).expect("the rule for complaints of important customers");
    assert_eq!(rule.name, "chat");
    assert_eq!(rule.target_ms(Metric::FirstReply), Some(300_000));
    assert_eq!(rule.target_ms(Metric::AgentWork), None);
    assert_eq!(rule.pause_on(Metric::Resolution), &[Status::PendingCustomer, Status::Resolved]);
    assert_eq!(policy.sla_rule(&CaseFacts { tier: None, ..vip }), None);

    assert_eq!(policy.recipient("after_sales", Role::Agent), Some((Role::TeamLead, "a-1")));
    assert_eq!(policy.staff_member("a-1").and_then(|member| member.name.as_deref()), Some("陳"));
    assert_eq!(policy.survey.channel_window_ms(Channel::Social), Some(86_400_000));
    assert_eq!(policy.follow_up.promotions, Promotions::OptIn);
    assert_eq!(policy.orders.stuck_after_ms(OrderStatus::Shipped), Some(604_800_000));
    assert_eq!(policy.service_level_ms(Channel::Phone), Some(20_000));
    assert_eq!((policy.reopen_window_ms, policy.auto_close_ms), (259_200_000, Some(259_200_000)));
}

#[test]
fn the_contracts_escalations_and_routes_apply() {
    let (policy, _) = parse(CONTRACT, Format::Yaml).unwrap();
    let case = CaseFacts { severity: Some(Severity::Minor), ..CaseFacts::of_channel(Channel::Chat) };
    let critical = CaseFacts { severity: Some(Severity::Critical), ..case };
    let regulator = CaseFacts { channel: Channel::Regulator, ..case };
    let at_once = |facts| policy.escalation_at_once(facts).and_then(|rule| rule.immediate);
    assert_eq!(at_once(&critical), Some(Role::DepartmentHead));
    assert_eq!(at_once(&regulator), Some(Role::DepartmentHead));
    assert_eq!(at_once(&case), None);

    let breach = policy.escalation_after_breach(&case, Metric::FirstReply).expect("a rule for late replies");
    let chain: Vec<_> = breach.steps.iter().map(|step| (step.to, step.due_ms().collect::<Vec<_>>())).collect();
    let minutes = |minutes: &[i64]| minutes.iter().map(|minute| minute * 60_000).collect::<Vec<_>>();
    assert_eq!(chain, vec![(Role::TeamLead, minutes(&[0])), (Role::Supervisor, minutes(&[15, 45, 75, 105]))]);
    assert_eq!(policy.escalation_after_breach(&case, Metric::Resolution), None);

    let returned = CaseFacts { category: Some(Category::AfterSales), ..critical };
    let route = policy.routing_rule(&returned, "我要退貨").expect("a route for after-sales");
    assert_eq!(
        (route.team.as_deref(), route.department.as_deref(), route.expected_ms),
        (Some("after_sales"), Some("warehouse"), Some(28_800_000))
    );
    assert_eq!(policy.routing_rule(&CaseFacts { severity: None, ..returned }, "我要退貨"), None);

    let terms: Vec<_> = policy.after_sales_rules(AfterSalesKind::Exchange).collect();
    assert_eq!(terms.len(), 1);
    assert_eq!((terms[0].within_ms(), terms[0].of), (Some(604_800_000), OrderStatus::Delivered));
    assert_eq!(terms[0].freight, Some(Freight::Buyer));
    assert_eq!(policy.after_sales_rules(AfterSalesKind::Repair).count(), 0);
}

#[test]
fn the_contracts_example_is_allowed_but_not_without_doubts() {
    let (_, warnings) = parse(CONTRACT, Format::Yaml).unwrap();
    let said = |path: &str, words: &str| {
        assert!(
            warnings.iter().any(|warning| warning.path == path && warning.message.contains(words)),
            "{path}: {words} not in {warnings:#?}"
        );
    };
    said("sla", "no rule matches all");
    said("calendars.office", "no SLA rule uses this calendar");
    said("escalation", "nothing follows a breach of resolution");
    said("shifts[0].staff[1]", "`a-2` is not listed under `staff`");
    let line = warnings.iter().find(|warning| warning.path == "calendars.office").and_then(|warning| warning.line);
    let written = 1 + CONTRACT.lines().position(|line| line.contains("office:")).expect("the calendar");
    assert_eq!(line, Some(written));
}

#[test]
fn a_document_with_nothing_but_its_tenant_is_the_default() {
    let (policy, warnings) = parse("tenant: demo", Format::Yaml).unwrap();
    assert_eq!(warnings, vec![]);
    let mut default = Policy::default_for("demo");
    assert_eq!(default.version, 0);
    default.version = 1;
    assert_eq!(policy.to_json().unwrap(), default.to_json().unwrap());
}

#[test]
fn the_default_is_what_the_contract_says() {
    let policy = Policy::default_for("demo");
    let targets = |channel| policy.sla_rule(&CaseFacts::of_channel(channel)).map(|rule| rule.targets.clone());
    assert_eq!(targets(Channel::Chat), Some(BTreeMap::from([(Metric::Acknowledge, 30_000)])));
    assert_eq!(targets(Channel::Email), Some(BTreeMap::from([(Metric::Acknowledge, 14_400_000)])));
    assert_eq!(targets(Channel::Phone), None);
    assert!(policy.sla.iter().all(|rule| rule.calendar == "always"));
    assert_eq!(policy.timezone, "UTC");
    assert_eq!(policy.calendars.keys().collect::<Vec<_>>(), vec!["always"]);
    assert_eq!(policy.acknowledge.channels, vec![Channel::Chat, Channel::Email]);
    assert!(policy.effective_from.is_none() && policy.escalation.is_empty());
}

#[test]
fn a_missing_key_takes_its_default_and_null_switches_off() {
    let text = "\
tenant: demo
survey: {quiet: 10d, remind_after: null}
follow_up: {complaint: null}
auto_close: null
sla: null
";
    let (policy, _) = parse(text, Format::Yaml).unwrap();
    assert_eq!((policy.survey.quiet_ms, policy.survey.expires_ms), (864_000_000, 604_800_000));
    assert_eq!(policy.survey.remind_after_ms, None);
    assert_eq!((policy.follow_up.complaint_ms, policy.follow_up.after_sales_ms), (None, Some(172_800_000)));
    assert_eq!(policy.auto_close_ms, None);
    assert_eq!(policy.sla, Policy::default_for("demo").sla);
    let (again, _) = parse(&policy.to_json().unwrap(), Format::Json).unwrap();
    assert_eq!(again.to_json().unwrap(), policy.to_json().unwrap());
}

#[test]
fn the_canonical_document_is_read_back_the_same() {
    let (policy, warnings) = parse(CONTRACT, Format::Yaml).unwrap();
    let canonical = policy.to_json().unwrap();
    let (again, doubts) = parse(&canonical, Format::Json).unwrap();
    assert_eq!(again.to_json().unwrap(), canonical);
    let paths = |warnings: &[Warning]| {
        let mut paths: Vec<String> = warnings.iter().map(|warning| warning.path.clone()).collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(&doubts), paths(&warnings));
    let record = policy.to_record().unwrap();
    assert_eq!(Policy::of_record(&record).unwrap().to_json().unwrap(), canonical);
    let default = Policy::default_for("demo").to_json().unwrap();
    assert_eq!(parse(&default, Format::Json).unwrap().0.to_json().unwrap(), default);
}

#[test]
fn toml_says_the_same_as_yaml() {
    let toml = r#"
tenant = "demo"
version = 3
effective_from = 2026-03-01T00:00:00+08:00
timezone = "Asia/Shanghai"

[calendars.office]
weekly = { mon = ["09:00-12:00", "13:30-18:00"] }
holidays = [{ date = 2026-10-01, name = "國慶" }]

[[sla]]
name = "all"
calendar = "office"
targets = { first_reply = "5m" }
warn_at = [0.8]

[[escalation]]
steps = [{ to = "team_lead" }]
"#;
    let yaml = r#"
tenant: demo
version: 3
effective_from: 2026-03-01T00:00:00+08:00
timezone: Asia/Shanghai
calendars:
  office:
    weekly: {mon: ["09:00-12:00", "13:30-18:00"]}
    holidays: [{date: 2026-10-01, name: 國慶}]
sla: [{name: all, calendar: office, targets: {first_reply: 5m}, warn_at: [0.8]}]
escalation: [{steps: [{to: team_lead}]}]
"#;
    let (from_toml, warnings) = parse(toml, Format::Toml).unwrap();
    assert_eq!(warnings, vec![]);
    assert_eq!(from_toml.to_json().unwrap(), parse(yaml, Format::Yaml).unwrap().0.to_json().unwrap());
}

#[test]
fn every_section_has_a_word_on_its_default() {
    let document: serde_json::Value = serde_json::from_str(&Policy::default_for("demo").to_json().unwrap()).unwrap();
    let mut sections: Vec<&str> = document.as_object().expect("a map").keys().map(String::as_str).collect();
    sections.retain(|section| *section != "tenant");
    let mut defined: Vec<&str> = DEFAULTS.iter().map(|default| default.section).collect();
    sections.sort_unstable();
    defined.sort_unstable();
    assert_eq!(defined, sections);
}

proptest! {
    /// A damaged document gives faults or another policy, and what it gives can be read back.
    #[test]
    fn damage_never_goes_unanswered(from in 0..CONTRACT.len(), length in 1_usize..80, put in "[ -~\\n]{0,6}") {
        let mut damaged: Vec<char> = CONTRACT.chars().collect();
        let start = from.min(damaged.len());
        let end = (start + length).min(damaged.len());
        damaged.splice(start..end, put.chars());
        let text: String = damaged.into_iter().collect();
        match parse(&text, Format::Yaml) {
            Err(faults) => prop_assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.message.is_empty())),
            Ok((policy, _)) => {
                let canonical = policy.to_json().unwrap();
                prop_assert_eq!(parse(&canonical, Format::Json).unwrap().0.to_json().unwrap(), canonical);
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            prop_assert!(parse(&text, format).is_err());
        }
    }
}
