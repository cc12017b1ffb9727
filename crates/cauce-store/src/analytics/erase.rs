//! A person is erased: nothing that is kept says any more who it was about.
//!
//! What was counted stays, under a number that nobody can connect with a person: the hashes of the
//! phone number, of the person's own conversation, of the conversations that the person was named
//! with, and of those that have the number as their name are gone. So sums stay as they are, also
//! when they are made anew. What becomes of a message that was counted before goes on under the
//! same numbers.
//!
//! What goes is written over, and so are the logs. Only where a row had moved to another page before
//! may the page that it came from hold its bytes on, in room that is not used.

use cauce_flow::id::TenantId;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    Analytics, Error,
    tracked::{of_name, of_person},
};

impl Analytics {
    /// Erases people by their numbers, in the form that stands for a person. Answers how many of
    /// them were known.
    pub async fn erase(&self, tenant: &TenantId, phones: &[String]) -> Result<u64, Error> {
        let of = phones.iter().map(|phone| {
            let hash = self.personal.hash(tenant, phone);
            let named = |name: &str| of_name(&self.personal, tenant, name);
            let names = [named(phone), named(phone.trim_start_matches('+'))];
            (hash.0, [vec![of_person(&hash)], names.to_vec()].concat())
        });
        let people: Vec<_> = of.collect();
        let work = move |tx: &Transaction<'_>| {
            let mut known = 0;
            for (hash, conversations) in &people {
                known += u64::from(erase(tx, hash, conversations)?);
            }
            Ok::<_, Error>(known)
        };
        self.fold().await?;
        let known = self.database.write(work).await?;
        // Until then their hashes still stand among the staged events, and in the logs of both files.
        self.settle().await?;
        self.database.empty_log().await?;
        self.staged.empty_log().await?;
        Ok(known)
    }
}

fn erase(tx: &Transaction<'_>, person: &[u8], own: &[Vec<u8>]) -> rusqlite::Result<bool> {
    let mut forgotten = 0;
    for key in own {
        forgotten += tx.execute(
            "UPDATE conversations SET key = NULL, person = 0 WHERE key = ?1",
            params![key],
        )?;
    }
    let known: Option<i64> = tx
        .query_row("SELECT id FROM people WHERE key = ?1", [person], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(id) = known else {
        return Ok(forgotten > 0);
    };
    tx.execute(
        "UPDATE conversations SET key = NULL, person = 0 WHERE person = ?1 AND person > 0",
        [id],
    )?;
    tx.execute(
        "UPDATE conversations SET key = NULL, person = 0 WHERE id IN
             (SELECT conversation FROM named_before WHERE person = ?1)",
        [id],
    )?;
    tx.execute("DELETE FROM named_before WHERE person = ?1", [id])?;
    tx.execute("UPDATE people SET key = NULL WHERE id = ?1", [id])?;
    Ok(true)
}
