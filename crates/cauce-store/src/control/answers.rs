//! Answers that are remembered for their `Idempotency-Key`, so that a call that is made again gets
//! the first answer instead of being carried out again.
//!
//! ```text
//! begin --> Fresh(ticket) --> carry out --> ticket.keep(answer)
//!   |  \--> Known(answer)          \--> ticket dropped: nothing is remembered
//!   |  \--> Lost
//!   |  \--> InFlight
//!   \-----> OtherBody
//! ```
//!
//! The key counts for one owner and one route, for [`KEPT`]. Which calls are being carried out is
//! known in memory only: after a crash such a call may be carried out again.
//!
//! An answer that holds a secret is encrypted for the call that it belongs to; any other is not.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use cauce_flow::time::Timestamp;
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Control, Error};

/// How long an answer is remembered.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Answers that are remembered at most; the oldest go first.
const MAX_ANSWERS: i64 = 100_000;

/// A call that may be made again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallId {
    /// Whose it is: the tenant of the key, or the key itself.
    pub owner: String,
    /// Method and path.
    pub route: String,
    /// The caller's `Idempotency-Key`.
    pub key: String,
}

/// An answer as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
    /// Whether the body holds a secret, so that it must not stand on disk as it is.
    pub secret: bool,
}

/// What is known of a call.
pub enum Begun {
    /// It is new. The ticket holds its place until it is dropped or the answer is kept.
    Fresh(Ticket),
    /// It was answered before.
    Known(Answer),
    /// It was answered before, but the answer cannot be decrypted: its key is gone.
    Lost,
    /// It is being carried out right now.
    InFlight,
    /// The key was used for a call with another body.
    OtherBody,
}

/// The calls that are being carried out.
#[derive(Default)]
pub(super) struct InFlight {
    calls: Mutex<HashSet<CallId>>,
}

/// A call that is being carried out.
pub struct Ticket {
    call: CallId,
    body_hash: [u8; 32],
    control: Control,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.control.in_flight.calls.lock().remove(&self.call);
    }
}

impl Control {
    /// Asks whether a call may be carried out.
    pub async fn begin(
        &self,
        call: CallId,
        body_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Begun, Error> {
        // The place is taken before the look at the disk: a call that ends in between has kept its
        // answer before it gives its place back.
        if !self.in_flight.calls.lock().insert(call.clone()) {
            return Ok(Begun::InFlight);
        }
        let ticket = Ticket {
            call: call.clone(),
            body_hash,
            control: self.clone(),
        };
        let place = place(&call, &body_hash);
        let known = self.run(move |tx| find(tx, &call, now)).await?;
        Ok(match known {
            None => Begun::Fresh(ticket),
            Some((hash, answer)) if hash == body_hash => self.opened(&place, answer),
            Some(_) => Begun::OtherBody,
        })
    }

    fn opened(&self, place: &[u8], mut answer: Answer) -> Begun {
        if answer.secret {
            let Some(body) = self.seal.open(place, &answer.body) else {
                return Begun::Lost;
            };
            answer.body = body.into();
        }
        Begun::Known(answer)
    }
}

impl Ticket {
    /// Remembers the answer of the call.
    pub async fn keep(self, mut answer: Answer, now: Timestamp) -> Result<(), Error> {
        let (call, body_hash) = (self.call.clone(), self.body_hash);
        if answer.secret {
            let place = place(&call, &body_hash);
            let sealed = self.control.seal.seal(&place, &answer.body);
            let sealed = sealed.map_err(|why| Error::Database(why.to_string().into()))?;
            answer.body = sealed.into();
        }
        self.control
            .run(move |tx| insert(tx, &call, &body_hash, &answer, now))
            .await
    }
}

/// What a sealed answer is bound to, so that it cannot stand in for that of another call. Each part
/// is told with its length, so no two calls read alike.
fn place(call: &CallId, body_hash: &[u8; 32]) -> Vec<u8> {
    let mut place = Vec::new();
    for part in [&call.owner, &call.route, &call.key] {
        place.extend((part.len() as u64).to_be_bytes());
        place.extend(part.as_bytes());
    }
    place.extend(body_hash);
    place
}

fn find(
    tx: &Transaction<'_>,
    call: &CallId,
    now: Timestamp,
) -> rusqlite::Result<Option<([u8; 32], Answer)>> {
    tx.prepare_cached(
        "SELECT body_hash, status, headers, body, sealed FROM answers
         WHERE owner = ?1 AND route = ?2 AND key = ?3 AND at > ?4",
    )?
    .query_row(
        params![call.owner, call.route, call.key, (now - KEPT).as_millis()],
        read,
    )
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<([u8; 32], Answer)> {
    let body: Vec<u8> = row.get(3)?;
    let answer = Answer {
        status: row.get(1)?,
        content_type: row.get(2)?,
        body: body.into(),
        secret: row.get(4)?,
    };
    Ok((row.get(0)?, answer))
}

fn insert(
    tx: &Transaction<'_>,
    call: &CallId,
    body_hash: &[u8; 32],
    answer: &Answer,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO answers (owner, route, key, body_hash, status, headers, body, at, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        call.owner,
        call.route,
        call.key,
        body_hash,
        answer.status,
        answer.content_type,
        &answer.body[..],
        now.as_millis(),
        answer.secret,
    ])
    .map(drop)
}

/// Forgets answers past [`KEPT`] and, of the rest, the oldest past [`MAX_ANSWERS`].
pub(super) fn prune(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<u64> {
    let old = tx.execute(
        "DELETE FROM answers WHERE at <= ?1",
        [(now - KEPT).as_millis()],
    )?;
    let many = tx.execute(
        "DELETE FROM answers WHERE rowid IN
         (SELECT rowid FROM answers ORDER BY at DESC LIMIT -1 OFFSET ?1)",
        [MAX_ANSWERS],
    )?;
    Ok((old + many) as u64)
}
