//! Windows that admit less for a while.

use crate::time::Timestamp;

/// The share of each window that is left, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shrunk {
    pub(super) percent: u32,
    pub(super) until: Timestamp,
}

impl Shrunk {
    /// What is left of a maximum: one at least.
    pub(super) fn of(self, max: u32) -> u32 {
        let share = u64::from(max) * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(max).clamp(1, max)
    }
}
