//! The tables of the control store and the steps that lead from one version to the next.
//!
//! `PRAGMA user_version` counts the steps that were taken. A step is never changed once released:
//! a new one is added at the end.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use rusqlite::Connection;

use super::Error;

/// How long to wait for another process that is writing, the command line say.
const BUSY: Duration = Duration::from_secs(5);

const STEPS: &[&str] = &[
    "
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        tenant TEXT NOT NULL,
        scopes TEXT NOT NULL,
        site TEXT,
        origins TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER,
        last_used_at INTEGER
    ) STRICT;

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        key_id TEXT NOT NULL,
        key_name TEXT NOT NULL,
        tenant TEXT NOT NULL,
        verb TEXT NOT NULL,
        object TEXT NOT NULL,
        outcome TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_by_tenant ON audit (tenant, id);

    CREATE TABLE answers (
        owner TEXT NOT NULL,
        route TEXT NOT NULL,
        key TEXT NOT NULL,
        body_hash BLOB NOT NULL,
        status INTEGER NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (owner, route, key)
    ) STRICT;
    CREATE INDEX answers_by_age ON answers (at);

    CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE rollups (
        step INTEGER NOT NULL,
        start INTEGER NOT NULL,
        queue TEXT NOT NULL,
        tenant TEXT NOT NULL,
        sums BLOB NOT NULL,
        PRIMARY KEY (step, start, queue, tenant)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rollups_through (
        log INTEGER PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT;
",
    "ALTER TABLE answers ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;",
];

/// Opens the file, refuses a newer one, takes the missing steps.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let cannot = |why: String| Error::Open {
        path: path.to_owned(),
        why,
    };
    make_private(path).map_err(|why| cannot(why.to_string()))?;
    let mut connection = Connection::open(path).map_err(|why| cannot(why.to_string()))?;
    connection.busy_timeout(BUSY)?;
    // The version is read before anything else, so that a newer file is left as it is.
    let found = version(&connection).map_err(|why| cannot(why.to_string()))?;
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    take_steps(&mut connection)?;
    Ok(connection)
}

/// Makes a missing file, readable by its owner alone; SQLite gives its side files the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Makes a file that must not be there yet, readable by its owner alone.
pub(super) fn make_private_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes each missing step in a transaction of its own. Another process may do the same at the
/// same time, so the version is read again inside the transaction.
fn take_steps(connection: &mut Connection) -> rusqlite::Result<()> {
    for (step, number) in STEPS.iter().zip(1u32..) {
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if version(&tx)? < number {
            tx.execute_batch(step)?;
            tx.pragma_update(None, "user_version", number)?;
        }
        tx.commit()?;
    }
    Ok(())
}
