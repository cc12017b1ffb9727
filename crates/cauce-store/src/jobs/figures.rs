//! The figures of a store: of each queue, of itself, and where they disagree.

use std::collections::BTreeMap;

use cauce_flow::{
    id::{GroupName, QueueName, TenantId},
    job::State,
    time::Timestamp,
};
use serde::Serialize;

use super::Gate;

/// The figures of one queue. All but `oldest_at` and `reached` are durable counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueCounts {
    /// Jobs taken, ever.
    pub accepted: u64,
    /// Of the cancelled ones, those that a newer job with the same key replaced.
    pub superseded: u64,
    /// Jobs in each state; for end states, ever.
    pub states: BTreeMap<State, u64>,
    /// Jobs that reached each end state since the start. It only grows: a dead letter that is put back
    /// has been one.
    pub reached: BTreeMap<State, u64>,
    /// Waiting jobs by priority, most urgent first.
    pub waiting_by_priority: [u64; 4],
    /// Of the scheduled ones, those that have been tried.
    pub delayed: u64,
    /// Attempts that were not the first of their job, ever.
    pub retried: u64,
    /// Dead letters in the list.
    pub dead_listed: u64,
    /// Events that came in for the queue, ever.
    pub received: u64,
    /// Of these, those with a key that was known.
    pub duplicates: u64,
    /// Of these, those withheld for lack of consent.
    pub withheld: u64,
    /// Of these, those refused as faulty.
    pub rejected: u64,
    /// Payload bytes of pending jobs.
    pub pending_bytes: u64,
    /// When the oldest waiting job became due.
    pub oldest_at: Option<Timestamp>,
    /// What flows: for the tenant of the scope, or for all.
    pub gate: Option<Gate>,
    /// Tenants whose gate is shut by itself.
    pub gated_tenants: BTreeMap<TenantId, Gate>,
}

impl QueueCounts {
    /// Jobs that still have work before them.
    pub fn pending(&self) -> u64 {
        [State::Scheduled, State::Waiting, State::Active]
            .iter()
            .map(|s| self.state(*s))
            .sum()
    }

    /// Jobs in a state.
    pub fn state(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or(0)
    }
}

/// The store itself in figures.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// The backend's name.
    pub backend: &'static str,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Of these, bytes that are still needed.
    pub live_bytes: u64,
    /// Bytes free on the disk.
    pub free_bytes: u64,
    /// Bytes of memory that the index of jobs takes.
    pub index_bytes: u64,
    /// Durable commits so far.
    pub commits: u64,
    /// Damaged places that were found when the store was opened, and at no start before it.
    pub quarantined: u64,
    /// Why the store cannot write, if so.
    pub broken: Option<String>,
}

/// A counter that disagrees with what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Whose.
    pub tenant: TenantId,
    /// In which queue; none where it is one of a group.
    pub queue: Option<QueueName>,
    /// Of which group, if it is one of a group.
    pub group: Option<GroupName>,
    /// What was compared.
    pub what: &'static str,
    /// The durable counter.
    pub counted: u64,
    /// What was found.
    pub found: u64,
}
