//! Which stage writes a topic that stages of other services wait for.
//!
//! A service that runs alone does not know the code of the others, but its timers wait for their progress. The names
//! here are held against the real services by a test of the `kefu` program, which has all of them.

/// A stage by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
}

const INTAKE_CASES: StageName = StageName { service: "intake", processor: "cases" };
const INTAKE_ORDERS: StageName = StageName { service: "intake", processor: "orders" };
const CLOCKS: StageName = StageName { service: "escalation", processor: "clocks" };
const SURVEYS: StageName = StageName { service: "satisfaction-survey", processor: "surveys" };
const HANDOVERS: StageName = StageName { service: "handover", processor: "handovers" };

/// Topics by name without prefix, and who writes them.
pub const WRITERS: &[(&str, StageName)] = &[
    ("cases", INTAKE_CASES),
    ("case-events", INTAKE_CASES),
    ("orders", INTAKE_ORDERS),
    ("sla-events", CLOCKS),
    ("surveys", SURVEYS),
    ("handovers", HANDOVERS),
];
