//! The connection to Redis, and what Redis must be.
//!
//! Owns that no state is written to, or read from, a Redis that throws keys away: with a bucket gone and the mark still
//! there, a state would look like one that never was. Asked with each connection, because what answers at an address
//! may be another Redis than before.

use std::time::Duration;

use redis::{Client, Connection, RedisResult, Script};

use super::error::HotError;

const TIMEOUT: Duration = Duration::from_secs(2);
/// The policy under which Redis refuses a write rather than throwing something else away.
const KEEPS_ALL: &str = "noeviction";

pub(super) struct HotConnection {
    client: Client,
    open: Option<Connection>,
    /// Whether it was told that the policy cannot be known.
    is_doubted: bool,
}

impl HotConnection {
    pub(super) fn new(url: &str) -> RedisResult<Self> {
        Ok(Self { client: Client::open(url)?, open: None, is_doubted: false })
    }

    /// The connection; a new one, with `scripts` loaded, if there was none or it broke.
    pub(super) fn get(&mut self, scripts: &[&Script]) -> Result<&mut Connection, HotError> {
        let broken = self.open.as_ref().is_none_or(|connection| !redis::ConnectionLike::is_open(connection));
        if broken {
            self.open = None;
            let mut connection = self.client.get_connection_with_timeout(TIMEOUT)?;
            connection.set_read_timeout(Some(TIMEOUT))?;
            connection.set_write_timeout(Some(TIMEOUT))?;
            self.check_policy(&mut connection)?;
            for script in scripts {
                script.load(&mut connection)?;
            }
            self.open = Some(connection);
        }
        let missing = || redis::RedisError::from((redis::ErrorKind::Io, "no connection to redis"));
        Ok(self.open.as_mut().ok_or_else(missing)?)
    }

    /// Forgets the connection.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn check_policy(&mut self, connection: &mut Connection) -> Result<(), HotError> {
        let info: RedisResult<String> = redis::cmd("INFO").arg("memory").query(connection);
        let unknown = match info.as_deref().map(policy) {
            Ok(Some(KEEPS_ALL)) => return Ok(()),
            Ok(Some(other)) => return Err(HotError::Evicts(other.to_owned())),
            Ok(None) => "INFO memory does not tell maxmemory_policy".to_owned(),
            // it may not be asked
            Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => error.to_string(),
            Err(error) => return Err(error.clone().into()),
        };
        if !std::mem::replace(&mut self.is_doubted, true) {
            tracing::warn!(
                unknown,
                "whether redis throws states away is not known; its maxmemory-policy must be noeviction"
            );
        }
        Ok(())
    }
}

/// The policy in what `INFO memory` told.
fn policy(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_among_what_redis_tells_of_its_memory() {
        let info = "# Memory\r\nmaxmemory:0\r\nmaxmemory_human:0B\r\nmaxmemory_policy:allkeys-lru\r\nlazyfree:0\r\n";
        assert_eq!(policy(info), Some("allkeys-lru"));
        assert_eq!(policy("maxmemory_policy:noeviction"), Some(KEEPS_ALL));
        assert_eq!(policy("# Memory\r\nmaxmemory:0\r\n"), None);
    }
}
