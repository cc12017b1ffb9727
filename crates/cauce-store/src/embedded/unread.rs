//! Why a job could not be read.

/// Why a job could not be read.
pub(super) enum Unread {
    /// The log was compacted meanwhile.
    Moved,
    /// The newest record of it is on its way to the disk.
    Unflushed,
    /// Its record is not what was written.
    Damaged(String),
}

impl From<cauce_log::Error> for Unread {
    fn from(error: cauce_log::Error) -> Unread {
        match error {
            cauce_log::Error::Gone { .. } => Unread::Moved,
            cauce_log::Error::Unflushed { .. } => Unread::Unflushed,
            other => Unread::Damaged(other.to_string()),
        }
    }
}
