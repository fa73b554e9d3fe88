//! A summary in words and figures, for people.

use std::fmt::Write;

use super::summary::{Summary, Totals};

/// The summary of a replay.
pub(crate) fn describe(summary: &Summary) -> String {
    let mut text = String::new();
    let refused: u64 = summary.refused.values().sum();
    let records: u64 = summary.topics.values().sum();
    line(&mut text, &format!("{} events in, {records} records out, {refused} refused", summary.inputs));
    for (code, count) in &summary.refused {
        line(&mut text, &format!("    {code}: {count}"));
    }
    text.push_str(&figures(&summary.totals));
    for (service, topics) in WRITERS {
        let written = topics.iter().filter_map(|topic| summary.topics.get(*topic).map(|count| (topic, count)));
        let written: Vec<String> = written.map(|(topic, count)| format!("{topic} {count}")).collect();
        line(&mut text, &format!("{service:<20} wrote {}", written.join(", ")));
    }
    for fault in &summary.faults {
        line(&mut text, &format!("fault in kefu: {fault}"));
    }
    text
}

/// Which topics show that a service worked.
const WRITERS: &[(&str, &[&str])] = &[
    ("intake", &["cases", "case-events", "customers", "orders"]),
    ("classifier", &["classifications", "articles"]),
    ("escalation", &["sla-events", "escalations"]),
    ("satisfaction-survey", &["surveys", "follow-ups"]),
    ("handover", &["handovers"]),
    ("kpi-aggregator", &["kpi", "hot-issues"]),
];

/// The key figures over all windows.
pub(crate) fn figures(totals: &Totals) -> String {
    let mut text = String::new();
    let get = |metric: &str| totals.all.get(metric).copied().unwrap_or_default();
    line(
        &mut text,
        &format!(
            "cases    {} opened, {} resolved, {} closed, {} reopened",
            get("cases_opened"),
            get("cases_resolved"),
            get("cases_closed"),
            get("cases_reopened")
        ),
    );
    for dimension in ["category", "channel"] {
        let of = totals.cases_opened.iter().filter_map(|(name, count)| {
            name.strip_prefix(dimension).and_then(|rest| rest.strip_prefix('=')).map(|value| (value, count))
        });
        let parts: Vec<String> = of.map(|(value, count)| format!("{value} {count}")).collect();
        line(&mut text, &format!("  by {dimension:<9} {}", parts.join(", ")));
    }
    line(&mut text, &format!("messages {} from customers, {} to them", get("messages_in"), get("messages_out")));
    line(&mut text, "promises kept (SLA)");
    for (metric, met) in totals.all.iter().filter_map(|(name, met)| name.strip_prefix("sla_met.").zip(Some(met))) {
        let breached = get(&format!("sla_breached.{metric}"));
        let share = 100.0 * met / (met + breached).max(1.0);
        line(&mut text, &format!("  {metric:<16} {met} in time, {breached} late ({share:.0} %)"));
    }
    line(
        &mut text,
        &format!(
            "surveys  {} sent, {} answered; handovers {} due, {} on time, {} late, {} skipped",
            get("surveys_sent"),
            get("csat_responses"),
            get("handovers_due"),
            get("handovers_on_time"),
            get("handovers_late"),
            get("handovers_skipped")
        ),
    );
    text
}

fn line(text: &mut String, content: &str) {
    // writing to a String cannot fail
    writeln!(text, "{content}").ok();
}
