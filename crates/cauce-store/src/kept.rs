//! States of sessions, kept across restarts so that they need not be asked for again.
//!
//! It is a cache in a file, and the truth about nothing: what the backend has to be told stands in
//! the job store. So the file is made anew where it cannot be read. But what it holds is never older
//! than what was acknowledged: a write is with the system when its call answers and survives the
//! process; only a power cut may take the last ones.
//!
//! One thread touches the file. It takes all that waits into one transaction.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

/// The name of the file in the data folder.
pub const FILE: &str = "sessions.db";

/// Calls that may wait.
const MAX_WAITING: usize = 4_096;
/// Calls in one transaction.
const MAX_BATCH: usize = 512;
const VERSION: u32 = 1;

/// Whose state it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: Arc<str>,
}

/// One state of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it is; none where it is known that there is nothing.
    pub text: Option<Arc<str>>,
    /// Since when.
    pub at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// Its place in the order of what was accepted; 0 for what was asked for.
    pub sequence: u64,
}

/// States by their kind.
pub type States = BTreeMap<u8, Held>;

/// Why a call was not carried out. The cache is without it then, and nothing else.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Too much waits.
    #[error("the kept sessions have too many calls waiting")]
    Busy,
    /// SQLite could not do it.
    #[error("the kept sessions failed: {0}")]
    Database(Arc<str>),
    /// It is closed.
    #[error("the kept sessions are closed")]
    Closed,
}

enum Call {
    Put(Name, Vec<(u8, Held)>, oneshot::Sender<Result<(), Error>>),
    Remove(Name, oneshot::Sender<Result<(), Error>>),
    Get(Name, oneshot::Sender<Result<States, Error>>),
    Prune(Timestamp),
    Close(oneshot::Sender<()>),
}

/// A handle to the kept sessions. Clones share them.
#[derive(Clone)]
pub struct Kept {
    calls: SyncSender<Call>,
}

impl Kept {
    /// Opens the file of a data folder, or makes it anew.
    pub fn open(data_dir: &Path) -> io::Result<Kept> {
        let path = data_dir.join(FILE);
        let connection = match open(&path) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "the kept sessions cannot be read and are made anew");
                remove(&path)?;
                open(&path).map_err(io::Error::other)?
            }
        };
        let (calls, received) = sync_channel(MAX_WAITING);
        thread::Builder::new()
            .name("cauce-sessions".to_owned())
            .spawn(move || run(connection, &received))?;
        Ok(Kept { calls })
    }

    /// Keeps states of a session, each only where none is kept that was accepted later.
    pub async fn put(&self, name: Name, states: Vec<(u8, Held)>) -> Result<(), Error> {
        self.ask(|answer| Call::Put(name, states, answer)).await?
    }

    /// Forgets a session.
    pub async fn remove(&self, name: Name) -> Result<(), Error> {
        self.ask(|answer| Call::Remove(name, answer)).await?
    }

    /// What is kept of a session.
    pub async fn get(&self, name: Name) -> Result<States, Error> {
        self.ask(|answer| Call::Get(name, answer)).await?
    }

    /// Forgets what was good until before then.
    pub fn prune(&self, before: Timestamp) {
        // The next time will do as well.
        let _ = self.calls.try_send(Call::Prune(before));
    }

    /// Finishes what waits and closes the file.
    pub async fn close(&self) {
        let _ = self.ask(Call::Close).await;
    }

    async fn ask<T>(&self, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.calls
            .try_send(call(answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            })?;
        answered.await.map_err(|_| Error::Closed)
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

fn run(mut connection: Connection, calls: &Receiver<Call>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while let Ok(first) = calls.recv() {
        batch.push(first);
        batch.extend(calls.try_iter().take(MAX_BATCH - 1));
        let done = carry_out(&mut connection, &batch);
        for call in batch.drain(..) {
            let told = |error: &rusqlite::Error| Error::Database(error.to_string().into());
            let done = done.as_ref().map(|_| ()).map_err(told);
            // Whoever asked may be gone.
            match call {
                Call::Put(_, _, answer) | Call::Remove(_, answer) => drop(answer.send(done)),
                Call::Get(name, answer) => {
                    drop(answer.send(read(&connection, &name).map_err(|e| told(&e))));
                }
                Call::Prune(_) => {}
                Call::Close(answer) => {
                    drop(connection);
                    let _ = answer.send(());
                    return;
                }
            }
        }
    }
}

fn carry_out(connection: &mut Connection, batch: &[Call]) -> rusqlite::Result<()> {
    let writes = |call: &Call| matches!(call, Call::Put(..) | Call::Remove(..) | Call::Prune(_));
    if !batch.iter().any(writes) {
        return Ok(());
    }
    let tx = connection.transaction()?;
    for call in batch {
        match call {
            Call::Put(name, states, _) => states.iter().try_for_each(|(kind, held)| {
                let mut put = tx.prepare_cached(
                    "INSERT INTO states VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT DO UPDATE SET text = excluded.text, at = excluded.at,
                        until = excluded.until, sequence = excluded.sequence
                     WHERE excluded.sequence >= states.sequence OR excluded.at >= states.until",
                )?;
                let (tenant, session) = (name.tenant.as_str(), &*name.session);
                let (at, until) = (held.at.as_millis(), held.until.as_millis());
                let text = held.text.as_deref();
                put.execute(params![
                    tenant,
                    session,
                    kind,
                    text,
                    at,
                    until,
                    held.sequence as i64
                ])
                .map(drop)
            })?,
            Call::Remove(name, _) => {
                let mut remove =
                    tx.prepare_cached("DELETE FROM states WHERE tenant = ?1 AND session = ?2")?;
                remove.execute(params![name.tenant.as_str(), &*name.session])?;
            }
            Call::Prune(before) => {
                tx.execute("DELETE FROM states WHERE until < ?1", [before.as_millis()])?;
            }
            Call::Get(..) | Call::Close(_) => {}
        }
    }
    tx.commit()
}

fn read(connection: &Connection, name: &Name) -> rusqlite::Result<States> {
    let mut get = connection.prepare_cached(
        "SELECT kind, text, at, until, sequence FROM states WHERE tenant = ?1 AND session = ?2",
    )?;
    let rows = get.query_map(params![name.tenant.as_str(), &*name.session], |row| {
        let text: Option<String> = row.get(1)?;
        let held = Held {
            text: text.map(Arc::from),
            at: Timestamp::from_millis(row.get(2)?),
            until: Timestamp::from_millis(row.get(3)?),
            sequence: row.get::<_, i64>(4)? as u64,
        };
        Ok((row.get(0)?, held))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests;
