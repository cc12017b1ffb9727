//! What comes into the store: jobs, and the fate of events that did not become any.

use cauce_flow::{
    id::{JobId, QueueName, TenantId},
    job::NewJob,
};

use super::Mark;

/// Jobs to be taken, and the fate of the events they came from.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    /// The jobs.
    pub jobs: Vec<NewJob>,
    /// Events that did not become jobs, counted in the same commit.
    pub dropped: Vec<Dropped>,
    /// How far the jobs of a group have been made with this call. Where the group is that far
    /// already, nothing of the call is taken ([`Error::Marked`](super::Error::Marked)).
    pub mark: Option<Mark>,
}

impl Enqueue {
    /// Whether there is nothing to be kept or counted.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.dropped.is_empty() && self.mark.is_none()
    }
}

/// Events of one tenant that did not become jobs of a queue.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// Whose they were.
    pub tenant: TenantId,
    /// The queue they were meant for.
    pub queue: QueueName,
    /// Why.
    pub why: DropReason,
    /// How many.
    pub count: u64,
}

/// Why an event did not become a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// Consent was denied.
    Withheld,
    /// It was faulty.
    Rejected,
}

/// What became of one job that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enqueued {
    /// Its id, or that of the first job with its idempotency key.
    pub id: JobId,
    /// Whether there was such a first job.
    pub duplicate: bool,
}
