//! Keeps the log short: copies what is still needed of the oldest segment to its end, and removes
//! the segment.
//!
//! Segments go strictly oldest first. Records that end a job come after the record that took it, so
//! when a segment is the oldest, nothing in it speaks of an older job, and nothing has to be kept of
//! it but jobs that are still here and idempotency keys that still count. A pass begins only when
//! less than half of the log is needed, so each byte that is copied frees at least one.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use cauce_flow::{job::State as JobState, time::Timestamp};
use cauce_log::Position;

use super::{
    Shared,
    ask::Ask,
    forward::KEY_BYTES,
    moving::{self, ToMove},
    record::{Record, kind},
    state::Reply,
};

/// A log is left alone up to this size, whatever share of it is needed.
pub(super) const SLACK_SEGMENTS: u64 = 3;
/// So many jobs, or about so many bytes, are copied in one commit.
const MAX_JOBS_A_STEP: usize = 256;
const MAX_BYTES_A_STEP: usize = 1 << 20;
/// One look at the log: empties and removes the oldest segment if that pays. Answers whether it
/// did. Runs on a thread of its own; the writer only sees small steps.
pub(super) fn run_once(shared: &Arc<Shared>, slack_segments: u64) -> Result<bool, String> {
    let _emptying = shared.emptying.lock();
    let Some(oldest) = shared.worth_compacting(slack_segments) else {
        return Ok(false);
    };
    let mut numbers = Vec::new();
    let mut keys = Vec::new();
    let scanned = shared
        .reader
        .scan_segment(oldest, &mut |record| {
            collect(record.kind, record.body, &mut numbers, &mut keys);
        })
        .map_err(|error| error.to_string())?;
    if scanned.damaged_bytes > 0 {
        numbers.extend(shared.standing_in(oldest, &numbers));
    }
    for step in numbers.chunks(MAX_JOBS_A_STEP) {
        if !move_step(shared, oldest, step)? {
            return Ok(false);
        }
    }
    for step in keys.chunks(MAX_BYTES_A_STEP / KEY_BYTES as usize) {
        shared.ask_blocking(Ask::MoveKeys(step.to_vec()))?;
    }
    shared.ask_blocking(Ask::RemoveOldest(oldest))?;
    tracing::debug!(
        segment = oldest,
        jobs = numbers.len(),
        "a segment was emptied and removed"
    );
    Ok(true)
}

/// Notes which jobs and keys a record of the oldest segment may hold.
fn collect(of_kind: u8, body: &[u8], numbers: &mut Vec<u64>, keys: &mut Vec<(u128, u64, i64)>) {
    if !matches!(of_kind, kind::JOB | kind::MOVED | kind::KEYS) {
        return;
    }
    match Record::decode(of_kind, body) {
        Ok(Record::Job(head)) => {
            numbers.push(head.number);
            if head.key != 0 {
                keys.push((head.key, head.number, head.enqueued_at));
            }
        }
        Ok(Record::Moved { head, .. }) => numbers.push(head.number),
        Ok(Record::Keys { keys: more }) => keys.extend(more),
        Ok(_) => {}
        Err(fault) => tracing::error!(%fault, "a record of the oldest segment cannot be read"),
    }
}

/// Copies those of `numbers` that are still here, again until none is left behind. Answers whether
/// all of them were copied: one that is damaged and leased has to be settled first.
fn move_step(shared: &Arc<Shared>, oldest: u32, numbers: &[u64]) -> Result<bool, String> {
    let mut left = numbers.to_vec();
    while !left.is_empty() {
        if shared.closing.load(Ordering::Relaxed) {
            return Err("the store is closing".to_owned());
        }
        let mut moves = Vec::new();
        let mut bytes = 0;
        let mut rest = Vec::new();
        for number in left {
            if bytes > MAX_BYTES_A_STEP {
                rest.push(number);
                continue;
            }
            let job = match moving::read_move(shared, oldest, number)? {
                ToMove::Copy(job) => job,
                ToMove::Gone => continue,
                ToMove::Stub(job) if job.standing.state == JobState::Active => return Ok(false),
                ToMove::Stub(job) if job.standing.state.is_pending() => {
                    bury(shared, job.head.number)?;
                    rest.push(number);
                    continue;
                }
                ToMove::Stub(job) => job,
            };
            bytes += job.payload.len();
            moves.push(job);
        }
        if !moves.is_empty() {
            match shared.ask_blocking(Ask::Move(moves))? {
                Reply::Left(again) => rest.extend(again),
                _ => unreachable!("a move is answered with what was left"),
            }
        }
        left = rest;
    }
    Ok(true)
}

/// Makes a job whose record is damaged a dead letter.
fn bury(shared: &Arc<Shared>, number: u64) -> Result<(), String> {
    let now = Timestamp::from_millis(shared.state.lock().clock);
    let end = Ask::End {
        jobs: vec![number],
        state: JobState::Dead,
        leased: false,
        now,
    };
    shared.ask_blocking(end).map(drop)
}

impl Shared {
    /// The jobs that stand in a segment and are not in `known`, by the index: their records there
    /// are damaged.
    fn standing_in(&self, segment: u32, known: &[u64]) -> Vec<u64> {
        let known: BTreeSet<u64> = known.iter().copied().collect();
        let mut found = Vec::new();
        self.state
            .lock()
            .table
            .visit_down(u64::MAX, u8::MAX, |number, entry| {
                let stands_here = Position::from_u64(entry.position).segment() == segment;
                if stands_here && !known.contains(&number) {
                    found.push(number);
                }
                true
            });
        found
    }
}
