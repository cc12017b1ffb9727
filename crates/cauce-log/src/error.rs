//! What can go wrong with a log, by cause.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::position::Position;

/// Why the log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the folder open.
    #[error(
        "{} is in use by {}; hint: stop it, or give this process another folder",
        dir.display(), owner(*pid)
    )]
    Locked {
        /// The folder.
        dir: PathBuf,
        /// The other process, where it has written its number.
        pid: Option<u32>,
    },
    /// A file in a newer format than this program knows. Nothing was touched.
    #[error(
        "{} has format version {found}, this program knows {known}; hint: use the newer program",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that the file names.
        found: u16,
        /// The newest version that is known here.
        known: u16,
    },
    /// A file that belongs to another log.
    #[error("{} belongs to another log; hint: move it out of this folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// No header in the folder can be read, so no record can be told from chance.
    #[error("the header of {} is damaged; hint: restore the folder from a backup", path.display())]
    BadHeader {
        /// The file.
        path: PathBuf,
    },
    /// The record at this position is not what was written.
    #[error("the record at {position} is damaged")]
    Corrupt {
        /// Where.
        position: Position,
    },
    /// The segment of this position has been removed.
    #[error("the segment of {position} is gone")]
    Gone {
        /// Where.
        position: Position,
    },
    /// The record has been appended and not flushed yet.
    #[error("the record at {position} is not flushed yet")]
    Unflushed {
        /// Where.
        position: Position,
    },
    /// A record larger than `max_record_bytes`.
    #[error("a record of {bytes} bytes is more than max_record_bytes, {max_record_bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// What is allowed.
        max_record_bytes: u32,
    },
    /// No room for a new segment. Nothing was harmed, and the call may be repeated later.
    #[error("no room for {wanted} bytes in {}, {free} are free", dir.display())]
    DiskFull {
        /// The folder of the log.
        dir: PathBuf,
        /// What was to be allocated.
        wanted: u64,
        /// What the disk has.
        free: u64,
    },
    /// The log has no segment yet: it begins with [`roll`](crate::Writer::roll).
    #[error("the log has no first segment yet")]
    NeedsBase,
    /// An earlier write or sync failed. What the file holds is uncertain, so nothing more is
    /// written; a restart reads what is really there.
    #[error("the log is closed for writing since an earlier failure: {cause}")]
    Poisoned {
        /// The earlier failure.
        cause: String,
    },
    /// The folder for a copy already holds something.
    #[error("{} is not empty; hint: name a new folder", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

/// Says of an IO error what was tried with which file.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            doing,
            path: path.to_owned(),
            source,
        })
    }
}

/// Whether the system says that there is no room left.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
