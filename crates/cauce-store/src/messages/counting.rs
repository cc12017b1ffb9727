//! What became of messages, for whoever counts it.
//!
//! Each change of something that is counted leaves a note in the transaction that makes it. Who
//! counts takes notes, looks at how the messages stand now, and crosses the notes off when that is
//! kept elsewhere. After a crash the same notes are there again: so counting has to set what is
//! known of a message, not to add to it.

use std::{collections::BTreeSet, sync::Arc};

use cauce_flow::id::JobId;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, Transaction, params};
use tokio::sync::Notify;

use super::{
    Error, Messages,
    key::Key,
    row::{Row, tries},
};
use crate::personal::PhoneHash;

/// How a message stands, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedMessage {
    /// The message.
    pub job: JobId,
    /// Whose it is.
    pub tenant: String,
    /// Its recipient.
    pub to: PhoneHash,
    /// What it is.
    pub kind: String,
    /// The campaign that it belongs to.
    pub campaign: Option<String>,
    /// The place of its variant in the campaign.
    pub variant: Option<u16>,
    /// The caller's conversation.
    pub conversation: Option<String>,
    /// When it was to be sent.
    pub wanted_at: i64,
    /// When the provider had it, by our clock.
    pub completed_at: Option<i64>,
    /// When it was sent.
    pub sent_at: Option<i64>,
    /// When it was delivered.
    pub delivered_at: Option<i64>,
    /// When it was read.
    pub read_at: Option<i64>,
    /// When it failed.
    pub failed_at: Option<i64>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was answered.
    pub answered_at: Option<i64>,
    /// How many attempts were made.
    pub attempts: usize,
    /// Those that failed.
    pub failed_tries: Vec<FailedTry>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTry {
    /// Its place among the attempts of its message, from 0.
    pub place: usize,
    /// When it ended.
    pub at: i64,
    /// Why it failed.
    pub code: String,
}

/// A message that came in, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedInbound {
    /// Whose account it came to.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// The provider's id of it.
    pub provider_id: String,
    /// Who sent it.
    pub from: PhoneHash,
    /// What it is.
    pub kind: String,
    /// When it was sent, and not after it was heard.
    pub at: i64,
    /// The caller's conversation of the message that it answers.
    pub conversation: Option<String>,
}

/// What is to be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToCount {
    /// The newest note; all up to it are told of.
    pub through: i64,
    /// Whether there may be further ones.
    pub more: bool,
    /// Messages, as they stand.
    pub messages: Vec<CountedMessage>,
    /// Messages that came in.
    pub inbound: Vec<CountedInbound>,
}

/// What of a message is counted, to tell whether it has changed.
pub(super) type ToldOf = ([Option<i64>; 5], Option<String>, usize);

/// What of a message is counted.
pub(super) fn told_of(row: &Row) -> ToldOf {
    let times = [
        row.sent_at,
        row.delivered_at,
        row.read_at,
        row.failed_at,
        row.answered_at,
    ];
    (times, row.failure().map(str::to_owned), row.tries.len())
}

/// Notes that a message is to be counted anew.
pub(super) fn note_message(tx: &Transaction<'_>, key: Key) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO to_count (job) VALUES (?1)")?
        .execute([key])
        .map(drop)
}

/// Notes that a message came in.
pub(super) fn note_inbound(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO to_count (inbound) VALUES (?1)")?
        .execute([id])
        .map(drop)
}

/// A caller wants a message to be sent at another time.
pub(super) fn wanted(tx: &Transaction<'_>, key: Key, at: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE messages SET wanted_at = ?2 WHERE job = ?1")?
        .execute(params![key, at])
        .map(drop)
}

impl Messages {
    /// Wakes whoever waits for something to count.
    pub fn has_to_count(&self) -> Arc<Notify> {
        Arc::clone(&self.to_count)
    }

    /// What is to be counted, of about so many notes; oldest first.
    pub async fn to_count(&self, limit: u32) -> Result<ToCount, Error> {
        let read = move |connection: &Connection| Ok::<_, Error>(look(connection, limit)?);
        self.database.read(read).await
    }

    /// Crosses notes off: what they tell of is kept elsewhere.
    pub async fn counted(&self, through: i64) -> Result<(), Error> {
        let work = move |tx: &Transaction<'_>| {
            tx.execute("DELETE FROM to_count WHERE number <= ?1", [through])?;
            Ok::<_, Error>(())
        };
        self.database.write(work).await
    }
}

fn look(connection: &Connection, limit: u32) -> rusqlite::Result<ToCount> {
    let mut to_count = ToCount::default();
    let (mut jobs, mut inbound, mut count) = (BTreeSet::new(), Vec::new(), 0);
    let mut notes = connection
        .prepare_cached("SELECT number, job, inbound FROM to_count ORDER BY number LIMIT ?1")?;
    let mut rows = notes.query([limit])?;
    while let Some(row) = rows.next()? {
        to_count.through = row.get(0)?;
        count += 1;
        jobs.extend(row.get::<_, Option<Key>>(1)?);
        inbound.extend(row.get::<_, Option<i64>>(2)?);
    }
    to_count.more = count == limit;
    for key in jobs {
        to_count.messages.extend(message(connection, key)?);
    }
    for id in inbound {
        to_count.inbound.extend(came_in(connection, id)?);
    }
    Ok(to_count)
}

/// None where it is pruned: then all of it was counted before.
fn message(connection: &Connection, key: Key) -> rusqlite::Result<Option<CountedMessage>> {
    connection
        .prepare_cached(
            "SELECT taken_at, tenant, phone_hash, kind, campaign, variant, conversation, wanted_at,
                 completed_at, sent_at, delivered_at, read_at, failed_at, told_code, job_code,
                 answered_at, tries
             FROM messages WHERE job = ?1",
        )?
        .query_row([key], |row| counted_message(key, row))
        .optional()
}

fn counted_message(key: Key, row: &SqlRow<'_>) -> rusqlite::Result<CountedMessage> {
    let taken_at: i64 = row.get(0)?;
    let wanted_at: Option<i64> = row.get(7)?;
    let failed_at: Option<i64> = row.get(12)?;
    let told_code: Option<String> = row.get(13)?;
    let job_code: Option<String> = row.get(14)?;
    let tries = tries(row.get_ref(16)?.as_str()?);
    let failed_tries = tries.iter().enumerate().filter_map(|(place, attempt)| {
        Some(FailedTry {
            place,
            at: attempt.ended_at,
            code: attempt.code.clone()?,
        })
    });
    Ok(CountedMessage {
        job: key.job(taken_at),
        tenant: row.get(1)?,
        to: PhoneHash(row.get(2)?),
        kind: row.get(3)?,
        campaign: row.get(4)?,
        variant: row.get(5)?,
        conversation: row.get(6)?,
        wanted_at: wanted_at.unwrap_or(taken_at).max(taken_at),
        completed_at: row.get(8)?,
        sent_at: row.get(9)?,
        delivered_at: row.get(10)?,
        read_at: row.get(11)?,
        failed_at,
        failure: told_code.or(job_code).filter(|_| failed_at.is_some()),
        answered_at: row.get(15)?,
        attempts: tries.len(),
        failed_tries: failed_tries.collect(),
    })
}

fn came_in(connection: &Connection, id: i64) -> rusqlite::Result<Option<CountedInbound>> {
    connection
        .prepare_cached(
            "SELECT inbound.*, messages.conversation FROM inbound
             LEFT JOIN messages ON messages.job = answers WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let (at, received_at): (i64, i64) = (row.get("at")?, row.get("received_at")?);
            Ok(CountedInbound {
                tenant: row.get("tenant")?,
                account: row.get("account")?,
                provider_id: row.get("provider_id")?,
                from: PhoneHash(row.get("phone_hash")?),
                kind: row.get("kind")?,
                at: at.min(received_at),
                conversation: row.get("conversation")?,
            })
        })
        .optional()
}
