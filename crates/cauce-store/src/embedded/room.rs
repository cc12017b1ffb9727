//! How much of the log a call may take at most, told before it says anything.

use cauce_flow::{
    queue::settlement::{Attempt, Outcome, Settlement},
    time::Timestamp,
};

use super::{
    ask::Ask,
    forward::Move,
    state::{MAX_EXPIRED_A_CALL, MAX_SWEPT_A_CALL, State},
};
use crate::jobs::Enqueue;

/// A record that names one job, with its frame: the dearest way to speak of a job.
const RECORD: u64 = 128;
/// A job that is taken, without its payload.
const JOB: u64 = 192;
/// Four new names, as long as they may be.
const NAMES: u64 = 512;

/// Bytes that the records of a call take at most.
pub(super) fn wanted(ask: &Ask, state: &State) -> u64 {
    let jobs = |count: usize| RECORD * (count as u64 + 1);
    let swept = || jobs(MAX_SWEPT_A_CALL.min(usize::try_from(state.table.len()).unwrap_or(0)));
    // A call tells each group that it changes once more at its end.
    let groups = RECORD * (state.kept_groups() as u64);
    groups
        + match ask {
            Ask::Enqueue(batch, _) => enqueued(batch),
            Ask::Claim(claim, now) => {
                let waiting = usize::try_from(state.table.len()).unwrap_or(usize::MAX);
                jobs(claim.max_jobs.min(waiting)) + expired(state, *now) + NAMES
            }
            Ask::Settle(settlements, ..) => RECORD + settlements.iter().map(settled).sum::<u64>(),
            Ask::Rescue(..) | Ask::RescueLine(..) => RECORD * (state.active() + 1),
            Ask::End { jobs: ended, .. } => jobs(ended.len()),
            Ask::PutOff { jobs: unread, .. } => jobs(unread.len()),
            Ask::Replay { jobs: replayed, .. } => jobs(replayed.len()),
            Ask::Forget(forgotten) => jobs(forgotten.len()),
            Ask::Advance(now) => {
                expired(state, *now) + RECORD + if state.sweeps() { swept() } else { 0 }
            }
            Ask::SetGroup { .. } | Ask::Sweep(_) => NAMES + 2 * RECORD + swept(),
            Ask::Move(moves) => RECORD + moves.iter().map(moved).sum::<u64>(),
            Ask::MoveKeys(keys) => RECORD + 40 * keys.len() as u64,
            Ask::KeepNote(_, note) => NAMES + RECORD + note.len() as u64,
            Ask::Begin(start, _) => NAMES + jobs(start.jobs.len()),
            Ask::Resolve { .. }
            | Ask::Change(..)
            | Ask::SetGate(..)
            | Ask::ForgetGroup(..)
            | Ask::RemoveOldest(_)
            | Ask::TakeGathered => NAMES + RECORD,
        }
}

fn enqueued(batch: &Enqueue) -> u64 {
    let payloads: usize = batch.jobs.iter().map(|job| job.payload.len()).sum();
    // Each job may name a line, a tenant and a group that are new.
    let around = (JOB + NAMES) * batch.jobs.len() as u64;
    let replaced = batch.jobs.iter().filter(|job| job.coalesce.is_some());
    let around = around + RECORD * replaced.count() as u64;
    payloads as u64 + around + (RECORD + NAMES) * (batch.dropped.len() as u64 + 1)
}

fn expired(state: &State, now: Timestamp) -> u64 {
    if state.next_timer().is_none_or(|next| next > now) {
        return 0;
    }
    RECORD * (state.table.len().min(MAX_EXPIRED_A_CALL as u64) + state.keyed_jobs())
}

fn settled(settlement: &Settlement) -> u64 {
    let reason = match &settlement.outcome {
        Outcome::Completed { provider_id } => provider_id.as_ref().map_or(0, String::len),
        Outcome::Dead { reason } | Outcome::Unknown { reason } | Outcome::Cancelled { reason } => {
            reason.code.len() + reason.detail.len()
        }
        Outcome::Retry { .. } | Outcome::Release | Outcome::Snooze { .. } => 0,
    };
    2 * RECORD + reason as u64 + settlement.attempt.as_ref().map_or(0, attempt)
}

fn attempt(attempt: &Attempt) -> u64 {
    let reason = attempt.reason.as_ref();
    64 + reason.map_or(0, |reason| reason.code.len() + reason.detail.len()) as u64
}

fn moved(job: &Move) -> u64 {
    let standing = &job.standing;
    let reason = standing.reason.as_ref();
    let reason = reason.map_or(0, |reason| reason.code.len() + reason.detail.len());
    let attempts: u64 = standing.attempts.iter().map(attempt).sum();
    JOB + (job.payload.len() + standing.provider_id.len() + reason) as u64 + attempts
}
