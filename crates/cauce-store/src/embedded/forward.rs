//! What the writer copies forward for the compactor, and how the emptied segment goes.

use bytes::Bytes;

use super::{
    record::{JobHead, Record, Standing},
    state::{Fault, Journal, Reply, State},
};

/// Roughly what a fresh idempotency key takes in the log.
pub(super) const KEY_BYTES: u64 = 28;

/// A job to be copied forward, with what was read of it.
pub(super) struct Move {
    pub(super) head: JobHead,
    /// Where it was read.
    pub(super) position: u64,
    /// The record of its last attempt at that time; 0 for none.
    pub(super) chain: u64,
    pub(super) standing: Standing,
    pub(super) payload: Bytes,
}

impl State {
    /// Bytes of the log that are still needed.
    pub(super) fn live_bytes(&self) -> u64 {
        self.table.record_bytes() + self.keys.len() as u64 * KEY_BYTES
    }
}

impl Journal<'_> {
    /// Copies jobs forward. Those that something happened to meanwhile are left for another try.
    pub(super) fn move_jobs(&mut self, moves: Vec<Move>) -> Result<Reply, Fault> {
        let mut left = Vec::new();
        for mut job in moves {
            let number = job.head.number;
            let Some(entry) = self.state.table.get(number).copied() else {
                continue;
            };
            if entry.position != job.position {
                continue;
            }
            let chain = self.state.chains.get(&number).copied().unwrap_or(0);
            if chain != job.chain || entry.state() != job.standing.state {
                left.push(number);
                continue;
            }
            self.state
                .bring_up_to_date(number, &entry, &mut job.standing);
            let record = Record::Moved {
                head: job.head,
                standing: job.standing,
            };
            self.say_with(&record, &job.payload)?;
        }
        Ok(Reply::Left(left))
    }

    /// Copies idempotency keys forward.
    pub(super) fn move_keys(&mut self, keys: Vec<(u128, u64, i64)>) -> Result<Reply, Fault> {
        let clock = self.state.clock;
        let fresh: Vec<_> = keys
            .into_iter()
            .filter(|(_, _, at)| self.state.keys.is_fresh(*at, clock))
            .collect();
        if !fresh.is_empty() {
            self.say(&Record::Keys { keys: fresh })?;
        }
        Ok(Reply::Done)
    }

    /// Removes the oldest segment, if it is the one that was emptied. What was copied out of it is
    /// durable before it goes.
    pub(super) fn remove_oldest(&mut self, number: u32) -> Result<Reply, Fault> {
        let segments = self.writer.segments();
        if segments.len() > 1
            && segments
                .first()
                .is_some_and(|oldest| oldest.number == number)
        {
            self.writer.remove_oldest()?;
        }
        Ok(Reply::Done)
    }
}
