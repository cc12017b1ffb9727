//! A few connections that only read. They are opened when they are first needed, and see a state
//! that does not change while they look.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::Failure;

/// Reads at the same time; further ones wait.
const MAX_READERS: usize = 4;
const MAX_STATEMENTS: usize = 64;
/// Memory for pages of each. A walk over contacts looks each of their numbers up, and these come in
/// no order.
const CACHE_KIB: i64 = 16 << 10;

pub(super) struct Readers {
    path: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn of(path: &Path) -> Readers {
        Readers {
            path: path.to_owned(),
            turns: Semaphore::new(MAX_READERS),
            idle: Mutex::default(),
        }
    }

    pub(super) async fn read<T, E>(
        self: &Arc<Readers>,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        let readers = Arc::clone(self);
        // Work on a thread that may block ends by itself: its turn goes with it, not with the caller.
        let looked = async move {
            let Ok(_turn) = readers.turns.acquire().await else {
                return Err(Failure::Closed.into());
            };
            let of = Arc::clone(&readers);
            let looked = tokio::task::spawn_blocking(move || of.look(work)).await;
            looked.unwrap_or_else(|_| Err(Failure::Closed.into()))
        };
        tokio::spawn(looked)
            .await
            .unwrap_or_else(|_| Err(Failure::Closed.into()))
    }

    fn look<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.path)?,
        };
        let tx = connection.unchecked_transaction()?;
        let looked = work(&tx);
        tx.finish()?;
        if !self.turns.is_closed() {
            self.idle.lock().push(connection);
        }
        looked
    }

    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().clear();
    }
}

/// A connection that reads.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Copies everything, as of one moment, into an empty file.
pub(super) fn copy(from: &Path, to: &str) -> Result<(), Failure> {
    connect(from)?.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}
