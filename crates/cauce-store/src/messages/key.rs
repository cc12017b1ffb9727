//! How a message is found: by the log its job stands in and the job's number there.

use cauce_flow::{id::JobId, time::Timestamp};
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

/// Bits of a log's number that a [`JobId`] holds.
const INSTANCE: u32 = (1 << 28) - 1;

/// Log and number, so that the keys of one log are in the order in which its jobs were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 12]);

impl Key {
    pub(super) fn of(job: JobId) -> Key {
        Key::at(job.instance(), job.number())
    }

    /// The job with this number in this log.
    pub(super) fn at(log: u32, number: u64) -> Key {
        let mut key = [0; 12];
        key[..4].copy_from_slice(&(log & INSTANCE).to_be_bytes());
        key[4..].copy_from_slice(&number.to_be_bytes());
        Key(key)
    }

    /// The job, which was taken then.
    pub(super) fn job(self, taken_at: i64) -> JobId {
        let (log, number) = self.0.split_first_chunk().expect("a key has 12 bytes");
        let number = number.try_into().expect("8 bytes are left of 12");
        let number = u64::from_be_bytes(number).min(JobId::MAX_NUMBER);
        JobId::new(
            number,
            u32::from_be_bytes(*log),
            Timestamp::from_millis(taken_at),
        )
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.as_slice().to_sql()
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Key> {
        let bytes = value.as_blob()?.try_into();
        bytes.map(Key).map_err(|_| FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_job() {
        let taken_at = 1_760_000_000_123;
        let job = JobId::new(77, 0x0abc_def1, Timestamp::from_millis(taken_at));
        assert_eq!(Key::of(job), Key::at(0x0abc_def1, 77));
        assert_eq!(Key::of(job), Key::at(0xfabc_def1, 77));
        assert_eq!(Key::of(job).job(taken_at), job);
        assert!(Key::at(5, 255) < Key::at(5, 256));
    }
}
