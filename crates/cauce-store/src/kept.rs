//! States of sessions, kept across restarts so that they need not be asked for again.
//!
//! It is a cache in files, and the truth about nothing: what the backend has to be told stands in
//! the job store. So the files are made anew where they cannot be read. But what they hold is never
//! older than what was acknowledged: a change is with the system when its call answers and survives
//! the process; only a power cut may take the last ones.
//!
//! ```text
//! put --> memory and the end of a journal (one write, by the caller)
//!             | every few seconds, one thread
//!             v
//!         database (one transaction), and the journal goes
//! get --> the database, and over it what is not there yet
//! ```
//!
//! A session that changes every second is written to the database once in those few seconds, and
//! whoever hands a change in wakes nobody for it.

mod change;
mod database;
mod journal;
mod saver;
mod unsaved;

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use cauce_flow::{id::TenantId, time::Timestamp};
use parking_lot::Mutex;
use tokio::sync::oneshot;

pub use self::database::FILE;
use self::{
    change::Change,
    database::Database,
    saver::{Call, Saver},
    unsaved::Unsaved,
};

/// Questions that may wait.
const MAX_WAITING: usize = 4_096;

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

impl Held {
    /// Whether it takes the place of what is kept: unless that was accepted later and is still good.
    fn replaces(&self, kept: &Held) -> bool {
        self.sequence >= kept.sequence || self.at >= kept.until
    }
}

/// States by their kind.
pub type States = BTreeMap<u8, Held>;

/// Why a call was not carried out. The cache is without it then, and nothing else.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Too much waits.
    #[error("the kept sessions have too much waiting to be written")]
    Busy,
    /// The disk refuses it.
    #[error("the journal of the kept sessions cannot be written: {0}")]
    Journal(Arc<str>),
    /// SQLite could not do it.
    #[error("the kept sessions failed: {0}")]
    Database(Arc<str>),
    /// It is closed.
    #[error("the kept sessions are closed")]
    Closed,
}

/// A handle to the kept sessions. Clones share them.
#[derive(Clone)]
pub struct Kept {
    unsaved: Arc<Mutex<Unsaved>>,
    calls: SyncSender<Call>,
}

impl Kept {
    /// Opens the files of a data folder, or makes them anew.
    pub fn open(data_dir: &Path) -> io::Result<Kept> {
        let database = Database::open(data_dir)?;
        let unsaved = Arc::new(Mutex::new(Unsaved::open(data_dir)?));
        let (calls, received) = sync_channel(MAX_WAITING);
        let mut saver = Saver::new(database, Arc::clone(&unsaved));
        // What a crash has left in journals.
        saver.save();
        thread::Builder::new()
            .name("cauce-sessions".to_owned())
            .spawn(move || saver.run(&received))?;
        Ok(Kept { unsaved, calls })
    }

    /// Keeps states of a session, each only where none is kept that was accepted later.
    pub fn put(&self, name: Name, states: States) -> Result<(), Error> {
        let change = Change {
            anew: false,
            states,
        };
        self.change(name, change)
    }

    /// Forgets a session.
    pub fn remove(&self, name: Name) -> Result<(), Error> {
        let change = Change {
            anew: true,
            states: States::new(),
        };
        self.change(name, change)
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

    /// Finishes what waits and closes the files.
    pub async fn close(&self) {
        let _ = self.ask(Call::Close).await;
    }

    fn change(&self, name: Name, change: Change) -> Result<(), Error> {
        if self.unsaved.lock().take_in(name, change)? {
            // Where as many calls wait as may, the thread is awake and looks for itself.
            let _ = self.calls.try_send(Call::Changed);
        }
        Ok(())
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

#[cfg(test)]
mod tests;
