//! `kefu topics`: make the topics in Kafka.

use clap::{Args, Subcommand};
use kefu_processor::Topology;
use kefu_runtime::kafka::{self, ApplyOptions, Connection};

use crate::{Failure, services};

/// Where the cluster is.
#[derive(Args, Clone)]
pub(crate) struct ClusterArgs {
    /// Kafka's address, `host:port`.
    #[arg(long, env = "KEFU_KAFKA", default_value = "127.0.0.1:9092")]
    pub(crate) kafka: String,
    /// Prefix of the topics' names.
    #[arg(long, default_value = "cs.")]
    pub(crate) prefix: String,
    /// Further librdkafka settings, `name=value`.
    #[arg(long = "property", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write it as name=value".to_owned())?;
    kafka::check_property(name, value).map_err(|problem| format!("{name}: {problem}"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl ClusterArgs {
    pub(crate) fn connection(&self) -> Connection {
        Connection { bootstrap: self.kafka.clone(), prefix: self.prefix.clone(), properties: self.properties.clone() }
    }
}

#[derive(Subcommand)]
pub(crate) enum TopicsCommand {
    /// Make the topics that are missing; change nothing that is there.
    Apply {
        #[command(flatten)]
        cluster: ClusterArgs,
        /// Partitions of each topic with keys; without it, those that the cluster has, or 12 in a new one.
        #[arg(long)]
        partitions: Option<i32>,
        /// Copies of each partition.
        #[arg(long, default_value_t = 1)]
        replication: i32,
        /// Only say what would be made.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(command: &TopicsCommand) -> Result<(), Failure> {
    let TopicsCommand::Apply { cluster, partitions, replication, dry_run } = command;
    if partitions.is_some_and(|partitions| partitions < 1) {
        return Err(Failure::usage("--partitions: use 1 or more"));
    }
    let topology = Topology::new(&services::all()).map_err(Failure::work)?;
    let connection = cluster.connection();
    if *dry_run {
        for plan in kafka::plan(&connection, &topology, partitions.unwrap_or(kafka::PARTITIONS)) {
            say_line!("{} partitions={} {:?}", plan.name, plan.partitions, plan.settings);
        }
        return Ok(());
    }
    if *replication < 2 {
        eprintln!(
            "note: each partition gets one copy, which cannot be changed later; for production give --replication 3"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::work)?;
    let options = ApplyOptions { partitions: *partitions, replication: *replication };
    let made = runtime.block_on(kafka::apply_topics(&connection, &topology, options)).map_err(Failure::work)?;
    say_line!("{} topics made, {} were there", made.len(), kafka::plan(&connection, &topology, 1).len() - made.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_cannot_be_set_is_refused() {
        assert_eq!(property("linger.ms=5"), Ok(("linger.ms".to_owned(), "5".to_owned())));
        for (text, wanted) in [
            ("linger.ms", "write it as name=value"),
            ("isolation.level=read_uncommitted", "isolation.level: cannot be changed"),
            ("linger.msec=5", "linger.msec: librdkafka does not take it"),
        ] {
            assert!(property(text).unwrap_err().contains(wanted), "{text}");
        }
    }
}
