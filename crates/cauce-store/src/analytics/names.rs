//! Names as numbers: written once, and counted by number.

use rusqlite::{Connection, OptionalExtension, params};

/// What a name is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Tenant = 0,
    Campaign = 1,
    Variant = 2,
    /// The kind of a message.
    Type = 3,
    Error = 4,
    EndedBy = 5,
    Channel = 6,
}

/// Names of one space and tenant; what comes after is counted together under [`OTHER`].
const MAX_LABELS: i64 = 1_000;
/// Of all campaigns together: a variant is called alike in many of them.
const MAX_VARIANTS: i64 = 100_000;
const MAX_CAMPAIGNS: i64 = 100_000;
/// The name of everything past the limit.
pub(super) const OTHER: &str = "(other)";

impl Space {
    const fn max_names(self) -> i64 {
        match self {
            Space::Tenant => i64::MAX,
            Space::Campaign => MAX_CAMPAIGNS,
            Space::Variant => MAX_VARIANTS,
            Space::Type | Space::Error | Space::EndedBy | Space::Channel => MAX_LABELS,
        }
    }
}

/// The number of a name, if it has one.
pub(super) fn find(
    connection: &Connection,
    tenant: i64,
    space: Space,
    text: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM names WHERE tenant = ?1 AND space = ?2 AND text = ?3")?
        .query_row(params![tenant, space as i64, text], |row| row.get(0))
        .optional()
}

/// The number of a name, which is given one where it has none.
pub(super) fn number(
    connection: &Connection,
    tenant: i64,
    space: Space,
    text: &str,
) -> rusqlite::Result<i64> {
    if let Some(known) = find(connection, tenant, space, text)? {
        return Ok(known);
    }
    if count(connection, tenant, space)? >= space.max_names() && text != OTHER {
        return number(connection, tenant, space, OTHER);
    }
    connection
        .prepare_cached("INSERT INTO names (tenant, space, text) VALUES (?1, ?2, ?3)")?
        .execute(params![tenant, space as i64, text])?;
    let number = connection.last_insert_rowid();
    connection
        .prepare_cached(
            "INSERT INTO name_counts VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET count = count + 1",
        )?
        .execute(params![tenant, space as i64])?;
    Ok(number)
}

fn count(connection: &Connection, tenant: i64, space: Space) -> rusqlite::Result<i64> {
    let count = connection
        .prepare_cached("SELECT count FROM name_counts WHERE tenant = ?1 AND space = ?2")?
        .query_row(params![tenant, space as i64], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

/// The name with a number; empty for none.
pub(super) fn text(connection: &Connection, id: u32) -> rusqlite::Result<String> {
    let found = connection
        .prepare_cached("SELECT text FROM names WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}
