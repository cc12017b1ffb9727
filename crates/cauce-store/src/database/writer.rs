//! The one thread that writes.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Failure, checkpoint::Checkpointer};

/// Pieces of work that may wait.
const MAX_WAITING: usize = 1_024;
/// Prepared statements that are kept: more than any file here has.
const MAX_STATEMENTS: usize = 128;

/// Memory for pages. Hashes come in no order, so an index is written all over: with SQLite's own
/// 2 MB every row of an import would read and write a page.
const CACHE_KIB: i64 = 16 << 10;

/// A piece of work on the database.
type Work = Box<dyn FnOnce(&mut Connection) + Send>;

enum Input {
    Work(Work),
    Close(oneshot::Sender<()>),
}

/// The way to the thread. The thread ends when the last handle is gone.
#[derive(Clone)]
pub(super) struct Writer {
    inputs: SyncSender<Input>,
}

impl Writer {
    pub(super) fn start(mut connection: Connection, path: &Path) -> io::Result<Writer> {
        connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
        let set = connection.pragma_update(None, "cache_size", -CACHE_KIB);
        set.map_err(io::Error::other)?;
        let checkpointer = Checkpointer::start(&mut connection, path)?;
        let (inputs, received) = sync_channel(MAX_WAITING);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        thread::Builder::new()
            .name(format!("cauce-{name}"))
            .spawn(move || {
                let closed = run(connection, &received);
                checkpointer.join();
                // Whoever closes it may be gone.
                let _ = closed.map(|closed| closed.send(()));
            })?;
        Ok(Writer { inputs })
    }

    pub(super) fn send(&self, work: Work) -> Result<(), Failure> {
        let sent = self.inputs.try_send(Input::Work(work));
        sent.map_err(|error| match error {
            TrySendError::Full(_) => Failure::Busy,
            TrySendError::Disconnected(_) => Failure::Closed,
        })
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let mut input = Input::Close(done);
        while let Err(TrySendError::Full(again)) = self.inputs.try_send(input) {
            input = again;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // An error means that the thread has ended already, which is what was wanted.
        let _ = closed.await;
    }
}

/// Works until the file is to be closed, and answers whom to tell of that.
fn run(mut connection: Connection, inputs: &Receiver<Input>) -> Option<oneshot::Sender<()>> {
    while let Ok(input) = inputs.recv() {
        match input {
            // A panic rolls its transaction back, and harms nobody else. The hook that the process
            // has set says what it was; whoever waits for the answer is told that there is none.
            Input::Work(work) => {
                if catch_unwind(AssertUnwindSafe(|| work(&mut connection))).is_err() {
                    // It may have been on its way to the disk with less haste than others.
                    let _ = safe(&connection);
                }
            }
            Input::Close(done) => return Some(done),
        }
    }
    None
}

/// Runs work in a transaction that does not wait for the disk. The log is one file: when the next one
/// has it synced, this one is on disk with it.
pub(super) fn transact_soon<T, E: From<rusqlite::Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let done = transact(connection, work);
    safe(connection)?;
    done
}

/// Has every commit wait for the disk, as `file` has opened it.
fn safe(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")
}

/// Runs work in a transaction that has the write lock from its start.
pub(super) fn transact<T, E: From<rusqlite::Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}
