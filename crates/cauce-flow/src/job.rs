//! A job: one unit of work in a queue, and the states it goes through.
//!
//! ```text
//!              enqueue, due later                 enqueue, due at once
//!                      |                                  |
//!                      v            due                   v
//!                 +-----------+ ------------------> +-----------+
//!        +------> | scheduled |                     |  waiting  | <-----+ released,
//!        |        +-----------+                     +-----------+       | rescued
//!        |              |                                 | lease       |
//!        | retry        |                                 v             |
//!        | (delayed)    |                           +-----------+       |
//!        +--------------|-------------------------- |  active   | ------+
//!                       |                           +-----------+
//!                       v                            |    |    |
//!           expired, cancelled  <--------------------+    |    +--> completed
//!        (from any unfinished state)              dead <--+--> unknown
//! ```
//!
//! `dead` and `unknown` leave again only by a person's replay, or by a provider's late word.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    priority::Priority,
    time::Timestamp,
};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Due later; shown as `delayed` once it has been tried.
    Scheduled,
    /// Due, and claimable as soon as every gate is open.
    Waiting,
    /// Leased to a worker.
    Active,
    /// Delivered.
    Completed,
    /// Will not be tried again by itself.
    Dead,
    /// The request may have been accepted; nobody knows yet.
    Unknown,
    /// Its time to live ran out before it was delivered.
    Expired,
    /// Taken back before it was delivered.
    Cancelled,
}

impl State {
    /// All states, in the order of a job's life.
    pub const ALL: [State; 8] = [
        State::Scheduled,
        State::Waiting,
        State::Active,
        State::Completed,
        State::Dead,
        State::Unknown,
        State::Expired,
        State::Cancelled,
    ];

    /// Whether the job still has work before it: `scheduled`, `waiting` or `active`.
    pub const fn is_pending(self) -> bool {
        matches!(self, State::Scheduled | State::Waiting | State::Active)
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Scheduled => "scheduled",
            State::Waiting => "waiting",
            State::Active => "active",
            State::Completed => "completed",
            State::Dead => "dead",
            State::Unknown => "unknown",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The line a job stands in: the jobs of one queue that go through one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The queue.
    pub queue: QueueName,
    /// The account that the jobs go through.
    pub account: AccountName,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.queue, self.account)
    }
}

/// A job as it is handed in.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it stands.
    pub line: Line,
    /// Whose it is.
    pub tenant: TenantId,
    /// How urgent it is.
    pub priority: Priority,
    /// What it belongs to, if anything.
    pub group: Option<GroupName>,
    /// The part's own JSON.
    pub payload: Bytes,
    /// Not before this; [`Timestamp::EPOCH`] means at once.
    pub due_at: Timestamp,
    /// Not after this; [`Timestamp::NEVER`] means it does not expire.
    pub expires_at: Timestamp,
    /// How many attempts it has, the first one counted.
    pub max_attempts: u8,
    /// The same key of the same tenant within 24 hours is the same job.
    pub idempotency_key: Option<String>,
    /// Of the jobs of its line and tenant with the same key, the newest replaces the older ones;
    /// `queue::coalescer` says how.
    pub coalesce: Option<String>,
}

/// A job as it is handed to a worker: what is needed to deliver it.
#[derive(Clone, Debug)]
pub struct LeasedJob {
    /// Its identity.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it belongs to, if anything.
    pub group: Option<GroupName>,
    /// How urgent it is.
    pub priority: Priority,
    /// The attempt that this lease is for; the first is 1.
    pub attempt: u8,
    /// How many attempts it has.
    pub max_attempts: u8,
    /// When it was accepted.
    pub enqueued_at: Timestamp,
    /// When it stops being worth delivering.
    pub expires_at: Timestamp,
    /// The part's own JSON.
    pub payload: Bytes,
}
