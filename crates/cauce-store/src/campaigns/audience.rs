//! Who a campaign is for, walked in the order of rows.
//!
//! A walk holds one page at a time, however large the audience is: each tag and the list are read
//! in the order of their rows, and merged.

use cauce_flow::id::TenantId;
use rusqlite::{Connection, Rows};

use super::{
    Campaigns, Error,
    contact::{Attributes, Number},
    numbers,
    reading::Sealed,
    tagging, tenants,
};

/// Contacts that have any of the tags, or stand in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Whose contacts.
    pub tenant: TenantId,
    /// With any of these tags.
    pub tags: Vec<String>,
    /// And those of this list.
    pub list: Option<u64>,
}

/// Which part of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Rows beyond this one; 0 at the start.
    pub after: u64,
    /// Up to this one: [`Campaigns::last_row`] of the moment in which the walk begins, so that it
    /// ends.
    pub upto: u64,
    /// At most so many.
    pub limit: usize,
}

/// One contact of an audience, as a message needs it.
#[derive(Clone, PartialEq)]
pub struct Member {
    /// Its row.
    pub row: u64,
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: Number,
    /// Its name.
    pub name: Option<String>,
    /// Its free fields.
    pub attributes: Attributes,
    /// Its language.
    pub language: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// Whether its number has opted out.
    pub opted_out: bool,
    /// Whether a contact of the same audience with a lower row has the same number, in any of its
    /// forms. What is known of the others is what is stored now: an audience that is changed while
    /// it is walked may have a number twice, or not at all.
    pub duplicate: bool,
}

/// Members with the number of a later one that are told.
const MAX_EARLIER: u64 = 20;

/// How many contacts an audience has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// So many at most.
    pub contacts: u64,
    /// Whether it is not fewer.
    pub exact: bool,
}

impl Campaigns {
    /// The contacts of an audience beyond a row, in the order of their rows. An empty answer is the
    /// end.
    pub async fn walk(&self, audience: &Audience, walk: Walk) -> Result<Vec<Member>, Error> {
        let (personal, audience) = (self.personal.clone(), audience.clone());
        let work = move |connection: &Connection| -> Result<Vec<Member>, Error> {
            let sealed = Sealed {
                personal: &personal,
                tenant: &audience.tenant,
            };
            match Parts::of(connection, &audience)? {
                Some(parts) => members(connection, &parts, walk, &sealed),
                None => Ok(Vec::new()),
            }
        };
        self.database.read(work).await
    }

    /// Of each of these members, those with lower rows that have the same number; the first
    /// 20 of them.
    pub async fn earlier(
        &self,
        audience: &Audience,
        rows: Vec<u64>,
    ) -> Result<Vec<Vec<Member>>, Error> {
        let (personal, audience) = (self.personal.clone(), audience.clone());
        let work = move |connection: &Connection| -> Result<Vec<Vec<Member>>, Error> {
            let sealed = Sealed {
                personal: &personal,
                tenant: &audience.tenant,
            };
            let Some(parts) = Parts::of(connection, &audience)? else {
                return Ok(vec![Vec::new(); rows.len()]);
            };
            let mut query = connection.prepare_cached(&parts.earlier())?;
            let mut earlier = Vec::with_capacity(rows.len());
            for row in rows {
                let found = query.query([numbers::to(row), numbers::to(MAX_EARLIER)])?;
                earlier.push(taken(found, &sealed)?);
            }
            Ok(earlier)
        };
        self.database.read(work).await
    }

    /// How many contacts an audience has, without a look at each: what its tags and its list count
    /// together, and never more than the tenant has.
    pub async fn estimate(&self, audience: &Audience) -> Result<Estimate, Error> {
        let audience = audience.clone();
        self.database
            .read(move |connection| estimate(connection, &audience))
            .await
    }

    /// The newest row of any contact.
    pub async fn last_row(&self) -> Result<u64, Error> {
        self.database.read(last_row).await
    }
}

/// What an audience is put together from, by number.
struct Parts {
    tags: Vec<i64>,
    list: Option<i64>,
}

impl Parts {
    /// None where nothing is known of the tenant. A tag that no contact ever had has no part; a list
    /// of another tenant neither.
    fn of(connection: &Connection, audience: &Audience) -> Result<Option<Parts>, Error> {
        let Some(tenant) = tenants::find(connection, &audience.tenant)? else {
            return Ok(None);
        };
        let mut tags = Vec::new();
        for name in &audience.tags {
            tags.extend(tagging::find(connection, tenant, name)?);
        }
        let list = audience.list.map(numbers::to);
        let own = |list: &i64| -> rusqlite::Result<bool> {
            connection
                .prepare_cached("SELECT 1 FROM lists WHERE list = ?1 AND tenant = ?2")?
                .exists([*list, tenant])
        };
        let list = match list {
            Some(list) if own(&list)? => Some(list),
            _ => None,
        };
        Ok(Some(Parts { tags, list }))
    }

    /// A query of the members, in order; none where nobody can belong to it.
    fn query(&self) -> Option<String> {
        let (rows, holds) = (self.rows()?, self.holds("d.row"));
        Some(format!(
            "SELECT c.row, c.id, c.personal, c.language, c.timezone, c.opted_out,
                EXISTS (SELECT 1 FROM contacts d
                        WHERE d.phone = c.phone AND d.row < c.row AND ({holds}))
             FROM ({rows}) AS r CROSS JOIN contacts c ON c.row = r.contact ORDER BY r.contact"
        ))
    }

    /// A query of the members before one that have its number, in order. It is asked of members
    /// alone, so that there is a part to belong to.
    fn earlier(&self) -> String {
        let holds = self.holds("d.row");
        format!(
            "SELECT d.row, d.id, d.personal, d.language, d.timezone, d.opted_out, 0
             FROM contacts c JOIN contacts d ON d.phone = c.phone AND d.row < c.row
             WHERE c.row = ?1 AND ({holds}) ORDER BY d.row LIMIT ?2"
        )
    }

    /// A query of the rows, in order. Each part alone comes in the order of its index, so that
    /// SQLite merges them and sorts nothing.
    fn rows(&self) -> Option<String> {
        let within = "AND contact > ?1 AND contact <= ?2";
        let tags = self.tags.iter();
        let parts =
            tags.map(|tag| format!("SELECT contact FROM tagged WHERE tag = {tag} {within}"));
        let list = self.list.iter();
        let list =
            list.map(|list| format!("SELECT contact FROM listed WHERE list = {list} {within}"));
        let parts: Vec<String> = parts.chain(list).collect();
        (!parts.is_empty()).then(|| format!("{} ORDER BY contact LIMIT ?3", parts.join(" UNION ")))
    }

    /// Whether a row belongs to it.
    fn holds(&self, row: &str) -> String {
        let tags = self.tags.iter().map(|tag| {
            format!("EXISTS (SELECT 1 FROM tagged WHERE tag = {tag} AND contact = {row})")
        });
        let list = self.list.iter().map(|list| {
            format!("EXISTS (SELECT 1 FROM listed WHERE list = {list} AND contact = {row})")
        });
        tags.chain(list).collect::<Vec<_>>().join(" OR ")
    }
}

fn members(
    connection: &Connection,
    parts: &Parts,
    walk: Walk,
    sealed: &Sealed<'_>,
) -> Result<Vec<Member>, Error> {
    let Some(query) = parts.query() else {
        return Ok(Vec::new());
    };
    let mut query = connection.prepare_cached(&query)?;
    let limit = numbers::to(walk.limit as u64);
    let rows = query.query([numbers::to(walk.after), numbers::to(walk.upto), limit])?;
    taken(rows, sealed)
}

fn taken(mut rows: Rows<'_>, sealed: &Sealed<'_>) -> Result<Vec<Member>, Error> {
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(1)?;
        let person = sealed.open(&id, row.get_ref(2)?.as_blob().unwrap_or_default())?;
        members.push(Member {
            row: numbers::of(row.get(0)?),
            id,
            number: person.number(),
            name: person.name,
            attributes: person.attributes,
            language: row.get(3)?,
            timezone: row.get(4)?,
            opted_out: row.get(5)?,
            duplicate: row.get(6)?,
        });
    }
    Ok(members)
}

/// The newest row of any contact.
pub(super) fn last_row(connection: &Connection) -> Result<u64, Error> {
    let newest: Option<i64> =
        connection.query_row("SELECT MAX(row) FROM contacts", [], |row| row.get(0))?;
    Ok(newest.unwrap_or_default().unsigned_abs())
}

/// How many contacts an audience has, without a look at each.
pub(super) fn estimate(connection: &Connection, audience: &Audience) -> Result<Estimate, Error> {
    let none = Estimate {
        contacts: 0,
        exact: true,
    };
    let Some(parts) = Parts::of(connection, audience)? else {
        return Ok(none);
    };
    let count = |sql: &str, of: i64| -> rusqlite::Result<u64> {
        let mut count = connection.prepare_cached(sql)?;
        count.query_row([of], |row| row.get(0)).map(numbers::of)
    };
    let mut contacts = 0;
    for tag in &parts.tags {
        contacts += count("SELECT contacts FROM tags WHERE tag = ?1", *tag)?;
    }
    if let Some(list) = parts.list {
        contacts += count("SELECT contacts FROM lists WHERE list = ?1", list)?;
    }
    let all: i64 = connection
        .prepare_cached("SELECT contacts FROM tenants WHERE name = ?1")?
        .query_row([audience.tenant.as_str()], |row| row.get(0))?;
    Ok(Estimate {
        contacts: contacts.min(numbers::of(all)),
        exact: parts.tags.len() + usize::from(parts.list.is_some()) < 2,
    })
}

/// How SQLite would walk an audience.
#[cfg(test)]
pub(super) fn plan(connection: &Connection, audience: &Audience) -> Result<String, Error> {
    let parts = Parts::of(connection, audience)?.expect("the tenant is known");
    let (query, mut plan) = (parts.query().unwrap_or_default(), String::new());
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
    let mut rows = explain.query([0, i64::MAX, 10])?;
    while let Some(row) = rows.next()? {
        plan.push_str(&row.get::<_, String>(3)?);
        plan.push('\n');
    }
    Ok(plan)
}
