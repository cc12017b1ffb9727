//! What claimed jobs become requests by, and what an exchange comes to.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cauce_destinations::destination::{Answer, BatchKey, Destination, Judgement};
use cauce_flow::{
    dispatch::{
        batcher,
        dispatcher::{Answered, Claimed},
        disposition::Delivery,
        policy::Policy,
    },
    job::{LeasedJob, Line},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs;

use super::keeper::Suspects;
use crate::settings::Account;

/// Claimed jobs, looked at and packed.
pub(super) struct Packed {
    pub(super) claimed: Claimed,
    /// Whether the destination's code panicked over some of them. They are left out: their leases
    /// are ended with the line's.
    pub(super) unfit: bool,
}

/// Refuses what the destination would refuse, and packs the rest into requests.
pub(super) fn pack(
    jobs: Vec<LeasedJob>,
    account: &Account,
    suspects: &Suspects,
    now: Timestamp,
) -> Packed {
    let (destination, policy) = (&*account.destination, &account.policy);
    let mut claimed = Claimed::default();
    let (mut fit, mut alone) = (Vec::with_capacity(jobs.len()), Vec::new());
    let mut unfit = false;
    let suspected = !suspects.is_empty();
    for job in jobs {
        match look_at(&job, destination, now) {
            Err(Panicked) => unfit = true,
            Ok(Err(reason)) => claimed.refused.push((job.id, reason)),
            Ok(Ok(())) if suspected && suspects.holds(job.id) => alone.push(vec![job]),
            Ok(Ok(())) => fit.push(job),
        }
    }
    claimed.requests = requests(fit, destination, policy);
    claimed.requests.extend(alone);
    Packed { claimed, unfit }
}

/// The destination's code panicked.
struct Panicked;

/// Asks for everything that packing needs to know of a job.
fn look_at(
    job: &LeasedJob,
    destination: &dyn Destination,
    now: Timestamp,
) -> Result<Result<(), Reason>, Panicked> {
    let look = || {
        let screened = destination.screen(job, now);
        destination.batch_key(job);
        screened
    };
    // A destination keeps nothing between two calls.
    catch_unwind(AssertUnwindSafe(look)).map_err(|_| Panicked)
}

fn requests(
    jobs: Vec<LeasedJob>,
    destination: &dyn Destination,
    policy: &Policy,
) -> Vec<Vec<LeasedJob>> {
    let own = destination.limits();
    let room = batcher::Room {
        max_items: own.max_items.min(policy.batch.max_items),
        max_bytes: own.max_bytes.min(policy.batch.max_bytes),
    };
    if room.max_items <= 1 {
        return jobs.into_iter().map(|job| vec![job]).collect();
    }
    let key_of = |job: &LeasedJob| -> BatchKey { destination.batch_key(job) };
    batcher::pack(jobs, key_of, room)
}

/// The answer as the dispatcher takes it.
pub(super) fn answer(judged: Judgement, answer: &Answer) -> Answered {
    let status = match answer {
        Answer::Response(response) => response.status,
        Answer::NotSent(_) | Answer::Ambiguous(_) => 0,
    };
    Answered {
        verdict: judged.verdict,
        hold: judged.hold,
        status,
    }
}

/// Whether a line's destination must not get a job twice by itself.
pub(crate) fn never_twice(accounts: &[Account]) -> jobs::NeverTwice {
    let known: BTreeMap<Line, Delivery> = accounts
        .iter()
        .map(|account| (account.line(), account.destination.delivery()))
        .collect();
    // Of an account that is not configured any more nothing is known: the careful answer.
    Box::new(move |line| known.get(line) != Some(&Delivery::Deduplicates))
}
