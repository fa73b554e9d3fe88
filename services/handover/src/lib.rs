//! Shift handovers.
//!
//! Owns who answers for which case when a shift ends: the record that fills itself from the facts of cases, its life
//! cycle with two signatures, its deadlines, and the attendance at shifts. Which shifts there are is the policy's
//! matter, what a case is intake's.
//!
//! ```text
//! case events ─▶ cases ─▶ agents ─▶ handovers ◀─ commands
//!                  └─▶ roster ─┤       ▲
//!                              └▶ shifts ◀─ commands
//! ```
//!
//! `cases` tells each agent concerned what to know of a case. `roster` wakes for each shift of a tenant and announces
//! it to the shift and to its people, so that also those who never had a case get their handover. `agents` drafts 30
//! min before the end of a shift and keeps the draft up to date; `handovers` owns the record; `shifts` owns attendance.
//! Whatever decides is decided in a timer at its own instant, when everything up to it has arrived, so that the order
//! of arrival decides nothing.
#![forbid(unsafe_code)]

pub mod agents;
pub mod api;
pub mod cases;
pub mod domain;
pub mod handovers;
pub mod roster;
pub mod shifts;
pub mod topics;

use kefu_processor::Service;

/// The handover service.
pub fn service() -> Service {
    Service::new("handover")
        .with(cases::Cases)
        .with(roster::Roster)
        .with(shifts::Shifts)
        .with(agents::Agents)
        .with(handovers::Handovers)
}
