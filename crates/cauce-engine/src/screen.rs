//! What the engine itself has to say of a job before it leaves, besides its destination: whether its
//! recipient has opted out, or the hours in which it may be sent are over.

use cauce_destinations::destination::Screened;
use cauce_flow::{
    job::{LeasedJob, Line},
    time::Timestamp,
};

/// Looks at jobs at the time of sending, after their destination has.
pub(crate) trait Screen: Send + Sync + 'static {
    /// Whether a claimed job of a line may be sent now. Asked for each job, so it has to answer from
    /// memory.
    fn screen(&self, job: &LeasedJob, line: &Line, now: Timestamp) -> Screened;
}
