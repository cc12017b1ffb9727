//! The file itself: who may read it, how safe a commit is, and its version.
//!
//! `PRAGMA user_version` counts the steps that were taken. A step is never changed once released:
//! a new one is added at the end.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use rusqlite::Connection;

use super::OpenError;

/// How long to wait for another process that is writing, the command line say.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, refuses a newer one, takes the missing steps.
pub(crate) fn open<E>(path: &Path, steps: &[&str]) -> Result<Connection, E>
where
    E: From<OpenError> + From<rusqlite::Error>,
{
    let cannot = |why: String| OpenError::Open {
        path: path.to_owned(),
        why,
    };
    make_private(path).map_err(|why| cannot(why.to_string()))?;
    let mut connection = Connection::open(path).map_err(|why| cannot(why.to_string()))?;
    connection.busy_timeout(BUSY)?;
    // The version is read before anything else, so that a newer file is left as it is.
    let found = version(&connection).map_err(|why| cannot(why.to_string()))?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        let newer = OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        };
        return Err(newer.into());
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    take_steps(&mut connection, steps)?;
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
pub(crate) fn make_private_new(path: &Path) -> io::Result<()> {
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
fn take_steps(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    for (step, number) in steps.iter().zip(1u32..) {
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if version(&tx)? < number {
            tx.execute_batch(step)?;
            tx.pragma_update(None, "user_version", number)?;
        }
        tx.commit()?;
    }
    Ok(())
}
