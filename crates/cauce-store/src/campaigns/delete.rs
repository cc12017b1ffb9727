//! A contact that is taken away. That its number has opted out stays known: who wants no messages
//! must not get any when the contact comes back with the next import.

use cauce_flow::id::TenantId;
use rusqlite::{OptionalExtension, Transaction};

use super::{
    Campaigns, Error,
    tagging::{self, Tagging},
    tenants,
    walks::Walks,
};
use crate::personal::PhoneHash;

impl Campaigns {
    /// Takes a contact away, out of every list. Answers whether it was there.
    pub async fn delete_contact(&self, tenant: &TenantId, id: &str) -> Result<bool, Error> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.database
            .write(move |tx| delete(tx, &tenant, &id))
            .await
    }
}

fn delete(tx: &Transaction<'_>, tenant: &TenantId, id: &str) -> Result<bool, Error> {
    let Some(tenant) = tenants::find(tx, tenant)? else {
        return Ok(false);
    };
    let known: Option<(i64, String, [u8; 16])> = tx
        .prepare_cached("SELECT row, tags, phone FROM contacts WHERE tenant = ?1 AND id = ?2")?
        .query_row((tenant, id), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((row, tags, phone)) = known else {
        return Ok(false);
    };
    Walks::of(tx, tenant)?.touch(tx, row, &PhoneHash(phone))?;
    let mut tagging = Tagging::default();
    tagging.change(tx, (tenant, row), &tagging::of_text(&tags), &[])?;
    tagging.finish(tx)?;
    tx.execute(
        "UPDATE lists SET contacts = contacts - 1 WHERE tenant = ?1
         AND EXISTS (SELECT 1 FROM listed WHERE list = lists.list AND contact = ?2)",
        [tenant, row],
    )?;
    tx.execute(
        "DELETE FROM listed WHERE contact = ?1 AND list IN (SELECT list FROM lists WHERE tenant = ?2)",
        [row, tenant],
    )?;
    tx.execute("DELETE FROM contacts WHERE row = ?1", [row])?;
    tenants::count(tx, tenant, -1)?;
    Ok(true)
}
