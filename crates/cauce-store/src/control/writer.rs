//! The one thread that touches the database file.
//!
//! Work comes in through a bounded channel; past its end a caller is told so at once instead of
//! waiting. Between two pieces of work the thread looks whether another process has changed the
//! keys, and now and then writes down when keys were last used.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    Error,
    keyring::{self, Keyring},
};

/// Pieces of work that may wait.
const MAX_WAITING: usize = 1_024;
/// How soon a change by another process is seen.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How coarse the time of last use on disk is.
const NOTE_USE_EVERY: Duration = Duration::from_secs(60);

/// A piece of work on the database.
pub(super) type Work = Box<dyn FnOnce(&mut Connection) + Send>;

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
    pub(super) fn start(connection: Connection, keyring: Arc<Keyring>) -> io::Result<Writer> {
        let (inputs, received) = sync_channel(MAX_WAITING);
        thread::Builder::new()
            .name("cauce-control".to_owned())
            .spawn(move || {
                Loop {
                    connection,
                    keyring,
                }
                .run(&received)
            })?;
        Ok(Writer { inputs })
    }

    pub(super) fn send(&self, work: Work) -> Result<(), Error> {
        self.inputs
            .try_send(Input::Work(work))
            .map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
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

/// Runs work in a transaction that has the write lock from its start.
pub(super) fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}

struct Loop {
    connection: Connection,
    keyring: Arc<Keyring>,
}

impl Loop {
    fn run(mut self, inputs: &Receiver<Input>) {
        // The first look reads the keys again: they may have changed since they were read.
        let mut seen = None;
        let mut look_at = Instant::now() + LOOK_EVERY;
        let mut note_at = Instant::now() + NOTE_USE_EVERY;
        let closing = loop {
            match inputs.recv_timeout(look_at.saturating_duration_since(Instant::now())) {
                Ok(Input::Work(work)) => work(&mut self.connection),
                Ok(Input::Close(done)) => break Some(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            let now = Instant::now();
            if now >= look_at {
                look_at = now + LOOK_EVERY;
                seen = self.look(seen);
            }
            if now >= note_at {
                note_at = now + NOTE_USE_EVERY;
                self.note_use();
            }
        };
        self.note_use();
        drop(self.connection);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// A number that changes when another connection commits
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
    fn data_version(&self) -> Option<i64> {
        self.connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .ok()
    }

    fn look(&self, seen: Option<i64>) -> Option<i64> {
        let found = self.data_version();
        if found == seen {
            return seen;
        }
        match self.keyring.load(&self.connection) {
            Ok(()) => found,
            Err(error) => {
                tracing::warn!(%error, "cannot read the keys again; trying once more in a second");
                seen
            }
        }
    }

    fn note_use(&mut self) {
        let used = self.keyring.used();
        if used.is_empty() {
            return;
        }
        let noted = transact(&mut self.connection, |tx| keyring::note_use(tx, &used));
        if let Err(error) = noted {
            tracing::warn!(%error, "cannot write down when keys were last used");
        }
    }
}
