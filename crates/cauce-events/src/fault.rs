//! What can go wrong with a file of events. Always names the file.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
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
    /// The file does not hold what was written.
    #[error("{} is damaged ({why}); hint: restore it from a backup or an export", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The file is in a newer format than this program knows.
    #[error(
        "{} has format version {found}, this program knows {known}; hint: use the newer program",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
}

impl Fault {
    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Fault {
        Fault::Damaged {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }

    /// Whether there is no room left on the disk.
    pub fn is_full(&self) -> bool {
        match self {
            Fault::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            Fault::Damaged { .. } | Fault::Newer { .. } => false,
        }
    }
}

/// Says of an IO error what was tried with which file.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Fault>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Fault> {
        self.map_err(|source| Fault::Io {
            doing,
            path: path.to_owned(),
            source,
        })
    }
}

/// The fault with what lies under it, in one line.
pub(crate) fn in_one_line(fault: &Fault) -> String {
    let below = std::error::Error::source(fault).map(ToString::to_string);
    below.map_or_else(|| fault.to_string(), |below| format!("{fault}: {below}"))
}
