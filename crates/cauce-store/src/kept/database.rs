//! The database of what is kept of sessions: one table.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use cauce_flow::time::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::{Held, Name, States, change::Change};

/// The name of the file in the data folder.
pub const FILE: &str = "sessions.db";

const VERSION: u32 = 1;

/// The database.
pub(super) struct Database(Connection);

impl Database {
    /// Opens the file of a data folder, or makes it anew where it cannot be read.
    pub(super) fn open(data_dir: &Path) -> io::Result<Database> {
        let path = data_dir.join(FILE);
        let opened = match open(&path) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "the kept sessions cannot be read and are made anew");
                remove(&path)?;
                open(&path).map_err(io::Error::other)?
            }
        };
        Ok(Database(opened))
    }

    /// Writes changes in one transaction.
    pub(super) fn save(&mut self, changes: &BTreeMap<Name, Change>) -> rusqlite::Result<()> {
        let tx = self.0.transaction()?;
        for (name, change) in changes {
            if change.anew {
                let mut remove =
                    tx.prepare_cached("DELETE FROM states WHERE tenant = ?1 AND session = ?2")?;
                remove.execute(params![name.tenant.as_str(), &*name.session])?;
            }
            put(&tx, name, &change.states)?;
        }
        tx.commit()
    }

    /// What is kept of a session.
    pub(super) fn get(&self, name: &Name) -> rusqlite::Result<States> {
        let mut get = self.0.prepare_cached(
            "SELECT kind, text, at, until, sequence FROM states WHERE tenant = ?1 AND session = ?2",
        )?;
        let rows = get.query_map(params![name.tenant.as_str(), &*name.session], |row| {
            let text: Option<String> = row.get(1)?;
            let held = Held {
                text: text.map(Arc::from),
                at: Timestamp::from_millis(row.get(2)?),
                until: Timestamp::from_millis(row.get(3)?),
                sequence: row.get::<_, i64>(4)?.cast_unsigned(),
            };
            Ok((row.get(0)?, held))
        })?;
        rows.collect()
    }

    /// Forgets what was good until before then.
    pub(super) fn prune(&self, before: Timestamp) -> rusqlite::Result<()> {
        let old = "DELETE FROM states WHERE until < ?1";
        self.0.execute(old, [before.as_millis()]).map(drop)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(rusqlite::Error::InvalidQuery);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit is with the system, which is enough for a cache that only the power may shorten.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS states (
            tenant TEXT NOT NULL, session TEXT NOT NULL, kind INTEGER NOT NULL,
            text TEXT, at INTEGER NOT NULL, until INTEGER NOT NULL, sequence INTEGER NOT NULL,
            PRIMARY KEY (tenant, session, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS states_by_age ON states (until);",
    )?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok(connection)
}

fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The rule of [`Held::replaces`], in SQL.
fn put(tx: &Transaction<'_>, name: &Name, states: &States) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO states VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET text = excluded.text, at = excluded.at,
            until = excluded.until, sequence = excluded.sequence
         WHERE excluded.sequence >= states.sequence OR excluded.at >= states.until",
    )?;
    for (kind, held) in states {
        put.execute(params![
            name.tenant.as_str(),
            &*name.session,
            kind,
            held.text.as_deref(),
            held.at.as_millis(),
            held.until.as_millis(),
            held.sequence.cast_signed()
        ])?;
    }
    Ok(())
}
