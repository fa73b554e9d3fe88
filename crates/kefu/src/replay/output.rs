//! What a replay writes: one file for each public topic, and what was refused.
//!
//! Owns the shape of these files. Turning records into JSON happens on a thread of its own, so that it costs the
//! pipeline nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::{self, DEAD_LETTERS, TopicInfo};
use kefu_contracts::{Code, Timestamp};
use kefu_processor::{DeadLetter, Emission, Record, Sink, Stage};
use serde::Serialize;

/// Records on their way to the files; bounds memory.
const QUEUE_BATCHES: usize = 16;
const BATCH_RECORDS: usize = 1024;

/// A refused record or line.
#[derive(Serialize)]
struct Refused<'a> {
    key: Option<&'a str>,
    timestamp: Timestamp,
    /// The original bytes.
    value: String,
    headers: RefusedHeaders<'a>,
}

#[derive(Serialize)]
struct RefusedHeaders<'a> {
    topic: &'a str,
    service: &'a str,
    code: &'a str,
    detail: &'a str,
    line: Option<u64>,
    attempt: u32,
}

enum Item {
    /// What came in from outside, or a service wrote.
    Written(Arc<Emission>),
    Refused(String),
}

impl Item {
    fn topic(&self) -> &'static str {
        match self {
            Item::Written(emission) => emission.topic.name,
            Item::Refused(_) => DEAD_LETTERS.name,
        }
    }

    /// Appends its line to `text`.
    fn write(&self, text: &mut Vec<u8>, codec: &Codec) -> io::Result<()> {
        match self {
            Item::Written(emission) => write_emission(emission, text, codec)?,
            Item::Refused(refused) => text.extend_from_slice(refused.as_bytes()),
        }
        text.push(b'\n');
        Ok(())
    }
}

fn write_emission(emission: &Emission, text: &mut Vec<u8>, codec: &Codec) -> io::Result<()> {
    let Emission { topic: TopicInfo { name, .. }, key, at, .. } = emission;
    text.extend_from_slice(b"{\"key\":");
    serde_json::to_writer(&mut *text, key)?;
    write!(text, ",\"timestamp\":\"{at}\",\"value\":")?;
    let known = emission.value.as_ref().map(|value| topic::value_to_json_text(name, value, text)).transpose()?;
    if known != Some(true) {
        let value = topic::payload_to_json_text(name, codec, &emission.payload);
        text.extend_from_slice(value.transpose().map_err(io::Error::other)?.unwrap_or_default().as_bytes());
    }
    text.push(b'}');
    Ok(())
}

/// How many records went to each topic.
pub(crate) type TopicCounts = BTreeMap<String, u64>;

/// The sink of a replay.
pub(crate) struct Output {
    batch: Vec<Item>,
    sender: SyncSender<Vec<Item>>,
    writer: JoinHandle<io::Result<TopicCounts>>,
    /// How many records were refused, by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// The line at hand.
    pub line: Option<u64>,
    /// The event time at hand.
    pub now: Timestamp,
}

impl Output {
    /// Creates `dir` with an empty file for each public topic.
    ///
    /// # Errors
    /// If the folder or a file cannot be written.
    pub(crate) fn create(dir: &Path, prefix: &str, codec: Codec) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut files = BTreeMap::new();
        for info in topic::PUBLIC.iter().chain([&DEAD_LETTERS]) {
            files.insert(info.name, create(dir, prefix, info)?);
        }
        let (sender, receiver) = sync_channel(QUEUE_BATCHES);
        let writer = std::thread::Builder::new()
            .name("replay-output".to_owned())
            .spawn(move || write_all(&receiver, files, &codec))?;
        Ok(Self {
            batch: Vec::with_capacity(BATCH_RECORDS),
            sender,
            writer,
            refused: BTreeMap::new(),
            line: None,
            now: Timestamp::from_ms(0),
        })
    }

    /// Writes a line that is no input.
    pub(crate) fn bad_line(&mut self, number: u64, text: &str, detail: &str) {
        self.line = Some(number);
        self.refuse("kefu", "replay", None, text.as_bytes(), Code::Undecodable, detail);
    }

    /// Waits until everything is on disk.
    ///
    /// # Errors
    /// If a file could not be written.
    pub(crate) fn finish(mut self) -> io::Result<TopicCounts> {
        self.flush();
        drop(self.sender);
        self.writer.join().map_err(|_| io::Error::other("the thread that writes the files panicked"))?
    }

    fn add(&mut self, item: Item) {
        self.batch.push(item);
        if self.batch.len() >= BATCH_RECORDS {
            self.flush();
        }
    }

    /// A failed write ends the writer; `finish` then tells why.
    fn flush(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_RECORDS));
        if self.sender.send(batch).is_err() {
            self.batch.clear();
        }
    }

    /// Writes a record that came in or that a service wrote, if others may read it.
    pub(crate) fn written(&mut self, emission: &Arc<Emission>) {
        if emission.topic.public {
            self.add(Item::Written(emission.clone()));
        }
    }

    /// Writes a record that a service refused.
    pub(crate) fn refuse_record(&mut self, service: &str, record: &Record<'_>, letter: &DeadLetter) {
        let key = String::from_utf8_lossy(record.key);
        self.refuse(service, record.topic, Some(&key), record.payload, letter.code, &letter.detail);
    }

    fn refuse(&mut self, service: &str, topic: &str, key: Option<&str>, value: &[u8], code: Code, detail: &str) {
        *self.refused.entry(code.as_str()).or_default() += 1;
        let refused = Refused {
            key,
            timestamp: self.now,
            value: STANDARD.encode(value),
            headers: RefusedHeaders { topic, service, code: code.as_str(), detail, line: self.line, attempt: 1 },
        };
        if let Ok(text) = serde_json::to_string(&refused) {
            self.add(Item::Refused(text));
        }
    }
}

impl Sink for Output {
    fn emission(&mut self, _: &Stage, emission: &Arc<Emission>) {
        self.written(emission);
    }

    fn dead_letter(&mut self, stage: &Stage, record: &Record<'_>, letter: &DeadLetter) {
        self.refuse_record(stage.service, record, letter);
    }
}

fn create(dir: &Path, prefix: &str, info: &TopicInfo) -> io::Result<BufWriter<File>> {
    let path: PathBuf = dir.join(format!("{prefix}{}.ndjson", info.name));
    let file =
        File::create(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

fn write_all(
    receiver: &Receiver<Vec<Item>>,
    mut files: BTreeMap<&'static str, BufWriter<File>>,
    codec: &Codec,
) -> io::Result<TopicCounts> {
    let mut counts: TopicCounts = files.keys().map(|name| ((*name).to_owned(), 0)).collect();
    let mut text = Vec::new();
    for item in receiver.iter().flatten() {
        let name = item.topic();
        let Some(file) = files.get_mut(name) else { continue };
        text.clear();
        item.write(&mut text, codec)?;
        file.write_all(&text)?;
        if let Some(count) = counts.get_mut(name) {
            *count += 1;
        }
    }
    for file in files.values_mut() {
        file.flush()?;
    }
    Ok(counts)
}
