//! What operators manage: keys, who is signed in, the audit log, alerts, remembered answers and
//! small facts.
//!
//! Everything lives in one SQLite file, `control.db`, written by one thread. An answer comes after
//! the commit is on disk (`synchronous = FULL`). Checking a key never touches the disk: all keys
//! are held in memory, and another process that changes them (the command line beside a running
//! server) is noticed within a second.
//!
//! Remembered answers and facts that hold a secret are encrypted, with the key in [`SEAL_FILE`]
//! beside it.
//!
//! The file carries a version. A file of a newer version is refused and left as it is.

mod access;
pub mod alerts;
pub mod answers;
pub mod audit;
pub mod facts;
mod keyring;
pub mod keys;
mod schema;
pub mod sign_ins;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_flow::time::Timestamp;
use tokio::sync::oneshot;

use self::{answers::InFlight, keyring::Keyring, sign_ins::SignIns, writer::Writer};
use crate::{
    database::{self, OpenError},
    seal::{self, Seal},
};
pub use keys::{CreatedKey, Key, KeyHash, KeyScope, NewKey, Refusal};

/// The name of the file in the data folder.
pub const FILE: &str = "control.db";
/// The name of the file with the key of remembered secrets in the data folder.
pub const SEAL_FILE: &str = "answers.key";

/// Why the control store did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, or is newer than this program.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The key that remembered secrets are encrypted with cannot be used.
    #[error(
        "cannot use {path}: {why}; hint: put the file back, or remove it to have a new one made \
         (repeated calls that made an API key are then refused for a day, and relays that were \
         made through the API have to be made again)"
    )]
    SealKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A key that breaks the rules of keys; each fault with the field it is in.
    #[error("the key cannot be made: {}", faults_in_words(.0))]
    BadKey(Vec<(&'static str, String)>),
    /// There is no such key (for this tenant).
    #[error("no key {0}")]
    NoKey(String),
    /// Too much waits to be written.
    #[error("the control store has too many writes waiting")]
    Busy,
    /// SQLite could not do it.
    #[error("the control store failed: {0}")]
    Database(Arc<str>),
    /// The store is closed.
    #[error("the control store is closed")]
    Closed,
}

fn faults_in_words(faults: &[(&'static str, String)]) -> String {
    let words: Vec<String> = faults
        .iter()
        .map(|(field, fault)| format!("{field}: {fault}"))
        .collect();
    words.join("; ")
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Database(error.to_string().into())
    }
}

/// A handle to the control store. Clones share it.
#[derive(Clone)]
pub struct Control {
    writer: Writer,
    keyring: Arc<Keyring>,
    sign_ins: Arc<SignIns>,
    in_flight: Arc<InFlight>,
    seal: Arc<Seal>,
}

impl Control {
    /// Opens the control store of a data folder, makes it where it is missing, and brings an older
    /// one up to date.
    pub fn open(data_dir: &Path) -> Result<Control, Error> {
        let path = data_dir.join(FILE);
        let connection = database::open::<Error>(&path, schema::STEPS)?;
        // What was replaced is written over: a secret that was sealed later is nowhere in clear.
        connection.pragma_update(None, "secure_delete", "ON")?;
        let keyring = Arc::new(Keyring::default());
        keyring.load(&connection)?;
        let sign_ins = Arc::new(SignIns::default());
        sign_ins.load(&connection)?;
        let seal = Arc::new(seal_of(data_dir)?);
        let writer =
            Writer::start(connection, Arc::clone(&keyring)).map_err(|why| OpenError::Open {
                path,
                why: why.to_string(),
            })?;
        Ok(Control {
            writer,
            keyring,
            sign_ins,
            in_flight: Arc::default(),
            seal,
        })
    }

    /// Runs work on the database in one transaction, and answers after the commit.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Box::new(move |connection| {
            // The caller may have gone; the work is done all the same.
            let _ = answer.send(writer::transact(connection, work));
        }))?;
        answered
            .await
            .map_err(|_| Error::Closed)?
            .map_err(Error::from)
    }

    /// Brings what stands in the journal into the file.
    async fn checkpoint(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Box::new(move |connection| {
            let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            let _ = answer.send(done);
        }))?;
        Ok(answered.await.map_err(|_| Error::Closed)??)
    }

    /// Copies everything, as of one moment, into a new file that its owner alone can read.
    pub async fn copy_to(&self, path: &Path) -> Result<(), Error> {
        let unusable = |why: String| OpenError::Open {
            path: path.to_owned(),
            why,
        };
        database::make_private_new(path).map_err(|why| unusable(why.to_string()))?;
        let to = path
            .to_str()
            .ok_or_else(|| unusable("the path is not UTF-8".to_owned()))?;
        let to = to.to_owned();
        let (answer, answered) = oneshot::channel();
        self.writer.send(Box::new(move |connection| {
            let _ = answer.send(connection.execute("VACUUM INTO ?1", [to]));
        }))?;
        answered.await.map_err(|_| Error::Closed)??;
        Ok(())
    }

    /// Writes what is still in memory and closes the file. Later calls answer [`Error::Closed`].
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Forgets what has outlived its time: remembered answers, sign-ins, and the oldest audit entries
    /// and alerts past their limits. Answers how many rows went.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, Error> {
        let sign_ins = Arc::clone(&self.sign_ins);
        self.run(move |tx| {
            Ok(answers::prune(tx, now)?
                + audit::prune(tx)?
                + alerts::prune(tx)?
                + sign_ins.settle(tx, now)?)
        })
        .await
    }
}

/// The seal of a data folder.
fn seal_of(data_dir: &Path) -> Result<Seal, Error> {
    let path = data_dir.join(SEAL_FILE);
    match seal::key_in(&path) {
        Ok(key) => Ok(Seal::new(key)),
        Err(why) => Err(Error::SealKey { path, why }),
    }
}

#[cfg(test)]
mod tests;
