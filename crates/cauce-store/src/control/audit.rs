//! Who did what, when, and how it ended. Every control action leaves an entry.

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{Row, Transaction, params};

use super::{Control, Error, keys::tenant_text};
use crate::jobs::Scope;

/// Entries that are kept; the oldest go first.
const MAX_ENTRIES: i64 = 1_000_000;

/// Something that was done, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The id of the key that asked for it; `cli` and the like where there is none.
    pub key_id: String,
    /// The name of that key.
    pub key_name: String,
    /// Whose things it was done to; none for everybody's.
    pub tenant: Option<TenantId>,
    /// What was done: `queue.pause`, `key.create`, …
    pub verb: String,
    /// What it was done to: `meta`, `key_…`, …
    pub object: String,
    /// How it ended: `ok`, or the code of the error.
    pub outcome: String,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When it was done.
    pub at: Timestamp,
    /// What was done.
    pub action: Action,
}

impl Control {
    /// Writes down what was done.
    pub async fn record(&self, action: Action, now: Timestamp) -> Result<(), Error> {
        self.run(move |tx| insert(tx, &action, now)).await
    }

    /// Entries of the scope, newest first: at most `limit`, and only those before `before`.
    pub async fn audit(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let tenant = match scope {
            Scope::All => None,
            Scope::Tenant(tenant) => Some(tenant.to_string()),
        };
        let before = before.unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(move |tx| {
            // Two statements, so that each is served by one index from its end.
            let sql = match tenant {
                None => {
                    "SELECT * FROM audit WHERE ?1 IS NULL AND id < ?2 ORDER BY id DESC LIMIT ?3"
                }
                Some(_) => {
                    "SELECT * FROM audit WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
                }
            };
            tx.prepare_cached(sql)?
                .query_map(params![tenant, before, limit], read)?
                .collect()
        })
        .await
    }
}

fn insert(tx: &Transaction<'_>, action: &Action, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO audit (at, key_id, key_name, tenant, verb, object, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        now.as_millis(),
        action.key_id,
        action.key_name,
        tenant_text(action.tenant.as_ref()),
        action.verb,
        action.object,
        action.outcome,
    ])
    .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let tenant: String = row.get("tenant")?;
    Ok(Entry {
        id: row.get("id")?,
        at: Timestamp::from_millis(row.get("at")?),
        action: Action {
            key_id: row.get("key_id")?,
            key_name: row.get("key_name")?,
            // Only checked names are written, and `*` is not one.
            tenant: TenantId::new(&tenant).ok(),
            verb: row.get("verb")?,
            object: row.get("object")?,
            outcome: row.get("outcome")?,
        },
    })
}

pub(super) fn prune(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    let gone = tx.execute(
        "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
        [MAX_ENTRIES],
    )?;
    Ok(gone as u64)
}
