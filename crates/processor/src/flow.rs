//! Which stage writes a topic that stages of other services wait for.
//!
//! A service that runs alone does not know the code of the others, but its timers wait for their progress. The names
//! here are held against the real services by a test of the `kefu` program, which has all of them.
//!
//! Decisions of later stages come back to the case machine. With the event clock its progress therefore has passes:
//! pass 0 is complete in what came from outside, pass 1 also in the verdicts on it, pass 2 also in where escalation
//! sent cases and what it decided about requests. Whoever decides once and for all waits for the pass that holds what
//! the decision rests on. With the wall clock nobody waits for feedback: a classifier that is away must not stop a
//! clock.

/// A stage by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
}

const INTAKE_CASES: StageName = StageName { service: "intake", processor: "cases" };
const VERDICTS: StageName = StageName { service: "classifier", processor: "cases" };
const STUCK_ORDERS: StageName = StageName { service: "escalation", processor: "orders" };
const AFTER_SALES: StageName = StageName { service: "escalation", processor: "after_sales" };
const CLAIMS: StageName = StageName { service: "escalation", processor: "claims" };
const ROUTING: StageName = StageName { service: "escalation", processor: "routing" };
const CLOCKS: StageName = StageName { service: "escalation", processor: "clocks" };
const SURVEYS: StageName = StageName { service: "satisfaction-survey", processor: "surveys" };
const HANDOVERS: StageName = StageName { service: "handover", processor: "handovers" };

/// Topics by name without prefix, and who writes them.
pub const WRITERS: &[(&str, StageName)] =
    &[("case-events", INTAKE_CASES), ("sla-events", CLOCKS), ("surveys", SURVEYS), ("handovers", HANDOVERS)];

/// The stages whose decisions come back to a stage, pass by pass from pass 1.
pub fn passes(stage: StageName) -> &'static [&'static [StageName]] {
    if stage == INTAKE_CASES { &[&[VERDICTS], &[ROUTING, STUCK_ORDERS, AFTER_SALES]] } else { &[] }
}

/// The pass of `upstream` that `reader` waits for with the event clock.
pub fn pass_for(reader: StageName, upstream: StageName) -> usize {
    let wanted = match reader.service {
        "intake" | "classifier" => 0,
        // what is asked for comes from outside
        _ if reader == CLAIMS => 0,
        _ if reader == ROUTING => 1,
        _ => 2,
    };
    wanted.min(passes(upstream).len())
}
