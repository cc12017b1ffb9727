//! What has been kept for long enough goes.

use std::collections::BTreeSet;

use cauce_flow::time::Timestamp;
use rusqlite::{Transaction, params};

use super::{key::Key, state::Stage};

/// Removes messages that ended before then, and words and inbound messages that came before then.
/// A message whose fate nobody knows stays until somebody says it, and what is still to be counted
/// stays until it is.
pub(super) fn prune(tx: &Transaction<'_>, before: Timestamp, limit: u32) -> rusqlite::Result<u64> {
    let before_ms = before.as_millis();
    count_unheard(tx, before_ms, limit)?;
    let ended = ended(tx, before_ms, limit)?;
    for key in &ended {
        tx.prepare_cached("DELETE FROM messages WHERE job = ?1")?
            .execute([key])?;
    }
    tx.execute(
        "DELETE FROM unwanted WHERE done = 1
             AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.job = unwanted.job)",
        [],
    )?;
    let told = tx.execute(
        "DELETE FROM told WHERE (provider_id, account, word) IN (
             SELECT provider_id, account, word FROM told WHERE received_at < ?1 LIMIT ?2)",
        params![before_ms, limit],
    )?;
    let inbound = tx.execute(
        "DELETE FROM inbound WHERE id IN (
             SELECT id FROM inbound WHERE received_at < ?1 AND opt_done = 1
                 AND id NOT IN (SELECT inbound FROM to_count WHERE inbound IS NOT NULL)
             LIMIT ?2)",
        params![before_ms, limit],
    )?;
    Ok((ended.len() + told + inbound) as u64)
}

/// The messages of each log are in the order in which they were taken, and none ended before that:
/// so only the oldest are looked at.
fn ended(tx: &Transaction<'_>, before_ms: i64, limit: u32) -> rusqlite::Result<Vec<Key>> {
    let logs: Vec<u32> = tx
        .prepare_cached("SELECT log FROM through")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let to_count: BTreeSet<Key> = tx
        .prepare_cached("SELECT DISTINCT job FROM to_count WHERE job IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut ended = Vec::new();
    for log in logs {
        let mut oldest = tx.prepare_cached(
            "SELECT job, taken_at, stage, ended_at FROM messages
             WHERE job >= ?1 AND job <= ?2 ORDER BY job",
        )?;
        let mut rows = oldest.query([Key::at(log, 0), Key::at(log, u64::MAX)])?;
        while let Some(row) = rows.next()? {
            let (taken_at, ended_at): (i64, Option<i64>) = (row.get(1)?, row.get(3)?);
            if taken_at >= before_ms || ended.len() >= limit as usize {
                break;
            }
            let stage = Stage::of_code(row.get(2)?);
            let is_over = !matches!(stage, Some(Stage::Pending | Stage::Unknown));
            let key: Key = row.get(0)?;
            let is_old = ended_at.is_some_and(|at| at < before_ms);
            if is_over && is_old && !to_count.contains(&key) {
                ended.push(key);
            }
        }
    }
    Ok(ended)
}

/// Counts the words that go without ever having been about a message.
fn count_unheard(tx: &Transaction<'_>, before_ms: i64, limit: u32) -> rusqlite::Result<()> {
    let unheard: i64 = tx.query_row(
        "SELECT count(*) FROM (SELECT * FROM told WHERE received_at < ?1 LIMIT ?2) AS old
         WHERE NOT EXISTS (SELECT 1 FROM messages
             WHERE messages.provider_id = old.provider_id OR messages.job = old.job)",
        params![before_ms, limit],
        |row| row.get(0),
    )?;
    tx.execute(
        "INSERT INTO counts VALUES ('told_of_nothing', ?1)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [unheard],
    )
    .map(drop)
}
