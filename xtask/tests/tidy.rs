//! The repository is tidy.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use xtask::repository::{self, SourceFile};
use xtask::tidy::{self, Finding, Long};

/// Files that are longer than 400 lines. Entries are lowered and taken out, never raised or added without need.
const LONG: &[Long] = &[Long {
    path: "services/escalation/tests/oracle/mod.rs",
    lines: 402,
    reason: "a second implementation, in one piece",
}];

fn files() -> Vec<SourceFile> {
    repository::files(&repository::root()).unwrap()
}

fn none(found: &[Finding]) {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn files_are_short() {
    none(&tidy::file_lengths(&files(), LONG));
}

#[test]
fn lines_are_short() {
    none(&tidy::line_widths(&files()));
}

#[test]
fn nothing_is_marked_as_unfinished() {
    none(&tidy::unfinished(&files()));
}

#[test]
fn files_are_named_for_what_they_own() {
    none(&tidy::file_names(&files()));
}

#[test]
fn unsafe_code_is_where_c_is_called() {
    none(&tidy::crate_roots_forbid_unsafe_code(&files()));
    none(&tidy::unsafe_code(&files()));
}

#[test]
fn links_lead_somewhere() {
    none(&tidy::links_resolve(&files()));
}

#[test]
fn every_decision_is_linked() {
    none(&tidy::decisions_are_linked(&files()));
}

#[test]
fn nothing_depends_on_one_machine() {
    none(&tidy::machine_paths(&files()));
    none(&tidy::package_sources(&files()));
}
