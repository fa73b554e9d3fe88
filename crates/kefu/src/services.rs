//! The six services.

use axum::Router;
use kefu_contracts::codec::Codec;
use kefu_processor::Service;
use kefu_runtime::lifecycle::Definition;

/// All six, in the order of the flow.
pub(crate) fn all() -> Vec<Service> {
    vec![
        kefu_intake::service(),
        kefu_classifier::service(),
        kefu_escalation::service(),
        kefu_satisfaction_survey::service(),
        kefu_handover::service(),
        kefu_kpi_aggregator::service(),
    ]
}

/// The services called `names` as a process runs them; all if none is named.
///
/// # Errors
/// If a name is none of a service.
pub(crate) fn definitions(names: &[String], codec: &Codec) -> Result<Vec<Definition>, String> {
    let _ = codec;
    let all = all();
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|service| service.name == **name)) {
        let known: Vec<&str> = all.iter().map(|service| service.name).collect();
        return Err(format!("--services: `{unknown}` is no service; use {}", known.join(", ")));
    }
    let wanted = all.into_iter().filter(|service| names.is_empty() || names.iter().any(|name| name == service.name));
    let definitions = wanted.map(|service| Definition {
        service,
        routes: Router::new(),
        paths: serde_json::json!({}),
        views: Vec::new(),
    });
    Ok(definitions.collect())
}
