//! What goes into a dispatcher and what comes out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::Dispatcher;
use crate::{
    dispatch::{
        breaker,
        disposition::{Delivery, Verdict},
        policy::Policy,
    },
    id::JobId,
    job::LeasedJob,
    queue::{backlog::Backlog, settlement::Settlement},
    reason::Reason,
    time::Timestamp,
};

/// The name of a request within its line, until the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What a dispatcher is made from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The policy of the line.
    pub policy: Policy,
    /// Whether the destination recognises a job that comes twice.
    pub delivery: Delivery,
    /// What the last [`Command::Persist`] before a restart said.
    pub state: Option<AccountState>,
    /// The request starts that were noted before a restart, oldest first, with how many.
    pub starts: Vec<(Timestamp, u32)>,
}

/// What has to survive a restart, besides the request starts that the store notes.
///
/// Refused credentials are not in it: a restart is how they are often mended, and where they are
/// not, one request says so again without costing an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// The breaker.
    pub breaker: breaker::Snapshot,
    /// The destination asked to be left alone until then.
    pub held_until: Option<Timestamp>,
    /// How often in a row it said so without saying for how long.
    pub throttles: u32,
}

/// What the edge has to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Lease jobs, pack them into requests, and answer with [`Dispatcher::on_claimed`].
    Claim(Claim),
    /// Send a request.
    Send(Send),
    /// End leases.
    Settle(Vec<Settlement>),
    /// Keep this across restarts.
    Persist(AccountState),
}

/// A wish for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Jobs at most.
    pub max_jobs: usize,
    /// Payload bytes at most.
    pub max_bytes: usize,
    /// Requests that may start with them at once; as many starts are noted with the lease.
    pub max_requests: u32,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Send {
    /// Its name.
    pub request: RequestId,
    /// The jobs in it; at least one.
    pub jobs: Vec<LeasedJob>,
    /// Whether its start was noted with the claim. Where not (more requests came out of a claim
    /// than were noted, or a refused batch goes again), the edge notes it before it sends.
    pub noted: bool,
}

/// What came of a [`Command::Claim`].
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The leased jobs, packed.
    pub requests: Vec<Vec<LeasedJob>>,
    /// Leased jobs that the destination would refuse: they die unsent.
    pub refused: Vec<(JobId, Reason)>,
    /// Leased jobs that must not be sent any more: they are taken back.
    pub cancelled: Vec<(JobId, Reason)>,
    /// Leased jobs that must not be sent before a later moment: they wait for it, unsent.
    pub put_off: Vec<(JobId, Timestamp)>,
    /// What waits in the line after the claim.
    pub backlog: Backlog,
}

impl Claimed {
    /// Whether no job was leased.
    pub(super) fn is_empty(&self) -> bool {
        let unsent = self.refused.len() + self.cancelled.len() + self.put_off.len();
        self.requests.is_empty() && unsent == 0
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What it means for the jobs.
    pub verdict: Verdict,
    /// For how long the destination wants to be left alone, where it said so.
    pub hold: Option<Duration>,
    /// The HTTP status; 0 where no answer came.
    pub status: u16,
}
