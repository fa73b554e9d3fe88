//! A shop's policy: the document, its check, and what applies to a case, at an instant, on a shift.
//!
//! Owns the meaning of every key and every default. Running clocks, deciding requests and recording shifts belong to
//! the services; open time belongs to `kefu-calendar`. Pure: texts and instants come in as data.
//!
//! A document is parsed into a tree that knows its lines (`source`), each section is read by its own module (`read`
//! collects the faults), and [`Policy`] holds the result with its calendars built. [`PolicyHistory`] and [`Policies`]
//! tell which version is in force.
#![forbid(unsafe_code)]

mod acknowledge;
mod after_sales;
mod calendars;
mod case_match;
mod defaults;
mod duration;
mod escalation;
mod fault;
mod history;
mod orders;
mod policy;
mod read;
mod rota;
mod routing;
mod shift;
mod sla;
mod source;
mod survey;
mod team;

pub use acknowledge::{AcknowledgeSettings, AcknowledgedOn};
pub use after_sales::{AfterSalesRule, Freight};
pub use calendars::{ALWAYS, CalendarSettings, Holiday};
pub use case_match::{CaseFacts, CaseMatch};
pub use defaults::{DEFAULTS, DefaultDefinition};
pub use duration::{format_duration, parse_duration};
pub use escalation::{EscalationMatch, EscalationRule, EscalationStep, Role};
pub use fault::{Fault, Warning};
pub use history::{Policies, PolicyHistory};
pub use orders::OrderSettings;
pub use policy::{Policy, parse};
pub use rota::{Rota, Shift};
pub use routing::{RoutingMatch, RoutingRule};
pub use shift::{Rotation, ShiftRule};
pub use sla::{SlaRule, paused_by_default};
pub use source::Format;
pub use survey::{FollowUpSettings, Promotions, SurveySettings};
pub use team::{StaffMember, Team};
