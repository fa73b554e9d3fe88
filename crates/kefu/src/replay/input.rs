//! Recorded inputs: reading, telling apart, ordering.
//!
//! Owns the order in which a replay takes its inputs. Files larger than one chunk are sorted on disk, so memory does
//! not follow their length.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::{Codec, EncodeError};
use kefu_contracts::command::Command;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::topic::{CHANNEL_EVENTS, COMMANDS, ORDER_EVENTS};
use kefu_processor::Emission;
use kefu_runtime::backend::NewRecord;
use serde::Deserialize;

/// Bytes of lines that are sorted in memory before a run goes to disk.
const CHUNK_BYTES: usize = 64 * 1024 * 1024;

/// Longest line that is read; a longer one is refused, not held in memory.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// In which order inputs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Order {
    /// By event time, then id.
    Time,
    /// As they stand in the file, as a live stream would bring them.
    Arrival,
}

/// A recorded input.
#[derive(Debug)]
pub(crate) enum Recorded {
    /// An event of a conversation.
    Channel(Box<ChannelEvent>),
    /// An event of an order.
    Order(Box<OrderEvent>),
    /// Something a person wanted done.
    Command(Box<Command>),
}

impl Recorded {
    /// When it happened.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Recorded::Channel(event) => event.occurred_at,
            Recorded::Order(event) => event.occurred_at,
            Recorded::Command(command) => command.at,
        }
    }

    /// The key of the record that it becomes.
    fn key(&self) -> String {
        let (tenant, id) = match self {
            Recorded::Channel(event) => (&event.tenant, &event.conversation_id),
            Recorded::Order(event) => (&event.tenant, &event.order_id),
            Recorded::Command(command) => (&command.tenant, &command.target),
        };
        format!("{tenant}/{id}")
    }

    /// What it becomes for a broker.
    ///
    /// # Errors
    /// If it does not fit its schema.
    pub(crate) fn to_record(&self, codec: &Codec) -> Result<NewRecord, EncodeError> {
        let (key, at) = (self.key(), self.at());
        match self {
            Recorded::Channel(event) => {
                let mut record = NewRecord::new(codec, &CHANNEL_EVENTS, key, event, at)?;
                record.event_type.clone_from(&event.kind);
                Ok(record)
            }
            Recorded::Order(event) => NewRecord::new(codec, &ORDER_EVENTS, key, event, at),
            Recorded::Command(command) => NewRecord::new(codec, &COMMANDS, key, command, at),
        }
    }

    /// What it becomes in a pipeline.
    pub(super) fn into_emission(self) -> Emission {
        let (key, at) = (self.key(), self.at());
        match self {
            Recorded::Channel(event) => Emission::new(&CHANNEL_EVENTS, key, Arc::new(*event), at),
            Recorded::Order(event) => Emission::new(&ORDER_EVENTS, key, Arc::new(*event), at),
            Recorded::Command(command) => Emission::new(&COMMANDS, key, Arc::new(*command), at),
        }
    }
}

/// A line, with where it stood.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    at: Timestamp,
    id: String,
    /// Its number in the concatenated inputs, from 1.
    pub number: u64,
    /// Its text.
    pub text: String,
}

impl Line {
    /// Reads the line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(&self) -> Result<Recorded, String> {
        if self.text.is_empty() {
            return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
        }
        parse(&self.text)
    }
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    command_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    conversation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    order_id: Option<Cow<'a, str>>,
    occurred_at: Option<Timestamp>,
    at: Option<Timestamp>,
}

fn parse(text: &str) -> Result<Recorded, String> {
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let refused = |error: serde_json::Error| error.to_string();
    if fields.command_id.is_some() {
        serde_json::from_str(text).map(Recorded::Command).map_err(refused)
    } else if fields.conversation_id.is_some() {
        serde_json::from_str(text).map(Recorded::Channel).map_err(refused)
    } else if fields.order_id.is_some() {
        serde_json::from_str(text).map(Recorded::Order).map_err(refused)
    } else {
        Err("none of `conversation_id`, `order_id` and `command_id` is there: neither a channel event, an order \
             event nor a command"
            .to_owned())
    }
}

fn line(number: u64, text: String, order: Order) -> Line {
    let fields = match order {
        Order::Time => serde_json::from_str::<Fields<'_>>(&text).ok(),
        Order::Arrival => None,
    };
    let (at, id) = fields.map_or((Timestamp::MIN, String::new()), |fields| {
        let at = fields.occurred_at.or(fields.at).unwrap_or(Timestamp::MIN);
        (at, fields.event_id.or(fields.command_id).unwrap_or_default().into_owned())
    });
    Line { at, id, number, text }
}

/// Opens an input: a file, `.gz` or `.zst` unpacked, `-` is standard input.
///
/// # Errors
/// If it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path)?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

/// The lines of all inputs in the order wanted.
pub(crate) struct Inputs {
    source: Source,
}

enum Source {
    Arrival(Reader),
    Sorted(std::vec::IntoIter<Line>),
    Merged { runs: Vec<BufReader<File>>, heap: BinaryHeap<Reverse<(Line, usize)>> },
}

struct Reader {
    paths: std::vec::IntoIter<PathBuf>,
    current: Option<BufReader<Box<dyn Read + Send>>>,
    number: u64,
    order: Order,
}

impl Reader {
    fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if self.current.is_none() {
                let Some(path) = self.paths.next() else { return Ok(None) };
                let input = open(&path).map_err(|error| named(&path, &error))?;
                self.current = Some(BufReader::with_capacity(1 << 20, input));
            }
            let Some(reader) = self.current.as_mut() else { continue };
            match read_line(reader)? {
                Some(text) => {
                    self.number += 1;
                    if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
                        continue;
                    }
                    return Ok(Some(line(self.number, text.unwrap_or_default(), self.order)));
                }
                None => self.current = None,
            }
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The next line; `Some(None)` stands for one that is too long.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<Option<String>>> {
    let mut bytes = Vec::new();
    let read = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if read > LINE_BYTES_MAX {
        skip_line(reader)?;
        return Ok(Some(None));
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Some(Some(String::from_utf8_lossy(&bytes).into_owned())))
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

impl Inputs {
    /// Reads `paths` one after the other, sorted if `order` asks for it. `progress` gets the lines read so far.
    ///
    /// # Errors
    /// If an input or a run on disk cannot be read or written.
    pub(crate) fn new(paths: Vec<PathBuf>, order: Order, mut progress: impl FnMut(u64)) -> io::Result<Self> {
        let mut reader = Reader { paths: paths.into_iter(), current: None, number: 0, order };
        if order == Order::Arrival {
            return Ok(Self { source: Source::Arrival(reader) });
        }
        let mut runs = Vec::new();
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while let Some(line) = reader.next()? {
            bytes += line.text.len() + size_of::<Line>();
            progress(line.number);
            chunk.push(line);
            if bytes >= CHUNK_BYTES {
                runs.push(spill(&mut chunk)?);
                bytes = 0;
            }
        }
        if runs.is_empty() {
            chunk.sort_unstable();
            return Ok(Self { source: Source::Sorted(chunk.into_iter()) });
        }
        if !chunk.is_empty() {
            runs.push(spill(&mut chunk)?);
        }
        let mut heap = BinaryHeap::with_capacity(runs.len());
        for (index, run) in runs.iter_mut().enumerate() {
            if let Some(line) = next_of_run(run)? {
                heap.push(Reverse((line, index)));
            }
        }
        Ok(Self { source: Source::Merged { runs, heap } })
    }

    /// The next line.
    ///
    /// # Errors
    /// If an input or a run on disk cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        match &mut self.source {
            Source::Arrival(reader) => reader.next(),
            Source::Sorted(lines) => Ok(lines.next()),
            Source::Merged { runs, heap } => {
                let Some(Reverse((line, index))) = heap.pop() else { return Ok(None) };
                if let Some(next) = runs.get_mut(index).map(next_of_run).transpose()?.flatten() {
                    heap.push(Reverse((next, index)));
                }
                Ok(Some(line))
            }
        }
    }
}

/// Sorts a chunk and writes it to a temporary file, as number, blank and text a line.
fn spill(chunk: &mut Vec<Line>) -> io::Result<BufReader<File>> {
    chunk.sort_unstable();
    let mut writer = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
    for line in chunk.drain(..) {
        writeln!(writer, "{} {}", line.number, line.text)?;
    }
    let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

fn next_of_run(run: &mut BufReader<File>) -> io::Result<Option<Line>> {
    let mut text = String::new();
    if run.read_line(&mut text)? == 0 {
        return Ok(None);
    }
    let text = text.trim_end_matches('\n');
    let (number, text) = text.split_once(' ').ok_or_else(|| io::Error::other("a sorted run on disk is damaged"))?;
    let number = number.parse().map_err(|_| io::Error::other("a sorted run on disk is damaged"))?;
    Ok(Some(line(number, text.to_owned(), Order::Time)))
}
