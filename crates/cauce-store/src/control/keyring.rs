//! All keys in memory, and how they stand on disk.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use cauce_flow::{id::TenantId, time::Timestamp};
use parking_lot::RwLock;
use rusqlite::{Connection, Row, Transaction, params, types::Type};
use subtle::ConstantTimeEq;

use super::keys::{Key, KeyHash, ParseScopeError, tenant_text};
use crate::jobs::Scope;

/// All keys, in memory.
#[derive(Default)]
pub(super) struct Keyring {
    pub(super) known: RwLock<HashMap<KeyHash, Arc<Key>>>,
    pub(super) configured: RwLock<Option<(KeyHash, Arc<Key>)>>,
}

impl Keyring {
    /// Reads all keys again; the use of keys that were known already is carried over.
    pub(super) fn load(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT * FROM keys")?;
        let rows: Vec<(KeyHash, Key)> = statement
            .query_map([], read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut known = self.known.write();
        let fresh = rows.into_iter().map(|(hash, key)| {
            if let Some(before) = known.get(&hash) {
                key.last_used
                    .fetch_max(before.last_used.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            (hash, Arc::new(key))
        });
        *known = fresh.collect();
        Ok(())
    }

    /// The keys that were used, by their ids, with when that was last.
    pub(super) fn used(&self) -> Vec<(String, i64)> {
        let known = self.known.read();
        let uses = known
            .values()
            .map(|k| (k.id.clone(), k.last_used.load(Ordering::Relaxed)));
        uses.filter(|(_, at)| *at > 0).collect()
    }

    pub(super) fn find(&self, hash: &KeyHash) -> Option<Arc<Key>> {
        if let Some((own, key)) = &*self.configured.read()
            && bool::from(own.0.ct_eq(&hash.0))
        {
            return Some(Arc::clone(key));
        }
        let known = self.known.read();
        let (own, key) = known.get_key_value(hash)?;
        bool::from(own.0.ct_eq(&hash.0)).then(|| Arc::clone(key))
    }

    /// The key with this id, and the hash of it.
    pub(super) fn of_id(&self, id: &str) -> Option<(KeyHash, Arc<Key>)> {
        if let Some((hash, key)) = &*self.configured.read()
            && key.id == id
        {
            return Some((*hash, Arc::clone(key)));
        }
        let known = self.known.read();
        let (hash, key) = known.iter().find(|(_, key)| key.id == id)?;
        Some((*hash, Arc::clone(key)))
    }

    pub(super) fn put(&self, hash: KeyHash, key: Arc<Key>) {
        self.known.write().insert(hash, key);
    }
}

pub(super) fn insert(tx: &Transaction<'_>, hash: &KeyHash, key: &Key) -> rusqlite::Result<()> {
    let tenant = match &key.tenant {
        Scope::All => None,
        Scope::Tenant(tenant) => Some(tenant),
    };
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.execute(
        "INSERT INTO keys (id, hash, name, tenant, scopes, site, origins, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            key.id,
            hash.0,
            key.name,
            tenant_text(tenant),
            scopes.join(" "),
            key.site,
            key.origins.join(" "),
            key.created_at.as_millis(),
            key.expires_at.map(Timestamp::as_millis),
        ],
    )
    .map(drop)
}

/// Writes down when keys were last used.
pub(super) fn note_use(tx: &Transaction<'_>, used: &[(String, i64)]) -> rusqlite::Result<()> {
    let mut note = tx.prepare_cached(
        "UPDATE keys SET last_used_at = ?2 WHERE id = ?1 AND ifnull(last_used_at, 0) < ?2",
    )?;
    used.iter()
        .try_for_each(|(id, at)| note.execute(params![id, at]).map(drop))
}

fn read(row: &Row<'_>) -> rusqlite::Result<(KeyHash, Key)> {
    let tenant: String = row.get("tenant")?;
    let scopes: String = row.get("scopes")?;
    let origins: String = row.get("origins")?;
    let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
    let key = Key {
        id: row.get("id")?,
        name: row.get("name")?,
        tenant: match tenant.as_str() {
            "*" => Scope::All,
            name => Scope::Tenant(TenantId::new(name).map_err(|why| bad_column("tenant", why))?),
        },
        scopes: scopes
            .split_whitespace()
            .map(|scope| {
                scope
                    .parse()
                    .map_err(|why: ParseScopeError| bad_column("scopes", why))
            })
            .collect::<rusqlite::Result<_>>()?,
        site: row.get("site")?,
        origins: origins.split_whitespace().map(str::to_owned).collect(),
        created_at: Timestamp::from_millis(row.get("created_at")?),
        expires_at: time(row.get("expires_at")?),
        revoked_at: time(row.get("revoked_at")?),
        last_used: AtomicI64::new(row.get::<_, Option<i64>>("last_used_at")?.unwrap_or(0)),
    };
    Ok((KeyHash(row.get("hash")?), key))
}

fn bad_column(
    column: &'static str,
    why: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let index = if column == "tenant" { 3 } else { 4 };
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(why))
}
