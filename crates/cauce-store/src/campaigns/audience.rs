//! Who a campaign is for, walked in the order of rows.
//!
//! A walk holds one page at a time, however large the audience is: each tag and the list are read
//! in the order of their rows, and merged.

use cauce_flow::id::TenantId;
use rusqlite::Connection;

use super::{
    Campaigns, Error, numbers,
    page::{Member, Page},
    tagging, tenants, walks,
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
    /// The campaign whose audience it is, so that contacts that were changed since its start are
    /// told apart.
    pub campaign: Option<u64>,
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

/// Members with the number of a later one that are told at most.
pub const MAX_EARLIER: usize = 20;

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
        self.page(audience, walk).await?.open()
    }

    /// The same, with what is encrypted of them still to be read.
    pub async fn page(&self, audience: &Audience, walk: Walk) -> Result<Page, Error> {
        let mut page = Page::new(&self.personal, &audience.tenant);
        let audience = audience.clone();
        let work = move |connection: &Connection| -> Result<Page, Error> {
            if let Some(parts) = Parts::of(connection, &audience)? {
                members(connection, &parts, walk, &mut page)?;
            }
            Ok(page)
        };
        self.database.read(work).await
    }

    /// Of each of these members, those with lower rows that have the same number; the first
    /// [`MAX_EARLIER`] of them.
    pub async fn earlier(
        &self,
        audience: &Audience,
        rows: Vec<u64>,
    ) -> Result<Vec<Vec<Member>>, Error> {
        let (personal, audience) = (self.personal.clone(), audience.clone());
        let work = move |connection: &Connection| -> Result<Vec<Vec<Member>>, Error> {
            let Some(parts) = Parts::of(connection, &audience)? else {
                return Ok(vec![Vec::new(); rows.len()]);
            };
            let mut query = connection.prepare_cached(&parts.earlier())?;
            let mut earlier = Vec::with_capacity(rows.len());
            let most = numbers::to(MAX_EARLIER as u64);
            for row in rows {
                let mut page = Page::new(&personal, &audience.tenant);
                page.take(query.query([numbers::to(row), most])?)?;
                earlier.push(page.open()?);
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
    /// The campaign, where contacts were changed since its start.
    touched: Option<u64>,
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
        let touched = match audience.campaign {
            Some(campaign) if walks::has_touched(connection, campaign)? => Some(campaign),
            _ => None,
        };
        Ok(Some(Parts {
            tags,
            list,
            touched,
        }))
    }

    /// A query of the members, in order; none where nobody can belong to it.
    fn query(&self) -> Option<String> {
        let (rows, holds) = (self.rows()?, self.holds("d.row"));
        let touched = match self.touched {
            None => "0".to_owned(),
            Some(campaign) => format!(
                "EXISTS (SELECT 1 FROM touched WHERE campaign = {campaign} AND phone = c.phone)"
            ),
        };
        Some(format!(
            "SELECT c.row, c.id, c.personal, c.language, c.timezone, c.opted_out,
                EXISTS (SELECT 1 FROM contacts d
                        WHERE d.phone = c.phone AND d.row < c.row AND ({holds})),
                {touched}
             FROM ({rows}) AS r CROSS JOIN contacts c ON c.row = r.contact ORDER BY r.contact"
        ))
    }

    /// A query of the members before one that have its number, in order. It is asked of members
    /// alone, so that there is a part to belong to.
    fn earlier(&self) -> String {
        let holds = self.holds("d.row");
        format!(
            "SELECT d.row, d.id, d.personal, d.language, d.timezone, d.opted_out, 0, 0
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
    page: &mut Page,
) -> Result<(), Error> {
    let Some(query) = parts.query() else {
        return Ok(());
    };
    let mut query = connection.prepare_cached(&query)?;
    let limit = numbers::to(walk.limit as u64);
    page.take(query.query([numbers::to(walk.after), numbers::to(walk.upto), limit])?)
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
