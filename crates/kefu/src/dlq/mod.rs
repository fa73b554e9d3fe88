//! `kefu dlq`: records that could not be processed.
//!
//! Owns listing and showing; `replay` sends them back.

mod filter;
mod replay;

use std::io::{self, Write};

use clap::Subcommand;
use kefu_runtime::kafka::{self, KafkaError, Letter};

use self::filter::Filter;
use crate::Failure;
use crate::topics::ClusterArgs;

#[derive(Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters in Kafka: position, code, where they came from.
    List {
        #[command(flatten)]
        cluster: ClusterArgs,
        #[command(flatten)]
        filter: Filter,
        /// Print as JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one dead letter with its bytes.
    Show {
        #[command(flatten)]
        cluster: ClusterArgs,
        /// `partition:offset`, as `list` prints it.
        #[arg(value_parser = position)]
        position: (i32, i64),
    },
    /// Send dead letters back to the services that refused them, once their cause is mended.
    ///
    /// The original bytes go under the original key to the topic `<service>.retry.repartition`, in the partition they
    /// came from; only the service and processor that refused them read them there. They count as the next attempt and
    /// keep the instant and code of their first failure, so a record that fails again becomes a new letter with
    /// attempt 2. A letter is sent back once: that topic itself remembers which letters it got, for as long as letters
    /// are kept, and two runs at once cannot send the same letter. To send a record back that failed again, send back
    /// its new letter.
    Replay(Box<replay::ReplayArgs>),
}

pub(crate) fn run(command: &DlqCommand) -> Result<(), Failure> {
    match command {
        DlqCommand::List { cluster, filter, json } => list(cluster, filter, *json),
        DlqCommand::Show { cluster, position } => show(cluster, *position),
        DlqCommand::Replay(args) => replay::run(args),
    }
}

/// Reads `partition:offset`.
fn position(text: &str) -> Result<(i32, i64), String> {
    let parsed = text.split_once(':').and_then(|(at, offset)| at.parse().ok().zip(offset.parse().ok()));
    parsed.ok_or_else(|| "write it as partition:offset".to_owned())
}

/// Calls `each` with every letter, until the reader of standard output has gone.
fn each(cluster: &ClusterArgs, each: impl FnMut(Letter) -> io::Result<()>) -> Result<(), Failure> {
    match kafka::read_letters(&cluster.connection(), each) {
        Err(KafkaError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        read => read.map_err(Failure::work),
    }
}

/// A letter in one line.
fn in_words(letter: &Letter) -> String {
    let get = |name: &str| letter.header(name).unwrap_or("?");
    format!(
        "{}  {}  {}  {}  {}/{}@{}  attempt {}  {}",
        letter.position(),
        letter.record().appended_at,
        get("service"),
        get("code"),
        get("source-topic"),
        get("source-partition"),
        get("source-offset"),
        get("attempt"),
        get("detail")
    )
}

fn list(cluster: &ClusterArgs, filter: &Filter, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut count = 0;
    each(cluster, |letter| {
        if !filter.takes(&letter) {
            return Ok(());
        }
        count += 1;
        if json {
            let (position, at) = (letter.position(), letter.record().appended_at);
            writeln!(out, "{}", serde_json::json!({"position": position, "at": at, "headers": letter.headers()}))
        } else {
            writeln!(out, "{}", in_words(&letter))
        }
    })?;
    if json { Ok(()) } else { writeln!(out, "{count} dead letters").map_err(Failure::work) }
}

fn show(cluster: &ClusterArgs, (partition, offset): (i32, i64)) -> Result<(), Failure> {
    let mut found = None;
    each(cluster, |letter| {
        if (letter.record().partition, letter.record().offset) == (partition, offset) {
            found = Some(letter);
        }
        Ok(())
    })?;
    let Some(letter) = found else {
        return Err(Failure::work(format!("there is no dead letter at {partition}:{offset}")));
    };
    for (name, value) in letter.headers() {
        say_line!("{name}: {value}");
    }
    let record = letter.record();
    say_line!("key: {}", String::from_utf8_lossy(&record.key));
    let payload = record.payload.as_deref().unwrap_or_default();
    say_line!("{} bytes: {}", payload.len(), String::from_utf8_lossy(payload).escape_debug());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn a_position_is_a_partition_and_an_offset() {
        assert_eq!(position("3:41"), Ok((3, 41)));
        for text in ["", "3", "3:", ":41", "a:b", "3:41:5"] {
            assert!(position(text).is_err(), "{text}");
        }
    }
}
