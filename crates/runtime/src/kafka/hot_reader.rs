//! Reading states for APIs.
//!
//! Owns one connection that all requests share, with a short limit for each. What is read may be a moment old; a copy
//! that is not whole is told from a key that is not there.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult, Script};

use super::hot::{READ_WHOLE, bucket_key, meta_key};
use crate::backend::BackendError;

/// How long a request waits for Redis.
const TIMEOUT: Duration = Duration::from_millis(1500);
const RECONNECT_MAX: Duration = Duration::from_millis(500);

/// Reads states without owning their partitions.
#[derive(Clone)]
pub(crate) struct HotReader {
    connection: ConnectionManager,
    prefix: String,
    script: Script,
}

impl HotReader {
    /// A reader that connects at its first use.
    pub(crate) fn new(url: &str, prefix: &str) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(TIMEOUT))
            .set_connection_timeout(Some(TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(RECONNECT_MAX);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { connection, prefix: prefix.to_owned(), script: Script::new(READ_WHOLE) })
    }

    /// The state of `key` in a partition (`service.processor.number`).
    pub(crate) async fn read(mut self, partition: String, key: String) -> Result<Option<Vec<u8>>, BackendError> {
        let mut call = self.script.key(meta_key(&self.prefix, &partition));
        call.key(bucket_key(&self.prefix, &partition, &key)).arg(&key);
        // a connection may have died since the last request
        let mut answer = call.invoke_async(&mut self.connection).await;
        if matches!(&answer, Err(error) if error.is_connection_dropped() || error.is_io_error()) {
            answer = call.invoke_async(&mut self.connection).await;
        }
        let answer: RedisResult<(Option<String>, Option<Vec<u8>>)> = answer;
        match answer {
            Ok((Some(_), state)) => Ok(state),
            Ok((None, _)) => Err(BackendError::Unavailable("the states are being restored".to_owned())),
            Err(error) => Err(BackendError::Unavailable(format!("redis: {error}"))),
        }
    }
}
