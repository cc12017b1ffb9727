//! What a person changes: the gate of a queue, a waiting job, the fate of a dead letter.

use cauce_flow::{priority::Priority, time::Timestamp};
use serde::Serialize;

use super::Select;

/// What flows through a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// Jobs come in and go out.
    Open,
    /// Jobs come in; no new attempt starts.
    Paused,
    /// No new jobs come in; what is there is finished.
    Draining,
}

/// A change to a job that waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Its new priority.
    pub priority: Option<Priority>,
    /// Its new due time.
    pub due_at: Option<Timestamp>,
}

/// Dead letters or unknown jobs to be put back.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Which; only `dead` and `unknown` ones are touched.
    pub select: Select,
    /// Count only.
    pub dry_run: bool,
    /// At most so many become due in a second; none for all at once.
    pub per_second: Option<u32>,
}
