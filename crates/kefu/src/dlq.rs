//! `kefu dlq`: records that could not be processed.

use std::collections::BTreeMap;

use clap::Subcommand;
use kefu_contracts::topic::DEAD_LETTERS;
use kefu_runtime::kafka::{self, LogRecord};

use crate::Failure;
use crate::topics::ClusterArgs;

#[derive(Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters: position, code, where they came from.
    List {
        #[command(flatten)]
        cluster: ClusterArgs,
        /// Only those with this code.
        #[arg(long)]
        code: Option<String>,
        /// Print as JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one dead letter with its bytes.
    Show {
        #[command(flatten)]
        cluster: ClusterArgs,
        /// `partition:offset`, as `list` prints it.
        position: String,
    },
}

pub(crate) fn run(command: &DlqCommand) -> Result<(), Failure> {
    match command {
        DlqCommand::List { cluster, code, json } => list(cluster, code.as_deref(), *json),
        DlqCommand::Show { cluster, position } => show(cluster, position),
    }
}

fn each(cluster: &ClusterArgs, mut each: impl FnMut(LogRecord)) -> Result<(), Failure> {
    let connection = cluster.connection();
    kafka::read_log(&connection, &connection.topic(&DEAD_LETTERS), |record| {
        each(record);
        Ok(())
    })
    .map_err(Failure::work)
}

fn headers(record: &LogRecord) -> BTreeMap<&str, &str> {
    record.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn list(cluster: &ClusterArgs, code: Option<&str>, json: bool) -> Result<(), Failure> {
    let mut count = 0;
    each(cluster, |record| {
        let headers = headers(&record);
        if code.is_some_and(|code| headers.get("code") != Some(&code)) {
            return;
        }
        count += 1;
        let position = format!("{}:{}", record.partition, record.offset);
        if json {
            let at = record.appended_at;
            println!("{}", serde_json::json!({"position": position, "at": at, "headers": headers}));
        } else {
            let get = |name: &str| headers.get(name).copied().unwrap_or("?");
            println!(
                "{position}  {}  {}  {}  {}/{}@{}  {}",
                record.appended_at,
                get("service"),
                get("code"),
                get("source-topic"),
                get("source-partition"),
                get("source-offset"),
                get("detail")
            );
        }
    })?;
    if !json {
        println!("{count} dead letters");
    }
    Ok(())
}

fn show(cluster: &ClusterArgs, position: &str) -> Result<(), Failure> {
    let parse = |text: &str| text.parse::<i64>().ok();
    let wanted = position.split_once(':').and_then(|(partition, offset)| parse(partition).zip(parse(offset)));
    let Some((partition, offset)) = wanted else {
        return Err(Failure::usage(format!("`{position}` is no position; write partition:offset")));
    };
    let mut found = None;
    each(cluster, |record| {
        if i64::from(record.partition) == partition && record.offset == offset {
            found = Some(record);
        }
    })?;
    let Some(record) = found else { return Err(Failure::work(format!("there is no dead letter at {position}"))) };
    for (name, value) in headers(&record) {
        println!("{name}: {value}");
    }
    println!("key: {}", String::from_utf8_lossy(&record.key));
    let payload = record.payload.unwrap_or_default();
    println!("{} bytes: {}", payload.len(), String::from_utf8_lossy(&payload).escape_debug());
    Ok(())
}
