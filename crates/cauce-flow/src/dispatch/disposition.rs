//! What a destination says of a job, and of a whole batch.

use std::time::Duration;

use crate::reason::Reason;

/// What became of one job in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The destination has it.
    Delivered {
        /// The destination's own id of it, where it gives one.
        provider_id: Option<String>,
    },
    /// A transient failure: an attempt is used up and the job goes again after its backoff.
    Retry {
        /// The failure.
        reason: Reason,
        /// Not before this long from now, where the destination said so.
        after: Option<Duration>,
    },
    /// A permanent failure: a dead letter at once.
    Rejected {
        /// The failure.
        reason: Reason,
    },
    /// The account's credentials or set-up are refused: the account pauses, the job keeps its
    /// place and its attempts.
    Unauthorised {
        /// The failure.
        reason: Reason,
    },
    /// The destination wants less: it is left alone for a while, the job keeps its place and its
    /// attempts.
    Throttled {
        /// The failure.
        reason: Reason,
        /// For how long, where the destination said so.
        after: Option<Duration>,
    },
    /// This job alone came too soon (its recipient gets no more for now, say): it waits for so long
    /// without using up an attempt, and the line goes on.
    Snoozed {
        /// What the destination said.
        reason: Reason,
        /// For how long.
        after: Duration,
    },
    /// The account is not connected to its platform (a phone that is off, say): its line waits
    /// until it is, the job keeps its place and its attempts.
    Disconnected {
        /// What the destination said.
        reason: Reason,
    },
    /// The request may have been accepted.
    Unknown {
        /// The failure.
        reason: Reason,
    },
}

/// What an answer means for the batch that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same for every job.
    All(Disposition),
    /// One for each job, in the order of the batch.
    Each(Vec<Disposition>),
    /// The whole batch was refused because of these jobs (place in the batch, reason). They are
    /// rejected; the others were not taken and go again at once, without using up an attempt.
    Without(Vec<(usize, Reason)>),
    /// The whole batch was refused because of some job, and the answer does not say which: halve
    /// it and send the halves. For a batch of one, that job is rejected with this reason.
    Bisect(Reason),
}

/// Whether the destination recognises a job that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It knows our ids: after an ambiguous answer the same job goes again with the same id.
    Deduplicates,
    /// It does not: an ambiguous answer makes the job `unknown`, and the lease is durable before
    /// the request leaves.
    NeverTwice,
}
