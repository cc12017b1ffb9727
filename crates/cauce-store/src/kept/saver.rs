//! The thread that touches the database.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use cauce_flow::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Error, Name, States, database::Database, unsaved::Unsaved};

/// How long a change stays in the journal alone.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// What the thread is asked.
pub(super) enum Call {
    /// Something is to be saved: soon, or at once where the journal is full.
    Changed,
    Get(Name, oneshot::Sender<Result<States, Error>>),
    Prune(Timestamp),
    Close(oneshot::Sender<()>),
}

/// The thread that touches the database.
pub(super) struct Saver {
    database: Database,
    unsaved: Arc<Mutex<Unsaved>>,
    save_at: Option<Instant>,
}

impl Saver {
    pub(super) fn new(database: Database, unsaved: Arc<Mutex<Unsaved>>) -> Saver {
        Saver {
            database,
            unsaved,
            save_at: None,
        }
    }

    /// Answers calls, and saves once in a while. A process that ends without closing leaves what is
    /// unsaved in the journal.
    pub(super) fn run(mut self, calls: &Receiver<Call>) {
        loop {
            let call = match self.save_at {
                None => calls.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => calls.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match call {
                Ok(Call::Close(done)) => return self.close(done),
                Ok(call) => self.obey(call),
                Err(RecvTimeoutError::Timeout) => self.save(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn obey(&mut self, call: Call) {
        match call {
            Call::Changed => {}
            Call::Get(name, answer) => {
                // Whoever asked may be gone.
                let _ = answer.send(self.get(&name));
            }
            Call::Prune(before) => {
                if let Err(error) = self.database.prune(before) {
                    tracing::warn!(%error, "old states of sessions could not be forgotten");
                }
            }
            Call::Close(_) => unreachable!("`run` ends on it"),
        }
        let (is_empty, is_full) = {
            let unsaved = self.unsaved.lock();
            (unsaved.is_empty(), unsaved.is_full())
        };
        if is_full {
            self.save();
        } else if self.save_at.is_none() && !is_empty {
            self.save_at = Some(Instant::now() + SAVE_AFTER);
        }
    }

    fn get(&self, name: &Name) -> Result<States, Error> {
        let found = self.database.get(name);
        let mut states = found.map_err(|error| Error::Database(error.to_string().into()))?;
        // Nothing moves from memory to the database meanwhile: that is this thread's work.
        self.unsaved.lock().lay_over(name, &mut states);
        Ok(states)
    }

    /// Writes what has changed into the database. Where that fails, it stays in memory and in its
    /// journal, and is tried again.
    pub(super) fn save(&mut self) {
        self.save_at = None;
        let taken = self.unsaved.lock().take();
        let saved = match taken {
            Ok(changes) => self.database.save(&changes).map_err(|error| {
                self.unsaved.lock().give_back(changes);
                error.to_string()
            }),
            Err(error) => Err(error.to_string()),
        };
        match saved {
            Ok(()) => self.unsaved.lock().saved(),
            Err(error) => {
                tracing::warn!(%error, "states of sessions are in memory and in a journal alone");
                self.save_at = Some(Instant::now() + SAVE_AFTER);
            }
        }
    }

    fn close(mut self, done: oneshot::Sender<()>) {
        self.unsaved.lock().close();
        self.save();
        drop(self);
        let _ = done.send(());
    }
}
