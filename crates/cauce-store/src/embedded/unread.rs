//! Why a job could not be read.

use crate::jobs::Error;

/// Why a job could not be read.
pub(super) enum Unread {
    /// The log was compacted meanwhile.
    Moved,
    /// The newest record of it is on its way to the disk.
    Unflushed,
    /// Its record is not what was written.
    Damaged(String),
    /// The disk did not give it. What is there is not known, so nothing is decided on it.
    Failed(String),
}

impl From<cauce_log::Error> for Unread {
    fn from(error: cauce_log::Error) -> Unread {
        match error {
            cauce_log::Error::Gone { .. } => Unread::Moved,
            cauce_log::Error::Unflushed { .. } => Unread::Unflushed,
            cauce_log::Error::Corrupt { .. } => Unread::Damaged(error.to_string()),
            other => {
                let source = std::error::Error::source(&other).map(ToString::to_string);
                Unread::Failed(format!("{other}: {}", source.unwrap_or_default()))
            }
        }
    }
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Error {
        let why = match unread {
            Unread::Moved | Unread::Unflushed => "a job was copied while it was read".to_owned(),
            Unread::Damaged(fault) | Unread::Failed(fault) => fault,
        };
        Error::Unread(why.into())
    }
}
