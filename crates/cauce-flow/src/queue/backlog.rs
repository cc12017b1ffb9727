//! What waits in a line: all that the dispatcher has to know to decide when to claim.

use crate::time::Timestamp;

/// The waiting jobs of one line in figures.
///
/// The jobs themselves stay in the store until they are claimed, so that a batch that is still
/// filling costs no memory and survives a crash without a rescue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that are due and not paused.
    pub waiting: u64,
    /// Their payloads in bytes.
    pub bytes: u64,
    /// When the oldest of them became due.
    pub oldest_at: Option<Timestamp>,
    /// When the oldest `critical` or `high` one became due.
    pub oldest_urgent_at: Option<Timestamp>,
}
