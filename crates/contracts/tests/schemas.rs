//! The committed schemas are what the Rust types say.
//!
//! `KEFU_UPDATE=1 cargo test -p kefu-contracts --test schemas` writes them anew after a change of a type.

use std::path::{Path, PathBuf};

use apache_avro::AvroSchema;
use kefu_contracts::codec::AvroRecord;

/// Calls a macro with each record of the catalogue.
macro_rules! for_each_record {
    ($call:ident) => {
        $call!(
            kefu_contracts::channel_event::ChannelEvent,
            kefu_contracts::order::OrderEvent,
            kefu_contracts::command::Command,
            kefu_contracts::command::CommandResult,
            kefu_contracts::policy::PolicyRecord,
            kefu_contracts::order::Order,
            kefu_contracts::case::Case,
            kefu_contracts::case_event::CaseEvent,
            kefu_contracts::customer::Customer,
            kefu_contracts::classification::Classification,
            kefu_contracts::knowledge::Article,
            kefu_contracts::sla_event::SlaEvent,
            kefu_contracts::escalation::Escalation,
            kefu_contracts::survey::Survey,
            kefu_contracts::survey::FollowUp,
            kefu_contracts::handover::Handover,
            kefu_contracts::kpi::KpiRow,
            kefu_contracts::kpi::HotIssue,
            kefu_contracts::outbound::OutboundMessage,
        )
    };
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated<T: AvroRecord + AvroSchema>() -> (PathBuf, String) {
    let mut text = serde_json::to_string_pretty(&T::get_schema()).unwrap();
    text.push('\n');
    (repository().join(T::PATH), text)
}

#[test]
fn committed_schemas_are_those_of_the_types() {
    macro_rules! all { ($($record:ty),+ $(,)?) => { vec![$(generated::<$record>()),+] } }
    let schemas: Vec<(PathBuf, String)> = for_each_record!(all);
    let mut stale = Vec::new();
    for (path, text) in &schemas {
        if std::fs::read_to_string(path).ok().as_ref() != Some(text) {
            stale.push(path.display().to_string());
            if std::env::var_os("KEFU_UPDATE").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
    }
    assert!(stale.is_empty(), "differ from their types (run with KEFU_UPDATE=1 and commit): {stale:#?}");
}
