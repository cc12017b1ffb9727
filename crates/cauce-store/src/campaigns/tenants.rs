//! Tenants by number: what is stored a million times is short.

use cauce_flow::id::TenantId;
use rusqlite::{Connection, OptionalExtension, Transaction};

/// The number of a tenant; none where nothing is known of it.
pub(super) fn find(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT tenant FROM tenants WHERE name = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))
        .optional()
}

/// The number of a tenant, a new one where nothing was known of it.
pub(super) fn number(tx: &Transaction<'_>, tenant: &TenantId) -> rusqlite::Result<i64> {
    if let Some(known) = find(tx, tenant)? {
        return Ok(known);
    }
    tx.prepare_cached("INSERT INTO tenants (name) VALUES (?1)")?
        .execute([tenant.as_str()])?;
    Ok(tx.last_insert_rowid())
}

/// Counts contacts that have come, or gone where it is negative.
pub(super) fn count(tx: &Transaction<'_>, tenant: i64, more: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tenants SET contacts = contacts + ?2 WHERE tenant = ?1")?
        .execute([tenant, more])
        .map(drop)
}
