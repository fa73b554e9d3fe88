//! The records of the catalogue, and where their schemas are.

use std::path::{Path, PathBuf};

/// Calls a generic function once with each record of the catalogue; gives an array of the results.
macro_rules! for_each_record {
    ($function:ident) => {
        [
            $function::<kefu_contracts::channel_event::ChannelEvent>(),
            $function::<kefu_contracts::order::OrderEvent>(),
            $function::<kefu_contracts::command::Command>(),
            $function::<kefu_contracts::command::CommandResult>(),
            $function::<kefu_contracts::policy::PolicyRecord>(),
            $function::<kefu_contracts::order::Order>(),
            $function::<kefu_contracts::case::Case>(),
            $function::<kefu_contracts::case_event::CaseEvent>(),
            $function::<kefu_contracts::customer::Customer>(),
            $function::<kefu_contracts::classification::Classification>(),
            $function::<kefu_contracts::knowledge::Article>(),
            $function::<kefu_contracts::sla_event::SlaEvent>(),
            $function::<kefu_contracts::escalation::Escalation>(),
            $function::<kefu_contracts::survey::Survey>(),
            $function::<kefu_contracts::survey::FollowUp>(),
            $function::<kefu_contracts::handover::Handover>(),
            $function::<kefu_contracts::kpi::KpiRow>(),
            $function::<kefu_contracts::kpi::HotIssue>(),
            $function::<kefu_contracts::outbound::OutboundMessage>(),
        ]
    };
}
pub(crate) use for_each_record;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
