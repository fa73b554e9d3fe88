//! What a shop's user sees is the same on a file and on Kafka: each case runs on both.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod clocks;
mod commands;
mod events;
mod policies;
mod seen;
mod surveys;

/// Makes a test of each function that takes a [`kefu_integration_tests::BackendKind`], for either backend.
macro_rules! on_both {
    ($($of:ident::$case:ident,)+) => {
        mod on_a_file {
            $(#[test] fn $case() { super::$of::$case(kefu_integration_tests::BackendKind::Embedded); })+
        }
        mod on_kafka {
            $(#[test] fn $case() { super::$of::$case(kefu_integration_tests::BackendKind::Kafka); })+
        }
    };
}

on_both! {
    events::an_event_makes_a_case_that_can_be_read,
    events::a_repeated_event_counts_once,
    events::nothing_is_lost_or_doubled_by_kills,
    events::one_bad_event_does_not_block_its_batch,
    events::told_to_end_it_ends_well_and_keeps_all,
    events::another_tenant_sees_nothing,
    commands::the_same_command_gets_the_same_answer,
    clocks::a_clock_breaches_although_nothing_else_happens,
    policies::a_policy_takes_force_for_an_open_case,
    policies::a_policy_takes_force_for_a_case_from_before_a_restart,
    surveys::a_survey_is_answered_once_through_its_link,
}
