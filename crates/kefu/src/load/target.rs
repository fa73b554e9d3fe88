//! Where a load goes: Kafka, an intake API or a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use kefu_contracts::codec::Codec;
use kefu_runtime::backend::NewRecord;
use kefu_runtime::kafka::Appending;
use kefu_runtime::sender::{Lines, Outcome, Sender};

use super::line;
use super::source::Item;
use crate::Failure;
use crate::replay::Recorded;

/// Where events go. They are taken one by one and sent together.
pub(super) enum Target {
    /// Topics.
    Kafka { appending: Box<Appending>, codec: Codec, batch: Vec<NewRecord> },
    /// An intake API, which takes events of conversations only.
    Http { sender: Box<Sender>, batch: BTreeMap<String, Lines> },
    /// A file as `replay` takes it.
    File { out: Out, written: u64 },
}

/// Why an event is not taken.
pub(super) enum Untaken {
    /// The target has no place for its kind.
    Skipped,
    /// It does not fit its schema.
    Bad(String),
}

impl Target {
    pub(super) fn kafka(appending: Appending) -> Self {
        Target::Kafka { appending: Box::new(appending), codec: Codec::single_object(), batch: Vec::new() }
    }

    pub(super) fn http(sender: Sender) -> Self {
        Target::Http { sender: Box::new(sender), batch: BTreeMap::new() }
    }

    pub(super) fn file(path: &Path) -> io::Result<Self> {
        Ok(Target::File { out: Out::create(path)?, written: 0 })
    }

    /// Takes an event to be sent.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(super) fn take(&mut self, item: &Item) -> Result<Result<(), Untaken>, Failure> {
        match self {
            Target::Kafka { codec, batch, .. } => match item.recorded.to_record(codec) {
                Ok(record) => batch.push(record),
                Err(error) => return Ok(Err(Untaken::Bad(error.to_string()))),
            },
            Target::Http { batch, .. } => {
                let Recorded::Channel(event) = &item.recorded else { return Ok(Err(Untaken::Skipped)) };
                let lines = batch.entry(event.tenant.clone()).or_insert_with(|| Lines {
                    tenant: event.tenant.clone(),
                    body: Vec::new(),
                    events: 0,
                });
                lines.events += 1;
                write(item, &mut lines.body).map_err(Failure::work)?;
            }
            Target::File { out, written } => {
                write(item, out.writer()).map_err(Failure::work)?;
                *written += 1;
            }
        }
        Ok(Ok(()))
    }

    /// Sends what was taken and was due at `due`; waits while too much is under way.
    ///
    /// # Errors
    /// If an earlier event was lost, or a tenant has no key.
    pub(super) fn send(&mut self, due: Instant) -> Result<(), Failure> {
        match self {
            Target::Kafka { appending, batch, .. } => {
                appending.send(batch, due).map_err(Failure::work)?;
                batch.clear();
            }
            Target::Http { sender, batch } => {
                for lines in std::mem::take(batch).into_values() {
                    sender.send(lines, due).map_err(Failure::usage)?;
                }
            }
            Target::File { .. } => {}
        }
        Ok(())
    }

    /// Waits until nothing is under way.
    ///
    /// # Errors
    /// If an event was lost.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Target::Kafka { appending, .. } => appending.flush().map_err(Failure::work),
            Target::Http { sender, .. } => {
                sender.flush();
                Ok(())
            }
            Target::File { out, .. } => out.writer().flush().map_err(Failure::work),
        }
    }

    /// How many events are durable so far.
    pub(super) fn confirmed(&self) -> u64 {
        match self {
            Target::Kafka { appending, .. } => appending.confirmed(),
            Target::Http { sender, .. } => sender.outcome().confirmed,
            Target::File { written, .. } => *written,
        }
    }

    /// What became of all events; nothing may be under way.
    ///
    /// # Errors
    /// If a file cannot be completed.
    pub(super) fn finish(self) -> Result<Outcome, Failure> {
        match self {
            Target::Kafka { appending, .. } => {
                Ok(Outcome { confirmed: appending.confirmed(), latencies: appending.latencies(), ..Outcome::default() })
            }
            Target::Http { sender, .. } => Ok(sender.outcome()),
            Target::File { out, written } => {
                out.finish().map_err(Failure::work)?;
                Ok(Outcome { confirmed: written, ..Outcome::default() })
            }
        }
    }
}

/// A recorded event as it was read, a made-up one as a line of its own.
fn write(item: &Item, mut out: impl Write) -> io::Result<()> {
    match &item.text {
        Some(text) => writeln!(out, "{text}"),
        None => line::write(&item.recorded, out),
    }
}

/// A file, packed as its name says.
pub(super) enum Out {
    Plain(BufWriter<Box<dyn Write>>),
    Gzip(BufWriter<flate2::write::GzEncoder<File>>),
    Zstd(BufWriter<zstd::Encoder<'static, File>>),
}

/// Bytes written to a file at once.
const BUFFER: usize = 1 << 20;

impl Out {
    fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Out::Plain(BufWriter::with_capacity(BUFFER, Box::new(io::stdout()))));
        }
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::create(path).map_err(named)?;
        Ok(match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => {
                let packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                Out::Gzip(BufWriter::with_capacity(BUFFER, packed))
            }
            Some("zst") => Out::Zstd(BufWriter::with_capacity(BUFFER, zstd::Encoder::new(file, 1)?)),
            _ => Out::Plain(BufWriter::with_capacity(BUFFER, Box::new(file))),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Out::Plain(out) => out,
            Out::Gzip(out) => out,
            Out::Zstd(out) => out,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Out::Plain(mut out) => out.flush(),
            Out::Gzip(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?.finish().map(drop),
            Out::Zstd(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?.finish().map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Timestamp;

    use super::super::crowd::{Crowd, Shape};
    use super::*;
    use crate::replay::{Inputs, Order};

    #[test]
    fn a_file_is_read_back_however_it_is_packed() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["plain.ndjson", "packed.ndjson.gz", "packed.ndjson.zst"] {
            let path = dir.path().join(name);
            let mut target = Target::file(&path).unwrap();
            let tenants = vec!["load-1".to_owned()];
            let mut crowd = Crowd::new(Shape { seed: 1, tenants, open_max: 100, customers: 10, orders: true });
            for n in 0..500 {
                let recorded = crowd.next(Timestamp::from_ms(1_772_380_800_000 + n * 60_000));
                assert!(target.take(&Item { recorded, text: None }).is_ok_and(|taken| taken.is_ok()));
            }
            assert_eq!(target.confirmed(), 500);
            assert_eq!(target.finish().ok().map(|outcome| outcome.confirmed), Some(500));
            let mut inputs = Inputs::new(vec![path], Order::Time, |_| {}).unwrap();
            let mut read = 0;
            while let Some(line) = inputs.next().unwrap() {
                line.parse().unwrap();
                read += 1;
            }
            assert_eq!(read, 500, "{name}");
        }
    }
}
