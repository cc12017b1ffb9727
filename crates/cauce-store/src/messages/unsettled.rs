//! What the file knows and others do not yet: the fate of jobs that the queue calls unknown, and
//! people who want no more campaigns. Whoever acts on it can be asked to do so again.

use cauce_flow::{
    id::{AccountName, JobId, TenantId},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Error, Messages,
    change::Opt,
    hidden,
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

/// A wish that was heard and has to be told on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToOpt {
    /// The inbound message's number here.
    pub id: i64,
    /// Whose account heard it.
    pub tenant: TenantId,
    /// Who wants it.
    pub from: String,
    /// What.
    pub opt: Opt,
    /// Since when.
    pub at: Timestamp,
    /// Whether the person has wished anything else later, which was heard before.
    pub is_outdated: bool,
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

    /// Wishes that were heard and not told on; at most `limit`.
    pub async fn to_opt(&self, limit: u32) -> Result<Vec<ToOpt>, Error> {
        let personal = self.personal.clone();
        let read = move |connection: &Connection| {
            let mut rows = connection.prepare_cached(
                "SELECT id, tenant, account, provider_id, phone, opt, at,
                     EXISTS (SELECT 1 FROM inbound AS later
                         WHERE later.phone_hash = wish.phone_hash AND later.at > wish.at
                             AND later.opt IS NOT NULL)
                 FROM inbound AS wish WHERE opt_done = 0 ORDER BY at, id LIMIT ?1",
            )?;
            let rows = rows.query_map([limit], |row| {
                let (tenant, account): (String, String) = (row.get(1)?, row.get(2)?);
                let (provider_id, phone): (String, Vec<u8>) = (row.get(3)?, row.get(4)?);
                let opt = row.get::<_, Option<i64>>(5)?;
                let place = hidden::inbound_id(&account, &provider_id);
                let from = hidden::shown(&personal, b"from", &place, &phone);
                let (id, at): (i64, i64) = (row.get(0)?, row.get(6)?);
                let is_outdated = row.get(7)?;
                Ok(TenantId::new(&tenant).ok().map(|tenant| ToOpt {
                    id,
                    tenant,
                    from,
                    opt: if opt == Some(1) { Opt::In } else { Opt::Out },
                    at: Timestamp::from_millis(at),
                    is_outdated,
                }))
            })?;
            let found: Vec<Option<ToOpt>> = rows.collect::<rusqlite::Result<_>>()?;
            Ok(found.into_iter().flatten().collect())
        };
        self.database.read(read).await
    }

    /// A wish was told on.
    pub async fn opted(&self, id: i64) -> Result<(), Error> {
        let work = move |tx: &Transaction<'_>| {
            tx.prepare_cached("UPDATE inbound SET opt_done = 1 WHERE id = ?1")?
                .execute([id])?;
            Ok::<(), Error>(())
        };
        self.database.write(work).await
    }

    /// The job with this number in a log.
    pub async fn by_number(&self, log: u32, number: u64) -> Result<Option<JobId>, Error> {
        let key = Key::at(log, number);
        let read = move |connection: &Connection| {
            let taken_at: Option<i64> = connection
                .prepare_cached("SELECT taken_at FROM messages WHERE job = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()?;
            Ok(taken_at.map(|taken_at| key.job(taken_at)))
        };
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
