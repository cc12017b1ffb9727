//! What each record adds to the sums of its minute.

use cauce_flow::job::State as JobState;

use super::record::{Record, Settle, SettledOutcome};
use crate::rollups::Gathered;

/// Adds a record to the sums. It is called before the record is folded.
pub(super) fn gather(sums: &mut Gathered, position: u64, record: &Record) {
    if !sums.wants(position) {
        return;
    }
    match record {
        Record::Job(head) => {
            let sum = sums.at(head.enqueued_at, head.owner.queue, head.owner.tenant);
            sum.received += 1;
            sum.queued += 1;
        }
        Record::Dropped {
            queue,
            tenant,
            at,
            why,
            count,
        } => {
            let sum = sums.at(*at, *queue, *tenant);
            sum.received += count;
            match why {
                0 => sum.duplicates += count,
                1 => sum.withheld += count,
                _ => sum.rejected += count,
            }
        }
        Record::Settle(settle) => gather_settle(sums, settle),
        Record::End {
            owner,
            at,
            state,
            jobs,
        }
        | Record::Rescue {
            owner,
            at,
            state,
            jobs,
        } => {
            let sum = sums.at(*at, owner.queue, owner.tenant);
            match state {
                JobState::Expired => sum.expired += jobs.len() as u64,
                JobState::Dead => sum.dead += jobs.len() as u64,
                _ => {}
            }
        }
        Record::Lost { burial, jobs } if burial.buried => {
            let sum = sums.at(burial.at, burial.owner.queue, burial.owner.tenant);
            sum.dead += jobs.len() as u64;
        }
        Record::Lost { .. }
        | Record::Agree { .. }
        | Record::Group(_)
        | Record::Base(_)
        | Record::Spare(_)
        | Record::Name { .. }
        | Record::Moved { .. }
        | Record::Lease { .. }
        | Record::Begin { .. }
        | Record::Replay { .. }
        | Record::Resolve { .. }
        | Record::Forget { .. }
        | Record::Change { .. }
        | Record::Gate { .. }
        | Record::Note { .. }
        | Record::Superseded { .. }
        | Record::Keys { .. } => {}
    }
}

fn gather_settle(sums: &mut Gathered, settle: &Settle) {
    let sum = sums.at(settle.at, settle.owner.queue, settle.owner.tenant);
    sum.requests += u64::from(settle.requests);
    for job in &settle.jobs {
        sum.retried += u64::from(job.attempt_number > 1);
        let attempt = job
            .attempt
            .and_then(|place| settle.attempts.get(place as usize));
        if let SettledOutcome::Completed { latency_ms, .. } = &job.outcome {
            sum.sent += 1;
            sum.add_latency(*latency_ms);
            continue;
        }
        if matches!(job.outcome, SettledOutcome::Dead { .. }) {
            sum.dead += 1;
        }
        sum.failed += u64::from(attempt.is_some());
        let reason = match &job.outcome {
            SettledOutcome::Dead { reason } | SettledOutcome::Unknown { reason } => {
                settle.reasons.get(*reason as usize)
            }
            _ => attempt.and_then(|attempt| attempt.reason.as_ref()),
        };
        if let Some(reason) = reason {
            sum.last_error = Some(format!("{}: {}", reason.code, reason.detail));
        }
    }
}
