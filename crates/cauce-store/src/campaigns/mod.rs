//! Contacts and who wants no messages, in one SQLite file: `campaigns.db`.
//!
//! What says who somebody is (phone, name, attributes) is encrypted, and a phone number is found by
//! a keyed hash; both with the key in [`personal.key`](crate::PERSONAL_KEY_FILE)
//! beside the file. Tags, language and time zone stand there in clear.
//!
//! Opting out belongs to a phone number, not to a contact: it holds for numbers that no contact
//! has, and for those that come later. The hashes of all of them are in memory too, so that asking
//! costs no look at the disk.

mod audience;
pub mod campaign;
pub mod contact;
mod delete;
mod identity;
pub mod imports;
mod lists;
mod lock;
mod looking;
mod numbers;
mod opt_outs;
mod page;
mod reading;
mod schema;
mod tagging;
mod taking;
mod tenants;
pub mod upsert;
mod walks;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_flow::{id::TenantId, time::Timestamp};

pub use self::{
    audience::{Audience, Estimate, MAX_EARLIER, Walk},
    lists::Listing,
    looking::{Filter, Place},
    opt_outs::Opting,
    page::{Member, Page},
};
use self::{lock::Lock, opt_outs::OptedOut};
use crate::{
    OpenError, PERSONAL_KEY_FILE,
    database::{Database, Failure},
    personal::{Personal, PhoneHash},
};

/// The name of the file in the data folder.
pub const FILE: &str = "campaigns.db";

/// Why the store did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, or is newer than this program.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another process has it open.
    #[error(
        "{path} is held by another process; hint: stop the server on this data folder, or ask it"
    )]
    Held {
        /// The file that is locked.
        path: PathBuf,
    },
    /// The key that personal data is encrypted with cannot be used.
    #[error(
        "cannot use {path}: {why}; hint: put the file back from a backup; without it the contacts \
         in {FILE} can never be read again"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What is stored was encrypted with another key, or is damaged.
    #[error(
        "a row of {FILE} cannot be decrypted; hint: put back the {PERSONAL_KEY_FILE} that was there \
         when it was written"
    )]
    Sealed,
    /// Too much waits to be written.
    #[error("the store of contacts has too many calls waiting")]
    Busy,
    /// SQLite, or the system, could not do it.
    #[error("the store of contacts failed: {0}")]
    Database(Arc<str>),
    /// The store is closed.
    #[error("the store of contacts is closed")]
    Closed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Database(error.to_string().into())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Database(error.to_string().into())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Busy => Error::Busy,
            Failure::Sqlite(why) => Error::Database(why),
            Failure::Closed => Error::Closed,
        }
    }
}

/// A handle to the store. Clones share it.
#[derive(Clone)]
pub struct Campaigns {
    database: Database,
    personal: Personal,
    opted_out: Arc<OptedOut>,
    lock: Lock,
}

impl Campaigns {
    /// Opens the store of a data folder, makes it where it is missing, and brings an older one up to
    /// date. An import that the end of the process has interrupted is marked so.
    pub fn open(data_dir: &Path) -> Result<Campaigns, Error> {
        let lock = Lock::take(data_dir)?;
        let personal = Personal::of(data_dir).map_err(|why| Error::Key {
            path: data_dir.join(PERSONAL_KEY_FILE),
            why,
        })?;
        let path = data_dir.join(FILE);
        let (database, opted_out) = Database::open(&path, schema::STEPS, |connection| {
            identity::check(connection, &personal)?;
            imports::mark_interrupted(connection)?;
            opt_outs::load(connection)
        })?;
        Ok(Campaigns {
            database,
            personal,
            opted_out: Arc::new(opted_out),
            lock,
        })
    }

    /// What a number, in the form that stands for its person, is found by.
    pub fn phone_hash(&self, tenant: &TenantId, phone: &str) -> PhoneHash {
        self.personal.hash(tenant, phone)
    }

    /// Copies the store of a data folder, as of one moment, and the key of its personal data into
    /// another folder, whether or not a server runs on it. Answers whether there was one.
    pub async fn copy(data_dir: &Path, to: &Path) -> Result<bool, Error> {
        if !data_dir.join(FILE).exists() {
            return Ok(false);
        }
        Database::copy::<Error>(&data_dir.join(FILE), &to.join(FILE)).await?;
        Personal::copy(data_dir, to)?;
        Ok(true)
    }

    /// Forgets what has outlived its time: rows that imports did not take. Answers how many imports
    /// that were.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, Error> {
        self.database.write(move |tx| imports::prune(tx, now)).await
    }

    /// Writes what waits and closes the file. Later calls answer [`Error::Closed`].
    pub async fn close(&self) {
        self.database.close().await;
        self.lock.release();
    }
}

#[cfg(test)]
mod tests;
