//! When waiting jobs become a request, and which of them travel together.
//!
//! The decision is made over the figures of the backlog: jobs stay in the store until a batch is
//! due, so one that is filling costs no memory and survives a crash.

use std::collections::BTreeMap;

use super::policy::BatchPolicy;
use crate::{job::LeasedJob, queue::backlog::Backlog, time::Timestamp};

/// When a batch is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// At once, for this reason.
    Now(Trigger),
    /// Then, unless more jobs make it due before.
    At(Timestamp),
    /// Nothing waits.
    Never,
}

/// What makes a batch due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Jobs do not wait for company here.
    AtOnce,
    /// As many jobs as a batch holds.
    Items,
    /// As many bytes as a batch holds.
    Bytes,
    /// The oldest job has waited long enough.
    Age,
}

/// Whether a batch is due.
pub fn ready(backlog: &Backlog, policy: &BatchPolicy, now: Timestamp) -> Flush {
    if backlog.waiting == 0 {
        return Flush::Never;
    }
    if policy.is_single() || policy.max_wait.is_zero() {
        return Flush::Now(Trigger::AtOnce);
    }
    // Age goes first: it flushes a last batch that is not full, the others only full ones.
    let due_at = due_at(backlog, policy, now);
    if due_at <= now {
        return Flush::Now(Trigger::Age);
    }
    if backlog.waiting >= policy.max_items as u64 {
        return Flush::Now(Trigger::Items);
    }
    if backlog.bytes >= policy.max_bytes as u64 {
        return Flush::Now(Trigger::Bytes);
    }
    Flush::At(due_at)
}

/// When age makes a batch due. A store that cannot tell the age of its oldest job is not waited
/// for.
fn due_at(backlog: &Backlog, policy: &BatchPolicy, now: Timestamp) -> Timestamp {
    let usual = backlog.oldest_at.map_or(now, |at| at + policy.max_wait);
    let urgent = backlog.oldest_urgent_at.map(|at| at + policy.priority_wait);
    urgent.map_or(usual, |at| at.min(usual))
}

/// How many jobs to claim for at most `requests` batches: only full ones, unless their age or the
/// lack of any wait asks for all that is there.
pub fn jobs_to_claim(trigger: Trigger, waiting: u64, max_items: usize, requests: usize) -> usize {
    let most = max_items.saturating_mul(requests);
    let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
    match trigger {
        Trigger::Items => (waiting - waiting % max_items).min(most),
        Trigger::AtOnce | Trigger::Bytes | Trigger::Age => most,
    }
}

/// What one request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Jobs.
    pub max_items: usize,
    /// Payload bytes; a single job may be larger and then travels alone.
    pub max_bytes: usize,
}

/// Packs jobs into requests: only jobs of one key share a request, none holds more than it may, and
/// the jobs of each key keep their order. Requests stand in the order of their first jobs.
pub fn pack<K: Ord>(
    jobs: Vec<LeasedJob>,
    key_of: impl Fn(&LeasedJob) -> K,
    room: Room,
) -> Vec<Vec<LeasedJob>> {
    let mut requests: Vec<Vec<LeasedJob>> = Vec::new();
    // For each key the request that is being filled, and the bytes in it.
    let mut filling: BTreeMap<K, (usize, usize)> = BTreeMap::new();
    for job in jobs {
        let size = job.payload.len();
        let (place, bytes) = filling.entry(key_of(&job)).or_insert((usize::MAX, 0));
        let fits = |request: &Vec<LeasedJob>| {
            request.len() < room.max_items && bytes.saturating_add(size) <= room.max_bytes
        };
        match requests.get_mut(*place).filter(|request| fits(request)) {
            Some(request) => {
                *bytes += size;
                request.push(job);
            }
            None => {
                (*place, *bytes) = (requests.len(), size);
                requests.push(vec![job]);
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests;
