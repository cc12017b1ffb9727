//! A line of job numbers in order of due time, then arrival.
//!
//! Jobs nearly always come in that order, so they stand in blocks of 512 numbers that never grow
//! and never move: 8 bytes a job. The few that come out of order (a retry whose due time lies
//! before that of the last arrival) stand in a small tree beside it.
//!
//! Numbers are not taken out when their job leaves in some other way (cancelled, expired, another
//! priority): whoever pops asks whether the job still waits here.

use std::collections::{BTreeSet, VecDeque};

const BLOCK: usize = 512;

/// Due time, then number: the order of service.
pub(super) type Rank = (i64, u64);

#[derive(Default)]
pub(super) struct Fifo {
    blocks: VecDeque<Box<[u64; BLOCK]>>,
    /// Place of the first number in the first block.
    head: usize,
    len: usize,
    /// Rank of the number that was pushed last.
    last: Option<Rank>,
    out_of_order: BTreeSet<Rank>,
}

impl Fifo {
    /// Takes a number that is due at `due_at`.
    pub(super) fn push(&mut self, due_at: i64, number: u64) {
        let rank = (due_at, number);
        if self.last.is_some_and(|last| rank < last) && self.len > 0 {
            self.out_of_order.insert(rank);
            return;
        }
        self.last = Some(rank);
        let end = self.head + self.len;
        if end == self.blocks.len() * BLOCK {
            self.blocks.push_back(Box::new([0; BLOCK]));
        }
        self.blocks[end / BLOCK][end % BLOCK] = number;
        self.len += 1;
    }

    fn front(&self) -> Option<u64> {
        (self.len > 0).then(|| self.blocks[0][self.head])
    }

    fn pop_front(&mut self) {
        self.head += 1;
        self.len -= 1;
        if self.head == BLOCK {
            self.blocks.pop_front();
            self.head = 0;
        }
        if self.len == 0 {
            self.blocks.clear();
            self.head = 0;
        }
    }

    /// The number to be served next, with its due time. `due_of` gives the due time of a number
    /// that still waits here, and none for one that has left; those are dropped on the way.
    pub(super) fn peek(&mut self, mut due_of: impl FnMut(u64) -> Option<i64>) -> Option<Rank> {
        let in_order = loop {
            match self.front() {
                None => break None,
                Some(number) => match due_of(number) {
                    Some(due_at) => break Some((due_at, number)),
                    None => self.pop_front(),
                },
            }
        };
        let beside = loop {
            match self.out_of_order.first().copied() {
                None => break None,
                Some(rank) if due_of(rank.1) == Some(rank.0) => break Some(rank),
                Some(rank) => self.out_of_order.remove(&rank),
            };
        };
        match (in_order, beside) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Takes the number to be served next.
    pub(super) fn pop(&mut self, due_of: impl FnMut(u64) -> Option<i64>) -> Option<u64> {
        let (due_at, number) = self.peek(due_of)?;
        if !self.out_of_order.remove(&(due_at, number)) {
            self.pop_front();
        }
        Some(number)
    }

    /// How many numbers stand before this rank, at most.
    pub(super) fn ahead_of(&self, rank: Rank, due_of: impl Fn(u64) -> Option<i64>) -> u64 {
        let in_order = (0..self.len)
            .map(|at| self.blocks[(self.head + at) / BLOCK][(self.head + at) % BLOCK])
            .take_while(|number| *number != rank.1)
            .filter(|number| due_of(*number).is_some_and(|due_at| (due_at, *number) < rank))
            .count();
        (in_order + self.out_of_order.range(..rank).count()) as u64
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK * 8 + self.out_of_order.len() * 32
    }
}

#[cfg(test)]
mod tests;
