//! Audiences that are being walked, and the numbers of contacts that were changed meanwhile.
//!
//! Contacts with one number count as one person. Who of them got the message is told by how the
//! others stand, as long as they stand as they did when the walk came to them. Where one has been
//! changed since its start, or is gone, its number is noted: then only what the campaign has made
//! by now says whether the number has its message.

use cauce_flow::id::TenantId;
use rusqlite::{Connection, Transaction, params};

use super::{Campaigns, Error, numbers, tenants};
use crate::personal::PhoneHash;

/// The walks over the contacts of one tenant that have not ended.
pub(super) struct Walks(Vec<Walking>);

struct Walking {
    campaign: i64,
    last_row: i64,
}

impl Campaigns {
    /// The audience of a campaign has been walked to its end.
    pub async fn walked(&self, campaign: u64) -> Result<(), Error> {
        self.database.write(move |tx| Ok(end(tx, campaign)?)).await
    }
}

impl Walks {
    pub(super) fn of(tx: &Transaction<'_>, tenant: i64) -> rusqlite::Result<Walks> {
        let mut walks =
            tx.prepare_cached("SELECT campaign, last_row FROM walks WHERE tenant = ?1")?;
        let walks = walks.query_map([tenant], |row| {
            Ok(Walking {
                campaign: row.get(0)?,
                last_row: row.get(1)?,
            })
        })?;
        Ok(Walks(walks.collect::<rusqlite::Result<_>>()?))
    }

    /// Whether any of them comes to this row, or has come to it.
    pub(super) fn may_meet(&self, row: i64) -> bool {
        self.0.iter().any(|walk| row <= walk.last_row)
    }

    /// Notes that a contact was changed which has, or had, this number.
    pub(super) fn touch(
        &self,
        tx: &Transaction<'_>,
        row: i64,
        phone: &PhoneHash,
    ) -> rusqlite::Result<()> {
        for walk in self.0.iter().filter(|walk| row <= walk.last_row) {
            tx.prepare_cached("INSERT OR IGNORE INTO touched (campaign, phone) VALUES (?1, ?2)")?
                .execute(params![walk.campaign, phone.0])?;
        }
        Ok(())
    }
}

/// From here on, changes of contacts are noted for a campaign: of those up to this row.
pub(super) fn begin(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    campaign: u64,
    last_row: u64,
) -> rusqlite::Result<()> {
    let tenant = tenants::number(tx, tenant)?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO walks (campaign, tenant, last_row) VALUES (?1, ?2, ?3)",
    )?
    .execute([numbers::to(campaign), tenant, numbers::to(last_row)])
    .map(drop)
}

/// They are not, and what was noted is forgotten.
pub(super) fn end(tx: &Transaction<'_>, campaign: u64) -> rusqlite::Result<()> {
    for table in ["walks", "touched"] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE campaign = ?1"))?
            .execute([numbers::to(campaign)])?;
    }
    Ok(())
}

/// Whether anything was noted for a campaign.
pub(super) fn has_touched(connection: &Connection, campaign: u64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM touched WHERE campaign = ?1 LIMIT 1")?
        .exists([numbers::to(campaign)])
}
