//! Random cases through the service, in order and out of order, against an oracle that counts minutes.

mod oracle;
mod story;

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::case_event::{CaseContext, CaseEvent};
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind as Kind};
use kefu_contracts::topic::{CASE_EVENTS, SLA_EVENTS};
use kefu_contracts::{Metric, Priority, Status, Timestamp};
use kefu_testkit::Driver;
use oracle::{Demand, Happening, Line, Oracle, Policy};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;

fn instant(minute: i64) -> Timestamp {
    story::at("02T00:00").plus_ms(minute * MINUTE)
}

fn minute(at: Timestamp) -> i64 {
    let ms = at.ms_since(story::at("02T00:00"));
    assert_eq!(ms % MINUTE, 0, "{at} is no whole minute");
    ms / MINUTE
}

const CALENDAR: &str = r#"
calendars:
  office:
    weekly: {mon: ["09:00-12:00", "13:30-18:00"], tue: ["09:00-12:00", "13:30-18:00"],
             wed: ["09:00-12:00", "13:30-18:00"], thu: ["09:00-12:00", "13:30-18:00"],
             fri: ["09:00-12:00", "13:30-18:00"],
             sat: ["10:00-12:00"]}
    holidays: [{date: 2026-03-04}]
"#;

const FIRST: &str = "
sla:
  - name: high
    match: {priority: [urgent, high]}
    calendar: office
    targets: {acknowledge: 20m, first_reply: 1h, next_reply: 40m, periodic_update: 2h,
              requester_wait: 8h, agent_work: 3h, resolution: 4h}
    warn_at: [0.5, 0.8]
    next_reply_includes_first: true
  - name: low
    match: {priority: [low]}
    targets: {first_reply: 3h, requester_wait: 30h}
  - name: normal
    calendar: office
    targets: {first_reply: 3h, next_reply: 2h, periodic_update: 4h, agent_work: 6h, resolution: 9h}
    pause_on: {periodic_update: [pending_customer], first_reply: [pending_department, resolved]}
    warn_at: [0.5]
";

const SECOND: &str = "
sla:
  - name: low
    match: {priority: [low, normal]}
    calendar: office
    targets: {first_reply: 90m, next_reply: 90m, resolution: 12h, requester_wait: 10h}
    pause_on: {resolution: [pending_department]}
    warn_at: [0.8]
  - name: rest
    targets: {first_reply: 30m, periodic_update: 1h, agent_work: 150m, resolution: 6h}
    warn_at: [0.5]
";

/// The same policies as a table.
fn demand(version: usize, priority: Priority, metric: Metric, before_first_reply: bool) -> Option<Demand> {
    use Metric as M;
    use Status::{PendingCustomer, PendingDepartment, Resolved};
    let high = matches!(priority, Priority::Urgent | Priority::High);
    let mut pauses = match metric {
        M::FirstReply => vec![Resolved],
        M::RequesterWait | M::Resolution => vec![PendingCustomer, Resolved],
        M::AgentWork => vec![PendingCustomer, PendingDepartment, Resolved],
        M::Acknowledge | M::NextReply | M::PeriodicUpdate | M::Promised => vec![],
    };
    let (office, target) = match (version, priority) {
        (0, _) if high => (
            true,
            match metric {
                M::Acknowledge => Some(20),
                M::FirstReply => Some(60),
                M::NextReply => Some(40),
                M::PeriodicUpdate => Some(120),
                M::RequesterWait => Some(480),
                M::AgentWork => Some(180),
                M::Resolution => Some(240),
                M::Promised => None,
            },
        ),
        (0, Priority::Low) => (
            false,
            match metric {
                M::FirstReply => Some(180),
                M::RequesterWait => Some(1800),
                _ => None,
            },
        ),
        (0, _) => {
            match metric {
                M::PeriodicUpdate => pauses = vec![PendingCustomer],
                M::FirstReply => pauses = vec![PendingDepartment, Resolved],
                _ => {}
            }
            (
                true,
                match metric {
                    M::FirstReply => Some(180),
                    M::NextReply => Some(120).filter(|_| !before_first_reply),
                    M::PeriodicUpdate => Some(240),
                    M::AgentWork => Some(360),
                    M::Resolution => Some(540),
                    _ => None,
                },
            )
        }
        (_, _) if high => (
            false,
            match metric {
                M::FirstReply => Some(30),
                M::PeriodicUpdate => Some(60),
                M::AgentWork => Some(150),
                M::Resolution => Some(360),
                _ => None,
            },
        ),
        (_, _) => {
            if metric == M::Resolution {
                pauses = vec![PendingDepartment];
            }
            (
                true,
                match metric {
                    M::FirstReply => Some(90),
                    M::NextReply => Some(90).filter(|_| !before_first_reply),
                    M::RequesterWait => Some(600),
                    M::Resolution => Some(720),
                    _ => None,
                },
            )
        }
    };
    target.map(|target| Demand { office, target, pauses, warn_at: warn_at(version, priority).to_vec() })
}

fn warn_at(version: usize, priority: Priority) -> &'static [i64] {
    match (version, priority) {
        (0, Priority::Urgent | Priority::High) => &[50, 80],
        (0, Priority::Low) => &[],
        (0, Priority::Normal) | (_, Priority::Urgent | Priority::High) => &[50],
        (_, Priority::Normal | Priority::Low) => &[80],
    }
}

fn any_priority() -> impl Strategy<Value = Priority> {
    prop_oneof![Just(Priority::High), Just(Priority::Normal), Just(Priority::Low)]
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let status = prop_oneof![
        3 => Just(Status::PendingCustomer),
        2 => Just(Status::PendingDepartment),
        2 => Just(Status::Open),
        3 => Just(Status::Resolved),
        1 => Just(Status::Closed),
    ];
    prop_oneof![
        4 => Just(Happening::Message),
        4 => Just(Happening::Reply),
        1 => Just(Happening::BotReply),
        1 => Just(Happening::Acknowledged),
        6 => (status, any::<bool>()).prop_map(|(to, by_bot)| Happening::Status { to, by_bot }),
        3 => any_priority().prop_map(Happening::Priority),
        // tens of minutes, so that shares of them are whole minutes
        2 => (1..40_i64, any::<bool>()).prop_map(|(n, says)| Happening::Promise { minutes: n * 10, says }),
        1 => Just(Happening::AutoClose),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    story: Vec<(i64, Happening)>,
    change: i64,
}

fn any_case() -> impl Strategy<Value = Case> {
    let gap = prop_oneof![1..20_i64, (1..30_i64).prop_map(|n| n * 10), 1..1500_i64];
    let opened = (400..1100_i64, any::<bool>(), any_priority());
    let rest = proptest::collection::vec((gap, any_happening()), 0..14);
    (opened, rest, prop_oneof![0..500_i64, 500..6000_i64]).prop_map(|((first, by_customer, priority), rest, change)| {
        let mut at = first;
        let mut story = vec![(first, Happening::Opened { by_customer, priority })];
        for (gap, happening) in rest {
            at += gap;
            story.push((at, happening));
        }
        Case { story, change }
    })
}

/// The story as facts; a message opens what waits for the customer, as intake would say.
fn facts(case: &Case) -> Vec<CaseEvent> {
    let mut lines = String::new();
    let mut status = Status::Open;
    for (at, happening) in &case.story {
        let at = story::text(instant(*at));
        let line = match happening {
            Happening::Opened { by_customer, priority } => {
                let by = if *by_customer { "customer" } else { "agent" };
                format!("{at} opened {by}\n+ classified complaint minor {priority}")
            }
            Happening::Message if matches!(status, Status::PendingCustomer | Status::Resolved | Status::Closed) => {
                status = Status::Open;
                format!("{at} message\n+ status open")
            }
            Happening::Message => format!("{at} message"),
            Happening::Reply => format!("{at} reply"),
            Happening::BotReply => format!("{at} bot_reply"),
            Happening::Acknowledged => format!("{at} acknowledged"),
            Happening::Status { to, by_bot } => {
                status = *to;
                format!("{at} status {to} {}", if *by_bot { "bot" } else { "agent" })
            }
            Happening::Priority(priority) => format!("{at} priority {priority}"),
            Happening::Promise { minutes, says } => {
                let due = story::text(instant(minutes + minute(story::at(&at))));
                let reply = format!("{at} promising_reply {due}\n+ promised {due}");
                if *says { reply } else { format!("{at} promised {due}") }
            }
            Happening::AutoClose => {
                status = Status::Closed;
                format!("{at} auto_close")
            }
        };
        lines += &line;
        lines.push('\n');
    }
    story::facts(&lines)
}

fn driver(case: &Case) -> Driver {
    let first = format!("version: 1\n{CALENDAR}{FIRST}");
    let second = format!("version: 2\neffective_from: {}\n{CALENDAR}{SECOND}", instant(case.change));
    story::driver(&[&first, &second])
}

fn events(driver: &Driver) -> Vec<SlaEvent> {
    driver.written(&SLA_EVENTS).into_iter().map(|(_, event)| event).collect()
}

fn line(event: &SlaEvent) -> Line {
    let reasons = ["policy", "policy_applied", "replaced", "closed", "resolved_by_bot"];
    let reason = event
        .reason
        .as_deref()
        .map(|reason| reasons.iter().find(|known| **known == reason).copied().unwrap_or("not counted"));
    assert_eq!(event.elapsed_ms % MINUTE, 0);
    Line {
        at: minute(event.at),
        metric: event.metric.as_str(),
        event: event.event.as_str(),
        due: event.due_at.map(minute),
        used: event.elapsed_ms / MINUTE,
        reason,
    }
}

/// How a clock is believed to stand: its breaches, and whether it runs (until when), rests or ended (how).
type Belief = (BTreeSet<Timestamp>, String);

fn beliefs(events: &[SlaEvent]) -> BTreeMap<String, Belief> {
    let mut beliefs: BTreeMap<String, Belief> = BTreeMap::new();
    for event in events {
        let (breaches, standing) = beliefs.entry(event.clock_id.clone()).or_default();
        match event.event {
            Kind::Breached => breaches.insert(event.at),
            Kind::BreachRetracted => breaches.remove(&event.at),
            _ => false,
        };
        *standing = match event.event {
            Kind::BreachRetracted => continue,
            Kind::Paused => "rests".to_owned(),
            // A clock that was cancelled counts as little as one that never was.
            Kind::Cancelled => String::new(),
            Kind::Met | Kind::EndedLate => {
                format!("{} {} {} {:?}", event.event, event.at, event.elapsed_ms, event.due_at)
            }
            _ => format!("runs until {:?}", event.due_at),
        };
    }
    beliefs.retain(|_, belief| *belief != Belief::default());
    beliefs
}

/// The clocks on which two streams of events disagree.
fn disagreements(found: &[SlaEvent], expected: &[SlaEvent]) -> Vec<String> {
    let (found, expected) = (beliefs(found), beliefs(expected));
    let clocks: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let differing = clocks.into_iter().filter(|clock| found.get(*clock) != expected.get(*clock));
    differing.map(|clock| format!("{:?} instead of {:?}", found.get(clock), expected.get(clock))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_order_every_event_is_as_counted(case in any_case()) {
        let mut driver = driver(&case);
        story::play(&mut driver, &facts(&case));
        driver.run_out();
        let mut found: Vec<Line> = events(&driver).iter().map(line).collect();
        let mut oracle = Oracle::new(Policy { demand, warn_at });
        let last = case.story.last().map_or(0, |(at, _)| *at).max(case.change);
        oracle.play(&case.story, case.change, last + 15 * 1440);
        let mut expected = oracle.lines;
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn out_of_order_the_clocks_stand_the_same_in_the_end(
        case in any_case(),
        delays in proptest::collection::vec(prop_oneof![2 => Just(0), 1 => 0..3000_i64], 30),
    ) {
        let facts = facts(&case);
        let mut in_order = driver(&case);
        story::play(&mut in_order, &facts);
        in_order.run_out();
        let mut arrivals: Vec<(i64, &CaseEvent)> = facts.iter().zip(delays.iter().cycle())
            .map(|(fact, delay)| (minute(fact.at) + delay, fact)).collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let mut late = driver(&case);
        for (at, fact) in arrivals {
            late.send_at(instant(at), &CASE_EVENTS, &story::key(fact), fact);
        }
        late.run_out();
        prop_assert_eq!(disagreements(&events(&late), &events(&in_order)), Vec::<String>::new());
    }

    #[test]
    fn in_whatever_order_they_come_while_time_stands_still_the_clocks_stand_the_same(
        (case, order) in any_case().prop_flat_map(|case| {
            let count = facts(&case).len();
            (Just(case), Just((0..count).collect::<Vec<_>>()).prop_shuffle())
        }),
    ) {
        let facts = facts(&case);
        let mut in_order = driver(&case);
        story::play(&mut in_order, &facts);
        in_order.run_out();
        let mut shuffled = driver(&case);
        for index in order {
            shuffled.send(&CASE_EVENTS, &story::key(&facts[index]), &facts[index]);
        }
        shuffled.run_out();
        prop_assert_eq!(disagreements(&events(&shuffled), &events(&in_order)), Vec::<String>::new());
    }

    #[test]
    fn facts_told_again_count_as_they_were_told_last(
        case in any_case(),
        untold in proptest::collection::vec((any_priority(), 0..3000_i64), 30),
    ) {
        let facts = facts(&case);
        let mut at_once = driver(&case);
        story::play(&mut at_once, &facts);
        at_once.run_out();
        // each is told with another priority first
        let before = facts.iter().zip(untold.iter().cycle()).map(|(fact, (priority, _))| {
            let context = CaseContext { priority: Some(*priority), ..fact.context.clone() };
            (minute(fact.at), CaseEvent { context, ..fact.clone() })
        });
        let after = facts.iter().zip(untold.iter().cycle());
        let after = after.map(|(fact, (_, delay))| (minute(fact.at) + delay, fact.clone()));
        let mut arrivals: Vec<(i64, CaseEvent)> = before.chain(after).collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let mut again = driver(&case);
        for (at, fact) in arrivals {
            again.send_at(instant(at), &CASE_EVENTS, &story::key(&fact), &fact);
        }
        again.run_out();
        prop_assert_eq!(disagreements(&events(&again), &events(&at_once)), Vec::<String>::new());
    }
}
