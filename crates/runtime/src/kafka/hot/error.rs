//! Why the hot copy cannot be used.

/// What Redis answers to writes that it could do at another time; it can be read meanwhile.
const REFUSALS: [&str; 3] = ["OOM", "MISCONF", "NOREPLICAS"];

/// Why a call to the hot copy failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum HotError {
    /// Redis failed or is away.
    #[error("redis: {}", reason(.0))]
    Redis(redis::RedisError),
    /// Redis answers, and takes no writes: it is full, or cannot make them durable.
    #[error("redis refuses writes: {}", told(.0))]
    Refused(redis::RedisError),
    /// Redis throws states away when its memory is full.
    #[error("redis has maxmemory-policy `{0}` and would throw states away; set it to noeviction")]
    Evicts(String),
    /// Redis lost its memory, or another instance owns the partition.
    #[error("the hot copy is not what this instance wrote last")]
    Lost,
}

impl From<redis::RedisError> for HotError {
    fn from(error: redis::RedisError) -> Self {
        if error.code().is_some_and(|code| REFUSALS.contains(&code)) {
            Self::Refused(error)
        } else {
            Self::Redis(error)
        }
    }
}

/// An answer as Redis gave it.
fn told(answer: &redis::RedisError) -> String {
    format!("{} {}", answer.code().unwrap_or_default(), answer.detail().unwrap_or_default())
}

/// Why Redis cannot be reached; the system's word for a call that took too long says nothing.
fn reason(error: &redis::RedisError) -> String {
    if error.is_timeout() { "it does not answer in time".to_owned() } else { error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_redis_that_hangs_is_told_as_that() {
        let told = |kind: ErrorKind| HotError::from(redis::RedisError::from(Error::from(kind))).to_string();
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            assert_eq!(told(kind), "redis: it does not answer in time");
        }
        assert_eq!(told(ErrorKind::ConnectionRefused), "redis: connection refused");
    }
}
