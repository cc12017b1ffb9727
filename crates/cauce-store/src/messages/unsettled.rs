//! What the file knows and the queue does not yet: the fate of jobs that it calls unknown. Whoever
//! acts on it can be asked to do so again.

use cauce_flow::{
    id::{AccountName, JobId, TenantId},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Error, Messages,
    key::Key,
    state::{Stage, Word},
};

/// A message whose job is `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// Its job.
    pub job: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The account that it was given to.
    pub account: AccountName,
    /// What the provider says of it, if it has said anything.
    pub word: Option<Word>,
    /// Since when nobody knows.
    pub since: Timestamp,
}

impl Messages {
    /// Messages whose job is `unknown`, behind `after` in the order of taking; at most `limit`.
    pub async fn unsettled(
        &self,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Unsettled>, Error> {
        let read = move |connection: &Connection| Ok(unsettled(connection, after, limit)?);
        self.database.read(read).await
    }

    /// The job that the provider knows under this id.
    pub async fn job_of(
        &self,
        account: &AccountName,
        provider_id: &str,
    ) -> Result<Option<JobId>, Error> {
        let (account, id) = (account.to_string(), provider_id.to_owned());
        let read = move |connection: &Connection| {
            let found: Option<(Key, i64)> = connection
                .prepare_cached(
                    "SELECT job, taken_at FROM messages WHERE provider_id = ?1 AND sender = ?2",
                )?
                .query_row([id, account], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(found.map(|(key, taken_at)| key.job(taken_at)))
        };
        self.database.read(read).await
    }
}

fn unsettled(
    connection: &Connection,
    after: Option<JobId>,
    limit: u32,
) -> rusqlite::Result<Vec<Unsettled>> {
    // The stage is written out so that the index over unknown ones is used.
    const _: () = assert!(Stage::Unknown as i64 == 3);
    let mut rows = connection.prepare_cached(
        "SELECT job, tenant, sender, word, ended_at, taken_at FROM messages
         WHERE stage = 3 AND (?1 IS NULL OR job > ?1) ORDER BY job LIMIT ?2",
    )?;
    let rows = rows.query_map(params![after.map(Key::of), limit], |row| {
        let (key, tenant): (Key, String) = (row.get(0)?, row.get(1)?);
        let (account, word): (String, Option<i64>) = (row.get(2)?, row.get(3)?);
        let since = row.get::<_, Option<i64>>(4)?.unwrap_or_default();
        let named = TenantId::new(&tenant)
            .ok()
            .zip(AccountName::new(&account).ok());
        let job = key.job(row.get(5)?);
        Ok(named.map(|(tenant, account)| Unsettled {
            job,
            tenant,
            account,
            word: word.and_then(Word::of_code),
            since: Timestamp::from_millis(since),
        }))
    })?;
    let found: Vec<Option<Unsettled>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}
