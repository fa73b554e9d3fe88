//! Ctrl-C for commands that work for a while.
//!
//! Owns the flag that such a command looks at between two steps. Services have a drain of their own in `lifecycle`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code after a second Ctrl-C, as shells know it.
const INTERRUPTED: i32 = 130;

/// Whether the command was told to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    told: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on: the first Ctrl-C or termination sets the flag, the second ends the process at once.
    ///
    /// # Errors
    /// If signals or a thread cannot be had.
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (interrupt, terminate) = {
            let _within = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let listening = Self::default();
        let told = listening.told.clone();
        std::thread::Builder::new()
            .name("interrupt".to_owned())
            .spawn(move || runtime.block_on(note(&told, interrupt, terminate)))?;
        Ok(listening)
    }

    /// Whether to stop.
    pub fn is_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }
}

async fn note(told: &AtomicBool, mut interrupt: Signal, mut terminate: Signal) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if told.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    }
}
