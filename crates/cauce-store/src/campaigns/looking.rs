//! Contacts, looked up and page by page.

use cauce_flow::id::TenantId;
use rusqlite::{Connection, OptionalExtension, types::Value};

use super::{
    Campaigns, Error,
    contact::Contact,
    numbers,
    reading::{COLUMNS, FROM, Sealed},
    tagging, tenants,
};
use crate::personal::PhoneHash;

/// Which contacts are listed: those to which all of it applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// With this tag.
    pub tag: Option<String>,
    /// With this number, in the form that stands for its person.
    pub phone: Option<String>,
    /// Whose number has opted out, or has not.
    pub opted_out: Option<bool>,
}

/// Where a page begins, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Rows beyond this one; 0 at the start.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

impl Campaigns {
    /// One contact.
    pub async fn contact(&self, tenant: &TenantId, id: &str) -> Result<Option<Contact>, Error> {
        let (personal, tenant, id) = (self.personal.clone(), tenant.clone(), id.to_owned());
        let work = move |connection: &Connection| -> Result<Option<Contact>, Error> {
            let Some(number) = tenants::find(connection, &tenant)? else {
                return Ok(None);
            };
            let sealed = Sealed {
                personal: &personal,
                tenant: &tenant,
            };
            let mut find = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM {FROM} WHERE c.tenant = ?1 AND c.id = ?2"
            ))?;
            let found = find.query_row((number, id), |row| Ok(sealed.contact(row)));
            found.optional()?.transpose()
        };
        self.database.read(work).await
    }

    /// The contacts of a filter beyond a row, in the order in which they came.
    pub async fn contacts(
        &self,
        tenant: &TenantId,
        filter: Filter,
        place: Place,
    ) -> Result<Vec<Contact>, Error> {
        let hash = filter.phone.as_deref();
        let hash = hash.map(|phone| self.phone_hash(tenant, phone));
        let (personal, tenant) = (self.personal.clone(), tenant.clone());
        let work = move |connection: &Connection| -> Result<Vec<Contact>, Error> {
            let sealed = Sealed {
                personal: &personal,
                tenant: &tenant,
            };
            page(connection, &sealed, &filter, hash, place)
        };
        self.database.read(work).await
    }

    /// How many contacts a tenant has.
    pub async fn count(&self, tenant: &TenantId) -> Result<u64, Error> {
        let tenant = tenant.clone();
        let work = move |connection: &Connection| -> Result<u64, Error> {
            let count = connection
                .prepare_cached("SELECT contacts FROM tenants WHERE name = ?1")?
                .query_row([tenant.as_str()], |row| row.get(0));
            Ok(numbers::of(count.optional()?.unwrap_or_default()))
        };
        self.database.read(work).await
    }

    /// The tags of a tenant's contacts, by name, each with how many contacts have it.
    pub async fn tags(&self, tenant: &TenantId) -> Result<Vec<(String, u64)>, Error> {
        let tenant = tenant.clone();
        let work = move |connection: &Connection| -> Result<Vec<(String, u64)>, Error> {
            let Some(number) = tenants::find(connection, &tenant)? else {
                return Ok(Vec::new());
            };
            let mut tags = connection.prepare_cached(
                "SELECT name, contacts FROM tags WHERE tenant = ?1 AND contacts > 0 ORDER BY name",
            )?;
            let tags =
                tags.query_map([number], |row| Ok((row.get(0)?, numbers::of(row.get(1)?))))?;
            Ok(tags.collect::<rusqlite::Result<_>>()?)
        };
        self.database.read(work).await
    }
}

fn page(
    connection: &Connection,
    sealed: &Sealed<'_>,
    filter: &Filter,
    hash: Option<PhoneHash>,
    place: Place,
) -> Result<Vec<Contact>, Error> {
    let Some(tenant) = tenants::find(connection, sealed.tenant)? else {
        return Ok(Vec::new());
    };
    let after = numbers::to(place.after);
    let mut values: Vec<Value> = vec![tenant.into(), after.into()];
    // What narrows most leads: a number, a tag, those who have opted out, everything.
    let mut from = FROM.to_owned();
    let mut wheres = "c.tenant = ?1 AND c.row > ?2".to_owned();
    if let Some(hash) = hash {
        values.push(Value::Blob(hash.0.to_vec()));
        wheres = format!(
            "c.phone = ?{} AND c.row > ?2 AND +c.tenant = ?1",
            values.len()
        );
    }
    if let Some(tag) = &filter.tag {
        let Some(tag) = tagging::find(connection, tenant, tag)? else {
            return Ok(Vec::new());
        };
        values.push(tag.into());
        let tag = values.len();
        if hash.is_none() {
            from = format!("tagged t CROSS JOIN {FROM}");
            wheres = format!(
                "t.tag = ?{tag} AND t.contact > ?2 AND c.row = t.contact AND +c.tenant = ?1"
            );
        } else {
            wheres = format!(
                "{wheres} AND EXISTS (SELECT 1 FROM tagged WHERE tag = ?{tag} AND contact = c.row)"
            );
        }
    }
    match filter.opted_out {
        None => {}
        Some(true) => wheres.push_str(" AND c.opted_out = 1"),
        Some(false) => wheres.push_str(" AND c.opted_out = 0"),
    }
    let order = if from == FROM { "c.row" } else { "t.contact" };
    let limit = place.limit;
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {from} WHERE {wheres} ORDER BY {order} LIMIT {limit}"
    ))?;
    let mut rows = query.query(rusqlite::params_from_iter(values))?;
    let mut contacts = Vec::new();
    while let Some(row) = rows.next()? {
        contacts.push(sealed.contact(row)?);
    }
    Ok(contacts)
}
