//! What follows from a failure for others than its message: a person wants no more messages, a sender
//! is restricted.
//!
//! Both are written in the transaction that learns of the failure, so that no crash parts them. A
//! person's wish stays noted until it was told on. Restrictions are only ever counted up: whoever
//! acts on them remembers how many there were.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{apply::Before, applying::Applying, bearing::Bearing, row::Row};

impl Applying<'_> {
    /// Draws the consequences of a failure, where a message has one.
    pub(super) fn on_failure(&self, row: &Row, before: &Before) -> rusqlite::Result<()> {
        let Some((code, at)) = row.failure().zip(row.failed_at) else {
            return Ok(());
        };
        match (self.judge)(code) {
            Bearing::Message => Ok(()),
            Bearing::Person => note(self.tx, row, at),
            Bearing::Sender if before.failure() == Some(code) => Ok(()),
            Bearing::Sender => count(self.tx, &row.sender),
        }
    }

    /// The same for a refusal after which the message goes on waiting.
    pub(super) fn on_refusal(&self, row: &Row, code: &str) -> rusqlite::Result<()> {
        match (self.judge)(code) {
            Bearing::Message | Bearing::Person => Ok(()),
            Bearing::Sender => count(self.tx, &row.sender),
        }
    }
}

/// Notes a wish, unless this or a later one of the same message is noted.
fn note(tx: &Transaction<'_>, row: &Row, at: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO unwanted (job, at, tenant, phone_hash, phone)
         SELECT job, ?2, tenant, phone_hash, phone FROM messages WHERE job = ?1
             AND NOT EXISTS (SELECT 1 FROM unwanted WHERE job = ?1 AND at >= ?2)",
    )?
    .execute(params![row.key, at])
    .map(drop)
}

fn count(tx: &Transaction<'_>, sender: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO restrictions VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1",
    )?
    .execute([sender])
    .map(drop)
}

/// How often a sender was restricted.
pub(super) fn restrictions(connection: &Connection, sender: &str) -> rusqlite::Result<u64> {
    let count: Option<i64> = connection
        .prepare_cached("SELECT count FROM restrictions WHERE sender = ?1")?
        .query_row([sender], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0).cast_unsigned())
}
