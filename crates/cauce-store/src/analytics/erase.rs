//! A person is erased: nothing that is kept says any more who it was about.
//!
//! What was counted stays, under a number that nobody can connect with a person: the hashes of the
//! phone number, of the person's own conversation, and of the conversations that the person was
//! named with are gone. So sums stay as they are, also when they are made anew.

use cauce_flow::id::TenantId;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{Analytics, Error, tracked::of_person};

impl Analytics {
    /// Erases people by their numbers, in the form that stands for a person. Answers how many of
    /// them were known.
    pub async fn erase(&self, tenant: &TenantId, phones: &[String]) -> Result<u64, Error> {
        let hashes = phones.iter().map(|phone| self.personal.hash(tenant, phone));
        let hashes: Vec<_> = hashes.collect();
        let work = move |tx: &Transaction<'_>| {
            let mut known = 0;
            for hash in &hashes {
                known += u64::from(erase(tx, &hash.0, &of_person(hash))?);
            }
            Ok::<_, Error>(known)
        };
        self.database.write(work).await
    }
}

fn erase(tx: &Transaction<'_>, person: &[u8], conversation: &[u8]) -> rusqlite::Result<bool> {
    let own = tx.execute(
        "UPDATE conversations SET key = NULL, person = 0 WHERE key = ?1",
        params![conversation],
    )?;
    let known: Option<i64> = tx
        .query_row("SELECT id FROM people WHERE key = ?1", [person], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(id) = known else {
        return Ok(own > 0);
    };
    tx.execute(
        "UPDATE conversations SET key = NULL, person = 0 WHERE person = ?1 AND person > 0",
        [id],
    )?;
    tx.execute("UPDATE people SET key = NULL WHERE id = ?1", [id])?;
    Ok(true)
}
