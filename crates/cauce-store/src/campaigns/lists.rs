//! Contacts that were named one by one, as an audience.

use std::collections::BTreeSet;

use cauce_flow::id::TenantId;
use rusqlite::{OptionalExtension, Transaction};

use super::{Campaigns, Error, numbers, tenants};

/// A list that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its number, for [`Audience::list`](super::Audience::list).
    pub list: u64,
    /// How many contacts stand in it.
    pub contacts: u64,
    /// The places of the ids that no contact has.
    pub unknown: Vec<usize>,
    /// The places of the ids that were named before.
    pub repeated: Vec<usize>,
}

impl Campaigns {
    /// Makes a list of the contacts with these ids.
    pub async fn make_list(&self, tenant: &TenantId, ids: Vec<String>) -> Result<Listing, Error> {
        let tenant = tenant.clone();
        let work = move |tx: &Transaction<'_>| {
            let tenant = tenants::number(tx, &tenant)?;
            make(tx, tenant, &ids)
        };
        self.database.write(work).await
    }

    /// Forgets a list. The contacts stay.
    pub async fn drop_list(&self, list: u64) -> Result<(), Error> {
        self.database.write(move |tx| Ok(forget(tx, list)?)).await
    }
}

/// Makes a list as a part of something larger.
pub(super) fn make(tx: &Transaction<'_>, tenant: i64, ids: &[String]) -> Result<Listing, Error> {
    tx.execute("INSERT INTO lists (tenant) VALUES (?1)", [tenant])?;
    let list = tx.last_insert_rowid();
    let (mut unknown, mut repeated, mut rows) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut find = tx.prepare_cached("SELECT row FROM contacts WHERE tenant = ?1 AND id = ?2")?;
    for (place, id) in ids.iter().enumerate() {
        let row: Option<i64> = find.query_row((tenant, id), |row| row.get(0)).optional()?;
        match row {
            None => unknown.push(place),
            Some(row) if !rows.insert(row) => repeated.push(place),
            Some(_) => {}
        }
    }
    let mut add = tx.prepare_cached("INSERT INTO listed (list, contact) VALUES (?1, ?2)")?;
    for row in &rows {
        add.execute([list, *row])?;
    }
    let contacts = rows.len() as u64;
    tx.execute(
        "UPDATE lists SET contacts = ?2 WHERE list = ?1",
        [list, numbers::to(contacts)],
    )?;
    Ok(Listing {
        list: numbers::of(list),
        contacts,
        unknown,
        repeated,
    })
}

/// Forgets a list as a part of something larger.
pub(super) fn forget(tx: &Transaction<'_>, list: u64) -> rusqlite::Result<()> {
    let list = numbers::to(list);
    tx.execute("DELETE FROM listed WHERE list = ?1", [list])?;
    tx.execute("DELETE FROM lists WHERE list = ?1", [list])?;
    Ok(())
}
