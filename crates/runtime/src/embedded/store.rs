//! The embedded file: every topic's log, every stage's states.
//!
//! Owns the layout. `log` holds records by topic and sequence number, `latest` the number of each key's last record in
//! compacted topics, `state` the states by stage and key.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use kefu_contracts::Timestamp;
use kefu_contracts::topic::{Cleanup, TopicInfo};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

const LOG: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("log");
const LATEST: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("latest");
const STATE: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("state");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

const FORMAT: u64 = 2;
/// Names in [`META`] that are no topics.
const FORMAT_KEY: &str = "format";
const NUMBER: &str = "number:";

/// The embedded file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written.
    #[error("the embedded store: {0}")]
    Database(#[from] redb::Error),
    /// Another process has the file.
    #[error("{0} is in use by another process; end that one, or give this one its own --data-dir")]
    InUse(PathBuf),
    /// The file cannot be opened.
    #[error("{0} cannot be opened: {1}; check that it is kefu's and may be written")]
    Unusable(PathBuf, redb::DatabaseError),
    /// The file was written by another version.
    #[error("the embedded store has format {0}, this program knows {FORMAT}; start the program that wrote it")]
    Format(u64),
    /// A record in the file is damaged.
    #[error("the embedded store: record {1} of `{0}` is damaged")]
    Damaged(String, u64),
}

macro_rules! from_database {
    ($($error:ty),+) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self { StoreError::Database(error.into()) }
        })+
    };
}
from_database!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);

/// The file holds names and addresses.
fn only_for_its_owner(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its number in the topic, from 0.
    pub sequence: u64,
    /// Its key.
    pub key: String,
    /// Its event time.
    pub at: Timestamp,
    /// When it was appended.
    pub appended_at: Timestamp,
    /// Its value.
    pub payload: Vec<u8>,
}

/// The embedded file.
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens `file`, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened, is in use by another process, or has another format.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let database = Database::create(file).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(file.to_owned()),
            error => StoreError::Unusable(file.to_owned(), error),
        })?;
        only_for_its_owner(file)
            .map_err(|error| StoreError::Unusable(file.to_owned(), DatabaseError::Storage(error.into())))?;
        let transaction = database.begin_write()?;
        {
            transaction.open_table(LOG)?;
            transaction.open_table(LATEST)?;
            transaction.open_table(STATE)?;
            let mut meta = transaction.open_table(META)?;
            let format = meta.get(FORMAT_KEY)?.map(|format| format.value());
            match format {
                None => {
                    meta.insert(FORMAT_KEY, FORMAT)?;
                }
                Some(FORMAT) => {}
                Some(other) => return Err(StoreError::Format(other)),
            }
        }
        transaction.commit()?;
        Ok(Self { database })
    }

    /// Begins a commit.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin(&self) -> Result<Commit, StoreError> {
        Ok(Commit { transaction: self.database.begin_write()? })
    }

    /// The stored state of `key` in `stage`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn state(&self, stage: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.database.begin_read()?.open_table(STATE)?;
        Ok(table.get((stage, key))?.map(|bytes| bytes.value().to_vec()))
    }

    /// Calls `each` with every stored state of `stage`, by key.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn each_state(&self, stage: &str, mut each: impl FnMut(&str, &[u8])) -> Result<(), StoreError> {
        let table = self.database.begin_read()?.open_table(STATE)?;
        for entry in table.range((stage, "")..)? {
            let (key, bytes) = entry?;
            let (of_stage, key) = key.value();
            if of_stage != stage {
                break;
            }
            each(key, bytes.value());
        }
        Ok(())
    }

    /// At most `limit` records of `topic` from number `from`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self, topic: &str, from: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        let table = self.database.begin_read()?.open_table(LOG)?;
        let mut records = Vec::new();
        for entry in table.range((topic, from)..=(topic, u64::MAX))?.take(limit) {
            let (key, bytes) = entry?;
            let (_, sequence) = key.value();
            let stored = decode(sequence, bytes.value());
            records.push(stored.ok_or_else(|| StoreError::Damaged(topic.to_owned(), sequence))?);
        }
        Ok(records)
    }

    /// How many records were ever appended to `topic`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn end(&self, topic: &str) -> Result<u64, StoreError> {
        let table = self.database.begin_read()?.open_table(META)?;
        Ok(table.get(topic)?.map_or(0, |end| end.value()))
    }

    /// [`Store::end`] of every topic that has one.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn ends(&self) -> Result<HashMap<String, u64>, StoreError> {
        let table = self.database.begin_read()?.open_table(META)?;
        let mut ends = HashMap::new();
        for entry in table.iter()? {
            let (name, end) = entry?;
            if name.value() != FORMAT_KEY && !name.value().starts_with(NUMBER) {
                ends.insert(name.value().to_owned(), end.value());
            }
        }
        Ok(ends)
    }

    /// A number kept under `name`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn number(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let table = self.database.begin_read()?.open_table(META)?;
        Ok(table.get(format!("{NUMBER}{name}").as_str())?.map(|number| number.value()))
    }
}

/// A commit in the making; dropped, it leaves nothing behind.
pub struct Commit {
    transaction: WriteTransaction,
}

impl Commit {
    /// Appends a record and gives its number. In a compacted topic the key's record before it goes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(
        &self,
        topic: &TopicInfo,
        key: &str,
        at: Timestamp,
        appended_at: Timestamp,
        payload: &[u8],
    ) -> Result<u64, StoreError> {
        let mut meta = self.transaction.open_table(META)?;
        let sequence = meta.get(topic.name)?.map_or(0, |end| end.value());
        meta.insert(topic.name, sequence + 1)?;
        let mut log = self.transaction.open_table(LOG)?;
        log.insert((topic.name, sequence), encode(key, at, appended_at, payload).as_slice())?;
        if topic.cleanup == Cleanup::Compact {
            let mut latest = self.transaction.open_table(LATEST)?;
            let before = latest.insert((topic.name, key), sequence)?.map(|before| before.value());
            if let Some(before) = before {
                log.remove((topic.name, before))?;
            }
        }
        Ok(sequence)
    }

    /// Stores a state, or forgets the key.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn put_state(&self, stage: &str, key: &str, bytes: Option<&[u8]>) -> Result<(), StoreError> {
        let mut table = self.transaction.open_table(STATE)?;
        match bytes {
            Some(bytes) => table.insert((stage, key), bytes)?,
            None => table.remove((stage, key))?,
        };
        Ok(())
    }

    /// Removes records of `topic` appended before `before`, from its start and at most `limit` of them; tells how many.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn expire(&self, topic: &str, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut log = self.transaction.open_table(LOG)?;
        let mut old = Vec::new();
        for entry in log.range((topic, 0)..=(topic, u64::MAX))?.take(limit) {
            let (key, bytes) = entry?;
            let sequence = key.value().1;
            if decode(sequence, bytes.value()).is_some_and(|stored| stored.appended_at >= before) {
                break;
            }
            old.push(sequence);
        }
        for sequence in &old {
            log.remove((topic, *sequence))?;
        }
        Ok(old.len())
    }

    /// Keeps a number under `name`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn put_number(&self, name: &str, number: u64) -> Result<(), StoreError> {
        self.transaction.open_table(META)?.insert(format!("{NUMBER}{name}").as_str(), number)?;
        Ok(())
    }

    /// Makes everything durable at once.
    ///
    /// # Errors
    /// If the file cannot be written; nothing of the commit is then there.
    pub fn finish(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }
}

fn encode(key: &str, at: Timestamp, appended_at: Timestamp, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + key.len() + payload.len());
    bytes.extend_from_slice(&at.ms().to_le_bytes());
    bytes.extend_from_slice(&appended_at.ms().to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn decode(sequence: u64, bytes: &[u8]) -> Option<Stored> {
    let (at, rest) = bytes.split_first_chunk::<8>()?;
    let (appended_at, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (key, payload) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(Stored {
        sequence,
        key: std::str::from_utf8(key).ok()?.to_owned(),
        at: Timestamp::from_ms(i64::from_le_bytes(*at)),
        appended_at: Timestamp::from_ms(i64::from_le_bytes(*appended_at)),
        payload: payload.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use kefu_contracts::topic::{CASE_EVENTS, CASES};

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn a_commit_is_all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("kefu.redb")).unwrap();
        let commit = store.begin().unwrap();
        commit.append(&CASE_EVENTS.info, "t/c#1", at(1), at(2), b"a").unwrap();
        commit.put_state("intake/cases", "t/c", Some(b"s")).unwrap();
        drop(commit);
        assert_eq!(store.end(CASE_EVENTS.info.name).unwrap(), 0);
        assert_eq!(store.state("intake/cases", "t/c").unwrap(), None);
    }

    #[test]
    fn a_compacted_topic_keeps_the_last_of_each_key() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("kefu.redb")).unwrap();
        let commit = store.begin().unwrap();
        for (key, value) in [("t/a#1", "1"), ("t/b#1", "2"), ("t/a#1", "3")] {
            commit.append(&CASES.info, key, at(1), at(2), value.as_bytes()).unwrap();
        }
        commit.finish().unwrap();
        let left: Vec<Vec<u8>> =
            store.read(CASES.info.name, 0, 10).unwrap().into_iter().map(|stored| stored.payload).collect();
        assert_eq!(left, [b"2", b"3"]);
        assert_eq!(store.end(CASES.info.name).unwrap(), 3);
        assert_eq!(store.ends().unwrap(), HashMap::from([(CASES.info.name.to_owned(), 3)]));
    }

    #[test]
    fn old_records_go_from_the_start_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("kefu.redb")).unwrap();
        let commit = store.begin().unwrap();
        for appended in [10, 20, 30] {
            commit.append(&CASE_EVENTS.info, "t/a#1", at(0), at(appended), b"").unwrap();
        }
        assert_eq!(commit.expire(CASE_EVENTS.info.name, at(25), 100).unwrap(), 2);
        commit.finish().unwrap();
        assert_eq!(store.read(CASE_EVENTS.info.name, 0, 10).unwrap().len(), 1);
    }
}
