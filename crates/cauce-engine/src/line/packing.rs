//! What claimed jobs become requests by, and what an exchange comes to.

use std::collections::BTreeMap;

use cauce_destinations::destination::{Answer, BatchKey, Destination, Judgement};
use cauce_flow::{
    dispatch::{
        batcher,
        dispatcher::{Answered, Claimed},
        disposition::Delivery,
        policy::Policy,
    },
    id::JobId,
    job::{LeasedJob, Line},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs;

use crate::settings::Account;

/// Refuses what the destination would refuse, and packs the rest into requests.
pub(super) fn pack(
    jobs: Vec<LeasedJob>,
    destination: &dyn Destination,
    policy: &Policy,
    now: Timestamp,
) -> Claimed {
    let mut refused: Vec<(JobId, Reason)> = Vec::new();
    let mut fit = Vec::with_capacity(jobs.len());
    for job in jobs {
        match destination.screen(&job, now) {
            Ok(()) => fit.push(job),
            Err(reason) => refused.push((job.id, reason)),
        }
    }
    let own = destination.limits();
    let max_items = own.max_items.min(policy.batch.max_items);
    let max_bytes = own.max_bytes.min(policy.batch.max_bytes);
    let requests = if max_items <= 1 {
        fit.into_iter().map(|job| vec![job]).collect()
    } else {
        let key_of = |job: &LeasedJob| -> BatchKey { destination.batch_key(job) };
        batcher::pack(
            fit,
            key_of,
            batcher::Room {
                max_items,
                max_bytes,
            },
        )
    };
    Claimed {
        requests,
        refused,
        backlog: Default::default(),
    }
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
