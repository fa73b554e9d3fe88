//! `kefu export`: topics to files.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::{Codec, DecodeError};
use kefu_contracts::topic::{self, CHANNEL_EVENTS, COMMANDS, DEAD_LETTERS, ORDER_EVENTS};
use kefu_runtime::dead_letter::Envelope;
use kefu_runtime::kafka::{self, Connection};

use crate::topics::ClusterArgs;
use crate::{Failure, progress};

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Folder of an embedded store to read instead of Kafka; the store must not be in use.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// File for the recorded inputs, as `replay` takes them; standard output by default.
    #[arg(long)]
    out: Option<PathBuf>,
    /// First event time.
    #[arg(long)]
    from: Option<Timestamp>,
    /// Event time after the last.
    #[arg(long)]
    to: Option<Timestamp>,
    /// Write every public topic to a file of this folder instead, as `replay` does.
    #[arg(long, conflicts_with_all = ["out", "from", "to"])]
    topics: Option<PathBuf>,
}

/// Where records come from.
enum Source {
    Kafka(Connection),
    Embedded(kefu_runtime::embedded::Store),
}

/// A record of a topic: key, event time or when it was taken, value.
struct Row {
    key: String,
    at: Timestamp,
    payload: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Source {
    fn each(&self, name: &str, mut each: impl FnMut(Row) -> std::io::Result<()>) -> Result<(), Failure> {
        match self {
            Source::Kafka(connection) => kafka::read_log(connection, &connection.topic_named(name), |record| {
                let Some(payload) = record.payload else { return Ok(()) };
                let key = String::from_utf8_lossy(&record.key).into_owned();
                each(Row { key, at: record.appended_at, payload, headers: record.headers })
            })
            .map_err(Failure::work),
            Source::Embedded(store) => {
                let mut from = 0;
                loop {
                    let records = store.read(name, from, 1000).map_err(Failure::work)?;
                    let Some(last) = records.last() else { return Ok(()) };
                    from = last.sequence + 1;
                    for record in records {
                        let (payload, headers) = unwrapped(name, record.payload).map_err(Failure::work)?;
                        each(Row { key: record.key, at: record.at, payload, headers }).map_err(Failure::work)?;
                    }
                }
            }
        }
    }
}

type Headers = Vec<(String, String)>;

/// The value and headers of a record of the embedded log, which has no headers but wraps dead letters with theirs.
fn unwrapped(name: &str, payload: Vec<u8>) -> Result<(Vec<u8>, Headers), String> {
    use base64::Engine;
    if name != DEAD_LETTERS.name {
        return Ok((payload, Vec::new()));
    }
    let broken = |error: &dyn std::fmt::Display| format!("a dead letter of the embedded store is none: {error}");
    let envelope: Envelope = serde_json::from_slice(&payload).map_err(|error| broken(&error))?;
    let value = base64::engine::general_purpose::STANDARD.decode(&envelope.value).map_err(|error| broken(&error))?;
    Ok((value, envelope.headers.into_iter().collect()))
}

pub(crate) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let source = match &args.data_dir {
        Some(folder) => {
            let file = folder.join("kefu.redb");
            if !file.is_file() {
                return Err(Failure::usage(format!("{}: no embedded store is there", folder.display())));
            }
            Source::Embedded(kefu_runtime::embedded::Store::open(&file).map_err(Failure::work)?)
        }
        None => Source::Kafka(args.cluster.connection()),
    };
    match &args.topics {
        Some(folder) => all_topics(&source, folder, &args.cluster.prefix),
        None => inputs(&source, args),
    }
}

fn all_topics(source: &Source, folder: &PathBuf, prefix: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::work(format!("{}: {error}", folder.display())))?;
    let codec = Codec::single_object();
    let bar = progress::counter("records");
    for info in topic::PUBLIC.iter().chain([&DEAD_LETTERS]) {
        let path = folder.join(format!("{prefix}{}.ndjson", info.name));
        let file =
            std::fs::File::create(&path).map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
        let mut file = BufWriter::new(file);
        source.each(info.name, |row| {
            bar.inc(1);
            let key = serde_json::to_string(&row.key)?;
            let value = match topic::payload_to_json_text(info.name, &codec, &row.payload) {
                Some(Ok(value)) => value,
                Some(Err(error)) => return leave_out(info.name, &row, &error),
                None => dead_letter(&row)?,
            };
            writeln!(file, r#"{{"key":{key},"timestamp":"{}","value":{value}}}"#, row.at)
        })?;
        file.flush().map_err(Failure::work)?;
    }
    bar.finish_and_clear();
    say_line!("topics in {}", folder.display());
    Ok(())
}

/// A record that nobody could read is among the dead letters already.
#[expect(clippy::unnecessary_wraps, reason = "it is how a row ends that is not written")]
fn leave_out(name: &str, row: &Row, error: &DecodeError) -> std::io::Result<()> {
    eprintln!("kefu: a record of {name} of {} with the key `{}` is left out: {error}", row.at, row.key);
    Ok(())
}

/// A dead letter has no schema: its bytes in base64, with its headers.
fn dead_letter(row: &Row) -> std::io::Result<String> {
    use base64::Engine;
    let value = base64::engine::general_purpose::STANDARD.encode(&row.payload);
    let headers: std::collections::BTreeMap<_, _> = row.headers.iter().cloned().collect();
    Ok(serde_json::to_string(&serde_json::json!({"value": value, "headers": headers}))?)
}

fn inputs(source: &Source, args: &ExportArgs) -> Result<(), Failure> {
    let codec = Codec::single_object();
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(BufWriter::new(
            std::fs::File::create(path).map_err(|error| Failure::work(format!("{}: {error}", path.display())))?,
        )),
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    for name in [CHANNEL_EVENTS.info.name, ORDER_EVENTS.info.name, COMMANDS.info.name] {
        source.each(name, |row| {
            let Some(value) = topic::payload_to_json(name, &codec, &row.payload) else { return Ok(()) };
            let value = match value {
                Ok(value) => value,
                Err(error) => return leave_out(name, &row, &error),
            };
            if is_own(&value) || !within(&value, args.from, args.to) {
                return Ok(());
            }
            writeln!(out, "{value}")
        })?;
    }
    out.flush().map_err(Failure::work)
}

/// Events that kefu itself wrote come anew in a replay.
fn is_own(value: &serde_json::Value) -> bool {
    let actor = |field: &str| value.pointer(&format!("/actor/{field}")).and_then(serde_json::Value::as_str);
    let services = ["classifier", "escalation", "handover", "satisfaction-survey"];
    matches!(actor("kind"), Some("system" | "bot")) && actor("id").is_some_and(|id| services.contains(&id))
}

fn within(value: &serde_json::Value, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    let at = value.get("occurred_at").or_else(|| value.get("at")).and_then(serde_json::Value::as_str);
    let Some(at) = at.and_then(|at| at.parse::<Timestamp>().ok()) else { return false };
    from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to)
}
