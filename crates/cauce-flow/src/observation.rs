//! What happened, as values: the stages return them, the edge counts and logs them.

use std::time::Duration;

use crate::{reason::Reason, time::Timestamp};

/// Something that happened in one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A request was answered, or failed.
    RequestAnswered {
        /// The HTTP status; 0 where no answer came.
        status: u16,
        /// The jobs that travelled in it.
        jobs: u32,
        /// From the start of the request to its answer.
        took: Duration,
        /// What went wrong with it as a whole, or with its first job that was not delivered.
        reason: Option<Reason>,
    },
    /// Jobs were delivered.
    JobsDelivered {
        /// How many.
        count: u32,
    },
    /// Jobs failed for the moment and go again.
    JobsRetried {
        /// How many.
        count: u32,
        /// When they are due.
        due_at: Timestamp,
    },
    /// Jobs became dead letters.
    JobsDied {
        /// How many.
        count: u32,
    },
    /// The fate of jobs is not known.
    JobsLeftUnknown {
        /// How many.
        count: u32,
    },
    /// Jobs went back to their places without an attempt.
    JobsReleased {
        /// How many.
        count: u32,
    },
    /// Jobs were taken back unsent.
    JobsCancelled {
        /// How many.
        count: u32,
    },
    /// Jobs wait for a later moment of their own, without an attempt.
    JobsSnoozed {
        /// How many.
        count: u32,
    },
    /// A batch was refused as a whole and is being sorted out.
    BatchBisected {
        /// The jobs in it.
        jobs: u32,
    },
    /// The destination failed too often in a row and is left alone.
    BreakerOpened {
        /// When the first probe may leave.
        until: Timestamp,
    },
    /// The destination works again.
    BreakerClosed,
    /// The destination refuses the account: nothing is sent until somebody mends it.
    AccountRefused {
        /// What it said.
        reason: Reason,
    },
    /// The account works again.
    AccountMended,
    /// The account is not connected to its platform: nothing is sent until it is.
    AccountDisconnected {
        /// What was said of it.
        reason: Reason,
    },
    /// The account is connected again.
    AccountConnected,
    /// The destination asked to be left alone.
    AccountHeld {
        /// Until then.
        until: Timestamp,
    },
    /// Jobs wait because the rate is used up. Told once until the line has caught up.
    RateExhausted {
        /// The requests of the window that is full.
        max: u32,
        /// Its length.
        per: Duration,
    },
}
