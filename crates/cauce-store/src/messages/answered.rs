//! Which message an inbound one answers.
//!
//! It answers the message that it quotes; where it quotes none, the newest that had been sent to
//! that person through that account. Either may become known after the answer, so what a send
//! changes is looked at again.

use rusqlite::{OptionalExtension, params};

use super::{applying::Applying, counting, deltas::Counted, key::Key, row::Row};

/// Providers tell times in whole seconds, and their clocks are not ours: an answer may seem to be
/// this much older than what it answers.
const SKEW_MS: i64 = 2_000;

struct Answer {
    id: i64,
    reply_to: Option<String>,
    at: i64,
    answers: Option<Key>,
}

/// Finds anew what the answers of a person since `from` answer.
pub(super) fn look_again(
    on: &mut Applying<'_>,
    phone_hash: &[u8],
    account: &str,
    from: i64,
) -> rusqlite::Result<()> {
    let since = from.saturating_sub(SKEW_MS);
    let answers: Vec<Answer> = on
        .tx
        .prepare_cached(
            "SELECT id, reply_to, at, answers FROM inbound
             WHERE phone_hash = ?1 AND at >= ?2 AND account = ?3",
        )?
        .query_map(params![phone_hash, since, account], |row| {
            Ok(Answer {
                id: row.get(0)?,
                reply_to: row.get(1)?,
                at: row.get(2)?,
                answers: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    for answer in answers {
        look(on, phone_hash, account, answer)?;
    }
    Ok(())
}

fn look(
    on: &mut Applying<'_>,
    phone_hash: &[u8],
    account: &str,
    answer: Answer,
) -> rusqlite::Result<()> {
    let sent_by = answer.at + SKEW_MS;
    let quoted = match &answer.reply_to {
        None => None,
        Some(id) => on
            .tx
            .prepare_cached(
                "SELECT job FROM messages WHERE provider_id = ?1 AND sender = ?2
                     AND phone_hash = ?3 AND sent_at <= ?4",
            )?
            .query_row(params![id, account, phone_hash, sent_by], |row| {
                row.get::<_, Key>(0)
            })
            .optional()?,
    };
    let found = match quoted {
        Some(job) => Some(job),
        None => on
            .tx
            .prepare_cached(
                "SELECT job FROM messages
                 WHERE phone_hash = ?1 AND sender = ?2 AND sent_at <= ?3
                 ORDER BY sent_at DESC, job DESC LIMIT 1",
            )?
            .query_row(params![phone_hash, account, sent_by], |row| {
                row.get::<_, Key>(0)
            })
            .optional()?,
    };
    if found == answer.answers {
        return Ok(());
    }
    on.tx
        .prepare_cached("UPDATE inbound SET answers = ?2 WHERE id = ?1")?
        .execute(params![answer.id, found])?;
    for key in answer.answers.into_iter().chain(found) {
        count(on, key)?;
    }
    Ok(())
}

/// Tells anew when a message was answered.
fn count(on: &mut Applying<'_>, key: Key) -> rusqlite::Result<()> {
    let Some(mut row) = Row::load(on.tx, key)? else {
        return Ok(());
    };
    let before = Counted::of(&row);
    row.answered_at = on
        .tx
        .prepare_cached("SELECT min(at) FROM inbound WHERE answers = ?1")?
        .query_row([key], |found| found.get(0))?;
    row.save(on.tx)?;
    counting::note_message(on.tx, key)?;
    on.deltas.moved(on.tx, &row, before)
}
