//! Inputs read and parsed on a thread of their own, some batches ahead of the services.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use kefu_processor::Emission;

use super::input::{Inputs, Line};

/// Inputs and bytes of text in a batch, and batches that wait: bounds memory.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
const BATCHES: usize = 8;

/// An input, or why a line is none.
pub(super) struct Parsed {
    pub(super) number: u64,
    pub(super) input: Result<Arc<Emission>, BadLine>,
}

/// A line that is no input.
pub(super) struct BadLine {
    pub(super) text: String,
    pub(super) detail: String,
}

/// The inputs to come.
pub(super) struct ReadAhead {
    batch: std::vec::IntoIter<Parsed>,
    receiver: Receiver<Vec<Parsed>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl ReadAhead {
    /// Starts the thread.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(super) fn start(inputs: Inputs) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(BATCHES);
        let read = move || read(inputs, &sender);
        let thread = std::thread::Builder::new().name("replay-input".to_owned()).spawn(read)?;
        Ok(Self { batch: Vec::new().into_iter(), receiver, thread: Some(thread) })
    }

    /// The next input.
    ///
    /// # Errors
    /// If an input or a run on disk cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Parsed>> {
        loop {
            if let Some(parsed) = self.batch.next() {
                return Ok(Some(parsed));
            }
            let Ok(batch) = self.receiver.recv() else { return self.end() };
            self.batch = batch.into_iter();
        }
    }

    /// Nothing comes any more: all was read, or something failed.
    fn end(&mut self) -> io::Result<Option<Parsed>> {
        let Some(thread) = self.thread.take() else { return Ok(None) };
        thread.join().map_err(|_| io::Error::other("the thread that reads the inputs panicked"))??;
        Ok(None)
    }
}

/// Reads until the end, or until nobody wants more.
fn read(mut inputs: Inputs, sender: &SyncSender<Vec<Parsed>>) -> io::Result<()> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    let ended = loop {
        match inputs.next() {
            Ok(Some(line)) => {
                bytes += line.text.len();
                batch.push(parse(line));
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if batch.len() == BATCH || bytes >= BATCH_BYTES {
            bytes = 0;
            if sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                return Ok(());
            }
        }
    };
    // what came before a failure counts; who does not listen any more has its reasons
    sender.send(batch).ok();
    ended
}

fn parse(line: Line) -> Parsed {
    let input = match line.parse() {
        Ok(recorded) => Ok(Arc::new(recorded.into_emission())),
        Err(detail) => Err(BadLine { text: line.text, detail }),
    };
    Parsed { number: line.number, input }
}
