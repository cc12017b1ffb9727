//! How jobs go out: under a lease, and what a restart has to know of the leases before it.

use bytes::Bytes;
use cauce_flow::{id::JobId, job::Line, time::Timestamp};

/// A wish for work.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The line.
    pub line: Line,
    /// Jobs at most.
    pub max_jobs: usize,
    /// Bytes of payload at most; one job is given even if it is larger.
    pub max_bytes: usize,
    /// Request starts to note with the lease, for the quota.
    pub requests: u32,
}

/// Tells which queues must not send a job again by themselves.
pub type NeverTwice = Box<dyn Fn(&Line) -> bool + Send>;

/// What a rescue did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rescued {
    /// Jobs that wait again.
    pub released: u64,
    /// Jobs whose fate is not known.
    pub unknown: u64,
    /// Jobs that were in hand in three crashes.
    pub poison: u64,
}

/// What a dispatcher has to know again after a restart.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// When requests started, oldest first, with how many.
    pub starts: Vec<(Timestamp, u32)>,
    /// The note that was kept.
    pub note: Option<Bytes>,
}

/// Requests that are about to leave.
#[derive(Clone, Debug)]
pub struct Start {
    /// The line.
    pub line: Line,
    /// How many of them the quota has to remember.
    pub requests: u32,
    /// The leased jobs in them whose destination recognises no repeats: after a crash their fate is
    /// unknown, and that of the other leased jobs of such a line is not.
    pub jobs: Vec<JobId>,
}
