//! How a job leaves its lease.

use crate::{id::JobId, reason::Reason, time::Timestamp};

/// The end of one job's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The job.
    pub job: JobId,
    /// Where it goes.
    pub outcome: Outcome,
    /// The attempt that was made under the lease; none where no request left.
    pub attempt: Option<Attempt>,
}

/// Where a job goes from its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// To its good end, with the destination's own id of it.
    Completed {
        /// The destination's id, where it gives one.
        provider_id: Option<String>,
    },
    /// Back to `scheduled`; the attempt counts.
    Retry {
        /// Not before this.
        due_at: Timestamp,
    },
    /// Back to where it was with its due time; no attempt counts.
    Release,
    /// Back to `scheduled` until then; no attempt counts.
    Snooze {
        /// Not before this.
        due_at: Timestamp,
    },
    /// Taken back unsent: it must not be sent any more (its recipient has opted out, say).
    Cancelled {
        /// Why.
        reason: Reason,
    },
    /// To the dead letters.
    Dead {
        /// Why it will not be tried again.
        reason: Reason,
    },
    /// To the jobs whose fate is not known.
    Unknown {
        /// Why it is not known.
        reason: Reason,
    },
}

/// One try to deliver one job, as it is kept for whoever asks what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When the request left.
    pub started_at: Timestamp,
    /// When its answer, or its failure, was there.
    pub ended_at: Timestamp,
    /// The HTTP status; 0 where no answer came.
    pub status: u16,
    /// How many jobs shared the request.
    pub batch: u32,
    /// What went wrong, if anything did.
    pub reason: Option<Reason>,
}
