//! People who want no more campaigns, or want them again, until that was told on: by a word of
//! theirs, or because a provider has refused a message to them.

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{Connection, Row, Transaction, params};

use super::{Error, Messages, change::Opt, hidden, key::Key};
use crate::personal::Personal;

/// A wish that was heard and has to be told on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Where it is noted.
    pub id: WishId,
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

/// Where a wish is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishId(Source);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The inbound message with this number here.
    Inbound(i64),
    /// The refusal of a message, and when it was refused.
    Refusal(Key, i64),
}

impl WishId {
    /// Whether the provider says it, and no word of the person.
    pub fn is_of_provider(&self) -> bool {
        matches!(self.0, Source::Refusal(..))
    }
}

impl Messages {
    /// Wishes that were heard and not told on, the oldest first; at most `limit` from each source.
    pub async fn wishes(&self, limit: u32) -> Result<Vec<Wish>, Error> {
        let personal = self.personal.clone();
        let read = move |connection: &Connection| {
            let mut found = of_people(connection, &personal, limit)?;
            found.extend(of_providers(connection, &personal, limit)?);
            found.sort_by_key(|wish| wish.at);
            Ok(found)
        };
        self.database.read(read).await
    }

    /// Wishes were told on.
    pub async fn told_on(&self, wishes: Vec<WishId>) -> Result<(), Error> {
        let work = move |tx: &Transaction<'_>| {
            for WishId(source) in wishes {
                match source {
                    Source::Inbound(id) => tx
                        .prepare_cached("UPDATE inbound SET opt_done = 1 WHERE id = ?1")?
                        .execute([id])?,
                    Source::Refusal(key, at) => tx
                        .prepare_cached("UPDATE unwanted SET done = 1 WHERE job = ?1 AND at = ?2")?
                        .execute(params![key, at])?,
                };
            }
            Ok::<(), Error>(())
        };
        self.database.write(work).await
    }
}

fn of_people(
    connection: &Connection,
    personal: &Personal,
    limit: u32,
) -> rusqlite::Result<Vec<Wish>> {
    let mut rows = connection.prepare_cached(
        "SELECT tenant, phone, at, EXISTS (SELECT 1 FROM inbound AS later
                 WHERE later.phone_hash = wish.phone_hash AND later.at > wish.at
                     AND later.opt IS NOT NULL),
             id, account, provider_id, opt
         FROM inbound AS wish WHERE opt_done = 0 ORDER BY at, id LIMIT ?1",
    )?;
    let rows = rows.query_map([limit], |row| {
        let (account, provider_id): (String, String) = (row.get(5)?, row.get(6)?);
        let place = hidden::inbound_id(&account, &provider_id);
        let from = hidden::shown(personal, b"from", &place, &row.get::<_, Vec<u8>>(1)?);
        let opt = match row.get::<_, Option<i64>>(7)? {
            Some(1) => Opt::In,
            _ => Opt::Out,
        };
        wish(row, Source::Inbound(row.get(4)?), from, opt)
    })?;
    Ok(rows
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn of_providers(
    connection: &Connection,
    personal: &Personal,
    limit: u32,
) -> rusqlite::Result<Vec<Wish>> {
    let mut rows = connection.prepare_cached(
        "SELECT tenant, phone, at, EXISTS (SELECT 1 FROM inbound AS later
                 WHERE later.phone_hash = wish.phone_hash AND later.at > wish.at
                     AND later.opt IS NOT NULL),
             job
         FROM unwanted AS wish WHERE done = 0 ORDER BY at LIMIT ?1",
    )?;
    let rows = rows.query_map([limit], |row| {
        let key: Key = row.get(4)?;
        let from = hidden::shown(personal, b"to", key.as_bytes(), &row.get::<_, Vec<u8>>(1)?);
        wish(row, Source::Refusal(key, row.get(2)?), from, Opt::Out)
    })?;
    Ok(rows
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// A wish from a row that begins with its tenant, its phone, its time and whether it is outdated.
fn wish(row: &Row<'_>, source: Source, from: String, opt: Opt) -> rusqlite::Result<Option<Wish>> {
    let tenant: String = row.get(0)?;
    let at = Timestamp::from_millis(row.get(2)?);
    let is_outdated = row.get(3)?;
    Ok(TenantId::new(&tenant).ok().map(|tenant| Wish {
        id: WishId(source),
        tenant,
        from,
        opt,
        at,
        is_outdated,
    }))
}
