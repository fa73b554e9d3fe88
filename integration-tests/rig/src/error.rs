//! What can go wrong while a service is installed, started or disturbed.

use std::fmt;
use std::io;
use std::time::Duration;

/// Result of every operation of the rig.
pub type Result<T> = std::result::Result<T, Error>;

/// Failure of the rig; its text says what to do next where that is known.
#[derive(Debug)]
pub enum Error {
    /// A file, folder, socket or process operation failed.
    Io {
        /// The operation, as in `start java`.
        doing: String,
        /// Its cause.
        source: io::Error,
    },
    /// A program or artifact is missing and could not be installed.
    Install(String),
    /// The process ended before it was ready; holds the tail of its log.
    Exited {
        /// Name of the service.
        service: &'static str,
        /// End of its output.
        log_tail: String,
    },
    /// The process runs but did not become ready in time; holds the tail of its log.
    NotReady {
        /// Name of the service.
        service: &'static str,
        /// Time from start to giving up.
        waited: Duration,
        /// End of its output.
        log_tail: String,
    },
    /// The service does not run, so the operation has no process to act on.
    NotRunning {
        /// Name of the service.
        service: &'static str,
    },
    /// The service answered something unexpected.
    Protocol {
        /// Name of the service.
        service: &'static str,
        /// First line of the answer.
        answer: String,
    },
    /// No free port was found in the rig's range.
    NoFreePort,
}

impl Error {
    /// Wraps an I/O error with what was being done, as in `start java`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// True if another process took the port between its choice and its use.
    pub(crate) fn is_port_taken(&self) -> bool {
        matches!(self, Self::Exited { log_tail, .. } if log_tail.contains("Address already in use"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, source } => write!(f, "cannot {doing}: {source}"),
            Self::Install(what) => f.write_str(what),
            Self::Exited { service, log_tail } => {
                write!(f, "{service} ended before it was ready; end of its log:\n{log_tail}")
            }
            Self::NotReady { service, waited, log_tail } => {
                write!(f, "{service} not ready after {} s; end of its log:\n{log_tail}", waited.as_secs())
            }
            Self::NotRunning { service } => write!(f, "{service} does not run; call restart first"),
            Self::Protocol { service, answer } => write!(f, "unexpected answer from {service}: {answer}"),
            Self::NoFreePort => f.write_str("no free loopback port for the rig; end other test runs and try again"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
