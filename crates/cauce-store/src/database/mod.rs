//! One SQLite file: opened and brought up to date, written by one thread, read by a few.
//!
//! ```text
//! write --work--> bounded channel --> one thread: BEGIN IMMEDIATE, work, COMMIT (on disk), answer
//! read  --work--> a connection of its own out of a few, on a thread that may block
//! ```
//!
//! Commits go to a log beside the file; another thread (`checkpoint`) copies them to their places.
//!
//! A read that begins after the answer of a write sees it. Past the end of the channel a writer is
//! told so at once instead of waiting. [`Shared`] lets many writers share one commit.

mod checkpoint;
mod file;
mod readers;
mod shared;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

use self::{readers::Readers, writer::Writer};
pub(crate) use file::{make_private_new, open};
pub(crate) use readers::reader;
pub(crate) use shared::{Given, Shared};

/// Why a file was not opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened.
    #[error("cannot open {path}: {why}; hint: check that the folder exists and can be written")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The file was written by a newer Cauce.
    #[error(
        "{path} has version {found}, newer than {known}, the newest that this program knows; \
         hint: run the newer cauce that wrote it (nothing was changed)"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
}

/// Why work was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Too much waits.
    #[error("too many calls wait for the file")]
    Busy,
    /// SQLite could not do it.
    #[error("{0}")]
    Sqlite(Arc<str>),
    /// The file is closed.
    #[error("the file is closed")]
    Closed,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Sqlite(error.to_string().into())
    }
}

/// A handle to an open file. Clones share it.
#[derive(Clone)]
pub(crate) struct Database {
    writer: Writer,
    readers: Arc<Readers>,
}

impl Database {
    /// Opens a file, makes it where it is missing, and takes the steps that it lacks. The connection
    /// that writes is shown to `prepare` before any work.
    pub(crate) fn open<T, E: From<OpenError> + From<rusqlite::Error>>(
        path: &Path,
        steps: &[&str],
        prepare: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<(Database, T), E> {
        let mut connection = file::open::<E>(path, steps)?;
        let prepared = prepare(&mut connection)?;
        let writer = Writer::start(connection, path).map_err(|why| OpenError::Open {
            path: path.to_owned(),
            why: why.to_string(),
        })?;
        let readers = Arc::new(Readers::of(path));
        Ok((Database { writer, readers }, prepared))
    }

    /// Does work in one transaction, and answers after the commit is on disk. Work that fails leaves
    /// nothing.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        self.write_then(work, |_| {}).await
    }

    /// The same, and between the commit and the next work does what has to follow it in memory.
    pub(crate) async fn write_then<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        self.on_writer(move |connection| {
            let done = writer::transact(connection, work);
            if let Ok(value) = &done {
                then(value);
            }
            done
        })
        .await
    }

    /// Does work in one transaction, which is whole or not at all also after a loss of power, and on disk
    /// no later than that of the next [`write`](Database::write).
    pub(crate) async fn write_soon<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        self.on_writer(move |connection| writer::transact_soon(connection, work))
            .await
    }

    /// Copies all of the log to its places and empties it: what was written over stands in it until
    /// then. Where somebody reads for seconds on end, it stays until the log begins anew.
    pub(crate) async fn empty_log(&self) -> Result<(), Failure> {
        self.on_writer(|connection| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let is_busy: bool = connection.query_row(sql, [], |row| row.get(0))?;
            if is_busy {
                tracing::warn!("a log is being read and was not emptied; hint: erase once more");
            }
            Ok(())
        })
        .await
    }

    async fn on_writer<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Box::new(move |connection| {
            // The caller may have gone; the work is done all the same.
            let _ = answer.send(work(connection));
        }))?;
        answered.await.map_err(|_| Failure::Closed)?
    }

    /// Looks something up, as of one moment.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// Copies everything of a file, as of one moment, into a new file that its owner alone can read.
    /// Another process may have it open.
    pub(crate) async fn copy<E>(from: &Path, to: &Path) -> Result<(), E>
    where
        E: From<OpenError> + From<Failure>,
    {
        let unusable = |why: String| OpenError::Open {
            path: to.to_owned(),
            why,
        };
        make_private_new(to).map_err(|why| unusable(why.to_string()))?;
        let path = to
            .to_str()
            .ok_or_else(|| unusable("the path is not UTF-8".to_owned()))?;
        let (from, path) = (from.to_owned(), path.to_owned());
        let copied = tokio::task::spawn_blocking(move || readers::copy(&from, &path));
        Ok(copied.await.unwrap_or(Err(Failure::Closed))?)
    }

    /// Finishes what waits and closes the file.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
    }
}

#[cfg(test)]
mod tests;
