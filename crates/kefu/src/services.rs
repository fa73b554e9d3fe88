//! The six services.

use kefu_contracts::codec::Codec;
use kefu_processor::Service;
use kefu_runtime::config::{Config, ConfigFaults};
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
/// If a name is none of a service, or a service cannot be put together with this configuration.
pub(crate) fn definitions(names: &[String], config: &Config, codec: &Codec) -> Result<Vec<Definition>, String> {
    let known: Vec<&str> = all().iter().map(|service| service.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("--services: `{unknown}` is no service; use {}", known.join(", ")));
    }
    let definitions = every(config, codec).map_err(|faults| faults.to_string())?;
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    Ok(definitions.into_iter().filter(|definition| is_wanted(definition.service.name)).collect())
}

fn every(config: &Config, codec: &Codec) -> Result<Vec<Definition>, ConfigFaults> {
    Ok(vec![
        kefu_intake::api::definition(codec),
        kefu_classifier::api::definition(codec),
        kefu_escalation::api::definition(codec),
        kefu_satisfaction_survey::api::from_config(config, codec)?,
        kefu_handover::api::definition(codec),
        kefu_kpi_aggregator::api::definition(codec),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::command::{Command, TARGETS};
    use kefu_contracts::topic::{CHANNEL_EVENTS, CLASSIFICATIONS, COMMAND_RESULTS, COMMANDS, POLICIES};
    use kefu_contracts::{ActorKind, Json, Timestamp};
    use kefu_policy::Policies;
    use kefu_processor::Topology;
    use kefu_processor::flow::{StageName, WRITERS};
    use kefu_testkit::Driver;

    use super::*;

    fn upstream(topology: &Topology, of: &str) -> Vec<(String, Vec<StageName>)> {
        let stages = topology.stages.iter().enumerate().filter(|(_, stage)| stage.service == of);
        stages.map(|(index, stage)| (stage.id(), topology.upstream(index).to_vec())).collect()
    }

    /// A service that runs alone knows its upstream from a table; all together know it from each other.
    #[test]
    fn a_service_alone_waits_for_the_same_stages_as_among_all() {
        let together = Topology::new(&all()).unwrap();
        for service in all() {
            let name = service.name;
            let mut alone = upstream(&Topology::new(&[service]).unwrap(), name);
            let mut among_all = upstream(&together, name);
            alone.sort();
            among_all.sort();
            assert_eq!(alone, among_all);
        }
    }

    #[test]
    fn the_table_of_writers_names_nothing_that_nobody_waits_for() {
        let feedback =
            [CHANNEL_EVENTS.info, CLASSIFICATIONS.info, COMMANDS.info, POLICIES.info].map(|topic| topic.name);
        let mut needed = BTreeSet::new();
        for (writer, reader) in
            all().iter().flat_map(|writer| all().into_iter().map(move |reader| (writer.clone(), reader)))
        {
            let read: BTreeSet<&str> =
                reader.stages.iter().flat_map(|stage| stage.inputs).map(|topic| topic.name).collect();
            for stage in writer.stages.iter().filter(|_| writer.name != reader.name) {
                let topics = stage.outputs.iter().map(|topic| topic.name);
                let topics = topics.filter(|topic| read.contains(topic) && !feedback.contains(topic));
                needed.extend(topics.map(|topic| (topic, stage.stage_name())));
            }
        }
        assert_eq!(WRITERS.iter().copied().collect::<BTreeSet<_>>(), needed);
    }

    /// How often `service` answers a command of this kind, all by itself.
    fn answers(service: Service, kind: &str) -> usize {
        let command = Command {
            command_id: "k-1".into(),
            tenant: "demo".into(),
            kind: kind.into(),
            target: "x-1".into(),
            actor: Actor { kind: ActorKind::Supervisor, id: "s-1".into(), name: None },
            at: Timestamp::from_ms(1_000),
            data: Json(serde_json::json!({})),
        };
        let mut driver = Driver::new(&[service], Policies::default());
        driver.send_at(command.at, &COMMANDS, &command.key(), &command);
        driver.run_out();
        driver.written(&COMMAND_RESULTS).len()
    }

    #[test]
    fn each_command_is_answered_once_and_by_the_service_that_the_table_names() {
        let known = TARGETS.iter().flat_map(|target| target.kinds.iter().map(|kind| (*kind, target.decided_by)));
        for (kind, decided_by) in known.chain([("frobnicate", None)]) {
            let told = all().into_iter().map(|service| (service.name, answers(service, kind)));
            let told: Vec<_> = told.filter(|(_, count)| *count > 0).collect();
            assert_eq!(told, [(decided_by.unwrap_or("intake"), 1)], "{kind}");
        }
    }
}
