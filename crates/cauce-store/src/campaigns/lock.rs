//! One process at a time: what has opted out is known in memory, and would not be known to another.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    sync::Arc,
};

use parking_lot::Mutex;

use super::Error;
use crate::OpenError;

/// The name of the file that is locked.
const FILE: &str = "campaigns.lock";

/// Held while the store is open. Clones share it.
#[derive(Clone)]
pub(super) struct Lock(Arc<Mutex<Option<File>>>);

impl Lock {
    /// Takes the lock of a data folder.
    pub(super) fn take(data_dir: &Path) -> Result<Lock, Error> {
        let path = data_dir.join(FILE);
        let open = |why: std::io::Error| OpenError::Open {
            path: path.clone(),
            why: why.to_string(),
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(open)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(Arc::new(Mutex::new(Some(file))))),
            Err(TryLockError::WouldBlock) => Err(Error::Held { path }),
            Err(TryLockError::Error(why)) => Err(open(why).into()),
        }
    }

    /// Gives it back.
    pub(super) fn release(&self) {
        self.0.lock().take();
    }
}
