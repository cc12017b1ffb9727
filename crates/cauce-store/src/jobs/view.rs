//! How jobs are shown: in a list, one by one, and dead letters by their reason.

use bytes::Bytes;
use cauce_flow::{
    id::{GroupName, JobId, QueueName, TenantId},
    job::{Line, State},
    priority::Priority,
    queue::settlement::Attempt,
    reason::Reason,
    time::Timestamp,
};

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The jobs.
    pub jobs: Vec<JobSummary>,
    /// Where the next page begins; none at the end.
    pub next: Option<JobId>,
}

/// A job as a list shows it.
#[derive(Clone, Debug)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub line: Line,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it belongs to.
    pub group: Option<GroupName>,
    /// Its state.
    pub state: State,
    /// How urgent it is.
    pub priority: Priority,
    /// Attempts made.
    pub attempt: u8,
    /// Attempts it has.
    pub max_attempts: u8,
    /// When it was taken.
    pub enqueued_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it reached its end state.
    pub finished_at: Option<Timestamp>,
    /// Its last failure.
    pub last_error: Option<Reason>,
}

/// A job with all that is known of it.
#[derive(Clone, Debug)]
pub struct JobDetail {
    /// As a list shows it.
    pub summary: JobSummary,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// The destination's own id of it.
    pub provider_id: Option<String>,
    /// The part's own JSON.
    pub payload: Bytes,
}

/// Dead letters that share a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadReason {
    /// The reason's code.
    pub code: String,
    /// The sentence of the newest of them.
    pub detail: String,
    /// The queue.
    pub queue: QueueName,
    /// How many.
    pub count: u64,
    /// When the newest of them died.
    pub newest_at: Timestamp,
}
